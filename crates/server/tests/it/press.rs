//! Every button of an object, pressed in a real browser: with a script, which tells of it as it goes, and without.

use anyhow::Context;
use fanlight_testbed::{Browser, FluxObject, Look, Options, estate};
use serde_json::{Value, json};

use crate::{
    browser::{Desk, LIVE},
    house::{House, all, plane},
    workloads,
};

/// Notes every word that is told of an object, also one that the next follows at once.
const LISTEN: &str = "(window.told = [], new MutationObserver((records) => records.forEach((record) => {
    if (record.target.matches('b.word')) record.addedNodes.forEach((node) => window.told.push(node.textContent));
})).observe(document.getElementById('outcomes'), {childList: true, subtree: true}), true)";

/// What a page offers to do, in its order.
const OFFERED: &str = "[...document.querySelectorAll('.head form.act button:not([hidden])')].map((one) => one.value)";

/// An object, and what can be done with it in the order of its buttons.
type Case = (FluxObject, &'static [&'static str]);

/// One object of each kind that has buttons of its own.
fn cases() -> Vec<Case> {
    const APPLIED: &[&str] = &["sync-with-source", "sync", "suspend", "resume"];
    const OTHER: &[&str] = &["sync", "suspend", "resume"];
    const RELEASE: &[&str] = &[
        "sync-with-source",
        "sync",
        "force",
        "reset",
        "force-reset",
        "force-with-source",
        "reset-with-source",
        "force-reset-with-source",
        "suspend",
        "resume",
    ];
    vec![
        (estate::kustomization("apps", "shop"), APPLIED),
        (estate::helm_release("apps", "billing"), RELEASE),
        (estate::helm_chart("apps", "billing"), APPLIED),
        (estate::git_repository("flux-system", "fleet"), OTHER),
        (estate::helm_repository("flux-system", "charts"), OTHER),
        (estate::oci_repository("apps", "base"), OTHER),
        (estate::image_repository("apps", "web"), OTHER),
        (estate::image_policy("apps", "web"), OTHER),
        (estate::image_update_automation("apps", "fleet"), OTHER),
        (estate::terraform("apps", "queues"), APPLIED),
        (estate::resource_set("apps", "tenants"), OTHER),
    ]
}

/// Somebody before these objects and what answers for their controllers.
async fn desk(cases: &[Case], look: Look) -> anyhow::Result<Desk> {
    let plane = plane(Options::default()).await?;
    plane.create_namespace("flux-system").await?;
    let desk = Desk::before(plane, cases.iter().map(|(object, _)| &**object), look).await?;
    desk.plane().grant_everywhere("admin", all(&["get", "list", "watch", "patch"])).await?;
    desk.browser.sign_in(desk.url(), "admin", "secret").await?;
    Ok(desk)
}

/// The address of an object.
async fn page(desk: &Desk, object: &Value) -> anyhow::Result<String> {
    let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let short =
        format!("/o/{}/{}/{}", text("/kind").to_lowercase(), text("/metadata/namespace"), text("/metadata/name"));
    desk.browser.goto(format!("{}{short}", desk.url())).await?;
    desk.browser.one(".head form.act").await?;
    let address = desk.browser.ask("location.pathname + location.search").await?;
    Ok(address.as_str().context("no address")?.to_owned())
}

/// Presses a button, in its menu if it is in one.
async fn press(browser: &Browser, action: &str) -> anyhow::Result<()> {
    let menu = match action {
        _ if action.starts_with("force") || action.starts_with("reset") => Some("#more summary"),
        "suspend" => Some("#suspend summary"),
        _ => None,
    };
    if let Some(menu) = menu {
        browser.one(menu).await?.click().await?;
    }
    if action == "suspend" {
        browser.one("#suspend input[name=comment]").await?.send_keys("moving house").await?;
    }
    browser.one(&format!(".head form.act button[value={action}]:not([hidden])")).await?.click().await?;
    Ok(())
}

/// What a page offers after an action: what it did before, unless that was to suspend or to resume.
fn next<'a>(offers: &'a [&'a str], done: &str) -> &'a [&'a str] {
    let (resume, others) = offers.split_last().map_or((&[][..], &[][..]), |(_, rest)| (&offers[rest.len()..], rest));
    if done == "suspend" { resume } else { others }
}

#[tokio::test]
async fn every_button_of_every_kind_is_pressed_and_followed_on_the_page_to_its_end() -> anyhow::Result<()> {
    let cases = cases();
    let desk = desk(&cases, Look::DESK).await?;
    let browser = &desk.browser;
    for (object, offers) in &cases {
        let address = page(&desk, object).await?;
        desk.live().await?;
        assert_eq!(browser.ask(OFFERED).await?, json!(next(offers, "")), "{address}");
        browser.ask(&format!("(window.sameDocument = true, {LISTEN})")).await?;
        for action in *offers {
            browser.ask("(window.told = [], true)").await?;
            press(browser, action).await?;
            let finished = "document.getElementById('outcomes-title').textContent.endsWith(': finished: 1')";
            browser.until(finished).await.with_context(|| format!("{action} at {address}"))?;
            let told = browser.ask("window.told").await?;
            let words: Vec<_> = told.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
            assert_eq!(
                (words.first(), words.last()),
                (Some(&"Sent"), Some(&"Done")),
                "{action} at {address}: {words:?}"
            );
            // To suspend and to resume are changes and no more; whatever is asked of a controller is under way first.
            let is_asked = !matches!(*action, "suspend" | "resume");
            assert_eq!(words.contains(&"Asked"), is_asked, "{action} at {address}: {words:?}");
            // The page itself follows.
            let offers = json!(next(offers, action)).to_string();
            let now = format!("JSON.stringify({OFFERED}) === '{offers}'");
            browser.until(&now).await.with_context(|| format!("{action} at {address}"))?;
            let suspended = "document.getElementById('why').textContent.includes('moving house')";
            browser.until(&format!("{suspended} === {}", *action == "suspend")).await?;
        }
        assert_eq!(browser.ask("window.sameDocument").await?, json!(true), "nothing was loaded anew");
    }
    desk.goto("/helm_release/yaml?name=billing&namespace=apps").await?;
    let manifest = browser.one("pre.manifest").await?.text().await?;
    assert!(manifest.contains("lastHandledForceAt") && manifest.contains("lastHandledResetAt"), "{manifest}");
    desk.no_complaints().await
}

#[tokio::test]
async fn without_script_every_button_leads_to_a_page_that_tells_the_end_and_back() -> anyhow::Result<()> {
    let cases = cases();
    let desk = desk(&cases, Look { script: false, ..Look::DESK }).await?;
    let browser = &desk.browser;
    for (object, offers) in cases.iter().take(2) {
        let address = page(&desk, object).await?;
        for action in *offers {
            press(browser, action).await?;
            let outcome =
                browser.one("ul.outcomes li.ready").await.with_context(|| format!("{action} at {address}"))?;
            let outcome = outcome.text().await?;
            assert!(outcome.starts_with("Done"), "{action} at {address}: {outcome}");
            browser.one("main > p > a.button").await?.click().await?;
            browser.one(".head h1").await?;
            assert_eq!(browser.ask("location.pathname + location.search").await?, json!(address));
            assert_eq!(browser.ask(OFFERED).await?, json!(next(offers, action)), "{action} at {address}");
        }
    }
    desk.no_complaints().await
}

const CART: &str = "/workloads/deployment/shop/cart";
const REPORT: &str = "/workloads/cronjob/shop/report";
/// The pods of a Deployment that run.
const RUNNING: &str = "[...document.querySelectorAll('.pods tbody.ready')].map((one) => one.id)";

/// Presses a button of what runs in its menu, and returns when its end is told.
async fn press_in(browser: &Browser, menu: &str, script: bool) -> anyhow::Result<()> {
    browser.one(&format!("{menu} summary")).await?.click().await?;
    browser.one(&format!("{menu} button.primary")).await?.click().await?;
    let told = if script { "#outcomes li.ready" } else { "ul.outcomes li.ready" };
    browser.one(told).await?;
    Ok(())
}

#[tokio::test]
async fn a_job_is_run_a_pod_deleted_and_a_roll_out_restarted_at_a_browser_with_and_without_script() -> anyhow::Result<()>
{
    let house: House = workloads::town().await?;
    house.plane.grant_everywhere("admin", all(&["get", "list", "watch", "patch", "create", "delete"])).await?;
    workloads::running(&house).await?;
    let browser = crate::browser::at(&house, "/workloads", Look::DESK).await?;
    for script in [true, false] {
        browser.look(Look { script, ..Look::DESK }).await?;
        let goto = async |address: &str| {
            browser.goto(format!("{}{address}", house.server.url())).await?;
            if script { browser.until(LIVE).await } else { anyhow::Ok(()) }
        };
        goto(REPORT).await?;
        let jobs = "document.querySelectorAll('.jobs tbody').length";
        let before = browser.ask(jobs).await?.as_u64().unwrap_or_default();
        press_in(&browser, "#ask", script).await?;
        goto(REPORT).await?;
        browser.until(&format!("{jobs} === {}", before + 1)).await?;

        workloads::running(&house).await?;
        goto(CART).await?;
        browser.until(&format!("{RUNNING}.length === 2")).await?;
        let pod = browser.ask(&format!("{RUNNING}[0]")).await?;
        let pod = pod.as_str().context("no pod")?;
        press_in(&browser, &format!("#{pod}"), script).await?;
        workloads::running(&house).await?;
        goto(CART).await?;
        browser.until(&format!("{RUNNING}.length === 2 && document.getElementById('{pod}') === null")).await?;

        press_in(&browser, "#ask", script).await?;
        goto(CART).await?;
        browser.until(&format!("{RUNNING}.length === 2")).await?;
    }
    assert_eq!(browser.complaints().await?, [""; 0]);
    Ok(())
}
