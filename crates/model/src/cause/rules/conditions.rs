//! By which of its conditions an object of any kind says what is wrong with it.

use serde_json::Value;

use crate::details::reading::{condition, holding, text};

/// Conditions that nobody wants, the more telling first.
const UNWANTED: [&str; 9] = [
    "Stalled",
    "NotReady",
    "Failed",
    "Failure",
    "Degraded",
    "Error",
    "ReplicaFailure",
    "NamespaceDeletionDiscoveryFailure",
    "NamespaceDeletionContentFailure",
];

/// Conditions that should hold, the more telling first: a reconciliation that fails tells why nothing gets ready.
const WANTED: [&str; 19] = [
    "Synced",
    "LastAsyncOperation",
    "NamesAccepted",
    "Established",
    "AbleToScale",
    "ScalingActive",
    "Accepted",
    "ResolvedRefs",
    "Programmed",
    "ReconcileSucceeded",
    "Reconciled",
    "Valid",
    "Issued",
    "Bound",
    "Initialized",
    "Ready",
    "Available",
    "Healthy",
    "Succeeded",
];

/// The condition of an object that tells best what is wrong with it: one with a message, else one with a reason.
pub(in crate::cause) fn telling(object: &Value) -> Option<&Value> {
    let unwanted = UNWANTED.iter().filter_map(|kind| holding(object, kind));
    let wanted = WANTED.iter().filter_map(|kind| condition(object, kind)).filter(|one| one["status"] != "True");
    let given_up = condition(object, "Progressing").filter(|one| one["reason"] == "ProgressDeadlineExceeded");
    let all: Vec<_> = given_up.into_iter().chain(unwanted).chain(wanted).collect();
    let first = |field: &str| all.iter().find(|one| !text(&one[field]).is_empty()).copied();
    first("message").or_else(|| first("reason"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_condition_that_tells_is_the_one_that_says_something() {
        let told = |conditions: Value| {
            let object = json!({"status": {"conditions": conditions}});
            telling(&object).map(|one| text(&one["type"]).to_owned())
        };
        let condition = |kind: &str, status: &str, reason: &str, message: &str| json!({"type": kind, "status": status, "reason": reason, "message": message});
        let creating = condition("Ready", "False", "Creating", "");
        let refused = condition("Synced", "False", "ReconcileError", "cannot create bucket: access denied");
        assert_eq!(told(json!([creating, refused])).as_deref(), Some("Synced"));
        assert_eq!(told(json!([creating])).as_deref(), Some("Ready"));
        assert_eq!(told(json!([condition("Ready", "True", "Up", "all is well")])), None);
        assert_eq!(told(json!([condition("Degraded", "False", "Fine", "all is well")])), None);
        assert_eq!(told(json!([condition("Exotic", "False", "Who", "knows")])), None);
    }
}
