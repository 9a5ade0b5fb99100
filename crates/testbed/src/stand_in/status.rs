//! How one write changes a status; pure.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

/// A part of one write.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Change {
    /// The condition is so.
    Is { kind: &'static str, status: &'static str, reason: String, message: String },
    /// The condition is there no more.
    Gone(&'static str),
    /// The condition is as before, and holds for the present generation.
    Seen(&'static str),
    /// All conditions are again what they were.
    Again(Value),
    /// A field of the status.
    Set(&'static str, Value),
    /// A field that vanishes.
    Unset(&'static str),
}

impl Change {
    pub(super) fn is(kind: &'static str, status: &'static str, reason: &str, message: &str) -> Self {
        Self::Is { kind, status, reason: reason.to_owned(), message: message.to_owned() }
    }
}

/// The status after a write; a condition's date changes when anything else about it does.
pub(super) fn changed(status: &Value, changes: &[Change], generation: i64, now: Timestamp) -> Value {
    let mut fields = status.as_object().cloned().unwrap_or_default();
    let mut conditions = fields.get("conditions").and_then(Value::as_array).cloned().unwrap_or_default();
    let before = conditions.clone();
    for change in changes {
        match change {
            Change::Is { kind, status, reason, message } => {
                let new = json!({"type": kind, "status": status, "reason": reason, "message": message,
                    "observedGeneration": generation, "lastTransitionTime": date(now)});
                match conditions.iter_mut().find(|one| one["type"] == *kind) {
                    Some(old) => *old = new,
                    None => conditions.push(new),
                }
            }
            Change::Gone(kind) => conditions.retain(|one| one["type"] != *kind),
            Change::Seen(kind) => {
                if let Some(condition) = conditions.iter_mut().find(|one| one["type"] == *kind) {
                    condition["observedGeneration"] = json!(generation);
                }
            }
            Change::Again(all) => conditions = all.as_array().cloned().unwrap_or_default(),
            Change::Set(field, value) => drop(fields.insert((*field).to_owned(), value.clone())),
            Change::Unset(field) => drop(fields.remove(*field)),
        }
    }
    for condition in &mut conditions {
        if let Some(old) = before.iter().find(|old| is_same(old, condition)) {
            condition["lastTransitionTime"] = old["lastTransitionTime"].clone();
        } else {
            condition["lastTransitionTime"] = json!(date(now));
        }
    }
    conditions.sort_by_key(|condition| match condition["type"].as_str() {
        Some("Reconciling") => 0,
        Some("Stalled") => 1,
        Some("Ready") => 2,
        _ => 3,
    });
    if !conditions.is_empty() || fields.contains_key("conditions") {
        fields.insert("conditions".to_owned(), Value::Array(conditions));
    }
    Value::Object(fields)
}

/// The merge patch from one status to another; `None` if there is nothing to write.
pub(super) fn patch(before: &Value, after: &Value) -> Option<Value> {
    let empty = Map::new();
    let (before, after) = (before.as_object().unwrap_or(&empty), after.as_object().unwrap_or(&empty));
    let mut patch = Map::new();
    for (field, value) in after {
        if before.get(field) != Some(value) {
            patch.insert(field.clone(), value.clone());
        }
    }
    for field in before.keys().filter(|field| !after.contains_key(*field)) {
        patch.insert(field.clone(), Value::Null);
    }
    (!patch.is_empty()).then(|| json!({"status": patch}))
}

/// The condition of a status.
pub(super) fn condition<'a>(status: &'a Value, kind: &str) -> Option<&'a Value> {
    status["conditions"].as_array()?.iter().find(|one| one["type"] == kind)
}

/// What Kubernetes writes: whole seconds.
pub(super) fn date(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

fn is_same(one: &Value, other: &Value) -> bool {
    ["type", "status", "reason", "message"].into_iter().all(|field| one[field] == other[field])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_condition_keeps_its_date_while_nothing_else_about_it_changes() {
        let time = |seconds| Timestamp::from_second(seconds).unwrap();
        let ready = Change::is("Ready", "True", "Succeeded", "well");
        let first = changed(&json!({}), std::slice::from_ref(&ready), 1, time(0));
        let again = changed(&first, &[ready, Change::is("Reconciling", "True", "Progressing", "…")], 2, time(60));
        let other = changed(&again, &[Change::is("Ready", "True", "Succeeded", "better")], 2, time(90));
        let dates = |status: &Value| condition(status, "Ready").map(|one| one["lastTransitionTime"].clone());
        assert_eq!(dates(&again), dates(&first));
        assert_ne!(dates(&other), dates(&first));
        assert_eq!(again["conditions"][0]["type"], "Reconciling", "it comes first");
        assert_eq!(condition(&again, "Ready").unwrap()["observedGeneration"], 2);
    }

    #[test]
    fn a_patch_holds_what_differs_and_removes_what_is_gone() {
        let patch = patch(&json!({"failures": 2, "a": 1, "b": 1}), &json!({"a": 1, "b": 2}));
        assert_eq!(patch, Some(json!({"status": {"b": 2, "failures": null}})));
        assert_eq!(super::patch(&json!({"a": 1}), &json!({"a": 1})), None);
    }
}
