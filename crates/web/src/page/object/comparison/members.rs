use std::collections::BTreeMap;

use fanlight_model::Thing;

/// What of an inventory is not in both versions.
#[derive(Default)]
pub(in crate::page::object) struct Members {
    /// What there is to say in the place of members; may be empty.
    pub(in crate::page::object) note: String,
    /// Each with its words and what became of it.
    pub(in crate::page::object) changes: Vec<MemberChange>,
    pub(in crate::page::object) added: usize,
    pub(in crate::page::object) removed: usize,
    pub(in crate::page::object) same: usize,
    /// How many changes more there are than are shown.
    pub(in crate::page::object) more: usize,
}

/// A member that was added or removed, or is applied by another version of its API.
pub(in crate::page::object) struct MemberChange {
    pub(in crate::page::object) word: &'static str,
    /// Colour.
    pub(in crate::page::object) class: &'static str,
    pub(in crate::page::object) kind: String,
    pub(in crate::page::object) name: String,
    /// Where it leads, if it should be there.
    pub(in crate::page::object) link: Option<String>,
    /// API group and version.
    pub(in crate::page::object) api: String,
}

/// The most that are shown.
const MOST: usize = 300;

impl Members {
    /// Compares two lists of members, of which either may have been too long to be kept; `to` says where one leads.
    pub(super) fn compared(before: Option<&str>, after: Option<&str>, to: &dyn Fn(&Thing) -> Option<String>) -> Self {
        let (Some(before), Some(after)) = (before, after) else {
            return Self { note: "One of the inventories was too long to be kept.".to_owned(), ..Self::default() };
        };
        if before.is_empty() && after.is_empty() {
            return Self { note: "Neither version has an inventory.".to_owned(), ..Self::default() };
        }
        let (before, after) = (read(before), read(after));
        let mut members = Self::default();
        for (member, version) in &after {
            match before.get(member) {
                None => {
                    members.added += 1;
                    members.changes.push(MemberChange::of("added", "ready", member, version, to));
                }
                Some(other) if other != version => {
                    let versions = format!("{other} → {version}");
                    members.changes.push(MemberChange::of("another version", "moving", member, &versions, to));
                }
                Some(_) => members.same += 1,
            }
        }
        for (member, version) in before.iter().filter(|(member, _)| !after.contains_key(*member)) {
            members.removed += 1;
            members.changes.push(MemberChange::of("removed", "failed", member, version, &|_| None));
        }
        members.more = members.changes.len().saturating_sub(MOST);
        members.changes.truncate(MOST);
        members
    }
}

impl MemberChange {
    fn of(
        word: &'static str,
        class: &'static str,
        member: &str,
        version: &str,
        to: &dyn Fn(&Thing) -> Option<String>,
    ) -> Self {
        let mut parts = member.split(' ');
        let mut next = || parts.next().unwrap_or_default();
        let (kind, group, namespace, name) = (next(), next(), next(), next());
        let join = |first: &str, second: &str| match first {
            "" => second.to_owned(),
            first => format!("{first}/{second}"),
        };
        let link = to(&Thing::new(group, kind, namespace, name));
        Self { word, class, kind: kind.to_owned(), name: join(namespace, name), link, api: join(group, version) }
    }
}

/// The members with the versions of their APIs.
fn read(lines: &str) -> BTreeMap<&str, &str> {
    lines.lines().filter_map(|line| line.rsplit_once(' ')).collect()
}
