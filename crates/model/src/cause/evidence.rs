use std::collections::BTreeMap;

use serde_json::Value;

use super::Lookup;

/// What was found behind an object so far, all of it read in the name of whoever asks.
#[derive(Debug, Clone, Default)]
pub struct Evidence(BTreeMap<Lookup, Finding>);

/// What became of a [`Lookup`].
#[derive(Debug, Clone, PartialEq)]
pub enum Finding {
    /// An object, a list, or a text.
    Found(Value),
    /// There is no such thing.
    Missing,
    /// The person may not read it.
    Denied,
    /// Fanlight's account may not read it in the person's name.
    NotLent,
    /// It could not be read, or was one too many.
    Unanswered,
}

impl Evidence {
    /// Notes a finding.
    pub fn add(&mut self, lookup: Lookup, finding: Finding) {
        self.0.insert(lookup, finding);
    }

    /// What is known of a lookup.
    pub fn get(&self, lookup: &Lookup) -> Option<&Finding> {
        self.0.get(lookup)
    }

    /// How many lookups there are findings of.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether nothing was looked up.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
