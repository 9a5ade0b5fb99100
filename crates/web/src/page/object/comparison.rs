//! What changed between two versions of an object.

mod change;
mod members;
mod text_diff;
mod version;

use std::time::SystemTime;

use fanlight_model::Thing;
use serde::Deserialize;

use super::{Shown, Tab, behind, shown::More};
use crate::{frame::Frame, place, when};
use change::{ConditionChange, FactChange};
use members::Members;
use text_diff::TextDiff;
use version::Version;

/// Which two versions somebody asks for: names of [`Version`]s, either of which may be empty.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub(super) struct Pair {
    #[serde(default)]
    from: String,
    #[serde(default)]
    to: String,
}

/// The tab.
pub(super) struct Comparison {
    /// The newest first.
    pub(super) versions: Vec<Choice>,
    /// Where the form leads.
    pub(super) action: String,
    /// Since when versions were seen here.
    pub(super) since: Option<(String, String)>,
    /// Why there is nothing to compare, or what is wrong with what was asked for; may be empty.
    pub(super) note: String,
    pub(super) changes: Option<Changes>,
}

/// A version that can be chosen.
pub(super) struct Choice {
    pub(super) id: String,
    pub(super) label: String,
    pub(super) is_from: bool,
    pub(super) is_to: bool,
    /// Where it is compared with the one before it.
    pub(super) link: Option<String>,
}

/// What differs.
#[derive(Default)]
pub(super) struct Changes {
    pub(super) from: String,
    pub(super) to: String,
    pub(super) facts: Vec<FactChange>,
    pub(super) conditions: Vec<ConditionChange>,
    /// How many conditions say the same.
    pub(super) same_conditions: usize,
    /// What is said in the place of everything that only versions seen here have; empty if both were.
    pub(super) unseen: String,
    pub(super) members: Members,
    pub(super) texts: Vec<TextDiff>,
    /// Places of values that are hidden, and what became of them.
    pub(super) hidden: Vec<(String, &'static str)>,
}

impl Pair {
    /// How it stands in an address, behind other parameters.
    pub(super) fn query(&self) -> String {
        behind([("from", &self.from), ("to", &self.to)])
    }
}

impl Comparison {
    pub(super) fn of(frame: &Frame, shown: &Shown, now: SystemTime) -> Option<Self> {
        let More::Versions(editions, pair) = &shown.more else { return None };
        let versions = Version::all(editions, &shown.details.history, now);
        let place = |id: &str| versions.iter().position(|version| version.id == *id);
        let newest = versions.len().checked_sub(1);
        // Without a wish it is the newest one, and the one before the later of the two.
        let to = if pair.to.is_empty() { newest } else { place(&pair.to) };
        let from = match (&*pair.from, to) {
            ("", Some(to)) => to.checked_sub(1),
            ("", None) => None,
            (from, _) => place(from),
        };
        let is_lost = (to.is_none() && !pair.to.is_empty()) || (from.is_none() && !pair.from.is_empty());
        let address = place::object(&frame.base, &shown.details.row.key, Tab::Compare.slug()).unwrap_or_default();
        let choice = |(number, version): (usize, &Version)| Choice {
            id: version.id.clone(),
            label: version.label.clone(),
            is_from: from == Some(number),
            is_to: to == Some(number),
            link: number.checked_sub(1).map(|before| {
                let pair = Pair { from: versions[before].id.clone(), to: version.id.clone() };
                format!("{address}{}", pair.query())
            }),
        };
        // What lies in another cluster has no page here.
        let page = |thing: &Thing| (!shown.details.settings.remote).then(|| place::thing(&frame.base, thing));
        let first = editions.first().map(|edition| edition.seen);
        Some(Self {
            action: address.split('?').next().unwrap_or_default().to_owned(),
            since: first.map(|seen| (when::timestamp(seen), when::day_and_clock(seen, now))),
            note: note(versions.len(), is_lost),
            changes: from.zip(to).map(|(before, after)| Changes::of(&versions[before], &versions[after], &page)),
            versions: versions.iter().enumerate().rev().map(choice).collect(),
        })
    }
}

fn note(versions: usize, is_lost: bool) -> String {
    if is_lost {
        return "A version that was asked for is not known here: versions are kept in memory, by each replica for itself, and \
                only the last ones."
            .to_owned();
    }
    let note = match versions {
        0 => "No version of it was seen here so far.",
        1 => {
            "Only one version of it was seen here so far, and there is nothing to compare it with. The next one is kept when the \
             object changes while somebody has any tab of its page open, or when somebody opens it after a change."
        }
        _ => "",
    };
    note.to_owned()
}

impl Changes {
    fn of(from: &Version, to: &Version, address: &dyn Fn(&Thing) -> Option<String>) -> Self {
        let told = Self {
            from: from.label.clone(),
            to: to.label.clone(),
            facts: FactChange::all(&from.facts, &to.facts),
            ..Self::default()
        };
        let (Some(before), Some(after)) = (&from.edition, &to.edition) else {
            return Self {
                unseen: "One of them is known from the object’s own history alone, which has neither conditions nor members nor \
                         values: those can be compared between versions that were seen here."
                    .to_owned(),
                ..told
            };
        };
        let (conditions, same_conditions) = ConditionChange::all(&before.conditions, &after.conditions);
        let texts = [("Values", &before.values, &after.values), ("Specification", &before.settings, &after.settings)];
        Self {
            conditions,
            same_conditions,
            members: Members::compared(before.inventory.as_deref(), after.inventory.as_deref(), address),
            texts: texts
                .into_iter()
                .filter(|(_, before, after)| [before, after].iter().any(|text| text.as_deref() != Some("")))
                .map(|(title, before, after)| TextDiff::of(title, before.as_deref(), after.as_deref()))
                .collect(),
            hidden: change::hidden(&before.hidden, &after.hidden),
            ..told
        }
    }
}

#[cfg(test)]
mod tests;
