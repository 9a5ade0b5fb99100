use std::{
    sync::atomic::{AtomicU64, AtomicUsize, Ordering},
    time::Duration,
};

/// How much is going on at this moment, in numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Figures {
    /// Sessions that look at something, or did until a moment ago.
    pub sessions: usize,
    /// Lists and watches that run.
    pub feeds: usize,
    /// Rows that are kept.
    pub rows: usize,
}

/// What the desk counts; written by it alone.
#[derive(Debug, Default)]
pub(crate) struct Counted {
    sessions: AtomicUsize,
    feeds: AtomicUsize,
    /// How far apart the surveys of one person are, in seconds.
    survey: AtomicU64,
}

impl Counted {
    pub(crate) fn set(&self, sessions: usize, feeds: usize) {
        self.sessions.store(sessions, Ordering::Relaxed);
        self.feeds.store(feeds, Ordering::Relaxed);
    }

    pub(crate) fn set_survey(&self, apart: Duration) {
        self.survey.store(apart.as_secs(), Ordering::Relaxed);
    }

    /// How far apart the surveys of one person are.
    pub(crate) fn survey(&self) -> Duration {
        Duration::from_secs(self.survey.load(Ordering::Relaxed))
    }

    pub(crate) fn with_rows(&self, rows: usize) -> Figures {
        Figures { sessions: self.sessions.load(Ordering::Relaxed), feeds: self.feeds.load(Ordering::Relaxed), rows }
    }
}
