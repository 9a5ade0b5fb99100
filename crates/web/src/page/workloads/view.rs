use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, SystemTime},
};

use askama::Template;
use fanlight_identity::Session;
use fanlight_live::Visit;
use fanlight_model::{Identity, Version, WorkloadFilter};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::{WorkloadsPage, reading, reading::Learnt};
use crate::{
    App,
    frame::Frame,
    stream::{Told, View},
};

/// The list as its stream keeps it current: read again from time to time, since nothing tells of changes.
pub(super) struct WorkloadsView {
    app: Arc<App>,
    session: Session,
    frame: Frame,
    filter: WorkloadFilter,
    /// Of no kind: it is what ends with the session.
    visit: Visit,
    read_again: Instant,
    learnt: Learnt,
    /// When all of that is found out anew.
    learn_again: Instant,
    /// The rows that the browser has, in their order.
    sent: Option<Vec<(String, Version)>>,
}

impl WorkloadsView {
    /// How often it is read.
    const PACE: Duration = Duration::from_secs(10);
    /// Where there is very much, reading is a tenth of the time, as long as nothing is shown for half a minute: what is
    /// shown is as old as the pause and two readings, which take eight seconds each at most.
    const SLOWEST: Duration = Duration::from_secs(13);
    /// How often it is found out anew where workloads may be listed.
    const LEARN: Duration = Duration::from_secs(180);

    pub(super) fn new(app: Arc<App>, session: Session, frame: Frame, filter: WorkloadFilter, visit: Visit) -> Self {
        let now = Instant::now();
        Self {
            app,
            session,
            frame,
            filter,
            visit,
            read_again: now,
            learnt: Learnt::default(),
            learn_again: now,
            sent: None,
        }
    }

    /// The rows that the browser does not have as they are, in a table that says the order of all; `sent` are those that
    /// it has.
    fn rows(sent: &mut Option<Vec<(String, Version)>>, page: &WorkloadsPage<'_>) -> String {
        let versions: Vec<_> = page.rows.iter().map(|row| (row.key.clone(), row.version)).collect();
        if sent.as_ref() == Some(&versions) {
            return String::new();
        }
        let before: HashMap<_, _> = sent.iter().flatten().map(|(key, version)| (&**key, *version)).collect();
        let news = page.rows.iter().filter(|row| before.get(&*row.key) != Some(&row.version));
        let rows: String = news.filter_map(|row| row.render().ok()).collect();
        let order = &page.order;
        *sent = Some(versions);
        format!("<table id=\"rows\" data-order=\"{order}\">{rows}</table>")
    }
}

impl View for WorkloadsView {
    async fn news(&mut self, _: &Identity, now: SystemTime, told: &mut Told) -> String {
        let began = Instant::now();
        if self.learn_again <= began {
            self.learnt = Learnt::default();
            self.learn_again = began + Self::LEARN;
        }
        let found = reading::lately(&self.app, &self.session, &self.filter, &mut self.learnt).await;
        self.read_again = Instant::now() + (began.elapsed() * 10).clamp(Self::PACE, Self::SLOWEST);
        let page = WorkloadsPage::new(&self.frame, &self.filter, &found, now);
        let pieces = [
            ("count", page.as_count().render()),
            ("note", page.as_note().render()),
            ("strip", page.as_strip().render()),
            ("filters", page.as_filters().render()),
            ("empty", page.as_empty().render()),
        ];
        let mut news = told.pieces(pieces);
        news.push_str(&Self::rows(&mut self.sent, &page));
        news
    }

    async fn changed(&mut self) {
        sleep_until(self.read_again).await;
    }

    fn over(&self) -> CancellationToken {
        self.visit.over()
    }
}
