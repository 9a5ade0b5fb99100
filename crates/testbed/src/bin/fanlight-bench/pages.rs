//! How quick and how heavy the pages are where there are 10,000 objects: what the server takes, what goes over the wire,
//! and what a browser makes of it.

use std::time::Duration;

use anyhow::Context;
use fanlight_testbed::{Browser, ControlPlane, FanlightServer, Look, Showcase, estate, rights::flux_rules};
use serde_json::{Value, json};

use crate::{house::House, people::Person, process, say, size::Size, table::Table};

/// Pages as somebody who sees everything opens them; those of objects come besides.
const PAGES: [(&str, &str); 24] = [
    ("overview", "/"),
    ("applications", "/applications"),
    ("applications, last page", "/applications?sort=name&page=1000"),
    ("applications, failed", "/applications?status=failed"),
    ("applications, searched", "/applications?search=orders"),
    ("preview of an action on all", "/applications/act?action=suspend"),
    ("search of all kinds", "/search?q=orders"),
    ("search of a message", "/search?q=deadline+exceeded"),
    ("events", "/events"),
    ("workloads", "/workloads"),
    ("sources", "/sources"),
    ("image repositories", "/image_automation/repositories"),
    ("image policies", "/image_automation/policies"),
    ("image updates", "/image_automation/updates"),
    ("providers", "/notifications/providers"),
    ("alerts", "/notifications/alerts"),
    ("receivers", "/notifications/receivers"),
    ("Terraform", "/terraform"),
    ("Flux Operator", "/operator"),
    ("Flux runtime", "/flux_runtime"),
    ("other kinds", "/other"),
    ("objects of another kind", "/other/gizmos.acme.fluxcd.io"),
    ("access", "/user_info"),
    ("sessions", "/sessions"),
];

/// What a browser says of the page that it shows: when something was painted first, when its script had run, when it was
/// told that it is live (ms since it was asked for); its elements; the memory of its script (bytes).
const SAID: &str = "(() => {
    const [paint] = performance.getEntriesByName('first-contentful-paint');
    const [page] = performance.getEntriesByType('navigation');
    return [paint?.startTime ?? 0, page.domContentLoadedEventEnd, document.querySelectorAll('*').length,
        performance.memory.usedJSHeapSize];
})()";

/// Loaded, painted, and live if it has a stream.
const SETTLED: &str = "document.readyState === 'complete'
    && performance.getEntriesByName('first-contentful-paint').length > 0
    && (!document.querySelector('[data-live]') || document.querySelector('#mark')?.textContent === 'live')";

/// Who opens the pages: a client, and a browser.
pub(crate) struct Scene {
    pub(crate) house: House,
    pub(crate) server: FanlightServer,
    pub(crate) person: Person,
    pub(crate) browser: Browser,
}

/// Measures every page.
pub(crate) async fn everything(quick: bool, table: &mut Table) -> anyhow::Result<()> {
    let size = if quick { Size { people: 1, ..Size::QUICK } } else { Size { people: 1, ..Size::LARGE } };
    *table = Table::new(format!("{} Flux objects in {} namespaces", size.objects, size.namespaces));
    let house = House::build(&size).await?;
    let name = house.names.first().context("nobody")?;
    // A preview reads nothing of what somebody may not change; what runs and what nobody knows is read by them alone.
    let everything = json!({"apiGroups": ["*"], "resources": ["*"], "verbs": ["get", "list", "watch"]});
    house.plane.grant_everywhere(name, json!([everything, flux_rules(&["patch"])[0]])).await?;
    fill(&house.plane).await?;
    let scene = Scene::begin(house).await?;
    let Scene { server, person, browser, .. } = &scene;
    let (loads, visits) = if quick { (20, 2) } else { (50, 5) };
    for (what, address) in addresses(person).await? {
        // Nobody may have more than forty previews in a row.
        let loads = if address.contains("/act?") { loads.min(20) } else { loads };
        weigh(&what, &address, person, loads, table).await?;
        visit(&what, &address, server, browser, visits, table).await?;
        say(&what);
    }
    scene.end(table)
}

/// Puts there what a large cluster of objects has none of: what runs, and a kind that nobody knows.
async fn fill(plane: &ControlPlane) -> anyhow::Result<()> {
    const NAMESPACE: &str = Showcase::NAMESPACE;
    plane.apply(&estate::definition("gizmos.acme.fluxcd.io", "Gizmo", "Namespaced")).await?;
    plane.established().await?;
    for number in 0..100 {
        let name = format!("part-{number:03}");
        let gizmo = estate::unknown("acme.fluxcd.io", "Gizmo", NAMESPACE, &name, json!({}));
        plane.apply(&gizmo.ready("Succeeded", "It turns")).await?;
        let mut runs = estate::deployment(NAMESPACE, &name, &format!("{name}:1.4.2"), 1);
        runs["metadata"]["labels"]["kustomize.toolkit.fluxcd.io/name"] = json!("parts");
        runs["metadata"]["labels"]["kustomize.toolkit.fluxcd.io/namespace"] = json!(NAMESPACE);
        plane.apply(&runs).await?;
        plane.apply(&estate::terraform(NAMESPACE, &name)).await?;
        plane.apply(&estate::resource_set(NAMESPACE, &name)).await?;
        plane.apply(&estate::image_repository(NAMESPACE, &name)).await?;
        plane.apply(&estate::image_policy(NAMESPACE, &name)).await?;
    }
    Ok(())
}

impl Scene {
    /// Signs in the first of the people at a server that is started for that.
    pub(crate) async fn begin(house: House) -> anyhow::Result<Self> {
        let name = house.names.first().context("nobody")?;
        let server = house.server().await?;
        let person = Person::sign_in(&house, &server, name)?;
        person.first_page().await?;
        let browser = Browser::open(Look::DESK).await?;
        browser.become_somebody(server.url(), &house.forge.cookies(name, &[])?).await?;
        Ok(Self { house, server, person, browser })
    }

    /// Puts into the table what memory the server needed.
    pub(crate) fn end(&self, table: &mut Table) -> anyhow::Result<()> {
        let memory = process::memory(self.server.process()?)?;
        table.add("resident memory of the server", "MiB", 48.0, memory.resident, "after all of the above");
        table.add("resident memory of the server, peak", "MiB", 72.0, memory.peak, "");
        Ok(())
    }
}

/// Objects of which the pages are measured: the kind, its list, its pages, and which.
const OBJECTS: [(&str, &str, &str, &[&str]); 3] = [
    (
        "HelmRelease",
        "/applications?kind=HelmRelease",
        "helm_release",
        &["details", "graph", "dependencies", "events", "logs", "history", "compare", "values", "yaml"],
    ),
    (
        "Kustomization",
        "/applications?kind=Kustomization",
        "kustomization",
        &["details", "graph", "dependencies", "yaml"],
    ),
    ("GitRepository", "/sources?kind=GitRepository", "git_repo", &["details", "dependencies", "yaml"]),
];

/// The pages, and tabs of the first object of some kinds.
async fn addresses(person: &Person) -> anyhow::Result<Vec<(String, String)>> {
    let mut all: Vec<_> = PAGES.map(|(what, address)| (what.to_owned(), address.to_owned())).into();
    for (kind, list, place, tabs) in OBJECTS {
        let list = String::from_utf8(person.load(list, "identity").await?)?;
        let key = list.split(&format!("data-key=\"{kind}/")).nth(1).and_then(|rest| rest.split('"').next());
        let (namespace, name) = key.and_then(|key| key.split_once('/')).with_context(|| format!("no {kind}"))?;
        let tab = |tab: &&str| (format!("{kind}, {tab}"), format!("/{place}/{tab}?name={name}&namespace={namespace}"));
        all.extend(tabs.iter().map(tab));
    }
    Ok(all)
}

/// What the server takes, and what goes over the wire.
pub(crate) async fn weigh(
    what: &str,
    address: &str,
    person: &Person,
    loads: usize,
    table: &mut Table,
) -> anyhow::Result<()> {
    let times = person.load_often(address, loads).await?;
    table.add_times(&format!("{what}: server"), 95, None, times, "seen by a client on loopback, br");
    let (packed, plain) = (person.load(address, "br").await?.len(), person.load(address, "identity").await?.len());
    let note = format!("br; {:.0} KB as it is", kilobytes(plain));
    table.add(&format!("{what}: bytes"), "KB", 12.0, kilobytes(packed), &note);
    Ok(())
}

/// What a browser makes of it, with the files in its cache.
pub(crate) async fn visit(
    what: &str,
    address: &str,
    server: &FanlightServer,
    browser: &Browser,
    visits: usize,
    table: &mut Table,
) -> anyhow::Result<()> {
    let (mut painted, mut ready, mut said) = (Vec::new(), Vec::new(), [0.0; 4]);
    for _ in 0..visits {
        browser.goto(format!("{}{address}", server.url())).await?;
        browser.until(SETTLED).await?;
        let answer = browser.ask(SAID).await?;
        for (place, value) in said.iter_mut().zip(answer.as_array().into_iter().flatten()) {
            *place = value.as_f64().unwrap_or_default();
        }
        painted.push(milliseconds(said[0]));
        ready.push(milliseconds(said[1]));
    }
    table.add_times(&format!("{what}: first contentful paint"), 95, None, painted, "");
    table.add_times(&format!("{what}: interactive"), 95, None, ready, "script has run");
    table.add(&format!("{what}: elements"), "", None, said[2], "");
    table.add(&format!("{what}: memory of the script"), "MiB", None, said[3] / 1_048_576.0, "");
    let complaints = browser.complaints().await?;
    anyhow::ensure!(complaints.is_empty(), "the browser complains at {address}: {}", Value::from(complaints));
    Ok(())
}

fn milliseconds(figure: f64) -> Duration {
    Duration::from_secs_f64(figure.max(0.0) / 1_000.0)
}

#[expect(clippy::cast_precision_loss, reason = "far fewer than 2⁵²")]
fn kilobytes(bytes: usize) -> f64 {
    bytes as f64 / 1_000.0
}
