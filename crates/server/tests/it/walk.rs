//! Every page there is, found by following links, as different people look at it; with objects that nobody expects.

use std::collections::BTreeSet;

use anyhow::{Context, ensure};
use fanlight_testbed::{Browser, Estate, Look, Options, Stream};
use reqwest::Url;
use serde_json::{Value, json};
use thirtyfour::Key;

use crate::{
    house::{House, WATCH, all, follow, plane},
    overview::is_read,
};

/// More pages than there are: a walk that goes on is lost.
const MOST: usize = 300;
/// What cannot be followed: it leaves the page, or loads a file.
const NOT_PAGES: [&str; 3] = ["/assets/", "/oauth2", "/theme"];

/// A condition: the page is there.
pub(crate) const THERE: &str = "document.readyState === 'complete' && document.querySelector('h1, .empty') !== null";

/// Somebody who may do everything, before a cluster.
pub(crate) struct Walker {
    pub(crate) house: House,
    pub(crate) browser: Browser,
    /// Kept open by somebody else: so all lists stay read, and no page comes before they are.
    _open: Stream,
}

impl Walker {
    pub(crate) async fn among(estate: &Estate, look: Look) -> anyhow::Result<Self> {
        let plane = plane(Options::default()).await?;
        plane.grant_everywhere("admin", all(&["get", "list", "watch", "patch"])).await?;
        plane.grant_everywhere("ada@example.com", all(&WATCH)).await?;
        estate.apply(&plane).await?;
        let house = House::before(plane).await?;
        let mut open = follow(&house, &house.client("ada@example.com", &[])?, "/overview").await?;
        open.until(is_read).await?;
        let browser = Browser::open(look).await?;
        browser.sign_in(house.server.url(), "admin", "secret").await?;
        Ok(Self { house, browser, _open: open })
    }

    pub(crate) async fn goto(&self, address: &str) -> anyhow::Result<()> {
        self.browser.goto(format!("{}{address}", self.house.server.url())).await?;
        self.browser.until(THERE).await
    }

    /// The texts in the array that an expression makes of the page.
    async fn texts(&self, expression: &str) -> anyhow::Result<Vec<String>> {
        let found = self.browser.ask(expression).await?;
        Ok(found.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect())
    }

    /// Every page that links lead to: one address for each path, and for each action that can be previewed; of what runs,
    /// and of what else was applied, one of each kind.
    pub(crate) async fn pages(&self) -> anyhow::Result<Vec<String>> {
        let (mut seen, mut pages, mut next) = (BTreeSet::new(), Vec::new(), vec!["/".to_owned()]);
        while let Some(address) = next.pop() {
            self.goto(&address).await?;
            pages.push(address);
            ensure!(pages.len() < MOST, "there is no end: {pages:?}");
            for link in self.texts("[...document.querySelectorAll('a[href]')].map((one) => one.href)").await? {
                let Ok(url) = Url::parse(&link) else { continue };
                let ours = link.starts_with(self.house.server.url());
                let path = url.path().to_owned();
                let page = ours && !NOT_PAGES.iter().any(|start| path.starts_with(start));
                let of_a_sort = match path.split('/').collect::<Vec<_>>()[..] {
                    ["", "workloads", kind, _, _] => format!("/workloads/{kind}"),
                    ["", "other", group, kind, _, _] => format!("/other/{group}/{kind}"),
                    _ => path.clone(),
                };
                if page && seen.insert(of_a_sort) {
                    let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
                    next.push(format!("{path}{query}"));
                }
            }
        }
        Ok(pages)
    }

    /// Opens these pages in turn, and says what is wrong with them: what the browser complains about, what is wider than the
    /// window, and what else this expression has to name.
    async fn problems(&self, pages: &[String], more: &str) -> anyhow::Result<Vec<String>> {
        let wide = "(() => {
            const width = document.documentElement.clientWidth;
            if (document.documentElement.scrollWidth <= width) return [];
            return [...document.querySelectorAll('main *')].filter((one) => one.getBoundingClientRect().right > width + 1)
                .slice(0, 3).map((one) => 'too wide: ' + one.outerHTML.slice(0, 200));
        })()";
        let mut problems = Vec::new();
        for page in pages {
            self.goto(page).await?;
            let mut found = self.browser.complaints().await?;
            for expression in [wide, more] {
                let named = self.browser.ask(expression).await?;
                found.extend(named.as_array().into_iter().flatten().map(ToString::to_string));
            }
            problems.extend(found.into_iter().map(|problem| format!("{page}: {problem}")));
        }
        Ok(problems)
    }
}

/// Nothing more.
const NOTHING: &str = "[]";
/// Where an object has smuggled something in.
const SMUGGLED: &str = "[...document.querySelectorAll('img, main script, body script')].map((one) => one.outerHTML)";
/// Buttons that do nothing where no script runs, and places that wait for one.
const DEAD: &str = "[...[...document.querySelectorAll('button')]
    .filter((one) => one.checkVisibility() && !one.disabled && (!one.form || one.type !== 'submit')),
    ...document.querySelectorAll('main [aria-busy=true], main .skeleton')].map((one) => one.outerHTML)
    .concat(document.querySelector('main').innerText.split(/\\s+/).length > 5 ? [] : ['nothing to read'])";

#[tokio::test]
async fn every_page_has_a_head_runs_without_complaint_and_keeps_within_the_window() -> anyhow::Result<()> {
    let walker = Walker::among(&Estate::company()?, Look::DESK).await?;
    let pages = walker.pages().await?;
    assert!(pages.len() > 70, "{pages:?}");
    for look in [Look { dark: true, ..Look::DESK }, Look::PHONE] {
        walker.browser.look(look).await?;
        let problems = walker.problems(&pages, NOTHING).await?;
        assert!(problems.is_empty(), "{look:?}: {problems:#?}");
    }
    Ok(())
}

#[tokio::test]
async fn without_script_every_page_is_readable_and_has_no_button_that_does_nothing() -> anyhow::Result<()> {
    let walker = Walker::among(&Estate::company()?, Look { script: false, ..Look::DESK }).await?;
    let pages = walker.pages().await?;
    assert!(pages.len() > 70, "{pages:?}");
    let problems = walker.problems(&pages, DEAD).await?;
    assert!(problems.is_empty(), "{problems:#?}");
    Ok(())
}

#[tokio::test]
async fn the_tab_key_alone_reaches_everything_in_sight_and_shows_where_it_is() -> anyhow::Result<()> {
    let walker = Walker::among(&Estate::company()?, Look::DESK).await?;
    for page in [
        "/",
        "/search?q=catalog",
        "/events?namespace=orders",
        "/sources?namespace=web",
        "/flux_runtime",
        "/sessions",
        "/kustomization/graph?name=catalog&namespace=catalog",
        "/applications?namespace=web",
        "/applications/act?action=suspend&namespace=web",
        "/kustomization/details?name=catalog&namespace=catalog",
        "/helm_release/values?name=recommender&namespace=catalog",
        "/kustomization/logs?name=catalog&namespace=catalog",
        "/logs/catalog/deployment/catalog?since=1h",
        "/kustomization/dependencies?name=payments-worker&namespace=payments",
        "/helm_release/compare?name=recommender&namespace=catalog",
        "/user_info",
        "/workloads?namespace=web",
        "/workloads/deployment/catalog/catalog",
        "/other/apps/Deployment/catalog/catalog",
    ] {
        walker.goto(page).await?;
        // What is not drawn, or is dead, or is of a group in which one is enough, is not to be reached.
        let all = "(window.left = new Set([...document.querySelectorAll('a[href], button, summary, input, select')]
            .filter((one) => one.checkVisibility({visibilityProperty: true}) && !one.disabled && one.type !== 'hidden')),
            window.left.size)";
        let number = walker.browser.ask(all).await?.as_u64().unwrap_or_default();
        assert!(number > 15, "{page} has {number}");
        for _ in 0..number + 40 {
            walker.browser.action_chain().send_keys(Key::Tab).perform().await?;
            let seen = "(() => { const one = document.activeElement; window.left.delete(one);
                const style = getComputedStyle(one);
                const box = one.querySelector('.box');
                return one === document.body || one.matches('pre, .said, dialog') || style.outlineStyle !== 'none'
                    || (box !== null && getComputedStyle(box).strokeWidth === '3px'); })()";
            assert_eq!(walker.browser.ask(seen).await?, json!(true), "{page}: the focus is not seen");
        }
        let left = "[...window.left].filter((one) => one.isConnected).map((one) => one.outerHTML.slice(0, 200))";
        assert_eq!(walker.browser.ask(left).await?, json!([]), "{page}");
    }
    Ok(())
}

#[tokio::test]
async fn no_unusual_object_breaks_any_page_of_any_kind() -> anyhow::Result<()> {
    let odd = Estate::odd()?;
    let walker = Walker::among(&odd, Look::DESK).await?;
    let pages = gallery(&walker).await?;
    assert!(pages.len() > 140, "{pages:?}");
    for reached in ["/other/gizmos.acme.fluxcd.io/details?", "/applications/act?", "/kustomization/graph?", "/compare?"]
    {
        assert!(pages.iter().any(|page| page.contains(reached)), "{reached} is not among {pages:?}");
    }
    for look in [Look::DESK, Look::PHONE] {
        walker.browser.look(look).await?;
        let problems = walker.problems(&pages, SMUGGLED).await?;
        assert!(problems.is_empty(), "{look:?}: {problems:#?}");
        // From now on there is something to compare.
        for object in odd.objects().filter(|object| object["metadata"]["name"] == "huge") {
            let mut changed = object.clone();
            changed["spec"] = serde_json::from_str(&object["spec"].to_string().replace("backwards", "forwards"))?;
            changed.as_object_mut().context("no object")?.remove("status");
            walker.house.plane.apply(&changed).await?;
        }
    }
    walker.goto("/kustomization/compare?name=huge&namespace=odd").await?;
    walker.browser.until("document.querySelector('.diff ins') !== null").await?;
    let log = walker.house.server.log();
    assert!(!log.contains("panicked"), "{log}");
    Ok(())
}

/// The lists, what each would have suspended, every tab of every object on them, and something that one of them applied.
pub(crate) async fn gallery(walker: &Walker) -> anyhow::Result<Vec<String>> {
    let url = walker.house.server.url();
    let links = async |selector: &str| -> anyhow::Result<Vec<String>> {
        let all = format!("[...document.querySelectorAll({selector:?})].map((one) => one.href)");
        let all = walker.texts(&all).await?;
        all.iter().map(|link| link.strip_prefix(url).map(str::to_owned).context("a link to elsewhere")).collect()
    };
    let mut pages = [
        "/other/core/ConfigMap/odd/settings",
        "/search?q=odd",
        "/user_info?verb=get&resource=gizmos.acme.fluxcd.io",
        "/sessions",
    ]
    .map(str::to_owned)
    .to_vec();
    let (mut seen, mut next) = (BTreeSet::new(), vec!["/applications".to_owned()]);
    while let Some(list) = next.pop() {
        if !seen.insert(list.clone()) {
            continue;
        }
        walker.goto(&list).await?;
        pages.push(list);
        next.extend(links("nav.rail .place, nav.rail .self, main > nav.tabs a, main > p > a[href$='/other']").await?);
        next.extend(links("main > table.runtime td:first-child > a").await?);
        pages.extend(links("#menu-act a[href*='action=suspend']").await?);
        for object in links("#rows .name a, table.others .name a").await? {
            walker.goto(&object).await?;
            let tabs = links("nav.tabs a").await?;
            // What has no tabs is one page.
            pages.extend(if tabs.is_empty() { vec![object] } else { tabs });
        }
    }
    Ok(pages)
}
