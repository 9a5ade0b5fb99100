//! The pages in a real browser.

use std::{ops::Deref, time::Duration};

use anyhow::Context;
use fanlight_testbed::{Browser, ControlPlane, Look, Options, StandIn, estate, rights::flux_rules, stand_in};
use futures_util::{StreamExt, TryStreamExt, stream};
use serde_json::{Value, json};
use thirtyfour::{Key, TypingData};

use crate::house::{House, all, get_until, plane};

/// What it takes to look and to act.
const ACT: [&str; 4] = ["get", "list", "watch", "patch"];

/// A condition on a page with a stream: it is kept current.
pub(crate) const LIVE: &str = "document.getElementById('mark')?.textContent === 'live'";

/// A browser in which the emergency user looks at a page with a stream.
pub(crate) async fn at(house: &House, address: &str, look: Look) -> anyhow::Result<Browser> {
    let browser = Browser::open(look).await?;
    browser.sign_in(house.server.url(), "admin", "secret").await?;
    browser.goto(format!("{}{address}", house.server.url())).await?;
    browser.until(LIVE).await?;
    Ok(browser)
}

/// Somebody signed in at a browser.
pub(crate) struct Desk {
    pub(crate) house: House,
    pub(crate) browser: Browser,
    _stand_in: StandIn,
}

impl Desk {
    pub(crate) async fn open(look: Look) -> anyhow::Result<Self> {
        let apps: Vec<_> = (0..60).map(|number| estate::kustomization("apps", &format!("app-{number:02}"))).collect();
        let desk = Self::before(plane(Options::default()).await?, apps.iter().map(Deref::deref), look).await?;
        // Pages without script are not told what comes after them: everything is to be there before.
        let everything = |page: &str| page.contains("63 in 3 namespaces") && !page.contains("Still loading");
        get_until(&desk.house, &desk.house.client("admin", &[])?, "/applications", everything).await?;
        Ok(desk)
    }

    /// Before a control plane with these objects.
    pub(crate) async fn before(
        plane: ControlPlane,
        objects: impl IntoIterator<Item = &Value>,
        look: Look,
    ) -> anyhow::Result<Self> {
        plane.grant_everywhere("admin", flux_rules(&ACT)).await?;
        for object in objects {
            plane.apply(object).await?;
        }
        let stand_in = StandIn::start(plane.admin(), stand_in::Options::quick()).await?;
        let house = House::before(plane).await?;
        let browser = Browser::open(look).await?;
        Ok(Self { house, browser, _stand_in: stand_in })
    }

    pub(crate) async fn signed_in() -> anyhow::Result<Self> {
        let desk = Self::open(Look::DESK).await?;
        desk.browser.sign_in(desk.url(), "admin", "secret").await?;
        desk.goto("/applications").await?;
        Ok(desk)
    }

    pub(crate) fn url(&self) -> &str {
        self.house.server.url()
    }

    pub(crate) fn plane(&self) -> &ControlPlane {
        &self.house.plane
    }

    pub(crate) async fn goto(&self, address: &str) -> anyhow::Result<()> {
        self.browser.goto(format!("{}{address}", self.url())).await?;
        let has_stream = self.browser.ask("document.querySelector('[data-live]') !== null").await?;
        if has_stream == json!(true) { self.live().await } else { Ok(()) }
    }

    pub(crate) async fn live(&self) -> anyhow::Result<()> {
        self.browser.until(LIVE).await
    }

    /// Types into whatever has the focus.
    pub(crate) async fn press(&self, keys: impl Into<TypingData>) -> anyhow::Result<()> {
        self.browser.action_chain().send_keys(keys).perform().await?;
        Ok(())
    }

    /// The browser had nothing to complain about: no script error, nothing refused by the content policy.
    pub(crate) async fn no_complaints(&self) -> anyhow::Result<()> {
        let complaints = self.browser.complaints().await?;
        anyhow::ensure!(complaints.is_empty(), "the browser complains: {complaints:#?}");
        Ok(())
    }
}

/// A condition on the page: it has so many rows.
pub(crate) fn rows(many: usize) -> String {
    format!("document.querySelectorAll('#rows tbody').length === {many}")
}

fn row(key: &str) -> String {
    format!("document.querySelector('tbody[data-key=\"{key}\"]')")
}

#[tokio::test]
async fn a_person_signs_in_sees_a_change_arrive_and_filters_without_a_reload() -> anyhow::Result<()> {
    let desk = Desk::signed_in().await?;
    desk.browser.ask("window.sameDocument = true").await?;
    let broken = estate::kustomization("apps", "shop").failed("BuildFailed", "kustomization path not found: ./shop");
    desk.plane().apply(&broken).await?;
    let failed = format!("{}?.classList.contains('failed')", row("Kustomization/apps/shop"));
    desk.browser.until(&failed).await?;
    let first = "document.querySelector('#rows tbody').dataset.key === 'Kustomization/apps/shop'";
    desk.browser.until(first).await?;
    desk.plane().delete(&estate::kustomization("edge", "shop")).await?;
    desk.browser.until(&format!("!{}", row("Kustomization/edge/shop"))).await?;
    assert_eq!(desk.browser.ask("window.sameDocument").await?, json!(true), "nothing was loaded anew");
    desk.browser.one("#strip-failed").await?.click().await?;
    desk.live().await?;
    desk.browser.until(&rows(1)).await?;
    desk.browser.one(".chip").await?.click().await?;
    desk.browser.until("document.querySelectorAll('#rows tbody').length > 50").await?;
    desk.no_complaints().await
}

#[tokio::test]
async fn under_twenty_changes_a_second_ticks_focus_menus_opened_rows_and_scroll_stay() -> anyhow::Result<()> {
    let desk = Desk::signed_in().await?;
    let browser = &desk.browser;
    desk.plane().apply(&estate::kustomization("apps", "shop").failed("HealthCheckFailed", "Deployment failed")).await?;
    browser.one("tbody[data-key='Kustomization/apps/shop'] summary").await?.click().await?;
    browser.one("tbody[data-key='Kustomization/apps/app-40'] input").await?.click().await?;
    browser.one("#menu-namespace summary").await?.click().await?;
    let link = format!("{}.querySelector('.name a')", row("Kustomization/apps/app-41"));
    browser.ask(&format!("({link}.focus({{preventScroll: true}}), window.scrollTo(0, 900), true)")).await?;
    let before = browser.ask("window.scrollY").await?;
    let change = |number: usize| {
        let plane = desk.plane();
        async move {
            let message = format!("path not found, try {number}");
            let one =
                estate::kustomization("data", &format!("noise-{:02}", number % 5)).failed("BuildFailed", &message);
            plane.apply(&one).await
        }
    };
    let ticks = every(Duration::from_millis(50));
    ticks.take(60).enumerate().map(|(number, ())| change(number)).buffer_unordered(4).try_collect::<Vec<_>>().await?;
    // Of several that are on their way together, any may be the last.
    change(64).await?;
    browser.until(&format!("{}?.textContent.includes('try 64')", row("Kustomization/data/noise-04"))).await?;
    assert_eq!(browser.ask(&format!("{link} === document.activeElement")).await?, json!(true), "the focus");
    let ticked = format!("{}.querySelector('input').checked", row("Kustomization/apps/app-40"));
    assert_eq!(browser.ask(&ticked).await?, json!(true), "the tick");
    assert_eq!(browser.ask("document.getElementById('menu-namespace').open").await?, json!(true), "the menu");
    let opened = format!("{}.querySelector('.reason').open", row("Kustomization/apps/shop"));
    assert_eq!(browser.ask(&opened).await?, json!(true), "the opened row");
    // New rows above push the page down; the browser keeps what is in sight where it is.
    let after = browser.ask("window.scrollY").await?;
    assert!(after.as_f64() >= before.as_f64(), "scrolled from {before} to {after}");
    desk.no_complaints().await
}

/// One `()` every period.
fn every(period: Duration) -> impl futures_util::Stream<Item = ()> {
    stream::unfold(tokio::time::interval(period), |mut ticks| async {
        ticks.tick().await;
        Some(((), ticks))
    })
}

#[tokio::test]
async fn with_the_keyboard_alone_several_are_suspended_with_a_reason_and_one_is_opened() -> anyhow::Result<()> {
    let desk = Desk::signed_in().await?;
    desk.press("f").await?;
    desk.press("app-0").await?;
    desk.press(Key::Enter).await?;
    // The page before was live, too.
    desk.browser.until(&rows(10)).await?;
    desk.live().await?;
    for keys in ["j", "x", "j", "x"] {
        desk.press(keys).await?;
    }
    desk.browser.until("document.getElementById('selected').textContent === '2 selected'").await?;
    desk.press("s").await?;
    desk.press("loading the backlog").await?;
    desk.press(Key::Enter).await?;
    desk.browser.until("document.querySelectorAll('table.preview tbody').length === 2").await?;
    let reason = "document.querySelector('input[name=comment]').value";
    assert_eq!(desk.browser.ask(reason).await?, json!("loading the backlog"), "it need not be said again");
    while desk.browser.ask("document.activeElement.matches('.once .primary')").await? == json!(false) {
        desk.press(Key::Tab).await?;
    }
    desk.press(Key::Enter).await?;
    let finished = "document.getElementById('outcomes-title').textContent.includes('finished: 2')";
    desk.browser.until(finished).await?;
    desk.browser.one(".crumb a").await?.click().await?;
    desk.live().await?;
    let told = "[...document.querySelectorAll('#rows tbody')]
        .filter((row) => row.textContent.includes('Suspended') && row.textContent.includes('loading the backlog')).length === 2";
    desk.browser.until(told).await?;
    desk.press("j").await?;
    desk.press(Key::Enter).await?;
    desk.live().await?;
    desk.browser.until("document.querySelector('.crumb') !== null").await?;
    desk.no_complaints().await
}

#[tokio::test]
async fn one_that_is_ticked_is_acted_on_at_once_and_the_list_stays() -> anyhow::Result<()> {
    let desk = Desk::signed_in().await?;
    desk.goto("/applications?search=app-07").await?;
    desk.browser.one("tbody input[name=object]").await?.click().await?;
    let words = "[...document.querySelectorAll('#act button[value=resume]')].map((one) => one.textContent)";
    assert_eq!(desk.browser.ask(words).await?, json!(["Resume"]), "no page asks again");
    desk.browser.one("#suspend summary").await?.click().await?;
    desk.browser.one("#suspend .ask button").await?.click().await?;
    desk.browser.until("document.getElementById('outcomes-title').textContent.includes('finished: 1')").await?;
    desk.browser.until("document.querySelector('#rows tbody').textContent.includes('Suspended')").await?;
    desk.no_complaints().await
}

#[tokio::test]
async fn without_script_the_list_is_filtered_and_acted_on_by_links_and_forms() -> anyhow::Result<()> {
    let desk = Desk::open(Look { script: false, ..Look::DESK }).await?;
    desk.browser.sign_in(desk.url(), "admin", "secret").await?;
    desk.browser.goto(format!("{}/applications?search=app-01", desk.url())).await?;
    desk.browser.one("tbody input[name=object]").await?.click().await?;
    desk.browser.one("#suspend summary").await?.click().await?;
    desk.browser.one("#suspend input").await?.send_keys("without a script").await?;
    desk.browser.one("#suspend button").await?.click().await?;
    desk.browser.one("ul.outcomes li.ready").await?;
    let text = desk.browser.one("main").await?.text().await?;
    assert!(text.contains("Done") && text.contains("Kustomization/apps/app-01"), "{text}");
    desk.browser.goto(format!("{}/applications?status=suspended", desk.url())).await?;
    desk.browser.reload_until(&["app-01", "without a script"]).await?;
    desk.no_complaints().await
}

#[tokio::test]
async fn at_a_browser_somebody_asks_what_they_may_do_and_checks_again() -> anyhow::Result<()> {
    let desk = Desk::signed_in().await?;
    let browser = &desk.browser;
    browser.one("nav .self").await?.click().await?;
    browser.one("input[name=verb]").await?.send_keys("list").await?;
    browser.one("input[name=resource]").await?.send_keys("pods").await?;
    browser.one("input[name=namespace]").await?.send_keys("apps").await?;
    browser.one(".may button").await?.click().await?;
    let said = "(document.querySelector('.cause')?.textContent ?? '')";
    browser.until(&format!("{said}.includes('No, you may not list pods in apps.')")).await?;
    browser.until("document.querySelector('pre.manifest').textContent.includes('kind: RoleBinding')").await?;
    let rule = json!([{"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]}]);
    desk.plane().grant_in("apps", "admin", rule).await?;
    browser.refresh().await?;
    browser.until(&format!("{said}.includes('Yes, you may list pods in apps.')")).await?;
    browser.one(".again button").await?.click().await?;
    browser.until("location.search === '' && document.querySelectorAll('.rights tbody tr').length > 5").await?;
    desk.no_complaints().await
}

#[tokio::test]
async fn events_stand_still_while_somebody_reads_and_catch_up_afterwards() -> anyhow::Result<()> {
    let desk = Desk::signed_in().await?;
    let browser = &desk.browser;
    desk.plane().grant_everywhere("admin", all(&ACT)).await?;
    let happen = async |reason: &str| {
        let event = json!({"apiVersion": "v1", "kind": "Event", "type": "Normal", "reason": reason, "message": reason,
            "metadata": {"name": reason.to_lowercase(), "namespace": "apps"}, "lastTimestamp": "2026-11-23T03:00:00Z",
            "involvedObject": {"apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization", "namespace": "apps", "name": "shop"}});
        desk.plane().apply(&event).await
    };
    let shown = |reason: &str| format!("document.getElementById('rows').textContent.includes('{reason}')");
    desk.goto("/events").await?;
    happen("Before").await?;
    browser.until(&shown("Before")).await?;
    browser.one("button.pause").await?.click().await?;
    browser.until("document.getElementById('mark').textContent.startsWith('paused at')").await?;
    happen("Meanwhile").await?;
    let asked = "fetch('/events').then((answer) => answer.text()).then((text) => (window.asked = text)), true";
    browser.ask(asked).await?;
    browser.until("window.asked?.includes('Meanwhile')").await?;
    assert_eq!(browser.ask(&shown("Meanwhile")).await?, json!(false), "it was paused");
    browser.one("button.pause").await?.click().await?;
    browser.until(&shown("Meanwhile")).await?;
    desk.live().await?;
    desk.no_complaints().await
}

/// What axe-core has against a page that a browser shows.
pub(crate) struct Axe(String);

impl Axe {
    pub(crate) fn new() -> anyhow::Result<Self> {
        let axe =
            std::env::var_os("FANLIGHT_TOOL_AXE").context("FANLIGHT_TOOL_AXE is not set: run `cargo xtask test`")?;
        Ok(Self(std::fs::read_to_string(axe)?))
    }

    /// Its serious and critical faults, each with where they are.
    pub(crate) async fn faults(&self, browser: &Browser) -> anyhow::Result<Vec<String>> {
        // The glow of a change passes through colours of little contrast; what turns goes on.
        let still = "document.getAnimations().every((one) => one.playState !== 'running' || \
            one.effect.getTiming().iterations === Infinity)";
        browser.until(still).await?;
        if browser.ask("typeof axe === 'undefined'").await? == json!(true) {
            browser.execute(self.0.as_str(), vec![]).await?;
        }
        let script = "const done = arguments[0]; axe.run({resultTypes: ['violations']}).then((found) => done(
            found.violations.filter((one) => ['serious', 'critical'].includes(one.impact)).map((one) => one.id + ': ' +
                one.nodes.slice(0, 5).map((node) => node.html.slice(0, 400) + ' ' + node.failureSummary).join(' | '))));";
        let faults = browser.execute_async(script, vec![]).await?.json().clone();
        Ok(faults.as_array().into_iter().flatten().map(ToString::to_string).collect())
    }
}

#[tokio::test]
async fn axe_finds_no_serious_fault_in_light_dark_and_on_a_phone() -> anyhow::Result<()> {
    let axe = Axe::new()?;
    let desk = Desk::signed_in().await?;
    desk.plane().apply(&estate::kustomization("apps", "shop").failed("BuildFailed", "path not found")).await?;
    desk.plane().apply(&estate::kustomization("apps", "next").after(&["shop"]).suspended()).await?;
    let map = estate::config_map("apps", "settings", &json!({}));
    let billing = estate::helm_release("apps", "billing").having_applied([&map]);
    let held = estate::kustomization("apps", "held").after(&["next", "gone", "held"]);
    let others = [
        held.waiting("DependencyNotReady", "dependency 'apps/next' is not ready"),
        billing.clone().with_spec(json!({"values": {"replicas": 2}})),
        estate::git_repository("apps", "fleet").failed("GitOperationFailed", "authentication required"),
        estate::oci_repository("apps", "base").with_spec(json!({"verify": {"provider": "cosign"}})),
        estate::image_repository("apps", "web"),
        estate::image_policy("apps", "web"),
    ];
    let parts = [map, billing.into()];
    desk.plane().apply(&estate::kustomization("apps", "store").having_applied(&parts)).await?;
    for object in others {
        desk.plane().apply(&object).await?;
    }
    desk.goto("/helm_release/compare?name=billing&namespace=apps").await?;
    let changed = estate::helm_release("apps", "billing").with_spec(json!({"values": {"replicas": 3, "token": "t"}}));
    desk.plane().apply(&changed.never_reconciled()).await?;
    desk.browser.until("document.querySelector('.diff ins') !== null").await?;
    for look in [Look::DESK, Look { dark: true, ..Look::DESK }, Look::PHONE] {
        desk.browser.look(look).await?;
        for address in [
            "/",
            "/kustomization/dependencies?name=held&namespace=apps",
            "/helm_release/compare?name=billing&namespace=apps",
            "/events",
            "/workloads",
            "/applications",
            "/search",
            "/search?q=app-0",
            "/search?q=kind:ks nothing-of-that",
            "/other",
            "/kustomization/details?name=shop&namespace=apps",
            "/kustomization/yaml?name=next&namespace=apps",
            "/kustomization/events?name=shop&namespace=apps",
            "/kustomization/graph?name=store&namespace=apps",
            "/kustomization/history?name=shop&namespace=apps",
            "/kustomization/logs?name=shop&namespace=apps",
            "/helm_release/values?name=billing&namespace=apps",
            "/sources",
            "/image_automation/policies",
            "/notifications/alerts",
            "/image_policy/details?name=web&namespace=apps",
            "/flux_runtime",
            "/policies",
            "/user_info?verb=delete&resource=pods&namespace=apps",
        ] {
            desk.goto(address).await?;
            desk.no_complaints().await?;
            assert_eq!(axe.faults(&desk.browser).await?, [""; 0], "{address} {look:?}");
        }
    }
    Ok(())
}
