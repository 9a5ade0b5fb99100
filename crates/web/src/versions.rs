//! What was seen of objects that people looked at: enough of their last versions to say what has changed.
//!
//! Nothing is read for it. What a page has read in somebody's name is noted, without what is secret, and shown to whoever may
//! read that very object at the moment. It is of this process alone, and gone with it.

mod edition;
mod masks;

use std::{
    collections::{HashMap, HashSet, VecDeque},
    hash::RandomState,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::SystemTime,
};

use fanlight_model::{Details, ObjectKey};
use serde_json::Value;

pub(crate) use edition::{Edition, release_facts};
pub(crate) use masks::Hidden;
use masks::{Hiding, masked};

/// The last versions of objects that were looked at.
#[derive(Default)]
pub struct Versions {
    kept: Mutex<Shelf>,
    /// Tells hidden values apart without keeping them.
    seal: RandomState,
}

#[derive(Default)]
struct Shelf {
    objects: HashMap<ObjectKey, Row>,
    /// What all of them take, in bytes.
    bytes: usize,
    /// Counts notes, to know which object was looked at longest ago.
    notes: u64,
}

/// The versions of one object, the newest last.
struct Row {
    uid: Box<str>,
    editions: VecDeque<Arc<Edition>>,
    bytes: usize,
    noted: u64,
}

/// The value without what looks secret.
pub(crate) fn without_secrets(value: &Value) -> Value {
    masked(value, "", &mut Hiding::new(&RandomState::new()))
}

impl Versions {
    /// How many versions of one object are kept, and how much they take at most, in bytes.
    const EACH: usize = 12;
    const EACH_BYTES: usize = 1 << 20;
    /// Of how many objects any are kept, and how much all of them take at most.
    const OBJECTS: usize = 2000;
    const BYTES: usize = 32 << 20;

    /// Notes an object as somebody has read it.
    pub(crate) fn note(&self, object: &Value, details: &Details, now: SystemTime) {
        let key = &details.row.key;
        let uid = object["metadata"]["uid"].as_str().unwrap_or_default();
        let version = details.row.version;
        if uid.is_empty() || version == 0 || self.lock().has(key, uid, version) {
            return;
        }
        let edition = Edition::read(object, details, now, &self.seal);
        self.lock().put(key, uid, edition);
    }

    /// The versions of an object with this `uid`, the newest last: of another one that had its name before there are none.
    pub(crate) fn of(&self, key: &ObjectKey, uid: &str) -> Vec<Arc<Edition>> {
        let kept = self.lock();
        let row = kept.objects.get(key).filter(|row| &*row.uid == uid);
        row.map(|row| row.editions.iter().cloned().collect()).unwrap_or_default()
    }

    /// Forgets an object that is gone.
    pub(crate) fn forget(&self, key: &ObjectKey) {
        self.lock().remove(key);
    }

    /// How much all of it takes, in bytes.
    pub fn bytes(&self) -> usize {
        self.lock().bytes
    }

    fn lock(&self) -> MutexGuard<'_, Shelf> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shelf {
    /// Whether this version is there, or a younger one.
    fn has(&mut self, key: &ObjectKey, uid: &str, version: u64) -> bool {
        self.notes += 1;
        let notes = self.notes;
        let Some(row) = self.objects.get_mut(key) else { return false };
        row.noted = notes;
        // A read that was answered late may still tell of an object that had the name before.
        let newest = row.editions.back().map_or(0, |edition| edition.version);
        newest > version || (newest == version && &*row.uid == uid)
    }

    fn put(&mut self, key: &ObjectKey, uid: &str, edition: Edition) {
        if self.has(key, uid, edition.version) {
            return;
        }
        let mut row = self.remove(key).filter(|row| &*row.uid == uid).unwrap_or_else(|| Row {
            uid: uid.into(),
            editions: VecDeque::new(),
            bytes: 0,
            noted: 0,
        });
        row.noted = self.notes;
        row.put(edition);
        while self.objects.len() >= Versions::OBJECTS || self.bytes + row.bytes > Versions::BYTES {
            let oldest = self.objects.iter().min_by_key(|(_, row)| row.noted).map(|(key, _)| key.clone());
            let Some(oldest) = oldest else { break };
            self.remove(&oldest);
        }
        self.bytes += row.bytes;
        self.objects.insert(key.clone(), row);
    }

    fn remove(&mut self, key: &ObjectKey) -> Option<Row> {
        let row = self.objects.remove(key)?;
        self.bytes -= row.bytes;
        Some(row)
    }
}

impl Row {
    /// What an object went through on the way to where it is gives way to where it got to.
    fn put(&mut self, mut edition: Edition) {
        while let Some(last) = self.editions.back().filter(|last| edition.replaces(last)) {
            edition.continues(last);
            self.editions.pop_back();
        }
        if let Some(last) = self.editions.back() {
            edition.share(last);
        }
        self.editions.push_back(Arc::new(edition));
        while self.editions.len() > Versions::EACH {
            self.editions.pop_front();
        }
        self.bytes = self.measured();
        while self.bytes > Versions::EACH_BYTES && self.editions.len() > 1 {
            self.editions.pop_front();
            self.bytes = self.measured();
        }
    }

    /// What the versions take: what several of them share is there once.
    fn measured(&self) -> usize {
        let mut counted = HashSet::new();
        self.editions.iter().map(|edition| edition.bytes(&mut counted)).sum()
    }
}

#[cfg(test)]
mod tests;
