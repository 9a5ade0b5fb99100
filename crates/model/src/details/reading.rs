//! Reading single values, whatever is there.

use std::{sync::Arc, time::Duration};

use serde_json::Value;

use crate::{Kind, ObjectKey, SourceLink, go_duration};

/// What a specification asks for. Absent texts are empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings {
    /// How often the controller looks at it.
    pub interval: Option<Duration>,
    /// How often it tries again after a failure.
    pub retry_interval: Option<Duration>,
    /// How long one attempt may take.
    pub timeout: Option<Duration>,
    /// What has to be ready first.
    pub depends_on: Vec<Dependency>,
    /// The directory inside the source.
    pub path: String,
    /// The namespace that what it applies is put into.
    pub target_namespace: String,
    /// The service account in whose name it is applied.
    pub service_account: String,
    /// Whether objects that leave the source are deleted.
    pub prune: Option<bool>,
    /// Whether what it applies lies in another cluster, where nothing of its inventory can be looked up.
    pub remote: bool,
}

/// An object of the same kind that has to be ready first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dependency {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// The CEL expression that says what *ready* means, if it is not the usual.
    pub ready_expr: String,
}

impl Dependency {
    /// The key of the object, which is of the same `kind` as the one that depends on it.
    pub fn key(&self, kind: Kind) -> ObjectKey {
        ObjectKey::new(kind, self.namespace.as_str(), self.name.as_str())
    }
}

pub(super) fn settings(spec: &Value, own: &str) -> Settings {
    Settings {
        interval: go_duration(text(&spec["interval"])),
        retry_interval: go_duration(text(&spec["retryInterval"])),
        timeout: go_duration(text(&spec["timeout"])),
        depends_on: each(&spec["dependsOn"]).filter_map(|entry| dependency(entry, own)).collect(),
        path: text(&spec["path"]).to_owned(),
        target_namespace: text(&spec["targetNamespace"]).to_owned(),
        service_account: text(&spec["serviceAccountName"]).to_owned(),
        prune: spec["prune"].as_bool(),
        remote: spec["kubeConfig"].is_object(),
    }
}

fn dependency(entry: &Value, own: &str) -> Option<Dependency> {
    let name = entry["name"].as_str()?.to_owned();
    let namespace = entry["namespace"].as_str().filter(|namespace| !namespace.is_empty()).unwrap_or(own).to_owned();
    Some(Dependency { namespace, name, ready_expr: text(&entry["readyExpr"]).to_owned() })
}

/// The text; empty for anything else.
pub(super) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// The entries of a list; none for anything else.
pub(super) fn each(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// Seconds since 1970 of an RFC 3339 time.
pub(super) fn seconds(value: &Value) -> Option<i64> {
    text(value).parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_second)
}

/// Labels or annotations.
pub(super) fn strings(value: &Value) -> Vec<(String, String)> {
    let entries = value.as_object().into_iter().flatten();
    let mut strings: Vec<_> = entries
        .filter(|(key, _)| *key != "kubectl.kubernetes.io/last-applied-configuration")
        .filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())))
        .collect();
    strings.sort_unstable();
    strings
}

/// The source that a specification names, in whichever of its ways.
pub(super) fn link(spec: &Value, own: &Arc<str>) -> Option<SourceLink> {
    let template = &spec["chart"]["spec"];
    let (reference, chart) = if spec["chartRef"].is_object() {
        (&spec["chartRef"], None)
    } else if template.is_object() {
        (&template["sourceRef"], template["chart"].as_str())
    } else {
        (&spec["sourceRef"], spec["chart"].as_str())
    };
    let namespace = match text(&reference["namespace"]) {
        "" => Arc::clone(own),
        other => Arc::from(other),
    };
    Some(SourceLink {
        kind: Kind::by_name(reference["kind"].as_str()?)?,
        namespace,
        name: Arc::from(reference["name"].as_str()?),
        chart: chart.map(Arc::from),
    })
}
