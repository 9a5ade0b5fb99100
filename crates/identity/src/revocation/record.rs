//! The ledger as text, one line for each thing that it says:
//!
//! ```text
//! session <mark> <mark of its user> <started> <ends> <MAC>
//! user <mark> <up to which moment> <MAC>
//! all <up to which moment> <MAC>
//! ```

use std::collections::HashMap;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;

use super::ledger::{EndedSession, Entry, Ledger};
use crate::{KeyRing, mark::Mark};

/// What a text says.
#[derive(Debug, Default)]
pub(super) struct Parsed {
    /// What was authenticated under one of our keys.
    pub(super) ledger: Ledger,
    /// What of that is not over and authenticated under a key older than the one that seals: it would say nothing any more
    /// once that is taken away.
    pub(super) older: Ledger,
    /// Lines authenticated under a newer key, by what they say: a replica whose newer key seals already wrote them.
    newer: HashMap<String, String>,
    /// Lines that look right and are authenticated under no key of ours: another replica may have a newer one.
    foreign: Vec<String>,
}

const TITLE: &str = "# Sessions that were ended before their time, as Fanlight writes them down. Lines that it did not write count for nothing.";
/// Longer lines are nobody's.
const LONGEST: usize = 160;
/// So many lines of others are kept: there is a moment in which replicas have different keys, and no more.
const FOREIGN: usize = 100;

/// Reads a text. What is in it can have been written by anybody: what no key of ours authenticates says nothing.
pub(super) fn parse(text: &str, keys: &KeyRing, now: u64) -> Parsed {
    let keys = keys.current();
    let mut parsed = Parsed::default();
    let lines = text.lines().take(2 * (Ledger::MOST + FOREIGN)).filter(|line| line.len() <= LONGEST);
    for (line, said, mac) in lines.filter_map(|line| line.rsplit_once(' ').map(|(said, mac)| (line, said, mac))) {
        let Some(entry) = entry(said) else { continue };
        let Ok(mac) = URL_SAFE_NO_PAD.decode(mac) else { continue };
        let by = |key: &[u8]| bool::from(authenticate(key, said).as_slice().ct_eq(&mac));
        if by(keys.signing()) {
            parsed.ledger.add(entry);
        } else if keys.newer_signing().any(by) {
            parsed.ledger.add(entry);
            parsed.newer.insert(said.to_owned(), line.to_owned());
        } else if keys.older_signing().any(by) {
            parsed.ledger.add(entry);
            parsed.older.add(entry);
        } else if parsed.foreign.len() < FOREIGN && matters(&entry, now) {
            parsed.foreign.push(line.to_owned());
        }
    }
    parsed.older.tidy(now);
    parsed
}

/// The text that says what `ledger` says, and what others said in `before`. What is said there under a newer key stays so.
pub(super) fn write(ledger: &Ledger, before: &Parsed, keys: &KeyRing) -> String {
    let keys = keys.current();
    let mut lines: Vec<_> = ledger
        .entries()
        .map(|entry| {
            let said = said(&entry);
            let authenticated = || {
                let mac = URL_SAFE_NO_PAD.encode(authenticate(keys.signing(), &said));
                format!("{said} {mac}")
            };
            before.newer.get(&said).cloned().unwrap_or_else(authenticated)
        })
        .chain(before.foreign.iter().cloned())
        .collect();
    lines.sort_unstable();
    format!("{TITLE}\n{}\n", lines.join("\n"))
}

/// Whether a line of others is worth to be kept.
fn matters(entry: &Entry, now: u64) -> bool {
    const LATELY: u64 = 24 * 3600;
    let moment = match entry {
        Entry::Session(_, session) => session.ends,
        Entry::User(_, before) | Entry::All(before) => before.saturating_add(LATELY),
    };
    moment > now
}

fn said(entry: &Entry) -> String {
    match entry {
        Entry::Session(mark, EndedSession { user, started, ends }) => format!("session {mark} {user} {started} {ends}"),
        Entry::User(mark, before) => format!("user {mark} {before}"),
        Entry::All(before) => format!("all {before}"),
    }
}

fn entry(said: &str) -> Option<Entry> {
    let words: Vec<_> = said.split(' ').collect();
    let number = |word: &str| word.parse::<u64>().ok();
    Some(match words[..] {
        ["session", mark, user, started, ends] => {
            let session = EndedSession { user: Mark::parse(user)?, started: number(started)?, ends: number(ends)? };
            Entry::Session(Mark::parse(mark)?, session)
        }
        ["user", mark, before] => Entry::User(Mark::parse(mark)?, number(before)?),
        ["all", before] => Entry::All(number(before)?),
        _ => return None,
    })
}

fn authenticate(key: &[u8], said: &str) -> [u8; 16] {
    #[expect(clippy::expect_used, reason = "HMAC takes keys of any length (RFC 2104)")]
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("a key");
    // Nothing else that is authenticated under these keys begins like this.
    mac.update(b"ended sessions\n");
    mac.update(said.as_bytes());
    let whole: [u8; 32] = mac.finalize().into_bytes().into();
    let mut half = [0; 16];
    half.copy_from_slice(&whole[..16]);
    half
}

#[cfg(test)]
mod tests;
