use std::collections::HashMap;

use super::{Bond, Glimpse, Node, Side};
use crate::ObjectKey;

/// That one object waits for another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edge {
    /// Number of the node that is needed.
    pub from: usize,
    /// Number of the node that needs it.
    pub to: usize,
    /// How it does.
    pub bond: Bond,
    /// What the needed one is tried by, if that is not the usual; empty where it is, or nobody looked.
    pub ready_expr: Box<str>,
    /// Whether it is part of a circle, in which everybody waits for ever.
    pub circular: bool,
    /// Whether it is a part of why the object in the middle waits.
    pub holds_up: bool,
}

/// Who needs whom among these: on one side of the object in the middle, since what crosses it says nothing of it.
pub(super) fn between(nodes: &[Node]) -> Vec<Edge> {
    let numbers: HashMap<&ObjectKey, usize> =
        nodes.iter().enumerate().map(|(number, node)| (&node.key, number)).collect();
    let mut edges = Vec::new();
    for (to, node) in nodes.iter().enumerate() {
        let Glimpse::Seen(row) = &node.glimpse else { continue };
        for (key, bond) in row.needs() {
            let Some(from) = numbers.get(&key).copied() else { continue };
            let sides = [nodes[from].side, node.side];
            let crosses = sides.contains(&Side::Needed) && sides.contains(&Side::Needing);
            if !crosses && !edges.iter().any(|edge: &Edge| (edge.from, edge.to) == (from, to)) {
                edges.push(Edge { from, to, bond, ready_expr: Box::default(), circular: false, holds_up: false });
            }
        }
    }
    without_shortcuts(nodes, &edges)
}

/// A release names the repository that its chart is taken from; where the chart itself is in sight, the way is over that.
fn without_shortcuts(nodes: &[Node], edges: &[Edge]) -> Vec<Edge> {
    let is_seen = |number: usize| matches!(nodes[number].glimpse, Glimpse::Seen(_));
    let over_a_chart = |edge: &Edge| {
        let charts = edges.iter().filter(|one| one.to == edge.to && one.bond == Bond::Chart && is_seen(one.from));
        charts.into_iter().any(|chart| edges.iter().any(|one| (one.from, one.to) == (edge.from, chart.from)))
    };
    edges.iter().filter(|edge| edge.bond != Bond::Source || !over_a_chart(edge)).cloned().collect()
}
