use std::sync::Arc;

use fanlight_model::{Kind, Row, State};

use crate::{Freshness, Sight};

/// What there is of several kinds in few words, as one viewer may see it at one moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Summary {
    /// For each kind of which anything is in sight, its rows by [`State::index`]; in the order in which they were asked for.
    pub kinds: Vec<(Kind, Counts)>,
    /// How many namespaces have any of it.
    pub namespaces: usize,
    /// What failed or gave up, the newest first, not more than asked for.
    pub failing: Vec<Arc<Row>>,
    /// What became as it is last, the newest first, not more than asked for; without what is in `failing`.
    pub latest: Vec<Arc<Row>>,
    /// Where what is in Git begins, the oldest first: not more than [`Summary::ROOTS`].
    pub roots: Vec<Arc<Row>>,
    /// How many more look like that.
    pub more_roots: usize,
    /// For each asked kind, how far the viewer sees.
    pub sights: Vec<(Kind, Sight)>,
    /// Whether this is what the API server has at this moment.
    pub freshness: Freshness,
}

/// How many rows are in each state, by [`State::index`].
pub type Counts = [usize; State::ALL.len()];

impl Summary {
    /// How many roots are named: more are not usual, and whoever may label objects can make any number look like one.
    pub const ROOTS: usize = 3;

    /// The rows of all kinds together.
    pub fn total(&self) -> Counts {
        let add = |total: Counts, counts: &Counts| std::array::from_fn(|state| total[state] + counts[state]);
        self.kinds.iter().fold(Counts::default(), |total, (_, counts)| add(total, counts))
    }
}
