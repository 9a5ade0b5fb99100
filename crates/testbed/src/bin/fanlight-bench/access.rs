//! What sharing costs, by how many objects and people there are and by who sees what.

use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use fanlight_testbed::FanlightServer;
use tokio::{
    task::JoinSet,
    time::{sleep, timeout},
};

use crate::{
    changes::{self, Changes},
    house::House,
    people::Person,
    process,
    reading::{Rates, Reading},
    requests::{Requests, a_minute},
    say,
    size::Size,
    table::{Table, milliseconds},
};

type Show<'a> = &'a mut dyn FnMut(&Table) -> anyhow::Result<()>;

/// Who sees what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sight {
    /// One sees everything, the others some namespaces each.
    WithOne,
    /// Everybody sees some namespaces.
    WithoutOne,
    /// One saw everything, and has left.
    OneLeft,
}

impl Sight {
    const ALL: [Self; 3] = [Self::WithOne, Self::WithoutOne, Self::OneLeft];

    fn words(self) -> &'static str {
        match self {
            Self::WithOne => "one of whom sees everything",
            Self::WithoutOne => "none of whom sees everything",
            Self::OneLeft => "and one who saw everything and has left",
        }
    }
}

/// Measures all of it, or what concerns so many people; `show` is given each table as soon as it is complete.
pub(crate) async fn everything(quick: bool, people: Option<usize>, show: Show<'_>) -> anyhow::Result<()> {
    let most = Size { people: 51, loads: 200, changes: 50, ..Size::DEFAULT };
    let mut sizes = vec![(10_000, 300), (2_000, 100), (300, 30)];
    let mut crowds = vec![1, 11, 50];
    let mut window = Duration::from_secs(60);
    if quick {
        sizes.drain(..2);
        crowds.truncate(2);
        window = Duration::from_secs(30);
    }
    crowds.retain(|crowd| people.is_none_or(|people| people == *crowd));
    for (objects, namespaces) in sizes {
        let size = Size { objects, namespaces, window, ..most };
        let house = House::build(&size).await?;
        for people in &crowds {
            for sight in Sight::ALL {
                let size = Size { people: *people, ..size };
                let mut table = Table::new(format!("{size}, {}", sight.words()));
                crowd(&size, sight, &house, &mut table).await?;
                show(&table)?;
            }
        }
    }
    if people.is_none() {
        show(&growth(window).await?)?;
    }
    Ok(())
}

/// A server with people before it.
struct Crowd {
    server: FanlightServer,
    people: Vec<Person>,
    readers: JoinSet<()>,
}

impl Crowd {
    /// Everybody of these names signs in, loads a page and leaves it open in so many tabs.
    async fn gather(house: &House, names: &[String], tabs: usize, table: &mut Table) -> anyhow::Result<Self> {
        let server = house.server().await?;
        let people = names.iter().map(|name| Person::sign_in(house, &server, name));
        let people: Vec<_> = people.collect::<anyhow::Result<_>>()?;
        let mut times = Vec::new();
        let mut readers = JoinSet::new();
        for person in &people {
            times.push(person.first_page().await?);
            for _ in 0..tabs {
                readers.spawn(changes::read(server.stream(&person.client).await?, |_| {}));
            }
        }
        table.add_times("sign-in → first page", 95, 1_000.0, times, "whole, one after the other");
        Ok(Self { server, people, readers })
    }
}

async fn crowd(size: &Size, sight: Sight, house: &House, table: &mut Table) -> anyhow::Result<()> {
    let first = usize::from(sight == Sight::WithoutOne);
    let last = first + size.people + usize::from(sight == Sight::OneLeft);
    let names = house.names.get(first..last).context("too few people")?;
    let Crowd { server, mut people, mut readers } = Crowd::gather(house, names, 1, table).await?;
    if sight == Sight::OneLeft {
        leave(&server, &people.remove(0), &people, table).await?;
    }
    let watcher = people.last().context("nobody")?.clone();
    let stream = server.stream(&watcher.client).await?;
    let mut changes = Changes::new(&house.plane, &watcher, stream, &mut readers).await?;
    sleep(Duration::from_secs(5)).await;

    let (log, began) = (house.plane.audit().from_now()?, Instant::now());
    let reading = Reading::begin(house, &server)?;
    sleep(size.window).await;
    reading.end("quiet", (size.requests_a_minute(), size.processor_seconds()), table)?;
    let usual = a_minute(Requests::in_log(&log)?.of(&watcher.name), began.elapsed());
    views(size, house, (&watcher, usual), table).await?;
    let times = changes.one_by_one(size.changes).await?;
    table.add_times("object changed → browser told", 99, 100.0, times, "after the API server’s answer");
    let reading = Reading::begin(house, &server)?;
    changes.steadily(size.window).await?;
    reading.end("ten changes a second", (size.requests_a_minute(), Size::CHANGING), table)?;
    let memory = process::memory(server.process()?)?;
    table.add("resident memory", "MiB", 48.0, memory.resident, "after all of the above");
    table.add("resident memory, peak", "MiB", 72.0, memory.peak, "");
    let told = gained_within(&watcher).await?;
    table.add("a gained right shows within", "min", 5.0, told, "as the access page says; at once by “Check again”");
    say(&format!("{size}, {}", sight.words()));
    Ok(())
}

/// The one who sees everything signs out; how long the others’ pages are marked.
async fn leave(server: &FanlightServer, all: &Person, others: &[Person], table: &mut Table) -> anyhow::Result<()> {
    let other = others.first().context("nobody stays")?;
    let shown = async || anyhow::Ok(String::from_utf8(other.load("/applications", "identity").await?)?);
    let rows = |page: &str| page.matches("data-key=").count();
    let before = rows(&shown().await?);
    server.sign_out(&all.client).await?;
    let (began, mut marked) = (Instant::now(), Duration::ZERO);
    let watched = async {
        // Rows are marked after a moment, if at all.
        while began.elapsed() < Duration::from_secs(5) || marked + Duration::from_secs(1) > began.elapsed() {
            let page = shown().await?;
            if rows(&page) != before {
                bail!("{} rows after the one who sees everything has left, {before} before", rows(&page));
            }
            if page.contains("As of") || page.contains("Still loading") {
                marked = began.elapsed();
            }
            sleep(Duration::from_millis(50)).await;
        }
        Ok(())
    };
    timeout(Duration::from_secs(120), watched).await.context("the pages stay marked")??;
    table.add("one leaves → nobody’s page is marked", "ms", None, milliseconds(marked), "0: it never was");
    Ok(())
}

/// In how many minutes, as the access page says, a right shows that was just given: where it says nothing, in five.
async fn gained_within(person: &Person) -> anyhow::Result<f64> {
    let page = String::from_utf8(person.load("/user_info", "identity").await?)?;
    let told = page.split_once("show within about ").and_then(|(_, rest)| rest.split_whitespace().next());
    Ok(told.map_or(Ok(5.0), str::parse)?)
}

/// How long a page takes, and what one more costs, for somebody in whose name so many requests a minute are usual.
async fn views(size: &Size, house: &House, of: (&Person, f64), table: &mut Table) -> anyhow::Result<()> {
    /// In this time everything that is in use is asked about once, whoever looks.
    const ROUND: Duration = Duration::from_secs(30);
    let (person, usual) = of;
    let log = house.plane.audit().from_now()?;
    let began = Instant::now();
    let times = person.load_often("/applications", size.loads).await?;
    sleep(ROUND.saturating_sub(began.elapsed())).await;
    let took = began.elapsed();
    table.add_times("list page", 95, 3.0, times, "seen by a client on loopback, br");
    let made = Requests::in_log(&log)?.of(&person.name);
    let expected = usual * took.as_secs_f64() / 60.0;
    let note = format!("{made} in their name meanwhile, {expected:.0} are usual; {} views", size.loads);
    table.add("API requests a page view", "", 0.0, a_view(made, expected, size.loads), &note);
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "far fewer than 2⁵²")]
fn a_view(made: usize, expected: f64, views: usize) -> f64 {
    (made as f64 - expected).max(0.0) / views as f64
}

/// What twice the objects, people and tabs cost.
async fn growth(window: Duration) -> anyhow::Result<Table> {
    let base = Size { objects: 1_000, namespaces: 100, people: 10, window, ..Size::DEFAULT };
    let mut table = Table::new(format!("{base}, a tab each, one sees everything; and what grows with what"));
    let single = House::build(&Size { people: 20, ..base }).await?;
    let before = costs(&single, &base, 1).await?;
    add(&mut table, "as it is", before, None);
    add(&mut table, "twice the tabs", costs(&single, &base, 2).await?, Some(before));
    let twice = Size { people: 20, ..base };
    add(&mut table, "twice the people", costs(&single, &twice, 1).await?, Some(before));
    drop(single);
    let double = House::build(&Size { objects: 2_000, ..base }).await?;
    add(&mut table, "twice the objects", costs(&double, &base, 1).await?, Some(before));
    Ok(table)
}

async fn costs(house: &House, size: &Size, tabs: usize) -> anyhow::Result<(Rates, f64)> {
    let mut unused = Table::new(String::new());
    let names = house.names.get(..size.people).context("too few people")?;
    let Crowd { server, readers, .. } = Crowd::gather(house, names, tabs, &mut unused).await?;
    sleep(Duration::from_secs(5)).await;
    let reading = Reading::begin(house, &server)?;
    sleep(size.window).await;
    let rates = reading.end("", (0.0, 0.0), &mut unused)?;
    drop(readers);
    Ok((rates, process::memory(server.process()?)?.resident))
}

fn add(table: &mut Table, what: &str, (rates, memory): (Rates, f64), before: Option<(Rates, f64)>) {
    let times =
        |now: f64, before: Option<f64>| before.map(|before| format!("× {:.2}", now / before)).unwrap_or_default();
    let rows = [
        ("API requests a minute", "", rates.requests, before.map(|(rates, _)| rates.requests)),
        ("processor seconds a minute", "s", rates.processor, before.map(|(rates, _)| rates.processor)),
        ("resident memory", "MiB", memory, before.map(|(_, memory)| memory)),
    ];
    for (figure, unit, now, before) in rows {
        table.add(&format!("{what}: {figure}"), unit, None, now, &times(now, before));
    }
}
