use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use fanlight_testbed::FanlightServer;
use tokio::{task::JoinSet, time::sleep};

use crate::{
    changes::{self, Changes},
    house::House,
    people::Person,
    process,
    reading::{Reading, seconds_a_minute},
    requests::{Requests, a_minute},
    say,
    size::Size,
    table::{Table, milliseconds},
};

/// Builds everything and measures it, in the order in which it happens to a server.
pub(crate) async fn everything(size: &Size, table: &mut Table) -> anyhow::Result<()> {
    let house = House::build(size).await?;
    idle(&house, table).await?;
    let (server, people) = arrive(&house, table).await?;
    let [all, some, ..] = &people[..] else { bail!("too few people") };
    let mut readers = JoinSet::new();
    for person in people.iter().filter(|person| person.name != some.name) {
        readers.spawn(changes::read(server.stream(&person.client).await?, |_| {}));
    }
    let stream = server.stream(&some.client).await?;
    let mut changes = Changes::new(&house.plane, some, stream, &mut readers).await?;
    sleep(Duration::from_secs(5)).await;
    say(&format!("{} event streams", people.len()));

    quiet(size, &house, &server, table).await?;
    pages(size, &house, all, some, table).await?;
    weight(all, table).await?;
    let times = changes.one_by_one(size.changes).await?;
    table.add_times("object changed → browser told", 99, 100.0, times, "after the API server’s answer");
    say("changes, one by one");
    busy(size, &server, &mut changes, table).await?;

    let memory = process::memory(server.process()?)?;
    table.add("resident memory", "MiB", 48.0, memory.resident, "after all of the above");
    table.add("resident memory, peak", "MiB", 72.0, memory.peak, "");
    if readers.try_join_next().is_some() {
        bail!("an event stream ended early:\n{}", server.log());
    }
    Ok(())
}

/// A server that nobody has visited.
async fn idle(house: &House, table: &mut Table) -> anyhow::Result<()> {
    let server = house.server().await?;
    sleep(Duration::from_secs(3)).await;
    table.add(
        "idle memory",
        "MiB",
        30.0,
        process::memory(server.process()?)?.resident,
        "3 s after the start, nobody signed in",
    );
    Ok(())
}

/// Starts the server; everybody signs in and loads their first page, one after the other.
async fn arrive(house: &House, table: &mut Table) -> anyhow::Result<(FanlightServer, Vec<Person>)> {
    let began = Instant::now();
    let server = house.server().await?;
    let people: Vec<_> =
        house.names.iter().map(|name| Person::sign_in(house, &server, name)).collect::<anyhow::Result<_>>()?;
    let (first, others) = people.split_first().context("nobody")?;
    let first = first.first_page().await?;
    table.add("start → first page", "ms", 1_000.0, milliseconds(began.elapsed()), "of who sees everything, complete");
    table.add("sign-in → first page, sees everything", "ms", None, milliseconds(first), "the lists are read first");
    let mut times = Vec::new();
    for person in others {
        times.push(person.first_page().await?);
    }
    table.add_times("sign-in → first page, sees some", 95, None, times, "while somebody sees everything");
    say("everybody’s first page");
    Ok((server, people))
}

/// A while in which nothing changes and nobody does anything but look.
async fn quiet(size: &Size, house: &House, server: &FanlightServer, table: &mut Table) -> anyhow::Result<()> {
    let reading = Reading::begin(house, server)?;
    sleep(size.window).await;
    reading.end("quiet", (size.requests_a_minute(), size.processor_seconds()), table)?;
    say("a quiet while");
    Ok(())
}

/// A while with ten changes a second.
async fn busy(size: &Size, server: &FanlightServer, changes: &mut Changes, table: &mut Table) -> anyhow::Result<()> {
    let process = server.process()?;
    let (began, before) = (Instant::now(), process::processor_time(process)?);
    let times = changes.steadily(size.window).await?;
    let (took, used) = (began.elapsed(), process::processor_time(process)?.saturating_sub(before));
    let note = format!("{:.1} changes a second", a_minute(times.len() * 2, took) / 60.0);
    table.add("processor seconds a minute, changing", "s", Size::CHANGING, seconds_a_minute(used, took), &note);
    table.add_times("the same while changing", 99, 100.0, times, "object changed → browser told");
    say("ten changes a second");
    Ok(())
}

/// How long pages take, and what they ask of the API server.
async fn pages(size: &Size, house: &House, all: &Person, some: &Person, table: &mut Table) -> anyhow::Result<()> {
    const PAGES: [(&str, &str); 5] = [
        ("list page", "/applications"),
        ("list page, filtered", "/applications?status=ready&kind=Kustomization"),
        ("list page, searched", "/applications?search=orders"),
        ("list page, by name, second", "/applications?sort=name&page=2"),
        ("overview", "/"),
    ];
    for (person, sight) in [(all, "sees all"), (some, "sees some")] {
        // The first opens the feeds that only it needs.
        person.load("/", "br").await?;
        let log = house.plane.audit().from_now()?;
        for (what, address) in PAGES {
            let times = person.load_often(address, size.loads).await?;
            table.add_times(&format!("{what}, {sight}"), 95, 3.0, times, "seen by a client on loopback, br");
        }
        let made = Requests::in_log(&log)?.of(&person.name);
        let views = PAGES.len() * size.loads;
        let note = format!("{made} in their name meanwhile, by {views} views");
        table.add(&format!("API requests a page view, {sight}"), "", 0.0, a_view(made, views), &note);
        // It has lists opened that no page before it needed: what it asks for is its own.
        let times = person.load_often("/search?q=orders", size.loads).await?;
        table.add_times(&format!("search of all kinds, {sight}"), 95, 3.0, times, "seen by a client on loopback, br");
    }
    say("pages");
    Ok(())
}

/// How much a browser loads.
async fn weight(person: &Person, table: &mut Table) -> anyhow::Result<()> {
    let plain = String::from_utf8(person.load("/applications", "identity").await?)?;
    let page = person.load("/applications", "br").await?.len();
    let mut first = page;
    let assets: BTreeSet<_> = plain.split('"').filter(|text| text.starts_with("/assets/")).collect();
    // What follows the # is for the browser alone.
    let files: BTreeSet<_> = assets.iter().filter_map(|address| address.split('#').next()).collect();
    for file in &files {
        first += person.load(file, "br").await?.len();
    }
    let note = format!("br; {:.0} KB as it is", kilobytes(plain.len()));
    table.add("bytes of the list", "KB", 12.0, kilobytes(page), &note);
    table.add("first load", "KiB", 60.0, kibibytes(first), &format!("the page and {} files, br", files.len()));
    table.add("next load", "KiB", 10.0, kibibytes(page), "the page: files are kept for a year");
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "far fewer than 2⁵²")]
fn a_view(requests: usize, views: usize) -> f64 {
    requests as f64 / views as f64
}

#[expect(clippy::cast_precision_loss, reason = "far fewer than 2⁵²")]
fn kilobytes(bytes: usize) -> f64 {
    bytes as f64 / 1_000.0
}

#[expect(clippy::cast_precision_loss, reason = "far fewer than 2⁵²")]
fn kibibytes(bytes: usize) -> f64 {
    bytes as f64 / 1_024.0
}
