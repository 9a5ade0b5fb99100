//! Flux objects as the real controllers leave them: builders, and a company's worth of them.

use serde_json::{Value, json};

use crate::ControlPlane;

const APPLIED: &str = "main@sha1:ba66396785f97042590e94c06645dac9ed1d1c82";

/// A Kustomization that is ready.
pub fn kustomization(namespace: &str, name: &str) -> Value {
    json!({
        "apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"interval": "10m", "path": format!("./{name}"), "prune": true,
            "sourceRef": {"kind": "GitRepository", "name": "fleet", "namespace": "flux-system"}},
        "status": {"observedGeneration": 1, "lastAppliedRevision": APPLIED, "lastAttemptedRevision": APPLIED,
            "conditions": [condition("True", "ReconciliationSucceeded", &format!("Applied revision: {APPLIED}"))]},
    })
}

/// A HelmRelease that is ready.
pub fn helm_release(namespace: &str, name: &str) -> Value {
    json!({
        "apiVersion": "helm.toolkit.fluxcd.io/v2", "kind": "HelmRelease",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"interval": "10m", "chart": {"spec": {"chart": name, "version": ">=1.0.0",
            "sourceRef": {"kind": "HelmRepository", "name": "charts", "namespace": "flux-system"}}}},
        "status": {"observedGeneration": 1, "conditions": [condition("True", "UpgradeSucceeded",
            &format!("Helm upgrade succeeded for release {namespace}/{name}.v3 with chart {name}@1.4.2"))]},
    })
}

/// The object with another `Ready` condition.
pub fn with_ready(mut object: Value, status: &str, reason: &str, message: &str) -> Value {
    object["status"]["conditions"] = json!([condition(status, reason, message)]);
    object
}

/// The object, suspended.
pub fn suspended(mut object: Value) -> Value {
    object["spec"]["suspend"] = json!(true);
    object
}

fn condition(status: &str, reason: &str, message: &str) -> Value {
    json!({"type": "Ready", "status": status, "reason": reason, "message": message,
        "lastTransitionTime": jiff::Timestamp::now().to_string().split('.').next().map(|time| format!("{}Z", time.trim_end_matches('Z'))),
        "observedGeneration": 1})
}

const NAMESPACES: [&str; 12] = [
    "flux-system",
    "apps",
    "billing",
    "catalog",
    "data",
    "edge",
    "observability",
    "orders",
    "payments",
    "platform",
    "search",
    "web",
];

/// Applies the company: 12 namespaces with ready, failed, waiting, progressing and suspended applications.
pub async fn apply(plane: &ControlPlane) -> anyhow::Result<usize> {
    let mut applied = 0;
    for namespace in NAMESPACES {
        plane.create_namespace(namespace).await?;
        for object in company(namespace) {
            plane.apply(&object).await?;
            applied += 1;
        }
    }
    Ok(applied)
}

fn company(namespace: &str) -> Vec<Value> {
    let mut objects: Vec<_> = ["api", "worker", "config", "jobs", "gateway"]
        .iter()
        .map(|name| kustomization(namespace, &format!("{namespace}-{name}")))
        .collect();
    objects.extend(
        ["cache", "database", "frontend"].iter().map(|name| helm_release(namespace, &format!("{namespace}-{name}"))),
    );
    match namespace {
        "orders" => {
            objects[0] = with_ready(
                objects[0].take(),
                "False",
                "HealthCheckFailed",
                "health check failed after 40s: timeout waiting for: [Deployment/orders/orders-api status: 'Failed']",
            )
        }
        "payments" => {
            objects[1] = with_ready(
                objects[1].take(),
                "False",
                "DependencyNotReady",
                "dependency 'orders/orders-api' is not ready",
            );
            objects[6] = with_ready(
                objects[6].take(),
                "False",
                "InstallFailed",
                "Helm install failed for release payments/payments-database with chart payments-database@1.4.2: context deadline exceeded",
            );
        }
        "search" => {
            objects[7] =
                with_ready(objects[7].take(), "Unknown", "Progressing", "Running 'upgrade' action with timeout of 5m0s")
        }
        "web" => objects[4] = suspended(objects[4].take()),
        "data" => {
            objects[3] = with_ready(
                objects[3].take(),
                "False",
                "ArtifactFailed",
                "kustomization path not found: stat /tmp/kustomization-435685492/does/not/exist: no such file or directory",
            )
        }
        _ => {}
    }
    objects
}
