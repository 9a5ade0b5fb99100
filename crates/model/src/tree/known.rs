use std::collections::{BTreeMap, HashMap};

use super::{Found, HelmStorage, Lack, Lot, Want, Yield};
use crate::InventoryEntry;

/// What was read of a tree so far, all of it in the name of whoever looks at it.
#[derive(Debug, Clone, Default)]
pub struct Known {
    lots: BTreeMap<Lot, Objects>,
    releases: BTreeMap<HelmStorage, Result<Vec<InventoryEntry>, Lack>>,
}

/// What is known of the objects of a kind in a namespace.
#[derive(Debug, Clone, Default)]
struct Objects {
    resource: String,
    verb: &'static str,
    found: BTreeMap<String, Found>,
    lacks: BTreeMap<String, Lack>,
    /// Why there are no others; `None` if nobody has asked for all of them.
    rest: Option<Lack>,
}

/// What is known of one object.
pub(super) enum Look<'a> {
    There(&'a Found),
    Lacking(Lack),
    /// Nobody has asked so far.
    Unasked,
}

impl Known {
    /// Notes what came of a want.
    pub fn add(&mut self, want: Want, came: Yield) {
        match (want, came) {
            (Want::Objects { lot, names }, Yield::Objects { resource, verb, found, lacks, rest }) => {
                let objects = self.lots.entry(lot).or_default();
                objects.verb = verb;
                if !resource.is_empty() {
                    objects.resource = resource;
                }
                objects.found.extend(found.into_iter().map(|found| (found.name.clone(), found)));
                objects.lacks.extend(lacks);
                match names {
                    None => objects.rest = Some(rest),
                    Some(names) => {
                        for name in names {
                            if !objects.found.contains_key(&name) {
                                objects.lacks.entry(name).or_insert(rest);
                            }
                        }
                    }
                }
            }
            (Want::Release(storage), Yield::Release(read)) => {
                self.releases.insert(storage, read);
            }
            // Nobody answers the one with the other.
            (Want::Objects { .. }, Yield::Release(_)) | (Want::Release(_), Yield::Objects { .. }) => {}
        }
    }

    pub(super) fn look(&self, lot: &Lot, name: &str) -> Look<'_> {
        let Some(objects) = self.lots.get(lot) else { return Look::Unasked };
        match (objects.found.get(name), objects.lacks.get(name).copied().or(objects.rest)) {
            (Some(found), _) => Look::There(found),
            (None, Some(lack)) => Look::Lacking(lack),
            (None, None) => Look::Unasked,
        }
    }

    /// Why there are not more of them; `None` if nobody has asked for all.
    pub(super) fn all(&self, lot: &Lot) -> Option<Lack> {
        self.lots.get(lot)?.rest
    }

    /// What was asked for, as access rules call it: the verb, and the resource, which is empty if it is not known.
    pub(super) fn asked(&self, lot: &Lot) -> (&'static str, &str) {
        self.lots.get(lot).map_or(("list", ""), |objects| (objects.verb, &objects.resource))
    }

    pub(super) fn release(&self, storage: &HelmStorage) -> Option<&Result<Vec<InventoryEntry>, Lack>> {
        self.releases.get(storage)
    }

    /// The Secrets in which it was read what releases consist of.
    pub(super) fn secrets(&self) -> Vec<String> {
        let read = self.releases.iter().filter(|(_, read)| read.is_ok());
        read.map(|(storage, _)| format!("{}/{}", storage.storage, storage.secret())).collect()
    }

    /// Everything that was found, by the `uid` of what owns it.
    pub(super) fn by_owner(&self) -> HashMap<&str, Vec<(&Lot, &Found)>> {
        let mut owned: HashMap<&str, Vec<_>> = HashMap::new();
        for (lot, objects) in &self.lots {
            for found in objects.found.values() {
                for owner in &found.owners {
                    owned.entry(owner).or_default().push((lot, found));
                }
            }
        }
        owned
    }
}
