//! What happens by itself: intervals pass, people push, things break and are mended.

use std::{sync::Arc, time::Duration};

use k8s_openapi::api::apps::v1::Deployment;
use kube::{
    Api,
    api::{Patch, PatchParams},
};
use rand::{Rng, RngExt, SeedableRng, rngs::StdRng};
use serde_json::{Value, json};

use super::{
    case::Verdict,
    office::Office,
    source::{commit_after, is_source},
    status::condition,
    world::{Key, World, is_suspended, text},
};

const SUBJECTS: [&str; 6] = [
    "Raise the replicas of the web tier",
    "Update the base image",
    "Rotate the feature flags",
    "Lower the log level",
    "Add a readiness probe",
    "Tidy up the labels",
];

/// Lets something happen again and again.
pub(super) async fn live(office: Arc<Office>, every: Duration, seed: u64) {
    let mut chance = StdRng::seed_from_u64(seed);
    let mut broken: Option<(Key, u32)> = None;
    for round in 0u32.. {
        tokio::time::sleep(every).await;
        if let Some((key, since)) = &broken
            && round - since >= 8
        {
            roll_out(&office, key, false).await;
            Office::poke(&office, key, [Verdict::Well]);
            broken = None;
            continue;
        }
        let things = Things::of(&office.files().world);
        match round % 10 {
            3 => push(&office, &things, &mut chance),
            5 if broken.is_none() => {
                let key = pick(&things.checked, &mut chance).cloned();
                if let Some(key) = &key {
                    break_health(&office, key).await;
                }
                broken = key.map(|key| (key, round));
            }
            8 if round % 20 == 8 => fail_upgrade(&office, &things, &mut chance),
            _ => {
                if let Some(key) = pick(&things.well, &mut chance) {
                    Office::poke(&office, key, None);
                }
            }
        }
    }
}

/// What could happen to whom.
#[derive(Debug, Default)]
struct Things {
    /// Ready, and not at rest; charts left out, since they would outnumber the others.
    well: Vec<Key>,
    /// Kustomizations among them that check the health of what they applied.
    checked: Vec<Key>,
    /// Releases among them that are rolled back when they fail.
    careful: Vec<Key>,
    /// Repositories and what they are at.
    repositories: Vec<(Key, Value)>,
}

impl Things {
    fn of(world: &World) -> Self {
        let mut things = Self::default();
        for (key, object) in &world.objects {
            let ready = condition(&object["status"], "Ready").is_some_and(|ready| ready["status"] == "True");
            if !ready || is_suspended(object) || object["metadata"]["deletionTimestamp"].is_string() {
                continue;
            }
            let spec = &object["spec"];
            let root = key.namespace == "flux-system";
            match key.kind.as_str() {
                "Kustomization" if !root && (spec["wait"] == true || spec["healthChecks"].is_array()) => {
                    things.checked.push(key.clone());
                }
                "HelmRelease" if spec["upgrade"]["remediation"]["retries"].is_i64() => things.careful.push(key.clone()),
                "GitRepository" => {
                    things.repositories.push((key.clone(), object["status"]["artifact"]["revision"].clone()));
                }
                _ => {}
            }
            let applies = matches!(key.kind.as_str(), "Kustomization" | "HelmRelease");
            if applies || (is_source(&key.kind) && key.kind != "HelmChart") {
                things.well.push(key.clone());
            }
        }
        // The order of a hash map must not decide.
        things.well.sort();
        things.checked.sort();
        things.careful.sort();
        things.repositories.sort_by(|(one, _), (other, _)| one.cmp(other));
        things
    }
}

fn pick<'a, T>(all: &'a [T], chance: &mut impl Rng) -> Option<&'a T> {
    if all.is_empty() { None } else { all.get(chance.random_range(0..all.len())) }
}

/// A commit reaches a repository; whatever depends on it follows.
fn push(office: &Arc<Office>, things: &Things, chance: &mut impl Rng) {
    let Some((key, revision)) = pick(&things.repositories, chance) else { return };
    let subject = pick(&SUBJECTS, chance).copied().unwrap_or_default();
    if let Some(commit) = commit_after(revision, &format!("{revision}{subject}{}", chance.random::<u64>())) {
        Office::poke(office, key, [Verdict::Found(commit, subject.to_owned())]);
    }
}

/// What a Kustomization applied crashes.
async fn break_health(office: &Arc<Office>, key: &Key) {
    let name = roll_out(office, key, true).await.unwrap_or_else(|| format!("{}/{}", key.namespace, key.name));
    let message =
        format!("health check failed after 40.1s: timeout waiting for: [Deployment/{name} status: 'InProgress']");
    Office::poke(office, key, [Verdict::Broken("HealthCheckFailed".to_owned(), message)]);
}

/// An upgrade fails and is rolled back; the next try succeeds.
fn fail_upgrade(office: &Arc<Office>, things: &Things, chance: &mut impl Rng) {
    let Some(key) = pick(&things.careful, chance) else { return };
    let chart = {
        let files = office.files();
        let status = files.world.get(key).map(|object| object["status"].clone()).unwrap_or_default();
        format!("{}@{}", text(&status, "/history/0/chartName"), text(&status, "/lastAttemptedRevision"))
    };
    let message = format!(
        "Helm upgrade failed for release {0}/{1} with chart {chart}: timeout waiting for: [Deployment/{0}/{1} status: \
         'InProgress']",
        key.namespace, key.name
    );
    Office::poke(office, key, [Verdict::Broken("UpgradeFailed".to_owned(), message), Verdict::Well]);
}

/// Gives the first Deployment of a Kustomization an image that crashes, or its old one back; says which Deployment.
async fn roll_out(office: &Arc<Office>, key: &Key, crashing: bool) -> Option<String> {
    const SUFFIX: &str = "-rc1";
    let id = {
        let files = office.files();
        let entries = files.world.get(key)?.pointer("/status/inventory/entries")?.as_array()?;
        let ids = entries.iter().filter_map(|entry| entry["id"].as_str());
        ids.into_iter().find(|id| id.ends_with("_apps_Deployment"))?.to_owned()
    };
    let (namespace, rest) = id.split_once('_')?;
    let name = rest.strip_suffix("_apps_Deployment")?;
    let api: Api<Deployment> = Api::namespaced(office.client.clone(), namespace);
    let found = api.get(name).await.ok()?;
    let container = found.spec?.template.spec?.containers.into_iter().next()?;
    let image = container.image?;
    let bare = image.trim_end_matches(SUFFIX);
    let image = if crashing { format!("{bare}{SUFFIX}") } else { bare.to_owned() };
    let containers = json!([{"name": container.name, "image": image}]);
    let patch = Patch::Strategic(json!({"spec": {"template": {"spec": {"containers": containers}}}}));
    let params = PatchParams { field_manager: Some("kustomize-controller".to_owned()), ..PatchParams::default() };
    api.patch(name, &params, &patch).await.ok()?;
    Some(format!("{namespace}/{name}"))
}
