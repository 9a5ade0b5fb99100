use std::{fmt, time::SystemTime};

use fanlight_model::{Identity, Token};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{Fingerprint, mark::Mark};

/// Somebody who is signed in.
#[derive(Debug, Clone)]
pub struct Session {
    /// Its number.
    pub id: SessionId,
    /// Whom the API server is told.
    pub identity: Identity,
    /// How they signed in.
    pub method: Method,
    /// When they signed in.
    pub started: SystemTime,
    /// When it ends, whatever happens.
    pub ends: SystemTime,
    /// When it ends unless another page is opened before.
    pub idle_ends: SystemTime,
    /// When the identity runs out and has to be confirmed by the provider; never for the emergency user.
    pub expires: Option<SystemTime>,
    /// Whether the identity has run out, and is accepted for this last minute only.
    pub stale: bool,
    /// The Secret that opened it, for the emergency user.
    pub fingerprint: Option<Fingerprint>,
}

impl Session {
    /// What somebody has who did not sign in: their requests bring a token, or nobody has to.
    pub fn unopened(id: SessionId, identity: Identity, method: Method, started: SystemTime, ends: SystemTime) -> Self {
        let idle_ends = ends;
        Self { id, identity, method, started, ends, idle_ends, expires: None, stale: false, fingerprint: None }
    }
}

/// The number of a session: random, and not printed, since it names somebody's live session.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct SessionId(pub [u8; 16]);

impl SessionId {
    /// A name for the session by which it can be told from others and not be found.
    pub fn mark(&self) -> String {
        Mark::session(*self).to_string()
    }
}

impl SessionId {
    /// The same for all requests that bring a token; the token cannot be found from it.
    pub fn of_token(token: &Token) -> Self {
        let digest: [u8; 32] =
            Sha256::new().chain_update(b"the session of a token").chain_update(token.digest()).finalize().into();
        let mut id = Self([0; 16]);
        id.0.copy_from_slice(&digest[..16]);
        id
    }
}

impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionId(…)")
    }
}

/// How somebody signed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Method {
    /// As the emergency user.
    Emergency,
    /// At the identity provider.
    Oidc,
    /// Not at all: each request brings an ID token of the provider's.
    IdToken,
    /// Not at all: each request brings a token that the API server takes.
    Token,
    /// Not at all, and nobody has to: everybody is the same user.
    Anonymous,
}

impl Method {
    /// Whether a session in the browser stands behind it.
    pub fn is_session(self) -> bool {
        matches!(self, Method::Emergency | Method::Oidc)
    }
}

/// Why a request has no session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoSession {
    /// It brings none.
    #[error("not signed in")]
    Absent,
    /// What it brings was not sealed here.
    #[error("the session was not opened here")]
    Broken,
    /// Its time is over.
    #[error("the session has ended")]
    Ended,
    /// Nothing was done for too long.
    #[error("the session was idle for too long")]
    Idle,
    /// The provider has not confirmed the identity in time: a silent round at the provider can.
    #[error("the identity has to be confirmed by the provider")]
    RunOut,
}
