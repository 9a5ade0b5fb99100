//! From the Overview to the line of a log that says why something is red.

use std::time::Duration;

use fanlight_testbed::{Browser, Estate, Look, Options};
use serde_json::json;
use thirtyfour::Key;

use crate::{
    browser::{self, LIVE},
    house::{House, WATCH, all, plane},
};

/// What is walked through: a link on each page, and what it leads to.
const WAY: [(&str, &str); 3] = [
    (
        "#failing a.number[href*='/applications?']",
        "document.querySelector(\"tbody[data-key='Kustomization/orders/orders']\") !== null",
    ),
    (
        "tbody[data-key='Kustomization/orders/orders'] a[href*='/kustomization/details?']",
        "document.querySelector('.chain a.log-link') !== null",
    ),
    (
        ".chain li.quote a.log-link",
        "[...document.querySelectorAll('#lines li.failed')].some((one) => one.textContent.includes('panic: no connection to shelf-db'))",
    ),
];

/// How long it may take until a page says why: it looks again every half a minute, and the program may crash after that.
const PATIENCE: Duration = Duration::from_secs(120);

/// The demo's company, of which much fails, and one thing because its program crashes: `orders`.
async fn company() -> anyhow::Result<House> {
    let plane = plane(Options { nodes: true, ..Options::default() }).await?;
    Estate::company()?.apply(&plane).await?;
    plane.grant_everywhere("admin", all(&WATCH)).await?;
    plane.pod_logs().served("orders", "app.kubernetes.io/name=orders", 2).await?;
    House::before(plane).await
}

/// Presses the Tab key until a condition holds.
async fn tab_until(browser: &Browser, there: &str, goal: &str) -> anyhow::Result<()> {
    let mut steps = 0;
    while browser.ask(there).await? != json!(true) {
        browser.action_chain().send_keys(Key::Tab).perform().await?;
        steps += 1;
        anyhow::ensure!(steps < 400, "the Tab key never gets to {goal}");
    }
    Ok(())
}

#[tokio::test]
async fn three_clicks_lead_from_the_overview_to_the_line_that_explains_what_is_red() -> anyhow::Result<()> {
    let house = company().await?;
    let browser = browser::at(&house, "/", Look::DESK).await?;
    for (link, arrived) in WAY {
        browser.one(link).await?.click().await?;
        browser.until_in(PATIENCE, arrived).await?;
        browser.until(LIVE).await?;
    }
    assert!(browser.current_url().await?.path().starts_with("/logs/orders/pod/orders-"));
    assert!(browser.complaints().await?.is_empty());
    Ok(())
}

#[tokio::test]
async fn the_keyboard_alone_leads_there_too() -> anyhow::Result<()> {
    let house = company().await?;
    let browser = browser::at(&house, "/", Look::DESK).await?;
    for (link, arrived) in WAY {
        browser.one(link).await?;
        tab_until(&browser, &format!("document.activeElement?.matches(\"{link}\")"), link).await?;
        browser.action_chain().send_keys(Key::Enter).perform().await?;
        browser.until_in(PATIENCE, arrived).await?;
        browser.until(LIVE).await?;
    }
    // The lines scroll by the keyboard.
    tab_until(&browser, "document.activeElement?.id === 'lines'", "the lines").await
}
