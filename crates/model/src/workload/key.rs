use std::{fmt, sync::Arc};

use super::WorkloadKind;

/// The name of one workload in one cluster.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WorkloadKey {
    /// What it is.
    pub kind: WorkloadKind,
    /// Where it lives.
    pub namespace: Arc<str>,
    /// What it is called there.
    pub name: Arc<str>,
}

impl WorkloadKey {
    /// The key of `kind` `namespace/name`.
    pub fn new(kind: WorkloadKind, namespace: impl Into<Arc<str>>, name: impl Into<Arc<str>>) -> Self {
        Self { kind, namespace: namespace.into(), name: name.into() }
    }
}

impl fmt::Display for WorkloadKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.kind, self.namespace, self.name)
    }
}
