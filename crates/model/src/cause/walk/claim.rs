use serde_json::Value;

use super::{Branch, Cause, Link, Lookup, Sight, Walk, words};
use crate::{
    Events,
    cause::rules,
    details::reading::{seconds, text},
};

impl Walk<'_> {
    /// Why a `PersistentVolumeClaim` is not bound.
    pub(super) fn claim(&mut self, claim: &Value) -> Option<Branch> {
        const KIND: &str = "PersistentVolumeClaim";
        let metadata = &claim["metadata"];
        let (namespace, name) = (text(&metadata["namespace"]), text(&metadata["name"]));
        let phase = text(&claim["status"]["phase"]);
        if phase == "Bound" {
            return None;
        }
        let label = words::labelled(KIND, namespace, name);
        let said = if phase.is_empty() { "Not bound".to_owned() } else { format!("Not bound: {phase}") };
        let link = Link::new(KIND, namespace, name, said).since(seconds(&metadata["creationTimestamp"]));
        let command = words::command(&["kubectl", "describe", "persistentvolumeclaim", name, "--namespace", namespace]);
        let lookup = Lookup::Events { kind: KIND.to_owned(), namespace: namespace.to_owned(), name: name.to_owned() };
        let because = format!("{label} is not bound");
        let (events, gap) = match self.see(lookup)? {
            Sight::There(list) => (Events::read(list, ""), None),
            Sight::Missing => (Events::default(), None),
            Sight::Hidden(gap) => (Events::default(), Some(gap)),
        };
        let wanting = events
            .entries
            .iter()
            .find(|event| event.name == name && (event.warning || event.reason == "FailedBinding"));
        let branch = match wanting {
            Some(event) => {
                let quote = Link::quote("Event", event.message.clone()).since(event.last);
                let why = format!("{because}: {}", rules::plain(&event.message));
                Branch::new(Cause::Volume, why).then(Link { count: event.count, ..quote })
            }
            None => Branch::new(Cause::Volume, because).gap(gap),
        };
        Some(branch.after(link).command(command))
    }
}
