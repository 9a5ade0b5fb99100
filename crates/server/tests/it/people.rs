//! Several people at once, each with rights of their own.

use std::collections::BTreeSet;

use fanlight_testbed::{
    AuditEntry, FanlightServer, Options, estate,
    rights::{documented_rules, flux_rules},
};

use crate::house::{FEEDS, House, WATCH, of_flux, plane, shows};

const ADA: &str = "ada@example.com";
const BEN: &str = "ben@example.com";
const CLEO: &str = "cleo@example.com";

/// Ada sees everything, Ben the namespaces `apps` and `data`; Cleo may list in `edge`, and not watch.
async fn house() -> anyhow::Result<House> {
    let plane = plane(Options::default()).await?;
    plane.grant_everywhere(ADA, flux_rules(&WATCH)).await?;
    plane.grant_in("apps", BEN, flux_rules(&WATCH)).await?;
    plane.grant_in("data", BEN, flux_rules(&WATCH)).await?;
    plane.grant_in("edge", CLEO, documented_rules()).await?;
    House::before(plane).await
}

/// Every kind is there, not only the first.
fn all_is_read(view: &str) -> bool {
    shows(view, "Kustomization/edge/shop") && !view.contains("Still loading")
}

#[tokio::test]
async fn everybody_sees_exactly_theirs_while_objects_come_change_and_go() -> anyhow::Result<()> {
    let house = house().await?;
    let (mut ada, mut ben, mut cleo) = (house.guest(ADA).await?, house.guest(BEN).await?, house.guest(CLEO).await?);
    let (apps, data, edge) = ("Kustomization/apps/shop", "Kustomization/data/shop", "Kustomization/edge/shop");
    ada.stream.until_rows(&[apps, data, edge]).await?;
    ben.stream.until_rows(&[apps, data]).await?;
    cleo.stream.until_rows(&[edge]).await?;

    let (lake, probe) = ("HelmRelease/data/lake", "HelmRelease/edge/probe");
    house.plane.apply(&estate::helm_release("data", "lake")).await?;
    house.plane.apply(&estate::helm_release("edge", "probe")).await?;
    ada.stream.until_rows(&[apps, data, edge, lake, probe]).await?;
    ben.stream.until_rows(&[apps, data, lake]).await?;
    cleo.stream.until_rows(&[edge, probe]).await?;

    for (namespace, words) in [("apps", "no such path"), ("edge", "out of reach")] {
        let broken = estate::with_ready(estate::kustomization(namespace, "shop"), "False", "BuildFailed", words);
        house.plane.apply(&broken).await?;
    }
    ada.stream.until(|view| view.contains("no such path") && view.contains("out of reach")).await?;
    let view = ben.stream.until(|view| view.contains("no such path")).await?;
    assert!(!view.contains("out of reach"), "{view}");
    let view = cleo.stream.until(|view| view.contains("out of reach")).await?;
    assert!(!view.contains("no such path"), "{view}");

    for namespace in ["apps", "edge"] {
        house.plane.delete(&estate::kustomization(namespace, "shop")).await?;
    }
    ada.stream.until_rows(&[data, lake, probe]).await?;
    ben.stream.until_rows(&[data, lake]).await?;
    cleo.stream.until_rows(&[probe]).await?;
    assert_eq!(house.page(&ada).await?, [lake, probe, data]);
    assert_eq!(house.page(&ben).await?, [lake, data]);
    assert_eq!(house.page(&cleo).await?, [probe]);
    Ok(())
}

/// The requests about objects of Flux that were answered: an API server that is still preparing a kind answers 429.
fn reads(entries: &[AuditEntry]) -> Vec<&AuditEntry> {
    of_flux(entries).into_iter().filter(|entry| entry.code() == Some(200)).collect()
}

#[tokio::test]
async fn all_share_the_watches_of_the_one_who_sees_everything_and_nothing_is_read_in_the_servers_name()
-> anyhow::Result<()> {
    let house = house().await?;
    let mut ada = house.guest(ADA).await?;
    ada.stream.until(all_is_read).await?;
    for _ in 0..3 {
        let (mut ben, mut cleo) = (house.guest(BEN).await?, house.guest(CLEO).await?);
        ben.stream.until_rows(&["Kustomization/apps/shop", "Kustomization/data/shop"]).await?;
        cleo.stream.until_rows(&["Kustomization/edge/shop"]).await?;
    }
    // What is said of their sources may be read a moment after the rows.
    let entries = house.plane.audit().until(|entries| reads(entries).len() >= FEEDS).await?;
    let reads = reads(&entries);
    let mut read: Vec<_> = reads
        .iter()
        .map(|entry| {
            let object = entry.object_ref.clone().unwrap_or_default();
            (entry.verb.as_str(), object.resource, object.namespace, entry.name())
        })
        .collect();
    read.sort_unstable();
    let watch = |kind: &str| ("watch", kind.to_owned(), String::new(), ADA);
    let kinds = ["gitrepositories", "helmcharts", "helmreleases", "kustomizations", "ocirepositories"];
    assert_eq!(read, kinds.map(watch), "one watch a kind and no list");
    assert!(reads.iter().all(|entry| entry.is_open_watch() && entry.uri.contains("sendInitialEvents=true")));
    Ok(())
}

/// What was asked of applications by others than the one who sees everything.
fn of_applications_by_others(entries: &[AuditEntry]) -> impl Iterator<Item = &AuditEntry> {
    let of_applications =
        |entry: &&AuditEntry| ["/kustomizations?", "/helmreleases?"].iter().any(|kind| entry.uri.contains(kind));
    of_flux(entries).into_iter().filter(|entry| entry.name() != ADA).filter(of_applications)
}

#[tokio::test]
async fn without_the_one_who_sees_everything_each_reads_in_their_own_name() -> anyhow::Result<()> {
    let house = house().await?;
    let (mut ada, mut ben, mut cleo) = (house.guest(ADA).await?, house.guest(BEN).await?, house.guest(CLEO).await?);
    ada.stream.until(all_is_read).await?;
    ben.stream.until(|view| shows(view, "Kustomization/data/shop")).await?;
    cleo.stream.until(|view| shows(view, "Kustomization/edge/shop")).await?;
    let audit = house.plane.audit().from_now()?;
    house.server.sign_out(&ada.client).await?;
    for namespace in ["apps", "data", "edge"] {
        house.plane.apply(&estate::kustomization(namespace, "late")).await?;
    }
    ben.stream.until(|view| view.contains("apps/late") && view.contains("data/late")).await?;
    cleo.stream.until(|view| view.contains("edge/late")).await?;
    let by_others = |entries: &[AuditEntry]| -> BTreeSet<(String, String, String, String)> {
        of_applications_by_others(entries)
            .map(|entry| {
                let object = entry.object_ref.clone().unwrap_or_default();
                (entry.name().to_owned(), entry.verb.clone(), object.resource, object.namespace)
            })
            .collect()
    };
    let mut expected = BTreeSet::new();
    for kind in ["helmreleases", "kustomizations"] {
        for (name, verb, namespace) in [(BEN, "watch", "apps"), (BEN, "watch", "data"), (CLEO, "list", "edge")] {
            expected.insert((name.to_owned(), verb.to_owned(), kind.to_owned(), namespace.to_owned()));
        }
    }
    // What a page shows first is of one kind; the other may be read a moment later.
    let entries = audit.until(|entries| by_others(entries).is_superset(&expected)).await?;
    assert_eq!(by_others(&entries), expected);
    let listed_again = of_applications_by_others(&entries).any(|entry| entry.uri.contains("sendInitialEvents"));
    assert!(!listed_again, "the namespaces' watches resume where the cluster's stood");
    Ok(())
}

#[tokio::test]
async fn the_emergency_user_signs_in_with_a_password_and_watches_what_they_may_see() -> anyhow::Result<()> {
    let plane = plane(Options::default()).await?;
    plane.grant_in("apps", "admin", flux_rules(&WATCH)).await?;
    plane.grant_in("data", "admin", flux_rules(&["get", "list"])).await?;
    let house = House::before(plane).await?;
    let wrong = house.server.try_sign_in(&FanlightServer::client()?, "admin", "wrong").await?;
    assert_eq!(wrong.status(), 401);
    let client = house.server.sign_in("admin", "secret").await?;
    let mut stream = house.server.stream(&client).await?;
    stream.until_rows(&["Kustomization/apps/shop", "Kustomization/data/shop"]).await?;
    house.plane.apply(&estate::kustomization("data", "new")).await?;
    stream.until(|view| view.contains("Kustomization/data/new")).await?;
    let page = house.server.applications(&client, "sort=namespace").await?;
    assert_eq!(page, ["Kustomization/apps/shop", "Kustomization/data/new", "Kustomization/data/shop"]);
    let entries = house.plane.audit().entries()?;
    let readers: BTreeSet<_> = of_flux(&entries).into_iter().map(AuditEntry::name).collect();
    assert_eq!(readers, BTreeSet::from(["admin"]));
    Ok(())
}
