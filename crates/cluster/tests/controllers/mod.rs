//! The little of Flux's controllers that these tests need: they answer requests to reconcile.

use std::time::Duration;

use fanlight_model::Kind;
use fanlight_testbed::ControlPlane;
use futures_util::{StreamExt, TryStreamExt};
use kube::{
    Api, ResourceExt,
    api::{ApiResource, DynamicObject, Patch, PatchParams, WatchEvent, WatchParams},
    core::GroupVersionKind,
};
use serde_json::{Value, json};
use tokio::task::JoinHandle;

const REQUESTED: &str = "reconcile.fluxcd.io/requestedAt";

/// How a controller answers a request.
pub(crate) enum Answer {
    /// With this status.
    Status(Value),
    /// With this status, and then with another.
    StatusThen(Value, Value),
}

/// Ends with the test.
pub(crate) struct Controller(JoinHandle<()>);

impl Drop for Controller {
    fn drop(&mut self) {
        self.0.abort();
    }
}

fn version(kind: &str) -> String {
    let version = match kind {
        "HelmRelease" => "v2",
        "Alert" | "Provider" => "v1beta3",
        "ArtifactGenerator" => "v1beta1",
        _ => "v1",
    };
    version.to_owned()
}

fn group(kind: &str) -> &'static str {
    Kind::by_name(kind).expect("a kind").info().group
}

/// An object without a status.
pub(crate) fn object(kind: &str, namespace: &str, name: &str, spec: &Value) -> Value {
    json!({"apiVersion": format!("{}/{}", group(kind), version(kind)), "kind": kind,
        "metadata": {"name": name, "namespace": namespace}, "spec": spec})
}

/// A status with the `Ready` condition.
pub(crate) fn ready(status: &str, reason: &str, message: &str) -> Value {
    json!({"conditions": [{"type": "Ready", "status": status, "reason": reason, "message": message,
        "lastTransitionTime": "2026-11-23T04:01:08Z"}]})
}

/// The status of a source that is ready with this artifact.
pub(crate) fn artifact(revision: &str) -> Value {
    let mut status = ready("True", "Succeeded", "stored artifact");
    status["artifact"] = json!({"revision": revision, "digest": "sha256:9103b382a08358f72bf84b61a79bff8606dd3ed6616ec92cf5e7780b32e190f6",
        "lastUpdateTime": "2026-11-23T04:01:08Z", "path": "a.tar.gz", "url": "http://source.example.com/a.tar.gz", "size": 1});
    status
}

/// Answers every request for objects of a kind.
pub(crate) fn play(
    plane: &ControlPlane,
    kind: &str,
    answer: impl Fn() -> Answer + Send + Sync + 'static,
) -> Controller {
    let info = Kind::by_name(kind).expect("a kind").info();
    let resource =
        ApiResource::from_gvk_with_plural(&GroupVersionKind::gvk(info.group, &version(kind), kind), info.plural);
    let client = plane.admin();
    Controller(tokio::spawn(async move {
        let all: Api<DynamicObject> = Api::all_with(client.clone(), &resource);
        loop {
            let Ok(events) = all.watch(&WatchParams::default(), "0").await else {
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            };
            let mut events = events.boxed();
            while let Ok(Some(event)) = events.try_next().await {
                if let WatchEvent::Added(object) | WatchEvent::Modified(object) = event {
                    let one = Api::namespaced_with(client.clone(), &object.namespace().unwrap_or_default(), &resource);
                    handle(&one, &object, &answer).await;
                }
            }
        }
    }))
}

async fn handle(one: &Api<DynamicObject>, object: &DynamicObject, answer: &(impl Fn() -> Answer + Sync)) {
    let requested = object.annotations().get(REQUESTED);
    let handled = object.data.pointer("/status/lastHandledReconcileAt").and_then(Value::as_str);
    if requested.is_none() || requested.map(String::as_str) == handled {
        return;
    }
    let write = async |mut status: Value| {
        status["lastHandledReconcileAt"] = json!(requested);
        let patch = Patch::Merge(json!({"status": status}));
        one.patch_status(&object.name_any(), &PatchParams::default(), &patch).await
    };
    // A write that fails comes back as another event, or with the next request.
    let _ = match answer() {
        Answer::Status(status) => write(status).await.map(drop),
        Answer::StatusThen(first, second) => match write(first).await {
            Ok(_) => write(second).await.map(drop),
            Err(error) => Err(error),
        },
    };
}
