use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use askama::Template;
use fanlight_identity::Session;
use fanlight_live::Visit;
use fanlight_model::Identity;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::{Asked, Content};
use crate::{
    App,
    frame::Frame,
    stream::{Told, View},
};

/// A page as its stream keeps it current: read again from time to time, since nothing tells of changes.
pub(super) struct OtherView {
    app: Arc<App>,
    session: Session,
    frame: Frame,
    asked: Asked,
    visit: Visit,
    read_again: Instant,
}

impl OtherView {
    /// As often as scopes are listed that nobody may watch.
    const PACE: Duration = Duration::from_secs(10);

    pub(super) fn new(app: Arc<App>, session: Session, frame: Frame, asked: Asked, visit: Visit) -> Self {
        Self { app, session, frame, asked, visit, read_again: Instant::now() }
    }
}

impl View for OtherView {
    async fn news(&mut self, _: &Identity, now: SystemTime, told: &mut Told) -> String {
        let read = self.asked.read(&self.app, &self.session).await;
        self.read_again = Instant::now() + Self::PACE;
        let content = Content::new(&self.frame, &self.asked, &read, now).render().unwrap_or_default();
        told.piece("rest", content).unwrap_or_default()
    }

    async fn changed(&mut self) {
        sleep_until(self.read_again).await;
    }

    fn over(&self) -> CancellationToken {
        self.visit.over()
    }
}
