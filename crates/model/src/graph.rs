//! What an object waits for, and what waits for it.
//!
//! ```text
//!   Row::needs() ──► gather (both ways, bounded) ──► nodes ──► edges ──► circles, the chain that it waits by ──► Layout
//! ```

mod bond;
mod chain;
mod circles;
mod edge;
mod gather;
mod glimpse;
mod layout;
mod node;
mod order;
mod surroundings;

use std::{collections::BTreeSet, sync::Arc};

pub use bond::Bond;
pub use edge::Edge;
pub use glimpse::Glimpse;
pub use layout::{Layout, Place, Wire};
pub use node::{Node, Side};
pub use surroundings::Surroundings;

use crate::{Dependency, Kind, ObjectKey, Row};
use gather::Gathered;

/// An object among those that it waits for, and those that wait for it, as far as somebody may see them.
#[derive(Debug, Clone, Default)]
pub struct Graph {
    /// The objects; the first is the one that it is about.
    pub nodes: Vec<Node>,
    /// Who waits for whom.
    pub edges: Vec<Edge>,
    /// How many more it needs at least that were left out.
    pub more_needed: usize,
    /// How many more need it at least that were left out.
    pub more_needing: usize,
    /// The way to what it waits for in the end: numbers of nodes, itself first; empty if it does not wait.
    pub chain: Vec<usize>,
}

impl Graph {
    /// How many steps it goes in each direction.
    pub const DEPTH: usize = 12;
    /// How many objects there are at most in each direction.
    pub const MOST: usize = 100;

    /// What there is around an object.
    pub fn around(own: &Arc<Row>, surroundings: &impl Surroundings) -> Self {
        let Gathered { nodes, more_needed, more_needing } = gather::gather(own, surroundings);
        let mut edges = edge::between(&nodes);
        circles::mark(nodes.len(), &mut edges);
        let chain = chain::mark(&nodes, &mut edges);
        Self { nodes, edges, more_needed, more_needing, chain }
    }

    /// Notes what an object itself says on its dependencies: which are only ready if an expression holds.
    pub fn note_expressions(&mut self, key: &ObjectKey, dependencies: &[Dependency]) {
        let Self { nodes, edges, .. } = self;
        let by_it = edges.iter_mut().filter(|edge| edge.bond == Bond::Dependency && nodes[edge.to].key == *key);
        for edge in by_it {
            let needed = &nodes[edge.from].key;
            let named = dependencies.iter().find(|one| one.key(key.kind) == *needed);
            edge.ready_expr = named.map(|one| one.ready_expr.as_str().into()).unwrap_or_default();
        }
    }

    /// Which objects may have expressions, those nearest to the middle first.
    pub fn dependants(&self) -> Vec<&ObjectKey> {
        let mut numbers: Vec<_> =
            self.edges.iter().filter(|edge| edge.bond == Bond::Dependency).map(|edge| edge.to).collect();
        numbers.sort_unstable_by_key(|number| (self.nodes[*number].steps, *number));
        numbers.dedup();
        numbers.into_iter().map(|number| &self.nodes[number].key).collect()
    }

    /// The kinds of objects of which nobody has looked whether they are there.
    pub fn unknown_kinds(&self) -> BTreeSet<Kind> {
        let unknown = self.nodes.iter().filter(|node| matches!(node.glimpse, Glimpse::Unknown));
        unknown.map(|node| node.key.kind).collect()
    }

    /// The nodes on one side.
    pub fn on(&self, side: Side) -> impl Iterator<Item = (usize, &Node)> {
        self.nodes.iter().enumerate().filter(move |(_, node)| node.side == side)
    }
}

#[cfg(test)]
mod tests;
