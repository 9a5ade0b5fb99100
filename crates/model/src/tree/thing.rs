use std::fmt;

use crate::{InventoryEntry, Kind, ObjectKey};

/// The name of an object of any kind.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Thing {
    /// API group; empty for the core group.
    pub group: String,
    /// Name of the kind in manifests.
    pub kind: String,
    /// Empty for objects of cluster-scoped kinds.
    pub namespace: String,
    /// What it is called there.
    pub name: String,
}

impl Thing {
    /// The thing of this group and kind.
    pub fn new(group: &str, kind: &str, namespace: &str, name: &str) -> Self {
        let [group, kind, namespace, name] = [group, kind, namespace, name].map(ToOwned::to_owned);
        Self { group, kind, namespace, name }
    }

    /// The kind of Flux that it is of, if it is of one.
    pub fn flux(&self) -> Option<Kind> {
        Kind::by_group_and_name(&self.group, &self.kind)
    }

    /// Its key, if it is of a kind of Flux.
    pub fn key(&self) -> Option<ObjectKey> {
        Some(ObjectKey::new(self.flux()?, self.namespace.as_str(), self.name.as_str()))
    }

    /// Where it stands among what the same object owns: first what owns more, and that by what it is.
    pub(super) fn rank(&self) -> u8 {
        match (&*self.group, &*self.kind) {
            _ if self.flux().is_some() => 0,
            ("apps", _) => 1,
            ("batch", _) => 2,
            ("", "Pod") => 3,
            _ => 4,
        }
    }
}

impl From<&ObjectKey> for Thing {
    fn from(key: &ObjectKey) -> Self {
        let info = key.kind.info();
        Self::new(info.group, info.name, &key.namespace, &key.name)
    }
}

impl From<&InventoryEntry> for Thing {
    fn from(entry: &InventoryEntry) -> Self {
        Self::new(&entry.group, &entry.kind, &entry.namespace, &entry.name)
    }
}

impl fmt::Display for Thing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/", self.kind)?;
        if !self.namespace.is_empty() {
            write!(f, "{}/", self.namespace)?;
        }
        f.write_str(&self.name)
    }
}
