use std::{sync::Arc, time::Duration};

use fanlight_model::UserName;
use tokio::time::Instant;

use super::Found;
use crate::{Fingerprint, KeyRing, SourceError, key_ring::Keys};

/// Whether the emergency user could sign in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// Yes.
    Ready,
    /// There is no Secret.
    NotSetUp,
    /// The Secret is of no use; why, without its content.
    Unusable(&'static str),
    /// Kubernetes does not let Fanlight act for the user whom the Secret names.
    Barred,
    /// The Secret cannot be read; why.
    Unreadable(String),
}

/// What is remembered of the Secret between two looks at it.
#[derive(Default)]
pub(super) struct Memory {
    /// When the last look began, or when it failed.
    at: Option<Instant>,
    /// The last answer of the API server, however long ago.
    seen: Option<Seen>,
    /// Why there was no answer at the last look.
    trouble: Option<SourceError>,
    /// The keys at the last look: other ones make other fingerprints.
    keys: Option<Arc<Keys>>,
}

struct Seen {
    standing: Standing,
    user: Option<UserName>,
    /// What sessions that this Secret opened carry.
    fingerprints: Vec<Fingerprint>,
}

impl Memory {
    /// Whether the last look was lately, and under these keys.
    pub(super) fn is_younger(&self, than: Duration, keys: &KeyRing) -> bool {
        let same_keys = self.keys.as_ref().is_some_and(|known| Arc::ptr_eq(known, &keys.current()));
        same_keys && self.at.is_some_and(|at| at.elapsed() < than)
    }

    /// Takes in what a look that began `at` some moment has found, unless a later look is known.
    pub(super) fn learn(&mut self, at: Instant, found: Option<&Found>, keys: &KeyRing) {
        if self.at.is_some_and(|known| known > at) && self.trouble.is_none() {
            return;
        }
        let seen =
            found.map_or(Seen { standing: Standing::NotSetUp, user: None, fingerprints: Vec::new() }, |found| Seen {
                standing: match found.flaw() {
                    Some(flaw) => Standing::Unusable(flaw),
                    None if found.can_be => Standing::Ready,
                    None => Standing::Barred,
                },
                user: found.user.clone().ok(),
                fingerprints: if found.can_be { Fingerprint::all(&found.credential, keys) } else { Vec::new() },
            });
        *self = Self { at: Some(at), seen: Some(seen), trouble: None, keys: Some(keys.current()) };
    }

    /// Takes in that a look failed. What was seen before is kept.
    pub(super) fn fail(&mut self, at: Instant, why: SourceError, keys: &KeyRing) {
        self.at = Some(at);
        self.keys = Some(keys.current());
        self.trouble = Some(why);
    }

    pub(super) fn standing(&self) -> Standing {
        match (&self.trouble, &self.seen) {
            (Some(why), _) => Standing::Unreadable(why.to_string()),
            (None, Some(seen)) => seen.standing.clone(),
            (None, None) => Standing::NotSetUp,
        }
    }

    /// Who the Secret last seen names. Where Fanlight may not read it, nobody signs in by it, whatever it names.
    pub(super) fn user(&self) -> Result<Option<UserName>, SourceError> {
        match (&self.seen, &self.trouble) {
            (Some(seen), _) => Ok(seen.user.clone()),
            (None, Some(trouble @ SourceError::Unanswered(_))) => Err(trouble.clone()),
            (None, _) => Ok(None),
        }
    }

    /// Whether the Secret last seen has this fingerprint. If none was ever seen, nothing is held against the session:
    /// an API server that does not answer shows it nothing either.
    pub(super) fn stands_by(&self, fingerprint: &Fingerprint) -> bool {
        self.seen.as_ref().is_none_or(|seen| seen.fingerprints.contains(fingerprint))
    }
}
