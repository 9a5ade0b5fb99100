//! Kubernetes, Flux's definitions and its controllers.

use std::collections::BTreeMap;

use fanlight_cluster::rescue::{Rescue, RescueError, Spot, Trouble};
use fanlight_model::Kind;
use serde_json::Value;

use super::Finding;

/// The oldest minor version of Kubernetes that is taken, as the predecessor had it.
const OLDEST: u32 = 26;
const DEFINITIONS: &str = "definitions";
const CONTROLLERS: &str = "controllers";

/// Whether the API server answers, and is new enough; `false` if nothing else need be asked.
pub(super) async fn kubernetes(cluster: &Rescue, findings: &mut Vec<Finding>) -> bool {
    const ABOUT: &str = "kubernetes";
    let version = match cluster.server_version().await {
        Ok(version) => version,
        Err(error) => {
            findings.push(Finding::failure(ABOUT, error.to_string(), "Choose a kubeconfig and a --context"));
            return false;
        }
    };
    findings.push(match minor(&version) {
        Some(minor) if minor < OLDEST => {
            Finding::failure(ABOUT, format!("Kubernetes {version} does not match >=1.{OLDEST}"), "Upgrade the cluster")
        }
        Some(_) => Finding::ok(ABOUT, format!("Kubernetes {} >=1.{OLDEST}", version.trim_start_matches('v'))),
        None => Finding::warning(ABOUT, format!("Kubernetes {version}"), "Look yourself whether that is 1.26 or later"),
    });
    true
}

fn minor(version: &str) -> Option<u32> {
    let mut parts = version.trim_start_matches('v').split('.');
    match (parts.next()?, parts.next()?) {
        ("1", minor) => minor.trim_end_matches('+').parse().ok(),
        _ => None,
    }
}

/// Which of Flux's kinds are served, at which versions, and whether some are still stored at older ones.
pub(super) async fn definitions(cluster: &Rescue, findings: &mut Vec<Finding>) {
    let mut served: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    let mut stale = Vec::new();
    let mut unread = None;
    for kind in Kind::all().map(Kind::info).filter(|kind| kind.group.ends_with("fluxcd.io")) {
        let name = format!("{}.{}", kind.plural, kind.group);
        let spot = Spot {
            kind: "CustomResourceDefinition",
            api: "apiextensions.k8s.io/v1",
            plural: "customresourcedefinitions",
            namespace: "",
            name: &name,
        };
        match cluster.object(&spot).await {
            Ok(Some(definition)) => {
                let versions = versions(&definition);
                stale.extend(old(&definition).map(|old| format!("{} ({old})", kind.name)));
                served.insert(kind.name, versions);
            }
            Ok(None) => {}
            Err(error) if matches!(error.trouble, Trouble::Forbidden(_)) => {
                unread = Some(error);
                break;
            }
            Err(error) => return findings.push(Finding::unanswered(DEFINITIONS, &error)),
        }
    }
    if let Some(error) = unread {
        findings.push(Finding::unanswered(DEFINITIONS, &error));
        match by_discovery(cluster).await {
            Ok(discovered) => served = discovered,
            Err(error) => return findings.push(Finding::unanswered(DEFINITIONS, &error)),
        }
    }
    findings.push(summary(&served));
    if !stale.is_empty() {
        let what = format!("objects are still stored at versions that Flux will drop: {}", stale.join(", "));
        findings.push(Finding::warning(
            DEFINITIONS,
            what,
            "`flux migrate` rewrites them; do it before the next upgrade of Flux",
        ));
    }
}

fn summary(served: &BTreeMap<&str, Vec<String>>) -> Finding {
    const NEEDED: [&str; 3] = ["Kustomization", "HelmRelease", "GitRepository"];
    if served.is_empty() {
        return Finding::failure(DEFINITIONS, "Flux is not installed: none of its kinds is there", "`flux install`");
    }
    let text: Vec<String> = served.iter().map(|(kind, versions)| format!("{kind} {}", versions.join("+"))).collect();
    let missing: Vec<_> = NEEDED.into_iter().filter(|kind| !served.contains_key(kind)).collect();
    if missing.is_empty() {
        return Finding::ok(DEFINITIONS, text.join(", "));
    }
    let what = format!("{}; there is no {}", text.join(", "), missing.join(", no "));
    Finding::warning(DEFINITIONS, what, "Their pages stay empty; `flux install` brings all of them")
}

fn versions(definition: &Value) -> Vec<String> {
    let all = definition["spec"]["versions"].as_array().into_iter().flatten();
    all.filter(|version| version["served"] == true)
        .filter_map(|version| version["name"].as_str().map(ToOwned::to_owned))
        .collect()
}

/// Versions at which objects may be stored other than the present one.
fn old(definition: &Value) -> Option<String> {
    let all = definition["spec"]["versions"].as_array()?;
    let present = all.iter().find(|version| version["storage"] == true)?["name"].as_str()?;
    let stored = definition["status"]["storedVersions"].as_array()?.iter().filter_map(Value::as_str);
    let old: Vec<_> = stored.filter(|version| *version != present).collect();
    (!old.is_empty()).then(|| old.join(", "))
}

async fn by_discovery(cluster: &Rescue) -> Result<BTreeMap<&'static str, Vec<String>>, RescueError> {
    let mut served = BTreeMap::new();
    let mut groups: Vec<_> =
        Kind::all().map(|kind| kind.info().group).filter(|group| group.ends_with("fluxcd.io")).collect();
    groups.dedup();
    for group in groups {
        for (plural, versions) in cluster.served(group).await? {
            if let Some(kind) = Kind::by_resource(group, &plural) {
                served.insert(kind.info().name, versions);
            }
        }
    }
    Ok(served)
}

/// Whether Flux's controllers run.
pub(super) async fn controllers(cluster: &Rescue, findings: &mut Vec<Finding>) {
    let all = Spot { kind: "Deployment", api: "apps/v1", plural: "deployments", namespace: "", name: "" };
    let deployments = match cluster.objects(&all, "app.kubernetes.io/part-of=flux").await {
        Ok(deployments) => deployments,
        Err(error) => return findings.push(Finding::unanswered(CONTROLLERS, &error)),
    };
    let (ready, down): (Vec<_>, Vec<_>) =
        deployments.iter().partition(|one| one["status"]["readyReplicas"].as_i64().unwrap_or(0) > 0);
    let name = |one: &&Value| one["metadata"]["name"].as_str().unwrap_or_default().to_owned();
    if deployments.is_empty() {
        let what = "no Deployment is labelled app.kubernetes.io/part-of=flux";
        return findings.push(Finding::warning(CONTROLLERS, what, "`flux check`, if Flux runs under other labels"));
    }
    for one in &down {
        let namespace = one["metadata"]["namespace"].as_str().unwrap_or_default();
        let remedy = format!("`kubectl --namespace {namespace} describe deployment {}`", name(one));
        findings.push(Finding::failure(CONTROLLERS, format!("{} has no ready pod", name(one)), remedy));
    }
    if !ready.is_empty() {
        let names: Vec<_> = ready.iter().map(|one| format!("{} {}", name(one), tag(one)).trim().to_owned()).collect();
        findings.push(Finding::ok(CONTROLLERS, names.join(", ")));
    }
    for needed in ["source-controller", "kustomize-controller", "helm-controller"] {
        if !deployments.iter().any(|one| name(&one).contains(needed)) {
            let what = format!("there is no {needed}");
            findings.push(Finding::warning(
                CONTROLLERS,
                what,
                "What it looks after stays as it is; `flux install` brings it",
            ));
        }
    }
}

/// The tag of the first container's image.
fn tag(deployment: &Value) -> &str {
    let image = deployment["spec"]["template"]["spec"]["containers"][0]["image"].as_str().unwrap_or_default();
    let last = image.split('@').next().unwrap_or_default().rsplit('/').next().unwrap_or_default();
    last.split_once(':').map(|(_, tag)| tag).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn versions_of_every_maker_are_read() {
        for (version, wanted) in [
            ("v1.36.3", Some(36)),
            ("v1.27+", Some(27)),
            ("v1.30.1-eks-1a2b", Some(30)),
            ("v2.0.0", None),
            ("main", None),
        ] {
            assert_eq!(minor(version), wanted, "{version}");
        }
    }

    #[test]
    fn versions_at_which_objects_are_stored_no_more_are_no_matter() {
        let definition = |stored: Value| {
            json!({"spec": {"versions": [{"name": "v1", "served": true, "storage": true},
                {"name": "v1beta2", "served": true, "storage": false}, {"name": "v1beta1", "served": false}]},
                "status": {"storedVersions": stored}})
        };
        assert_eq!(old(&definition(json!(["v1"]))), None);
        assert_eq!(old(&definition(json!(["v1beta2", "v1"]))).as_deref(), Some("v1beta2"));
        assert_eq!(versions(&definition(json!([]))), ["v1", "v1beta2"]);
    }
}
