use std::{
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use askama::Template;
use fanlight_identity::Session;
use fanlight_live::Visit;
use fanlight_model::{Identity, Kind, WorkloadKey};
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use super::{
    Content, Shown,
    shown::{Around, Aside},
};
use crate::{
    App, ObjectError,
    frame::Frame,
    signed::visitor,
    stream::{Told, View},
};

/// The page of a workload as its stream keeps it current: read again every few seconds, for as long as somebody looks.
pub(super) struct WorkloadView {
    app: Arc<App>,
    session: Session,
    frame: Frame,
    key: WorkloadKey,
    /// Of what applies it, and of where that comes from.
    visit: Visit,
    kinds: Vec<Kind>,
    known: Result<Shown, ObjectError>,
    read_again: Instant,
    aside: Aside,
    /// When what is read less often is read again.
    aside_again: Instant,
}

impl WorkloadView {
    /// How often the workload and what it has made are read.
    const PACE: Duration = Duration::from_secs(3);
    /// How often Events are, and whether the person may act.
    const ASIDE: Duration = Duration::from_secs(12);
    /// How long reading may take: nothing is shown for long that may not be seen any more.
    const PATIENCE: Duration = Duration::from_secs(8);
    /// Where an answer takes long, reading is at most a third of the time.
    const SLOWEST: Duration = Duration::from_secs(12);

    pub(super) fn new(app: Arc<App>, session: Session, frame: Frame, key: WorkloadKey, visit: Visit) -> Self {
        let now = Instant::now();
        Self {
            app,
            session,
            frame,
            key,
            visit,
            kinds: Vec::new(),
            known: Err(ObjectError::NotFound),
            read_again: now,
            aside: Aside::default(),
            aside_again: now,
        }
    }

    async fn read(&mut self) {
        let began = Instant::now();
        let late = || ObjectError::Unanswered(format!("There was no answer within {:?}", Self::PATIENCE));
        let known = timeout(Self::PATIENCE, Shown::read_without(&self.app, &self.session, &self.key)).await;
        let mut known = known.unwrap_or_else(|_| Err(late()));
        if let Ok(shown) = &mut known {
            if self.aside_again <= began {
                let aside = timeout(Self::PATIENCE, Aside::read(&self.app, &self.session, shown)).await;
                self.aside = aside.unwrap_or_else(|_| Aside { events: Err(late()), ..Aside::default() });
                self.aside_again = began + Self::ASIDE;
            }
            shown.aside = self.aside.clone();
        }
        self.known = known;
        self.read_again = Instant::now() + (began.elapsed() * 3).clamp(Self::PACE, Self::SLOWEST);
    }

    /// Looks at what applies it, and at where that comes from, which may be of another kind by now.
    async fn look_around(&mut self) {
        let Ok(shown) = &mut self.known else { return };
        let owner = shown.row.owner.clone();
        for _ in 0..2 {
            shown.around = Around::of(owner.as_ref(), &self.visit);
            let wanted = shown.around.kinds();
            if wanted == self.kinds {
                return;
            }
            self.visit = self.app.live.visit(&visitor(&self.app, &self.session), &wanted).await;
            self.kinds = wanted;
        }
        shown.around = Around::of(owner.as_ref(), &self.visit);
    }
}

impl View for WorkloadView {
    async fn news(&mut self, _: &Identity, now: SystemTime, told: &mut Told) -> String {
        if self.read_again <= Instant::now() {
            self.read().await;
        }
        self.look_around().await;
        // The browser counts the ages: as they are by now, they would be something new each time.
        let html = |now| Content::new(&self.frame, &self.key, self.known.as_ref(), now).render().unwrap_or_default();
        told.piece("rest", html(UNIX_EPOCH)).map_or_else(String::new, |_| html(now))
    }

    async fn changed(&mut self) {
        tokio::select! {
            () = self.visit.changed() => {}
            () = sleep_until(self.read_again) => {}
        }
    }

    fn over(&self) -> CancellationToken {
        self.visit.over()
    }
}
