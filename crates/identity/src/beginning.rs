use std::time::SystemTime;

/// When a session begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Beginning {
    /// When it is opened: from here on it is counted how long it lasts.
    pub(crate) now: SystemTime,
    /// What it is dated with: later than that where everything up to a moment to come was ended.
    pub(crate) dated: SystemTime,
}

impl From<SystemTime> for Beginning {
    fn from(now: SystemTime) -> Self {
        Self { now, dated: now }
    }
}
