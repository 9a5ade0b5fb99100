use crate::Kind;

/// A kind in one of Flux's API groups that is not in the table of kinds: found in the cluster, shown by what all have in
/// common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtherKind {
    /// API group.
    pub group: String,
    /// The version that the API server prefers.
    pub version: String,
    /// Resource name in URLs and access rules.
    pub plural: String,
    /// Name in manifests.
    pub name: String,
    /// Whether its objects live in namespaces.
    pub namespaced: bool,
}

impl OtherKind {
    /// Whether kinds of this API group belong to Flux, or to what extends it.
    pub fn is_of_flux(group: &str) -> bool {
        group.ends_with(".fluxcd.io") || group == "fluxcd.controlplane.io"
    }

    /// Whether the kind has no page of its own.
    pub fn is_other(group: &str, plural: &str) -> bool {
        Self::is_of_flux(group) && Kind::by_resource(group, plural).is_none()
    }

    /// The kind's one name, as its definition is called: `gizmos.acme.fluxcd.io`.
    pub fn id(&self) -> String {
        format!("{}.{}", self.plural, self.group)
    }

    /// The path of its objects in a namespace, or of all.
    pub fn path(&self, namespace: &str) -> String {
        let Self { group, version, plural, .. } = self;
        match namespace {
            "" => format!("/apis/{group}/{version}/{plural}"),
            namespace => format!("/apis/{group}/{version}/namespaces/{namespace}/{plural}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_of_fluxs_groups_that_are_not_in_the_table_are_others() {
        for (group, plural, is) in [
            ("source.toolkit.fluxcd.io", "gitrepositories", false),
            ("source.toolkit.fluxcd.io", "gizmos", true),
            ("acme.contrib.fluxcd.io", "gizmos", true),
            ("fluxcd.controlplane.io", "gizmos", true),
            ("fluxcd.controlplane.io", "resourcesets", false),
            ("fluxcd.io.example.com", "gizmos", false),
            ("evilfluxcd.io", "gizmos", false),
            ("apps", "deployments", false),
        ] {
            assert_eq!(OtherKind::is_other(group, plural), is, "{plural}.{group}");
        }
    }
}
