//! Small numbers for namespaces, so that a viewer's cut is a set of bits; for tenants too, so that counting them touches no
//! texts.

use std::{collections::HashMap, sync::Arc};

/// The number of a namespace that has rows. Numbers are used again when the last row is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Space(u32);

#[derive(Debug, Default)]
pub(super) struct Spaces {
    numbers: HashMap<Arc<str>, Space>,
    /// Their numbers, in the order of their names.
    sorted: Vec<Space>,
    entries: slab::Slab<(Arc<str>, usize)>,
}

impl Spaces {
    /// Notes one more row in the namespace.
    #[expect(clippy::cast_possible_truncation, reason = "no cluster has four thousand million namespaces")]
    pub(super) fn enter(&mut self, namespace: &Arc<str>) -> Space {
        let space = match self.numbers.get(namespace) {
            Some(space) => *space,
            None => {
                let space = Space(self.entries.insert((Arc::clone(namespace), 0)) as u32);
                self.numbers.insert(Arc::clone(namespace), space);
                self.sorted.insert(self.place(namespace), space);
                space
            }
        };
        self.entries[space.index()].1 += 1;
        space
    }

    /// Notes one row less.
    pub(super) fn leave(&mut self, space: Space) {
        let (namespace, rows) = &mut self.entries[space.index()];
        *rows -= 1;
        if *rows == 0 {
            let namespace = Arc::clone(namespace);
            self.sorted.remove(self.place(&namespace));
            self.numbers.remove(&namespace);
            self.entries.remove(space.index());
        }
    }

    /// Where a name belongs among the sorted ones.
    fn place(&self, namespace: &str) -> usize {
        self.sorted.partition_point(|other| *self.entries[other.index()].0 < *namespace)
    }

    /// The number of a namespace, if it has rows.
    pub(super) fn number(&self, namespace: &str) -> Option<Space> {
        self.numbers.get(namespace).copied()
    }

    /// The shared copy of a namespace's name, if it has rows.
    pub(super) fn name(&self, namespace: &str) -> Option<Arc<str>> {
        self.numbers.get_key_value(namespace).map(|(name, _)| Arc::clone(name))
    }

    /// Every namespace that has rows, by name.
    pub(super) fn iter(&self) -> impl Iterator<Item = (Space, &Arc<str>)> {
        self.sorted.iter().map(|space| (*space, &self.entries[space.index()].0))
    }

    /// The names of those that are counted, sorted; `counts` is by number.
    pub(super) fn counted(&self, counts: &[usize]) -> Vec<(Arc<str>, usize)> {
        let counted = self.iter().map(|(space, name)| (name, counts[space.index()])).filter(|(_, rows)| *rows > 0);
        counted.map(|(name, rows)| (Arc::clone(name), rows)).collect()
    }

    /// The set of those of these names that have rows; of all names if there are none of these.
    pub(super) fn wanted(&self, names: &[String]) -> SpaceSet {
        if names.is_empty() {
            return SpaceSet::All;
        }
        let mut wanted = SpaceSet::none(self.bound());
        names.iter().filter_map(|name| self.number(name)).for_each(|space| wanted.add(space));
        wanted
    }

    /// One more than the highest number in use.
    pub(super) fn bound(&self) -> usize {
        self.entries.capacity()
    }
}

impl Space {
    pub(super) fn index(self) -> usize {
        self.0 as usize
    }
}

/// A set of namespaces.
#[derive(Debug, Clone)]
pub(super) enum SpaceSet {
    All,
    Some(Vec<u64>),
}

impl SpaceSet {
    /// The empty set for numbers below `bound`.
    pub(super) fn none(bound: usize) -> Self {
        SpaceSet::Some(vec![0; bound.div_ceil(64)])
    }

    pub(super) fn add(&mut self, space: Space) {
        if let SpaceSet::Some(words) = self {
            words[space.index() / 64] |= 1 << (space.index() % 64);
        }
    }

    /// Whether it has what may be none; only the set of all has that.
    pub(super) fn has_maybe(&self, space: Option<Space>) -> bool {
        space.map_or(matches!(self, SpaceSet::All), |space| self.has(space))
    }

    pub(super) fn has(&self, space: Space) -> bool {
        match self {
            SpaceSet::All => true,
            SpaceSet::Some(words) => words[space.index() / 64] & (1 << (space.index() % 64)) != 0,
        }
    }
}
