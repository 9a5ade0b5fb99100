use crate::{Kind, ObjectKey};

/// Who applied an object, as far as the labels say that Flux leaves on what it applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Applier {
    /// Nobody who leaves a label: it was made by hand or by another tool.
    #[default]
    Nobody,
    /// It applies itself: the root of what is in Git, as `flux bootstrap` makes it.
    Itself,
    /// A `FluxInstance` of the Flux Operator: the root of what is in Git, where that installed Flux.
    Instance,
    /// Another object of Flux.
    Another,
}

impl Applier {
    /// The labels that say so.
    const LABELS: [&str; 5] = [
        "kustomize.toolkit.fluxcd.io/name",
        "kustomize.toolkit.fluxcd.io/namespace",
        "helm.toolkit.fluxcd.io/name",
        "fluxcd.controlplane.io/name",
        "resourceset.fluxcd.controlplane.io/name",
    ];

    /// Who applied an object with these values of labels, empty where there is no such label; told of Kustomizations only.
    pub fn of<'a>(key: &ObjectKey, label: impl FnMut(&'static str) -> &'a str) -> Self {
        if key.kind != Kind::KUSTOMIZATION {
            return Self::Nobody;
        }
        let [by, by_namespace, release, instance, set] = Self::LABELS.map(label);
        match () {
            () if !by.is_empty() && *by == *key.name && *by_namespace == *key.namespace => Self::Itself,
            () if !by.is_empty() || !release.is_empty() || !set.is_empty() => Self::Another,
            () if !instance.is_empty() => Self::Instance,
            () => Self::Nobody,
        }
    }

    /// Whether it is where everything else in Git begins.
    pub fn is_root(self) -> bool {
        matches!(self, Self::Itself | Self::Instance)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_root_is_known_by_its_owner_and_not_by_its_name() {
        let of = |labels: [&'static str; 5]| {
            let mut labels = labels.into_iter();
            let key = ObjectKey::new(Kind::KUSTOMIZATION, "flux-system", "fleet");
            Applier::of(&key, |_| labels.next().expect("a label"))
        };
        assert_eq!(of(["fleet", "flux-system", "", "", ""]), Applier::Itself);
        assert_eq!(of(["", "", "", "flux", ""]), Applier::Instance);
        assert_eq!(of(["", "", "", "", ""]), Applier::Nobody);
        for labels in [
            ["fleet", "other", "", "", ""],
            ["flux-system", "flux-system", "", "", ""],
            ["", "", "release", "", ""],
            ["", "", "", "flux", "tenants"],
        ] {
            assert_eq!(of(labels), Applier::Another, "{labels:?}");
        }
    }
}
