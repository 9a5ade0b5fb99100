use std::sync::atomic::{AtomicUsize, Ordering};

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
}

impl Counted {
    pub(crate) fn set(&self, sessions: usize, feeds: usize) {
        self.sessions.store(sessions, Ordering::Relaxed);
        self.feeds.store(feeds, Ordering::Relaxed);
    }

    pub(crate) fn with_rows(&self, rows: usize) -> Figures {
        Figures { sessions: self.sessions.load(Ordering::Relaxed), feeds: self.feeds.load(Ordering::Relaxed), rows }
    }
}
