use super::Glimpse;
use crate::{ObjectKey, State};

/// An object among others.
#[derive(Debug, Clone)]
pub struct Node {
    /// Which.
    pub key: ObjectKey,
    /// What is known of it.
    pub glimpse: Glimpse,
    /// Where it stands.
    pub side: Side,
    /// How many steps it is away from the object in the middle.
    pub steps: usize,
}

/// Where an object stands with regard to the one in the middle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Side {
    /// It is the one in the middle.
    Own,
    /// The one in the middle needs it.
    Needed,
    /// It needs the one in the middle.
    Needing,
}

impl Node {
    /// Its state, if it is in sight.
    pub fn state(&self) -> Option<State> {
        match &self.glimpse {
            Glimpse::Seen(row) => Some(row.state),
            _ => None,
        }
    }

    /// Whether nothing that needs it can go on, as far as is known.
    pub(super) fn holds_up(&self) -> bool {
        match &self.glimpse {
            Glimpse::Absent | Glimpse::NotInstalled => true,
            Glimpse::Hidden | Glimpse::Unknown => false,
            Glimpse::Seen(row) => !row.state.is_as_wanted(),
        }
    }
}
