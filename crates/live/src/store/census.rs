//! How many rows there are of each sort, kept up as they come and go: so that counting them for a viewer takes a look at each
//! namespace and tenant, and not at each row.

use std::collections::HashMap;

use fanlight_model::{Kind, State};

use super::{
    shelf::Entry,
    spaces::{Space, SpaceSet},
};

/// Numbers of rows by [`State::index`].
pub(super) type States = [usize; State::ALL.len()];

/// All rows by kind, namespace and tenant.
#[derive(Debug, Default)]
pub(super) struct Census([HashMap<Place, States>; Kind::COUNT]);

/// Where rows of a kind are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Place {
    pub(super) space: Space,
    pub(super) tenant: Option<Space>,
}

impl Census {
    /// Counts a row.
    pub(super) fn enter(&mut self, entry: &Entry) {
        self.0[entry.kind.index()].entry(entry.place).or_default()[entry.state.index()] += 1;
    }

    /// Counts a row no longer.
    pub(super) fn leave(&mut self, entry: &Entry) {
        let places = &mut self.0[entry.kind.index()];
        let Some(states) = places.get_mut(&entry.place) else { return };
        states[entry.state.index()] -= 1;
        if states.iter().all(|rows| *rows == 0) {
            places.remove(&entry.place);
        }
    }

    /// What the cuts leave in sight.
    pub(super) fn within(
        &self,
        cuts: &[Option<SpaceSet>; Kind::COUNT],
    ) -> impl Iterator<Item = (Kind, Place, &States)> {
        Kind::all().filter_map(|kind| Some((kind, cuts[kind.index()].as_ref()?))).flat_map(move |(kind, cut)| {
            let places = self.0[kind.index()].iter().filter(|(place, _)| cut.has(place.space));
            places.map(move |(place, states)| (kind, *place, states))
        })
    }
}
