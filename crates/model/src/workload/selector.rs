//! Which pods a workload looks for, and which are its own.

use serde_json::Value;

use crate::details::reading::{each, text};

/// The label selector of an object, as Kubernetes writes it in addresses.
pub(crate) fn selector(object: &Value) -> String {
    let selector = &object["spec"]["selector"];
    let equal = selector["matchLabels"].as_object().into_iter().flatten();
    let equal = equal.map(|(key, value)| format!("{key}={}", text(value)));
    let expressed = each(&selector["matchExpressions"]).map(|one| {
        let key = text(&one["key"]);
        let values = each(&one["values"]).map(text).collect::<Vec<_>>().join(",");
        match text(&one["operator"]) {
            "In" => format!("{key} in ({values})"),
            "NotIn" => format!("{key} notin ({values})"),
            "DoesNotExist" => format!("!{key}"),
            _ => key.to_owned(),
        }
    });
    equal.chain(expressed).collect::<Vec<_>>().join(",")
}

/// Whether an object is owned by the one with this `uid`.
pub(crate) fn is_owned(object: &Value, uid: &Value) -> bool {
    uid.is_string() && each(&object["metadata"]["ownerReferences"]).any(|owner| owner["uid"] == *uid)
}

/// The owner that made an object: kind, name and `uid`.
pub(super) fn controller(object: &Value) -> [&str; 3] {
    let owners = || each(&object["metadata"]["ownerReferences"]);
    let owner = owners().find(|owner| owner["controller"] == true).or_else(|| owners().next());
    owner.map_or([""; 3], |owner| ["kind", "name", "uid"].map(|field| text(&owner[field])))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_selector_reads_as_kubernetes_writes_it() {
        let object = json!({"spec": {"selector": {"matchLabels": {"app": "cart"}, "matchExpressions": [
            {"key": "tier", "operator": "In", "values": ["a", "b"]}, {"key": "zone", "operator": "NotIn", "values": ["c"]},
            {"key": "canary", "operator": "DoesNotExist"}, {"key": "team", "operator": "Exists"}]}}});
        assert_eq!(selector(&object), "app=cart,tier in (a,b),zone notin (c),!canary,team");
        assert_eq!(selector(&json!({})), "");
    }

    #[test]
    fn the_owner_that_made_it_is_the_controller_among_several() {
        let owners = json!([{"kind": "Node", "name": "n", "uid": "1"}, {"kind": "Job", "name": "j", "uid": "2", "controller": true}]);
        let object = json!({"metadata": {"ownerReferences": owners}});
        assert_eq!(controller(&object), ["Job", "j", "2"]);
        assert!(is_owned(&object, &json!("1")) && !is_owned(&object, &json!(null)));
        assert_eq!(controller(&json!({})), [""; 3]);
    }
}
