use std::collections::HashSet;

use serde_json::json;

use super::*;
use crate::{Details, Facts, Links, SourceLink, State};

/// All rows that somebody sees; they may not list anything in the namespace `hidden`.
struct World(Vec<Arc<Row>>);

impl Surroundings for World {
    fn glimpses(&self, keys: &[ObjectKey]) -> Vec<Glimpse> {
        let glimpse = |key: &ObjectKey| match self.0.iter().find(|row| row.key == *key) {
            _ if &*key.namespace == "hidden" => Glimpse::Hidden,
            Some(row) => Glimpse::Seen(Arc::clone(row)),
            None => Glimpse::Absent,
        };
        keys.iter().map(glimpse).collect()
    }

    fn needing(&self, keys: &HashSet<ObjectKey>) -> Vec<Arc<Row>> {
        let seen = self.0.iter().filter(|row| &*row.key.namespace != "hidden");
        seen.filter(|row| row.needs().any(|(key, _)| keys.contains(&key))).cloned().collect()
    }
}

impl World {
    fn graph(&self, name: &str) -> Graph {
        let own = self.0.iter().find(|row| row.key == key(name)).expect("a row");
        Graph::around(own, self)
    }
}

/// `apps/shop` is a Kustomization.
fn key(name: &str) -> ObjectKey {
    ObjectKey::parse(name).unwrap_or_else(|| ObjectKey::parse(&format!("Kustomization/{name}")).expect("a key"))
}

fn row(name: &str, state: State, depends_on: &[&str]) -> Arc<Row> {
    from(name, state, depends_on, None)
}

fn from(name: &str, state: State, depends_on: &[&str], source: Option<(&str, Option<&str>)>) -> Arc<Row> {
    let own = key(name);
    let source = source.map(|(name, chart)| {
        let ObjectKey { kind, namespace, name } = key(name);
        SourceLink { kind, namespace, name, chart: chart.map(Arc::from) }
    });
    let depends_on = depends_on.iter().map(|name| key(name)).collect();
    let kind = own.kind;
    let links = Links { source, depends_on, ..Links::default() };
    Arc::new(Row { state, ..Row::new(own, 1, links, &Facts::new(kind)) })
}

/// `needed -> needing`, with `!` where it holds up and `o` where it is part of a circle.
fn told(graph: &Graph) -> Vec<String> {
    let name = |number: usize| graph.nodes[number].key.to_string().replace("Kustomization/", "");
    let sign = |edge: &Edge| {
        let [holds, circle] = [(edge.holds_up, "!"), (edge.circular, "o")].map(|(is, sign)| if is { sign } else { "" });
        format!("{holds}{circle}")
    };
    let mut told: Vec<_> =
        graph.edges.iter().map(|edge| format!("{} -> {}{}", name(edge.from), name(edge.to), sign(edge))).collect();
    told.sort();
    told
}

fn chain(graph: &Graph) -> Vec<String> {
    graph.chain.iter().map(|number| graph.nodes[*number].key.to_string().replace("Kustomization/", "")).collect()
}

#[test]
fn the_way_goes_over_all_steps_in_both_directions_and_not_back_down_to_others() {
    let world = World(vec![
        from("GitRepository/flux-system/fleet", State::Ready, &[], None),
        from("infra/base", State::Ready, &[], Some(("GitRepository/flux-system/fleet", None))),
        row("infra/mesh", State::Ready, &["infra/base"]),
        row("infra/other", State::Ready, &["infra/base"]),
        row("apps/shop", State::Ready, &["infra/mesh"]),
        row("apps/checkout", State::Ready, &["apps/shop"]),
        row("web/front", State::Ready, &["apps/checkout", "infra/base"]),
    ]);
    let graph = world.graph("apps/shop");
    assert_eq!(
        told(&graph),
        [
            "GitRepository/flux-system/fleet -> infra/base",
            "apps/checkout -> web/front",
            "apps/shop -> apps/checkout",
            "infra/base -> infra/mesh",
            "infra/mesh -> apps/shop",
        ]
    );
    let steps: Vec<_> = graph.nodes.iter().map(|node| (node.side, node.steps)).collect();
    let needed = |steps| (Side::Needed, steps);
    let needing = |steps| (Side::Needing, steps);
    assert_eq!(steps, [(Side::Own, 0), needed(1), needed(2), needed(3), needing(1), needing(2)]);
    assert!(graph.chain.is_empty(), "nobody waits");
}

#[test]
fn the_chain_leads_to_what_everybody_waits_for_and_past_what_is_ready() {
    let world = World(vec![
        row("infra/base", State::Ready, &[]),
        row("data/db", State::Failed, &["infra/base"]),
        row("data/cache", State::Ready, &[]),
        row("apps/api", State::Waiting, &["data/cache", "data/db"]),
        row("apps/shop", State::Waiting, &["infra/base", "apps/api"]),
        row("apps/checkout", State::Waiting, &["apps/shop"]),
    ]);
    let graph = world.graph("apps/shop");
    assert_eq!(chain(&graph), ["apps/shop", "apps/api", "data/db"]);
    let held: Vec<_> = told(&graph).into_iter().filter(|edge| edge.contains('!')).collect();
    assert_eq!(held, ["apps/api -> apps/shop!", "data/db -> apps/api!"]);
    assert!(chain(&world.graph("data/db")).is_empty(), "it fails by itself");
}

#[test]
fn the_chain_ends_at_what_is_not_there_and_at_what_may_not_be_seen() {
    let world = World(vec![
        row("hidden/db", State::Failed, &["hidden/behind"]),
        row("apps/api", State::Waiting, &["hidden/db"]),
        row("apps/web", State::Waiting, &["gone/db", "hidden/db"]),
        row("hidden/user", State::Waiting, &["apps/api"]),
    ]);
    let graph = world.graph("apps/api");
    assert_eq!(chain(&graph), ["apps/api", "hidden/db"]);
    assert_eq!(graph.nodes.len(), 2, "nothing behind it, and nobody who may not be seen: {graph:?}");
    assert_eq!(graph.nodes[1].glimpse, Glimpse::Hidden);
    assert_eq!(chain(&world.graph("apps/web")), ["apps/web", "gone/db"], "what is known to be missing explains more");
}

#[test]
fn a_circle_is_marked_and_ends() {
    let world = World(vec![
        row("apps/a", State::Waiting, &["apps/b", "apps/x"]),
        row("apps/b", State::Waiting, &["apps/c"]),
        row("apps/c", State::Waiting, &["apps/a"]),
        row("apps/x", State::Ready, &[]),
        row("apps/self", State::Waiting, &["apps/self"]),
    ]);
    let graph = world.graph("apps/a");
    assert_eq!(told(&graph), ["apps/a -> apps/c!o", "apps/b -> apps/a!o", "apps/c -> apps/b!o", "apps/x -> apps/a"]);
    assert_eq!(chain(&graph), ["apps/a", "apps/b", "apps/c"]);
    let layout = Layout::of(&graph);
    assert_eq!(layout.wires.iter().filter(|wire| wire.is_back).count(), 1, "{layout:?}");
    assert_eq!(told(&world.graph("apps/self")), ["apps/self -> apps/self!o"]);
    assert_eq!(Layout::of(&world.graph("apps/self")).columns, 1);
    let beyond = World(vec![
        row("apps/shop", State::Waiting, &["apps/a"]),
        row("apps/a", State::Waiting, &["apps/b"]),
        row("apps/b", State::Waiting, &["apps/a"]),
    ]);
    assert_eq!(chain(&beyond.graph("apps/shop")), ["apps/shop", "apps/a", "apps/b"], "it waits for a circle of others");
}

#[test]
fn a_release_gets_its_chart_from_the_repository_over_the_chart_where_that_is_in_sight() {
    let repository = "HelmRepository/flux-system/charts";
    let mut rows = vec![
        from(repository, State::Failed, &[], None),
        from("HelmRelease/apps/shop", State::Waiting, &[], Some((repository, Some("shop")))),
        from("HelmChart/flux-system/apps-shop", State::Failed, &[], Some((repository, Some("shop")))),
    ];
    let whole = World(rows.clone()).graph("HelmRelease/apps/shop");
    assert_eq!(
        told(&whole),
        [
            "HelmChart/flux-system/apps-shop -> HelmRelease/apps/shop!",
            "HelmRepository/flux-system/charts -> HelmChart/flux-system/apps-shop!",
        ]
    );
    rows.pop();
    let without = World(rows).graph("HelmRelease/apps/shop");
    assert!(told(&without).contains(&"HelmRepository/flux-system/charts -> HelmRelease/apps/shop!".to_owned()));
}

#[test]
fn very_many_are_cut_and_counted_and_those_in_trouble_stay() {
    let mut rows = vec![row("apps/base", State::Failed, &[])];
    for number in 0..Graph::MOST + 30 {
        let state = if number == Graph::MOST + 20 { State::Waiting } else { State::Ready };
        rows.push(row(&format!("apps/user-{number:03}"), state, &["apps/base"]));
    }
    let graph = World(rows).graph("apps/base");
    assert_eq!((graph.nodes.len(), graph.more_needing, graph.more_needed), (Graph::MOST + 1, 30, 0));
    assert_eq!(graph.nodes[1].state(), Some(State::Waiting));

    let link = |number: usize| row(&format!("apps/l-{number}"), State::Waiting, &[&format!("apps/l-{}", number + 1)]);
    let chained = World((0..40).map(link).collect()).graph("apps/l-0");
    assert_eq!((chained.nodes.len(), chained.more_needed), (Graph::DEPTH + 1, 1));
}

#[test]
fn each_column_is_as_far_from_the_middle_as_the_longest_way_and_lines_pass_others_by() {
    let world = World(vec![
        row("a/base", State::Ready, &[]),
        row("a/mesh", State::Ready, &["a/base"]),
        row("a/own", State::Ready, &["a/base", "a/mesh"]),
        row("a/top", State::Ready, &["a/own"]),
    ]);
    let graph = world.graph("a/own");
    let layout = Layout::of(&graph);
    let place = |name: &str| {
        let number = graph.nodes.iter().position(|node| node.key == key(name)).expect("a node");
        layout.places[number]
    };
    let columns = ["a/base", "a/mesh", "a/own", "a/top"].map(|name| place(name).column);
    assert_eq!((columns, layout.columns), ([0, 1, 2, 3], 4));
    let by: Vec<_> = layout.wires.iter().flat_map(|wire| &wire.by).collect();
    assert_eq!(by.len(), 1, "{layout:?}");
    assert_eq!(by[0].column, 1);
    assert_ne!(by[0].down, place("a/mesh").down, "beside what stands there");
    assert_eq!((layout.height, place("a/own").down), (4, 1), "in the middle of the height");
}

#[test]
fn what_an_object_says_on_a_dependency_stands_on_that_edge_alone() {
    let object = json!({"metadata": {"namespace": "apps", "name": "shop"}, "spec": {"dependsOn": [
        {"name": "db", "namespace": "data", "readyExpr": "dep.status.ok"}, {"name": "mesh"}]}});
    let details = Details::read(Kind::KUSTOMIZATION, &object);
    let world = World(vec![
        Arc::new(details.row.clone()),
        row("data/db", State::Ready, &[]),
        row("apps/mesh", State::Ready, &["data/db"]),
    ]);
    let mut graph = world.graph("apps/shop");
    assert_eq!(graph.dependants(), [&key("apps/shop"), &key("apps/mesh")]);
    graph.note_expressions(&key("apps/shop"), &details.settings.depends_on);
    let said: Vec<_> = graph.edges.iter().filter(|edge| !edge.ready_expr.is_empty()).collect();
    assert_eq!(said.len(), 1);
    assert_eq!(
        (&graph.nodes[said[0].from].key, said[0].to, &*said[0].ready_expr),
        (&key("data/db"), 0, "dep.status.ok")
    );
}
