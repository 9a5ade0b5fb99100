//! A person as views know them, and sets of kinds.

use std::{
    hash::{BuildHasher, BuildHasherDefault, DefaultHasher},
    sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
};

use fanlight_model::{Identity, Kind};
use tokio::sync::watch;

use crate::grant::Grant;

/// The number of a person, in order of arrival.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct PersonId(pub(crate) u64);

/// The number of a lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct LeaseId(pub(crate) u64);

/// A person as views know them: who it is and what they may see.
#[derive(Debug)]
pub(crate) struct Person {
    pub(crate) identity: Identity,
    /// A number that is always the same for the same identity.
    pub(crate) seed: u64,
    grant: RwLock<Grant>,
    news: watch::Sender<u64>,
}

impl Person {
    pub(crate) fn new(identity: Identity) -> Self {
        let seed = BuildHasherDefault::<DefaultHasher>::default().hash_one(&identity);
        Self { identity, seed, grant: RwLock::default(), news: watch::Sender::new(0) }
    }

    /// What they may see.
    pub(crate) fn grant(&self) -> RwLockReadGuard<'_, Grant> {
        self.grant.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn grant_mut(&self) -> RwLockWriteGuard<'_, Grant> {
        self.grant.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// A receiver that wakes when they may see more or less than before.
    pub(crate) fn news(&self) -> watch::Receiver<u64> {
        self.news.subscribe()
    }

    /// Wakes the views.
    pub(crate) fn announce(&self) {
        self.news.send_modify(|count| *count += 1);
    }
}

/// A set of kinds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Kinds(u32);

impl Kinds {
    pub(crate) fn has(self, kind: Kind) -> bool {
        self.0 & (1 << kind.index()) != 0
    }

    pub(crate) fn iter(self) -> impl Iterator<Item = Kind> {
        Kind::all().filter(move |kind| self.has(*kind))
    }

    pub(crate) fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether all of them are among `others`.
    pub(crate) fn are_among(self, others: Kinds) -> bool {
        self.0 & !others.0 == 0
    }

    pub(crate) fn meet(self, other: Kinds) -> Kinds {
        Kinds(self.0 & other.0)
    }

    pub(crate) fn without(self, others: Kinds) -> Kinds {
        Kinds(self.0 & !others.0)
    }

    pub(crate) fn with(self, kind: Kind) -> Kinds {
        self.join(Kinds(1 << kind.index()))
    }

    pub(crate) fn join(self, other: Kinds) -> Kinds {
        Kinds(self.0 | other.0)
    }
}

impl FromIterator<Kind> for Kinds {
    fn from_iter<T: IntoIterator<Item = Kind>>(kinds: T) -> Self {
        Kinds(kinds.into_iter().fold(0, |bits, kind| bits | 1 << kind.index()))
    }
}
