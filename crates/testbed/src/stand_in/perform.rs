//! Doing what a plan says.

use std::sync::Arc;

use anyhow::Context;
use jiff::Timestamp;
use kube::{
    Api,
    api::{DeleteParams, DynamicObject, Patch, PatchParams},
    core::GroupVersionKind,
    discovery::{Scope, pinned_kind},
};
use serde_json::{Value, json};

use super::{
    office::Office,
    plan::Step,
    status::{changed, patch},
    world::Key,
};
use crate::estate::controller;

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// All was done, or the object is gone.
    Ended,
    /// What it applied is not gone yet.
    Waits,
}

/// Does everything in order.
pub(super) async fn perform(
    office: &Arc<Office>,
    key: &Key,
    object: &Value,
    steps: Vec<Step>,
) -> anyhow::Result<Outcome> {
    let api = office.api(key)?;
    let params = PatchParams { field_manager: controller(object).map(str::to_owned), ..PatchParams::default() };
    let generation = object["metadata"]["generation"].as_i64().unwrap_or(1);
    let mut status = object["status"].clone();
    for step in steps {
        match step {
            Step::Pause(time) => office.pause(time).await,
            Step::Write(changes) => {
                let after = changed(&status, &changes, generation, Timestamp::now());
                let Some(patch) = patch(&status, &after) else { continue };
                let written = api.patch_status(&key.name, &params, &Patch::Merge(patch)).await;
                let mut written = serde_json::to_value(written.with_context(|| format!("the status of {key}"))?)?;
                written["apiVersion"] = object["apiVersion"].clone();
                written["kind"] = object["kind"].clone();
                Office::learn(office, written);
                status = after;
            }
            Step::Tell(note) => office.recorder.tell(object, &note).await?,
            Step::Prune => {
                if !prune(office, object, &status).await? {
                    return Ok(Outcome::Waits);
                }
            }
            Step::Release => {
                let patch = Patch::Merge(json!({"metadata": {"finalizers": null}}));
                api.patch(&key.name, &params, &patch).await.with_context(|| format!("releasing {key}"))?;
            }
        }
    }
    Ok(Outcome::Ended)
}

/// Deletes what the object applied; says whether it may end, which one that waits may only when all is gone.
async fn prune(office: &Office, object: &Value, status: &Value) -> anyhow::Result<bool> {
    if object["spec"]["prune"] == false {
        return Ok(true);
    }
    let mut gone = true;
    for entry in status["inventory"]["entries"].as_array().into_iter().flatten() {
        let Some((api, name)) = applied(office, entry).await else { continue };
        // Whether it helped is seen by looking.
        let _ = api.delete(&name, &DeleteParams::default()).await;
        gone &= api.get_opt(&name).await?.is_none();
    }
    if let Some((namespace, name)) = status["helmChart"].as_str().and_then(|chart| chart.split_once('/')) {
        let chart = Key::new("HelmChart", namespace, name);
        let _ = office.api(&chart)?.delete(name, &DeleteParams::default()).await;
    }
    Ok(gone || object["spec"]["deletionPolicy"] != "WaitForTermination")
}

/// The object of an inventory's entry.
async fn applied(office: &Office, entry: &Value) -> Option<(Api<DynamicObject>, String)> {
    let (namespace, rest) = entry["id"].as_str()?.split_once('_')?;
    let mut parts = rest.rsplitn(3, '_');
    let (kind, group, name) = (parts.next()?, parts.next()?, parts.next()?);
    let gvk = GroupVersionKind::gvk(group, entry["v"].as_str()?, kind);
    let (resource, capabilities) = pinned_kind(&office.client, &gvk).await.ok()?;
    let api = match capabilities.scope {
        Scope::Cluster => Api::all_with(office.client.clone(), &resource),
        Scope::Namespaced => Api::namespaced_with(office.client.clone(), namespace, &resource),
    };
    Some((api, name.replace("__", ":")))
}
