use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use http::{Method, Uri};

/// How many requests were made, by what they did and how they were answered. There are as many entries as there are
/// combinations in this crate: names of objects and people are in none.
#[derive(Debug, Default)]
pub(crate) struct Tally(Mutex<BTreeMap<Tallied, u64>>);

/// Requests that are counted together.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tallied {
    /// Kubernetes' verb, as its audit log has it: `get`, `list`, `watch`, `create`, `update`,
    /// `patch`, `delete`.
    pub verb: &'static str,
    /// The resource, such as `kustomizations`; the first part of the path where there is none, such as `version`.
    pub resource: String,
    /// The status of the answer; 0 where there was none.
    pub code: u16,
}

impl Tally {
    pub(crate) fn count(&self, verb: &'static str, resource: String, code: u16) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *counts.entry(Tallied { verb, resource, code }).or_default() += 1;
    }

    pub(crate) fn counts(&self) -> Vec<(Tallied, u64)> {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counts.iter().map(|(what, count)| (what.clone(), *count)).collect()
    }
}

/// What a request does to which resource.
pub(crate) fn classify(method: &Method, uri: &Uri) -> (&'static str, String) {
    let parts: Vec<_> = uri.path().split('/').filter(|part| !part.is_empty()).collect();
    let rest = match parts.as_slice() {
        ["api", _, rest @ ..] | ["apis", _, _, rest @ ..] => rest,
        _ => &[],
    };
    let (resource, is_named) = match rest {
        ["namespaces", _, resource, name @ ..] | [resource, name @ ..] => (*resource, !name.is_empty()),
        [] => (parts.first().copied().unwrap_or_default(), true),
    };
    let watches = uri.query().is_some_and(|query| query.split('&').any(|pair| pair == "watch=true"));
    let verb = match *method {
        Method::GET if watches => "watch",
        Method::GET if is_named => "get",
        Method::GET => "list",
        Method::POST => "create",
        Method::PUT => "update",
        Method::PATCH => "patch",
        Method::DELETE => "delete",
        _ => "other",
    };
    (verb, resource.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_told_apart_by_verb_and_resource_and_never_by_name() {
        let kustomize = "/apis/kustomize.toolkit.fluxcd.io/v1";
        for (method, path, verb, resource) in [
            (Method::GET, format!("{kustomize}/kustomizations?watch=true&x=y"), "watch", "kustomizations"),
            (Method::GET, format!("{kustomize}/namespaces/apps/kustomizations?limit=5"), "list", "kustomizations"),
            (Method::PATCH, format!("{kustomize}/namespaces/apps/kustomizations/shop"), "patch", "kustomizations"),
            (Method::GET, "/api/v1/namespaces".to_owned(), "list", "namespaces"),
            (Method::GET, "/api/v1/namespaces/apps".to_owned(), "get", "namespaces"),
            (Method::GET, "/api/v1/namespaces/fanlight/secrets/oidc-auth".to_owned(), "get", "secrets"),
            (
                Method::POST,
                "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews".to_owned(),
                "create",
                "selfsubjectaccessreviews",
            ),
            (Method::DELETE, "/api/v1/namespaces/shop/pods/cart-1".to_owned(), "delete", "pods"),
            (Method::GET, "/version".to_owned(), "get", "version"),
            (Method::GET, "/apis".to_owned(), "get", "apis"),
        ] {
            let uri: Uri = path.parse().expect("a path");
            assert_eq!(classify(&method, &uri), (verb, resource.to_owned()), "{path}");
        }
    }
}
