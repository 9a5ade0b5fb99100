use serde_json::Value;

use crate::details::reading::{each, text};

/// The `spec.selector` of what runs pods, as Kubernetes writes label selectors in addresses.
pub fn label_selector(workload: &Value) -> String {
    selector_text(&workload["spec"]["selector"])
}

/// A label selector on one line.
pub(crate) fn selector_text(selector: &Value) -> String {
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::label_selector;

    #[test]
    fn labels_are_asked_for_in_every_way_that_a_selector_knows() {
        let expressions = json!([{"key": "tier", "operator": "In", "values": ["a", "b"]}, {"key": "old", "operator": "DoesNotExist"},
            {"key": "new", "operator": "Exists"}, {"key": "zone", "operator": "NotIn", "values": ["c"]}]);
        let workload = json!({"spec": {"selector": {"matchLabels": {"app": "cart"}, "matchExpressions": expressions}}});
        assert_eq!(label_selector(&workload), "app=cart,tier in (a,b),!old,new,zone notin (c)");
        assert_eq!(label_selector(&json!({})), "");
    }
}
