//! What it costs to say why objects fail, to show what one of them applied, and to follow what is written.

use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use fanlight_testbed::{Estate, Options};
use jiff::Timestamp;
use k8s_openapi::api::core::v1::Pod;
use kube::{Api, api::ListParams};
use serde_json::json;
use tokio::{task::JoinSet, time::sleep};

use crate::{
    changes,
    house::House,
    pages::{Scene, visit, weigh},
    process,
    reading::Reading,
    requests::Requests,
    say,
    table::Table,
};

/// How much there is to explain.
struct Scale {
    parts: usize,
    failing: usize,
    lines: usize,
    window: Duration,
}

impl Scale {
    const WHOLE: Self = Self { parts: 5_000, failing: 200, lines: 50_000, window: Duration::from_secs(60) };
    const QUICK: Self = Self { parts: 400, failing: 20, lines: 5_000, window: Duration::from_secs(20) };
}

/// Measures all of it.
pub(crate) async fn everything(quick: bool, table: &mut Table) -> anyhow::Result<()> {
    let scale = if quick { Scale::QUICK } else { Scale::WHOLE };
    let Scale { parts, failing, lines, .. } = scale;
    *table = Table::new(format!("a tree of {parts} parts, {failing} objects that fail, a log of {lines} lines"));
    let scene = set(&scale).await?;
    say("everything runs as far as it can");
    tree(&scene, table).await?;
    say("the tree");
    causes(&scene, &scale, table).await?;
    say("why objects fail");
    log(&scene, &scale, table).await?;
    say("the log");
    scene.end(table)
}

/// Somebody who may see everything looks once all of it runs as far as it can.
async fn set(scale: &Scale) -> anyhow::Result<Scene> {
    let options = Options { nodes: true, ..Options::default() };
    let estate = Estate::heavy(scale.parts, scale.failing);
    let pods: u64 = estate.objects().filter_map(|object| object["spec"]["replicas"].as_u64()).sum();
    let (house, _) = House::around(options, &estate, 1).await?;
    let name = house.names.first().context("nobody")?;
    let rules = json!([{"apiGroups": ["*"], "resources": ["*"], "verbs": ["get", "list", "watch"]}]);
    house.plane.grant_everywhere(name, rules).await?;
    until_settled(&house, usize::try_from(pods)?).await?;
    Scene::begin(house).await
}

/// Waits until there are so many pods and kubelets have said something of each.
async fn until_settled(house: &House, pods: usize) -> anyhow::Result<()> {
    const PATIENCE: Duration = Duration::from_secs(900);
    let (api, began) = (Api::<Pod>::all(house.plane.admin()), Instant::now());
    loop {
        let all = api.list(&ListParams::default()).await?.items;
        let told = |pod: &&Pod| pod.status.as_ref().is_some_and(|status| status.container_statuses.is_some());
        let count = all.iter().filter(told).count();
        if count >= pods {
            return Ok(());
        }
        if began.elapsed() > PATIENCE {
            bail!("only {count} of {pods} pods have been started");
        }
        sleep(Duration::from_secs(2)).await;
    }
}

/// The tree of one application, read anew and as it is kept.
async fn tree(scene: &Scene, table: &mut Table) -> anyhow::Result<()> {
    /// Longer than a tree is kept.
    const FORGOTTEN: Duration = Duration::from_secs(6);
    const ADDRESS: &str = "/kustomization/graph?name=platform&namespace=heavy-0";
    let Scene { house, server, person, browser } = scene;
    let (mut times, mut requests) = (Vec::new(), 0);
    for _ in 0..5 {
        let log = house.plane.audit().from_now()?;
        times.extend(person.load_often(ADDRESS, 1).await?);
        sleep(FORGOTTEN).await;
        requests = Requests::in_log(&log)?.of(&person.name);
    }
    table.add_times("tree, read anew", 95, None, times, "seen by a client on loopback, br");
    table.add("tree, read anew: API requests", "", None, count(requests), "with what is in use anyhow");
    weigh("tree, kept", ADDRESS, person, 50, table).await?;
    visit("tree", ADDRESS, server, browser, 5, table).await?;
    let memory = process::memory(server.process()?)?;
    table.add("tree: resident memory of the server", "MiB", 48.0, memory.resident, "");
    // An open tree is read again every ten seconds.
    browser.goto(format!("{}/sessions", server.url())).await?;
    Ok(())
}

/// Many objects that fail: their pages, and lists of them.
async fn causes(scene: &Scene, scale: &Scale, table: &mut Table) -> anyhow::Result<()> {
    let Scene { house, server, person, browser } = scene;
    let mut times = Vec::new();
    for number in 0..scale.failing.min(50) {
        let address = format!("/kustomization/details?name=broken-{number:03}&namespace=heavy-{}", number % 10);
        times.extend(person.load_often(&address, 1).await?);
    }
    table.add_times("why, on an object’s page", 95, None, times, "each opened once");
    let mut readers = JoinSet::new();
    for _ in 0..2 {
        readers.spawn(changes::read(server.stream(&person.client).await?, |_| {}));
    }
    let reading = Reading::begin(house, server)?;
    sleep(scale.window).await;
    reading.end("two lists of what fails are open", (1_500.0, 0.5), table)?;
    for (what, address) in [("list of what fails", "/applications?status=failed"), ("overview of what fails", "/")] {
        weigh(what, address, person, 100, table).await?;
        visit(what, address, server, browser, 5, table).await?;
    }
    let memory = process::memory(server.process()?)?;
    table.add("why: resident memory of the server", "MiB", 48.0, memory.resident, "the tree is forgotten by then");
    // An open page goes on asking.
    browser.goto(format!("{}/sessions", server.url())).await?;
    let page = String::from_utf8(person.load("/applications?status=failed", "identity").await?)?;
    let told = page.matches("cannot be pulled").count() + page.matches("cannot pull").count();
    table.add("list of what fails: times that a cause is said", "", None, count(told), "of 50 rows");
    Ok(())
}

/// A log that is written while a browser follows it.
async fn log(scene: &Scene, scale: &Scale, table: &mut Table) -> anyhow::Result<()> {
    const NAMESPACE: &str = "heavy-0";
    let Scene { house, server, person, browser } = scene;
    let audit = house.plane.audit().from_now()?;
    let logs = house.plane.pod_logs();
    let pods = logs.served(NAMESPACE, "app.kubernetes.io/name=part-0000", 1).await?;
    let pod = pods.first().context("no pod")?;
    browser.goto(format!("{}/logs/{NAMESPACE}/pod/{pod}", server.url())).await?;
    browser.until("document.querySelector('#mark')?.textContent === 'live'").await?;
    let before = process::memory(server.process()?)?;
    let began = Instant::now();
    let line =
        |number: usize| (Timestamp::now(), format!("order {number:06} was taken by the warehouse and is packed"));
    logs.write_all(&format!("{NAMESPACE}/{pod}/0000"), (0..scale.lines).map(line))?;
    let last = format!("document.querySelector('#lines').textContent.includes('order {:06} ')", scale.lines - 1);
    browser.until(&last).await?;
    let took = began.elapsed().as_secs_f64();
    let after = process::memory(server.process()?)?;
    let made = Requests::in_log(&audit)?.of(&person.name);
    table.add("log: API requests", "", None, count(made), "from opening the page to the last line, anew every 25 s");
    table.add("log: written → the last line is shown", "s", None, took, "in a browser that follows");
    table.add("log: memory of the server for it", "MiB", None, (after.resident - before.resident).max(0.0), "");
    let said =
        browser.ask("[document.querySelectorAll('#lines > li').length, performance.memory.usedJSHeapSize]").await?;
    let figure = |place: usize| said[place].as_f64().unwrap_or_default();
    table.add("log: lines that the browser keeps", "", 5_000.0, figure(0), "");
    table.add("log: memory of the script", "MiB", None, figure(1) / 1_048_576.0, "");
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "far fewer than 2⁵²")]
fn count(many: usize) -> f64 {
    many as f64
}
