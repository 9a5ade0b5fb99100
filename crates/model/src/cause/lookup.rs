use std::borrow::Cow;

use super::ApiResource;
use crate::{Deed, ObjectKey};

/// Something to read in the name of whoever asks for an explanation.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lookup {
    /// An object of Flux.
    Flux(ObjectKey),
    /// How a kind is called in addresses.
    Kind {
        /// Its API group, if that is known; else it has to be the only kind of its name.
        group: Option<String>,
        /// Its name in manifests.
        kind: String,
    },
    /// An object of any kind but Flux's, whole.
    Object {
        /// Its kind.
        kind: Cow<'static, ApiResource>,
        /// Its namespace; empty for cluster-scoped kinds.
        namespace: String,
        /// Its name.
        name: String,
    },
    /// Only the metadata of such an object.
    Metadata {
        /// Its kind.
        kind: Cow<'static, ApiResource>,
        /// Its namespace; empty for cluster-scoped kinds.
        namespace: String,
        /// Its name.
        name: String,
    },
    /// The objects of a kind with certain labels.
    Labelled {
        /// Their kind.
        kind: Cow<'static, ApiResource>,
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

impl Lookup {
    /// What the person has to be allowed; nothing where everybody is.
    pub fn deed(&self) -> Option<Deed> {
        let (verb, group, resource, subresource, namespace) = match self {
            Lookup::Kind { .. } => return None,
            Lookup::Flux(key) => ("get", key.kind.info().group, key.kind.info().plural, "", &*key.namespace),
            Lookup::Object { kind, namespace, .. } | Lookup::Metadata { kind, namespace, .. } => {
                ("get", &*kind.group, &*kind.plural, "", within(kind, namespace))
            }
            Lookup::Labelled { kind, namespace, .. } => ("list", &*kind.group, &*kind.plural, "", namespace.as_str()),
            Lookup::Events { namespace, .. } => ("list", "", "events", "", namespace.as_str()),
            Lookup::LastWords { namespace, .. } => ("get", "", "pods", "log", namespace.as_str()),
        };
        let [verb, group, resource, subresource, namespace] =
            [verb, group, resource, subresource, namespace].map(ToOwned::to_owned);
        Some(Deed { verb, group, resource, subresource, namespace, ..Deed::default() })
    }

    /// Kind and namespace of what is to be read, for whoever may not: `pods in shop`. Never the name of anything found.
    pub fn what(&self) -> String {
        let (resource, namespace) = match self {
            Lookup::Kind { .. } => ("the kinds of the cluster", ""),
            Lookup::Flux(key) => (key.kind.info().plural, &*key.namespace),
            Lookup::Object { kind, namespace, .. }
            | Lookup::Metadata { kind, namespace, .. }
            | Lookup::Labelled { kind, namespace, .. } => (&*kind.plural, within(kind, namespace)),
            Lookup::Events { namespace, .. } => ("events", namespace.as_str()),
            Lookup::LastWords { namespace, .. } => ("logs of pods", namespace.as_str()),
        };
        match namespace {
            "" => resource.to_owned(),
            namespace => format!("{resource} in `{namespace}`"),
        }
    }
}

/// The namespace of objects of a kind, if they lie in any.
fn within<'a>(kind: &ApiResource, namespace: &'a str) -> &'a str {
    if kind.namespaced { namespace } else { "" }
}
