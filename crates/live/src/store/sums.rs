//! What is in sight of one viewer, in numbers, and how much of it they ask for.

use fanlight_model::{Kind, Query, State};

use super::{
    census::{Census, Place, States},
    searches::Found,
    spaces::SpaceSet,
};

/// A query, with its names as numbers.
pub(super) struct Asked<'a> {
    pub(super) query: &'a Query,
    pub(super) spaces: SpaceSet,
    pub(super) tenants: SpaceSet,
    /// Where its words are, if it has any.
    pub(super) found: Option<Found<'a>>,
}

impl Asked<'_> {
    /// Whether rows of this kind in this place fit, whatever their states and words.
    pub(super) fn wants(&self, kind: Kind, Place { space, tenant }: Place) -> bool {
        self.query.wants_kind(kind) && self.spaces.has(space) && self.tenants.has_maybe(tenant)
    }
}

/// Numbers of rows.
pub(super) struct Sums {
    pub(super) all: usize,
    pub(super) kinds: [usize; Kind::COUNT],
    pub(super) spaces: Vec<usize>,
    pub(super) tenants: Vec<usize>,
    /// What fits everything in the query but its states.
    pub(super) states: States,
    /// What fits everything.
    pub(super) matching: usize,
    /// The same by kind.
    pub(super) found: [usize; Kind::COUNT],
}

impl Sums {
    /// What the cuts leave in sight. What words are found in must be counted row by row: [`Self::fit`].
    pub(super) fn of(
        census: &Census,
        cuts: &[Option<SpaceSet>; Kind::COUNT],
        asked: &Asked<'_>,
        [spaces, tenants]: [usize; 2],
    ) -> Self {
        let kinds = [0; Kind::COUNT];
        let [spaces, tenants] = [spaces, tenants].map(|bound| vec![0; bound]);
        let mut sums = Self { all: 0, kinds, spaces, tenants, states: States::default(), matching: 0, found: kinds };
        for (kind, place, states) in census.within(cuts) {
            sums.see(kind, place, states);
            if asked.found.is_none() && asked.wants(kind, place) {
                State::ALL.into_iter().for_each(|state| sums.fit(asked.query, kind, state, states[state.index()]));
            }
        }
        sums
    }

    /// Sums what is in sight in a place.
    fn see(&mut self, kind: Kind, place: Place, states: &States) {
        let rows: usize = states.iter().sum();
        self.all += rows;
        self.kinds[kind.index()] += rows;
        self.spaces[place.space.index()] += rows;
        place.tenant.into_iter().for_each(|tenant| self.tenants[tenant.index()] += rows);
    }

    /// Sums rows that fit everything in the query but its states, and perhaps those too.
    pub(super) fn fit(&mut self, query: &Query, kind: Kind, state: State, rows: usize) {
        self.states[state.index()] += rows;
        if query.wants_state(state) {
            self.matching += rows;
            self.found[kind.index()] += rows;
        }
    }
}
