use std::{collections::BTreeMap, sync::Arc};

use serde_json::Value;

use super::{WorkloadKey, WorkloadKind, health, health::Health, images::images};
use crate::{
    Applier, Kind, ObjectKey, State, Version,
    details::reading::{seconds, text},
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

impl Workload {
    /// How many images are kept.
    pub const IMAGES: usize = 8;

    /// The label selectors that together leave over what Flux applies of a kind of workload, each for a list of its own; only
    /// for those of the Flux Operator's kinds that are served. A `FluxInstance` applies Flux's controllers, which are
    /// Deployments.
    pub fn selectors(kind: WorkloadKind, is_served: impl Fn(Kind) -> bool) -> Vec<String> {
        let operator = [(Kind::RESOURCE_SET, true), (Kind::FLUX_INSTANCE, kind == WorkloadKind::Deployment)];
        let operator = operator.into_iter().filter(|(applier, applies)| *applies && is_served(*applier));
        let appliers =
            [Kind::HELM_RELEASE, Kind::KUSTOMIZATION].into_iter().chain(operator.map(|(applier, _)| applier));
        appliers.filter_map(Applier::selector).collect()
    }

    /// Reads an object as the API server sends it.
    pub fn read(kind: WorkloadKind, object: &Value) -> Self {
        let metadata = &object["metadata"];
        let Health { state, sentence, ready } = health::health(kind, object);
        Self {
            key: WorkloadKey::new(kind, text(&metadata["namespace"]), text(&metadata["name"])),
            uid: text(&metadata["uid"]).to_owned(),
            version: text(&metadata["resourceVersion"]).parse().unwrap_or_default(),
            owner: Applier::key(&metadata["labels"]),
            state,
            sentence,
            images: images(object),
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
    fn what_the_operator_applies_is_looked_for_only_where_it_is_installed_and_may_be() {
        let of = |kind, served: &[Kind]| Workload::selectors(kind, |kind| served.contains(&kind));
        assert_eq!(of(WorkloadKind::Deployment, &[]).len(), 2);
        let operator = [Kind::RESOURCE_SET, Kind::FLUX_INSTANCE];
        let all = of(WorkloadKind::Deployment, &operator);
        assert_eq!((all.len(), of(WorkloadKind::Job, &operator).len()), (4, 3));
        assert!(all[2].starts_with("resourceset.fluxcd.controlplane.io/name,"), "{all:?}");
    }
}
