use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use fanlight_model::{Identity, ObjectKey};
use tokio::time::Instant;

/// What was found out of objects, kept for a moment for those who asked and for nobody else.
pub(crate) struct Kept<V> {
    found: Mutex<Found<V>>,
    /// How long each is kept.
    lasts: Duration,
    /// How much is kept together.
    most: usize,
    /// How much one counts.
    weigh: fn(&V) -> usize,
}

/// Each since when, by who asked for which.
type Found<V> = HashMap<Asked, (Instant, V)>;

type Asked = (Identity, ObjectKey);

impl<V: Clone> Kept<V> {
    pub(crate) fn new(lasts: Duration, most: usize, weigh: fn(&V) -> usize) -> Self {
        Self { found: Mutex::default(), lasts, most, weigh }
    }

    pub(crate) fn get(&self, asked: &Asked) -> Option<V> {
        let found = self.lock();
        let (at, one) = found.get(asked)?;
        (at.elapsed() < self.lasts).then(|| one.clone())
    }

    /// Keeps it as of when it was asked for, if there is room.
    pub(crate) fn keep(&self, asked: Asked, at: Instant, one: V) {
        let mut found = self.lock();
        found.retain(|_, (at, _)| at.elapsed() < self.lasts);
        let all: usize = found.values().map(|(_, one)| (self.weigh)(one)).sum();
        if all + (self.weigh)(&one) <= self.most {
            found.insert(asked, (at, one));
        }
    }

    fn lock(&self) -> MutexGuard<'_, Found<V>> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
