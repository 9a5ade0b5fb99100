use std::sync::{Arc, PoisonError, RwLock};

use base64::{Engine, engine::general_purpose::STANDARD};
use cookie::Key;
use rand::Rng;
use zeroize::Zeroizing;

/// The keys that seal sessions: one seals, all open. Replicas share them by mounting the same files, and they may be
/// replaced while the server runs.
pub struct KeyRing(RwLock<Arc<Keys>>);

/// The keys of one moment, in the order in which they were listed.
pub(crate) struct Keys {
    listed: Vec<Key>,
    /// The place of the one that seals.
    sealing: usize,
}

/// A text with keys in it: a file, or one key of a Secret.
pub struct KeyText<'a> {
    /// What errors call it.
    pub name: &'a str,
    /// Base64, one key a line.
    pub text: &'a str,
}

/// What became of new keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeysTaken {
    /// The first of them seals from now on.
    Sealing,
    /// The first of them is new: it opens from now on, and seals after [`KeyRing::promote`]. Other replicas need a
    /// moment to take it up, and could not open before what it seals.
    Opening,
}

/// Why keys were not accepted. Never says anything of their content.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyRingError {
    /// A line is not base64 of at least 32 bytes.
    #[error("line {line} of {name} is not base64 of at least 32 bytes")]
    Line {
        /// The text that it is in.
        name: String,
        /// Counted from one.
        line: usize,
    },
    /// There is no key at all.
    #[error("the session key file has no key")]
    Empty,
    /// There are so many that trying them all would take too long.
    #[error("there are more than {most} session keys; take away the oldest", most = KeyRing::MOST)]
    TooMany,
}

impl KeyRing {
    const LEAST: usize = 32;
    /// What nobody sealed is tried with each of them.
    const MOST: usize = 16;

    /// A ring with one new key, good for as long as the process lives.
    pub fn random() -> Self {
        let mut key = Zeroizing::new([0; 64]);
        rand::rng().fill_bytes(&mut *key);
        Self::of(vec![Key::derive_from(&*key)])
    }

    /// Reads one base64 key a line; the first seals.
    pub fn from_text(text: &str) -> Result<Self, KeyRingError> {
        Self::from_texts(&[KeyText { name: "the session key file", text }])
    }

    /// Reads all of the texts; the first key of the first seals.
    pub fn from_texts(texts: &[KeyText<'_>]) -> Result<Self, KeyRingError> {
        Ok(Self::of(parse(texts)?))
    }

    /// Replaces the keys. If the first one was not known so far, the one that seals goes on sealing for a while, unless
    /// it is no longer there. If the texts are of no use, everything stays as it is.
    pub fn replace(&self, texts: &[KeyText<'_>]) -> Result<KeysTaken, KeyRingError> {
        let listed = parse(texts)?;
        let before = self.current();
        let is_known = listed.first().is_some_and(|first| before.listed.contains(first));
        let former = listed.iter().position(|key| Some(key) == before.listed.get(before.sealing));
        let (sealing, taken) = match former {
            Some(place) if !is_known => (place, KeysTaken::Opening),
            _ => (0, KeysTaken::Sealing),
        };
        self.put(Keys { listed, sealing });
        Ok(taken)
    }

    /// Lets the first key seal.
    pub fn promote(&self) {
        let listed = self.current().listed.clone();
        self.put(Keys { listed, sealing: 0 });
    }

    /// The keys as they are at this moment.
    pub(crate) fn current(&self) -> Arc<Keys> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn of(listed: Vec<Key>) -> Self {
        Self(RwLock::new(Arc::new(Keys { listed, sealing: 0 })))
    }

    fn put(&self, keys: Keys) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(keys);
    }
}

impl Keys {
    /// The key that seals.
    pub(crate) fn seals(&self) -> &Key {
        // There is at least one, and `sealing` is the place of one.
        &self.listed[self.sealing]
    }

    /// The keys that open: all of them, the one that seals first.
    pub(crate) fn opens(&self) -> impl Iterator<Item = &Key> {
        let (before, from) = self.listed.split_at(self.sealing);
        let (seals, after) = from.split_at(1);
        seals.iter().chain(before).chain(after)
    }

    /// A key for message authentication that all replicas derive alike.
    pub(crate) fn signing(&self) -> &[u8] {
        self.seals().signing()
    }

    /// The keys under which messages may have been authenticated.
    pub(crate) fn all_signing(&self) -> impl Iterator<Item = &[u8]> {
        self.opens().map(Key::signing)
    }
}

fn parse(texts: &[KeyText<'_>]) -> Result<Vec<Key>, KeyRingError> {
    let mut keys: Vec<Key> = Vec::new();
    for KeyText { name, text } in texts {
        for (text, line) in text.lines().map(str::trim).zip(1..).filter(|(text, _)| !text.is_empty()) {
            let refused = || KeyRingError::Line { name: (*name).to_owned(), line };
            let key = Zeroizing::new(STANDARD.decode(text).map_err(|_| refused())?);
            if key.len() < KeyRing::LEAST {
                return Err(refused());
            }
            let key = Key::derive_from(&key);
            if !keys.contains(&key) {
                keys.push(key);
            }
        }
    }
    match keys.len() {
        0 => Err(KeyRingError::Empty),
        1..=KeyRing::MOST => Ok(keys),
        _ => Err(KeyRingError::TooMany),
    }
}

#[cfg(test)]
mod tests;
