use std::ops::Deref;

use serde_json::{Value, json};

use super::date;

/// A Flux object as its controller leaves it; ready when it is new, and changed step by step into what is wanted.
#[derive(Debug, Clone)]
#[must_use]
pub struct FluxObject(Value);

impl FluxObject {
    /// An object without a status.
    pub fn new(api_version: &str, kind: &str, namespace: &str, name: &str, spec: Value) -> Self {
        let mut object = json!({"apiVersion": api_version, "kind": kind,
            "metadata": {"name": name, "namespace": namespace}});
        object["spec"] = spec;
        Self(object)
    }

    /// As if applied by the Kustomization of this namespace and name.
    pub fn applied_by(mut self, namespace: &str, name: &str) -> Self {
        self.0["metadata"]["labels"] =
            json!({"kustomize.toolkit.fluxcd.io/name": name, "kustomize.toolkit.fluxcd.io/namespace": namespace});
        self
    }

    /// With its controller's finalizer: its end waits for the controller.
    pub fn finalized(mut self) -> Self {
        self.0["metadata"]["finalizers"] = json!(["finalizers.fluxcd.io"]);
        self
    }

    /// With these fields of the spec.
    pub fn with_spec(mut self, fields: Value) -> Self {
        merge(&mut self.0["spec"], fields);
        self
    }

    /// With these fields of the status.
    pub fn with_status(mut self, fields: Value) -> Self {
        merge(&mut self.0["status"], fields);
        self
    }

    /// Waiting for others of its kind and namespace.
    pub fn after(self, others: &[&str]) -> Self {
        let others: Vec<_> = others.iter().map(|name| json!({"name": name})).collect();
        self.with_spec(json!({"dependsOn": others}))
    }

    /// Reconciled no more; what was reported before stays.
    pub fn suspended(self) -> Self {
        self.with_spec(json!({"suspend": true}))
    }

    /// With exactly these conditions: type, status, reason, message.
    pub fn with_conditions(self, conditions: &[(&str, &str, &str, &str)]) -> Self {
        let now = date(jiff::Timestamp::now());
        let condition = |(kind, status, reason, message): &(&str, &str, &str, &str)| {
            json!({"type": kind, "status": status, "reason": reason, "message": message,
                "lastTransitionTime": now, "observedGeneration": 1})
        };
        let conditions: Vec<_> = conditions.iter().map(condition).collect();
        self.with_status(json!({"conditions": conditions}))
    }

    /// Ready.
    pub fn ready(self, reason: &str, message: &str) -> Self {
        self.with_conditions(&[("Ready", "True", reason, message)]).with_status(json!({"observedGeneration": 1}))
    }

    /// Failed, and going to try again.
    pub fn failed(self, reason: &str, message: &str) -> Self {
        let retry = "Detecting drift with a timeout of 9m30s";
        self.with_conditions(&[
            ("Reconciling", "True", "ProgressingWithRetry", retry),
            ("Ready", "False", reason, message),
        ])
    }

    /// Failed for good.
    pub fn stalled(self, reason: &str, message: &str) -> Self {
        self.with_conditions(&[("Stalled", "True", reason, message), ("Ready", "False", reason, message)])
    }

    /// Waiting for something else.
    pub fn waiting(self, reason: &str, message: &str) -> Self {
        self.with_conditions(&[("Ready", "False", reason, message)])
    }

    /// Not looked at by any controller so far.
    pub fn never_reconciled(mut self) -> Self {
        self.0.as_object_mut().map(|object| object.remove("status"));
        self
    }

    /// At work.
    pub fn progressing(self, phase: &str) -> Self {
        self.with_conditions(&[
            ("Reconciling", "True", "Progressing", phase),
            ("Ready", "Unknown", "Progressing", "Reconciliation in progress"),
        ])
    }

    /// Having applied these objects.
    pub fn having_applied<'a>(self, objects: impl IntoIterator<Item = &'a Value>) -> Self {
        let entries: Vec<_> = objects.into_iter().map(entry).collect();
        self.with_status(json!({"inventory": {"entries": entries}}))
    }
}

impl Deref for FluxObject {
    type Target = Value;

    fn deref(&self) -> &Value {
        &self.0
    }
}

impl From<FluxObject> for Value {
    fn from(object: FluxObject) -> Value {
        object.0
    }
}

/// How an inventory names an object.
fn entry(object: &Value) -> Value {
    let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let (group, version) = text("/apiVersion").split_once('/').unwrap_or(("", text("/apiVersion")));
    let id = [text("/metadata/namespace"), text("/metadata/name"), group, text("/kind")].join("_");
    json!({"id": id, "v": version})
}

/// Puts the fields of one object into another; objects are merged, everything else is replaced.
fn merge(into: &mut Value, from: Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            for (key, value) in from {
                merge(into.entry(key).or_insert(Value::Null), value);
            }
        }
        (into, from) => *into = from,
    }
}
