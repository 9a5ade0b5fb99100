//! Reading single values, whatever is there.

use std::{sync::Arc, time::Duration};

use serde_json::Value;

use crate::{Kind, Links, ObjectKey, SourceLink, go_duration};

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

/// An object that has to be ready first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dependency {
    /// Its kind, if it is another than that of the object that depends on it: only a ResourceSet says one.
    pub kind: Option<Kind>,
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// The CEL expression that says what *ready* means, if it is not the usual.
    pub ready_expr: String,
}

impl Dependency {
    /// The key of the object; `kind` is that of the one that depends on it.
    pub fn key(&self, kind: Kind) -> ObjectKey {
        ObjectKey::new(self.kind.unwrap_or(kind), self.namespace.as_str(), self.name.as_str())
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

/// `None` also for objects of kinds that are not Flux's.
fn dependency(entry: &Value, own: &str) -> Option<Dependency> {
    let name = entry["name"].as_str()?.to_owned();
    let namespace = entry["namespace"].as_str().filter(|namespace| !namespace.is_empty()).unwrap_or(own).to_owned();
    let kind = match entry["kind"].as_str() {
        None => None,
        Some(kind) => Some(Kind::by_name(kind)?),
    };
    Some(Dependency { kind, namespace, name, ready_expr: text(&entry["readyExpr"]).to_owned() })
}

/// The text; empty for anything else.
pub(crate) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// The entries of a list; none for anything else.
pub(crate) fn each(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// Seconds since 1970 of an RFC 3339 time.
pub(crate) fn seconds(value: &Value) -> Option<i64> {
    text(value).parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_second)
}

/// The condition of this type in the status of an object.
pub(crate) fn condition<'a>(object: &'a Value, kind: &str) -> Option<&'a Value> {
    each(&object["status"]["conditions"]).find(|one| one["type"] == kind)
}

/// The condition of this type, if it is `True`.
pub(crate) fn holding<'a>(object: &'a Value, kind: &str) -> Option<&'a Value> {
    condition(object, kind).filter(|one| one["status"] == "True")
}

/// What a condition says: its message, else its reason.
pub(crate) fn words(condition: &Value) -> &str {
    match text(&condition["message"]) {
        "" => text(&condition["reason"]),
        message => message,
    }
}

/// The image that a policy tells of, as each version of its API says it: in parts, or as one text.
pub(crate) fn policy_image(parts: &Value, whole: &Value) -> String {
    match image_reference(parts) {
        none if none.is_empty() => text(whole).to_owned(),
        image => image,
    }
}

/// An image as the image controllers write it, in parts; empty if it has no name.
pub(super) fn image_reference(reference: &Value) -> String {
    image_named(text(&reference["name"]), reference)
}

/// The image of this name with the tag and the digest that stand beside it.
pub(super) fn image_named(name: &str, parts: &Value) -> String {
    let [tag, digest] = [(':', "tag"), ('@', "digest")].map(|(sign, part)| match text(&parts[part]) {
        "" => String::new(),
        part => format!("{sign}{part}"),
    });
    if name.is_empty() { String::new() } else { format!("{name}{tag}{digest}") }
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

impl Links {
    /// What the specification of an object of `kind` in the namespace `own` says of others.
    pub fn read(kind: Kind, spec: &Value, own: &Arc<str>) -> Self {
        let depends_on = each(&spec["dependsOn"]).filter_map(|entry| Some(dependency(entry, own)?.key(kind)));
        Self { source: link(kind, spec, own), depends_on: depends_on.collect(), ..Self::default() }
    }
}

/// The object that a specification takes its content from, in whichever of its ways.
fn link(kind: Kind, spec: &Value, own: &Arc<str>) -> Option<SourceLink> {
    let template = &spec["chart"]["spec"];
    let (reference, chart) = match kind {
        Kind::IMAGE_POLICY => (&spec["imageRepositoryRef"], None),
        Kind::ALERT => (&spec["providerRef"], None),
        _ if spec["chartRef"].is_object() => (&spec["chartRef"], None),
        _ if template.is_object() => (&template["sourceRef"], template["chart"].as_str()),
        _ => (&spec["sourceRef"], spec["chart"].as_str()),
    };
    let namespace = match text(&reference["namespace"]) {
        "" => Arc::clone(own),
        other => Arc::from(other),
    };
    let implied = match kind {
        Kind::IMAGE_POLICY => Some(Kind::IMAGE_REPOSITORY),
        Kind::ALERT => Some(Kind::PROVIDER),
        _ => None,
    };
    Some(SourceLink {
        kind: implied.or_else(|| Kind::by_name(reference["kind"].as_str()?))?,
        namespace,
        name: Arc::from(reference["name"].as_str()?),
        chart: chart.map(Arc::from),
    })
}
