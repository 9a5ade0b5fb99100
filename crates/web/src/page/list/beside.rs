use std::{future::pending, sync::Arc, time::Duration};

use fanlight_identity::Session;
use fanlight_live::{Sight, Visit};
use fanlight_model::{Kind, ObjectKey, Row};
use tokio::time::{Instant, sleep_until};

use super::ListPage;
use crate::{App, audit::Seen, page::overview::Breadth, signed::visitor};

/// The rows of other kinds by which a list says more of its own: those of the sources of applications.
///
/// They cost as many watches more as there are such kinds, and in namespaces that somebody sees one by one that many in
/// each: where those are many, nothing is said of them.
pub(super) struct Beside {
    kinds: &'static [Kind],
    breadth: Breadth,
    visit: Option<Visit>,
    quiet_until: Instant,
}

impl Beside {
    /// The least time between two notices: sources change all the time, and what is said of them seldom.
    const PACE: Duration = Duration::from_secs(2);

    /// For somebody who sees the page's own kinds as far as this.
    pub(super) async fn open(app: &App, session: &Session, page: &ListPage, sights: &[(Kind, Sight)]) -> Self {
        let (kinds, breadth) = (page.beside(), Breadth::of(sights));
        Self { kinds, breadth, visit: Self::visit(app, session, kinds, breadth).await, quiet_until: Instant::now() }
    }

    async fn visit(app: &App, session: &Session, kinds: &[Kind], breadth: Breadth) -> Option<Visit> {
        let wanted = !kinds.is_empty() && breadth == Breadth::All;
        if wanted { Some(app.live.visit(&visitor(app, session), kinds).await) } else { None }
    }

    /// Takes in how far somebody sees by now.
    pub(super) async fn look_around(&mut self, app: &App, session: &Session, sights: &[(Kind, Sight)]) {
        let breadth = self.breadth.later(sights);
        if breadth != self.breadth {
            self.breadth = breadth;
            self.visit = Self::visit(app, session, self.kinds, breadth).await;
        }
    }

    /// Those of these rows that the viewer may see.
    pub(super) fn rows(&self, keys: &[ObjectKey]) -> Vec<Arc<Row>> {
        self.visit.as_ref().map(|visit| visit.rows(keys)).unwrap_or_default()
    }

    /// What was seen of them, too.
    pub(super) fn seen(&self, seen: Seen) -> Seen {
        match &self.visit {
            Some(visit) => seen.and_rows(visit),
            None => seen,
        }
    }

    /// Waits until something may be said differently. Safe to cancel.
    pub(super) async fn changed(&mut self) {
        let Some(visit) = &mut self.visit else { return pending().await };
        sleep_until(self.quiet_until).await;
        visit.changed().await;
        self.quiet_until = Instant::now() + Self::PACE;
    }
}
