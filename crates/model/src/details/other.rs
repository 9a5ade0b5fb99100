use std::sync::Arc;

use serde_json::Value;

use super::{
    ConditionEntry, facts,
    reading::{each, seconds, strings, text},
};
use crate::{
    Applier, Kind, ObjectKey, OtherKind, Row, State, cut, judge, status::words::capitalised, tree::health::health,
    workload::images::images,
};

/// An object of a kind that is not in the table: what all objects have in common, and those of Flux. Times are seconds since
/// 1970.
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
    /// The object of Flux that applied it, as far as its labels say.
    pub applier: Option<ObjectKey>,
    /// The images of its containers, if it has any.
    pub images: Vec<String>,
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
    /// Reads an object of this group and kind as the API server sends it: of Flux's groups by the conventions of Flux, of
    /// others by the rules of kstatus.
    pub fn read(group: &str, kind: &str, object: &Value) -> Self {
        let metadata = &object["metadata"];
        let (state, since, sentence, message) =
            if OtherKind::is_of_flux(group) { Self::judged(object) } else { Self::standing(group, kind, object) };
        Self {
            namespace: text(&metadata["namespace"]).to_owned(),
            name: text(&metadata["name"]).to_owned(),
            state,
            since,
            sentence,
            message,
            created: seconds(&metadata["creationTimestamp"]),
            conditions: each(&object["status"]["conditions"])
                .filter(|entry| entry.is_object())
                .map(ConditionEntry::read)
                .collect(),
            labels: strings(&metadata["labels"]),
            applier: Applier::key(&metadata["labels"]),
            images: images(object),
        }
    }

    /// What the conditions say by which Flux's controllers tell how an object is.
    fn judged(object: &Value) -> (State, Option<i64>, String, String) {
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
        (state, judged.since, sentence, cut(judged.message, Row::MESSAGE_LIMIT))
    }

    /// What kstatus says of an object, which tells no time.
    fn standing(group: &str, kind: &str, object: &Value) -> (State, Option<i64>, String, String) {
        let health = health(group, kind, object);
        let sentence = match (health.state, &*health.note) {
            (State::Configured, "") => "It is there; its kind has no status".to_owned(),
            (State::Ready, "") => "It is as it should be".to_owned(),
            (State::Deleting, "") => "It is being deleted".to_owned(),
            (_, note) => cut(&capitalised(note), Row::MESSAGE_LIMIT),
        };
        (health.state, None, sentence, String::new())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(spec: &Value, conditions: &Value) -> OtherObject {
        let object = json!({"metadata": {"name": "a", "namespace": "apps",
            "creationTimestamp": "1970-01-01T00:01:00Z"}, "spec": spec, "status": {"conditions": conditions}});
        OtherObject::read("acme.fluxcd.io", "Gizmo", &object)
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

    #[test]
    fn an_object_of_kubernetes_is_told_by_kstatus_with_who_applied_it_and_what_it_runs() {
        let labels =
            json!({"kustomize.toolkit.fluxcd.io/name": "shop", "kustomize.toolkit.fluxcd.io/namespace": "apps"});
        let metadata = json!({"name": "a", "namespace": "apps", "labels": labels});
        let map = OtherObject::read("", "ConfigMap", &json!({"metadata": metadata, "data": {"a": "b"}}));
        assert_eq!((map.state, &*map.sentence), (State::Configured, "It is there; its kind has no status"));
        assert_eq!(map.applier, Some(ObjectKey::new(Kind::KUSTOMIZATION, "apps", "shop")));
        let claim = json!({"metadata": metadata, "status": {"phase": "Lost"}});
        let claim = OtherObject::read("", "PersistentVolumeClaim", &claim);
        assert_eq!((claim.state, &*claim.sentence), (State::Failed, "Its volume is gone"));
        let gone = json!({"metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z"}});
        assert_eq!(OtherObject::read("", "ConfigMap", &gone).sentence, "It is being deleted");
        let custom = json!({"spec": {"template": {"spec": {"containers": [{"image": "web:1"}]}}},
            "status": {"conditions": [{"type": "Ready", "status": "True"}]}});
        let custom = OtherObject::read("acme.example", "Rollout", &custom);
        assert_eq!((custom.state, &custom.images[..]), (State::Ready, &["web:1".to_owned()][..]));
    }
}
