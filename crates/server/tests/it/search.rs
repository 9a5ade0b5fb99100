//! The search: all kinds at once, and of each only what the viewer may see.

use std::collections::BTreeSet;

use anyhow::Context;
use fanlight_testbed::{AuditEntry, Options, Stream, estate, estate::FluxObject, keys};
use reqwest::Client;
use serde_json::{Value, json};

use crate::house::{House, all, follow, of_flux, plane, shows};

const ADA: &str = "ada@example.com";
const BEN: &str = "ben@example.com";

/// A part of names of things that Ben may not see, in none of the questions.
const CANARY: &str = "x7q2";

fn labelled(object: &FluxObject, team: &str) -> Value {
    let mut object = (**object).clone();
    object["metadata"]["labels"] = json!({"team": team});
    object
}

/// Ada may see everything, Ben Kustomizations and HelmReleases of `apps`.
async fn town() -> anyhow::Result<House> {
    let plane = plane(Options::default()).await?;
    let read = ["get", "list", "watch"];
    plane.grant_everywhere(ADA, all(&read)).await?;
    let applications = json!([{"apiGroups": ["kustomize.toolkit.fluxcd.io", "helm.toolkit.fluxcd.io"],
        "resources": ["kustomizations", "helmreleases"], "verbs": read}]);
    plane.grant_in("apps", BEN, applications).await?;
    let hidden = |name: &str| format!("{name}-{CANARY}");
    for object in [
        labelled(&estate::kustomization("apps", "shop-next"), "blue"),
        labelled(&estate::kustomization("data", &hidden("shop")), "blue"),
        labelled(&estate::git_repository("apps", &hidden("shop")), "blue"),
        (*estate::kustomization("apps", "old-shop").failed("BuildFailed", "path not found: ./shop")).clone(),
        (*estate::helm_release("apps", "blog")).clone(),
        (*estate::image_repository("data", &hidden("web"))).clone(),
        (*estate::image_policy("data", &hidden("web"))).clone(),
    ] {
        plane.apply(&object).await?;
    }
    House::before(plane).await
}

async fn get(house: &House, client: &Client, question: &str) -> anyhow::Result<String> {
    let response = client.get(format!("{}/search{question}", house.server.url())).send().await?.error_for_status()?;
    Ok(response.text().await?)
}

async fn stream(house: &House, client: &Client, question: &str) -> anyhow::Result<Stream> {
    follow(house, client, &format!("/search{question}")).await
}

/// Whether all lists were read, also those in which nothing was found, and all rights are known.
fn is_read(view: &str) -> bool {
    !["Still loading", "Still being read", "has not said whether"].iter().any(|words| view.contains(words))
}

#[tokio::test]
async fn all_kinds_are_searched_by_name_label_image_revision_and_message_the_best_match_first() -> anyhow::Result<()> {
    let house = town().await?;
    let ada = house.client(ADA, &[])?;
    // The first page may come before all lists are read; the stream goes on until they are.
    let mut open = stream(&house, &ada, "?q=shop").await?;
    let all = open.until(|view| keys(view).len() == 7 && is_read(view)).await?;
    assert!(!all.contains("Not searched"), "{all}");
    let found = keys(&get(&house, &ada, "?q=shop").await?);
    assert_eq!(found.len(), 7, "{found:?}");
    assert!(found[..3].iter().all(|key| key.ends_with("/shop")), "the exact name first: {found:?}");
    assert_eq!(found[6], "Kustomization/apps/old-shop", "what has it inside last: {found:?}");
    for (question, rows) in [
        (
            "?q=apps/shop",
            vec!["Kustomization/apps/shop", "GitRepository/apps/shop-x7q2", "Kustomization/apps/shop-next"],
        ),
        ("?q=kustomization/data/shop ns:data", vec!["Kustomization/data/shop", "Kustomization/data/shop-x7q2"]),
        ("?q=team=blue kind:ks ns:apps", vec!["Kustomization/apps/shop-next"]),
        ("?q=status:failed", vec!["Kustomization/apps/old-shop"]),
        ("?q=PATH not found", vec!["Kustomization/apps/old-shop"]),
        ("?q=acme/web", vec!["ImageRepository/data/web-x7q2", "ImagePolicy/data/web-x7q2"]),
        ("?q=ba66396785f97042 kind:gitrepo", vec!["GitRepository/apps/shop-x7q2"]),
        ("?kind=HelmRelease&search=blog", vec!["HelmRelease/apps/blog"]),
        ("?q=kind:gizmo", vec![]),
    ] {
        let (mut found, mut rows) = (keys(&get(&house, &ada, question).await?), rows);
        found.sort_unstable();
        rows.sort_unstable();
        assert_eq!(found, rows, "{question}");
    }
    let page = get(&house, &ada, "?q=shop kind:gizmo").await?;
    assert!(page.contains("Nothing found") && page.contains("kind:gizmo"), "{page}");

    let mut open = stream(&house, &ada, "?q=late").await?;
    house.plane.apply(&estate::oci_repository("edge", "too-late")).await?;
    open.until(|view| shows(view, "OCIRepository/edge/too-late")).await?;
    Ok(())
}

#[tokio::test]
async fn a_search_says_what_it_does_not_cover_and_tells_nothing_of_what_is_hidden() -> anyhow::Result<()> {
    let house = town().await?;
    let (ada, ben) = (house.client(ADA, &[])?, house.client(BEN, &[])?);
    // All of it is in memory while Ben looks.
    let _all = stream(&house, &ada, "?q=shop").await?.until(|view| shows(view, "GitRepository/apps/shop-x7q2")).await?;
    let mut open = stream(&house, &ben, "?q=shop").await?;
    let view = open.until(|view| keys(view).len() == 3 && view.contains("Not searched") && is_read(view)).await?;
    assert!(!view.contains(CANARY), "{view}");
    for question in
        ["?q=shop", "?q=team=blue", "?q=ns:data", "?q=ns:data shop", "?q=kind:GitRepository", "?q=web", "?q=acme"]
    {
        let page = get(&house, &ben, question).await?;
        assert!(!page.contains(CANARY), "{question}: {page}");
        assert!(keys(&page).iter().all(|key| key.contains("/apps/")), "{question}: {page}");
    }
    let page = get(&house, &ben, "?q=shop").await?;
    assert!(page.contains("3 found"), "{page}");
    let refused =
        page.split("Kubernetes does not let you list them: ").nth(1).context("no word on what is not searched")?;
    let refused = refused.split('<').next().unwrap_or_default();
    assert!(refused.contains("GitRepository") && !refused.contains("Kustomization"), "{refused}");
    assert!(page.contains("in the namespaces in which you may list objects"), "{page}");
    Ok(())
}

#[tokio::test]
async fn before_anything_is_asked_nothing_is_read() -> anyhow::Result<()> {
    let house = town().await?;
    let ada = house.client(ADA, &[])?;
    let page = get(&house, &ada, "").await?;
    assert!(page.contains("Everything that you may see, of every kind") && keys(&page).is_empty(), "{page}");
    // The first page may come before the list is read.
    let mut open = stream(&house, &ada, "?q=kind:hr blog").await?;
    open.until(|view| shows(view, "HelmRelease/apps/blog")).await?;
    let named = get(&house, &ada, "?q=kind:hr blog").await?;
    assert_eq!(keys(&named), ["HelmRelease/apps/blog"]);
    let entries = house.plane.audit().until(|entries| !of_flux(entries).is_empty()).await?;
    let of = |entry: &AuditEntry| entry.object_ref.as_ref().map(|object| object.resource.clone()).unwrap_or_default();
    let read: BTreeSet<_> = of_flux(&entries).into_iter().map(of).collect();
    assert_eq!(read, BTreeSet::from(["helmreleases".to_owned()]));
    Ok(())
}
