use std::{fmt, sync::Arc};

use crate::Kind;

/// The name of one object in one cluster: kind, namespace, name.
///
/// The namespace is empty for objects of cluster-scoped kinds.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectKey {
    /// What it is.
    pub kind: Kind,
    /// Where it lives.
    pub namespace: Arc<str>,
    /// What it is called there.
    pub name: Arc<str>,
}

impl ObjectKey {
    /// The key of `kind` `namespace/name`.
    pub fn new(kind: Kind, namespace: impl Into<Arc<str>>, name: impl Into<Arc<str>>) -> Self {
        Self { kind, namespace: namespace.into(), name: name.into() }
    }

    /// Reads `Kind/namespace/name`, or `Kind/name` for cluster-scoped kinds: what [`ObjectKey`] displays as.
    pub fn parse(text: &str) -> Option<Self> {
        let (kind, rest) = text.split_once('/')?;
        let is_name = |part: &str| (1..=253).contains(&part.len()) && !part.contains('/');
        let (namespace, name) = match rest.split_once('/') {
            Some((namespace, name)) if is_name(namespace) => (namespace, name),
            Some(_) => return None,
            None => ("", rest),
        };
        let kind = Kind::by_name(kind)?;
        is_name(name).then(|| Self::new(kind, namespace, name))
    }
}

impl fmt::Display for ObjectKey {
    /// As Flux writes it: `Kustomization/apps/shop`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/", self.kind)?;
        if !self.namespace.is_empty() {
            write!(f, "{}/", self.namespace)?;
        }
        f.write_str(&self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_key_displays_as_is_read_back_and_nothing_else_is() {
        for key in [ObjectKey::new(Kind::KUSTOMIZATION, "apps", "shop"), ObjectKey::new(Kind::HELM_RELEASE, "", "a.b")]
        {
            assert_eq!(ObjectKey::parse(&key.to_string()), Some(key));
        }
        for nonsense in
            ["", "Kustomization", "Pod/apps/shop", "Kustomization/apps/", "Kustomization//x", "HelmRelease/a/b/c"]
        {
            assert_eq!(ObjectKey::parse(nonsense).map(|key| key.to_string()), None, "{nonsense}");
        }
    }
}
