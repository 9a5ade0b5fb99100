//! The search in a real browser, by keyboard and without a script.

use fanlight_testbed::{Look, estate};
use serde_json::json;
use thirtyfour::Key;

use crate::browser::{Desk, rows};

const FOCUSED: &str = "document.activeElement";

#[tokio::test]
async fn with_the_keyboard_alone_somebody_searches_everything_goes_down_to_a_result_and_back() -> anyhow::Result<()> {
    let desk = Desk::signed_in().await?;
    let browser = &desk.browser;
    desk.plane().apply(&estate::git_repository("edge", "app-00-source")).await?;
    desk.press("/").await?;
    browser.until("location.pathname === '/search' && document.activeElement?.id === 'q'").await?;
    desk.live().await?;
    browser.ask("window.sameDocument = true").await?;
    desk.press("app-0").await?;
    browser.until(&rows(11)).await?;
    desk.press("0").await?;
    browser.until(&rows(2)).await?;
    browser.until("document.getElementById('count').textContent === '2 found'").await?;
    assert_eq!(browser.ask("location.search").await?, json!("?q=app-00"), "the address is that of the answer");
    let name = |name: &str| format!("{FOCUSED}?.textContent === '{name}'");
    desk.press(Key::Down).await?;
    browser.until(&name("app-00")).await?;
    desk.press(Key::Down).await?;
    browser.until(&name("app-00-source")).await?;
    desk.press(Key::Up).await?;
    desk.press(Key::Up).await?;
    browser.until("document.activeElement?.id === 'q'").await?;
    desk.plane().apply(&estate::helm_release("data", "app-00-late")).await?;
    browser.until(&rows(3)).await?;
    assert_eq!(browser.ask("window.sameDocument").await?, json!(true), "nothing was loaded anew");
    desk.press(Key::Down).await?;
    desk.press(Key::Enter).await?;
    browser.until("location.pathname === '/kustomization/details'").await?;

    // From any page, and back to it.
    desk.live().await?;
    browser.action_chain().key_down(Key::Control).send_keys("k").key_up(Key::Control).perform().await?;
    browser.until("location.pathname === '/search' && document.activeElement?.id === 'q'").await?;
    desk.live().await?;
    desk.press("nothing-like-it").await?;
    browser.until("document.getElementById('empty').textContent.includes('Nothing found')").await?;
    desk.press(Key::Escape).await?;
    browser.until("document.getElementById('q').value === '' && location.search === '?q='").await?;
    desk.press(Key::Escape).await?;
    browser.until("location.pathname === '/kustomization/details'").await?;
    desk.no_complaints().await
}

#[tokio::test]
async fn whoever_is_not_led_to_the_search_after_all_has_their_keys_back_and_what_they_typed_is_forgotten()
-> anyhow::Result<()> {
    let desk = Desk::signed_in().await?;
    let browser = &desk.browser;
    desk.live().await?;
    // As after the browser's *Stop*, the next page never comes.
    browser
        .ask("document.getElementById('find').addEventListener('click', (event) => event.preventDefault()), true")
        .await?;
    desk.press("/").await?;
    desk.press("jx").await?;
    browser.until("sessionStorage.getItem('typed') === 'jx'").await?;
    desk.press(Key::Tab).await?;
    browser.until("document.activeElement !== document.body").await?;
    browser.until("sessionStorage.getItem('typed') === null").await?;
    desk.press("j").await?;
    browser.until(&format!("{FOCUSED}?.closest('#rows') !== null")).await?;
    browser.goto(format!("{}/search", desk.url())).await?;
    browser.until("document.getElementById('q').value === ''").await?;
    desk.no_complaints().await
}

#[tokio::test]
async fn without_a_script_the_search_is_a_form_and_its_results_are_links() -> anyhow::Result<()> {
    let desk = Desk::open(Look { script: false, ..Look::PHONE }).await?;
    desk.browser.sign_in(desk.url(), "admin", "secret").await?;
    desk.browser.goto(format!("{}/applications", desk.url())).await?;
    desk.browser.one("#find").await?.click().await?;
    desk.browser.one("#q").await?.send_keys("kind:ks app-07" + Key::Enter).await?;
    desk.browser.one("#rows tbody .name a").await?.click().await?;
    desk.browser.until("document.querySelector('h1')?.textContent.trim() === 'app-07'").await?;
    desk.no_complaints().await
}
