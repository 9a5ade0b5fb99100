//! As many objects as wanted, for demonstrations and benchmarks.

use serde_json::{Value, json};

use super::{FluxObject, git_repository, helm_chart, helm_release, helm_repository, kustomization, oci_repository};

/// Namespaces and, spread over them, Flux objects: of twenty, seven Kustomizations, five HelmReleases, five of their
/// charts and three other sources; of a hundred, about eighty-five are ready.
pub(super) fn objects(objects: usize, namespaces: usize) -> Vec<Value> {
    let name = |number: usize| format!("{}-{number:03}", TEAMS[number % TEAMS.len()]);
    let names: Vec<String> = (0..namespaces.max(1)).map(name).collect();
    let mut all: Vec<Value> = names
        .iter()
        .map(|name| json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}))
        .chain([git_repository("flux-system", "fleet").into(), helm_repository("flux-system", "charts").into()])
        .collect();
    all.push(json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "flux-system"}}));
    // The two shared sources count.
    all.extend((0..objects.saturating_sub(2)).map(|number| object(number, &names[number % names.len()])));
    all
}

const TEAMS: [&str; 12] = [
    "accounts", "billing", "catalog", "delivery", "events", "fraud", "ledger", "media", "orders", "search", "stock",
    "web",
];

fn object(number: usize, namespace: &str) -> Value {
    // Counted in each namespace, so that its objects are of all kinds.
    let name = format!("{}-{number:05}", TEAMS[number / 7 % TEAMS.len()]);
    let made = match number * 7 % 20 {
        0..7 => kustomization(namespace, &name),
        7..12 => return spoiled(number, helm_release(namespace, &name)),
        12..17 => helm_chart(namespace, &name),
        17 => git_repository(namespace, &name),
        18 => oci_repository(namespace, &name),
        _ => helm_repository(namespace, &name),
    };
    spoiled(number, made)
}

/// Some of them are in trouble.
fn spoiled(number: usize, object: FluxObject) -> Value {
    let broken = match object["kind"].as_str().unwrap_or_default() {
        "Kustomization" => ("HealthCheckFailed", "timeout waiting for: [Deployment/web/app status: 'InProgress']"),
        "HelmRelease" => ("UpgradeFailed", "Helm upgrade failed for release: context deadline exceeded"),
        "HelmChart" => ("InvalidChartReference", "invalid chart reference: failed to get chart version"),
        _ => ("GitOperationFailed", "failed to checkout and determine revision: authentication required"),
    };
    let changed = match number % 101 {
        0..5 => object.failed(broken.0, broken.1),
        5..8 => object.suspended(),
        8..11 => {
            object.progressing("Building manifests for revision main@sha1:ba66396785f97042590e94c06645dac9ed1d1c82")
        }
        11..14 => object.waiting("DependencyNotReady", "dependency 'flux-system/infra' is not ready"),
        14 => object.stalled("RetriesExceeded", broken.1),
        _ => object,
    };
    changed.into()
}
