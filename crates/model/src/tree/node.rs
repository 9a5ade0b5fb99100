use super::{Standing, Thing};
use crate::{Gap, ObjectKey};

/// What an object applied, and what that runs, in the order in which a list in lists has them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tree {
    /// The parts: each after what owns it, and before the next one of the same owner. The first is the object itself.
    pub nodes: Vec<TreeNode>,
    /// What may lack because it was not read, each said once.
    pub gaps: Vec<Gap>,
    /// The Secrets of Helm in which it was read what releases consist of, as `namespace/name`.
    pub secrets: Vec<String>,
}

/// A part of a [`Tree`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TreeNode {
    /// Tells it from all others of the tree, and is the same the next time; a few letters and digits.
    pub id: String,
    /// What it is.
    pub thing: Thing,
    /// How it is.
    pub standing: Standing,
    /// What else there is to say; may be empty.
    pub note: String,
    /// The images of its containers, if it is a workload.
    pub images: Vec<String>,
    /// The place of what owns it among the nodes; the object itself has none.
    pub parent: Option<usize>,
    /// How many owners it has in a row.
    pub depth: usize,
    /// Whether it is in the tree already, further up or before, and not followed again.
    pub again: bool,
}

impl TreeNode {
    /// Its key, if it is of a kind of Flux.
    pub fn key(&self) -> Option<ObjectKey> {
        self.thing.key()
    }
}

impl Tree {
    /// How many parts are not as they should be.
    pub fn unhealthy(&self) -> usize {
        self.nodes.iter().filter(|node| node.standing.is_unhealthy()).count()
    }
}
