use std::time::SystemTime;

use fanlight_model::{Deed, Edge, Glimpse, Graph, Node, ObjectKey, Side};

use crate::{frame::Frame, place, status::StatusView, when};

/// An object of the list.
pub(in crate::page::object) struct Entry {
    pub(in crate::page::object) status: StatusView,
    pub(in crate::page::object) kind: &'static str,
    pub(in crate::page::object) name: String,
    pub(in crate::page::object) link: Option<String>,
    pub(in crate::page::object) since: Option<(String, String)>,
    /// What it says of itself.
    pub(in crate::page::object) said: String,
    /// How it is needed, or needs others.
    pub(in crate::page::object) bonds: Vec<BondView>,
    /// Whether it is a part of why the object in the middle waits.
    pub(in crate::page::object) is_held: bool,
    /// Where it says which right is missing to see it.
    pub(in crate::page::object) missing: Option<String>,
}

/// How one object needs another.
pub(in crate::page::object) struct BondView {
    pub(in crate::page::object) words: String,
    pub(in crate::page::object) ready_expr: String,
    pub(in crate::page::object) is_circular: bool,
}

impl Entry {
    pub(super) fn of(frame: &Frame, graph: &Graph, number: usize, now: SystemTime) -> Self {
        let node = &graph.nodes[number];
        let row = match &node.glimpse {
            Glimpse::Seen(row) => Some(row),
            _ => None,
        };
        let status = status(node);
        let said = row.map(|row| row.sentence.to_string()).filter(|said| said != status.word).unwrap_or_default();
        Self {
            status,
            kind: node.key.kind.info().name,
            name: name(&node.key),
            link: place::object(&frame.base, &node.key, "dependencies"),
            since: row.and_then(|row| when::since(row.since, now)),
            said,
            bonds: bonds(graph, number),
            is_held: Self::is_held(graph, number),
            missing: matches!(node.glimpse, Glimpse::Hidden).then(|| missing(frame, &node.key)),
        }
    }

    pub(super) fn is_held(graph: &Graph, number: usize) -> bool {
        graph.edges.iter().any(|edge| edge.holds_up && edge.from == number)
    }
}

/// Which objects need one that is needed, or which ones one needs that needs others.
fn bonds(graph: &Graph, number: usize) -> Vec<BondView> {
    /// More say nothing more.
    const MOST: usize = 6;
    let view = |words: String, edge: &Edge| BondView {
        words,
        ready_expr: edge.ready_expr.to_string(),
        is_circular: edge.circular,
    };
    let of = |number: usize| if number == 0 { "it".to_owned() } else { name(&graph.nodes[number].key) };
    let edges = graph.edges.iter();
    match graph.nodes[number].side {
        Side::Own => Vec::new(),
        Side::Needed => {
            let edges = edges.filter(|edge| edge.from == number).take(MOST);
            edges.map(|edge| view(format!("{} {} this", of(edge.to), edge.bond.words()), edge)).collect()
        }
        Side::Needing => {
            let edges = edges.filter(|edge| edge.to == number).take(MOST);
            edges.map(|edge| view(format!("{} {}", edge.bond.words(), of(edge.from)), edge)).collect()
        }
    }
}

pub(super) fn name(key: &ObjectKey) -> String {
    format!("{}/{}", key.namespace, key.name)
}

/// What is said of the state of an object, seen or not.
pub(super) fn status(node: &Node) -> StatusView {
    let unseen = |class, word| StatusView { class, word, spins: false };
    match &node.glimpse {
        Glimpse::Seen(row) => StatusView::of(row.state),
        Glimpse::Absent => unseen("failed", "Not there"),
        Glimpse::NotInstalled => unseen("failed", "Kind not installed"),
        Glimpse::Hidden => unseen("quiet", "You may not see it"),
        Glimpse::Unknown => unseen("quiet", "Not known so far"),
    }
}

fn missing(frame: &Frame, key: &ObjectKey) -> String {
    let (info, verb) = (key.kind.info(), "list".to_owned());
    let (group, resource, namespace) = (info.group.to_owned(), info.plural.to_owned(), key.namespace.to_string());
    place::may(&frame.base, &Deed { verb, group, resource, namespace, ..Deed::default() })
}
