use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use askama::Template;
use fanlight_identity::Session;
use fanlight_live::Visit;
use fanlight_model::{Folds, Identity, Kind, ObjectKey, Version};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::{Asked, ObjectPage, Tab, comparison::Pair, shown::Shown};
use crate::{
    App, Causes, ObjectError,
    frame::Frame,
    page::{logs::Following, message::object_gone},
    signed::visitor,
    stream::{Told, View},
};

/// The page of one object as its stream keeps it current.
///
/// The object is read again when its row has changed, and with it what its tab shows; where the viewer may read it but not list its kind, there is no
/// row, and it is read from time to time.
pub(super) struct ObjectView {
    app: Arc<App>,
    session: Session,
    frame: Frame,
    key: ObjectKey,
    tab: Tab,
    pair: Pair,
    folds: Folds,
    /// Of the object's kind; of its source's too once that is known.
    visit: Visit,
    kinds: Vec<Kind>,
    known: Option<(Version, Shown)>,
    /// Whether there was a row when the object was read: one that goes then may have been deleted.
    had_row: bool,
    /// Why the last read failed.
    failed: Option<ObjectError>,
    gone: bool,
    read_again: Instant,
    /// What Flux's controllers write about it, where the tab shows that.
    following: Option<Following>,
    /// The containers whose logs were read for all of it.
    logs: Vec<String>,
}

impl ObjectView {
    /// How often an object without a row is read, Events, and what was applied.
    const PACE: Duration = Duration::from_secs(10);
    /// How often an object whose row is known is read, and the right to change it asked about: nothing is shown that was
    /// allowed more than half a minute ago, and what lies behind an object least of all.
    const RECHECK: Duration = Duration::from_secs(30 - Causes::LAG.as_secs());
    /// How soon an object is asked for again when Kubernetes has not answered.
    const RETRY: Duration = Duration::from_secs(1);

    pub(super) fn new(app: Arc<App>, asked: Asked, visit: Visit) -> Self {
        let Asked { session, frame, key, tab, pair, folds, logs } = asked;
        let follow = || Following::begin(&app, &session, frame.clone(), logs.query, logs.after);
        let following = (tab == Tab::Logs).then(follow);
        let kinds = vec![key.kind];
        let (known, had_row, failed, gone, read_again) = (None, false, None, false, Instant::now());
        let logs = Vec::new();
        Self {
            app,
            session,
            frame,
            key,
            tab,
            pair,
            folds,
            visit,
            kinds,
            known,
            had_row,
            failed,
            gone,
            read_again,
            following,
            logs,
        }
    }

    async fn look(&mut self) -> Result<&Shown, ObjectError> {
        let row = self.visit.row(&self.key);
        let current = match (&self.known, &row) {
            (Some((version, _)), Some(row)) => row.version <= *version,
            (known, None) => !self.had_row && (known.is_some() || self.failed.is_some()),
            (None, Some(_)) => self.had_row && self.failed.is_some(),
        };
        let mut is_short = false;
        if let Some((_, shown)) = &mut self.known {
            shown.look_around(&self.visit);
            is_short = shown.lacks_kinds();
        }
        if !current || is_short || self.read_again <= Instant::now() {
            self.read().await;
        }
        match (&self.known, &self.failed) {
            (Some((_, shown)), _) => Ok(shown),
            (None, Some(error)) => Err(error.clone()),
            (None, None) => Err(ObjectError::NotFound),
        }
    }

    /// Reads the object anew. What failed is not tried again at every change of other objects.
    async fn read(&mut self) {
        let began = Instant::now();
        (self.known, self.failed) = (None, None);
        let known = self.visit.row(&self.key).map(|row| row.version);
        match Shown::read(&self.app, &self.session, &self.key, (self.tab, &self.pair), known).await {
            Ok(shown) => {
                if shown.kinds != self.kinds {
                    self.visit = self.app.live.visit(&visitor(&self.app, &self.session), &shown.kinds).await;
                    self.kinds.clone_from(&shown.kinds);
                }
                self.known = Some((shown.details.row.version, shown));
            }
            Err(error) => self.failed = Some(error),
        }
        self.had_row = self.visit.row(&self.key).is_some();
        let pace = match (&self.failed, self.had_row) {
            (Some(ObjectError::Unanswered(_)), _) => Self::RETRY,
            // Events come without a change of the object, and what it applied changes without one.
            (None, true) if !matches!(self.tab, Tab::Events | Tab::Tree) => Self::RECHECK,
            _ => Self::PACE,
        };
        self.read_again = (began + pace).max(Instant::now() + Self::RETRY);
    }
}

impl View for ObjectView {
    fn logs(&self) -> &[String] {
        &self.logs
    }

    fn secrets(&self) -> &[String] {
        self.known.as_ref().map_or(&[], |(_, shown)| shown.secrets())
    }

    async fn news(&mut self, _: &Identity, now: SystemTime, told: &mut Told) -> String {
        let (frame, tab, key, folds) = (self.frame.clone(), self.tab, self.key.clone(), self.folds.clone());
        let was_gone = self.gone;
        let (gone, pieces): (_, Vec<_>) = match self.look().await {
            Ok(shown) => {
                let page = ObjectPage::new(&frame, shown, tab, &folds, now);
                let mut pieces = vec![("head", page.as_head().render()), ("why", page.as_why().render())];
                // Lines are added to those that are there.
                if tab != Tab::Logs {
                    pieces.push(("body", page.as_rest().render()));
                }
                (false, pieces.into_iter().map(|(id, html)| (id, html.unwrap_or_default())).collect())
            }
            Err(error) => {
                let gone = object_gone(&frame.base, &key, &error, tab == Tab::Logs);
                (true, vec![("gone", gone.render().unwrap_or_default())])
            }
        };
        self.gone = gone;
        if gone != was_gone {
            // The other pieces have been overwritten.
            *told = Told::default();
        }
        let mut news: String = pieces.into_iter().filter_map(|(id, html)| told.piece(id, html)).collect();
        self.logs = self.known.as_ref().map(|(_, shown)| shown.logs.to_vec()).unwrap_or_default();
        if let Some(following) = &mut self.following {
            if !gone {
                news.push_str(&following.told(told));
            }
            self.logs.extend_from_slice(following.read());
        }
        news
    }

    async fn changed(&mut self) {
        let following = async {
            match &mut self.following {
                Some(following) => following.changed().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = self.visit.changed() => {}
            () = sleep_until(self.read_again) => {}
            () = following => {}
        }
    }

    fn over(&self) -> CancellationToken {
        self.visit.over()
    }
}
