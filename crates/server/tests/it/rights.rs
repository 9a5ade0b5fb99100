//! What people may not change is said before they try.

use std::collections::BTreeSet;

use fanlight_testbed::{AuditEntry, Browser, Look, Options, rights::flux_rules};

use crate::house::{House, WATCH, plane};

const ADA: &str = "ada@example.com";
const BEN: &str = "ben@example.com";
const CLEO: &str = "cleo@example.com";
/// What it takes to look and to act.
const ACT: [&str; 4] = ["get", "list", "watch", "patch"];

/// Ada sees everything and changes nothing, Ben neither outside of `data`; Cleo sees everything and changes `apps`.
async fn house() -> anyhow::Result<House> {
    let plane = plane(Options::default()).await?;
    plane.grant_everywhere(ADA, flux_rules(&WATCH)).await?;
    plane.grant_in("data", BEN, flux_rules(&WATCH)).await?;
    plane.grant_everywhere(CLEO, flux_rules(&WATCH)).await?;
    plane.grant_in("apps", CLEO, flux_rules(&ACT)).await?;
    House::before(plane).await
}

/// The buttons of the bar, each with whether it is dead.
fn buttons(page: &str) -> BTreeSet<(&str, bool)> {
    let bar = page.split_once("id=\"act\"").map_or("", |(_, bar)| bar);
    let tags = bar.split("<button name=\"action\" value=\"").skip(1);
    let tags = tags.filter_map(|tag| tag.split_once('>')).map(|(tag, _)| tag);
    tags.map(|tag| (tag.split('"').next().unwrap_or_default(), tag.contains(" disabled"))).collect()
}

const ACTIONS: [&str; 4] = ["resume", "suspend", "sync", "sync-with-source"];

async fn page(house: &House, who: &reqwest::Client) -> anyhow::Result<String> {
    let response = who.get(format!("{}/applications", house.server.url())).send().await?;
    Ok(response.error_for_status()?.text().await?)
}

#[tokio::test]
async fn people_who_may_only_look_find_the_actions_disabled_and_the_missing_right_named() -> anyhow::Result<()> {
    let house = house().await?;
    for (who, where_) in [(ADA, "any of these 3 namespaces"), (BEN, "data")] {
        let mut guest = house.guest(who).await?;
        let why = format!("Kubernetes does not let you patch kustomizations in {where_}");
        guest.stream.until(|view| view.contains(&why)).await?;
        let page = page(&house, &guest.client).await?;
        assert_eq!(buttons(&page), ACTIONS.map(|action| (action, true)).into(), "{page}");
        assert!(page.contains(&format!("disabled title=\"{why}\"")), "for the eye: {page}");
        assert!(page.contains(&format!("id=\"refused\">{why}.</p>")), "for the ear: {page}");
    }
    Ok(())
}

#[tokio::test]
async fn where_some_may_be_changed_the_actions_stay_and_the_others_are_named() -> anyhow::Result<()> {
    let house = house().await?;
    let mut cleo = house.guest(CLEO).await?;
    let fixed =
        |namespace: &str| format!("<li data-of=\"Kustomization/{namespace}\">kustomizations in {namespace}</li>");
    cleo.stream.until(|view| view.contains(&fixed("data")) && view.contains(&fixed("edge"))).await?;
    let page = page(&house, &cleo.client).await?;
    assert!(page.contains(&fixed("data")) && !page.contains(&fixed("apps")), "{page}");
    assert_eq!(buttons(&page), ACTIONS.map(|action| (action, false)).into());
    Ok(())
}

#[tokio::test]
async fn looking_at_the_page_again_and_again_asks_nothing_more() -> anyhow::Result<()> {
    const LOOKS: usize = 30;
    let house = house().await?;
    let mut ada = house.guest(ADA).await?;
    ada.stream.until(|view| view.contains("does not let you patch")).await?;
    let asked = |entry: &&AuditEntry| entry.uri.contains("/selfsubject") && entry.name() == ADA;
    let before = house.plane.audit().entries()?.iter().filter(asked).count();
    for _ in 0..LOOKS {
        page(&house, &ada.client).await?;
    }
    let after = house.plane.audit().entries()?.iter().filter(asked).count();
    assert!(after - before < LOOKS, "{} questions for {LOOKS} looks", after - before);
    Ok(())
}

#[tokio::test]
async fn at_a_browser_the_buttons_follow_what_is_selected() -> anyhow::Result<()> {
    let plane = plane(Options::default()).await?;
    plane.grant_everywhere("admin", flux_rules(&WATCH)).await?;
    plane.grant_in("apps", "admin", flux_rules(&ACT)).await?;
    let house = House::before(plane).await?;
    let browser = Browser::open(Look::DESK).await?;
    browser.sign_in(house.server.url(), "admin", "secret").await?;
    browser.goto(format!("{}/applications", house.server.url())).await?;
    browser.until("document.querySelector('#act [data-of=\"Kustomization/edge\"]') !== null").await?;
    let tick = |namespace: &str| format!("tbody[data-key='Kustomization/{namespace}/shop'] input");
    let disabled = "[...document.querySelectorAll('#act button')].map((button) => button.disabled)";
    let said = "document.getElementById('refused').textContent";
    let why = "Kubernetes does not let you patch kustomizations in edge.";

    browser.one(&tick("edge")).await?.click().await?;
    browser.until(&format!("{disabled}.every(Boolean) && {said} === '{why}'")).await?;
    browser.one(&tick("apps")).await?.click().await?;
    browser.until(&format!("!{disabled}.some(Boolean) && {said} === '{why}'")).await?;
    browser.one(&tick("edge")).await?.click().await?;
    browser.until(&format!("!{disabled}.some(Boolean) && {said} === ''")).await?;
    assert!(browser.complaints().await?.is_empty());
    Ok(())
}
