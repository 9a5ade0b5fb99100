//! How pages are worked with, in a real browser: bulk with a preview, rows closer, times, copies, many tabs.

use fanlight_testbed::Look;
use serde_json::json;
use thirtyfour::Key;

use crate::browser::{Desk, rows};

#[tokio::test]
async fn everything_that_a_filter_leaves_over_is_previewed_suspended_and_followed_to_its_end() -> anyhow::Result<()> {
    let desk = Desk::signed_in().await?;
    let browser = &desk.browser;
    desk.goto("/applications?search=app-1").await?;
    browser.until(&rows(10)).await?;
    browser.one("#menu-act summary").await?.click().await?;
    let offered = "[...document.querySelectorAll('#menu-act a')].map((one) => one.textContent.trim())";
    let all = ["Reconcile with source…10", "Reconcile…10", "Suspend…10", "Resume…10"];
    assert_eq!(browser.ask(offered).await?, json!(all));
    browser.one("#menu-act a[href*='action=suspend']").await?.click().await?;
    browser.until("document.querySelectorAll('table.preview tbody').length === 10").await?;
    // The key for buttons of lists must not press what is to be thought over.
    desk.press("r").await?;
    browser.one("input[name=comment]").await?.click().await?;
    desk.press("moving house").await?;
    desk.press(Key::Enter).await?;
    browser.until("document.getElementById('outcomes-title').textContent.includes('finished: 10')").await?;
    browser.until("document.querySelectorAll('#outcomes li.ready').length === 10").await?;
    assert_eq!(browser.ask("document.querySelector('form.once .primary').disabled").await?, json!(true));
    desk.goto("/applications?search=moving").await?;
    browser.until(&rows(10)).await?;
    desk.no_complaints().await
}

#[tokio::test]
async fn without_script_the_same_is_a_page_with_a_button() -> anyhow::Result<()> {
    let desk = Desk::open(Look { script: false, ..Look::DESK }).await?;
    let browser = &desk.browser;
    browser.sign_in(desk.url(), "admin", "secret").await?;
    browser.goto(format!("{}/applications?search=app-01", desk.url())).await?;
    browser.one("#menu-act summary").await?.click().await?;
    browser.one("#menu-act a[href*='action=suspend']").await?.click().await?;
    browser.one("table.preview tbody").await?;
    browser.one("input[name=comment]").await?.send_keys("without a script").await?;
    browser.one("form.once .primary").await?.click().await?;
    browser.one("ul.outcomes li.ready").await?;
    browser.one("a.button").await?.click().await?;
    browser.one("#rows").await?;
    browser.reload_until(&["Suspended", "without a script"]).await?;
    desk.no_complaints().await
}

#[tokio::test]
async fn without_script_several_that_are_ticked_are_previewed_and_acted_on() -> anyhow::Result<()> {
    let desk = Desk::open(Look { script: false, ..Look::DESK }).await?;
    let browser = &desk.browser;
    browser.sign_in(desk.url(), "admin", "secret").await?;
    browser.goto(format!("{}/applications?search=app-0", desk.url())).await?;
    for name in ["app-02", "app-03"] {
        browser.one(&format!("tbody[data-key='Kustomization/apps/{name}'] input")).await?.click().await?;
    }
    browser.one("#suspend summary").await?.click().await?;
    browser.one("#suspend input").await?.send_keys("two of them").await?;
    browser.one("#suspend .ask button").await?.click().await?;
    browser.one("table.preview tbody").await?;
    let text = browser.one("main").await?.text().await?;
    assert!(text.contains("Suspend 2 applications?") && text.contains("The 2 applications that you ticked"), "{text}");
    browser.one("form.once .primary").await?.click().await?;
    browser.one("ul.outcomes li.ready").await?;
    browser.one("a.button").await?.click().await?;
    browser.goto(format!("{}/applications?status=suspended", desk.url())).await?;
    browser.reload_until(&["app-02", "app-03", "two of them"]).await?;
    desk.no_complaints().await
}

#[tokio::test]
async fn rows_stand_closer_once_that_is_chosen_until_it_is_taken_back() -> anyhow::Result<()> {
    let desk = Desk::signed_in().await?;
    let browser = &desk.browser;
    let height = "Math.round(document.querySelector('#rows tbody tr').getBoundingClientRect().height)";
    assert_eq!(browser.ask(height).await?, json!(36));
    browser.one("button[value=compact]").await?.click().await?;
    browser.until("document.documentElement.dataset.density === 'compact'").await?;
    desk.goto("/applications?search=app").await?;
    assert_eq!(browser.ask(height).await?, json!(26));
    let pressed = "document.querySelector('button[value=compact]').getAttribute('aria-pressed')";
    assert_eq!(browser.ask(pressed).await?, json!("true"));
    browser.one("button[value=comfortable]").await?.click().await?;
    browser.until("document.documentElement.dataset.density === 'comfortable'").await?;
    desk.no_complaints().await
}

#[tokio::test]
async fn moments_are_told_in_the_zone_of_the_viewer_with_utc_beside() -> anyhow::Result<()> {
    let desk = Desk::signed_in().await?;
    let browser = &desk.browser;
    browser.cdp().send_raw("Emulation.setTimezoneOverride", json!({"timezoneId": "Asia/Kolkata"})).await?;
    desk.goto("/applications").await?;
    let title = "document.querySelector('#rows time[data-age]').title";
    browser.until(&format!("/^[-0-9]+ [:0-9]+ Asia.(Kolkata|Calcutta), [-0-9]+ [:0-9]+ UTC$/.test({title})")).await?;
    // Half an hour apart from every zone of whole hours.
    let ends = "document.querySelector('.emergency time')";
    let shifted = format!(
        "(() => {{ const [hours, minutes] = {ends}.textContent.slice(-5).split(':').map(Number);
            const end = new Date({ends}.dateTime);
            return (60 * hours + minutes - 60 * end.getUTCHours() - end.getUTCMinutes() + 2880) % 1440 === 330; }})()"
    );
    browser.until(&shifted).await?;
    desk.no_complaints().await
}

#[tokio::test]
async fn names_revisions_and_commands_are_copied_where_a_page_may_and_have_no_dead_buttons_where_not()
-> anyhow::Result<()> {
    let desk = Desk::signed_in().await?;
    let browser = &desk.browser;
    let page = "/kustomization/details?name=app-01&namespace=apps";
    desk.goto(page).await?;
    browser
        .ask("(navigator.clipboard.writeText = async (text) => { (window.copied ??= []).push(text); }, true)")
        .await?;
    // What a button says of that is taken back soon.
    let watched = "(new MutationObserver((news) => {
        for (const { target } of news) if (target.matches('.commands .copy.done')) window.said = target.textContent;
    }).observe(document.body, { subtree: true, attributeFilter: ['class'] }), true)";
    browser.ask(watched).await?;
    browser.one(".words > .copy").await?.click().await?;
    browser.one(".facts .copy").await?.click().await?;
    browser.one(".commands div:nth-child(3) .copy").await?.click().await?;
    browser.until("window.copied?.length === 3").await?;
    let copied = browser.ask("window.copied").await?;
    assert_eq!(copied[0], "app-01");
    assert_eq!(copied[2], "flux reconcile kustomization app-01 -n apps");
    browser.until("window.said === 'Copied'").await?;
    desk.no_complaints().await?;
    browser.look(Look { script: false, ..Look::DESK }).await?;
    browser.goto(format!("{}{page}", desk.url())).await?;
    browser.one(".commands code").await?;
    let shown = "[...document.querySelectorAll('.copy')].filter((one) => one.checkVisibility()).length";
    assert_eq!(browser.ask(shown).await?, json!(0));
    Ok(())
}

#[tokio::test]
async fn eight_tabs_are_open_at_once_and_each_is_live_when_it_is_looked_at() -> anyhow::Result<()> {
    let desk = Desk::signed_in().await?;
    let browser = &desk.browser;
    for _ in 0..7 {
        let tab = browser.new_tab().await?;
        browser.switch_to_window(tab).await?;
        desk.goto("/applications?search=app-2").await?;
        browser.until(&rows(10)).await?;
    }
    let tabs = browser.windows().await?;
    assert_eq!(tabs.len(), 8);
    desk.plane().delete(&fanlight_testbed::estate::kustomization("apps", "app-25")).await?;
    for tab in tabs.into_iter().skip(1) {
        browser.switch_to_window(tab).await?;
        browser.until(&rows(9)).await?;
        desk.live().await?;
    }
    desk.no_complaints().await
}

#[tokio::test]
async fn the_question_mark_names_the_keys_and_each_key_leads_where_it_says() -> anyhow::Result<()> {
    let desk = Desk::signed_in().await?;
    let browser = &desk.browser;
    desk.press("?").await?;
    browser.until("document.getElementById('keys').open").await?;
    let named = "[...document.querySelectorAll('#keys dt')].map((one) => one.textContent.trim())";
    let named = browser.ask(named).await?.to_string();
    desk.press("j").await?;
    assert_eq!(browser.ask("document.activeElement.closest('dialog') !== null").await?, json!(true), "it is in front");
    desk.press(Key::Escape).await?;
    browser.until("!document.getElementById('keys').open").await?;
    let focused = "document.activeElement.closest('tbody')?.dataset.key ?? ''";
    let rows = browser.ask("[...document.querySelectorAll('#rows tbody')].map((one) => one.dataset.key)").await?;
    for (key, row) in [("j", 0), ("j", 1), ("k", 0), ("k", 0)] {
        desk.press(key).await?;
        assert_eq!(browser.ask(focused).await?, rows[row], "{key}");
    }
    let ways = "[...document.querySelectorAll('.rail a[data-place]')].map((one) => [one.dataset.place, one.pathname])";
    let ways = browser.ask(ways).await?;
    let ways: Vec<_> =
        ways.as_array().into_iter().flatten().filter_map(|way| Some((way[0].as_str()?, way[1].as_str()?))).collect();
    assert!(ways.len() > 8, "{ways:?}");
    for (key, path) in ways {
        assert!(named.contains(&format!("\"g {key}\"")), "{key} is not among {named}");
        desk.goto("/user_info").await?;
        desk.press(format!("g{key}")).await?;
        // Of several views of one the first has the address of all.
        browser.until(&format!("location.pathname === '{path}' || location.pathname.startsWith('{path}/')")).await?;
        browser.until("document.querySelector('.rail [aria-current]') !== null").await?;
    }
    desk.goto("/user_info").await?;
    desk.press("/").await?;
    browser.until("location.pathname === '/search'").await?;
    desk.goto("/user_info").await?;
    let chord = browser.action_chain().key_down(Key::Control).send_keys("k").key_up(Key::Control);
    chord.perform().await?;
    browser.until("location.pathname === '/search'").await?;
    desk.no_complaints().await
}
