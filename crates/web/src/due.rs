use std::time::{Duration, SystemTime, UNIX_EPOCH};

use fanlight_identity::Session;

/// When the provider has to confirm an identity, for the script that has it confirmed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Due {
    /// What the script names the identity by: when it runs out, in seconds since 1970.
    pub(crate) identity: u64,
    /// In how many seconds that is, whatever the browser's clock shows.
    pub(crate) left: u64,
}

impl Due {
    /// `None` for those whom no provider vouches for.
    pub(crate) fn of(session: &Session, now: SystemTime) -> Option<Self> {
        let expires = session.expires?;
        let seconds = |since| expires.duration_since(since).unwrap_or(Duration::ZERO).as_secs();
        Some(Self { identity: seconds(UNIX_EPOCH), left: seconds(now) })
    }
}
