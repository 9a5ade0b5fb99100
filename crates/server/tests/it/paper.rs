//! Pages as they are printed.

use fanlight_testbed::{Estate, Look};
use serde_json::json;

use crate::walk::Walker;

/// What somebody may want to have on paper.
const PAGES: [&str; 10] = [
    "/",
    "/applications",
    "/events",
    "/flux_runtime",
    "/workloads/deployment/catalog/catalog",
    "/kustomization/details?name=orders&namespace=orders",
    "/kustomization/graph?name=orders&namespace=orders",
    "/kustomization/history?name=catalog&namespace=catalog",
    "/kustomization/events?name=orders&namespace=orders",
    "/kustomization/yaml?name=orders&namespace=orders",
];

#[tokio::test]
async fn on_paper_the_ink_is_dark_everything_fits_and_there_is_nothing_to_press() -> anyhow::Result<()> {
    let walker = Walker::among(&Estate::company()?, Look::DESK).await?;
    let browser = &walker.browser;
    browser.look(Look::PAPER).await?;
    let pressed = "[...document.querySelectorAll('button, input, summary.button, a.button, .rail')]
        .filter((one) => one.checkVisibility()).map((one) => one.outerHTML)";
    // Paper is white: what is light is not to be read.
    let pale = "[...document.querySelectorAll('main *')].filter((one) => {
            const has = [...one.childNodes].some((node) => node.nodeType === 3 && node.data.trim() !== '');
            if (!has || !one.checkVisibility()) return false;
            const style = getComputedStyle(one);
            const [red, green, blue, alpha = 1] = (one.closest('svg') ? style.fill : style.color).match(/[\\d.]+/g)?.map(Number) ?? [0, 0, 0];
            return alpha > 0 && 0.2126 * red + 0.7152 * green + 0.0722 * blue > 128;
        }).slice(0, 3).map((one) => one.outerHTML.slice(0, 200))";
    let wide = "[...document.querySelectorAll('main *')].filter((one) => one.checkVisibility()
        && one.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
        .slice(0, 3).map((one) => one.outerHTML.slice(0, 200))";
    let mut problems = Vec::new();
    for address in PAGES {
        walker.goto(address).await?;
        browser.until("getComputedStyle(document.querySelector('h1')).color === 'rgb(0, 0, 0)'").await?;
        for expression in [pressed, pale, wide] {
            let found = browser.ask(expression).await?;
            if found != json!([]) {
                problems.push(format!("{address}: {found:#}"));
            }
        }
    }
    assert!(problems.is_empty(), "{problems:#?}");
    walker.goto("/applications?status=failed").await?;
    let opened = "[...document.querySelectorAll('#rows .reason p')].every((one) => one.checkVisibility())";
    assert_eq!(browser.ask(opened).await?, json!(true), "the messages are opened");
    Ok(())
}
