//! First lists, kinds and namespaces, as different API servers and rights allow to read them.

use fanlight_testbed::{AuditEntry, Options, estate, rights::flux_rules};
use futures_util::{StreamExt, TryStreamExt, stream};
use serde_json::json;

use crate::house::{House, WATCH, of_flux, plane, shows};

const ADA: &str = "ada@example.com";
const BEN: &str = "ben@example.com";

#[tokio::test]
async fn an_api_server_that_does_not_stream_lists_is_read_in_pages() -> anyhow::Result<()> {
    let plane = plane(Options { refuses_streaming_lists: true, ..Options::default() }).await?;
    plane.grant_everywhere(ADA, flux_rules(&WATCH)).await?;
    let write = |number: usize| {
        let plane = &plane;
        async move { plane.apply(&estate::kustomization("apps", &format!("app-{number}")).never_reconciled()).await }
    };
    stream::iter(0..510).map(write).buffer_unordered(8).try_collect::<Vec<_>>().await?;
    let house = House::before(plane).await?;
    let mut ada = house.guest(ADA).await?;
    ada.stream.until(|view| view.contains("513 in 3 namespaces")).await?;
    house.plane.apply(&estate::helm_release("edge", "late")).await?;
    ada.stream.until(|view| view.contains("514 in 3 namespaces")).await?;
    let entries = house.plane.audit().entries()?;
    let reads = of_flux(&entries);
    let refused = reads.iter().filter(|entry| entry.code() == Some(422)).count();
    assert!((1..=2).contains(&refused), "once for each kind at most, then it is known: {refused}");
    let pages = reads.iter().filter(|entry| entry.verb == "list" && entry.uri.contains("kustomizations?"));
    assert_eq!(pages.count(), 2);
    Ok(())
}

#[tokio::test]
async fn where_the_account_may_watch_namespaces_a_new_one_is_there_at_once_and_soon_for_those_who_get_rights_in_it()
-> anyhow::Result<()> {
    let plane = plane(Options::default()).await?;
    plane.let_server_watch_namespaces("fanlight").await?;
    plane.grant_in("apps", BEN, flux_rules(&WATCH)).await?;
    let house = House::before(plane).await?;
    let mut ben = house.guest(BEN).await?;
    ben.stream.until_rows(&["Kustomization/apps/shop"]).await?;
    let audit = house.plane.audit();
    let of_namespaces = |entry: &&AuditEntry| {
        let object = entry.object_ref.clone().unwrap_or_default();
        object.resource == "namespaces" && entry.name() == "system:serviceaccount:fanlight:fanlight"
    };
    audit.until(|entries| entries.iter().filter(of_namespaces).any(AuditEntry::is_open_watch)).await?;
    let audit = audit.from_now()?;
    house.plane.create_namespace("new").await?;
    let asked = |entry: &AuditEntry| entry.uri.contains("selfsubjectrulesreviews") && entry.name() == BEN;
    audit.until(|entries| entries.iter().any(asked)).await?;
    house.plane.grant_in("new", BEN, flux_rules(&WATCH)).await?;
    house.plane.apply(&estate::kustomization("new", "shop")).await?;
    ben.stream.until_rows(&["Kustomization/apps/shop", "Kustomization/new/shop"]).await?;
    assert_eq!(audit.entries()?.iter().filter(of_namespaces).count(), 0, "nothing is listed again");
    Ok(())
}

#[tokio::test]
async fn a_kind_that_is_uninstalled_vanishes_and_comes_back() -> anyhow::Result<()> {
    let plane = plane(Options::default()).await?;
    plane.grant_everywhere(ADA, flux_rules(&WATCH)).await?;
    plane.apply(&estate::helm_release("data", "lake")).await?;
    let house = House::before(plane).await?;
    let mut ada = house.guest(ADA).await?;
    ada.stream.until(|view| shows(view, "HelmRelease/data/lake") && shows(view, "Kustomization/data/shop")).await?;
    let definition = json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "helmreleases.helm.toolkit.fluxcd.io"}});
    house.plane.delete(&definition).await?;
    ada.stream.until(|view| !view.contains("HelmRelease/data/lake")).await?;
    // What is installed before it is gone would go with it.
    house.plane.gone(&definition).await?;
    house.plane.install_kinds().await?;
    house.plane.apply(&estate::helm_release("data", "again")).await?;
    ada.stream.until(|view| shows(view, "HelmRelease/data/again") && shows(view, "Kustomization/data/shop")).await?;
    Ok(())
}
