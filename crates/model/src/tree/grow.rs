use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::{Applied, Found, HelmStorage, Known, Lack, Lot, Standing, Thing, Tree, TreeNode, Want, known::Look};
use crate::{Deed, Gap, InventoryEntry, Kind, ObjectKey};

/// How far a tree has grown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Growth {
    /// This has to be read first.
    Needs(Vec<Want>),
    /// It is complete, as far as things could be read.
    Grown(Tree),
}

/// The tree of an object, from what was read of it so far.
pub fn grow(key: &ObjectKey, object: &Value, known: &Known) -> Growth {
    let info = key.kind.info();
    let root = Found::read(info.group, info.name, object);
    let mut grower = Grower::new(known);
    grower.found(Thing::from(key), &root, None, 0);
    let wants = grower.wants();
    if wants.is_empty() {
        let Grower { nodes, gaps, .. } = grower;
        Growth::Grown(Tree { nodes, gaps: gaps.into_values().collect(), secrets: known.secrets() })
    } else {
        Growth::Needs(wants)
    }
}

struct Grower<'a> {
    known: &'a Known,
    /// What was found, by the `uid` of what owns it.
    owned: HashMap<&'a str, Vec<(&'a Lot, &'a Found)>>,
    nodes: Vec<TreeNode>,
    /// What to read, and of which names.
    wanted: BTreeMap<Lot, Option<BTreeSet<String>>>,
    releases: BTreeSet<HelmStorage>,
    /// What could not be seen, by what is said of it.
    gaps: BTreeMap<String, Gap>,
    /// Those that apply things, and of which the tree has what they applied.
    followed: HashSet<Thing>,
    /// Which of them the part belongs to that grows now.
    path: Vec<Thing>,
}

impl<'a> Grower<'a> {
    /// How many parts a tree has at most.
    const MOST: usize = 20_000;
    /// How many of those that apply things are followed in a row.
    const DEPTH: usize = 8;

    fn new(known: &'a Known) -> Self {
        Self {
            known,
            owned: known.by_owner(),
            nodes: Vec::new(),
            wanted: BTreeMap::new(),
            releases: BTreeSet::new(),
            gaps: BTreeMap::new(),
            followed: HashSet::new(),
            path: Vec::new(),
        }
    }

    fn wants(&mut self) -> Vec<Want> {
        let objects = std::mem::take(&mut self.wanted).into_iter().map(|(lot, names)| Want::Objects { lot, names });
        objects.chain(std::mem::take(&mut self.releases).into_iter().map(Want::Release)).collect()
    }

    /// Adds a part; its place among the nodes, if there was room.
    fn push(
        &mut self,
        thing: Thing,
        standing: Standing,
        note: &str,
        parent: Option<usize>,
        depth: usize,
    ) -> Option<usize> {
        if self.nodes.len() >= Self::MOST {
            self.gap(format!("there is more: only the first {} parts are shown", Self::MOST), None);
            return None;
        }
        let id = id(parent.map(|parent| &*self.nodes[parent].id), &thing);
        let again = false;
        self.nodes.push(TreeNode {
            id,
            thing,
            standing,
            note: note.to_owned(),
            images: Vec::new(),
            parent,
            depth,
            again,
        });
        Some(self.nodes.len() - 1)
    }

    /// Something that was applied.
    fn member(&mut self, thing: Thing, parent: usize, depth: usize) {
        let lot = Lot::new(&thing.group, &thing.kind, &thing.namespace);
        match self.known.look(&lot, &thing.name) {
            Look::There(found) => self.found(thing, found, Some(parent), depth),
            Look::Lacking(lack) => {
                self.miss(&lot, lack);
                self.push(thing, lack.into(), "", Some(parent), depth);
            }
            Look::Unasked => {
                if let Some(names) = self.wanted.entry(lot).or_insert_with(|| Some(BTreeSet::new())) {
                    names.insert(thing.name);
                }
            }
        }
    }

    /// Something that is there, with what it owns.
    fn found(&mut self, thing: Thing, found: &'a Found, parent: Option<usize>, depth: usize) {
        let standing = Standing::There(found.state);
        let Some(place) = self.push(thing.clone(), standing, &found.note, parent, depth) else { return };
        self.nodes[place].images.clone_from(&found.images);
        if let Some(applied) = &found.applied {
            self.applied(thing, applied, place, depth);
            return;
        }
        if found.spent {
            return;
        }
        for kind in run_by(&thing) {
            let lot = Lot::new(kind.0, kind.1, &thing.namespace);
            match self.known.all(&lot) {
                None => {
                    self.wanted.insert(lot, None);
                }
                Some(Lack::Absent) => {}
                Some(lack) => self.miss(&lot, lack),
            }
        }
        let mut owned = self.owned.get(&*found.uid).cloned().unwrap_or_default();
        owned.retain(|(_, one)| !one.spent && !found.uid.is_empty());
        owned.sort_by(|a, b| (&a.0.kind, &a.1.name).cmp(&(&b.0.kind, &b.1.name)));
        for (lot, one) in owned {
            // What owns itself, in whatever circle, has no end.
            if depth < Self::DEPTH * 4 {
                let thing = Thing::new(&lot.group, &lot.kind, &lot.namespace, &one.name);
                self.found(thing, one, Some(place), depth + 1);
            }
        }
    }

    /// What an object of Flux applied.
    fn applied(&mut self, owner: Thing, applied: &Applied, place: usize, depth: usize) {
        let note = if self.path.contains(&owner) {
            "it is applied by itself"
        } else if self.followed.contains(&owner) {
            "what it applied is shown above"
        } else if self.path.len() >= Self::DEPTH {
            "what it applied is shown on its own page"
        } else {
            ""
        };
        if !note.is_empty() {
            let here = &mut self.nodes[place];
            here.again = true;
            here.note = if here.note.is_empty() { note.to_owned() } else { format!("{}; {note}", here.note) };
            return;
        }
        self.followed.insert(owner.clone());
        self.path.push(owner);
        match &applied.stored {
            Some(_) if applied.remote => {
                self.gap("what a HelmRelease applied to another cluster is written there".to_owned(), None);
            }
            Some(storage) => self.release(storage, place, depth),
            None => self.entries(&applied.entries, applied.remote, place, depth),
        }
        self.path.pop();
    }

    fn release(&mut self, storage: &HelmStorage, place: usize, depth: usize) {
        let known = self.known;
        match known.release(storage) {
            None => {
                self.releases.insert(storage.clone());
            }
            Some(Ok(entries)) => self.entries(entries, false, place, depth),
            Some(Err(lack)) => {
                let right = deed("get", "", "secrets", &storage.storage);
                let what = "not available: what a HelmRelease consists of is written in a Secret before Flux 2.8";
                let (why, right) = match lack {
                    Lack::Denied => (format!("it needs `get secrets` in `{}`", storage.storage), Some(right)),
                    Lack::NotLent => ("Fanlight’s account may not read Secrets in your name".to_owned(), Some(right)),
                    Lack::Absent => (format!("`{}` is not there", storage.secret()), None),
                    Lack::Unread | Lack::NotServed => ("it could not be read".to_owned(), None),
                };
                self.gap(format!("{what}, and {why}"), right);
                "what it consists of is not available".clone_into(&mut self.nodes[place].note);
            }
        }
    }

    fn entries(&mut self, entries: &[InventoryEntry], remote: bool, place: usize, depth: usize) {
        let mut things: Vec<_> = entries.iter().map(Thing::from).collect();
        let order = |thing: &Thing| (thing.rank(), thing.clone());
        things.sort_by_cached_key(order);
        things.dedup();
        for thing in things {
            if remote {
                self.push(thing, Standing::Elsewhere, "", Some(place), depth + 1);
            } else {
                self.member(thing, place, depth + 1);
            }
        }
    }

    /// Notes that something was not seen. That it is not there needs no note.
    fn miss(&mut self, lot: &Lot, lack: Lack) {
        let known = self.known;
        let (verb, resource) = match known.asked(lot) {
            (verb, "") => (verb, &*lot.kind),
            asked => asked,
        };
        let what = match &*lot.namespace {
            "" => resource.to_owned(),
            namespace => format!("{resource} in `{namespace}`"),
        };
        let right = || Some(deed(verb, &lot.group, resource, &lot.namespace));
        match lack {
            Lack::Absent => {}
            Lack::Denied => self.gap(format!("you may not read {what}"), right()),
            Lack::NotLent => self.gap(format!("Fanlight’s account may not read {what} in your name"), right()),
            Lack::Unread => self.gap(format!("{what} could not be read"), None),
            Lack::NotServed => self.gap(format!("the API server does not know {}", kind_of(lot)), None),
        }
    }

    fn gap(&mut self, said: String, right: Option<Deed>) {
        self.gaps.entry(said.clone()).or_insert(Gap { said, right });
    }
}

fn kind_of(lot: &Lot) -> String {
    if lot.group.is_empty() { lot.kind.clone() } else { format!("{} of {}", lot.kind, lot.group) }
}

fn deed(verb: &str, group: &str, resource: &str, namespace: &str) -> Deed {
    let [verb, group, resource, namespace] = [verb, group, resource, namespace].map(ToOwned::to_owned);
    Deed { verb, group, resource, namespace, ..Deed::default() }
}

/// Group and name of the kinds of what something runs.
fn run_by(thing: &Thing) -> &'static [(&'static str, &'static str)] {
    const POD: (&str, &str) = ("", "Pod");
    match (&*thing.group, &*thing.kind) {
        ("apps", "Deployment") => &[("apps", "ReplicaSet"), POD],
        ("apps", "StatefulSet" | "DaemonSet" | "ReplicaSet") | ("batch", "Job") | ("", "ReplicationController") => {
            &[POD]
        }
        ("batch", "CronJob") => &[("batch", "Job"), POD],
        _ => &[],
    }
}

/// The same thing may be owned twice, in different places.
fn id(parent: Option<&str>, thing: &Thing) -> String {
    use std::fmt::Write;

    let Thing { group, kind, namespace, name } = thing;
    let digest = Sha256::digest(format!("{}\n{group}\n{kind}\n{namespace}\n{name}", parent.unwrap_or_default()));
    digest[..6].iter().fold(String::with_capacity(12), |mut id, byte| {
        let _ = write!(id, "{byte:02x}");
        id
    })
}

impl Tree {
    /// Whether objects of a kind have a tree.
    pub fn is_of(kind: Kind) -> bool {
        Applied::KINDS.contains(&kind)
    }
}

#[cfg(test)]
mod tests;
