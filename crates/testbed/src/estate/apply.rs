use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Mutex,
};

use anyhow::Context;
use futures_util::{StreamExt, TryStreamExt, stream};
use jiff::{SignedDuration, Timestamp};
use kube::{
    ResourceExt,
    api::{DynamicObject, Patch, PatchParams},
};
use serde_json::{Value, json};

use super::{Estate, Item};
use crate::ControlPlane;

/// What an estate put into a control plane.
#[derive(Debug, Clone)]
pub struct Summary {
    /// How many objects of each kind.
    pub counts: BTreeMap<String, usize>,
    /// How many of them are Flux's.
    pub flux: usize,
    /// In which namespaces.
    pub namespaces: BTreeSet<String>,
    /// How long it took.
    pub took: SignedDuration,
}

/// Who creates what others need, before them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Turn {
    Definition,
    Namespace,
    Prerequisite,
    Object,
    Event,
}

impl Estate {
    /// Requests in flight at the same time.
    const AT_ONCE: usize = 32;

    /// Creates everything; quick, since only what needs another object waits for it.
    pub async fn apply(&self, plane: &ControlPlane) -> anyhow::Result<Summary> {
        let began = Timestamp::now();
        let uids = Mutex::new(HashMap::new());
        for turn in [Turn::Definition, Turn::Namespace, Turn::Prerequisite, Turn::Object, Turn::Event] {
            let mine = self.items.iter().filter(|item| Turn::of(&item.object) == turn);
            let work = stream::iter(mine).map(|item| item.apply(plane, &uids)).buffer_unordered(Self::AT_ONCE);
            let done: Vec<()> = work.try_collect().await?;
            if turn == Turn::Definition && !done.is_empty() {
                plane.established().await?;
            }
            tracing::info!(objects = done.len(), "applied: {turn:?}s");
        }
        let mut summary =
            Summary { counts: BTreeMap::new(), flux: 0, namespaces: BTreeSet::new(), took: SignedDuration::ZERO };
        for object in self.objects() {
            *summary.counts.entry(text(object, "/kind").to_owned()).or_default() += 1;
            summary.flux += usize::from(controller(object).is_some());
            if text(object, "/kind") == "Namespace" {
                summary.namespaces.insert(text(object, "/metadata/name").to_owned());
            }
        }
        summary.took = Timestamp::now().duration_since(began);
        Ok(summary)
    }
}

impl Turn {
    fn of(object: &Value) -> Self {
        match text(object, "/kind") {
            "CustomResourceDefinition" => Self::Definition,
            "Namespace" | "PriorityClass" | "IngressClass" => Self::Namespace,
            "ServiceAccount" | "ConfigMap" | "Secret" | "LimitRange" | "ResourceQuota" => Self::Prerequisite,
            "Event" => Self::Event,
            _ => Self::Object,
        }
    }
}

impl Item {
    async fn apply(&self, plane: &ControlPlane, uids: &Mutex<HashMap<String, String>>) -> anyhow::Result<()> {
        let mut object = self.object.clone();
        let status = object.as_object_mut().and_then(|fields| fields.remove("status"));
        let status = status.filter(|status| status.as_object().is_some_and(|fields| !fields.is_empty()));
        if text(&object, "/kind") == "Event" {
            let uid = uids.lock().ok().and_then(|uids| uids.get(&name(&object["involvedObject"])).cloned());
            object["involvedObject"]["uid"] = json!(uid);
        }
        if self.edited {
            let mut before = object.clone();
            before["spec"]["suspend"] = json!(false);
            write(plane, &before).await?;
        }
        let created = write(plane, &object).await?;
        if let (Some(uid), Ok(mut uids)) = (created.uid(), uids.lock()) {
            uids.insert(
                name(&json!({"kind": object["kind"], "name": object["metadata"]["name"],
                "namespace": object["metadata"]["namespace"]})),
                uid,
            );
        }
        if let Some(status) = status {
            let params =
                PatchParams { field_manager: controller(&object).map(str::to_owned), ..PatchParams::default() };
            let api = plane.api(&object).await?;
            let patch = Patch::Merge(json!({"status": status}));
            let described = || format!("the status of {}", name_of(&object));
            api.patch_status(text(&object, "/metadata/name"), &params, &patch).await.with_context(described)?;
        }
        if self.deleted {
            plane.delete(&object).await?;
        }
        Ok(())
    }
}

async fn write(plane: &ControlPlane, object: &Value) -> anyhow::Result<DynamicObject> {
    let params = PatchParams::apply(applier(object)).force();
    let api = plane.api(object).await?;
    let applied = api.patch(text(object, "/metadata/name"), &params, &Patch::Apply(object)).await;
    applied.with_context(|| format!("applying {}", name_of(object)))
}

/// Who put this object into the cluster.
fn applier(object: &Value) -> &'static str {
    let labels = &object["metadata"]["labels"];
    let helm = labels["helm.toolkit.fluxcd.io/name"].is_string() || labels["owner"] == "helm";
    if helm { "helm-controller" } else { "kustomize-controller" }
}

/// Under which name the controller of a Flux object writes its status.
pub(crate) fn controller(object: &Value) -> Option<&'static str> {
    let (group, _) = text(object, "/apiVersion").split_once('/')?;
    Some(match (group, text(object, "/kind")) {
        ("kustomize.toolkit.fluxcd.io", _) => "gotk-kustomize-controller",
        ("helm.toolkit.fluxcd.io", _) => "helm-controller",
        ("source.toolkit.fluxcd.io", "ExternalArtifact") | ("source.extensions.fluxcd.io", _) => "source-watcher",
        ("source.toolkit.fluxcd.io", _) => "source-controller",
        ("notification.toolkit.fluxcd.io", _) => "notification-controller",
        ("image.toolkit.fluxcd.io", "ImageUpdateAutomation") => "image-automation-controller",
        ("image.toolkit.fluxcd.io", _) => "image-reflector-controller",
        ("infra.contrib.fluxcd.io", _) => "tf-controller",
        ("fluxcd.controlplane.io", _) => "flux-operator",
        _ => return None,
    })
}

fn name(reference: &Value) -> String {
    ["/kind", "/namespace", "/name"].map(|part| text(reference, part)).join("/")
}

fn name_of(object: &Value) -> String {
    ["/kind", "/metadata/namespace", "/metadata/name"].map(|part| text(object, part)).join("/")
}

fn text<'a>(object: &'a Value, pointer: &str) -> &'a str {
    object.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}
