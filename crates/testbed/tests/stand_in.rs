//! The stand-in for Flux's controllers, watched at work on a real control plane.

use std::time::Duration;

use anyhow::{Context, bail};
use fanlight_testbed::{
    ControlPlane, StandIn,
    estate::{Estate, FluxObject, config_map, git_repository, kustomization},
    stand_in::Options,
};
use futures_util::{Stream, TryStreamExt};
use k8s_openapi::api::core::v1::{ConfigMap, Event};
use kube::{
    Api,
    api::{DeleteParams, DynamicObject, ListParams, Patch, PatchParams, WatchEvent, WatchParams},
    core::GroupVersionKind,
    discovery::pinned_kind,
};
use serde_json::{Value, json};
use tokio::time::timeout;

#[tokio::test]
async fn it_answers_rests_resumes_and_ends_in_the_recorded_order() -> anyhow::Result<()> {
    let plane = ControlPlane::start().await?;
    for namespace in ["flux-system", "apps"] {
        plane.create_namespace(namespace).await?;
    }
    let settings = config_map("apps", "settings", &json!({"colour": "blue"}));
    plane.apply(&settings).await?;
    plane.apply(&git_repository("flux-system", "fleet")).await?;
    let shop = kustomization("apps", "shop").with_spec(json!({"wait": true})).finalized();
    plane.apply(&shop.having_applied([&settings])).await?;
    let _stand_in = StandIn::start(plane.admin(), Options::quick()).await?;
    let shop = Watched::new(&plane, "kustomize.toolkit.fluxcd.io", "v1", "Kustomization", "apps", "shop").await?;

    let seen = shop.while_changing(json!({"metadata": {"annotations": request("one")}}), answered("one")).await?;
    let states: Vec<_> = seen.iter().map(|object| ready(object).0).collect();
    assert_eq!(states, ["True", "Unknown", "Unknown", "Unknown", "Unknown", "Unknown", "True", "True"]);
    let phases: Vec<_> = seen.iter().filter_map(|object| reconciling(object)?.split(" for ").next()).collect();
    let checks = "Running health checks";
    assert_eq!(phases, ["Fetching manifests", "Building manifests", "Detecting drift", checks, checks]);

    let seen = shop.while_changing(json!({"spec": {"suspend": true}}), |object| at_generation(object, 2)).await?;
    assert_eq!(seen.iter().map(|object| ready(object).2).collect::<Vec<_>>(), [1, 1], "the condition stays");
    let seen = shop.while_changing(json!({"metadata": {"annotations": request("two")}}), answered("two")).await?;
    assert!(seen.iter().all(|object| ready(object).0 == "True"), "it only copies the request");
    assert_eq!(seen.len(), 2);
    let seen = shop.while_changing(json!({"spec": {"suspend": false}}), |object| at_generation(object, 3)).await?;
    assert!(seen.iter().any(|object| ready(object).0 == "Unknown"), "it reconciles at once");
    assert_eq!(ready_generation(seen.last()), Some(3));

    shop.api.delete("shop", &DeleteParams::default()).await?;
    shop.until("it is gone", |object| object.is_none()).await?;
    let maps: Api<ConfigMap> = Api::namespaced(plane.admin(), "apps");
    assert!(maps.get_opt("settings").await?.is_none(), "what it applied is gone before");
    let events: Api<Event> = Api::namespaced(plane.admin(), "apps");
    let told = events.list(&ListParams::default().fields("involvedObject.name=shop")).await?;
    let pruned = told.iter().find(|event| event.message.as_deref() == Some("ConfigMap/apps/settings deleted"));
    assert_eq!(pruned.context("an Event about pruning")?.reason.as_deref(), Some("ReconciliationSucceeded"));
    assert!(told.iter().all(|event| event.count == Some(1) || event.last_timestamp.is_some()));
    Ok(())
}

#[tokio::test]
async fn in_the_company_a_commit_reaches_dependants_and_failures_stay_until_mended() -> anyhow::Result<()> {
    let plane = ControlPlane::start().await?;
    Estate::company()?.apply(&plane).await?;
    let stand_in = StandIn::start(plane.admin(), Options::quick()).await?;

    let spec = json!({"interval": "10m", "chartRef": {"kind": "HelmChart", "name": "mobile-push",
        "namespace": "flux-system"}});
    plane.apply(&FluxObject::new("helm.toolkit.fluxcd.io/v2", "HelmRelease", "mobile", "fresh", spec)).await?;
    let fresh = Watched::new(&plane, "helm.toolkit.fluxcd.io", "v2", "HelmRelease", "mobile", "fresh").await?;
    fresh.until("it is installed", |object| object.is_some_and(|object| ready(object).1 == "InstallSucceeded")).await?;

    let kustomize = ("kustomize.toolkit.fluxcd.io", "v1", "Kustomization");
    let last = Watched::new(&plane, kustomize.0, kustomize.1, kustomize.2, "flux-system", "infra-configs").await?;
    let before = last.get().await?.context("there it is")?["status"]["lastAppliedRevision"].clone();
    let version = last.version().await?;
    assert!(stand_in.push("flux-system", "flux-system", "Open the second zone"));
    let applied = |object: &Value| object["status"]["lastAppliedRevision"] != before && ready(object).0 == "True";
    let seen = last.watch(&version, applied).await?;
    assert!(seen.iter().any(|object| ready(object).1 == "DependencyNotReady"), "it waits for its dependency");

    let held = Watched::new(&plane, kustomize.0, kustomize.1, kustomize.2, "data", "held").await?;
    let held = held.get().await?.context("it waits for what it applied")?;
    assert!(held["metadata"]["deletionTimestamp"].is_string() && ready(&held).0 == "True");

    let catalog = Watched::new(&plane, kustomize.0, kustomize.1, kustomize.2, "catalog", "catalog").await?;
    stand_in.break_down("Kustomization", "catalog", "catalog", "HealthCheckFailed", "health check failed: no pods");
    catalog.until("it is broken", |object| object.is_some_and(|object| ready(object).1 == "HealthCheckFailed")).await?;
    let again = json!({"metadata": {"annotations": request("again")}});
    let seen = catalog.while_changing(again, answered("again")).await?;
    assert_eq!(seen.last().map(|object| ready(object).1), Some("HealthCheckFailed".to_owned()));
    stand_in.mend("Kustomization", "catalog", "catalog");
    catalog.until("it is well", |object| object.is_some_and(|object| ready(object).0 == "True")).await?;

    let release =
        Watched::new(&plane, "helm.toolkit.fluxcd.io", "v2", "HelmRelease", "edge", "ingress-gateway").await?;
    let force = json!({"metadata": {"annotations": {"reconcile.fluxcd.io/requestedAt": "now",
        "reconcile.fluxcd.io/forceAt": "now"}}});
    let seen = release.while_changing(force, answered("now")).await?;
    let noted = seen.iter().position(|object| object["status"]["lastHandledForceAt"] == "now");
    assert!(noted.is_some_and(|noted| noted + 4 == seen.len() - 1), "four writes before the answer: {noted:?}");
    assert_eq!(seen.last().map(|object| object["status"]["history"][0]["version"].clone()), Some(json!(5)));
    Ok(())
}

fn request(value: &str) -> Value {
    json!({"reconcile.fluxcd.io/requestedAt": value})
}

fn answered(value: &str) -> impl Fn(&Value) -> bool {
    move |object| object["status"]["lastHandledReconcileAt"] == *value
}

fn at_generation(object: &Value, generation: i64) -> bool {
    object["status"]["observedGeneration"] == generation
}

/// Status, reason and generation of `Ready`.
fn ready(object: &Value) -> (String, String, i64) {
    let conditions = object["status"]["conditions"].as_array().into_iter().flatten();
    let ready = conditions.clone().find(|one| one["type"] == "Ready").cloned().unwrap_or_default();
    let text = |field: &str| ready[field].as_str().unwrap_or_default().to_owned();
    (text("status"), text("reason"), ready["observedGeneration"].as_i64().unwrap_or_default())
}

fn ready_generation(object: Option<&Value>) -> Option<i64> {
    object.map(|object| ready(object).2)
}

fn reconciling(object: &Value) -> Option<&str> {
    let mut conditions = object["status"]["conditions"].as_array()?.iter();
    conditions.find(|one| one["type"] == "Reconciling")?["message"].as_str()
}

/// One object under observation.
struct Watched {
    api: Api<DynamicObject>,
    name: String,
}

impl Watched {
    async fn new(
        plane: &ControlPlane,
        group: &str,
        version: &str,
        kind: &str,
        namespace: &str,
        name: &str,
    ) -> anyhow::Result<Self> {
        let (resource, _) = pinned_kind(&plane.admin(), &GroupVersionKind::gvk(group, version, kind)).await?;
        Ok(Self { api: Api::namespaced_with(plane.admin(), namespace, &resource), name: name.to_owned() })
    }

    async fn get(&self) -> anyhow::Result<Option<Value>> {
        Ok(self.api.get_opt(&self.name).await?.map(serde_json::to_value).transpose()?)
    }

    async fn version(&self) -> anyhow::Result<String> {
        let object = self.api.get(&self.name).await?;
        object.metadata.resource_version.context("a version")
    }

    async fn changes(
        &self,
        version: &str,
    ) -> anyhow::Result<impl Stream<Item = kube::Result<WatchEvent<DynamicObject>>> + use<>> {
        let only = WatchParams::default().fields(&format!("metadata.name={}", self.name));
        Ok(self.api.watch(&only, version).await?)
    }

    /// Patches the object and returns every state after that until one is as wanted.
    async fn while_changing(&self, patch: Value, wanted: impl Fn(&Value) -> bool) -> anyhow::Result<Vec<Value>> {
        let version = self.version().await?;
        let params = PatchParams { field_manager: Some("dashboard".to_owned()), ..PatchParams::default() };
        self.api.patch(&self.name, &params, &Patch::Merge(patch)).await?;
        self.watch(&version, wanted).await
    }

    /// Every state after this version until one is as wanted.
    async fn watch(&self, version: &str, wanted: impl Fn(&Value) -> bool) -> anyhow::Result<Vec<Value>> {
        let mut changes = std::pin::pin!(self.changes(version).await?);
        let mut seen = Vec::new();
        let waiting = timeout(Duration::from_secs(60), async {
            while let Some(change) = changes.try_next().await? {
                if let WatchEvent::Added(object) | WatchEvent::Modified(object) = change {
                    seen.push(serde_json::to_value(object)?);
                    if seen.last().is_some_and(&wanted) {
                        return Ok(());
                    }
                }
            }
            bail!("the watch ended")
        });
        waiting.await.with_context(|| format!("{} did not become what was wanted", self.name))??;
        Ok(seen)
    }

    /// Waits until the object, or its absence, is as wanted.
    async fn until(&self, what: &str, wanted: impl Fn(Option<&Value>) -> bool) -> anyhow::Result<()> {
        let Some(now) = self.get().await? else {
            anyhow::ensure!(wanted(None), "it is gone: {what}");
            return Ok(());
        };
        if wanted(Some(&now)) {
            return Ok(());
        }
        let version = now["metadata"]["resourceVersion"].as_str().unwrap_or_default().to_owned();
        let mut changes = std::pin::pin!(self.changes(&version).await?);
        let waiting = timeout(Duration::from_secs(60), async {
            while let Some(change) = changes.try_next().await? {
                let holds = match change {
                    WatchEvent::Added(object) | WatchEvent::Modified(object) => {
                        wanted(Some(&serde_json::to_value(object)?))
                    }
                    WatchEvent::Deleted(_) => wanted(None),
                    _ => false,
                };
                if holds {
                    return Ok(());
                }
            }
            bail!("the watch ended")
        });
        waiting.await.with_context(|| what.to_owned())?
    }
}
