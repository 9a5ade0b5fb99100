//! An object as YAML, as people want to read it.

use serde_json::{Map, Value};

/// What stands where a Secret's value is.
pub(crate) const MASK: &str = "•••••• (hidden)";

/// The object as YAML: keys in the order of `kubectl`, who owns which field left out, Secrets' values masked.
pub(crate) fn yaml(object: &Value) -> String {
    let mut object = object.clone();
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.remove("managedFields");
        // A copy of the object, of a Secret too.
        if let Some(annotations) = metadata.get_mut("annotations").and_then(Value::as_object_mut) {
            annotations.remove("kubectl.kubernetes.io/last-applied-configuration");
        }
    }
    if object["kind"] == "Secret" {
        for part in ["data", "stringData"] {
            if let Some(values) = object.get_mut(part).and_then(Value::as_object_mut) {
                values.values_mut().for_each(|value| *value = Value::from(MASK));
            }
        }
    }
    plain(&object)
}

/// Any value as YAML, as it is.
pub(crate) fn plain(value: &Value) -> String {
    serde_saphyr::to_string(&sorted(value)).unwrap_or_else(|error| format!("# cannot be written as YAML: {error}\n"))
}

/// The same with every map in the order of its keys, whatever order this build keeps.
fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let mut keys: Vec<_> = map.keys().collect();
            keys.sort_unstable();
            Value::Object(keys.into_iter().map(|key| (key.clone(), sorted(&map[key]))).collect::<Map<_, _>>())
        }
        Value::Array(list) => Value::Array(list.iter().map(sorted).collect()),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::yaml;

    #[test]
    fn an_object_reads_as_kubectl_prints_it_without_who_owns_what() {
        let object = json!({"kind": "Kustomization", "apiVersion": "kustomize.toolkit.fluxcd.io/v1",
            "metadata": {"name": "shop", "managedFields": [{"manager": "flux"}]}, "spec": {"path": "./on", "prune": true}});
        let text = yaml(&object);
        assert!(text.starts_with("apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\n"), "{text}");
        assert!(!text.contains("managedFields") && text.contains("path: ./on"), "{text}");
    }

    #[test]
    fn the_values_of_a_secret_are_never_shown() {
        let text = yaml(&json!({
            "kind": "Secret", "data": {"password": "aHVudGVyMg=="}, "stringData": {"x": "hunter2"},
            "metadata": {"annotations": {"kubectl.kubernetes.io/last-applied-configuration": "hunter2"}},
        }));
        assert!(text.contains("password") && !text.contains("aHVudGVyMg") && !text.contains("hunter2"), "{text}");
    }
}
