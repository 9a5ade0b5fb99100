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
            // A copy of what has a Secret in it.
            annotations.values_mut().filter(|text| names_secret(text)).for_each(mask);
        }
    }
    hide(&mut object);
    plain(&object)
}

/// The same, no longer than a page can bear; and whether something of it was left out.
pub(crate) fn beginning(object: &Value) -> (String, bool) {
    const LONGEST: usize = 200_000;
    let mut text = yaml(object);
    let is_cut = text.len() > LONGEST;
    if is_cut {
        let end = text.as_bytes()[..LONGEST].iter().rposition(|byte| *byte == b'\n');
        text.truncate(end.map_or(0, |end| end + 1));
    }
    (text, is_cut)
}

/// Masks the values of a Secret, wherever one stands: an object may have others in it, which it makes.
fn hide(value: &mut Value) {
    match value {
        Value::Object(map) => {
            if map.get("kind").is_some_and(|kind| kind == "Secret") {
                for part in ["data", "stringData"] {
                    if let Some(values) = map.get_mut(part) {
                        mask(values);
                    }
                }
                let annotations = map.get_mut("metadata").and_then(|metadata| metadata.get_mut("annotations"));
                let annotations = annotations.and_then(Value::as_object_mut).into_iter().flatten();
                annotations.map(|(_, text)| text).filter(|text| may_be_copy(text)).for_each(mask);
            }
            map.values_mut().for_each(hide);
        }
        Value::Array(list) => list.iter_mut().for_each(hide),
        _ => {}
    }
}

fn mask(value: &mut Value) {
    match value {
        Value::Object(map) => map.values_mut().for_each(|value| *value = Value::from(MASK)),
        Value::Null => {}
        other => *other = Value::from(MASK),
    }
}

/// Whether an annotation may hold an object with a Secret in it, with its data: as it is, or packed by one who does that.
fn names_secret(text: &Value) -> bool {
    const PACKED: [&str; 2] = ["H4sI", "eyJ"];
    let text = text.as_str().unwrap_or_default();
    (text.contains("Secret") && text.contains("ata")) || PACKED.iter().any(|start| text.starts_with(start))
}

/// Whether an annotation may hold the whole object, as several tools keep it: as JSON, or packed.
fn may_be_copy(text: &Value) -> bool {
    const SHORT: usize = 128;
    text.as_str()
        .is_some_and(|text| text.len() > SHORT || text.contains('\n') || text.trim_start().starts_with(['{', '[']))
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

    use super::*;

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

    #[test]
    fn the_values_of_a_secret_inside_of_another_object_and_copies_of_one_are_not_shown_either() {
        let copy = r#"{"data":{"password":"aHVudGVyMg=="}}"#;
        let secret = |data: Value| {
            let annotations = json!({"kapp.k14s.io/original": copy, "packed": "hunter2 ".repeat(40), "team": "blue"});
            json!({"kind": "Secret", "metadata": {"name": "a", "annotations": annotations}, "data": data})
        };
        let list = [secret(json!({"password": "aHVudGVyMg=="})), secret(json!("hunter2")), secret(Value::Null)];
        let text = yaml(&json!({"kind": "ResourceSet", "metadata": {"annotations": {
                "kapp.k14s.io/original": r#"{"kind":"Secret","stringData":{"a":"hunter2"}}"#,
                "objectset.rio.cattle.io/applied": "H4sIAAAhunter2"}}, "spec": {"resources": list, "secretRef": {"kind": "Secret", "name": "b"}}}));
        assert!(!text.contains("hunter2") && !text.contains("aHVudGVyMg"), "{text}");
        assert!(text.contains("team: blue") && text.contains("name: b"), "{text}");
    }

    #[test]
    fn what_is_longer_than_a_page_can_bear_ends_with_a_whole_line_and_says_so() {
        let map = |lines: usize| json!({"kind": "ConfigMap", "data": {"a": "ä ".repeat(20) + &"line\n".repeat(lines)}});
        assert!(!beginning(&map(10)).1);
        let (text, is_cut) = beginning(&map(100_000));
        assert!(is_cut && text.len() <= 200_000 && text.ends_with('\n'), "{}", text.len());
    }
}
