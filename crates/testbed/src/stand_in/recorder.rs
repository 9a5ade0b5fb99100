use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use anyhow::Context;
use jiff::Timestamp;
use k8s_openapi::api::core::v1::Event;
use kube::{
    Api, Client,
    api::{Patch, PatchParams, PostParams},
};
use serde_json::{Value, json};

use super::{
    plan::Note,
    status::date,
    world::{Key, text},
};
use crate::estate::controller;

/// About which object which reason and message were told.
type Told = (Key, String, String);

/// Writes Events in the old shape, as Flux's controllers do; the same one again counts up.
pub(super) struct Recorder {
    client: Client,
    told: Mutex<HashMap<Told, (String, u32)>>,
}

impl Recorder {
    pub(super) fn new(client: Client) -> Self {
        Self { client, told: Mutex::default() }
    }

    /// Records that something happened to an object.
    pub(super) async fn tell(&self, object: &Value, note: &Note) -> anyhow::Result<()> {
        let key = Key::of(object);
        let now = Timestamp::now();
        let fresh = format!("{}.{:016x}", key.name, now.as_nanosecond());
        let (name, count) = {
            let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
            let entry = told.entry((key.clone(), note.reason.clone(), note.message.clone())).or_insert((fresh, 0));
            entry.1 += 1;
            entry.clone()
        };
        let api: Api<Event> = Api::namespaced(self.client.clone(), &key.namespace);
        let manager = component(object);
        if count > 1 {
            let params = PatchParams { field_manager: Some(manager.to_owned()), ..PatchParams::default() };
            let again = json!({"count": count, "lastTimestamp": date(now)});
            api.patch(&name, &params, &Patch::Merge(again)).await.with_context(|| format!("an Event about {key}"))?;
            return Ok(());
        }
        let event = serde_json::from_value(event(object, &key, note, &name, &date(now)))?;
        let params = PostParams { field_manager: Some(manager.to_owned()), ..PostParams::default() };
        api.create(&params, &event).await.with_context(|| format!("an Event about {key}"))?;
        Ok(())
    }
}

fn event(object: &Value, key: &Key, note: &Note, name: &str, now: &str) -> Value {
    let group = text(object, "/apiVersion").split('/').next().unwrap_or_default();
    let annotations: HashMap<_, _> =
        note.annotations.iter().map(|(name, value)| (format!("{group}/{name}"), value)).collect();
    json!({"metadata": {"name": name, "namespace": key.namespace, "annotations": annotations},
        "involvedObject": {"apiVersion": object["apiVersion"], "kind": key.kind, "namespace": key.namespace,
            "name": key.name, "uid": object["metadata"]["uid"],
            "resourceVersion": object["metadata"]["resourceVersion"]},
        "type": if note.warning { "Warning" } else { "Normal" }, "reason": note.reason, "message": note.message,
        "count": 1, "firstTimestamp": now, "lastTimestamp": now, "eventTime": null,
        "source": {"component": component(object)}, "reportingComponent": component(object), "reportingInstance": ""})
}

/// The controller's own name.
fn component(object: &Value) -> &'static str {
    controller(object).map_or("flux", |manager| manager.trim_start_matches("gotk-"))
}
