use serde_json::Value;

use super::reading::text;

/// One object that an application applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InventoryEntry {
    /// Its namespace; empty for cluster-scoped kinds.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its API group; empty for the core group.
    pub group: String,
    /// Its kind.
    pub kind: String,
    /// The version of the API it was applied with.
    pub version: String,
}

impl InventoryEntry {
    pub(super) fn read(entry: &Value) -> Option<Self> {
        Self::parse(entry["id"].as_str()?, text(&entry["v"]))
    }

    /// Reads an `id` of the form `<namespace>_<name>_<group>_<kind>`.
    ///
    /// Names of RBAC objects may have colons, which are written as two underscores: hence the namespace is taken from
    /// the left, kind and group from the right, and the name is what is left.
    pub fn parse(id: &str, version: &str) -> Option<Self> {
        let (namespace, rest) = id.split_once('_')?;
        let (rest, kind) = rest.rsplit_once('_')?;
        let (name, group) = rest.rsplit_once('_')?;
        if name.is_empty() || kind.is_empty() {
            return None;
        }
        Some(Self {
            namespace: namespace.to_owned(),
            name: name.replace("__", ":"),
            group: group.to_owned(),
            kind: kind.to_owned(),
            version: version.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::InventoryEntry;

    #[test]
    fn an_id_is_taken_apart_from_both_ends() {
        for (id, parts) in [
            ("web_web_apps_Deployment", ["web", "web", "apps", "Deployment"]),
            ("catalog_catalog-config__ConfigMap", ["catalog", "catalog-config", "", "ConfigMap"]),
            ("_batch__Namespace", ["", "batch", "", "Namespace"]),
            ("_edge_networking.k8s.io_IngressClass", ["", "edge", "networking.k8s.io", "IngressClass"]),
            (
                "_system__controller__x_rbac.authorization.k8s.io_ClusterRole",
                ["", "system:controller:x", "rbac.authorization.k8s.io", "ClusterRole"],
            ),
            ("a_b.c.d_x.io_K", ["a", "b.c.d", "x.io", "K"]),
        ] {
            let entry = InventoryEntry::parse(id, "v1").unwrap_or_else(|| panic!("{id}"));
            assert_eq!([&*entry.namespace, &entry.name, &entry.group, &entry.kind], parts, "{id}");
        }
        for odd in ["", "_", "__", "___", "a_b", "a_b_c", "no underscores", "a_b_c_"] {
            assert_eq!(InventoryEntry::parse(odd, "v1"), None, "{odd}");
        }
    }
}
