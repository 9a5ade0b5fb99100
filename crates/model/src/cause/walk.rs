//! The way from an object to what explains it. Each function looks at one thing, and returns nothing as long as
//! something has to be looked up for it, or if there is nothing wrong with it.

mod branch;
mod claim;
mod container;
mod deletion;
pub(super) mod flux;
mod labelled;
mod members;
mod namespace;
mod other;
mod pod;
mod release;
pub(super) mod words;
mod workload;

use std::{borrow::Cow, collections::BTreeSet};

pub(super) use branch::Branch;

use super::{ApiResource, Cause, Evidence, Finding, Gap, Link, Lookup};
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

/// What there is of a kind.
enum Served {
    As(Cow<'static, ApiResource>),
    /// It is not installed, or nobody is to look at it, or it is not known which one is meant.
    Not,
    /// It cannot be found out; why.
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
                Some(Sight::Hidden(Gap { said: format!("you may not read {what}"), right: lookup.deed() }))
            }
            Some(Finding::NotLent) => {
                let said = format!("Fanlight may not read {what} for you");
                Some(Sight::Hidden(Gap { said, right: lookup.deed() }))
            }
            Some(Finding::Unanswered) => Some(Sight::Hidden(Gap::new(format!("{what} could not be read")))),
            None => {
                self.needs.insert(lookup);
                None
            }
        }
    }

    /// How the objects of a kind are read; nothing if that has to be looked up, which is noted.
    fn served(&mut self, group: Option<&str>, kind: &str) -> Option<Served> {
        if let Some(builtin) = ApiResource::builtin(kind, group) {
            return Some(Served::As(Cow::Borrowed(builtin)));
        }
        if ApiResource::is_secret(group.unwrap_or_default(), kind) {
            return Some(Served::Not);
        }
        let lookup = Lookup::Kind { group: group.map(ToOwned::to_owned), kind: kind.to_owned() };
        Some(match self.see(lookup)? {
            Sight::There(found) => ApiResource::found(found).map_or(Served::Not, |kind| Served::As(Cow::Owned(kind))),
            Sight::Missing => Served::Not,
            Sight::Hidden(gap) => Served::Hidden(gap),
        })
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
