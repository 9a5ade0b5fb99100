//! What befalls a cluster of some size, one thing after the other, while people look who see some namespaces each.

use std::collections::BTreeSet;

use fanlight_testbed::{AuditEntry, ControlPlane, Estate, Options, Stream, Wire, estate, keys, rights::flux_rules};
use futures_util::{StreamExt, TryStreamExt, stream};
use reqwest::Client;

use crate::house::{House, WATCH, of_flux, plane};

const OBJECTS: usize = 2_000;
const NAMESPACES: usize = 100;
const PEOPLE: [&str; 3] = ["ada@example.com", "ben@example.com", "cleo@example.com"];
/// In so many namespaces each of them has rights, and nobody in all.
const SHARE: usize = 30;
const AWAY: &str = "the API server does not answer";

/// Somebody looks for the probes.
struct Watcher {
    client: Client,
    stream: Stream,
    /// The namespaces in sight that have one.
    probed: [String; 2],
}

impl Watcher {
    async fn sit_down(house: &House, user: &str, probed: [String; 2]) -> anyhow::Result<Self> {
        let client = house.client(user, &[])?;
        let address = format!("{}/applications/events?search=probe", house.server.url());
        let stream = Stream::of(client.get(address).send().await?.error_for_status()?);
        Ok(Self { client, stream, probed })
    }

    fn rows(&self, name: &str) -> BTreeSet<String> {
        let row = |namespace: &String| format!("Kustomization/{namespace}/{name}");
        self.probed.iter().map(row).chain([self.steady()]).collect()
    }

    /// The row that nobody touches.
    fn steady(&self) -> String {
        format!("Kustomization/{}/probe-steady", self.probed[0])
    }

    /// Waits for a view, in which the row that nobody touches is to be all the time, unless it is said that nothing is
    /// known.
    async fn until(&mut self, wanted: impl Fn(&str, BTreeSet<String>) -> bool) -> anyhow::Result<()> {
        let steady = self.steady();
        let seen = self.stream.until(|view| {
            let rows: BTreeSet<_> = keys(view).into_iter().collect();
            let known = !view.contains("is not known at this moment") && !view.contains("Still loading");
            assert!(!known || rows.contains(&steady), "a page was emptied: {view}");
            wanted(view, rows)
        });
        seen.await.map(drop)
    }

    /// Waits until exactly these probes are shown, as current.
    async fn until_right(&mut self, name: &str) -> anyhow::Result<()> {
        let wanted = self.rows(name);
        let right = |view: &str, rows: BTreeSet<String>| {
            let marked = view.contains("As of") || view.contains("Still loading");
            assert!(marked || rows == wanted || !rows.is_superset(&wanted), "said to be current, and is not: {view}");
            !marked && rows == wanted
        };
        self.until(right).await
    }
}

/// A control plane of that size behind a way that can be cut, with people and probes.
async fn cluster() -> anyhow::Result<(ControlPlane, Vec<[String; 2]>)> {
    let plane = plane(Options::default()).await?;
    let summary = Estate::large(OBJECTS, NAMESPACES).apply(&plane).await?;
    let all: Vec<_> = summary.namespaces.into_iter().filter(|name| name != "flux-system").collect();
    let mut probed = Vec::new();
    let mut rights = Vec::new();
    for (number, user) in PEOPLE.into_iter().enumerate() {
        let share: Vec<_> = all.iter().cycle().skip(number * 25).take(SHARE).cloned().collect();
        probed.push([share[7].clone(), share[12].clone()]);
        rights.extend(share.into_iter().map(|namespace| (namespace, user)));
    }
    let granted = stream::iter(rights)
        .map(async |(namespace, user)| plane.grant_in(&namespace, user, flux_rules(&WATCH)).await.map(drop));
    granted.buffer_unordered(8).try_collect::<()>().await?;
    for [first, second] in &probed {
        plane.apply(&estate::kustomization(first, "probe-steady")).await?;
        for namespace in [first, second] {
            plane.apply(&estate::kustomization(namespace, "probe-0")).await?;
        }
    }
    Ok((plane, probed))
}

/// The probes of all get another name.
async fn turn(plane: &ControlPlane, watchers: &[Watcher], from: &str, to: &str) -> anyhow::Result<()> {
    for namespace in watchers.iter().flat_map(|watcher| &watcher.probed) {
        plane.delete(&estate::kustomization(namespace, from)).await?;
        plane.apply(&estate::kustomization(namespace, to)).await?;
    }
    Ok(())
}

async fn all_marked(watchers: &mut [Watcher]) -> anyhow::Result<()> {
    for watcher in watchers {
        watcher.until(|view, _| view.contains(AWAY) || view.contains("is not known at this moment")).await?;
    }
    Ok(())
}

async fn all_right(watchers: &mut [Watcher], name: &str) -> anyhow::Result<()> {
    for watcher in watchers {
        watcher.until_right(name).await?;
    }
    Ok(())
}

#[tokio::test]
async fn whatever_befalls_a_cluster_of_some_size_is_marked_and_mended_and_nobody_stampedes() -> anyhow::Result<()> {
    let (plane, probed) = cluster().await?;
    let wire = Wire::to(&plane).await?;
    let house = House::behind(&wire, plane).await?;
    let mut watchers = Vec::new();
    for (user, probed) in PEOPLE.into_iter().zip(probed) {
        watchers.push(Watcher::sit_down(&house, user, probed).await?);
    }
    all_right(&mut watchers, "probe-0").await?;
    let entries = house.plane.audit().entries()?;
    let feeds = of_flux(&entries).iter().filter(|entry| entry.is_open_watch()).count();
    assert!((2 * SHARE..=2 * SHARE * PEOPLE.len()).contains(&feeds), "{feeds}");

    // The connections break, and cannot be made anew for a while.
    let audit = house.plane.audit().from_now()?;
    wire.close();
    all_marked(&mut watchers).await?;
    turn(&house.plane, &watchers, "probe-0", "probe-1").await?;
    wire.open();
    all_right(&mut watchers, "probe-1").await?;
    let resumed = made(&audit.entries()?);
    assert!(resumed <= feeds + feeds / 2, "{resumed} requests for {feeds} feeds that can resume");

    // Its store hangs: nothing changes, and what is shown stays right; who comes now is told to wait.
    house.plane.put_etcd_to_sleep()?;
    let page = page(&house, &watchers[0].client).await?;
    assert!(watchers[0].rows("probe-1").is_subset(&keys(&page).into_iter().collect()), "{page}");
    house.plane.wake_etcd()?;
    turn(&house.plane, &watchers, "probe-1", "probe-2").await?;
    all_right(&mut watchers, "probe-2").await?;

    refused_for_a_while(&house, &mut watchers, &wire, feeds).await?;

    // It crashes: its first answers are wrong, and no watch can resume.
    house.plane.stop_api_server();
    all_marked(&mut watchers).await?;
    let audit = house.plane.audit().from_now()?;
    house.plane.start_api_server().await?;
    turn(&house.plane, &watchers, "probe-3", "probe-4").await?;
    all_right(&mut watchers, "probe-4").await?;
    let entries = audit.entries()?;
    let asked = made(&entries);
    // Each is told that it cannot resume, and begins anew.
    assert!(asked <= 3 * feeds, "{asked} requests for {feeds} feeds");
    let reviews = entries.iter().filter(|entry| entry.uri.contains("/selfsubject")).count();
    assert!(reviews <= 3 * PEOPLE.len() * (NAMESPACES + 20), "{reviews} reviews");
    Ok(())
}

/// It is away, and when it is back it answers 429 to nearly all that is asked in the watchers' names, for a while.
async fn refused_for_a_while(house: &House, watchers: &mut [Watcher], wire: &Wire, feeds: usize) -> anyhow::Result<()> {
    const ENOUGH: usize = 20;
    wire.close();
    all_marked(watchers).await?;
    turn(&house.plane, watchers, "probe-2", "probe-3").await?;
    house.plane.throttle(&PEOPLE).await?;
    let audit = house.plane.audit().from_now()?;
    wire.open();
    let refused = |entries: &[AuditEntry]| entries.iter().filter(|entry| entry.code() == Some(429)).count();
    audit.until(|entries| refused(entries) >= ENOUGH).await?;
    house.plane.relent().await?;
    all_right(watchers, "probe-3").await?;
    let entries = audit.entries()?;
    let (refused, made) = (refused(&entries), made(&entries));
    assert!(refused <= 2 * feeds, "{refused} requests for {feeds} feeds were refused: who is refused waits");
    assert!(made <= refused + feeds + feeds / 2, "{made} requests for {feeds} feeds, of which {refused} were refused");
    Ok(())
}

/// How many requests for objects were made: watches from before are noted once more when they end.
fn made(entries: &[AuditEntry]) -> usize {
    let ended = |entry: &&AuditEntry| entry.verb == "watch" && !entry.is_open_watch() && entry.code() == Some(200);
    of_flux(entries).into_iter().filter(|entry| !ended(entry)).count()
}

async fn page(house: &House, client: &Client) -> anyhow::Result<String> {
    let address = format!("{}/applications?search=probe", house.server.url());
    Ok(client.get(address).send().await?.error_for_status()?.text().await?)
}
