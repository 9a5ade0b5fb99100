//! Objects that nobody expects, of every kind: a gallery of what pages have to stand.

use serde_json::{Map, Value, json};

use super::Estate;

/// HTML, writing from right to left, a word without an end, signs that join and combine.
const ODD_TEXT: &str = "</p><script>alert(1)</script><img src=x onerror=alert(2)>\"'& مرحبا بالعالم، لم يكتمل النشر \
    wwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwww\
    wwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwww \
    \u{202e}backwards\u{202c} e\u{301}\u{301}\u{301} 👩‍👩‍👧‍👦";

/// Fields of a specification in which any text is valid.
const FREE_IN_SPEC: [&str; 2] = ["path", "channel"];
/// The same of a status.
const FREE_IN_STATUS: [&str; 9] = [
    "message",
    "lastAppliedRevision",
    "lastAttemptedRevision",
    "revision",
    "webhookPath",
    "lastPushCommit",
    "pending",
    "lastApplied",
    "canonicalImageName",
];
const NAMESPACE: &str = "odd";

/// All of it, derived from the company's first object of each kind.
pub(super) fn objects() -> anyhow::Result<Vec<Value>> {
    let company = Estate::company()?;
    let mut kinds: Vec<&Value> = Vec::new();
    for object in company.objects().filter(|object| super::controller(object).is_some()) {
        let known = kinds.iter().any(|other| other["kind"] == object["kind"]);
        if !known && object["metadata"]["deletionTimestamp"].is_null() {
            kinds.push(object);
        }
    }
    let mut all = vec![json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}})];
    all.extend(kinds.iter().flat_map(|object| [empty(object), full(object)]));
    let of = |kind: &str| kinds.iter().find(|object| object["kind"] == kind).map(|object| huge(object));
    all.extend(["Kustomization", "HelmRelease"].into_iter().filter_map(of));
    all.push(settings());
    all.extend(unknown());
    let events: Vec<_> =
        all.iter().filter(|object| object["metadata"]["namespace"] == NAMESPACE).filter_map(event).collect();
    all.extend(events);
    Ok(all)
}

/// The same of a kind that nobody knows.
fn unknown() -> [Value; 4] {
    let status = json!({"revision": "", "observedGeneration": 1});
    let gizmo = super::unknown("acme.fluxcd.io", "Gizmo", NAMESPACE, "gizmo", json!({"path": ""})).with_status(status);
    [super::definition("gizmos.acme.fluxcd.io", "Gizmo", "Namespaced"), empty(&gizmo), full(&gizmo), huge(&gizmo)]
}

/// The same kind of object without anything that it need not have.
fn empty(object: &Value) -> Value {
    json!({"apiVersion": object["apiVersion"], "kind": object["kind"], "spec": object["spec"],
        "metadata": {"name": "empty", "namespace": NAMESPACE}})
}

fn full(object: &Value) -> Value {
    let name = format!("{}-{}", "l".repeat(120), "o".repeat(120));
    let mut full = empty(object);
    full["metadata"]["name"] = json!(name);
    full["metadata"]["annotations"] = json!({
        "metadata.weave.works/suspended-by": ODD_TEXT, "metadata.weave.works/suspended-comment": ODD_TEXT,
        "reconcile.fluxcd.io/requestedAt": ODD_TEXT, "example.com/text": ODD_TEXT, "example.com/empty": "",
    });
    full["metadata"]["labels"] = json!({"example.com/label": "l".repeat(63)});
    if object["status"].is_object() {
        full["status"] = object["status"].clone();
        full["status"]["conditions"] = conditions(3);
    }
    spoil(&mut full["spec"], &FREE_IN_SPEC);
    spoil(&mut full["status"], &FREE_IN_STATUS);
    prune_nulls(full)
}

/// As much of everything as a controller may write.
fn huge(object: &Value) -> Value {
    let mut huge = full(object);
    huge["metadata"]["name"] = json!("huge");
    let entries: Vec<_> = (0..3_000)
        .map(|number| json!({"id": format!("{NAMESPACE}_widget-{number}_example.com_Widget"), "v": "v1"}))
        .collect();
    huge["status"]["inventory"] = json!({"entries": entries});
    huge["status"]["conditions"] = conditions(300);
    if huge["kind"] == "HelmRelease" {
        let values: Map<_, _> = (0..800).map(|number| (format!("key{number}"), json!(ODD_TEXT))).collect();
        huge["spec"]["values"] = values.into();
    }
    huge
}

/// Something that one of them may have applied.
fn settings() -> Value {
    let labels =
        json!({"kustomize.toolkit.fluxcd.io/name": "huge", "kustomize.toolkit.fluxcd.io/namespace": NAMESPACE});
    json!({"apiVersion": "v1", "kind": "ConfigMap", "data": {"text": ODD_TEXT, "long": "line\n".repeat(60_000)},
        "metadata": {"name": "settings", "namespace": NAMESPACE, "labels": labels, "annotations": {"example.com/text": ODD_TEXT}}})
}

fn conditions(number: usize) -> Value {
    let one = |number: usize| {
        let kind = if number == 0 { "Ready".to_owned() } else { format!("Odd{}{number}", "d".repeat(200)) };
        json!({"type": kind, "status": "False", "reason": format!("O{}", "d".repeat(400)), "message": ODD_TEXT,
            "lastTransitionTime": "2026-01-01T00:00:00Z", "observedGeneration": 1})
    };
    (0..number).map(one).collect()
}

/// Puts the odd text into the fields of these names.
fn spoil(value: &mut Value, free: &[&str]) {
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                if free.contains(&&**name) && field.is_string() {
                    *field = json!(ODD_TEXT);
                } else {
                    spoil(field, free);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| spoil(item, free)),
        _ => {}
    }
}

/// Without a status where there is none.
fn prune_nulls(mut object: Value) -> Value {
    if let Some(fields) = object.as_object_mut() {
        fields.retain(|_, field| !field.is_null());
    }
    object
}

/// Something odd that happened to it.
fn event(object: &Value) -> Option<Value> {
    let name = object["metadata"]["name"].as_str().filter(|name| *name != "empty")?;
    let kind = object["kind"].as_str()?;
    Some(json!({"apiVersion": "v1", "kind": "Event", "type": "Warning", "reason": format!("O{}", "d".repeat(100)),
        "metadata": {"name": format!("{}.{}", kind.to_lowercase(), name.len()), "namespace": NAMESPACE},
        "message": ODD_TEXT, "count": 2_000_000_000, "source": {"component": "c".repeat(200)},
        "firstTimestamp": "0001-01-01T00:00:00Z", "lastTimestamp": "2026-01-01T00:00:00Z",
        "involvedObject": {"apiVersion": object["apiVersion"], "kind": kind, "name": name, "namespace": NAMESPACE}}))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn there_is_an_odd_object_of_every_kind_that_the_company_has() -> anyhow::Result<()> {
        let of = |objects: &[Value]| -> BTreeSet<String> {
            let flux = objects.iter().filter(|object| crate::estate::controller(object).is_some());
            flux.filter_map(|object| object["kind"].as_str().map(str::to_owned)).collect()
        };
        let company: Vec<_> = Estate::company()?.objects().cloned().collect();
        assert_eq!(of(&objects()?), of(&company));
        Ok(())
    }
}
