//! The rows of all feeds, shared by all viewers.

mod census;
mod cover;
mod journal;
mod orders;
mod searches;
mod shelf;
mod sightline;
mod spaces;
mod sums;
mod tally;

use std::{
    collections::{HashSet, VecDeque},
    slice::from_ref,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use fanlight_model::{Change, Glimpse, Kind, Listing, ObjectKey, Query, Row, Scope, Version};
use tokio::{sync::watch, time::Instant};

pub(crate) use cover::{FeedId, FeedKey, Mode, Phase};
use shelf::Shelf;
pub(crate) use sightline::Sightline;

use crate::{Freshness, List, Sighting, Summary};

/// Rows and the state of the feeds that bring them: one lock, never held across an await.
#[derive(Debug)]
pub(crate) struct Store {
    inner: Mutex<Inner>,
    ticks: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct Inner {
    shelf: Shelf,
    covers: cover::Covers,
    journal: journal::Journal,
    /// How many changes there have been.
    tick: u64,
    /// The last changes, so that a view may skip what it cannot see: tick, kind, namespace (`None`: any).
    recent: VecDeque<(u64, Kind, Option<Arc<str>>)>,
}

/// What a feed must do after its changes were taken in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Taken {
    /// Go on.
    Fine,
    /// The feed was closed: nothing was taken.
    Closed,
    /// The API server's versions went backwards (restored from a backup): forget the version and list again.
    StartOver,
}

impl Store {
    const RECENT: usize = 4096;

    pub(crate) fn new() -> Self {
        Self { inner: Mutex::default(), ticks: watch::Sender::new(0) }
    }

    /// A receiver of the number of changes so far.
    pub(crate) fn ticks(&self) -> watch::Receiver<u64> {
        self.ticks.subscribe()
    }

    /// Opens a feed. One that lies inside the scope of a running feed takes over its rows and version, so that nothing
    /// need be listed again.
    pub(crate) fn open(&self, key: &FeedKey, id: FeedId, now: Instant) {
        self.change(|inner| {
            inner.covers.open(key, id, now);
            inner.note(key.kind, None);
        });
    }

    /// Closes a feed and drops the rows that no other feed covers.
    pub(crate) fn close(&self, key: &FeedKey, id: FeedId) {
        self.change(|inner| {
            if inner.covers.close(key, id) {
                let Inner { shelf, covers, .. } = inner;
                shelf.remove_if(key.kind, &key.scope, |row| !covers.cover_namespace(key.kind, &row.key.namespace));
                inner.journal.lose_sight(key.kind);
                inner.note(key.kind, None);
            }
        });
    }

    /// The version to resume a feed from.
    pub(crate) fn version(&self, key: &FeedKey, id: FeedId) -> Option<Version> {
        self.lock().covers.get(key, id)?.version
    }

    /// Whether a feed of this key has ever been complete.
    pub(crate) fn is_synced(&self, key: &FeedKey) -> bool {
        self.lock().covers.any(key).is_some_and(|cover| cover.phase != Phase::Starting)
    }

    /// Whether a feed's watch is open and its list complete.
    pub(crate) fn is_live(&self, key: &FeedKey, id: FeedId) -> bool {
        self.lock().covers.get(key, id).is_some_and(|cover| cover.phase == Phase::Live)
    }

    /// Begins a list from scratch: what it does not name will be dropped at its end.
    pub(crate) fn begin_listing(&self, key: &FeedKey, id: FeedId) {
        if let Some(cover) = self.lock().covers.get_mut(key, id) {
            cover.listing = Some(Default::default());
        }
    }

    /// Takes in what a watch told.
    pub(crate) fn apply(&self, key: &FeedKey, id: FeedId, changes: Vec<Change>) -> Taken {
        self.change(|inner| {
            let mut taken = Taken::Fine;
            for change in changes {
                match inner.take(key, id, change) {
                    Taken::Fine => {}
                    other => taken = other,
                }
            }
            taken
        })
    }

    /// Takes in a complete list.
    pub(crate) fn replace(&self, key: &FeedKey, id: FeedId, listing: Listing, asked: Instant) -> Taken {
        self.begin_listing(key, id);
        self.change(|inner| {
            for row in listing.rows {
                inner.take(key, id, Change::Applied(row));
            }
            let taken = inner.take(key, id, Change::Synced(listing.version));
            if let Some(cover) = inner.covers.get_mut(key, id) {
                cover.phase = Phase::Listed(asked);
            }
            taken
        })
    }

    /// Notes that a feed's connection is broken since `now`.
    pub(crate) fn broke(&self, key: &FeedKey, id: FeedId, now: Instant) {
        self.change(|inner| {
            if let Some(cover) = inner.covers.get_mut(key, id) {
                cover.listing = None;
                match cover.phase {
                    Phase::Live => {
                        cover.phase = Phase::Broken(now);
                        inner.note(key.kind, None);
                    }
                    Phase::Listed(at) => cover.phase = Phase::Overdue(at),
                    Phase::Starting | Phase::Broken(_) | Phase::Overdue(_) => {}
                }
            }
        });
    }

    /// Notes that a feed cannot resume from where it was; its next attempt lists everything.
    pub(crate) fn forget_version(&self, key: &FeedKey, id: FeedId) {
        self.change(|inner| {
            let Some(cover) = inner.covers.get_mut(key, id) else { return };
            cover.version = None;
            if let Some(confirmed) = cover.accepted.take() {
                cover.phase = Phase::Broken(confirmed);
                inner.note(key.kind, None);
            }
        });
    }

    /// How many rows there are.
    pub(crate) fn count(&self) -> usize {
        self.lock().shelf.count()
    }

    /// One page for one viewer.
    pub(crate) fn list(&self, sightlines: &[Sightline], query: &Query, fresh: FreshFor) -> List {
        let mut inner = self.lock();
        let Inner { shelf, covers, .. } = &mut *inner;
        let mut list = shelf.list(covers, sightlines, query);
        let freshness = |lines: &[Sightline]| covers.freshness(lines, fresh);
        list.freshness = freshness(sightlines);
        if let Freshness::Loading { .. } = list.freshness {
            let is_unread = |line: &&Sightline| matches!(freshness(from_ref(line)), Freshness::Loading { .. });
            list.unread = sightlines.iter().filter(is_unread).map(|line| line.kind).collect();
        }
        list.sights = sightlines.iter().map(|line| (line.kind, line.sight())).collect();
        list
    }

    /// What there is in few words, with `most` rows of each sort.
    pub(crate) fn summary(&self, sightlines: &[Sightline], most: usize, fresh: FreshFor) -> Summary {
        let inner = self.lock();
        let mut summary = inner.shelf.summary(&inner.covers, sightlines, most);
        summary.freshness = inner.covers.freshness(sightlines, fresh);
        summary.sights = sightlines.iter().map(|line| (line.kind, line.sight())).collect();
        summary
    }

    /// One object's row, if the viewer may see it.
    pub(crate) fn row(&self, sightlines: &[Sightline], key: &ObjectKey) -> Option<Arc<Row>> {
        let inner = self.lock();
        inner.shelf.row(&inner.covers, sightlines, key)
    }

    /// The rows of those of these objects that the viewer may see.
    pub(crate) fn rows<'a>(
        &self,
        sightlines: &[Sightline],
        keys: impl Iterator<Item = &'a ObjectKey>,
    ) -> Vec<Arc<Row>> {
        let inner = self.lock();
        inner.shelf.rows(&inner.covers, sightlines, keys)
    }

    /// What was seen of an object, the newest first, if the viewer may see it.
    pub(crate) fn sightings(&self, sightlines: &[Sightline], key: &ObjectKey, now: Instant) -> Vec<Sighting> {
        let inner = self.lock();
        let in_sight = inner.shelf.row(&inner.covers, sightlines, key).is_some();
        if in_sight { inner.journal.sightings(key, now) } else { Vec::new() }
    }

    /// The rows that the viewer may see of objects which depend on this one.
    pub(crate) fn dependants(&self, sightlines: &[Sightline], key: &ObjectKey) -> Vec<Arc<Row>> {
        let inner = self.lock();
        inner.shelf.dependants(&inner.covers, sightlines, key)
    }

    /// The rows that the viewer may see of objects which need any of these.
    pub(crate) fn needing(&self, sightlines: &[Sightline], keys: &HashSet<ObjectKey>) -> Vec<Arc<Row>> {
        let inner = self.lock();
        inner.shelf.needing(&inner.covers, sightlines, keys)
    }

    /// What the viewer can tell of these objects, in the same order; `refused` says of which kind and namespace the API
    /// server has said that they may not see it.
    pub(crate) fn glimpses(
        &self,
        sightlines: &[Sightline],
        keys: &[ObjectKey],
        refused: impl Fn(&ObjectKey) -> bool,
    ) -> Vec<Glimpse> {
        let inner = self.lock();
        let glimpse = |key: &ObjectKey| {
            let line = sightlines.iter().find(|line| line.kind == key.kind)?;
            Some(match inner.shelf.get(key) {
                _ if !line.installed => Glimpse::NotInstalled,
                _ if !line.reaches(&key.namespace) => refused(key).then_some(Glimpse::Hidden)?,
                _ if !inner.covers.is_complete(key.kind, &key.namespace) => return None,
                Some(row) => Glimpse::Seen(Arc::clone(row)),
                None => Glimpse::Absent,
            })
        };
        keys.iter().map(|key| glimpse(key).unwrap_or(Glimpse::Unknown)).collect()
    }

    /// The rows that the viewer may see of objects which take their content from this one.
    pub(crate) fn users(&self, sightlines: &[Sightline], key: &ObjectKey) -> Vec<Arc<Row>> {
        let inner = self.lock();
        inner.shelf.users(&inner.covers, sightlines, key)
    }

    /// How old the rows are that these sightlines show.
    pub(crate) fn freshness(&self, sightlines: &[Sightline], fresh: FreshFor) -> Freshness {
        self.lock().covers.freshness(sightlines, fresh)
    }

    /// Whether anything happened since `tick` that the viewer might see.
    pub(crate) fn concerns(&self, since: u64, mut sees: impl FnMut(Kind, Option<&str>) -> bool) -> bool {
        let inner = self.lock();
        let told = inner.recent.iter().rev().take_while(|(tick, ..)| *tick > since);
        let forgotten = inner.recent.front().is_some_and(|(first, ..)| *first > since + 1);
        let mut relevant = false;
        for (_, kind, namespace) in told {
            relevant = relevant || sees(*kind, namespace.as_deref());
        }
        relevant || (forgotten && inner.tick > since)
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // A panic in a holder leaves rows that are each whole; the next list replaces them.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change<T>(&self, act: impl FnOnce(&mut Inner) -> T) -> T {
        let mut inner = self.lock();
        let before = inner.tick;
        let result = act(&mut inner);
        let after = inner.tick;
        drop(inner);
        if after != before {
            self.ticks.send_replace(after);
        }
        result
    }
}

/// How long rows count as current although nothing confirmed them, and the moment to judge that at.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FreshFor {
    pub(crate) now: Instant,
    pub(crate) grace: Duration,
    pub(crate) poll: Duration,
}

impl Inner {
    fn note(&mut self, kind: Kind, namespace: Option<Arc<str>>) {
        self.tick += 1;
        if self.recent.len() == Store::RECENT {
            self.recent.pop_front();
        }
        self.recent.push_back((self.tick, kind, namespace));
    }

    fn take(&mut self, key: &FeedKey, id: FeedId, change: Change) -> Taken {
        let Some(cover) = self.covers.get_mut(key, id) else { return Taken::Closed };
        match change {
            Change::Opened => {
                if cover.phase != Phase::Live && cover.listing.is_none() {
                    cover.accepted = cover.phase.confirmed();
                    cover.phase = Phase::Live;
                    self.note(key.kind, None);
                }
            }
            Change::Mark(version) => cover.advance(version),
            Change::Applied(row) => {
                if let Some(listing) = &mut cover.listing {
                    listing.insert(row.key.clone());
                } else {
                    cover.advance(row.version);
                }
                let namespace = Arc::clone(&row.key.namespace);
                // What another feed has passed already is there, or gone since: it must not come back.
                if self.covers.is_ahead(key, &namespace, row.version) {
                    return Taken::Fine;
                }
                let before = self.shelf.get(&row.key).cloned();
                if self.shelf.put(row) {
                    if let Some(before) = before
                        && let Some(after) = self.shelf.get(&before.key)
                    {
                        self.journal.note(&before, after, Instant::now());
                    }
                    self.note(key.kind, Some(namespace));
                }
            }
            Change::Deleted(object, version) => {
                cover.advance(version);
                if let Some(listing) = &mut cover.listing {
                    listing.remove(&object);
                }
                if self.shelf.remove(&object, version) {
                    self.journal.forget(&object);
                    self.note(key.kind, Some(object.namespace));
                }
            }
            Change::Synced(version) => return self.synced(key, id, version),
        }
        Taken::Fine
    }

    /// What the list did not name is gone, unless a younger event of another feed has told otherwise.
    fn synced(&mut self, key: &FeedKey, id: FeedId, version: Version) -> Taken {
        let Some(cover) = self.covers.get_mut(key, id) else { return Taken::Closed };
        let listing = cover.listing.take().unwrap_or_default();
        let backwards = cover.highest > version;
        cover.version = Some(version);
        cover.highest = version;
        cover.phase = Phase::Live;
        self.note(key.kind, None);
        if backwards {
            self.shelf.remove_if(key.kind, &key.scope, |_| true);
            self.covers.forget_versions(key.kind);
            return Taken::StartOver;
        }
        self.shelf.remove_if(key.kind, &key.scope, |row| row.version <= version && !listing.contains(&row.key));
        let Self { shelf, journal, .. } = self;
        journal.sift(key.kind, &key.scope, |object| shelf.get(object).is_some());
        Taken::Fine
    }
}

impl FeedKey {
    /// The feed of `kind` in `scope`.
    pub(crate) fn new(kind: Kind, scope: Scope) -> Self {
        Self { kind, scope }
    }
}

#[cfg(test)]
mod interleavings;
#[cfg(test)]
mod tests;
