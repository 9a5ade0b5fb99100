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

use super::{Breadth, Controllers, MOST, Overview};
use crate::{
    App,
    frame::Frame,
    page::list::Note,
    stream::{Told, View},
};

/// The page as its stream keeps it current.
pub(super) struct OverviewView {
    app: Arc<App>,
    session: Session,
    frame: Frame,
    breadth: Breadth,
    visit: Visit,
    controllers: Controllers,
    /// When the controllers are looked at again.
    look: Instant,
    /// A change has been noticed and not been told yet.
    pending: bool,
    /// Nothing is told before this moment.
    quiet_until: Instant,
}

impl OverviewView {
    /// How often the controllers are looked at: nobody tells us of them.
    const LOOK: Duration = Duration::from_secs(25);
    /// The least time between two tellings: something changes all the time somewhere in a large cluster.
    const PACE: Duration = Duration::from_millis(300);

    pub(super) fn new(app: Arc<App>, session: Session, frame: Frame, breadth: Breadth, visit: Visit) -> Self {
        let controllers = Controllers::default();
        let now = Instant::now();
        Self { app, session, frame, breadth, visit, controllers, look: now, pending: false, quiet_until: now }
    }

    /// Counts what is worth it for what the viewer may see by now.
    async fn look_around(&mut self, now: Instant) {
        let breadth = Breadth::of(&self.visit.sights());
        if breadth != self.breadth {
            self.visit = breadth.open(&self.app, &self.session).await;
            self.breadth = breadth;
        }
        if self.look <= now {
            let controllers = self.app.lately.controllers(&*self.app.objects, &self.session.identity).await;
            self.controllers = Controllers::of(controllers.as_deref());
            self.look = now + Self::LOOK;
        }
    }
}

impl View for OverviewView {
    async fn news(&mut self, _: &Identity, now: SystemTime, told: &mut Told) -> String {
        self.look_around(Instant::now()).await;
        let summary = self.visit.summary(MOST);
        // The browser counts the ages: told from here, every piece would be another one each second.
        let mut page = Overview::new(&self.frame, self.breadth, &summary, &self.visit, &self.controllers, None);
        page.note = Note::of(summary.freshness, now);
        let pieces = [
            ("note", page.as_note().render()),
            ("lead", page.as_lead().render()),
            ("failing", page.as_failing().render()),
            ("sync", page.as_sync().render()),
            ("controllers", page.as_controllers().render()),
            ("counts", page.as_counts().render()),
            ("latest", page.as_latest().render()),
        ];
        pieces.into_iter().filter_map(|(id, html)| told.piece(id, html.unwrap_or_default())).collect()
    }

    async fn changed(&mut self) {
        if !self.pending {
            tokio::select! {
                () = self.visit.changed() => {}
                () = sleep_until(self.look) => {}
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
