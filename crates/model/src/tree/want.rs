use std::collections::{BTreeMap, BTreeSet};

use super::{Found, Lack};
use crate::InventoryEntry;

/// The objects of one kind in one namespace.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Lot {
    /// API group; empty for the core group.
    pub group: String,
    /// Name of the kind in manifests.
    pub kind: String,
    /// Empty for objects of cluster-scoped kinds.
    pub namespace: String,
}

/// Where Helm keeps what a release consists of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HelmStorage {
    /// The namespace of its Secret.
    pub storage: String,
    /// The name of the release.
    pub release: String,
    /// The namespace that it is released into.
    pub namespace: String,
    /// Which of its versions.
    pub version: i64,
}

/// Something to read in the name of whoever looks at a tree.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Want {
    /// Objects of a kind in a namespace.
    Objects {
        /// Which.
        lot: Lot,
        /// Those of these names; all of them if there are none.
        names: Option<BTreeSet<String>>,
    },
    /// What a release of Helm consists of, where its `HelmRelease` does not say so itself.
    Release(HelmStorage),
}

/// What came of a [`Want`].
#[derive(Debug, Clone)]
pub enum Yield {
    /// Of objects.
    Objects {
        /// How the kind is called in access rules; empty if that is not known.
        resource: String,
        /// What was asked for, as access rules call it: `list`, or `get`.
        verb: &'static str,
        /// Those that were found; there may be more than were wanted.
        found: Vec<Found>,
        /// Why these names were not found.
        lacks: BTreeMap<String, Lack>,
        /// Why all other names were not.
        rest: Lack,
    },
    /// Of a release: kinds and names, or why they are not known.
    Release(Result<Vec<InventoryEntry>, Lack>),
}

impl Lot {
    /// The objects of this kind there.
    pub fn new(group: &str, kind: &str, namespace: &str) -> Self {
        let [group, kind, namespace] = [group, kind, namespace].map(ToOwned::to_owned);
        Self { group, kind, namespace }
    }
}

impl HelmStorage {
    /// The name of the Secret.
    pub fn secret(&self) -> String {
        format!("sh.helm.release.v1.{}.v{}", self.release, self.version)
    }
}

impl Want {
    /// That nothing of it could be read, for whatever reason this is.
    pub fn lacking(&self, lack: Lack) -> Yield {
        match self {
            Self::Objects { names, .. } => Yield::Objects {
                resource: String::new(),
                verb: if names.is_some() { "get" } else { "list" },
                found: Vec::new(),
                lacks: BTreeMap::new(),
                rest: lack,
            },
            Self::Release(_) => Yield::Release(Err(lack)),
        }
    }
}
