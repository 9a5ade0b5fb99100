use tokio::time::Instant;

use super::{Audit, Event, Page, Seen, Who};
use crate::request::Origin;

/// An open stream in the account: its end is written down however it comes about, also when the browser just vanishes.
pub(crate) struct Stay {
    audit: Audit,
    origin: Origin,
    who: Who,
    page: Page,
    seen: Seen,
    began: Instant,
}

impl Stay {
    /// Writes down that the stream is open.
    pub(crate) fn begin(audit: &Audit, origin: Origin, who: Who, page: Page, seen: Seen) -> Self {
        audit.note(origin, &who, &Event::StreamOpened { page, seen: seen.clone() });
        Self { audit: audit.clone(), origin, who, page, seen, began: Instant::now() }
    }
}

impl Drop for Stay {
    fn drop(&mut self) {
        let (page, seen, seconds) = (self.page, std::mem::take(&mut self.seen), self.began.elapsed().as_secs());
        self.audit.note(self.origin, &self.who, &Event::StreamClosed { page, seen, seconds });
    }
}
