//! Why the object in the middle waits.

use std::collections::VecDeque;

use super::{Bond, Edge, Glimpse, Node};
use crate::{Family, State};

/// Marks every edge of the way from the object to what it waits for in the end; says one such way, the shortest.
pub(super) fn mark(nodes: &[Node], edges: &mut [Edge]) -> Vec<usize> {
    let mut came_from = vec![None; nodes.len()];
    let mut queue = VecDeque::from([0]);
    let (mut end, mut last) = (None, 0);
    while let Some(number) = queue.pop_front() {
        last = number;
        let held = holders(nodes, edges, number);
        if held.is_empty() {
            end = end.or(Some(number));
        }
        for edge in held {
            edges[edge].holds_up = true;
            let other = edges[edge].from;
            if other != 0 && came_from[other].is_none() {
                came_from[other] = Some(number);
                queue.push_back(other);
            }
        }
    }
    // In a circle nobody is the end: the way goes once around, or as far as the circle that is not its own.
    let around = || edges.iter().find(|edge| edge.holds_up && edge.from == 0).map(|edge| edge.to);
    match end.or_else(around).unwrap_or(last) {
        0 => Vec::new(),
        end => way(&came_from, end),
    }
}

/// The edges by which others hold an object up. Where nobody in sight does, it may be somebody out of sight.
fn holders(nodes: &[Node], edges: &[Edge], number: usize) -> Vec<usize> {
    let node = &nodes[number];
    let waits = node.state() == Some(State::Waiting);
    // A chart fails by its repository, and does not say that it waits.
    let is_source = node.key.kind.info().family == Family::Source && node.holds_up();
    let counts = |edge: &Edge| edge.to == number && (waits || (is_source && edge.bond != Bond::Dependency));
    let which = |holds_up: &dyn Fn(&Node) -> bool| -> Vec<usize> {
        let all = edges.iter().enumerate();
        all.filter(|(_, edge)| counts(edge) && holds_up(&nodes[edge.from])).map(|(edge, _)| edge).collect()
    };
    let in_sight = which(&Node::holds_up);
    if !in_sight.is_empty() {
        return in_sight;
    }
    let suspended = which(&|node| node.state() == Some(State::Suspended));
    if !suspended.is_empty() {
        return suspended;
    }
    which(&|node| matches!(node.glimpse, Glimpse::Hidden))
}

fn way(came_from: &[Option<usize>], end: usize) -> Vec<usize> {
    let mut way = vec![end];
    while let Some(before) = came_from[way[way.len() - 1]] {
        way.push(before);
    }
    way.reverse();
    way
}
