use serde_json::Value;

use crate::{Kind, ObjectKey, details::reading::text};

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

    /// The tools of Flux that leave labels on what they apply, as those begin, with the kind of the object that does.
    const TOOLS: [(&str, Kind); 4] = [
        ("helm.toolkit.fluxcd.io", Kind::HELM_RELEASE),
        ("kustomize.toolkit.fluxcd.io", Kind::KUSTOMIZATION),
        ("resourceset.fluxcd.controlplane.io", Kind::RESOURCE_SET),
        ("fluxcd.controlplane.io", Kind::FLUX_INSTANCE),
    ];

    /// The object of Flux that applied an object with these labels.
    pub fn key(labels: &Value) -> Option<ObjectKey> {
        Self::TOOLS.iter().find_map(|(tool, kind)| {
            let [name, namespace] = ["name", "namespace"].map(|part| text(&labels[format!("{tool}/{part}")]));
            (!name.is_empty() && !namespace.is_empty()).then(|| ObjectKey::new(*kind, namespace, name))
        })
    }

    /// The label selector that leaves over what objects of a kind applied; nothing of kinds that leave no labels.
    pub fn selector(kind: Kind) -> Option<String> {
        let tool = Self::tool(kind)?;
        Some(format!("{tool}/name,{tool}/namespace"))
    }

    /// The label selector that leaves over what one object applied; nothing of kinds that leave no labels.
    pub(crate) fn selector_of(key: &ObjectKey) -> Option<String> {
        let tool = Self::tool(key.kind)?;
        Some(format!("{tool}/name={},{tool}/namespace={}", key.name, key.namespace))
    }

    fn tool(kind: Kind) -> Option<&'static str> {
        Self::TOOLS.iter().find(|(_, known)| *known == kind).map(|(tool, _)| *tool)
    }

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
    use serde_json::json;

    use super::*;

    fn labels(tool: &str, namespace: &str, name: &str) -> Value {
        let mut labels = json!({});
        labels[format!("{tool}/name")] = json!(name);
        labels[format!("{tool}/namespace")] = json!(namespace);
        labels
    }

    #[test]
    fn whoever_applied_an_object_is_known_by_the_labels_that_its_selector_looks_for() {
        for (tool, kind) in Applier::TOOLS {
            let owner = Applier::key(&labels(tool, "apps", "shop"));
            assert_eq!(owner, Some(ObjectKey::new(kind, "apps", "shop")), "{tool}");
            let selector = format!("{tool}/name,{tool}/namespace");
            assert_eq!(Applier::selector(kind), Some(selector));
        }
        assert_eq!(Applier::selector(Kind::GIT_REPOSITORY), None);
    }

    #[test]
    fn half_a_label_names_nobody() {
        let helm = "helm.toolkit.fluxcd.io";
        let mut number = json!({});
        number[format!("{helm}/name")] = json!(7);
        for odd in [labels(helm, "", "shop"), labels(helm, "apps", ""), number, Value::Null] {
            assert_eq!(Applier::key(&odd), None, "{odd}");
        }
    }

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
