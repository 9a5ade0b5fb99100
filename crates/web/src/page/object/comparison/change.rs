//! Single facts and conditions, before and after.

use fanlight_model::{ConditionEntry, short_revision};

use super::version::fact;
use crate::versions::Hidden;

/// A fact of both versions.
pub(in crate::page::object) struct FactChange {
    pub(in crate::page::object) name: &'static str,
    pub(in crate::page::object) before: Told,
    pub(in crate::page::object) after: Told,
    pub(in crate::page::object) differs: bool,
}

/// A value, short and whole.
pub(in crate::page::object) struct Told {
    pub(in crate::page::object) short: String,
    pub(in crate::page::object) full: String,
}

/// A condition that is not the same in both versions.
pub(in crate::page::object) struct ConditionChange {
    pub(in crate::page::object) kind: String,
    /// `added`, `removed`, `changed`.
    pub(in crate::page::object) word: &'static str,
    pub(in crate::page::object) before: String,
    pub(in crate::page::object) after: String,
}

impl FactChange {
    /// Facts that either version has.
    pub(super) fn all(before: &[(&'static str, String)], after: &[(&'static str, String)]) -> Vec<Self> {
        let mut names: Vec<&'static str> = Vec::new();
        for (name, _) in before.iter().chain(after) {
            if !names.contains(name) {
                names.push(name);
            }
        }
        let change = |name: &'static str| {
            let (before, after) = (fact(before, name), fact(after, name));
            let differs = matches!((before, after), (Some(one), Some(other)) if one != other);
            let is_said = [before, after].into_iter().flatten().any(|value| !value.is_empty());
            is_said.then(|| Self { name, before: Told::of(before), after: Told::of(after), differs })
        };
        names.into_iter().filter_map(change).collect()
    }
}

impl Told {
    fn of(value: Option<&str>) -> Self {
        match value {
            None => Self { short: "not known".to_owned(), full: String::new() },
            Some("") => Self { short: "none".to_owned(), full: String::new() },
            Some(value) => Self { short: short_revision(value), full: value.to_owned() },
        }
    }
}

impl ConditionChange {
    /// The conditions that differ, and how many do not.
    pub(super) fn all(before: &[ConditionEntry], after: &[ConditionEntry]) -> (Vec<Self>, usize) {
        let of = |entries: &[ConditionEntry], kind: &str| entries.iter().find(|entry| entry.kind == kind).map(told);
        let mut kinds: Vec<&String> = Vec::new();
        for entry in after.iter().chain(before) {
            if !kinds.contains(&&entry.kind) {
                kinds.push(&entry.kind);
            }
        }
        let all = kinds.len();
        let change = |kind: &String| {
            let (before, after) = (of(before, kind), of(after, kind));
            let word = match (&before, &after) {
                (None, _) => "added",
                (_, None) => "removed",
                (one, other) if one != other => "changed",
                _ => return None,
            };
            let [before, after] = [before, after].map(Option::unwrap_or_default);
            Some(Self { kind: kind.clone(), word, before, after })
        };
        let changes: Vec<_> = kinds.into_iter().filter_map(change).collect();
        let same = all - changes.len();
        (changes, same)
    }
}

fn told(entry: &ConditionEntry) -> String {
    let words = [entry.status.as_str(), &entry.reason, &entry.message].into_iter().filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join(" · ")
}

/// Where values are hidden, and whether they are others in the second version: not which they are.
pub(super) fn hidden(before: &[Hidden], after: &[Hidden]) -> Vec<(String, &'static str)> {
    let of = |all: &'_ [Hidden], path: &str| all.iter().position(|one| *one.path == *path);
    let removed =
        before.iter().filter(|one| of(after, &one.path).is_none()).map(|one| (one.path.to_string(), "removed"));
    let others = after.iter().filter_map(|one| match of(before, &one.path) {
        None => Some((one.path.to_string(), "added")),
        Some(place) if before[place] != *one => Some((one.path.to_string(), "changed")),
        Some(_) => None,
    });
    others.chain(removed).collect()
}
