//! Flux objects as the real controllers leave them.

use serde_json::{Value, json};

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

fn condition(status: &str, reason: &str, message: &str) -> Value {
    json!({"type": "Ready", "status": status, "reason": reason, "message": message,
        "lastTransitionTime": jiff::Timestamp::now().to_string().split('.').next().map(|time| format!("{}Z", time.trim_end_matches('Z'))),
        "observedGeneration": 1})
}
