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
    /// Who applied a Kustomization of this namespace and name with these values of the labels
    /// `kustomize.toolkit.fluxcd.io/name`, `kustomize.toolkit.fluxcd.io/namespace`, `helm.toolkit.fluxcd.io/name`,
    /// `fluxcd.controlplane.io/name` and `resourceset.fluxcd.controlplane.io/name`, empty where there is no such label.
    pub fn of_kustomization(namespace: &str, name: &str, labels: [&str; 5]) -> Self {
        let [by, by_namespace, release, instance, set] = labels;
        match () {
            () if !by.is_empty() && by == name && by_namespace == namespace => Self::Itself,
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
        let of = |labels| Applier::of_kustomization("flux-system", "fleet", labels);
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
