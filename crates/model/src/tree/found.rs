use serde_json::Value;

use super::{HelmStorage, health};
use crate::{
    Details, InventoryEntry, Kind, OtherKind, OtherObject, State, WorkloadKind, cut,
    details::reading::{each, text},
    workload::images::images,
};

/// What is kept of an object that was read for a tree: never what it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// `metadata.name`.
    pub name: String,
    /// `metadata.uid`.
    pub uid: String,
    /// The `uid`s of those that own it.
    pub owners: Vec<String>,
    /// The word for how it is.
    pub state: State,
    /// What else there is to say; may be empty.
    pub note: String,
    /// What it applied, if it is of a kind that applies things.
    pub applied: Option<Applied>,
    /// The images of its containers, if it is a workload.
    pub images: Vec<String>,
    /// Whether it runs nothing any more: a `ReplicaSet` of a revision that is over.
    pub spent: bool,
}

/// What an object of Flux applied.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Applied {
    /// The objects, as far as it says.
    pub entries: Vec<InventoryEntry>,
    /// Whether they lie in another cluster.
    pub remote: bool,
    /// Where it is written, if not in the object: a `HelmRelease` before Flux 2.8.
    pub stored: Option<HelmStorage>,
}

impl Found {
    /// The longest note, in bytes.
    const NOTE: usize = 160;

    /// Reads an object of this group and kind as the API server sends it, or of it what it sends.
    pub fn read(group: &str, kind: &str, object: &Value) -> Self {
        let metadata = &object["metadata"];
        let flux = Kind::by_group_and_name(group, kind);
        let (state, note, applied) = match flux {
            Some(flux) => {
                let details = Details::read(flux, object);
                let applied = Applied::read(&details, object);
                let note =
                    if details.row.state == State::Ready { String::new() } else { details.row.sentence.to_string() };
                (details.row.state, note, applied)
            }
            None if OtherKind::is_of_flux(group) => {
                let other = OtherObject::read(group, kind, object);
                (other.state, other.sentence, None)
            }
            None => {
                let health = health(group, kind, object);
                (health.state, health.note, None)
            }
        };
        let zero = |value: &Value| value.as_i64() == Some(0);
        let spent = kind == "ReplicaSet" && zero(&object["spec"]["replicas"]) && zero(&object["status"]["replicas"]);
        Self {
            name: text(&metadata["name"]).to_owned(),
            uid: text(&metadata["uid"]).to_owned(),
            owners: each(&metadata["ownerReferences"]).map(|owner| text(&owner["uid"]).to_owned()).collect(),
            state,
            note: cut(&note, Self::NOTE),
            applied,
            images: WorkloadKind::by_group_and_name(group, kind).map(|_| images(object)).unwrap_or_default(),
            spent,
        }
    }
}

impl Applied {
    /// The kinds that say what they applied.
    pub const KINDS: [Kind; 5] =
        [Kind::KUSTOMIZATION, Kind::HELM_RELEASE, Kind::ARTIFACT_GENERATOR, Kind::FLUX_INSTANCE, Kind::RESOURCE_SET];

    fn read(details: &Details, object: &Value) -> Option<Self> {
        let key = &details.row.key;
        if !Self::KINDS.contains(&key.kind) {
            return None;
        }
        let remote = details.settings.remote;
        let status = &object["status"];
        let entries = match key.kind {
            Kind::ARTIFACT_GENERATOR => {
                each(&status["inventory"]).filter_map(|entry| artifact(entry, &key.namespace)).collect()
            }
            _ => details.inventory.clone(),
        };
        // An empty inventory is one that says so.
        let says = status["inventory"].is_object();
        let stored = (key.kind == Kind::HELM_RELEASE && !says).then(|| HelmStorage::read(status)).flatten();
        Some(Self { entries, remote, stored })
    }
}

/// An artifact that an `ArtifactGenerator` made.
fn artifact(entry: &Value, own: &str) -> Option<InventoryEntry> {
    let info = Kind::EXTERNAL_ARTIFACT.info();
    let namespace = entry["namespace"].as_str().unwrap_or(own).to_owned();
    Some(InventoryEntry {
        namespace,
        name: entry["name"].as_str()?.to_owned(),
        group: info.group.to_owned(),
        kind: info.name.to_owned(),
        version: String::new(),
    })
}

impl HelmStorage {
    /// Where the newest release is stored that a `HelmRelease` tells of.
    pub fn read(status: &Value) -> Option<Self> {
        let newest = each(&status["history"]).next()?;
        let namespace = text(&newest["namespace"]);
        let storage = status["storageNamespace"].as_str().unwrap_or(namespace);
        let version = newest["version"].as_i64().filter(|version| *version > 0)?;
        let release = newest["name"].as_str()?.to_owned();
        Some(Self { storage: storage.to_owned(), release, namespace: namespace.to_owned(), version })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_release_says_itself_what_it_consists_of_or_where_that_is_written() {
        let helm = Kind::HELM_RELEASE.info().group;
        let status = json!({"storageNamespace": "flux-system", "history": [
            {"name": "shop-cart", "namespace": "shop", "version": 7}, {"name": "shop-cart", "namespace": "shop", "version": 6}]});
        let object =
            |status: &Value| json!({"metadata": {"name": "cart", "namespace": "shop"}, "spec": {}, "status": status});
        let applied = Found::read(helm, "HelmRelease", &object(&status)).applied.expect("it applies");
        assert_eq!(
            applied.stored.map(|stored| (stored.secret(), stored.storage, stored.namespace)),
            Some(("sh.helm.release.v1.shop-cart.v7".to_owned(), "flux-system".to_owned(), "shop".to_owned()))
        );
        let mut says = status;
        says["inventory"] = json!({"entries": [{"id": "shop_cart_apps_Deployment", "v": "v1"}]});
        let applied = Found::read(helm, "HelmRelease", &object(&says)).applied.expect("it applies");
        assert_eq!((applied.entries.len(), applied.stored), (1, None));
        for odd in [json!({}), json!({"history": "no"}), json!({"history": [{"name": "a", "version": -1}]})] {
            assert_eq!(Found::read(helm, "HelmRelease", &object(&odd)).applied, Some(Applied::default()), "{odd}");
        }
    }

    #[test]
    fn the_artifacts_of_a_generator_are_what_it_made() {
        let object = json!({"metadata": {"name": "split", "namespace": "apps"}, "status": {"inventory": [
            {"name": "web", "namespace": "apps", "digest": "sha256:0", "filename": "0.tgz"}, {"digest": "nameless"}]}});
        let applied =
            Found::read("source.extensions.fluxcd.io", "ArtifactGenerator", &object).applied.expect("it makes");
        assert_eq!(
            applied.entries.iter().map(|entry| (&*entry.kind, &*entry.name)).collect::<Vec<_>>(),
            [("ExternalArtifact", "web")]
        );
        assert_eq!(Found::read("", "ConfigMap", &object).applied, None);
    }
}
