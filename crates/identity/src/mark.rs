use std::fmt;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};

use crate::SessionId;

/// A name for a session or a user, by which they can be told from others and not be found. Ids of sessions are random, so
/// nobody can try out which one a mark is of; who guesses a user's name can.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Mark([u8; Mark::BYTES]);

impl Mark {
    const BYTES: usize = 12;

    pub(crate) fn session(id: SessionId) -> Self {
        Self::of(b"the mark of a session", &id.0)
    }

    pub(crate) fn user(name: &str) -> Self {
        Self::of(b"the mark of a user", name.as_bytes())
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        Some(Self(URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()?))
    }

    fn of(what: &[u8], which: &[u8]) -> Self {
        let digest: [u8; 32] = Sha256::new().chain_update(what).chain_update(which).finalize().into();
        let mut mark = [0; Self::BYTES];
        mark.copy_from_slice(&digest[..Self::BYTES]);
        Self(mark)
    }
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(self.0))
    }
}
