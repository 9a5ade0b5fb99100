use crate::{Deed, ObjectKey};

/// Something to read in the name of whoever asks for an explanation.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lookup {
    /// An object of Flux.
    Flux(ObjectKey),
    /// An object of one of Kubernetes' own kinds, whole.
    Object {
        /// Its kind.
        kind: &'static Builtin,
        /// Its namespace; empty for cluster-scoped kinds.
        namespace: String,
        /// Its name.
        name: String,
    },
    /// Only the metadata of such an object.
    Metadata {
        /// Its kind.
        kind: &'static Builtin,
        /// Its namespace; empty for cluster-scoped kinds.
        namespace: String,
        /// Its name.
        name: String,
    },
    /// The objects of a kind with certain labels.
    Labelled {
        /// Their kind.
        kind: &'static Builtin,
        /// Their namespace.
        namespace: String,
        /// A label selector as Kubernetes writes it.
        selector: String,
    },
    /// The Events about an object, or about all objects of a kind if the name is empty.
    Events {
        /// Kind of the object.
        kind: String,
        /// Its namespace.
        namespace: String,
        /// Its name.
        name: String,
    },
    /// The last lines that a container wrote before it ended.
    LastWords {
        /// Namespace of the pod.
        namespace: String,
        /// The pod.
        pod: String,
        /// The container.
        container: String,
    },
}

/// A kind of Kubernetes itself that may be looked up. Secrets are not among them: they are never read.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Builtin {
    /// API group; empty for the core group.
    pub group: &'static str,
    /// Version of the group.
    pub version: &'static str,
    /// Name in manifests.
    pub kind: &'static str,
    /// Resource name in URLs and access rules.
    pub plural: &'static str,
    /// Whether its objects lie in namespaces.
    pub namespaced: bool,
}

const fn kind(group: &'static str, version: &'static str, kind: &'static str, plural: &'static str) -> Builtin {
    Builtin { group, version, kind, plural, namespaced: true }
}

static BUILTINS: [Builtin; 18] = [
    kind("apps", "v1", "Deployment", "deployments"),
    kind("apps", "v1", "ReplicaSet", "replicasets"),
    kind("apps", "v1", "StatefulSet", "statefulsets"),
    kind("apps", "v1", "DaemonSet", "daemonsets"),
    kind("batch", "v1", "Job", "jobs"),
    kind("batch", "v1", "CronJob", "cronjobs"),
    kind("", "v1", "Pod", "pods"),
    kind("", "v1", "PersistentVolumeClaim", "persistentvolumeclaims"),
    kind("", "v1", "ConfigMap", "configmaps"),
    kind("", "v1", "Service", "services"),
    kind("", "v1", "ServiceAccount", "serviceaccounts"),
    kind("networking.k8s.io", "v1", "Ingress", "ingresses"),
    kind("networking.k8s.io", "v1", "NetworkPolicy", "networkpolicies"),
    kind("autoscaling", "v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers"),
    kind("policy", "v1", "PodDisruptionBudget", "poddisruptionbudgets"),
    kind("rbac.authorization.k8s.io", "v1", "Role", "roles"),
    kind("rbac.authorization.k8s.io", "v1", "RoleBinding", "rolebindings"),
    Builtin { group: "", version: "v1", kind: "Namespace", plural: "namespaces", namespaced: false },
];

impl Builtin {
    /// The kind with this name and, if it is known, of this group.
    pub fn by_name(name: &str, group: Option<&str>) -> Option<&'static Builtin> {
        BUILTINS.iter().find(|one| one.kind == name && group.is_none_or(|group| group == one.group))
    }
}

impl Lookup {
    /// What the person has to be allowed.
    pub fn deed(&self) -> Deed {
        let (verb, group, resource, subresource, namespace) = match self {
            Lookup::Flux(key) => ("get", key.kind.info().group, key.kind.info().plural, "", &*key.namespace),
            Lookup::Object { kind, namespace, .. } | Lookup::Metadata { kind, namespace, .. } => {
                ("get", kind.group, kind.plural, "", namespace.as_str())
            }
            Lookup::Labelled { kind, namespace, .. } => ("list", kind.group, kind.plural, "", namespace.as_str()),
            Lookup::Events { namespace, .. } => ("list", "", "events", "", namespace.as_str()),
            Lookup::LastWords { namespace, .. } => ("get", "", "pods", "log", namespace.as_str()),
        };
        let [verb, group, resource, subresource, namespace] =
            [verb, group, resource, subresource, namespace].map(ToOwned::to_owned);
        Deed { verb, group, resource, subresource, namespace, ..Deed::default() }
    }

    /// Kind and namespace of what is to be read, for whoever may not: `pods in shop`. Never the name of anything found.
    pub fn what(&self) -> String {
        let (resource, namespace) = match self {
            Lookup::Flux(key) => (key.kind.info().plural, &*key.namespace),
            Lookup::Object { kind, namespace, .. }
            | Lookup::Metadata { kind, namespace, .. }
            | Lookup::Labelled { kind, namespace, .. } => (kind.plural, namespace.as_str()),
            Lookup::Events { namespace, .. } => ("events", namespace.as_str()),
            Lookup::LastWords { namespace, .. } => ("logs of pods", namespace.as_str()),
        };
        match namespace {
            "" => resource.to_owned(),
            namespace => format!("{resource} in `{namespace}`"),
        }
    }
}
