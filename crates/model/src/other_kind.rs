use crate::Kind;

/// A kind that is not in the table of kinds, whatever its API group: found in the cluster, shown by what all objects have in
/// common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtherKind {
    /// API group; empty for the core group.
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
        if self.group.is_empty() { self.plural.clone() } else { format!("{}.{}", self.plural, self.group) }
    }

    /// The path of its objects in a namespace, or of all.
    pub fn path(&self, namespace: &str) -> String {
        let Self { group, version, plural, .. } = self;
        let root = if group.is_empty() { format!("/api/{version}") } else { format!("/apis/{group}/{version}") };
        match namespace {
            "" => format!("{root}/{plural}"),
            namespace => format!("{root}/namespaces/{namespace}/{plural}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_of_the_core_group_lie_elsewhere_and_have_shorter_names() {
        let kind = |group: &str, plural: &str| OtherKind {
            group: group.to_owned(),
            version: "v1".to_owned(),
            plural: plural.to_owned(),
            name: String::new(),
            namespaced: true,
        };
        let (maps, gizmos) = (kind("", "configmaps"), kind("acme.io", "gizmos"));
        assert_eq!((&*maps.id(), &*maps.path("shop")), ("configmaps", "/api/v1/namespaces/shop/configmaps"));
        assert_eq!((&*gizmos.id(), &*gizmos.path("")), ("gizmos.acme.io", "/apis/acme.io/v1/gizmos"));
    }

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
