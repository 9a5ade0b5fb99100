use std::borrow::Cow;

use fanlight_model::ApiResource;

use crate::{
    ApiServer,
    api_server::Errand,
    evidence::{root, segment},
    workloads::folder_under,
};

/// How objects of a kind are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Resource {
    pub(super) group: String,
    pub(super) version: String,
    pub(super) kind: String,
    pub(super) plural: String,
    pub(super) namespaced: bool,
    /// Whether its metadata say all there is to say: it has no status, or nobody may see what it holds.
    pub(super) bare: bool,
}

/// Group, version, name, plural, whether they lie in namespaces, whether their metadata are enough.
type Entry = (&'static str, &'static str, &'static str, &'static str, bool, bool);

const RBAC: &str = "rbac.authorization.k8s.io";
const NETWORKING: &str = "networking.k8s.io";
const ADMISSION: &str = "admissionregistration.k8s.io";

/// The kinds of Kubernetes itself that are applied most. They are where they have been for years: nobody need be asked.
static BUILTINS: [Entry; 42] = [
    ("", "v1", "ConfigMap", "configmaps", true, true),
    ("", "v1", "Endpoints", "endpoints", true, true),
    ("", "v1", "Event", "events", true, true),
    ("", "v1", "LimitRange", "limitranges", true, true),
    ("", "v1", "Namespace", "namespaces", false, false),
    ("", "v1", "Node", "nodes", false, false),
    ("", "v1", "PersistentVolume", "persistentvolumes", false, false),
    ("", "v1", "PersistentVolumeClaim", "persistentvolumeclaims", true, false),
    ("", "v1", "Pod", "pods", true, false),
    ("", "v1", "PodTemplate", "podtemplates", true, true),
    ("", "v1", "ReplicationController", "replicationcontrollers", true, false),
    ("", "v1", "ResourceQuota", "resourcequotas", true, true),
    ("", "v1", "Secret", "secrets", true, true),
    ("", "v1", "Service", "services", true, false),
    ("", "v1", "ServiceAccount", "serviceaccounts", true, true),
    (ADMISSION, "v1", "MutatingWebhookConfiguration", "mutatingwebhookconfigurations", false, true),
    (ADMISSION, "v1", "ValidatingAdmissionPolicy", "validatingadmissionpolicies", false, false),
    (ADMISSION, "v1", "ValidatingAdmissionPolicyBinding", "validatingadmissionpolicybindings", false, true),
    (ADMISSION, "v1", "ValidatingWebhookConfiguration", "validatingwebhookconfigurations", false, true),
    ("apiextensions.k8s.io", "v1", "CustomResourceDefinition", "customresourcedefinitions", false, false),
    ("apiregistration.k8s.io", "v1", "APIService", "apiservices", false, false),
    ("apps", "v1", "ControllerRevision", "controllerrevisions", true, true),
    ("apps", "v1", "DaemonSet", "daemonsets", true, false),
    ("apps", "v1", "Deployment", "deployments", true, false),
    ("apps", "v1", "ReplicaSet", "replicasets", true, false),
    ("apps", "v1", "StatefulSet", "statefulsets", true, false),
    ("autoscaling", "v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers", true, false),
    ("batch", "v1", "CronJob", "cronjobs", true, false),
    ("batch", "v1", "Job", "jobs", true, false),
    ("coordination.k8s.io", "v1", "Lease", "leases", true, true),
    ("discovery.k8s.io", "v1", "EndpointSlice", "endpointslices", true, true),
    (NETWORKING, "v1", "Ingress", "ingresses", true, false),
    (NETWORKING, "v1", "IngressClass", "ingressclasses", false, true),
    (NETWORKING, "v1", "NetworkPolicy", "networkpolicies", true, true),
    ("policy", "v1", "PodDisruptionBudget", "poddisruptionbudgets", true, false),
    (RBAC, "v1", "ClusterRole", "clusterroles", false, true),
    (RBAC, "v1", "ClusterRoleBinding", "clusterrolebindings", false, true),
    (RBAC, "v1", "Role", "roles", true, true),
    (RBAC, "v1", "RoleBinding", "rolebindings", true, true),
    ("scheduling.k8s.io", "v1", "PriorityClass", "priorityclasses", false, true),
    ("storage.k8s.io", "v1", "CSIDriver", "csidrivers", false, true),
    ("storage.k8s.io", "v1", "StorageClass", "storageclasses", false, true),
];

impl Resource {
    /// The same as [`ApiServer::METADATA`] of a list.
    const METADATA_LIST: &str = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";

    /// A kind of Kubernetes itself.
    pub(super) fn builtin(group: &str, kind: &str) -> Option<Self> {
        let (group, version, kind, plural, namespaced, bare) =
            *BUILTINS.iter().find(|entry| entry.0 == group && entry.2 == kind)?;
        let [group, version, kind, plural] = [group, version, kind, plural].map(ToOwned::to_owned);
        Some(Self { group, version, kind, plural, namespaced, bare })
    }

    /// The path of its objects in a namespace; none where there can be none. Names come from inventories, and may be
    /// anything: one with a slash would be another path.
    pub(super) fn folder(&self, namespace: &str) -> Option<String> {
        let namespace = self.namespaced.then_some(namespace);
        folder_under(&root(&self.group, &self.version), &self.plural, namespace).ok()
    }

    /// The path of one of them.
    pub(super) fn object(&self, namespace: &str, name: &str) -> Option<String> {
        Some(format!("{}/{}", self.folder(namespace)?, segment(name).ok()?))
    }

    pub(super) fn accept_one(&self) -> &'static str {
        if self.bare { ApiServer::METADATA } else { Errand::JSON }
    }

    pub(super) fn accept_list(&self) -> &'static str {
        if self.bare { Self::METADATA_LIST } else { Errand::JSON }
    }
}

impl From<Resource> for ApiResource {
    fn from(resource: Resource) -> Self {
        let Resource { group, version, kind, plural, namespaced, .. } = resource;
        let [group, version, kind, plural] = [group, version, kind, plural].map(Cow::Owned);
        Self { group, version, kind, plural, namespaced }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_secrets_nothing_but_metadata_is_ever_asked_for() {
        let secret = Resource::builtin("", "Secret").expect("a kind");
        assert!(secret.bare && secret.accept_one().contains("PartialObjectMetadata;"));
        assert!(secret.accept_list().contains("PartialObjectMetadataList;"));
        assert!(!Resource::builtin("", "Pod").expect("a kind").bare);
        assert_eq!(Resource::builtin("acme.io", "Secret"), None);
    }

    #[test]
    fn a_name_never_leads_out_of_its_folder() {
        let role = Resource::builtin(RBAC, "Role").expect("a kind");
        let path = format!("/apis/{RBAC}/v1/namespaces/shop/roles");
        assert_eq!(role.object("shop", "system:a:b"), Some(format!("{path}/system:a:b")));
        for (namespace, name) in [("shop", "../pods/x"), ("a/b", "c"), ("", "c"), ("shop", "a?b"), ("shop", "")] {
            assert_eq!(role.object(namespace, name), None, "{namespace} {name}");
        }
        let namespace = Resource::builtin("", "Namespace").expect("a kind");
        assert_eq!(namespace.object("whatever", "shop").as_deref(), Some("/api/v1/namespaces/shop"));
    }
}
