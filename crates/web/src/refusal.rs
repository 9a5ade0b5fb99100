//! What Kubernetes does not let somebody do, in words.

use std::collections::BTreeSet;

use fanlight_model::Kind;

/// That something may not be changed; what follows is one or more [`place`]s.
pub(crate) const PATCH: &str = "Kubernetes does not let you patch";

/// The objects of a kind in a namespace, as rights know them.
pub(crate) fn place(kind: Kind, namespace: &str) -> String {
    format!("{} in {namespace}", kind.info().plural)
}

/// That those may not be changed.
pub(crate) fn patch(kind: Kind, namespace: &str) -> String {
    format!("{PATCH} {}", place(kind, namespace))
}

/// The same of several kinds and namespaces together; empty for none.
pub(crate) fn patch_any<'a>(places: impl IntoIterator<Item = (Kind, &'a str)>) -> String {
    let places: BTreeSet<_> = places.into_iter().collect();
    let kinds: BTreeSet<_> = places.iter().map(|(kind, _)| *kind).collect();
    let namespaces: BTreeSet<_> = places.iter().map(|(_, namespace)| *namespace).collect();
    let plurals: Vec<_> = kinds.iter().map(|kind| kind.info().plural).collect();
    match (namespaces.first(), namespaces.len()) {
        (None, _) => String::new(),
        (Some(namespace), 1) => format!("{PATCH} {} in {namespace}", plurals.join(" or ")),
        (_, many) => format!("{PATCH} {} in any of these {many} namespaces", plurals.join(" or ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_places_are_named_by_their_kinds_and_number() {
        let (ks, hr) = (Kind::KUSTOMIZATION, Kind::HELM_RELEASE);
        assert_eq!(patch_any([]), "");
        assert_eq!(patch_any([(ks, "apps")]), patch(ks, "apps"));
        assert_eq!(
            patch_any([(hr, "apps"), (ks, "apps")]),
            "Kubernetes does not let you patch kustomizations or helmreleases in apps"
        );
        assert_eq!(
            patch_any([(ks, "apps"), (ks, "data"), (ks, "edge")]),
            "Kubernetes does not let you patch kustomizations in any of these 3 namespaces"
        );
    }
}
