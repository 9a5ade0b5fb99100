//! Kinds that Fanlight was not told of.

use serde_json::{Value, json};

use super::FluxObject;

/// The definition of a kind whose objects may say anything; `name` is plural and group: `gizmos.acme.fluxcd.io`.
pub fn definition(name: &str, kind: &str, scope: &str) -> Value {
    let (plural, group) = name.split_once('.').unwrap_or((name, ""));
    let open = json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true});
    json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": name},
        "spec": {"group": group, "scope": scope,
            "names": {"kind": kind, "plural": plural, "singular": kind.to_lowercase()},
            "versions": [{"name": "v1alpha1", "served": true, "storage": true, "subresources": {"status": {}},
                "schema": {"openAPIV3Schema": {"type": "object", "properties": {"spec": open, "status": open}}}}]}})
}

/// An object of a kind that has such a [`definition`] in this group.
pub fn unknown(group: &str, kind: &str, namespace: &str, name: &str, spec: Value) -> FluxObject {
    FluxObject::new(&format!("{group}/v1alpha1"), kind, namespace, name, spec)
}
