use serde_json::Value;

use crate::{
    Kind, Version, cut,
    details::reading::{seconds, text},
};

/// One Event (core/v1) about an object: what a controller noticed, and how often. Times are seconds since 1970, absent
/// texts are empty.
///
/// Flux's controllers write Events in the old shape (`count`, `firstTimestamp`, `lastTimestamp`), kube-scheduler and
/// others in the new one (`eventTime`, `series`): both are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventEntry {
    /// By what it is known from all others.
    pub id: String,
    /// Its `resourceVersion`.
    pub version: Version,
    /// Which of Flux's kinds it is about; `None` for others, also of the same name.
    pub about: Option<Kind>,
    /// Kind of the object that it is about, whether or not it is one of Flux's.
    pub kind: String,
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// One word on what happened, which need not tell whether that was good.
    pub reason: String,
    /// The controller's words: often one line for each object concerned.
    pub message: String,
    /// Whether it is a warning.
    pub warning: bool,
    /// Which controller wrote it.
    pub from: String,
    /// The revision that it is about.
    pub revision: String,
    /// The revision in Git from which that was made, where it is an OCI artifact.
    pub origin: String,
    /// When it happened first.
    pub first: Option<i64>,
    /// When it happened last.
    pub last: Option<i64>,
    /// How often it happened.
    pub count: u64,
    /// Whether it stands for several that were much alike: its message is that of the last.
    pub combined: bool,
}

impl EventEntry {
    /// The longest message kept, in bytes.
    pub const LIMIT: usize = 4096;
    /// The longest of the other texts kept, in bytes: whoever may create Events chooses them.
    pub const SHORT: usize = 256;

    /// Reads an Event as the API server sends it; what is not understood is left out.
    pub fn read(event: &Value) -> Self {
        const COMBINED: &str = "(combined from similar events): ";
        let about = &event["involvedObject"];
        let series = &event["series"];
        let message = text(&event["message"]);
        let (message, combined) = match message.strip_prefix(COMBINED) {
            Some(message) => (message, true),
            None => (message, false),
        };
        let [first, last, moment, repeated] =
            [&event["firstTimestamp"], &event["lastTimestamp"], &event["eventTime"], &series["lastObservedTime"]]
                .map(seconds);
        // Combined Events have an empty `reportingComponent`.
        let from = [&event["source"]["component"], &event["reportingComponent"]].map(text);
        let metadata = &event["metadata"];
        Self {
            id: id(metadata),
            version: text(&metadata["resourceVersion"]).parse().unwrap_or_default(),
            about: about_flux(text(&about["apiVersion"]), text(&about["kind"])),
            kind: short(text(&about["kind"])),
            namespace: short(text(&about["namespace"])),
            name: short(text(&about["name"])),
            reason: short(text(&event["reason"])),
            message: cut(message.trim_end(), Self::LIMIT),
            warning: event["type"] == "Warning",
            from: short(from.into_iter().find(|name| !name.is_empty()).unwrap_or_default()),
            revision: annotation(&metadata["annotations"], ".fluxcd.io/revision"),
            origin: annotation(&metadata["annotations"], ".fluxcd.io/originRevision"),
            first: first.or(moment),
            last: last.max(repeated).max(moment).max(first).or(seconds(&metadata["creationTimestamp"])),
            count: series["count"].as_u64().or(event["count"].as_u64()).unwrap_or(1).max(1),
            combined,
        }
    }

    /// What orders Events of one moment.
    pub(super) fn order(&self) -> [&str; 4] {
        [&self.kind, &self.namespace, &self.name, &self.reason]
    }
}

/// The object's `uid`, of which only what may stand between quotes and spaces is taken.
fn id(metadata: &Value) -> String {
    const LONGEST: usize = 64;
    let plain = |letter: &char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '.');
    text(&metadata["uid"]).chars().filter(plain).take(LONGEST).collect()
}

/// Names of kinds are not Flux's alone: it is the group that tells.
fn about_flux(api_version: &str, kind: &str) -> Option<Kind> {
    let group = api_version.split_once('/').map_or(api_version, |(group, _)| group);
    Kind::by_name(kind).filter(|kind| group.is_empty() || kind.info().group == group)
}

/// The annotations that name revisions begin with the API group of whatever the Event is about.
fn annotation(annotations: &Value, end: &str) -> String {
    let mut all = annotations.as_object().into_iter().flatten();
    let found = all.find(|(name, _)| name.ends_with(end));
    found.map_or(String::new(), |(_, value)| short(text(value)))
}

fn short(text: &str) -> String {
    cut(text, EventEntry::SHORT)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_event_in_the_old_shape_says_how_often_it_happened_and_at_which_revision() {
        let entry = EventEntry::read(&json!({
            "metadata": {"annotations": {"kustomize.toolkit.fluxcd.io/revision": "main@sha1:aa", "other": "b",
                "kustomize.toolkit.fluxcd.io/originRevision": "main@sha1:bb"}},
            "involvedObject": {"kind": "Kustomization", "namespace": "apps", "name": "shop"},
            "type": "Warning", "reason": "HealthCheckFailed", "message": "timed out\n", "count": 14,
            "firstTimestamp": "1970-01-01T00:01:00Z", "lastTimestamp": "1970-01-01T00:02:00Z", "eventTime": null,
            "source": {"component": "kustomize-controller"}, "reportingComponent": "",
        }));
        assert_eq!((entry.first, entry.last, entry.count), (Some(60), Some(120), 14));
        assert_eq!(
            (&*entry.from, &*entry.revision, &*entry.message),
            ("kustomize-controller", "main@sha1:aa", "timed out")
        );
        assert_eq!(entry.origin, "main@sha1:bb");
        assert!(entry.warning && !entry.combined);
    }

    #[test]
    fn an_event_in_the_new_shape_says_so_too() {
        let entry = EventEntry::read(&json!({
            "type": "Normal", "eventTime": "1970-01-01T00:01:00.123456Z", "firstTimestamp": null, "lastTimestamp": null,
            "series": {"count": 3, "lastObservedTime": "1970-01-01T00:05:00.5Z"}, "reportingComponent": "default-scheduler",
        }));
        assert_eq!((entry.first, entry.last, entry.count), (Some(60), Some(300), 3));
        assert_eq!((&*entry.from, entry.warning), ("default-scheduler", false));
    }

    #[test]
    fn events_that_were_combined_say_so_apart_from_the_message() {
        let entry =
            EventEntry::read(&json!({"message": "(combined from similar events): path not found", "count": 30}));
        assert_eq!((&*entry.message, entry.combined, entry.count), ("path not found", true, 30));
    }

    #[test]
    fn no_event_is_too_odd_and_none_is_endless() {
        for odd in [json!(null), json!(7), json!([]), json!({"message": 1, "count": "x", "series": 3, "metadata": []})]
        {
            assert_eq!(EventEntry::read(&odd).count, 1);
        }
        let long = "x".repeat(1 << 18);
        let entry = EventEntry::read(&json!({
            "metadata": {"uid": long, "annotations": {"kustomize.toolkit.fluxcd.io/revision": long}},
            "involvedObject": {"kind": long, "namespace": long, "name": long},
            "reason": long, "message": long, "source": {"component": long},
        }));
        assert_eq!(entry.message.len(), EventEntry::LIMIT);
        for text in [entry.kind, entry.namespace, entry.name, entry.reason, entry.from, entry.revision] {
            assert_eq!(text.len(), EventEntry::SHORT);
        }
        assert!(entry.id.len() <= EventEntry::SHORT);
    }
}
