use std::{collections::HashSet, sync::Arc, time::Duration};

use fanlight_model::{Answer, Details, Facts, Kind, Links, ObjectKey, Row, Surroundings};
use serde_json::json;

use super::{
    super::shown::{Around, More},
    *,
};

/// These rows, and nothing of the namespace `hidden`.
struct World(Vec<Arc<Row>>);

impl Surroundings for World {
    fn glimpses(&self, keys: &[ObjectKey]) -> Vec<Glimpse> {
        let glimpse = |key: &ObjectKey| match self.0.iter().find(|row| row.key == *key) {
            Some(row) => Glimpse::Seen(Arc::clone(row)),
            None if &*key.namespace == "hidden" => Glimpse::Hidden,
            None => Glimpse::Absent,
        };
        keys.iter().map(glimpse).collect()
    }

    fn needing(&self, keys: &HashSet<ObjectKey>) -> Vec<Arc<Row>> {
        self.0.iter().filter(|row| row.needs().any(|(key, _)| keys.contains(&key))).cloned().collect()
    }
}

fn key(name: &str) -> ObjectKey {
    ObjectKey::parse(&format!("Kustomization/{name}")).expect("a key")
}

fn row(name: &str, state: State, depends_on: &[&str]) -> Arc<Row> {
    let links = Links { depends_on: depends_on.iter().map(|name| key(name)).collect(), ..Links::default() };
    Arc::new(Row { state, since: Some(3600), ..Row::new(key(name), 1, links, &Facts::new(Kind::KUSTOMIZATION)) })
}

/// The page of `apps/shop`, which waits for these, among these.
fn shown(needs: &[(&str, &str)], others: Vec<Arc<Row>>) -> Shown {
    let depends_on: Vec<_> = needs
        .iter()
        .map(|(name, expr)| {
            let (namespace, name) = name.split_once('/').expect("a namespace");
            json!({"namespace": namespace, "name": name, "readyExpr": expr})
        })
        .collect();
    let object = json!({"metadata": {"namespace": "apps", "name": "shop"}, "spec": {"dependsOn": depends_on}});
    let mut details = Details::read(Kind::KUSTOMIZATION, &object);
    details.row.state = State::Waiting;
    let own = Arc::new(details.row.clone());
    let mut graph = Graph::around(&own, &World([vec![Arc::clone(&own)], others].concat()));
    graph.note_expressions(&own.key, &details.settings.depends_on);
    Shown {
        object,
        details,
        may_change: Answer::Yes,
        explanation: None,
        logs: [].into(),
        more: More::Nothing,
        around: Around { graph: Some(graph), is_partial: true, ..Around::default() },
        kinds: Vec::new(),
    }
}

fn told(entries: &[Entry]) -> Vec<String> {
    let bond = |bond: &entry::BondView| [&*bond.words, &bond.ready_expr].join(" ").trim_end().to_owned();
    let say = |entry: &Entry| {
        let bonds: Vec<_> = entry.bonds.iter().map(bond).collect();
        let held = if entry.is_held { " !" } else { "" };
        format!("{} {}: {}{held}", entry.name, entry.status.word, bonds.join("; "))
    };
    entries.iter().map(say).collect()
}

#[test]
fn the_list_says_in_words_what_the_drawing_shows() {
    let shown = shown(
        &[("data/db", "dep.status.ok"), ("hidden/mesh", "")],
        vec![
            row("data/db", State::Failed, &["data/disk"]),
            row("data/disk", State::Ready, &[]),
            row("apps/checkout", State::Waiting, &["apps/shop"]),
        ],
    );
    let frame = Frame::specimen();
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(3600 + 240);
    let page = Dependencies::of(&frame, &shown, now).expect("a graph");
    assert_eq!(page.waits, "It waits for Kustomization data/db, which failed.");
    assert_eq!(
        told(&page.sides[0].entries),
        [
            "data/db Failed: it depends on this dep.status.ok !",
            "hidden/mesh You may not see it: it depends on this",
            "data/disk Ready: data/db depends on this",
        ]
    );
    assert_eq!(told(&page.sides[1].entries), ["apps/checkout Waiting: depends on it"]);
    assert_eq!(page.chain.iter().map(|entry| &*entry.name).collect::<Vec<_>>(), ["apps/shop", "data/db"]);
    let missing = page.sides[0].entries[1].missing.as_deref().expect("a link");
    assert!(missing.contains("resource=kustomizations.kustomize.toolkit.fluxcd.io&namespace=hidden"), "{missing}");
    assert_eq!(page.notes, ["What you may not see can need it too: it is not listed here."]);

    let drawing = page.drawing.expect("a drawing");
    let node = |name: &str| drawing.nodes.iter().find(|node| node.name == name).expect("a node");
    assert!(node("disk").x < node("db").x && node("db").x < node("shop").x && node("shop").x < node("checkout").x);
    assert_eq!(["db", "shop", "mesh", "disk"].map(|name| node(name).class), ["hot", "own hot", "dashed", ""]);
    assert_eq!(node("db").note, "4m");
    assert_eq!(drawing.lines.iter().filter(|line| line.class == "hot").count(), 1);
}

#[test]
fn a_circle_is_said_and_drawn_within_the_drawing() {
    let shown = shown(&[("apps/api", "")], vec![row("apps/api", State::Waiting, &["apps/shop"])]);
    let frame = Frame::specimen();
    let page = Dependencies::of(&frame, &shown, SystemTime::UNIX_EPOCH).expect("a graph");
    assert_eq!(page.waits, "It waits for Kustomization apps/api, which waits for it in turn.");
    assert_eq!(page.circle, "apps/shop and apps/api need each other in a circle: none of them can become ready.");
    let drawing = page.drawing.expect("a drawing");
    assert_eq!(drawing.lines.iter().map(|line| line.class).collect::<Vec<_>>(), ["hot dashed"; 2]);
}

#[test]
fn circles_that_have_nothing_to_do_with_each_other_are_said_apart() {
    let needs = [("apps/a", ""), ("apps/c", "")];
    let rows = [("apps/a", "apps/b"), ("apps/b", "apps/a"), ("apps/c", "apps/c")];
    let rows = rows.map(|(name, other)| row(name, State::Waiting, &[other]));
    let shown = shown(&needs, rows.into());
    let frame = Frame::specimen();
    let page = Dependencies::of(&frame, &shown, SystemTime::UNIX_EPOCH).expect("a graph");
    assert_eq!(
        page.circle,
        "apps/a and apps/b need each other in a circle: none of them can become ready. apps/c depends on itself: it can never become ready."
    );
    let drawing = page.drawing.expect("a drawing");
    let widest = drawing.nodes.iter().map(|node| node.x + node.w).max();
    assert!(widest < Some(drawing.width) && drawing.nodes.iter().all(|node| node.y + node.h < drawing.height));
}

#[test]
fn who_needs_nothing_and_is_needed_by_nobody_has_no_drawing() {
    let mut shown = shown(&[], Vec::new());
    shown.object["spec"]["dependsOn"] = json!([{"kind": "CustomResourceDefinition", "name": "certs.example.com"}]);
    let frame = Frame::specimen();
    let page = Dependencies::of(&frame, &shown, SystemTime::UNIX_EPOCH).expect("a graph");
    assert!(page.drawing.is_none() && page.sides.iter().all(|side| side.entries.is_empty()));
    assert_eq!(page.waits, "It waits, and nothing in sight that it needs holds it up.");
    assert_eq!(page.others, ["CustomResourceDefinition certs.example.com"]);
}
