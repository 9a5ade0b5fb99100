use std::{sync::Arc, time::SystemTime};

use askama::Template;
use fanlight_live::Visit;
use fanlight_model::Identity;
use futures_util::FutureExt;
use tokio_util::sync::CancellationToken;

use super::{Found, Runtime};
use crate::{
    App,
    frame::Frame,
    page::looks::Looks,
    stream::{Told, View},
};

/// The page as its stream keeps it current: read again from time to time, since nothing tells of changes.
pub(super) struct RuntimeView {
    frame: Frame,
    /// Of no kind: it is what ends with the session.
    visit: Visit,
    looks: Looks<Found>,
    /// What was seen last; until then, what the page came with is left as it is.
    found: Option<Found>,
}

impl RuntimeView {
    pub(super) fn new(app: Arc<App>, who: Identity, frame: Frame, visit: Visit) -> Self {
        let looks = Looks::new(move || {
            let (app, who) = (Arc::clone(&app), who.clone());
            async move { Found::read(&app, &who).await }.boxed()
        });
        Self { frame, visit, looks, found: None }
    }
}

impl View for RuntimeView {
    async fn news(&mut self, _: &Identity, _: SystemTime, told: &mut Told) -> String {
        let Some(found) = &self.found else { return String::new() };
        let page = Runtime::new(&self.frame, found);
        let pieces = [
            ("lead", page.as_lead().render()),
            ("controllers", page.as_controllers().render()),
            ("definitions", page.as_definitions().render()),
        ];
        told.pieces(pieces)
    }

    async fn changed(&mut self) {
        self.found = Some(self.looks.next().await);
    }

    fn over(&self) -> CancellationToken {
        self.visit.over()
    }
}
