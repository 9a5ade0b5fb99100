//! Events (core/v1): what happened to objects lately.

mod entry;
mod filter;
mod log;
mod news;

use serde_json::Value;

pub use entry::EventEntry;
pub use filter::EventFilter;
pub use log::EventLog;
pub use news::EventNews;

use crate::details::reading::{each, text};

/// Events as one answer of the API server has them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Events {
    /// The newest first; of one moment in the order of the objects' names.
    pub entries: Vec<EventEntry>,
    /// Whether there are more than were read.
    pub more: bool,
}

impl Events {
    /// Reads an `EventList`.
    pub fn read(list: &Value) -> Self {
        let mut entries: Vec<_> = each(&list["items"]).map(EventEntry::read).collect();
        entries.sort_by(|a, b| b.last.cmp(&a.last).then_with(|| a.order().cmp(&b.order())));
        Self { entries, more: !text(&list["metadata"]["continue"]).is_empty() }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_newest_come_first_and_an_answer_that_was_cut_says_so() {
        let event = |name: &str, time: &str| json!({"involvedObject": {"name": name}, "lastTimestamp": time});
        let items = [
            event("b", "1970-01-01T00:01:00Z"),
            event("c", "1970-01-01T00:02:00Z"),
            event("a", "1970-01-01T00:01:00Z"),
        ];
        let events = Events::read(&json!({"metadata": {"continue": "x"}, "items": items}));
        let names: Vec<_> = events.entries.iter().map(|entry| &*entry.name).collect();
        assert_eq!(names, ["c", "a", "b"]);
        assert!(events.more && !Events::read(&json!({"items": 7})).more);
    }
}
