//! What axe-core, Chromium and its content policy have against pages.

use fanlight_testbed::{Browser, Estate, FanlightServer, Look, Options, estate};
use serde_json::json;

use crate::{
    browser::Axe,
    house::{House, all, plane},
    shared::PROGRAM,
    walk::{THERE, Walker, gallery},
};

const DARK: Look = Look { dark: true, ..Look::DESK };
const DARK_PHONE: Look = Look { dark: true, ..Look::PHONE };

/// Opens each of these addresses and looks at it in these ways; what is wrong.
async fn problems(
    browser: &Browser,
    axe: &Axe,
    addresses: impl IntoIterator<Item = String>,
    looks: [Look; 2],
) -> anyhow::Result<Vec<String>> {
    let mut problems = Vec::new();
    browser.look(looks[0]).await?;
    for address in addresses {
        browser.goto(&address).await?;
        browser.until(THERE).await?;
        for look in looks {
            browser.look(look).await?;
            let faults = axe.faults(browser).await?;
            problems.extend(faults.into_iter().map(|fault| format!("{address} {look:?}: {fault}")));
        }
        // That a page is an error is no fault of it.
        let complaints = browser.complaints().await?.into_iter().filter(|one| !one.contains("with a status of 40"));
        problems.extend(complaints.map(|complaint| format!("{address}: {complaint}")));
    }
    Ok(problems)
}

async fn faultless(walker: &Walker, axe: &Axe, pages: &[String], looks: [Look; 2]) -> anyhow::Result<()> {
    let addresses = pages.iter().map(|page| format!("{}{page}", walker.house.server.url()));
    let problems = problems(&walker.browser, axe, addresses, looks).await?;
    anyhow::ensure!(problems.is_empty(), "{problems:#?}");
    Ok(())
}

#[tokio::test]
async fn axe_finds_no_serious_fault_whatever_objects_there_are() -> anyhow::Result<()> {
    let axe = Axe::new()?;
    let walker = Walker::among(&Estate::odd()?, Look::DESK).await?;
    let mut pages = gallery(&walker).await?;
    // Of each page the one of the object with the longest name, of which all texts are odd.
    let path = |page: &str| page.split('?').next().unwrap_or_default().to_owned();
    pages.sort_by_key(|page| (path(page), std::cmp::Reverse(page.len())));
    pages.dedup_by_key(|page| path(page));
    assert!(pages.len() > 60, "{pages:?}");
    faultless(&walker, &axe, &pages, [Look::DESK, DARK_PHONE]).await
}

#[tokio::test]
async fn axe_finds_no_serious_fault_on_any_page_of_a_company_in_the_dark_and_on_a_phone() -> anyhow::Result<()> {
    let axe = Axe::new()?;
    let walker = Walker::among(&Estate::company()?, Look::DESK).await?;
    let mut pages = walker.pages().await?;
    // What is done differs by a few words.
    pages.retain(|page| !page.contains("/act?") || page.contains("action=suspend"));
    assert!(pages.len() > 60, "{pages:?}");
    // The other two looks are those of the same pages among odd objects.
    faultless(&walker, &axe, &pages, [DARK, Look::PHONE]).await
}

/// What somebody comes to who may see one namespace, where a kind is not installed and others do not exist.
const MISSING: [&str; 22] = [
    "/sessions",
    "/nothing-like-it",
    "/kustomization/details?name=none&namespace=apps",
    "/kustomization/details?name=shop&namespace=data",
    "/receiver/details?name=push&namespace=apps",
    "/notifications/receivers",
    "/other",
    "/other/gizmos.acme.fluxcd.io",
    "/other/gizmos.acme.fluxcd.io?namespace=apps",
    "/other/gizmos.acme.fluxcd.io/details?name=left&namespace=apps",
    "/other/gizmos.acme.fluxcd.io/details?name=none&namespace=apps",
    "/other/widgets.acme.fluxcd.io",
    "/workloads",
    "/workloads/deployment/apps/none",
    "/workloads/deployment/data/none",
    "/logs/apps/deployment/none",
    "/logs/data/deployment/none",
    "/flux_runtime",
    "/events",
    "/user_info?verb=get&resource=pods",
    "/applications?search=nothing-like-it",
    "/applications/act?action=suspend&search=nothing-like-it",
];

#[tokio::test]
async fn axe_finds_no_serious_fault_at_the_door_in_dialogs_and_on_what_is_missing_refused_or_barred()
-> anyhow::Result<()> {
    let axe = Axe::new()?;
    let plane = plane(Options::default()).await?;
    plane.grant_in("apps", "admin", all(&["get", "list", "watch", "patch"])).await?;
    plane.apply(&estate::definition("gizmos.acme.fluxcd.io", "Gizmo", "Namespaced")).await?;
    plane.established().await?;
    plane
        .apply(&estate::unknown("acme.fluxcd.io", "Gizmo", "apps", "left", json!({})).failed("Odd", "It fell."))
        .await?;
    let receivers = json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "receivers.notification.toolkit.fluxcd.io"}});
    plane.delete(&receivers).await?;
    let house = House::before(plane).await?;
    let browser = Browser::open(Look::DESK).await?;
    let url = house.server.url();
    let signed_out = ["/sign_in", "/sign_in?redirect=%2Fevents", "/oauth2/callback?error=access_denied&state=unknown"];
    let styleguide = FanlightServer::sibling(PROGRAM.as_ref(), &house.plane, "fanlight", 2, &["--styleguide"]).await?;
    let (limited, forge) =
        FanlightServer::limited(PROGRAM.as_ref(), &house.plane, "limited", ["admin", "secret"]).await?;
    for looks in [[Look::DESK, DARK], [Look::PHONE, DARK_PHONE]] {
        browser.delete_all_cookies().await?;
        let mut found = problems(&browser, &axe, signed_out.map(|page| format!("{url}{page}")), looks).await?;
        browser.sign_in(url, "admin", "secret").await?;
        found.extend(problems(&browser, &axe, MISSING.map(|page| format!("{url}{page}")), looks).await?);
        browser.action_chain().send_keys("?").perform().await?;
        browser.until("document.getElementById('keys').open").await?;
        found.extend(axe.faults(&browser).await?);
        browser.sign_in(styleguide.url(), "admin", "secret").await?;
        found.extend(problems(&browser, &axe, [format!("{}/styleguide", styleguide.url())], looks).await?);
        browser.become_somebody(limited.url(), &forge.member_cookies("aisha@example.com", &["platform"])?).await?;
        let barred = ["/applications", "/", "/user_info"].map(|page| format!("{}{page}", limited.url()));
        found.extend(problems(&browser, &axe, barred, looks).await?);
        assert!(found.is_empty(), "{found:#?}");
    }
    Ok(())
}
