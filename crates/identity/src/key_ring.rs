use std::{cmp::Reverse, sync::Arc, time::Duration};

use base64::{Engine, engine::general_purpose::STANDARD};
use cookie::Key;
use rand::Rng;
use tokio::{sync::watch, time::Instant};
use zeroize::Zeroizing;

/// The keys that seal sessions: one seals, all open. Replicas share them by mounting the same files, and they may be
/// replaced while the server runs.
///
/// Replicas read a changed file one after the other, so what is sealed with a key must not be met by one that has not read
/// it yet. Therefore the first key seals that this replica has known for [`SPREAD`](Self::SPREAD): whatever else changes
/// meanwhile, all have read it by then. While there is none (after a start nobody can tell how long the keys have been
/// there), it is the one known longest, and of those known equally long the last one listed: new keys come first, so that
/// is the oldest. A key that is alone seals at once.
pub struct KeyRing(watch::Sender<Arc<Keys>>);

/// The keys of one moment, in the order in which they were listed.
pub(crate) struct Keys {
    listed: Vec<Listed>,
    /// The place of the one that seals.
    sealing: usize,
}

/// A key, and since when this replica has known it.
#[derive(Clone)]
struct Listed {
    key: Key,
    since: Instant,
}

/// A text with keys in it: a file, or one key of a Secret.
pub struct KeyText<'a> {
    /// What errors call it.
    pub name: &'a str,
    /// Base64, one key a line.
    pub text: &'a str,
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
    /// For how long a new key only opens: replicas get a changed Secret one after the other, each within a minute or two.
    pub const SPREAD: Duration = Duration::from_secs(300);
    const LEAST: usize = 32;
    /// What nobody sealed is tried with each of them.
    const MOST: usize = 16;

    /// A ring with one new key, good for as long as the process lives.
    pub fn random() -> Self {
        let mut key = Zeroizing::new([0; 64]);
        rand::rng().fill_bytes(&mut *key);
        Self::of(Keys::new(vec![Listed { key: Key::derive_from(&*key), since: Instant::now() }], Instant::now()))
    }

    /// Reads one base64 key a line, the newest first; they are known from now on.
    pub fn from_text(text: &str) -> Result<Self, KeyRingError> {
        Self::from_texts(&[KeyText { name: "the session key file", text }], Instant::now())
    }

    /// Reads all of the texts, the newest first; they are known from `now` on.
    pub fn from_texts(texts: &[KeyText<'_>], now: Instant) -> Result<Self, KeyRingError> {
        let listed = parse(texts)?.into_iter().map(|key| Listed { key, since: now }).collect();
        Ok(Self::of(Keys::new(listed, now)))
    }

    /// Replaces the keys. Those that are new open from now on, and seal when their turn comes: see
    /// [`settle`](Self::settle). If the texts are of no use, everything stays as it is.
    pub fn replace(&self, texts: &[KeyText<'_>], now: Instant) -> Result<(), KeyRingError> {
        let before = self.current();
        let since = |key: &Key| before.listed.iter().find(|known| known.key == *key).map_or(now, |known| known.since);
        let listed = parse(texts)?.into_iter().map(|key| Listed { since: since(&key), key }).collect();
        self.0.send_replace(Arc::new(Keys::new(listed, now)));
        Ok(())
    }

    /// Lets that key seal whose turn it is; whether it is another one than before.
    pub fn settle(&self, now: Instant) -> bool {
        self.0.send_if_modified(|keys| {
            let sealing = turn(&keys.listed, now);
            let is_other = sealing != keys.sealing;
            if is_other {
                *keys = Arc::new(Keys { listed: keys.listed.clone(), sealing });
            }
            is_other
        })
    }

    /// How long it takes until the first key seals.
    pub fn seals_in(&self, now: Instant) -> Duration {
        let keys = self.current();
        let first = keys.listed.first().filter(|_| keys.sealing > 0);
        first.map_or(Duration::ZERO, |first| (first.since + Self::SPREAD).saturating_duration_since(now))
    }

    /// The keys as they are at this moment.
    pub(crate) fn current(&self) -> Arc<Keys> {
        Arc::clone(&self.0.borrow())
    }

    /// Wakes when there are others, or another one seals.
    pub(crate) fn news(&self) -> watch::Receiver<Arc<Keys>> {
        self.0.subscribe()
    }

    fn of(keys: Keys) -> Self {
        Self(watch::Sender::new(Arc::new(keys)))
    }
}

impl Keys {
    fn new(listed: Vec<Listed>, now: Instant) -> Self {
        Self { sealing: turn(&listed, now), listed }
    }

    /// The key that seals.
    pub(crate) fn seals(&self) -> &Key {
        // There is at least one, and `sealing` is the place of one.
        &self.listed[self.sealing].key
    }

    /// The keys that open: all of them, the one that seals first.
    pub(crate) fn opens(&self) -> impl Iterator<Item = &Key> {
        let (before, from) = self.listed.split_at(self.sealing);
        let (seals, after) = from.split_at(1);
        seals.iter().chain(before).chain(after).map(|known| &known.key)
    }

    /// A key for message authentication that all replicas derive alike.
    pub(crate) fn signing(&self) -> &[u8] {
        self.seals().signing()
    }

    /// The keys under which messages may have been authenticated.
    pub(crate) fn all_signing(&self) -> impl Iterator<Item = &[u8]> {
        self.opens().map(Key::signing)
    }

    /// Those of them that are listed before the one that seals, and so are newer.
    pub(crate) fn newer_signing(&self) -> impl Iterator<Item = &[u8]> {
        self.listed[..self.sealing].iter().map(|known| known.key.signing())
    }

    /// Those that are listed after the one that seals, and so are older.
    pub(crate) fn older_signing(&self) -> impl Iterator<Item = &[u8]> {
        self.listed[self.sealing + 1..].iter().map(|known| known.key.signing())
    }
}

/// The place of the key whose turn to seal it is.
fn turn(listed: &[Listed], now: Instant) -> usize {
    let is_everywhere = |known: &Listed| now.saturating_duration_since(known.since) >= KeyRing::SPREAD;
    let oldest = || listed.iter().enumerate().min_by_key(|(place, known)| (known.since, Reverse(*place)));
    let sealing = listed.iter().position(is_everywhere).or_else(|| oldest().map(|(place, _)| place));
    sealing.unwrap_or_default()
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
