use std::{
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use askama::Template;
use fanlight_identity::Session;
use fanlight_live::Visit;
use fanlight_model::Identity;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use super::{
    Asked, Content,
    asked::{Came, Learnt},
};
use crate::{
    App, ObjectError,
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
    learnt: Learnt,
    /// When all of that is found out anew.
    learn_again: Instant,
}

impl OtherView {
    /// As often as scopes are listed that nobody may watch.
    const PACE: Duration = Duration::from_secs(10);
    /// How long reading may take: nothing is shown for long that may not be seen any more.
    const PATIENCE: Duration = Duration::from_secs(8);
    /// How often it is found out anew how the kind is served, and where it may be listed.
    const LEARN: Duration = Duration::from_secs(180);

    pub(super) fn new(app: Arc<App>, session: Session, frame: Frame, asked: Asked, visit: Visit) -> Self {
        let now = Instant::now();
        Self { app, session, frame, asked, visit, read_again: now, learnt: Learnt::default(), learn_again: now }
    }

    async fn read(&mut self) -> Came {
        let now = Instant::now();
        if self.learn_again <= now {
            self.learnt = Learnt::default();
            self.learn_again = now + Self::LEARN;
        }
        let read = self.asked.read_again(&self.app, &self.session, &mut self.learnt);
        let late = || ObjectError::Unanswered(format!("There was no answer within {:?}", Self::PATIENCE));
        timeout(Self::PATIENCE, read).await.unwrap_or_else(|_| Came { kind: None, found: Err(late()) })
    }
}

impl View for OtherView {
    async fn news(&mut self, _: &Identity, now: SystemTime, told: &mut Told) -> String {
        let read = self.read().await;
        self.read_again = Instant::now() + Self::PACE;
        // The browser counts the ages: as they are by now, they would be something new each time.
        let html = |now| Content::new(&self.frame, &self.asked, &read, now).render().unwrap_or_default();
        told.piece("rest", html(UNIX_EPOCH)).map_or_else(String::new, |_| html(now))
    }

    async fn changed(&mut self) {
        sleep_until(self.read_again).await;
    }

    fn over(&self) -> CancellationToken {
        self.visit.over()
    }
}
