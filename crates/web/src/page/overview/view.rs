use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use askama::Template;
use fanlight_identity::Session;
use fanlight_live::Visit;
use fanlight_model::Identity;
use futures_util::FutureExt;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::{Breadth, Controllers, MOST, Overview, asides};
use crate::{
    App,
    causes::Seeker,
    frame::Frame,
    page::{list::Note, looks::Looks},
    stream::{Told, View},
};

/// The page as its stream keeps it current.
pub(super) struct OverviewView {
    app: Arc<App>,
    session: Session,
    frame: Frame,
    breadth: Breadth,
    visit: Visit,
    /// What was seen of the controllers last; until then, what the page came with is left as it is.
    controllers: Option<Controllers>,
    looks: Looks<Controllers>,
    seeker: Seeker,
    /// A change has been noticed and not been told yet.
    pending: bool,
    /// Nothing is told before this moment.
    quiet_until: Instant,
}

impl OverviewView {
    /// The least time between two tellings: something changes all the time somewhere in a large cluster.
    const PACE: Duration = Duration::from_millis(300);

    pub(super) fn new(app: Arc<App>, session: Session, frame: Frame, breadth: Breadth, visit: Visit) -> Self {
        let (shared, who) = (Arc::clone(&app), session.identity.clone());
        let looks = Looks::new(move || {
            let (app, who) = (Arc::clone(&shared), who.clone());
            async move { Controllers::of(app.lately.controllers(&*app.objects, &who).await.as_deref()) }.boxed()
        });
        let seeker = Seeker::new(&app.causes, &app.objects, &session.identity);
        let quiet_until = Instant::now();
        Self { app, session, frame, breadth, visit, controllers: None, looks, seeker, pending: false, quiet_until }
    }

    /// Counts what is worth it for what the viewer may see by now.
    async fn look_around(&mut self) {
        let breadth = self.breadth.later(&self.visit.sights());
        if breadth != self.breadth {
            self.visit = breadth.open(&self.app, &self.session).await;
            self.breadth = breadth;
        }
    }
}

impl View for OverviewView {
    async fn news(&mut self, viewer: &Identity, now: SystemTime, told: &mut Told) -> String {
        self.look_around().await;
        let summary = self.visit.summary(MOST);
        // The browser counts the ages: told from here, every piece would be another one each second.
        let none = Controllers::default();
        let controllers = self.controllers.as_ref().unwrap_or(&none);
        let asides = asides(&self.app, viewer, &summary, &self.visit);
        self.seeker.want(asides.unexplained, asides.found);
        let told_of = (self.breadth, &summary, &*asides.all);
        let mut page = Overview::new(&self.frame, told_of, &self.visit, controllers, None);
        page.note = Note::of(summary.freshness, now);
        let pieces = [
            ("note", page.as_note().render()),
            ("lead", page.as_lead().render()),
            ("failing", page.as_failing().render()),
            ("sync", page.as_sync().render()),
            ("counts", page.as_counts().render()),
            ("latest", page.as_latest().render()),
        ];
        let controllers = self.controllers.is_some().then(|| ("controllers", page.as_controllers().render()));
        told.pieces(pieces.into_iter().chain(controllers))
    }

    async fn changed(&mut self) {
        if !self.pending {
            tokio::select! {
                () = self.visit.changed() => {}
                controllers = self.looks.next() => self.controllers = Some(controllers),
                () = self.seeker.next() => {}
            }
            self.pending = true;
        }
        sleep_until(self.quiet_until).await;
        self.quiet_until = Instant::now() + Self::PACE;
        self.pending = false;
    }

    fn over(&self) -> CancellationToken {
        self.visit.over()
    }
}
