//! The way from an object to what explains it. Each function looks at one thing, and returns nothing as long as
//! something has to be looked up for it, or if there is nothing wrong with it.

mod branch;
mod claim;
mod container;
mod deletion;
pub(super) mod flux;
mod members;
mod pod;
mod release;
pub(super) mod words;
mod workload;

use std::collections::BTreeSet;

pub(super) use branch::Branch;

use super::{Cause, Evidence, Finding, Gap, Link, Lookup};
use crate::ObjectKey;

/// One look at the evidence.
pub(super) struct Walk<'a> {
    evidence: &'a Evidence,
    /// What has to be looked up to go on.
    pub(super) needs: BTreeSet<Lookup>,
    /// The objects of Flux on the way, against going in circles.
    path: Vec<ObjectKey>,
}

/// What there is of a thing that was looked up.
enum Sight<'a> {
    There(&'a serde_json::Value),
    Missing,
    /// It cannot be seen; why.
    Hidden(Gap),
}

impl<'a> Walk<'a> {
    /// The most objects of Flux on one way.
    pub(super) const DEPTH: usize = 6;

    pub(super) fn new(evidence: &'a Evidence) -> Self {
        Self { evidence, needs: BTreeSet::new(), path: Vec::new() }
    }

    /// What is known of a thing; nothing if it has to be looked up, which is noted.
    fn see(&mut self, lookup: Lookup) -> Option<Sight<'a>> {
        let what = lookup.what();
        match self.evidence.get(&lookup) {
            Some(Finding::Found(value)) => Some(Sight::There(value)),
            Some(Finding::Missing) => Some(Sight::Missing),
            Some(Finding::Denied) => {
                Some(Sight::Hidden(Gap { said: format!("you may not read {what}"), right: Some(lookup.deed()) }))
            }
            Some(Finding::NotLent) => {
                let said = format!("Fanlight may not read {what} for you");
                Some(Sight::Hidden(Gap { said, right: Some(lookup.deed()) }))
            }
            Some(Finding::Unanswered) => Some(Sight::Hidden(Gap::new(format!("{what} could not be read")))),
            None => {
                self.needs.insert(lookup);
                None
            }
        }
    }

    /// The best of several ways, the first of those that are as good.
    fn best(branches: impl IntoIterator<Item = Branch>) -> Option<Branch> {
        branches.into_iter().reduce(
            |best, other| {
                if other.end.cause.weight() > best.end.cause.weight() { other } else { best }
            },
        )
    }
}
