//! What pods use, where the resource metrics API is served. The API server serves it here from a definition of its own,
//! where an aggregated server would answer in a cluster.

use anyhow::Context;
use fanlight_testbed::{Options, rights::flux_rules};
use serde_json::{Value, json};

use crate::house::{House, WATCH, get, get_until, plane};

const ADA: &str = "ada@example.com";
const BEN: &str = "ben@example.com";
const LEDGER: &str = "/workloads/statefulset/shop/ledger";

/// <https://github.com/kubernetes/metrics>; groups of Kubernetes want a word on who approved them.
fn metrics_api() -> Value {
    let schema = json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true});
    let version = json!({"name": "v1beta1", "served": true, "storage": true, "schema": {"openAPIV3Schema": schema}});
    let names = json!({"plural": "pods", "singular": "pod", "kind": "PodMetrics", "listKind": "PodMetricsList"});
    json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "pods.metrics.k8s.io",
            "annotations": {"api-approved.kubernetes.io": "unapproved, for a test"}},
        "spec": {"group": "metrics.k8s.io", "scope": "Namespaced", "names": names, "versions": [version]}})
}

fn metrics(pod: &str, app: &str, processor: &str, memory: &str) -> Value {
    json!({"apiVersion": "metrics.k8s.io/v1beta1", "kind": "PodMetrics",
        "metadata": {"name": pod, "namespace": "shop", "labels": {"app": app}},
        "containers": [{"name": "ledger", "usage": {"cpu": processor, "memory": memory}}]})
}

/// A workload with one pod. Ada may read everything of the shop; Ben not what is measured.
async fn town() -> anyhow::Result<House> {
    let plane = plane(Options::default()).await?;
    plane.create_namespace("shop").await?;
    let labels = json!({"app": "ledger"});
    let containers = json!({"containers": [{"name": "ledger", "image": "registry.example.com/acme/ledger:3"}]});
    let set = json!({"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "ledger", "namespace": "shop"},
        "spec": {"serviceName": "ledger", "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": containers}}});
    let uid = plane.apply(&set).await?.metadata.uid.context("a uid")?;
    let owner =
        json!({"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "ledger", "uid": uid, "controller": true});
    let pod = json!({"apiVersion": "v1", "kind": "Pod", "spec": containers,
        "metadata": {"name": "ledger-0", "namespace": "shop", "labels": labels, "ownerReferences": [owner]}});
    plane.apply(&pod).await?;
    let kubernetes = |group: &str, resources: &[&str]| json!({"apiGroups": [group], "resources": resources, "verbs": ["get", "list"]});
    let (sets, pods) = (kubernetes("apps", &["statefulsets"]), kubernetes("", &["pods", "events"]));
    let flux = flux_rules(&WATCH)[0].clone();
    plane.grant_in("shop", BEN, json!([flux, sets, pods])).await?;
    plane.grant_in("shop", ADA, json!([flux, sets, pods, kubernetes("metrics.k8s.io", &["pods"])])).await?;
    House::before(plane).await
}

#[tokio::test]
async fn what_pods_use_is_shown_where_it_is_measured_and_to_whom_kubernetes_tells_it() -> anyhow::Result<()> {
    let house = town().await?;
    let (ada, ben) = (house.client(ADA, &[])?, house.client(BEN, &[])?);
    let page = get(&house, &ada, LEDGER).await?;
    assert!(page.contains("ledger-0") && !page.contains(">Uses</th>"), "nobody measures: {page}");
    assert!(!page.contains("What they use"), "and nothing is missing: {page}");

    house.plane.apply(&metrics_api()).await?;
    house.plane.established().await?;
    house.plane.apply(&metrics("ledger-0", "ledger", "12345678n", "35651584")).await?;
    house.plane.apply(&metrics("canary-x7q2", "ledger", "77m", "77Mi")).await?;
    let page = get_until(&house, &ada, LEDGER, |page| page.contains(">Uses</th>")).await?;
    assert!(page.contains(">13m 34Mi</td>"), "{page}");
    assert!(!page.contains("canary-x7q2") && !page.contains("77m"), "only of its own pods: {page}");

    let page = get_until(&house, &ben, LEDGER, |page| page.contains("What they use is not shown")).await?;
    assert!(
        page.contains("pods.metrics.k8s.io is forbidden") && page.contains("resource=pods.metrics.k8s.io"),
        "{page}"
    );
    assert!(!page.contains("13m"), "{page}");
    Ok(())
}
