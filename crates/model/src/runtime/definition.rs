use serde_json::Value;

use crate::{
    Kind,
    details::reading::{each, text},
};

/// How the cluster knows one of Flux's kinds: its custom resource definition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Definition {
    /// Which kind.
    pub kind: Kind,
    /// The versions of its API, as the definition orders them.
    pub versions: Vec<DefinitionVersion>,
    /// The versions in which objects may be stored.
    pub stored: Vec<String>,
}

/// One version of a kind's API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DefinitionVersion {
    /// Its name, such as `v1beta2`.
    pub name: String,
    /// Whether the API server answers to it.
    pub served: bool,
    /// Whether objects are stored in it from now on.
    pub storage: bool,
    /// Whether it is going to be removed.
    pub deprecated: bool,
}

impl Definition {
    /// Reads a `CustomResourceDefinition` as the API server sends it.
    pub fn read(kind: Kind, definition: &Value) -> Self {
        let version = |entry: &Value| DefinitionVersion {
            name: text(&entry["name"]).to_owned(),
            served: entry["served"] == true,
            storage: entry["storage"] == true,
            deprecated: entry["deprecated"] == true,
        };
        Self {
            kind,
            versions: each(&definition["spec"]["versions"]).map(version).collect(),
            stored: each(&definition["status"]["storedVersions"]).map(|name| text(name).to_owned()).collect(),
        }
    }

    /// Versions in which objects may still be stored, although new ones are stored in another. Before such a version can
    /// be removed, every object has to be written again (`flux migrate`).
    pub fn left_behind(&self) -> impl Iterator<Item = &str> {
        let current = self.versions.iter().find(|version| version.storage).map(|version| &*version.name);
        self.stored.iter().map(String::as_str).filter(move |name| Some(*name) != current)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_version_that_objects_may_still_be_stored_in_is_told() {
        let version = |name: &str, storage: bool| json!({"name": name, "served": true, "storage": storage, "deprecated": !storage});
        let read = |stored: Value| {
            let definition = json!({"spec": {"versions": [version("v1", true), version("v1beta2", false)]},
                "status": {"storedVersions": stored}});
            Definition::read(Kind::BUCKET, &definition)
        };
        assert_eq!(read(json!(["v1beta2", "v1"])).left_behind().collect::<Vec<_>>(), ["v1beta2"]);
        assert_eq!(read(json!(["v1"])).left_behind().count(), 0);
        let versions = read(json!(7)).versions;
        assert!(versions[1].deprecated && versions[0].storage && versions.len() == 2);
    }
}
