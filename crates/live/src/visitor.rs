use std::fmt;

use fanlight_model::Identity;
use tokio::time::Instant;

/// Which browser session a visit belongs to, so that signing out ends exactly that session's visits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SessionKey(pub [u8; 16]);

impl fmt::Debug for SessionKey {
    /// Says nothing: a session key is half a credential.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionKey(…)")
    }
}

/// Somebody who looks at a page: a person and the session they are signed in with.
#[derive(Debug, Clone)]
pub struct Visitor {
    /// Whom the API server is told.
    pub identity: Identity,
    /// The session.
    pub session: SessionKey,
    /// When the session ends at the latest; nothing runs in its name after that.
    pub ends: Instant,
}
