//! Every object that was recorded from the real controllers, and every step of every change that was watched, becomes
//! the word and the sentence that a person would say. The expectations are written by hand; see
//! `testbed/fixtures` for the objects.

use std::{fs, path::PathBuf, sync::LazyLock};

use serde_json::{Value, json};

use super::tests::row;
use fanlight_model::{Details, Kind, Particulars, Row, short_revision};

const FINAL_STATES: &str = include_str!("recorded/final_states.txt");
const TIMELINES: &str = include_str!("recorded/timelines.txt");

fn documents(file: &str) -> Vec<Value> {
    let path = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../testbed/fixtures")).join(file);
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let documents: Vec<Value> = serde_saphyr::from_multiple(&text).unwrap_or_else(|error| panic!("{file}: {error}"));
    documents.into_iter().filter(|document| !document.is_null()).collect()
}

/// The row of a recorded object, whose identifiers were left out.
fn recorded(object: &Value) -> Row {
    let mut object = object.clone();
    object["metadata"]["resourceVersion"] = json!("1");
    row(kind(&object), &object)
}

fn kind(object: &Value) -> Kind {
    let name = object["kind"].as_str().expect("a kind");
    Kind::by_name(name).unwrap_or_else(|| panic!("{name} is not in the table"))
}

const FILES: [&str; 5] =
    ["kustomizations.yaml", "helmreleases.yaml", "helmcharts.yaml", "sources.yaml", "notifications.yaml"];

/// All recorded Flux objects in their final state.
static FINAL: LazyLock<Vec<Row>> =
    LazyLock::new(|| FILES.into_iter().flat_map(documents).map(|object| recorded(&object)).collect());

fn find(name: &str) -> &'static Row {
    FINAL.iter().find(|row| row.key.to_string() == name).unwrap_or_else(|| panic!("{name} was not recorded"))
}

/// A row as the tables write it: `word | sentence | applied → attempted`.
fn said(row: &Row) -> String {
    let applied = short_revision(&row.revision);
    let revision = match &*row.attempted {
        "" => applied,
        attempted => format!("{applied} → {}", short_revision(attempted)),
    };
    [row.state.word(), &row.sentence, revision.trim()].join(" | ").trim().to_owned()
}

fn lines(table: &str) -> impl Iterator<Item = &str> {
    table.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'))
}

/// Panics with every line that differs.
fn compare(what: &str, expected: &[String], actual: &[String]) {
    let missing: Vec<_> = expected.iter().filter(|line| !actual.contains(line)).collect();
    let surplus: Vec<_> = actual.iter().filter(|line| !expected.contains(line)).collect();
    assert!(expected == actual, "{what}\nexpected: {missing:#?}\nshown: {surplus:#?}");
}

#[test]
fn every_recorded_object_is_told_as_a_flux_user_would() {
    let mut expected: Vec<String> = lines(FINAL_STATES).map(ToOwned::to_owned).collect();
    let tell = |row: &Row| format!("{} {}/{} | {}", row.key.kind, row.key.namespace, row.key.name, said(row));
    let mut actual: Vec<String> = FINAL.iter().map(tell).collect();
    expected.sort();
    actual.sort();
    compare("final states", &expected, &actual);
}

#[test]
fn every_recorded_change_is_told_step_by_step() {
    let mut tables: Vec<(&str, Vec<String>)> = Vec::new();
    for line in lines(TIMELINES) {
        match (line.contains(" | "), tables.last_mut()) {
            (true, Some((_, steps))) => steps.push(line.to_owned()),
            _ => tables.push((line, Vec::new())),
        }
    }
    let files = fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../testbed/fixtures/timeline")).expect("timelines");
    assert_eq!(files.count(), tables.len(), "every timeline has its table");
    for (name, expected) in tables {
        let mut steps: Vec<String> = timeline(name).iter().map(|object| said(&recorded(object))).collect();
        steps.dedup();
        compare(name, &expected, &steps);
    }
}

/// The versions of the object that a timeline is about, without the Events and the moment it was gone.
fn timeline(name: &str) -> Vec<Value> {
    let steps = documents(&format!("timeline/{name}.yaml")).into_iter();
    let versions = steps.filter(|step| step["object"]["kind"] != "Event" && step["type"] != "DELETED");
    versions.map(|mut step| step["object"].take()).collect()
}

fn seconds(time: &str) -> Option<i64> {
    time.parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_second)
}

#[test]
fn since_tells_when_what_is_shown_began_and_not_when_somebody_looked_last() {
    for (name, since) in [
        // Applied again every few minutes, the same since its last failure.
        ("Kustomization/catalog/catalog", seconds("2026-11-23T03:56:00Z")),
        ("Kustomization/web/web-previews", seconds("2026-11-23T03:28:11Z")),
        // Tried again every two minutes.
        ("Kustomization/orders/orders", seconds("2026-11-23T03:27:09Z")),
        ("Kustomization/data/ledger-sync", seconds("2026-11-23T03:28:13Z")),
        // A build that fails leaves no trace but that of its last attempt.
        ("Kustomization/payments/payments-db", seconds("2026-11-23T04:03:09Z")),
        ("Kustomization/payments/payments-api", seconds("2026-11-23T03:29:48Z")),
        ("Kustomization/data/held", seconds("2026-11-23T03:42:45Z")),
        ("Kustomization/web/web-staging", None),
        // The controller was restarted at 04:01, which moved Stalled only.
        ("HelmRelease/payments/ledger", seconds("2026-11-23T03:34:33Z")),
        ("HelmChart/flux-system/data-warehouse", seconds("2026-11-23T03:26:28Z")),
        ("GitRepository/web/ghost", seconds("2026-11-23T03:25:57Z")),
        ("GitRepository/web/design-system", seconds("2026-11-23T03:41:28Z")),
    ] {
        assert_eq!(find(name).since, since, "{name}");
    }
}

#[test]
fn a_look_at_an_unchanged_revision_moves_neither_word_nor_date() {
    for name in ["kustomization-drift", "kustomization-reconcile-requested", "helmrelease-reconcile-requested"] {
        let rows: Vec<_> = timeline(name).iter().map(recorded).collect();
        // The first write of a success tells it before the history does.
        let settled = if name == "kustomization-reconcile-requested" { &rows[1..] } else { &rows };
        for row in settled {
            assert_eq!((row.state, row.since), (settled[0].state, settled[0].since), "{name}: {}", row.sentence);
        }
    }
}

/// The controllers tell an outcome by `Ready` first and take back or fill in the rest in the writes after it.
#[test]
fn an_outcome_is_told_in_the_very_write_that_tells_it() {
    for (name, offset, told) in [
        ("kustomization-new-revision", 3.877, "Ready | Applied main@153dd5d | main@153dd5d"),
        ("gitrepository-new-revision", 0.322, "Ready | Fetched main@74b6ecd; sync requested | main@74b6ecd"),
        ("helmrelease-upgrade", 42.443, "Ready | Upgraded to ingress-gateway 4.11.0 | 4.11.0"),
        (
            "helmrelease-force-ready",
            0.614,
            "Ready | Upgraded to ingress-gateway 4.12.0; forced sync requested | 4.12.0",
        ),
        ("helmrelease-upgrade-failed-rollback", 61.149, "Failed | Upgrade to webapp 1.1.0 failed: timed out | 1.1.0"),
        ("helmrelease-drift", 0.215, "Progressing | Correcting drift of webapp 1.0.0 | 1.0.0"),
    ] {
        let steps = documents(&format!("timeline/{name}.yaml"));
        let step = steps.iter().find(|step| step["offsetSeconds"] == offset && step["object"]["kind"] != "Event");
        assert_eq!(said(&recorded(&step.expect("the step")["object"])), told, "{name}");
    }
}

#[test]
fn a_requested_sync_runs_until_it_is_handled_but_never_on_a_suspended_object() {
    let syncing = |name| timeline(name).iter().map(|object| recorded(object).syncing).collect::<Vec<_>>();
    assert_eq!(syncing("receiver-webhook"), [true, true, true, false]);
    assert_eq!(syncing("helmrelease-reconcile-requested"), [true, true, true, false]);
    assert!(!syncing("kustomization-suspend-resume").contains(&true));
    assert!(!syncing("suspend-reverted-by-parent").contains(&true));
}

#[test]
fn the_next_try_is_told_where_the_object_says_how_often_it_is_tried() {
    assert_eq!(find("Kustomization/payments/payments-db").next_try, seconds("2026-11-23T04:05:09Z"));
    assert_eq!(find("Kustomization/web/recommendations").next_try, seconds("2026-11-23T04:13:09Z"));
    for without in
        ["Kustomization/catalog/catalog", "Kustomization/payments/payments-api", "HelmRelease/payments/ledger"]
    {
        assert_eq!(find(without).next_try, None, "{without}");
    }
}

#[test]
fn sources_are_linked_whichever_way_they_are_named() {
    for (name, source) in [
        ("Kustomization/data/etl", "etl-manifests"),
        ("HelmRelease/batch/reporter", "webapp-chart"),
        ("HelmRelease/catalog/search", "platform-charts/webapp"),
        ("HelmChart/flux-system/catalog-search", "platform-charts/webapp"),
    ] {
        assert_eq!(find(name).source.as_ref().map(ToString::to_string).as_deref(), Some(source), "{name}");
    }
}

/// A row is decoded from the text of a watch without building a tree, the details of a page from a tree.
#[test]
fn the_page_of_an_object_says_what_its_row_says() {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/../testbed/fixtures/timeline");
    let names = fs::read_dir(directory).expect("timelines").map(|entry| entry.expect("an entry").path());
    let steps = names.flat_map(|path| timeline(path.file_stem().and_then(|stem| stem.to_str()).expect("a name")));
    for mut object in FILES.into_iter().flat_map(documents).chain(steps) {
        let row = recorded(&object);
        object["metadata"]["resourceVersion"] = json!("1");
        assert_eq!(Details::read(kind(&object), &object).row, row);
    }
}

#[test]
fn a_row_is_small() {
    let particulars =
        |all: &Particulars| size_of::<Particulars>() + all.address.len() + all.wanted.len() + all.found.len();
    let bytes = |row: &Row| {
        let link = row.source.as_ref().map_or(0, |link| link.name.len() + link.chart.as_ref().map_or(0, |it| it.len()));
        size_of::<Row>()
            + row.key.name.len()
            + row.sentence.len()
            + row.message.len()
            + row.revision.len()
            + row.attempted.len()
            + link
            + row.particulars.as_deref().map_or(0, particulars)
    };
    let total: usize = FINAL.iter().map(bytes).sum();
    let average = total / FINAL.len();
    assert!(average <= 600, "{average} bytes on average");
}
