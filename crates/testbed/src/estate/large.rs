//! As many objects as wanted, for demonstrations and benchmarks.

use serde_json::{Value, json};

use super::{FluxObject, git_repository, helm_chart, helm_release, helm_repository, kustomization, oci_repository};

/// Namespaces and, spread over them, Flux objects: of twenty, seven Kustomizations, five HelmReleases, five of their
/// charts (in `flux-system`, beside their repository) and three other sources; about six in seven are ready.
pub(super) fn objects(objects: usize, namespaces: usize) -> Vec<Value> {
    let name = |number: usize| format!("{}-{number:03}", TEAMS[number % TEAMS.len()]);
    let names: Vec<String> = (0..namespaces.max(1)).map(name).collect();
    let shared = [git_repository("flux-system", "fleet"), helm_repository("flux-system", "charts")];
    // Each round through the namespaces begins with another kind, so that each namespace gets all of them.
    let made = (0..).flat_map(|number| some(number, number / names.len(), &names[number % names.len()]));
    let namespace = |name: &str| json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}});
    let all = names.iter().map(String::as_str).chain(["flux-system"]).map(namespace);
    all.chain(shared.into_iter().chain(made).take(objects).map(Value::from)).collect()
}

const TEAMS: [&str; 12] = [
    "accounts", "billing", "catalog", "delivery", "events", "fraud", "ledger", "media", "orders", "search", "stock",
    "web",
];

fn some(number: usize, round: usize, namespace: &str) -> Vec<FluxObject> {
    let name = format!("{}-{number:05}", TEAMS[number / 7 % TEAMS.len()]);
    match (number + round) % 15 {
        0..7 => vec![spoiled(number, kustomization(namespace, &name))],
        7..12 => vec![helm_chart(namespace, &name), spoiled(number, helm_release(namespace, &name))],
        12 => vec![spoiled(number, git_repository(namespace, &name))],
        13 => vec![spoiled(number, oci_repository(namespace, &name))],
        _ => vec![spoiled(number, helm_repository(namespace, &name))],
    }
}

/// Some of them are in trouble.
fn spoiled(number: usize, object: FluxObject) -> FluxObject {
    let broken = match object["kind"].as_str().unwrap_or_default() {
        "Kustomization" => ("HealthCheckFailed", "timeout waiting for: [Deployment/web/app status: 'InProgress']"),
        "HelmRelease" => ("UpgradeFailed", "Helm upgrade failed for release: context deadline exceeded"),
        _ => ("GitOperationFailed", "failed to checkout and determine revision: authentication required"),
    };
    let applies = matches!(object["kind"].as_str(), Some("Kustomization" | "HelmRelease"));
    let absent =
        format!("dependency '{}/infra' not found", object["metadata"]["namespace"].as_str().unwrap_or_default());
    match number % 101 {
        0..5 => object.failed(broken.0, broken.1),
        5..8 => object.suspended(),
        8..11 => {
            object.progressing("Building manifests for revision main@sha1:ba66396785f97042590e94c06645dac9ed1d1c82")
        }
        11..13 if applies => object.after(&["infra"]).waiting("DependencyNotReady", &absent),
        13 => object.stalled("RetriesExceeded", broken.1),
        _ => object,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;

    #[test]
    fn every_namespace_gets_objects_of_many_kinds_and_every_name_is_used_once() {
        let mut kinds = BTreeMap::<String, BTreeSet<String>>::new();
        let mut names = BTreeSet::new();
        let (mut flux, mut namespaces) = (0, 0);
        for object in objects(900, 30) {
            let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
            let (kind, namespace) = (text("/kind"), text("/metadata/namespace"));
            assert!(names.insert((kind.clone(), namespace.clone(), text("/metadata/name"))));
            if kind == "Namespace" {
                namespaces += 1;
            } else {
                flux += 1;
                kinds.entry(namespace).or_default().insert(kind);
            }
        }
        assert_eq!((flux, namespaces, kinds.len()), (900, 31, 31), "flux-system comes on top");
        assert!(kinds.values().all(|kinds| kinds.len() >= 3), "{kinds:?}");
    }
}
