//! Logs in a real browser.

use fanlight_testbed::{Browser, Look};
use jiff::Timestamp;
use serde_json::json;
use thirtyfour::Key;

use crate::{
    browser::{self, Axe, LIVE},
    house::{WATCH, all},
    logs::{CART, Scene},
};

/// The memory of a process, in MiB.
fn memory(process: u32) -> anyhow::Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kibibytes: u64 = line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or_default();
    Ok(kibibytes / 1024)
}

async fn open(scene: &Scene, path: &str) -> anyhow::Result<Browser> {
    scene.house.plane.grant_everywhere("admin", all(&WATCH)).await?;
    browser::at(&scene.house, path, Look::DESK).await
}

/// An expression: so many lines have this text.
fn has(count: usize, text: &str) -> String {
    format!(
        "[...document.querySelectorAll('#lines li')].filter((one) => one.textContent.includes('{text}')).length === {count}"
    )
}

#[tokio::test]
async fn fifty_thousand_lines_stay_within_bounds_in_server_and_browser_and_the_last_is_there() -> anyhow::Result<()> {
    let scene = Scene::set().await?;
    let browser = open(&scene, &scene.pod(0)).await?;
    let process = scene.house.server.process()?;
    let before = memory(process)?;
    let mut most = 0;
    for block in 0..10 {
        let lines = (0..5000).map(|number| {
            let number = block * 5000 + number;
            (Timestamp::now(), format!("level=info msg=\"request served\" number={number} path=/basket/items/{number}"))
        });
        scene.logs.write_all(&scene.carts[0], lines)?;
        most = most.max(memory(process)?);
        let count = browser.ask("document.querySelectorAll('#lines li').length").await?;
        assert!(count.as_u64().is_some_and(|count| count <= 5000), "{count} lines in the page");
    }
    browser.until("document.querySelector('#lines').lastElementChild.textContent.includes('number=49999')").await?;
    let count = browser.ask("document.querySelectorAll('#lines li').length").await?;
    assert!(count.as_u64().is_some_and(|count| (500..=5000).contains(&count)), "{count} lines in the page");
    let gaps = browser.ask("document.querySelectorAll('#lines .gap').length").await?;
    assert!(gaps.as_u64().is_some_and(|gaps| gaps > 0), "what was left out is said");
    most = most.max(memory(process)?);
    assert!(most < before + 32, "{before} MiB before, {most} MiB at most");
    let at_end = "(({scrollHeight, scrollTop, clientHeight}) => scrollHeight - scrollTop - clientHeight < 8)(document.getElementById('lines'))";
    assert_eq!(browser.ask(at_end).await?, json!(true), "the end is in sight");
    assert!(browser.complaints().await?.is_empty());
    Ok(())
}

#[tokio::test]
async fn a_log_is_readable_for_everybody_by_keyboard_in_light_dark_on_a_phone_and_without_script() -> anyhow::Result<()>
{
    let axe = Axe::new()?;
    let scene = Scene::set().await?;
    for text in ["ERROR no basket", "WARN slow", "{\"level\":\"debug\",\"msg\":\"x\"}", &"long ".repeat(200), "plain"] {
        scene.logs.write(&scene.carts[0], text)?;
    }
    let browser = open(&scene, &format!("{CART}?q=o")).await?;
    let fits = "document.documentElement.scrollWidth <= document.documentElement.clientWidth";
    for look in [Look::DESK, Look { dark: true, ..Look::DESK }, Look::PHONE] {
        browser.look(look).await?;
        for address in [format!("{CART}?q=o"), format!("{}?wrap=no", scene.pod(0)), scene.pod(9)] {
            browser.goto(format!("{}{address}", scene.house.server.url())).await?;
            browser.until("document.readyState === 'complete'").await?;
            assert_eq!(axe.faults(&browser).await?, [""; 0], "{address} {look:?}");
            assert_eq!(browser.ask(fits).await?, json!(true), "{address} {look:?}");
        }
    }
    // By keys into the field, and from there to the lines.
    browser.look(Look::DESK).await?;
    browser.goto(format!("{}{CART}", scene.house.server.url())).await?;
    browser.until(LIVE).await?;
    browser.action_chain().send_keys("f").perform().await?;
    browser.until("document.activeElement?.name === 'q'").await?;
    browser.action_chain().send_keys("BASKET").send_keys(Key::Enter).perform().await?;
    browser
        .until("location.search.includes('q=BASKET') && document.querySelectorAll('#lines mark').length === 1")
        .await?;
    browser.look(Look { script: false, ..Look::DESK }).await?;
    browser.goto(format!("{}{CART}", scene.house.server.url())).await?;
    browser.until(&has(1, "ERROR no basket")).await?;
    let dead =
        "[...document.querySelectorAll('main button')].filter((one) => one.checkVisibility() && !one.form).length";
    assert_eq!(browser.ask(dead).await?, json!(0), "a button that does nothing");
    Ok(())
}

#[tokio::test]
async fn a_stream_that_breaks_off_goes_on_without_a_line_twice_or_one_too_few() -> anyhow::Result<()> {
    let scene = Scene::set().await?;
    let browser = open(&scene, CART).await?;
    let [one, other] = [&scene.carts[0], &scene.carts[1]];
    scene.logs.write(one, "one 1")?;
    scene.logs.write(other, "other 1")?;
    browser.until(&has(1, "one 1")).await?;
    browser.until(&has(1, "other 1")).await?;
    let pause = browser.one("button.pause").await?;
    pause.click().await?;
    browser.until("document.getElementById('mark').textContent.startsWith('paused')").await?;
    // Of the same moment as a line that is there, and between lines that are there.
    let moment = Timestamp::now();
    scene.logs.write_at(one, moment, "one 2")?;
    scene.logs.write_at(one, moment, "one 3")?;
    assert_eq!(browser.ask(&has(0, "one 2")).await?, json!(true), "paused");
    pause.click().await?;
    browser.until(&has(1, "one 3")).await?;
    for _ in 0..2 {
        pause.click().await?;
        browser.until("document.getElementById('mark').textContent.startsWith('paused')").await?;
        pause.click().await?;
        browser.until("document.getElementById('mark').textContent === 'live'").await?;
    }
    scene.logs.write(other, "other 2")?;
    browser.until(&has(1, "other 2")).await?;
    for text in ["one 1", "other 1", "one 2", "one 3", "other 2"] {
        assert_eq!(browser.ask(&has(1, text)).await?, json!(true), "{text}");
    }
    let sorted = "[...document.querySelectorAll('#lines li')].every((one, number, all) => number === 0 || all[number - 1].dataset.t <= one.dataset.t)";
    assert_eq!(browser.ask(sorted).await?, json!(true), "in the order of time");
    assert!(!browser.ask("document.querySelector('#lines .gap') !== null").await?.as_bool().unwrap_or(true));

    // Long lines on one line, without loading anything.
    browser.ask("window.sameDocument = true").await?;
    browser.one("a[data-wrap]").await?.click().await?;
    browser.until("location.search === '?wrap=no' && document.querySelector('#lines.in-one') !== null").await?;
    browser.one("a[data-wrap]").await?.click().await?;
    browser.until("location.search === '' && document.querySelector('#lines.in-one') === null").await?;
    assert_eq!(browser.ask("window.sameDocument").await?, json!(true));
    assert!(browser.complaints().await?.is_empty());
    Ok(())
}
