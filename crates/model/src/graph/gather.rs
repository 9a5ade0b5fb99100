//! Which objects there are around one.

use std::{collections::HashSet, sync::Arc};

use super::{Glimpse, Graph, Node, Side, Surroundings};
use crate::{ObjectKey, Row};

/// The objects that were found, the one in the middle first, and how many were left out.
pub(super) struct Gathered {
    pub(super) nodes: Vec<Node>,
    pub(super) more_needed: usize,
    pub(super) more_needing: usize,
}

pub(super) fn gather(own: &Arc<Row>, surroundings: &impl Surroundings) -> Gathered {
    let middle = Node { key: own.key.clone(), glimpse: Glimpse::Seen(Arc::clone(own)), side: Side::Own, steps: 0 };
    let mut known = HashSet::from([own.key.clone()]);
    let mut nodes = vec![middle];
    let more_needed = needed(own, surroundings, &mut known, &mut nodes);
    let more_needing = needing(own, surroundings, &mut known, &mut nodes);
    Gathered { nodes, more_needed, more_needing }
}

/// Adds what the object needs, step by step.
fn needed(
    own: &Arc<Row>,
    surroundings: &impl Surroundings,
    known: &mut HashSet<ObjectKey>,
    nodes: &mut Vec<Node>,
) -> usize {
    let mut room = Graph::MOST;
    let mut outermost = vec![Arc::clone(own)];
    for steps in 1.. {
        let named = outermost.iter().flat_map(|row| row.needs()).map(|(key, _)| key);
        let mut new: Vec<_> = named.filter(|key| known.insert(key.clone())).collect();
        let left = cut(&mut new, steps, &mut room);
        if new.is_empty() {
            return left;
        }
        outermost.clear();
        for (key, glimpse) in new.iter().zip(surroundings.glimpses(&new)) {
            if let Glimpse::Seen(row) = &glimpse {
                outermost.push(Arc::clone(row));
            }
            nodes.push(Node { key: key.clone(), glimpse, side: Side::Needed, steps });
        }
        if left > 0 {
            return left;
        }
    }
    0
}

/// Adds what needs the object, step by step; where there are too many, those in trouble first.
fn needing(
    own: &Arc<Row>,
    surroundings: &impl Surroundings,
    known: &mut HashSet<ObjectKey>,
    nodes: &mut Vec<Node>,
) -> usize {
    let mut room = Graph::MOST;
    let mut outermost = HashSet::from([own.key.clone()]);
    for steps in 1.. {
        let mut new = surroundings.needing(&outermost);
        new.retain(|row| known.insert(row.key.clone()));
        new.sort_by(|one, other| (one.state, &one.key).cmp(&(other.state, &other.key)));
        let left = cut(&mut new, steps, &mut room);
        if new.is_empty() {
            return left;
        }
        outermost = new.iter().map(|row| row.key.clone()).collect();
        nodes.extend(new.into_iter().map(|row| Node {
            key: row.key.clone(),
            glimpse: Glimpse::Seen(row),
            side: Side::Needing,
            steps,
        }));
        if left > 0 {
            return left;
        }
    }
    0
}

/// Leaves what there is room for; says how many that are not.
fn cut<T>(new: &mut Vec<T>, steps: usize, room: &mut usize) -> usize {
    let kept = if steps > Graph::DEPTH { 0 } else { new.len().min(*room) };
    let left = new.len() - kept;
    new.truncate(kept);
    *room -= kept;
    left
}
