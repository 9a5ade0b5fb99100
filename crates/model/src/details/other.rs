use std::sync::Arc;

use serde_json::Value;

use super::{
    ConditionEntry, facts,
    reading::{each, strings, text},
};
use crate::{Kind, Row, State, cut, judge};

/// An object of a kind that is not in the table: what all objects of Flux have in common. Times are seconds since 1970.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtherObject {
    /// Where it lives; empty for objects of cluster-scoped kinds.
    pub namespace: String,
    /// What it is called there.
    pub name: String,
    /// The word for its status.
    pub state: State,
    /// When that began; `None` if nobody wrote it down.
    pub since: Option<i64>,
    /// What a person would say about it.
    pub sentence: String,
    /// The controller's own words, at most [`Row::MESSAGE_LIMIT`] bytes; empty if they say nothing more.
    pub message: String,
    /// When it was created.
    pub created: Option<i64>,
    /// Every condition.
    pub conditions: Vec<ConditionEntry>,
    /// Labels, in the order of their keys.
    pub labels: Vec<(String, String)>,
}

/// Objects of such a kind, as far as they were read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OtherObjects {
    /// The objects, by namespace and name.
    pub objects: Vec<OtherObject>,
    /// Whether there are more.
    pub more: bool,
    /// Where they were listed namespace by namespace: those in which that is not refused, as far as is known.
    pub namespaces: Vec<Arc<str>>,
}

impl OtherObject {
    /// Reads an object as the API server sends it.
    pub fn read(object: &Value) -> Self {
        /// Of the kinds in the table the one that has no words of its own, and is suspended as most are.
        const LIKE: Kind = Kind::TERRAFORM;
        let facts = facts::facts(LIKE, object);
        let judged = judge(&facts);
        // Of an unknown kind nobody can tell whether its controller will ever say anything.
        let mute = judged.state == State::NotReconciled;
        let (state, sentence) = if mute {
            (State::Configured, "No condition says whether it is ready".to_owned())
        } else {
            (judged.state, judged.sentence)
        };
        let metadata = &object["metadata"];
        Self {
            namespace: text(&metadata["namespace"]).to_owned(),
            name: text(&metadata["name"]).to_owned(),
            state,
            since: judged.since,
            sentence,
            message: cut(judged.message, Row::MESSAGE_LIMIT),
            created: facts.created,
            conditions: each(&object["status"]["conditions"])
                .filter(|entry| entry.is_object())
                .map(ConditionEntry::read)
                .collect(),
            labels: strings(&metadata["labels"]),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(spec: &Value, conditions: &Value) -> OtherObject {
        OtherObject::read(&json!({"metadata": {"name": "a", "namespace": "apps",
            "creationTimestamp": "1970-01-01T00:01:00Z"}, "spec": spec, "status": {"conditions": conditions}}))
    }

    #[test]
    fn what_the_conditions_of_an_unknown_kind_say_is_its_status() {
        let ready = |status: &str| json!([{"type": "Ready", "status": status, "reason": "X", "message": "it is so"}]);
        let none = json!({});
        assert_eq!(read(&none, &ready("True")).state, State::Ready);
        let failed = read(&none, &ready("False"));
        assert_eq!((failed.state, &*failed.sentence, failed.conditions.len()), (State::Failed, "It is so", 1));
        assert_eq!(read(&json!({"suspend": true}), &ready("False")).state, State::Suspended);
        let stalled = json!([{"type": "Stalled", "status": "True", "reason": "X", "message": "no way"}]);
        assert_eq!(read(&none, &stalled).state, State::Stalled);
    }

    #[test]
    fn an_object_that_says_nothing_is_not_called_unreconciled_since_nobody_knows_its_controller() {
        for conditions in [json!([]), json!("odd"), json!([{"type": "Odd", "status": "True"}])] {
            let read = read(&json!({}), &conditions);
            assert_eq!((read.state, read.since), (State::Configured, Some(60)), "{conditions}");
        }
    }
}
