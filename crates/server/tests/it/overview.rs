//! The page that a visit begins with.

use fanlight_testbed::{AuditEntry, Estate, Options, Stream, estate, rights::flux_rules};
use reqwest::{Client, header::LOCATION};
use serde_json::json;

use crate::{
    house::{House, WATCH, all, follow, get, of_flux, plane},
    kinds::words,
};

const ADA: &str = "ada@example.com";
const BEN: &str = "ben@example.com";
const CLEO: &str = "cleo@example.com";
const DANA: &str = "dana@example.com";

/// In what nobody but Ada may see.
const SECRET: &str = "canary";

async fn open(house: &House, client: &Client) -> anyhow::Result<Stream> {
    follow(house, client, "/overview").await
}

/// Whether all lists were read, not only the first.
pub(crate) fn is_read(view: &str) -> bool {
    !view.contains("Not everything has been read so far") && !view.contains("Not known at this moment")
}

/// A part of the page.
fn part<'a>(page: &'a str, id: &str) -> &'a str {
    let rest = page.split_once(&format!("<section id=\"{id}\"")).unwrap_or_else(|| panic!("no {id}: {page}")).1;
    rest.split("</section>").next().unwrap_or_default()
}

#[tokio::test]
async fn one_page_says_how_the_cluster_is_and_leads_to_everything() -> anyhow::Result<()> {
    let plane = plane(Options::default()).await?;
    Estate::company()?.apply(&plane).await?;
    plane.grant_everywhere(ADA, all(&WATCH)).await?;
    let house = House::before(plane).await?;
    let ada = house.client(ADA, &[])?;
    // The first page may come before all lists are read, and before the controllers are known.
    let mut open = open(&house, &ada).await?;
    open.until(|view| is_read(view) && words(view).contains("Flux v2.9.2:")).await?;
    let page = get(&house, &ada, "/").await?;
    let lead = words(page.split_once("id=\"lead\"").expect("a sentence").1);
    assert!(lead.contains(" fail of ") && lead.contains(" namespaces; "), "{lead}");
    assert!(!page.contains("Counted is what Kubernetes lets you see"), "Ada sees everything");
    let failing = part(&page, "failing");
    assert_eq!(failing.matches("<li").count(), 8, "{failing}");
    assert!(
        failing.contains("And ") && failing.contains("/applications?status=failed&#38;status=stalled"),
        "{failing}"
    );
    let sync = words(part(&page, "sync"));
    assert!(sync.contains("flux-system") && sync.contains("It applies itself."), "{sync}");
    assert!(sync.contains("What was found last,") && sync.contains("GitRepository flux-system/flux-system"), "{sync}");
    let counts = part(&page, "counts");
    for link in
        ["/applications?kind=HelmRelease&#38;status=stalled", "/terraform?status=suspended", "/notifications/receivers"]
    {
        assert!(counts.contains(&format!("href=\"{link}\"")), "{link}: {counts}");
        get(&house, &ada, &link.replace("&#38;", "&")).await?;
    }
    let controllers = words(part(&page, "controllers"));
    assert!(controllers.contains("Flux v2.9.2:") && controllers.contains("source-controller"), "{controllers}");
    assert!(part(&page, "latest").matches("<li").count() == 8);

    let moved = ada.get(format!("{}/overview", house.server.url())).send().await?;
    assert_eq!(moved.headers()[LOCATION], "/");
    let stranger = fanlight_testbed::FanlightServer::client()?;
    let sent = stranger.get(house.server.url()).send().await?;
    assert_eq!(sent.headers()[LOCATION], "/sign_in?redirect=%2F");
    Ok(())
}

#[tokio::test]
async fn everybody_reads_of_what_they_may_see_and_not_a_word_of_the_rest() -> anyhow::Result<()> {
    let plane = plane(Options::default()).await?;
    plane.grant_everywhere(ADA, flux_rules(&WATCH)).await?;
    plane.grant_in("apps", BEN, flux_rules(&WATCH)).await?;
    let kustomizations =
        json!([{"apiGroups": ["kustomize.toolkit.fluxcd.io"], "resources": ["kustomizations"], "verbs": WATCH}]);
    plane.grant_in("data", CLEO, kustomizations).await?;
    let hidden = |name: &str| estate::kustomization("edge", &format!("{SECRET}-{name}"));
    plane.apply(&estate::kustomization("apps", "broken").failed("BuildFailed", "path not found")).await?;
    plane.apply(&hidden("broken").failed("BuildFailed", SECRET)).await?;
    plane.apply(&hidden("root").applied_by("edge", "canary-root")).await?;
    let house = House::before(plane).await?;
    let [ada, ben, cleo, dana] = [ADA, BEN, CLEO, DANA].map(|user| house.client(user, &[]));
    let (ada, ben, cleo, dana) = (ada?, ben?, cleo?, dana?);

    let mut of_ada = open(&house, &ada).await?;
    of_ada.until(|view| is_read(view) && words(view).contains("2 fail of 6 objects in 3 namespaces")).await?;
    let page = get(&house, &ada, "/").await?;
    assert!(page.contains("canary-broken") && part(&page, "sync").contains("canary-root"), "{page}");
    assert!(words(&page).contains("2 fail of 6 objects in 3 namespaces"), "{page}");

    let mut streams = [open(&house, &ben).await?, open(&house, &cleo).await?, open(&house, &dana).await?];
    let said = [
        ("1 fails of 2 objects in 1 namespace.", "1 namespace of this cluster."),
        ("The one object in 1 namespace is well.", "You may not list "),
        ("You may not see any of Flux’s objects.", "You may not list Kustomization, HelmRelease, "),
    ];
    for ((client, stream), (sentence, limits)) in [&ben, &cleo, &dana].into_iter().zip(&mut streams).zip(said) {
        let view = stream.until(|view| is_read(view) && words(view).contains(sentence)).await?;
        let page = get(&house, client, "/").await?;
        for text in [&page, &view] {
            assert!(words(text).contains(sentence) && words(text).contains(limits), "{sentence}: {}", words(text));
            assert!(text.contains("href=\"/user_info\""), "where it is said what they may: {text}");
            assert!(!text.contains(SECRET) && !text.contains("edge"), "{text}");
        }
        assert!(page.contains("An administrator can grant “list” on deployments in flux-system."), "{page}");
    }

    // What happens out of sight is not told either; what happens in sight is told at once.
    house.plane.apply(&hidden("late").failed("BuildFailed", SECRET)).await?;
    house.plane.apply(&estate::helm_release("apps", "late").failed("InstallFailed", "timed out")).await?;
    let view = streams[0].until(|view| words(view).contains("2 fail of 3 objects in 1 namespace.")).await?;
    assert!(view.contains("/helm_release/details?name=late") && !view.contains(SECRET), "{view}");
    let first =
        part(&view, "failing").split("data-key=\"").nth(1).map(|rest| rest.starts_with("HelmRelease/apps/late"));
    assert_eq!(first, Some(true), "the newest first: {view}");
    Ok(())
}

#[tokio::test]
async fn opening_it_again_costs_the_api_server_nothing() -> anyhow::Result<()> {
    let plane = plane(Options::default()).await?;
    plane.grant_everywhere(ADA, all(&WATCH)).await?;
    let house = House::before(plane).await?;
    let ada = house.client(ADA, &[])?;
    let mut stream = open(&house, &ada).await?;
    let all = |view: &str| is_read(view) && words(view).contains("All 3 objects in 3 namespaces are well.");
    stream.until(all).await?;
    get(&house, &ada, "/").await?;
    let audit = house.plane.audit().from_now()?;
    for _ in 0..5 {
        get(&house, &ada, "/").await?;
    }
    // What is asked for after all that is in the account when this is.
    get(&house, &ada, "/flux_runtime").await?;
    let definitions = |entry: &AuditEntry| entry.uri.contains("customresourcedefinitions/");
    let entries = audit.until(|entries| entries.iter().any(definitions)).await?;
    let deployments = entries.iter().filter(|entry| entry.uri.contains("/deployments?")).count();
    assert_eq!(of_flux(&entries).len(), 0, "{entries:#?}");
    assert!(deployments <= 1, "the one of Flux’s runtime, if what the Overview read is too old: {entries:#?}");
    Ok(())
}

#[tokio::test]
async fn for_who_sees_many_namespaces_one_by_one_nothing_but_applications_is_watched() -> anyhow::Result<()> {
    let plane = plane(Options::default()).await?;
    plane.grant_in("apps", BEN, flux_rules(&WATCH)).await?;
    for number in 0..11 {
        let namespace = format!("team-{number}");
        plane.create_namespace(&namespace).await?;
        plane.apply(&estate::kustomization(&namespace, "shop")).await?;
        plane.grant_in(&namespace, CLEO, flux_rules(&WATCH)).await?;
    }
    let house = House::before(plane).await?;
    let cleo = house.client(CLEO, &[])?;
    let mut stream = open(&house, &cleo).await?;
    let view = stream.until(|view| words(view).contains("All 11 applications in 11 namespaces are well.")).await?;
    assert!(
        view.contains("Other kinds are counted on their own pages:") && view.contains("href=\"/sources\""),
        "{view}"
    );
    let entries = house.plane.audit().entries()?;
    let others = of_flux(&entries)
        .into_iter()
        .filter(|entry| !["kustomizations", "helmreleases"].iter().any(|kind| entry.uri.contains(kind)));
    assert_eq!(others.map(|entry| entry.uri.clone()).collect::<Vec<_>>(), Vec::<String>::new());

    let ben = house.client(BEN, &[])?;
    let mut stream = open(&house, &ben).await?;
    stream.until(|view| view.contains("1 namespace of this cluster.")).await?;
    let sources = |entry: &AuditEntry| entry.uri.contains("namespaces/apps/gitrepositories");
    house.plane.audit().until(|entries| entries.iter().any(sources)).await?;
    Ok(())
}

#[tokio::test]
async fn what_is_seen_to_change_is_added_to_the_history_of_whoever_may_see_the_object() -> anyhow::Result<()> {
    let plane = plane(Options::default()).await?;
    plane.grant_everywhere(ADA, flux_rules(&WATCH)).await?;
    plane.grant_in("apps", BEN, flux_rules(&WATCH)).await?;
    let house = House::before(plane).await?;
    let mut ada = house.guest(ADA).await?;
    ada.stream.until_rows(&["Kustomization/apps/shop", "Kustomization/data/shop", "Kustomization/edge/shop"]).await?;
    for namespace in ["apps", "edge"] {
        let broken = estate::kustomization(namespace, "shop").failed("BuildFailed", "path not found");
        house.plane.apply(&broken).await?;
        let failed = format!("<tbody class=\"failed\" data-key=\"Kustomization/{namespace}/shop\"");
        ada.stream.until(|view| view.contains(&failed)).await?;
    }
    let ben = house.client(BEN, &[])?;
    let path = |namespace: &str| format!("/kustomization/history?name=shop&namespace={namespace}");
    for (client, namespace) in [(&ada.client, "apps"), (&ada.client, "edge"), (&ben, "apps")] {
        let page = words(get(&house, client, &path(namespace)).await?.split_once("Seen here").expect("a part").1);
        assert!(page.contains("Failed") && page.contains("was ready"), "{namespace}: {page}");
    }
    let refused = ben.get(format!("{}{}", house.server.url(), path("edge"))).send().await?;
    assert_eq!(refused.status(), 403);
    assert!(!refused.text().await?.contains("was ready"));

    // Another object of the same name has a history of its own.
    let shop = estate::kustomization("apps", "shop");
    house.plane.delete(&shop).await?;
    ada.stream.until(|view| !view.contains("Kustomization/apps/shop")).await?;
    house.plane.apply(&shop).await?;
    ada.stream.until(|view| view.contains("Kustomization/apps/shop")).await?;
    let page = get(&house, &ben, &path("apps")).await?;
    let seen = words(page.split_once("Seen here").expect("a part").1);
    assert!(!seen.contains("Failed"), "{seen}");
    Ok(())
}
