use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A kind of objects that may be looked up: how it is called in addresses and access rules. Secrets are not among them:
/// they are never read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ApiResource {
    /// API group; empty for the core group.
    pub group: Cow<'static, str>,
    /// Version of the group.
    pub version: Cow<'static, str>,
    /// Name in manifests.
    pub kind: Cow<'static, str>,
    /// Resource name in URLs and access rules.
    pub plural: Cow<'static, str>,
    /// Whether its objects lie in namespaces.
    pub namespaced: bool,
}

const fn builtin(group: &'static str, version: &'static str, kind: &'static str, plural: &'static str) -> ApiResource {
    ApiResource {
        group: Cow::Borrowed(group),
        version: Cow::Borrowed(version),
        kind: Cow::Borrowed(kind),
        plural: Cow::Borrowed(plural),
        namespaced: true,
    }
}

/// Those of Kubernetes itself that are looked at most: how they are called need not be asked.
static BUILTINS: [ApiResource; 18] = [
    builtin("apps", "v1", "Deployment", "deployments"),
    builtin("apps", "v1", "ReplicaSet", "replicasets"),
    builtin("apps", "v1", "StatefulSet", "statefulsets"),
    builtin("apps", "v1", "DaemonSet", "daemonsets"),
    builtin("batch", "v1", "Job", "jobs"),
    builtin("batch", "v1", "CronJob", "cronjobs"),
    builtin("", "v1", "Pod", "pods"),
    builtin("", "v1", "PersistentVolumeClaim", "persistentvolumeclaims"),
    builtin("", "v1", "ConfigMap", "configmaps"),
    builtin("", "v1", "Service", "services"),
    builtin("", "v1", "ServiceAccount", "serviceaccounts"),
    builtin("networking.k8s.io", "v1", "Ingress", "ingresses"),
    builtin("networking.k8s.io", "v1", "NetworkPolicy", "networkpolicies"),
    builtin("autoscaling", "v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers"),
    builtin("policy", "v1", "PodDisruptionBudget", "poddisruptionbudgets"),
    builtin("rbac.authorization.k8s.io", "v1", "Role", "roles"),
    builtin("rbac.authorization.k8s.io", "v1", "RoleBinding", "rolebindings"),
    ApiResource {
        group: Cow::Borrowed(""),
        version: Cow::Borrowed("v1"),
        kind: Cow::Borrowed("Namespace"),
        plural: Cow::Borrowed("namespaces"),
        namespaced: false,
    },
];

impl ApiResource {
    /// The kind of Kubernetes itself with this name and, if it is known, of this group.
    pub fn builtin(name: &str, group: Option<&str>) -> Option<&'static Self> {
        BUILTINS.iter().find(|one| one.kind == name && group.is_none_or(|group| group == one.group))
    }

    /// As `kubectl` takes it: `certificates.cert-manager.io`.
    pub(super) fn full_name(&self) -> Cow<'_, str> {
        match &*self.group {
            "" => Cow::Borrowed(&*self.plural),
            group => Cow::Owned(format!("{}.{group}", self.plural)),
        }
    }

    /// Whether objects of the kind hold what nobody is to see.
    pub fn is_secret(group: &str, kind: &str) -> bool {
        group.is_empty() && kind == "Secret"
    }

    /// What a lookup of a kind found.
    pub(super) fn found(value: &Value) -> Option<Self> {
        let found = Self::deserialize(value).ok()?;
        (!Self::is_secret(&found.group, &found.kind)).then_some(found)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::ApiResource;

    #[test]
    fn a_kind_that_was_found_is_one_unless_it_is_that_of_secrets() {
        let found = |group: &str, kind: &str| {
            let value = json!({"group": group, "version": "v1", "kind": kind, "plural": "x", "namespaced": true});
            ApiResource::found(&value).is_some()
        };
        assert!(found("acme.io", "Gizmo") && found("acme.io", "Secret"));
        assert!(!found("", "Secret"));
        assert_eq!(ApiResource::found(&json!({"group": "acme.io"})), None);
    }

    #[test]
    fn no_kind_of_kubernetes_itself_is_that_of_secrets() {
        assert_eq!(ApiResource::builtin("Secret", None), None);
        assert!(ApiResource::builtin("Job", Some("batch")).is_some_and(|kind| kind.plural == "jobs"));
        assert_eq!(ApiResource::builtin("Job", Some("acme.io")), None);
    }
}
