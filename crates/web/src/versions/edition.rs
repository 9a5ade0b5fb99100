use std::{collections::HashSet, hash::RandomState, mem, sync::Arc, time::SystemTime};

use fanlight_model::{ConditionEntry, Details, History, InventoryEntry, State, cut};
use serde_json::Value;

use super::masks::{Hidden, Hiding, masked};
use crate::manifest;

/// A version of an object as far as it is kept.
#[derive(Debug)]
pub(crate) struct Edition {
    /// Its `resourceVersion`, of the newest read.
    pub(crate) version: u64,
    /// The `resourceVersion` of the first read: what it is called in addresses.
    pub(crate) id: u64,
    /// When it was seen first.
    pub(crate) seen: SystemTime,
    pub(crate) generation: i64,
    pub(crate) state: State,
    pub(crate) sentence: Box<str>,
    /// The revision that is applied, and the one that is tried.
    pub(crate) applied: Box<str>,
    pub(crate) attempted: Box<str>,
    /// What else is known of it by name.
    pub(crate) facts: Vec<(&'static str, String)>,
    pub(crate) conditions: Arc<[ConditionEntry]>,
    /// The members, one a line: [`member`].
    pub(crate) inventory: Kept,
    /// The specification without values, as YAML.
    pub(crate) settings: Kept,
    /// The values of a release, or what a set of resources is made with, as YAML.
    pub(crate) values: Kept,
    /// What is hidden in both.
    pub(crate) hidden: Arc<[Hidden]>,
}

/// A text, unless it is too long to be kept.
pub(super) type Kept = Option<Arc<str>>;

/// The longest text that is kept, and the longest list of members, in bytes.
const TEXT: usize = 64 << 10;
const INVENTORY: usize = 512 << 10;
/// The longest message of a condition that is kept.
const MESSAGE: usize = 1 << 10;
/// How many conditions are kept, and the longest of other texts.
const CONDITIONS: usize = 32;
const FACT: usize = 256;

impl Edition {
    /// Reads what is kept. Nothing secret is.
    pub(super) fn read(object: &Value, details: &Details, now: SystemTime, seal: &RandomState) -> Self {
        let row = &details.row;
        let mut spec = object["spec"].clone();
        let mut values = serde_json::Map::new();
        if let Some(spec) = spec.as_object_mut() {
            // What it makes is told by its inventory, and may be anything.
            for bulk in ["resources", "resourcesTemplate"] {
                spec.remove(bulk);
            }
            for name in ["values", "inputs"] {
                values.extend(spec.remove_entry(name));
            }
        }
        let values = match values.remove("values") {
            Some(own) => own,
            None if values.is_empty() => Value::Null,
            None => Value::Object(values),
        };
        let mut hiding = Hiding::new(seal);
        let settings = text(&masked(&spec, "spec", &mut hiding));
        let values = text(&masked(&values, "values", &mut hiding));
        let conditions = details.conditions.iter().take(CONDITIONS).map(|entry| ConditionEntry {
            message: cut(&entry.message, MESSAGE),
            reason: cut(&entry.reason, MESSAGE),
            ..entry.clone()
        });
        Self {
            version: row.version,
            id: row.version,
            seen: now,
            generation: details.generation,
            state: row.state,
            sentence: row.sentence.clone(),
            applied: row.revision.clone(),
            attempted: row.attempted.clone(),
            facts: facts(details),
            conditions: conditions.collect(),
            inventory: members(&details.inventory),
            settings,
            values,
            hidden: hiding.end().into(),
        }
    }

    /// The revision that it is about: the one that is tried, else the one that is applied.
    pub(crate) fn revision(&self) -> &str {
        if self.attempted.is_empty() { &self.applied } else { &self.attempted }
    }

    /// Whether it tells of the same as one that was seen before, only later.
    pub(super) fn replaces(&self, earlier: &Edition) -> bool {
        let is_on_the_way =
            matches!(earlier.state, State::Progressing | State::Waiting | State::NotReconciled | State::Deleting);
        let is_same = self.generation == earlier.generation && self.revision() == earlier.revision();
        is_same && (is_on_the_way || self.state == earlier.state)
    }

    /// It is what that one was called and known since.
    pub(super) fn continues(&mut self, earlier: &Edition) {
        (self.id, self.seen) = (earlier.id, earlier.seen);
    }

    /// Keeps once what is in both.
    pub(super) fn share(&mut self, earlier: &Edition) {
        let texts = [
            (&mut self.inventory, &earlier.inventory),
            (&mut self.settings, &earlier.settings),
            (&mut self.values, &earlier.values),
        ];
        for (own, other) in texts {
            if own == other {
                own.clone_from(other);
            }
        }
        if self.conditions == earlier.conditions {
            self.conditions = Arc::clone(&earlier.conditions);
        }
        if self.hidden == earlier.hidden {
            self.hidden = Arc::clone(&earlier.hidden);
        }
    }

    /// What it takes without what was `counted` of others.
    pub(super) fn bytes(&self, counted: &mut HashSet<usize>) -> usize {
        let mut once = |place: usize, bytes: usize| if counted.insert(place) { bytes } else { 0 };
        let texts = [&self.inventory, &self.settings, &self.values].into_iter().flatten();
        let texts: usize = texts.map(|text| once(text.as_ptr().addr(), text.len())).sum();
        let told = |entry: &ConditionEntry| {
            mem::size_of_val(entry) + entry.kind.len() + entry.reason.len() + entry.message.len()
        };
        let conditions = once(self.conditions.as_ptr().addr(), self.conditions.iter().map(told).sum());
        let hidden = once(self.hidden.as_ptr().addr(), self.hidden.iter().map(Hidden::bytes).sum());
        let facts: usize = self.facts.iter().map(|(_, value)| mem::size_of::<(&str, String)>() + value.len()).sum();
        mem::size_of::<Self>()
            + texts
            + conditions
            + hidden
            + facts
            + self.sentence.len()
            + self.applied.len()
            + self.attempted.len()
    }
}

fn text(value: &Value) -> Kept {
    let text = if value.is_null() { String::new() } else { manifest::plain(value) };
    (text.len() <= TEXT).then(|| text.into())
}

/// What the newest entry of its history says beyond state and revision.
fn facts(details: &Details) -> Vec<(&'static str, String)> {
    let facts = match &details.history {
        History::Builds(builds) => {
            let digest = builds.first().map(|build| build.digest.clone()).unwrap_or_default();
            vec![("Manifests", digest)]
        }
        History::Releases(releases) => releases.first().map(release_facts).unwrap_or_default(),
    };
    let facts = facts.into_iter().filter(|(_, value)| !value.is_empty());
    facts.map(|(name, value)| (name, cut(&value, FACT))).collect()
}

/// What one release is.
pub(crate) fn release_facts(release: &fanlight_model::ReleaseEntry) -> Vec<(&'static str, String)> {
    let number = if release.number > 0 { release.number.to_string() } else { String::new() };
    let chart = [&*release.chart, &release.version].join(" ").trim().to_owned();
    vec![("Helm revision", number), ("Chart", chart), ("App version", release.app_version.clone())]
}

fn members(inventory: &[InventoryEntry]) -> Kept {
    let mut lines: Vec<_> = inventory.iter().map(member).collect();
    lines.sort_unstable();
    let text = lines.join("\n");
    (text.len() <= INVENTORY).then(|| text.into())
}

/// A member as one line: kind, group, namespace, name, version, none of which has spaces.
fn member(entry: &InventoryEntry) -> String {
    let InventoryEntry { namespace, name, group, kind, version } = entry;
    format!("{kind} {group} {namespace} {name} {version}")
}
