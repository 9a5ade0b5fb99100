//! Lists and watches of one kind.

use std::{sync::Arc, time::Duration};

use futures_util::StreamExt;
use kube::{
    Api, Client,
    api::{DynamicObject, ListParams, WatchEvent, WatchParams},
    discovery::ApiResource,
};
use serde_json::Value;

use super::office::Office;

/// Every object of a kind, and the version of that answer.
pub(super) async fn list(client: &Client, resource: &ApiResource) -> anyhow::Result<(Vec<Value>, String)> {
    let api: Api<DynamicObject> = Api::all_with(client.clone(), resource);
    let list = api.list(&ListParams::default()).await?;
    let version = list.metadata.resource_version.unwrap_or_default();
    Ok((list.items.into_iter().filter_map(|object| plain(object, resource)).collect(), version))
}

/// Tells the office of every change from this version on; begins anew where a watch breaks off.
pub(super) async fn follow(office: Arc<Office>, resource: ApiResource, mut version: String) {
    let api: Api<DynamicObject> = Api::all_with(office.client.clone(), &resource);
    loop {
        match api.watch(&WatchParams::default(), &version).await {
            Ok(changes) => {
                let mut changes = std::pin::pin!(changes);
                while let Some(Ok(change)) = changes.next().await {
                    match change {
                        WatchEvent::Added(object) | WatchEvent::Modified(object) => {
                            version = object.metadata.resource_version.clone().unwrap_or_default();
                            plain(object, &resource).into_iter().for_each(|object| Office::learn(&office, object));
                        }
                        WatchEvent::Deleted(object) => {
                            version = object.metadata.resource_version.clone().unwrap_or_default();
                            plain(object, &resource).iter().for_each(|object| office.forget(object));
                        }
                        WatchEvent::Bookmark(mark) => version = mark.metadata.resource_version,
                        WatchEvent::Error(_) => break,
                    }
                }
            }
            Err(error) => tracing::debug!(%error, kind = resource.kind, "a watch broke off"),
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
        if let Ok((objects, now)) = list(&office.client, &resource).await {
            objects.into_iter().for_each(|object| Office::learn(&office, object));
            version = now;
        }
    }
}

/// The object as JSON; lists leave out what kind they are of.
fn plain(object: DynamicObject, resource: &ApiResource) -> Option<Value> {
    let mut object = serde_json::to_value(object).ok()?;
    object["apiVersion"] = resource.api_version.clone().into();
    object["kind"] = resource.kind.clone().into();
    Some(object)
}
