use serde_json::Value;

use super::{Branch, Cause, Link, Walk, pod::quote, words};
use crate::{
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
        let because = format!("{label} is not bound");
        let (events, gap) = self.events_of(KIND, namespace, name)?;
        let branch = match events.iter().find(|event| event.warning || event.reason == "FailedBinding") {
            Some(event) => {
                let why = format!("{because}: {}", rules::plain(&event.message));
                Branch::new(Cause::Volume, why).then(quote(event))
            }
            None => Branch::new(Cause::Volume, because).gap(gap),
        };
        Some(branch.after(link).command(command))
    }
}
