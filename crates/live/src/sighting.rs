use std::time::Duration;

use fanlight_model::State;

/// A change of an object that was seen while somebody looked at objects of its kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sighting {
    /// How long ago it was seen.
    pub ago: Duration,
    /// The state before.
    pub from: State,
    /// The state since then.
    pub to: State,
    /// The revision applied before, if it was another one; empty if none was.
    pub before: Option<Box<str>>,
    /// The revision applied since then; empty if none is.
    pub revision: Box<str>,
    /// What a person would have said of it.
    pub sentence: Box<str>,
}
