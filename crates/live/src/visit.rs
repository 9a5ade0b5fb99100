use std::{
    collections::{BTreeSet, HashSet},
    mem,
    sync::Arc,
    time::Duration,
};

use fanlight_model::{Answer, Glimpse, Kind, ObjectKey, Query, Row, Surroundings};
use tokio::{
    sync::{mpsc, watch},
    time::{Instant, sleep_until, timeout_at},
};
use tokio_util::sync::CancellationToken;

use crate::{
    Freshness, List, Pace, Sight, Sighting, Summary,
    desk::Message,
    grant::{Outlook, Reach},
    people::{LeaseId, Person, PersonId},
    store::{FreshFor, Sightline, Store},
};

/// How far somebody sees a kind, by name: what an account of who saw what needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scopes {
    /// Every namespace.
    Everywhere,
    /// These namespaces; none, if the kind is out of sight or the API server has not said so far.
    Namespaces(Vec<Arc<str>>),
}

/// One open view: the page or stream of one session.
///
/// Feeds that it needs run at least as long as it lives.
pub struct Visit {
    person: Arc<Person>,
    kinds: Box<[Kind]>,
    store: Arc<Store>,
    installed: watch::Receiver<Option<Arc<BTreeSet<Kind>>>>,
    ticks: watch::Receiver<u64>,
    news: watch::Receiver<u64>,
    pace: Pace,
    /// Up to which change the last list reached.
    seen: u64,
    /// What the last list said apart from its rows.
    standing: Option<Standing>,
    /// A change has been noticed and not been told yet.
    pending: bool,
    /// No notice before this moment.
    quiet_until: Instant,
    /// When an answer becomes too old that the last list was made by.
    holds_until: Option<Instant>,
    lease: Option<Lease>,
}

/// Tells the desk when the view is closed.
pub(crate) struct Lease {
    pub(crate) desk: mpsc::UnboundedSender<Message>,
    pub(crate) person: PersonId,
    pub(crate) lease: LeaseId,
    /// Cancelled when the session is ended by its owner.
    pub(crate) over: CancellationToken,
}

impl Drop for Lease {
    fn drop(&mut self) {
        let _ = self.desk.send(Message::Release { person: self.person, lease: self.lease });
    }
}

/// What can change by time alone: how far the viewer sees, and whether the rows are current.
#[derive(Debug, PartialEq)]
struct Standing {
    reach: Vec<(bool, Reach, usize)>,
    freshness: mem::Discriminant<Freshness>,
    /// Whether what is shown while more is being read is marked.
    is_marked: bool,
}

impl Visit {
    /// How often a view looks whether time alone has changed what it may show.
    const GLANCE: Duration = Duration::from_secs(2);
    /// Timers have this resolution: so much after an answer has become too old, that is seen.
    const AFTER: Duration = Duration::from_millis(1);

    pub(crate) fn new(
        person: Arc<Person>,
        kinds: &[Kind],
        store: Arc<Store>,
        installed: watch::Receiver<Option<Arc<BTreeSet<Kind>>>>,
        pace: &Pace,
        lease: Option<Lease>,
    ) -> Self {
        Self {
            ticks: store.ticks(),
            news: person.news(),
            person,
            kinds: kinds.into(),
            store,
            installed,
            pace: pace.clone(),
            seen: 0,
            standing: None,
            pending: false,
            quiet_until: Instant::now(),
            holds_until: None,
            lease,
        }
    }

    /// The asked page, as the viewer may see it at this moment.
    pub fn list(&mut self, query: &Query) -> List {
        let sightlines = self.look();
        let mut list = self.store.list(&sightlines, query, self.fresh());
        list.fixed = self.fixed(&list.rows);
        self.standing = Some(standing(sightlines, list.freshness));
        list
    }

    /// What there is in few words at this moment, with `most` rows of each sort.
    pub fn summary(&mut self, most: usize) -> Summary {
        let sightlines = self.look();
        let summary = self.store.summary(&sightlines, most, self.fresh());
        self.standing = Some(standing(sightlines, summary.freshness));
        summary
    }

    /// What the viewer may see at this moment, from which on changes count as news.
    fn look(&mut self) -> Vec<Sightline> {
        self.seen = *self.ticks.borrow_and_update();
        self.news.mark_unchanged();
        self.installed.mark_unchanged();
        self.pending = false;
        let sightlines = self.sightlines();
        self.holds_until = holds_until(&sightlines);
        sightlines
    }

    /// Kinds and namespaces of these rows whose objects the API server does not let the viewer change, as far as it was
    /// asked; sorted.
    pub fn fixed(&self, rows: &[Arc<Row>]) -> Vec<(Kind, Arc<str>)> {
        let grant = self.person.grant();
        let refused = |key: &&ObjectKey| grant.changes.may(key.kind, &key.namespace) == Answer::No;
        let places = rows.iter().map(|row| &row.key).filter(refused).map(|key| (key.kind, Arc::clone(&key.namespace)));
        places.collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// For each of the visit's kinds, how far the viewer sees at this moment.
    pub fn sights(&self) -> Vec<(Kind, Sight)> {
        self.sightlines().iter().map(|line| (line.kind, line.sight())).collect()
    }

    /// What the viewer may see at this moment.
    pub fn scopes(&self) -> Vec<(Kind, Scopes)> {
        let scopes = |reach| match reach {
            Reach::Everywhere => Scopes::Everywhere,
            Reach::Namespaces(namespaces) => Scopes::Namespaces(namespaces),
            Reach::Nothing | Reach::Unknown => Scopes::Namespaces(Vec::new()),
        };
        let installed = self.sightlines().into_iter().filter(|line| line.installed);
        installed.map(|line| (line.kind, scopes(line.reach))).collect()
    }

    /// The row of one object of the visit's kinds, if the viewer may see it at this moment.
    pub fn row(&self, key: &ObjectKey) -> Option<Arc<Row>> {
        self.store.row(&self.sightlines(), key)
    }

    /// The rows of those of these objects which are of the visit's kinds and which the viewer may see at this moment.
    pub fn rows<'a>(&self, keys: impl IntoIterator<Item = &'a ObjectKey>) -> Vec<Arc<Row>> {
        self.store.rows(&self.sightlines(), keys.into_iter())
    }

    /// What was seen to change of an object of the visit's kinds, the newest first, if the viewer may see it at this moment.
    pub fn sightings(&self, key: &ObjectKey) -> Vec<Sighting> {
        self.store.sightings(&self.sightlines(), key, Instant::now())
    }

    /// The rows that the viewer may see of objects which depend on this one.
    pub fn dependants(&self, key: &ObjectKey) -> Vec<Arc<Row>> {
        self.store.dependants(&self.sightlines(), key)
    }

    /// The rows that the viewer may see of objects of the visit's kinds which take their content from this one.
    pub fn users(&self, key: &ObjectKey) -> Vec<Arc<Row>> {
        self.store.users(&self.sightlines(), key)
    }

    /// Is cancelled when the session is ended by its owner, in whichever window: nothing must be shown after that.
    pub fn over(&self) -> CancellationToken {
        self.lease.as_ref().map_or_else(CancellationToken::new, |lease| lease.over.clone())
    }

    /// Waits until the list may look different: at once for a first change, then not more often than
    /// [`Pace::coalesce`]. Safe to cancel.
    pub async fn changed(&mut self) {
        while !self.pending {
            let mut glance = Instant::now() + Self::GLANCE;
            if let Some(until) = self.holds_until {
                glance = glance.min(until + Self::AFTER);
            }
            self.pending = tokio::select! {
                told = self.ticks.changed() => self.concerns_me(told.is_err()),
                Ok(()) = self.news.changed() => true,
                Ok(()) = self.installed.changed() => true,
                () = sleep_until(glance) => self.stands_differently(),
            };
        }
        sleep_until(self.quiet_until).await;
        self.quiet_until = Instant::now() + self.pace.coalesce;
        self.pending = false;
    }

    /// Waits until everything that the viewer may see is there, or patience is over.
    pub(crate) async fn settle(&mut self) {
        let deadline = Instant::now() + self.pace.patience;
        while !self.is_settled() {
            let change = async {
                tokio::select! {
                    _ = self.ticks.changed() => {}
                    _ = self.news.changed() => {}
                    _ = self.installed.changed() => {}
                }
            };
            if timeout_at(deadline, change).await.is_err() {
                return;
            }
        }
    }

    fn is_settled(&self) -> bool {
        let sightlines = self.sightlines();
        let known = self.installed.borrow().is_some()
            && sightlines.iter().all(|line| !line.installed || line.reach != Reach::Unknown);
        known && !matches!(self.store.freshness(&sightlines, self.fresh()), Freshness::Loading { .. })
    }

    fn sightlines(&self) -> Vec<Sightline> {
        let installed = self.installed.borrow().clone();
        let grant = self.person.grant();
        let now = Instant::now();
        self.kinds
            .iter()
            .map(|kind| {
                let Outlook { reach, overdue, until } = grant.reach(*kind, now, self.pace.trust);
                let installed = installed.as_ref().is_none_or(|kinds| kinds.contains(kind));
                Sightline { kind: *kind, installed, reach, overdue, until }
            })
            .collect()
    }

    fn fresh(&self) -> FreshFor {
        FreshFor { now: Instant::now(), grace: self.pace.grace, poll: self.pace.poll }
    }

    fn concerns_me(&mut self, store_gone: bool) -> bool {
        let since = mem::replace(&mut self.seen, *self.ticks.borrow_and_update());
        let now = Instant::now();
        let grant = self.person.grant();
        store_gone
            || self.store.concerns(since, |kind, namespace| {
                self.kinds.contains(&kind)
                    && namespace.is_none_or(|namespace| grant.sees(kind, namespace, now, self.pace.trust))
            })
    }

    /// Whether that is something else than when it was looked at last.
    fn stands_differently(&mut self) -> bool {
        let sightlines = self.sightlines();
        self.holds_until = holds_until(&sightlines);
        let freshness = self.store.freshness(&sightlines, self.fresh());
        let now = standing(sightlines, freshness);
        let differs = self.standing.as_ref().is_some_and(|before| *before != now);
        self.standing = Some(now);
        differs
    }
}

impl Surroundings for Visit {
    fn glimpses(&self, keys: &[ObjectKey]) -> Vec<Glimpse> {
        let sightlines = self.sightlines();
        let grant = self.person.grant();
        self.store.glimpses(&sightlines, keys, |key| grant.refuses(key.kind, &key.namespace))
    }

    fn needing(&self, keys: &HashSet<ObjectKey>) -> Vec<Arc<Row>> {
        self.store.needing(&self.sightlines(), keys)
    }
}

fn holds_until(sightlines: &[Sightline]) -> Option<Instant> {
    sightlines.iter().filter_map(|line| line.until).min()
}

fn standing(sightlines: Vec<Sightline>, freshness: Freshness) -> Standing {
    let reach = sightlines.into_iter().map(|line| (line.installed, line.reach, line.overdue)).collect();
    let is_marked = matches!(freshness, Freshness::Loading { age: Some(_), .. });
    Standing { reach, freshness: mem::discriminant(&freshness), is_marked }
}
