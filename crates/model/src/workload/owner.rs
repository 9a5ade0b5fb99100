//! What owns an object.

use serde_json::Value;

use crate::details::reading::{each, text};

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
    fn the_owner_that_made_it_is_the_controller_among_several() {
        let owners = json!([{"kind": "Node", "name": "n", "uid": "1"}, {"kind": "Job", "name": "j", "uid": "2", "controller": true}]);
        let object = json!({"metadata": {"ownerReferences": owners}});
        assert_eq!(controller(&object), ["Job", "j", "2"]);
        assert!(is_owned(&object, &json!("1")) && !is_owned(&object, &json!(null)));
        assert_eq!(controller(&json!({})), [""; 3]);
    }
}
