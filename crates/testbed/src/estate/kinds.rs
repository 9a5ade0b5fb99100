use serde_json::json;

use super::FluxObject;

const COMMIT: &str = "main@sha1:ba66396785f97042590e94c06645dac9ed1d1c82";
const DIGEST: &str = "sha256:83ba9c28d7f46c60b9cd5645a3eb4d826048a36d984e026119906f2668a5f182";
const KUSTOMIZE: &str = "kustomize.toolkit.fluxcd.io/v1";
const HELM: &str = "helm.toolkit.fluxcd.io/v2";
const SOURCE: &str = "source.toolkit.fluxcd.io/v1";
const IMAGE: &str = "image.toolkit.fluxcd.io/v1";

/// A Kustomization of the repository `fleet`.
pub fn kustomization(namespace: &str, name: &str) -> FluxObject {
    let spec = json!({"interval": "10m", "path": format!("./{name}"), "prune": true,
        "sourceRef": {"kind": "GitRepository", "name": "fleet", "namespace": "flux-system"}});
    FluxObject::new(KUSTOMIZE, "Kustomization", namespace, name, spec)
        .ready("ReconciliationSucceeded", &format!("Applied revision: {COMMIT}"))
        .with_status(json!({"lastAppliedRevision": COMMIT, "lastAttemptedRevision": COMMIT}))
}

/// A HelmRelease of a chart of the same name in the repository `charts`.
pub fn helm_release(namespace: &str, name: &str) -> FluxObject {
    let spec = json!({"interval": "10m", "chart": {"spec": {"chart": name, "version": ">=1.0.0",
        "sourceRef": {"kind": "HelmRepository", "name": "charts", "namespace": "flux-system"}}}});
    let upgraded = format!("Helm upgrade succeeded for release {namespace}/{name}.v3 with chart {name}@1.4.2");
    let revision = |version: u8, status: &str| {
        json!({"name": name, "namespace": namespace, "version": version, "status": status, "apiVersion": "v2",
            "chartName": name, "chartVersion": "1.4.2", "appVersion": "2.1.0", "digest": DIGEST,
            "configDigest": DIGEST, "firstDeployed": "2026-01-05T08:00:00Z", "lastDeployed": "2026-01-05T08:00:00Z"})
    };
    FluxObject::new(HELM, "HelmRelease", namespace, name, spec)
        .with_conditions(&[
            ("Ready", "True", "UpgradeSucceeded", &upgraded),
            ("Released", "True", "UpgradeSucceeded", &upgraded),
        ])
        .with_status(json!({"observedGeneration": 1, "helmChart": format!("flux-system/{namespace}-{name}"), "storageNamespace": namespace,
            "history": [revision(3, "deployed"), revision(2, "superseded")], "lastAttemptedGeneration": 1,
            "lastAttemptedRevision": "1.4.2", "lastAttemptedReleaseAction": "upgrade"}))
}

/// A GitRepository at the commit that [`kustomization`]s have applied.
pub fn git_repository(namespace: &str, name: &str) -> FluxObject {
    let spec = json!({"interval": "1m", "timeout": "60s", "ref": {"branch": "main"},
        "url": format!("https://git.example.com/{namespace}/{name}.git")});
    stored(
        FluxObject::new(SOURCE, "GitRepository", namespace, name, spec),
        COMMIT,
        &format!("stored artifact for revision '{COMMIT}'"),
    )
}

/// An OCIRepository with an artifact.
pub fn oci_repository(namespace: &str, name: &str) -> FluxObject {
    let spec = json!({"interval": "5m", "provider": "generic", "ref": {"semver": ">=1.0.0"},
        "url": format!("oci://registry.example.com/{namespace}/{name}")});
    let revision = format!("1.4.2@{DIGEST}");
    stored(
        FluxObject::new(SOURCE, "OCIRepository", namespace, name, spec),
        &revision,
        &format!("stored artifact for digest '{revision}'"),
    )
}

/// A HelmRepository with an index.
pub fn helm_repository(namespace: &str, name: &str) -> FluxObject {
    let spec =
        json!({"interval": "30m", "provider": "generic", "url": format!("https://charts.example.com/{namespace}")});
    let message = format!("stored artifact: revision '{DIGEST}'");
    stored(FluxObject::new(SOURCE, "HelmRepository", namespace, name, spec), DIGEST, &message)
}

/// The HelmChart that helm-controller makes for a [`helm_release`].
pub fn helm_chart(namespace: &str, name: &str) -> FluxObject {
    let spec = json!({"interval": "10m", "chart": name, "version": ">=1.0.0", "reconcileStrategy": "ChartVersion",
        "sourceRef": {"kind": "HelmRepository", "name": "charts"}});
    let pulled = format!("pulled '{name}' chart with version '1.4.2'");
    FluxObject::new(SOURCE, "HelmChart", "flux-system", &format!("{namespace}-{name}"), spec)
        .ready("ChartPullSucceeded", &pulled)
        .with_status(json!({"observedChartName": name, "observedSourceArtifactRevision": DIGEST,
            "artifact": artifact("helmchart", "1.4.2")}))
}

/// An ImageRepository that was scanned.
pub fn image_repository(namespace: &str, name: &str) -> FluxObject {
    let image = format!("registry.example.com/acme/{name}");
    let scan = json!({"latestTags": ["1.4.2", "1.4.1", "1.4.0"], "scanTime": "2026-01-05T08:00:00Z", "tagCount": 31});
    FluxObject::new(IMAGE, "ImageRepository", namespace, name, json!({"interval": "5m", "image": image}))
        .ready("Succeeded", "successful scan: found 31 tags")
        .with_status(json!({"canonicalImageName": image, "lastScanResult": scan}))
}

/// An ImagePolicy of the [`image_repository`] of the same name.
pub fn image_policy(namespace: &str, name: &str) -> FluxObject {
    let spec = json!({"imageRepositoryRef": {"name": name}, "policy": {"semver": {"range": "1.x"}}});
    let image = format!("registry.example.com/acme/{name}");
    FluxObject::new(IMAGE, "ImagePolicy", namespace, name, spec)
        .ready("Succeeded", &format!("Latest image tag for {image} resolved to 1.4.2"))
        .with_status(json!({"latestRef": {"name": image, "tag": "1.4.2"},
            "observedPreviousRef": {"name": image, "tag": "1.4.1"}}))
}

/// An ImageUpdateAutomation of the repository `fleet`.
pub fn image_update_automation(namespace: &str, name: &str) -> FluxObject {
    let spec = json!({"interval": "30m", "sourceRef": {"kind": "GitRepository", "name": "fleet",
            "namespace": "flux-system"},
        "git": {"checkout": {"ref": {"branch": "main"}}, "push": {"branch": "main"},
            "commit": {"author": {"email": "flux@example.com", "name": "flux"}}},
        "update": {"path": "./apps", "strategy": "Setters"}});
    FluxObject::new(IMAGE, "ImageUpdateAutomation", namespace, name, spec)
        .ready("Succeeded", "repository up-to-date")
        .with_status(json!({"lastAutomationRunTime": "2026-01-05T08:00:00Z", "lastPushTime": "2026-01-04T08:00:00Z",
            "lastPushCommit": "ba66396785f97042590e94c06645dac9ed1d1c82",
            "observedPolicies": {"accounts": {"name": "registry.example.com/acme/accounts", "tag": "1.4.2"}}}))
}

/// A Terraform object that has applied its plan.
pub fn terraform(namespace: &str, name: &str) -> FluxObject {
    let spec = json!({"interval": "30m", "path": format!("./terraform/{name}"), "approvePlan": "auto",
        "sourceRef": {"kind": "GitRepository", "name": "fleet", "namespace": "flux-system"}});
    FluxObject::new("infra.contrib.fluxcd.io/v1alpha2", "Terraform", namespace, name, spec)
        .ready("TerraformOutputsWritten", &format!("Outputs written: {COMMIT}"))
        .with_status(json!({"lastAppliedRevision": COMMIT, "lastAttemptedRevision": COMMIT,
            "plan": {"lastApplied": format!("plan-{}", COMMIT.replace([':', '@'], "-"))}}))
}

/// A ResourceSet of the Flux Operator.
pub fn resource_set(namespace: &str, name: &str) -> FluxObject {
    let spec = json!({"inputs": [{"tenant": "blue"}, {"tenant": "green"}], "resources": [], "wait": true});
    FluxObject::new("fluxcd.controlplane.io/v1", "ResourceSet", namespace, name, spec)
        .ready("ReconciliationSucceeded", "Reconciliation finished in 1.2s")
        .with_status(json!({"lastAppliedRevision": DIGEST}))
}

/// The source with an artifact in storage.
fn stored(source: FluxObject, revision: &str, message: &str) -> FluxObject {
    let kind = source["kind"].as_str().unwrap_or_default().to_lowercase();
    source
        .with_conditions(&[
            ("Ready", "True", "Succeeded", message),
            ("ArtifactInStorage", "True", "Succeeded", message),
        ])
        .with_status(json!({"observedGeneration": 1, "artifact": artifact(&kind, revision)}))
}

fn artifact(kind: &str, revision: &str) -> serde_json::Value {
    let path = format!("{kind}/{}.tar.gz", revision.replace([':', '@'], "-"));
    json!({"digest": DIGEST, "lastUpdateTime": "2026-01-05T08:00:00Z", "path": path, "revision": revision, "size": 4120,
        "url": format!("http://source-controller.flux-system.svc.cluster.local./{path}")})
}
