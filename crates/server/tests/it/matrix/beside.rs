//! What is not Flux's and has to do with what is: what Kustomizations applied, what happened, what a controller writes.

use anyhow::Context;
use fanlight_model::{Kind, ObjectKey};
use fanlight_testbed::ControlPlane;
use k8s_openapi::api::apps::v1::ReplicaSet;
use kube::{Api, ResourceExt, api::ListParams};
use serde_json::{Value, json};

use super::{
    estate::{Garden, Planted, word},
    truth::What,
};
use crate::logs::controller;

const EVENTS: What = What { group: "", resource: "events" };
const DEPLOYMENTS: What = What { group: "apps", resource: "deployments" };
const REPLICA_SETS: What = What { group: "apps", resource: "replicasets" };
const PODS: What = What { group: "", resource: "pods" };
const LOGS: What = What { group: "", resource: "pods/log" };
/// What it takes to see any of it.
pub(super) const BESIDE: [What; 5] = [EVENTS, DEPLOYMENTS, REPLICA_SETS, PODS, LOGS];

/// A word that stands in something that is not Flux's.
pub(super) struct Hint {
    pub(super) word: String,
    /// In which namespace that is.
    pub(super) namespace: String,
    /// Who may read any of these there may know it.
    pub(super) of: &'static [What],
    /// The object that it stands beside.
    pub(super) about: ObjectKey,
}

/// Brings it into the cluster; returns when all of it runs.
pub(super) async fn plant(plane: &ControlPlane, garden: &Garden) -> anyhow::Result<Vec<Hint>> {
    plane.create_namespace("flux-system").await?;
    plane.apply(&controller()).await?;
    for (app, runs) in running(garden) {
        let mut runs = runs.clone();
        runs["metadata"]["labels"]["kustomize.toolkit.fluxcd.io/name"] = json!(*app.key.name);
        runs["metadata"]["labels"]["kustomize.toolkit.fluxcd.io/namespace"] = json!(*app.key.namespace);
        plane.apply(&runs).await?;
    }
    let mut hints = Vec::new();
    for object in &garden.objects {
        let said = word("event");
        plane.apply(&event(object, &said)).await?;
        hints.push(Hint::new(said, &object.key.namespace, &[EVENTS], object));
    }
    for (app, runs) in running(garden) {
        hints.extend(parts(plane, app, runs).await?);
    }
    let logs = plane.pod_logs();
    let pods = logs.served("flux-system", "app=kustomize-controller", 1).await?;
    for app in garden.objects.iter().filter(|one| one.key.kind == Kind::KUSTOMIZATION) {
        let said = word("line");
        let line = format!("{said}: while reconciling {}/{}", app.key.namespace, app.key.name);
        logs.write(&format!("flux-system/{}/manager", pods[0]), line)?;
        hints.push(Hint::new(said, "flux-system", &[LOGS], app));
    }
    Ok(hints)
}

fn running(garden: &Garden) -> impl Iterator<Item = (&Planted, &Value)> {
    garden.objects.iter().filter_map(|object| Some((object, object.runs.as_ref()?)))
}

/// What came of a Deployment.
async fn parts(plane: &ControlPlane, app: &Planted, runs: &Value) -> anyhow::Result<Vec<Hint>> {
    let namespace = &*app.key.namespace;
    let label = format!("app.kubernetes.io/name={}", runs["metadata"]["name"].as_str().unwrap_or_default());
    let pods = plane.pod_logs().served(namespace, &label, 1).await?;
    let sets = Api::<ReplicaSet>::namespaced(plane.admin(), namespace);
    let sets = sets.list(&ListParams::default().labels(&label)).await?.items;
    let image = runs["spec"]["template"]["spec"]["containers"][0]["image"].as_str();
    let image = image.and_then(|image| image.rsplit('/').next()).context("an image")?;
    let mut hints = vec![Hint::new(image.to_owned(), namespace, &[DEPLOYMENTS, REPLICA_SETS, PODS], app)];
    hints.extend(pods.into_iter().map(|pod| Hint::new(pod, namespace, &[PODS], app)));
    // What a pod is called begins with what its owner is called.
    let named = sets.iter().map(ResourceExt::name_any);
    hints.extend(named.map(|set| Hint::new(set, namespace, &[REPLICA_SETS, PODS], app)));
    Ok(hints)
}

/// Something that happened to an object.
fn event(object: &Planted, said: &str) -> Value {
    let (written, name) = (object.written(""), &*object.key.name);
    json!({"apiVersion": "v1", "kind": "Event", "type": "Warning", "reason": "BuildFailed", "message": said, "count": 1,
        "metadata": {"name": format!("{name}.{said}"), "namespace": *object.key.namespace},
        "involvedObject": {"apiVersion": written["apiVersion"], "kind": written["kind"], "name": name,
            "namespace": *object.key.namespace},
        "firstTimestamp": jiff::Timestamp::now(), "lastTimestamp": jiff::Timestamp::now(), "source": {"component": "gardener"}})
}

impl Hint {
    fn new(word: String, namespace: &str, of: &'static [What], object: &Planted) -> Self {
        Self { word, namespace: namespace.to_owned(), of, about: object.key.clone() }
    }
}
