//! What the stand-in knows about the cluster; pure.

use std::{collections::HashMap, fmt, sync::Arc};

use serde_json::Value;

use super::status::condition;

/// Which object; names of Flux's kinds are unique.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Key {
    pub(super) kind: String,
    pub(super) namespace: String,
    pub(super) name: String,
}

/// Every Flux object, as last seen.
#[derive(Debug, Default)]
pub(super) struct World {
    pub(super) objects: HashMap<Key, Arc<Value>>,
}

/// What an applier would find at its source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Source {
    /// No such object.
    Missing,
    /// Nothing fetched yet.
    Empty,
    /// An artifact of this revision.
    At(String),
}

impl Key {
    pub(super) fn new(kind: &str, namespace: &str, name: &str) -> Self {
        Self { kind: kind.to_owned(), namespace: namespace.to_owned(), name: name.to_owned() }
    }

    pub(super) fn of(object: &Value) -> Self {
        Self::new(text(object, "/kind"), text(object, "/metadata/namespace"), text(object, "/metadata/name"))
    }

    /// The object that a reference in `object` means.
    pub(super) fn referred(object: &Value, reference: &Value, kind: &str) -> Self {
        let namespace = reference["namespace"].as_str().unwrap_or_else(|| text(object, "/metadata/namespace"));
        let kind = reference["kind"].as_str().unwrap_or(kind);
        Self::new(kind, namespace, reference["name"].as_str().unwrap_or_default())
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.kind, self.namespace, self.name)
    }
}

impl World {
    pub(super) fn get(&self, key: &Key) -> Option<&Value> {
        self.objects.get(key).map(AsRef::as_ref)
    }

    /// Which source an object takes its contents from, if it has one.
    pub(super) fn source_key(object: &Value) -> Option<Key> {
        if let Some(reference) = object.pointer("/spec/sourceRef") {
            return Some(Key::referred(object, reference, "GitRepository"));
        }
        if let Some(reference) = object.pointer("/spec/chartRef") {
            return Some(Key::referred(object, reference, "HelmChart"));
        }
        let (namespace, name) = match text(object, "/status/helmChart").split_once('/') {
            Some((namespace, name)) => (namespace.to_owned(), name.to_owned()),
            None => {
                let chart = object.pointer("/spec/chart/spec/sourceRef")?;
                let namespace = chart["namespace"].as_str().unwrap_or_else(|| text(object, "/metadata/namespace"));
                let name = format!("{}-{}", text(object, "/metadata/namespace"), text(object, "/metadata/name"));
                (namespace.to_owned(), name)
            }
        };
        Some(Key::new("HelmChart", &namespace, &name))
    }

    /// What an object's source offers.
    pub(super) fn source(&self, object: &Value) -> Source {
        let Some(source) = Self::source_key(object).and_then(|key| self.get(&key)) else { return Source::Missing };
        match source.pointer("/status/artifact/revision").and_then(Value::as_str) {
            Some(revision) => Source::At(revision.to_owned()),
            None => Source::Empty,
        }
    }

    /// Why an object has to wait for another of its kind, in the controllers' words.
    pub(super) fn obstacle(&self, object: &Value) -> Option<String> {
        let others = object.pointer("/spec/dependsOn")?.as_array()?;
        others.iter().find_map(|reference| {
            let key = Key::referred(object, reference, text(object, "/kind"));
            let quoted = format!("dependency '{}/{}'", key.namespace, key.name);
            let Some(other) = self.get(&key) else { return Some(format!("{quoted} not found")) };
            let generation = other["metadata"]["generation"].as_i64();
            let ready = condition(&other["status"], "Ready");
            if !ready.is_some_and(|one| one["status"] == "True" && one["observedGeneration"].as_i64() == generation) {
                return Some(format!("{quoted} is not ready"));
            }
            let same_source = key.kind == "Kustomization" && Self::source_key(object) == Self::source_key(other);
            match self.source(object) {
                Source::At(revision) if same_source && other["status"]["lastAppliedRevision"] != *revision => {
                    Some(format!("{quoted} revision is not up to date"))
                }
                _ => None,
            }
        })
    }
}

/// Whether an object is told to rest, by its spec or, for kinds that have no such field, by annotation.
pub(super) fn is_suspended(object: &Value) -> bool {
    let annotations = &object["metadata"]["annotations"];
    object["spec"]["suspend"] == true
        || ["fluxcd.controlplane.io/reconcile", "source.extensions.fluxcd.io/reconcile"]
            .into_iter()
            .any(|name| annotations[name] == "disabled")
}

/// The text at a pointer, empty if there is none.
pub(super) fn text<'a>(object: &'a Value, pointer: &str) -> &'a str {
    object.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}
