use std::{collections::BTreeMap, sync::Arc};

use serde_json::Value;

use super::{WorkloadKey, WorkloadKind, health, health::Health};
use crate::{
    Kind, ObjectKey, State, Version,
    details::reading::{each, seconds, text},
};

/// A workload as a list shows it. Times are seconds since 1970.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Workload {
    /// Which one.
    pub key: WorkloadKey,
    /// `metadata.uid`.
    pub uid: String,
    /// Its `resourceVersion`.
    pub version: Version,
    /// The object of Flux that applies it.
    pub owner: Option<ObjectKey>,
    /// The word for how it is.
    pub state: State,
    /// What a person would say about that.
    pub sentence: String,
    /// The images of its containers, each once; at most [`Workload::IMAGES`].
    pub images: Vec<String>,
    /// How many of its pods do what they should, and how many should; nothing for a `CronJob`.
    pub ready: Option<(i64, i64)>,
    /// When it was created.
    pub created: Option<i64>,
}

/// Where workloads are listed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct WorkloadPlace {
    /// Of which kind.
    pub kind: WorkloadKind,
    /// In which namespace; `None` for the whole cluster at once.
    pub namespace: Option<Arc<str>>,
}

/// Workloads, as far as they could be read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Workloads {
    /// One of each, by key.
    pub rows: BTreeMap<WorkloadKey, Workload>,
    /// Whether there are more.
    pub more: bool,
    /// Where they may not be listed, in the API server's words.
    pub refused: BTreeMap<WorkloadPlace, String>,
    /// How many namespaces were not looked into.
    pub left_out: usize,
}

/// The tools of Flux that leave labels on what they apply, with the kind of the object that does.
const APPLIERS: [(&str, Kind); 2] = [("helm", Kind::HELM_RELEASE), ("kustomize", Kind::KUSTOMIZATION)];

impl Workload {
    /// How many images are kept.
    pub const IMAGES: usize = 8;

    /// The label selectors that together leave over what Flux applies.
    pub fn selectors() -> [String; 2] {
        APPLIERS.map(|(tool, _)| format!("{tool}.toolkit.fluxcd.io/name,{tool}.toolkit.fluxcd.io/namespace"))
    }

    /// Reads an object as the API server sends it.
    pub fn read(kind: WorkloadKind, object: &Value) -> Self {
        let metadata = &object["metadata"];
        let Health { state, sentence, ready } = health::health(kind, object);
        Self {
            key: WorkloadKey::new(kind, text(&metadata["namespace"]), text(&metadata["name"])),
            uid: text(&metadata["uid"]).to_owned(),
            version: text(&metadata["resourceVersion"]).parse().unwrap_or_default(),
            owner: owner(&metadata["labels"]),
            state,
            sentence,
            images: images(kind, object),
            ready,
            created: seconds(&metadata["creationTimestamp"]),
        }
    }

    /// The template of its pods.
    pub(super) fn template(kind: WorkloadKind, object: &Value) -> &Value {
        let spec = &object["spec"];
        match kind {
            WorkloadKind::CronJob => &spec["jobTemplate"]["spec"]["template"]["spec"],
            _ => &spec["template"]["spec"],
        }
    }
}

/// The object of Flux whose labels an object has.
fn owner(labels: &Value) -> Option<ObjectKey> {
    APPLIERS.iter().find_map(|(tool, kind)| {
        let [name, namespace] =
            ["name", "namespace"].map(|part| text(&labels[format!("{tool}.toolkit.fluxcd.io/{part}")]));
        (!name.is_empty() && !namespace.is_empty()).then(|| ObjectKey::new(*kind, namespace, name))
    })
}

fn images(kind: WorkloadKind, object: &Value) -> Vec<String> {
    let pods = Workload::template(kind, object);
    let containers = ["containers", "initContainers"].into_iter().flat_map(|list| each(&pods[list]));
    let mut images: Vec<String> = Vec::new();
    for image in containers.map(|container| text(&container["image"])).filter(|image| !image.is_empty()) {
        if images.len() < Workload::IMAGES && !images.iter().any(|known| known == image) {
            images.push(image.to_owned());
        }
    }
    images
}

impl Workloads {
    /// Takes in what was found elsewhere.
    pub fn add(&mut self, other: Self) {
        self.rows.extend(other.rows);
        self.more |= other.more;
        self.refused.extend(other.refused);
        self.left_out += other.left_out;
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn labels(tool: &str, namespace: &str, name: &str) -> Value {
        let mut labels = json!({});
        labels[format!("{tool}.toolkit.fluxcd.io/name")] = json!(name);
        labels[format!("{tool}.toolkit.fluxcd.io/namespace")] = json!(namespace);
        labels
    }

    #[test]
    fn a_workload_is_told_with_who_applies_it_and_each_image_once() {
        let container = |image: &str| json!({"name": "x", "image": image});
        let pods =
            json!({"initContainers": [container("init:1")], "containers": [container("web:1"), container("web:1")]});
        let metadata = json!({"namespace": "shop", "name": "cart", "uid": "u", "resourceVersion": "7",
            "creationTimestamp": "1970-01-01T00:01:00Z", "labels": labels("kustomize", "apps", "store")});
        let object = json!({"metadata": metadata, "spec": {"template": {"spec": pods}}});
        let row = Workload::read(WorkloadKind::Deployment, &object);
        assert_eq!(row.key.to_string(), "Deployment/shop/cart");
        assert_eq!(row.owner, Some(ObjectKey::new(Kind::KUSTOMIZATION, "apps", "store")));
        assert_eq!(
            (row.images, row.created, row.version),
            (vec!["web:1".to_owned(), "init:1".to_owned()], Some(60), 7)
        );
        let cron = json!({"metadata": {"labels": labels("helm", "apps", "shop")},
            "spec": {"jobTemplate": {"spec": {"template": {"spec": pods}}}}});
        let row = Workload::read(WorkloadKind::CronJob, &cron);
        assert_eq!(row.owner, Some(ObjectKey::new(Kind::HELM_RELEASE, "apps", "shop")));
        assert_eq!((row.images.len(), row.ready), (2, None));
    }

    #[test]
    fn half_a_label_names_nobody() {
        for odd in [labels("helm", "", "shop"), labels("helm", "apps", ""), json!({"helm.toolkit.fluxcd.io/name": 7})] {
            assert_eq!(owner(&odd), None, "{odd}");
        }
    }
}
