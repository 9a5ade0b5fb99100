//! What the status of an object says, by the rules of kstatus, the library by which Flux's controllers decide whether what they
//! applied is healthy: <https://github.com/kubernetes-sigs/cli-utils/tree/master/pkg/kstatus>.
//!
//! In two places more is said than there: what a container waits for in vain is a failure at once, and kinds that never have a status
//! are told apart from those that are ready.

mod other;

use serde_json::Value;

use crate::{
    Pod, State, WorkloadKind,
    details::reading::{holding, words},
    workload::health::standing,
};

/// How an object is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Health {
    /// The word.
    pub(crate) state: State,
    /// What else there is to say; may be empty.
    pub(crate) note: String,
}

impl Health {
    fn new(state: State, note: impl Into<String>) -> Self {
        Self { state, note: note.into() }
    }

    fn ready(note: impl Into<String>) -> Self {
        Self::new(State::Ready, note)
    }

    fn progressing(note: impl Into<String>) -> Self {
        Self::new(State::Progressing, note)
    }

    fn failed(note: impl Into<String>) -> Self {
        Self::new(State::Failed, note)
    }
}

/// How an object of Kubernetes itself, or of a kind that nobody here knows, is.
pub(crate) fn health(group: &str, kind: &str, object: &Value) -> Health {
    if let Some(workload) = WorkloadKind::by_group_and_name(group, kind) {
        let (state, note) = standing(workload, object);
        return Health { state, note };
    }
    if object["metadata"]["deletionTimestamp"].is_string() {
        return Health::new(State::Deleting, "");
    }
    let generation = object["metadata"]["generation"].as_i64();
    let observed = object["status"]["observedGeneration"].as_i64();
    if let (Some(generation), Some(observed)) = (generation, observed)
        && observed != generation
    {
        return Health::progressing("its controller has not looked at the last change yet");
    }
    if let Some(moving) = holding(object, "Reconciling") {
        return Health::progressing(words(moving));
    }
    if let Some(stalled) = holding(object, "Stalled") {
        return Health::new(State::Stalled, words(stalled));
    }
    match (group, kind) {
        ("apps", "ReplicaSet") => other::replica_set(object),
        ("", "Pod") => pod(object),
        ("", "PersistentVolumeClaim") => other::claim(object),
        ("", "Service") => other::service(object),
        ("policy", "PodDisruptionBudget") => other::budget(object),
        ("apiextensions.k8s.io", "CustomResourceDefinition") => other::definition(object),
        _ => other::any(object),
    }
}

/// A pod, as its own page says it.
fn pod(object: &Value) -> Health {
    let pod = Pod::read(object);
    let often = match pod.restarts() {
        0 => String::new(),
        1 => "restarted once".to_owned(),
        many => format!("restarted {many} times"),
    };
    let said = [&*pod.word, &*often, &*pod.sentence].into_iter().filter(|part| !part.is_empty());
    Health::new(pod.state, said.collect::<Vec<_>>().join(", "))
}

/// A number, or none where there is something else.
fn number(value: &Value) -> i64 {
    value.as_i64().unwrap_or_default()
}

#[cfg(test)]
mod tests;
