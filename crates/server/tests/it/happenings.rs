//! The page of Events.

use fanlight_testbed::{ControlPlane, Options, Stream, keys, rights::flux_rules};
use reqwest::Client;
use serde_json::{Value, json};

use crate::house::{self, House, WATCH, all, get, plane};

const ADA: &str = "ada@example.com";
const BEN: &str = "ben@example.com";
const CLEO: &str = "cleo@example.com";
/// May list Events, and not watch them.
const DANA: &str = "dana@example.com";

/// In what only Ada may see.
const SECRET: &str = "canary";

/// An Event about a Kustomization, as kustomize-controller writes them: `count` times, the last time in that minute.
fn event(namespace: &str, name: &str, reason: &str, count: u32) -> Value {
    let warning = reason.ends_with("Failed");
    json!({
        "apiVersion": "v1", "kind": "Event", "metadata": {"name": format!("{name}.{reason}").to_lowercase(), "namespace": namespace,
            "annotations": {"kustomize.toolkit.fluxcd.io/revision": "main@sha1:ba66396785f97042590e94c06645dac9ed1d1c82"}},
        "involvedObject": {"apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization", "namespace": namespace, "name": name},
        "type": if warning { "Warning" } else { "Normal" }, "reason": reason, "message": format!("{reason} of {name}"),
        "count": count, "firstTimestamp": "2026-11-23T03:00:00Z", "lastTimestamp": format!("2026-11-23T03:{count:02}:00Z"),
        "source": {"component": "kustomize-controller"},
    })
}

/// The same about something that is not Flux's.
fn about(mut event: Value, api_version: &str, kind: &str) -> Value {
    event["involvedObject"]["apiVersion"] = json!(api_version);
    event["involvedObject"]["kind"] = json!(kind);
    event
}

/// Objects of Flux, and Events.
fn with_events() -> Value {
    let mut rules = flux_rules(&WATCH);
    if let Some(rules) = rules.as_array_mut() {
        rules.push(json!({"apiGroups": [""], "resources": ["events"], "verbs": WATCH}));
    }
    rules
}

async fn house() -> anyhow::Result<House> {
    let plane = plane(Options::default()).await?;
    plane.grant_everywhere(ADA, with_events()).await?;
    plane.grant_in("apps", BEN, with_events()).await?;
    plane.grant_in("data", BEN, flux_rules(&WATCH)).await?;
    plane.grant_in("apps", DANA, all(&["get", "list"])).await?;
    plane.grant_in("apps", CLEO, flux_rules(&WATCH)).await?;
    write(&plane).await?;
    House::before(plane).await
}

async fn write(plane: &ControlPlane) -> anyhow::Result<()> {
    for event in [
        event("apps", "shop", "BuildFailed", 9),
        event("apps", "shop", "ReconciliationSucceeded", 5),
        event("data", "shop", "HealthCheckFailed", 7),
        event("edge", SECRET, "BuildFailed", 8),
        about(event("apps", "a-pod", "BackOffFailed", 3), "v1", "Pod"),
        about(event("apps", "of-another-group", "Made", 4), "s3.example.com/v1", "Bucket"),
    ] {
        plane.apply(&event).await?;
    }
    Ok(())
}

async fn follow(house: &House, client: &Client, query: &str) -> anyhow::Result<Stream> {
    house::follow(house, client, &format!("/events{query}")).await
}

/// What the rows say, each `object reason`, in their order.
fn rows(page: &str) -> Vec<String> {
    let cell = |row: &str, class: &str| {
        let rest = row.split_once(&format!("class=\"{class}\"")).map_or("", |(_, rest)| rest);
        rest.split_once("<b>").map_or("", |(_, rest)| rest).split('<').next().unwrap_or_default().to_owned()
    };
    page.split("<tbody").skip(1).map(|row| format!("{} {}", cell(row, "name"), cell(row, "reason"))).collect()
}

#[tokio::test]
async fn events_about_flux_are_shown_the_newest_first_and_narrowed_down_by_links() -> anyhow::Result<()> {
    let house = house().await?;
    let ada = house.client(ADA, &[])?;
    let page = get(&house, &ada, "/events").await?;
    let all = ["shop BuildFailed", "canary BuildFailed", "shop HealthCheckFailed", "shop ReconciliationSucceeded"];
    assert_eq!(rows(&page), all, "{page}");
    for said in ["9 times within", "main@ba66396", "kustomize-controller", "/kustomization/events?name=shop"] {
        assert!(page.contains(said), "{said}: {page}");
    }
    for (query, expected) in [
        ("namespace=data", &all[2..3]),
        ("type=normal", &all[3..]),
        ("reason=HealthCheckFailed&reason=ReconciliationSucceeded", &all[2..]),
        ("kind=Kustomization&name=canary", &all[1..2]),
        ("kind=hr", &[]),
        ("kind=hr&kind=ks&type=warning&name=shop", &["shop BuildFailed", "shop HealthCheckFailed"]),
    ] {
        let page = get(&house, &ada, &format!("/events?{query}")).await?;
        assert_eq!(rows(&page), expected, "{query}: {page}");
        assert_eq!(page.contains("Clear all filters"), expected.is_empty(), "{query}");
    }
    let links: Vec<_> = page.split("<a href=\"/events?").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    assert!(links.contains(&"reason=HealthCheckFailed") && links.contains(&"namespace=edge"), "{links:?}");
    let object = get(&house, &ada, "/kustomization/events?name=shop&namespace=apps").await?;
    let way = "/events?kind=Kustomization&#38;namespace=apps&#38;name=shop";
    assert!(object.contains(way), "{object}");
    Ok(())
}

#[tokio::test]
async fn whoever_may_read_some_events_is_shown_those_and_told_which_right_is_missing() -> anyhow::Result<()> {
    let house = house().await?;
    let (ben, cleo) = (house.client(BEN, &[])?, house.client(CLEO, &[])?);
    let mut stream = follow(&house, &ben, "").await?;
    let refused = "You may not list Events in data";
    // What is refused in one place may be known after what happened in another.
    let live = stream.until(|view| keys(view).len() == 2 && view.contains(refused)).await?;
    for text in [&get(&house, &ben, "/events").await?, &live] {
        assert_eq!(rows(text), ["shop BuildFailed", "shop ReconciliationSucceeded"], "{text}");
        assert!(text.contains(refused), "{text}");
        assert!(!text.contains(SECRET) && !text.contains("edge") && !text.contains("HealthCheckFailed"), "{text}");
    }
    let asked = get(&house, &ben, "/events?namespace=edge").await?;
    assert!(asked.contains("You may not list Events") && asked.contains("namespace: edge}"), "{asked}");
    assert!(!asked.contains(SECRET), "{asked}");
    let mut stream = follow(&house, &house.client(DANA, &[])?, "").await?;
    stream.until(|view| rows(view).len() == 2).await?;
    house.plane.apply(&event("apps", "late", "HealthCheckFailed", 21)).await?;
    stream.until(|view| rows(view).first().is_some_and(|row| row == "late HealthCheckFailed")).await?;
    let none = get(&house, &cleo, "/events").await?;
    assert!(none.contains("You may not list Events") && none.contains("resources: [events]"), "{none}");
    assert!(rows(&none).is_empty() && !none.contains(SECRET), "{none}");
    Ok(())
}

#[tokio::test]
async fn events_arrive_as_they_happen_count_on_and_go_with_the_right_to_read_them() -> anyhow::Result<()> {
    let house = house().await?;
    let ben = house.client(BEN, &[])?;
    let mut stream = follow(&house, &ben, "?type=warning&namespace=apps").await?;
    stream.until(|view| rows(view) == ["shop BuildFailed"] && view.contains("9 times within")).await?;
    house.plane.apply(&event("apps", "shop", "BuildFailed", 10)).await?;
    stream.until(|view| view.contains("10 times within") && keys(view).len() == 1).await?;
    house.plane.apply(&event("edge", SECRET, "HealthCheckFailed", 20)).await?;
    house.plane.apply(&event("apps", "late", "HealthCheckFailed", 21)).await?;
    let view = stream.until(|view| rows(view) == ["late HealthCheckFailed", "shop BuildFailed"]).await?;
    assert!(!view.contains(SECRET), "{view}");
    house.plane.delete(&event("apps", "late", "HealthCheckFailed", 21)).await?;
    stream.until(|view| rows(view) == ["shop BuildFailed"]).await?;

    let binding = house.plane.grant_in("apps", BEN, with_events()).await?;
    house.plane.delete(&binding).await?;
    stream.until(|view| view.contains("You may not list Events") && keys(view).is_empty()).await?;
    Ok(())
}
