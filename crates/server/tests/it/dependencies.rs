//! What an object needs and what needs it, over namespaces and as far as somebody may see.

use fanlight_testbed::{Options, estate, rights::flux_rules};
use serde_json::json;

use crate::{
    house::{House, WATCH, all, follow, get_until, plane},
    why::words,
};

const ADA: &str = "ada@example.com";
const BEN: &str = "ben@example.com";
const API: &str = "/kustomization/dependencies?name=api&namespace=apps";
const WEB: &str = "/kustomization/dependencies?name=web&namespace=apps";

/// `apps/web` waits for `apps/api`, and that for `data/db`, which failed and needs `data/disk`; `edge/front` waits for
/// `apps/web`; two of `apps` wait for each other. Ada sees everything, Ben the namespace `apps`.
async fn scene() -> anyhow::Result<House> {
    let plane = plane(Options::default()).await?;
    plane.create_namespace("flux-system").await?;
    let waiting = |namespace: &str, name: &str, others: serde_json::Value| {
        estate::kustomization(namespace, name)
            .with_spec(json!({"dependsOn": others}))
            .waiting("DependencyNotReady", "dependency is not ready")
    };
    for object in [
        estate::git_repository("flux-system", "fleet"),
        estate::kustomization("data", "disk"),
        estate::kustomization("data", "db").after(&["disk"]).failed("BuildFailed", "the-canary: no such file"),
        waiting(
            "apps",
            "api",
            json!([{"name": "db", "namespace": "data", "readyExpr": "dep.status.observedGeneration > 0"}]),
        ),
        waiting("apps", "web", json!([{"name": "api"}])),
        waiting("edge", "front", json!([{"name": "web", "namespace": "apps"}])),
        waiting("apps", "left", json!([{"name": "right"}])),
        waiting("apps", "right", json!([{"name": "left"}])),
    ] {
        plane.apply(&object).await?;
    }
    plane.grant_everywhere(ADA, all(&WATCH)).await?;
    plane.grant_in("apps", BEN, flux_rules(&WATCH)).await?;
    House::before(plane).await
}

/// What stands between a heading and the end of its section.
fn section<'a>(page: &'a str, title: &str) -> &'a str {
    let from = page.find(&format!("<h2>{title}")).unwrap_or(page.len());
    page[from..].split("</section>").next().unwrap_or_default()
}

#[tokio::test]
async fn the_whole_way_is_shown_over_namespaces_with_what_holds_it_up() -> anyhow::Result<()> {
    let house = scene().await?;
    let ada = house.client(ADA, &[])?;
    let whole = |page: &str| {
        let told = words(page);
        [
            "which failed.",
            "ready if dep.status",
            "data/disk Kustomization",
            "fleet GitRepository",
            "edge/front Kustomization",
        ]
        .iter()
        .all(|part| told.contains(part))
    };
    let page = get_until(&house, &ada, WEB, whole).await?;
    let told = words(&page);
    assert!(told.contains("It waits for Kustomization data/db, by way of one other, which failed."), "{told}");
    let needs = words(section(&page, "What it needs"));
    for part in [
        "Waiting apps/api Kustomization",
        "it depends on this · held up by this",
        "apps/api depends on this, ready if dep.status.observedGeneration &#62; 0 · held up by this",
        "Ready data/disk Kustomization",
        "Ready flux-system/fleet GitRepository",
    ] {
        assert!(needs.contains(part), "{part}: {needs}");
    }
    let needing = words(section(&page, "What needs it"));
    assert!(needing.contains("Waiting edge/front Kustomization") && needing.contains("depends on it"), "{needing}");
    assert!(!needing.contains("data/") && !needs.contains("edge/"), "{told}");

    // The same is drawn: each object once, and the two lines of the way to what failed.
    let drawing =
        page.split_once("<svg viewBox").map_or("", |(_, rest)| rest.split("</section>").next().unwrap_or_default());
    for key in ["apps/web", "apps/api", "data/db", "data/disk", "edge/front"] {
        assert_eq!(drawing.matches(&format!("data-key=\"Kustomization/{key}\"")).count(), 1, "{key}: {drawing}");
    }
    assert_eq!(drawing.matches("<path class=\"hot\"").count(), 2, "{drawing}");
    assert!(!page.contains("style="), "the policy lets no style through");
    Ok(())
}

#[tokio::test]
async fn what_somebody_may_not_see_is_named_as_the_object_names_it_and_nothing_behind_it_is() -> anyhow::Result<()> {
    let house = scene().await?;
    let [ada, ben] = [ADA, BEN].map(|user| house.client(user, &[]));
    let (ada, ben) = (ada?, ben?);
    // Everything is in memory, for her.
    get_until(&house, &ada, API, |page| page.contains("data/disk")).await?;
    let mut stream = follow(&house, &ben, API).await?;
    let streamed = stream.until_event(|view| words(view).contains("which you may not see")).await?;
    let page = get_until(&house, &ben, API, |page| words(page).contains("which you may not see")).await?;
    let told = words(&page);
    assert!(told.contains("It waits for Kustomization data/db, which you may not see."), "{told}");
    let needs = words(section(&page, "What it needs"));
    assert!(needs.contains("You may not see it data/db Kustomization What is missing"), "{needs}");
    assert!(told.contains("What you may not see can need it too"), "{told}");
    for canary in ["disk", "the-canary", "front"] {
        assert!(!page.contains(canary) && !streamed.contains(canary), "{canary} is shown to Ben");
    }
    Ok(())
}

#[tokio::test]
async fn objects_that_wait_for_each_other_are_called_a_circle() -> anyhow::Result<()> {
    let house = scene().await?;
    let ada = house.client(ADA, &[])?;
    let path = "/kustomization/dependencies?name=left&namespace=apps";
    let page = get_until(&house, &ada, path, |page| words(page).contains("which waits for it in turn")).await?;
    let told = words(&page);
    assert!(told.contains("apps/left and apps/right need each other in a circle"), "{told}");
    assert!(told.contains("It waits for Kustomization apps/right, which waits for it in turn."), "{told}");
    assert!(page.contains("<path class=\"hot dashed\""), "{page}");
    Ok(())
}

#[tokio::test]
async fn an_open_page_follows_what_happens_to_others_and_who_comes_to_need_it() -> anyhow::Result<()> {
    let house = scene().await?;
    let ada = house.client(ADA, &[])?;
    let mut stream = follow(&house, &ada, WEB).await?;
    stream.until_event(|view| words(view).contains("data/db, by way of one other, which failed")).await?;
    house.plane.apply(&estate::kustomization("data", "db").after(&["disk"])).await?;
    stream.until_event(|view| words(view).contains("It waits for Kustomization apps/api, which waits too.")).await?;
    let late = json!({"apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization", "name": "web",
        "namespace": "apps", "ready": true});
    house.plane.apply(&estate::resource_set("edge", "late").with_spec(json!({"dependsOn": [late]}))).await?;
    let view = stream.until_event(|view| view.contains("edge/late")).await?;
    assert!(words(section(&view, "What needs it")).contains("edge/late ResourceSet"), "{view}");
    Ok(())
}
