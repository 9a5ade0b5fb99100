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
    /// Reads an `EventList`: what is about objects of this API group, in whichever version, since other groups may have
    /// kinds of the same name.
    pub fn read(list: &Value, group: &str) -> Self {
        let is_of_group = |event: &&Value| {
            let version = text(&event["involvedObject"]["apiVersion"]);
            version.split_once('/').map_or("", |(group, _)| group) == group
        };
        let mut entries: Vec<_> = each(&list["items"]).filter(is_of_group).map(EventEntry::read).collect();
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
        let about = |name: &str| json!({"apiVersion": "kustomize.toolkit.fluxcd.io/v1", "name": name});
        let event = |name: &str, time: &str| json!({"involvedObject": about(name), "lastTimestamp": time});
        let items = [
            event("b", "1970-01-01T00:01:00Z"),
            event("c", "1970-01-01T00:02:00Z"),
            event("a", "1970-01-01T00:01:00Z"),
        ];
        let list = json!({"metadata": {"continue": "x"}, "items": items});
        let events = Events::read(&list, "kustomize.toolkit.fluxcd.io");
        let names: Vec<_> = events.entries.iter().map(|entry| &*entry.name).collect();
        assert_eq!(names, ["c", "a", "b"]);
        assert!(events.more && !Events::read(&json!({"items": 7}), "").more);
    }

    #[test]
    fn what_is_about_a_kind_of_the_same_name_in_another_api_group_is_not_told() {
        let event = |version: &str| json!({"involvedObject": {"apiVersion": version, "kind": "Kustomization", "name": version}});
        let ours = ["kustomize.toolkit.fluxcd.io/v1", "kustomize.toolkit.fluxcd.io/v1beta2"];
        let others = ["kustomize.config.k8s.io/v1", "kustomize.toolkit.fluxcd.io.evil.example/v1", "v1", ""];
        let items: Vec<_> = ours.into_iter().chain(others).map(event).chain([json!({"involvedObject": {}})]).collect();
        let events = Events::read(&json!({"items": items}), "kustomize.toolkit.fluxcd.io");
        let names: Vec<_> = events.entries.iter().map(|entry| &*entry.name).collect();
        assert_eq!(names, ours);
    }
}
