//! Lists and watches.

use std::{sync::Arc, time::Duration};

use anyhow::Context;
use futures_util::{StreamExt, future::try_join_all};
use kube::{
    Api, Client,
    api::{DynamicObject, ListParams, WatchEvent, WatchParams},
    core::GroupVersionKind,
    discovery::{ApiResource, pinned_kind},
};
use serde_json::Value;

use super::office::Office;

/// Flux's kinds: group, version, name.
const KINDS: [(&str, &str, &str); 20] = [
    ("kustomize.toolkit.fluxcd.io", "v1", "Kustomization"),
    ("helm.toolkit.fluxcd.io", "v2", "HelmRelease"),
    ("source.toolkit.fluxcd.io", "v1", "GitRepository"),
    ("source.toolkit.fluxcd.io", "v1", "OCIRepository"),
    ("source.toolkit.fluxcd.io", "v1", "HelmRepository"),
    ("source.toolkit.fluxcd.io", "v1", "HelmChart"),
    ("source.toolkit.fluxcd.io", "v1", "Bucket"),
    ("source.toolkit.fluxcd.io", "v1", "ExternalArtifact"),
    ("source.extensions.fluxcd.io", "v1beta1", "ArtifactGenerator"),
    ("image.toolkit.fluxcd.io", "v1", "ImageRepository"),
    ("image.toolkit.fluxcd.io", "v1", "ImagePolicy"),
    ("image.toolkit.fluxcd.io", "v1", "ImageUpdateAutomation"),
    ("notification.toolkit.fluxcd.io", "v1beta3", "Provider"),
    ("notification.toolkit.fluxcd.io", "v1beta3", "Alert"),
    ("notification.toolkit.fluxcd.io", "v1", "Receiver"),
    ("infra.contrib.fluxcd.io", "v1alpha2", "Terraform"),
    ("fluxcd.controlplane.io", "v1", "FluxInstance"),
    ("fluxcd.controlplane.io", "v1", "FluxReport"),
    ("fluxcd.controlplane.io", "v1", "ResourceSet"),
    ("fluxcd.controlplane.io", "v1", "ResourceSetInputProvider"),
];

/// A kind that is installed, and its objects.
pub(super) struct Found {
    pub(super) kind: &'static str,
    pub(super) resource: ApiResource,
    pub(super) objects: Vec<Value>,
    /// The version of that answer.
    pub(super) version: String,
}

/// Everything that is there of Flux.
pub(super) async fn discover(client: &Client) -> anyhow::Result<Vec<Found>> {
    let found = KINDS.map(|(group, version, kind)| async move {
        let resource = match pinned_kind(client, &GroupVersionKind::gvk(group, version, kind)).await {
            Ok((resource, _)) => resource,
            Err(kube::Error::Discovery(_)) => return Ok(None),
            Err(kube::Error::Api(status)) if status.code == 404 => return Ok(None),
            Err(error) => return Err(error).with_context(|| format!("looking for {kind}")),
        };
        let (objects, version) = list(client, &resource).await.with_context(|| format!("listing {kind}"))?;
        Ok(Some(Found { kind, resource, objects, version }))
    });
    Ok(try_join_all(found).await?.into_iter().flatten().collect())
}

/// Every object of a kind, and the version of that answer.
async fn list(client: &Client, resource: &ApiResource) -> anyhow::Result<(Vec<Value>, String)> {
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
