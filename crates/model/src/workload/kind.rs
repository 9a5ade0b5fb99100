use std::fmt;

/// A kind of workload that has a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum WorkloadKind {
    /// Pods that can replace one another.
    Deployment,
    /// Pods with names and volumes of their own.
    StatefulSet,
    /// One pod on each node.
    DaemonSet,
    /// Jobs at certain times.
    CronJob,
    /// Pods that come to an end.
    Job,
}

impl WorkloadKind {
    /// Every kind, in the order of menus.
    pub const ALL: [WorkloadKind; 5] = [
        WorkloadKind::Deployment,
        WorkloadKind::StatefulSet,
        WorkloadKind::DaemonSet,
        WorkloadKind::CronJob,
        WorkloadKind::Job,
    ];

    /// Name in manifests.
    pub fn name(self) -> &'static str {
        match self {
            WorkloadKind::Deployment => "Deployment",
            WorkloadKind::StatefulSet => "StatefulSet",
            WorkloadKind::DaemonSet => "DaemonSet",
            WorkloadKind::CronJob => "CronJob",
            WorkloadKind::Job => "Job",
        }
    }

    /// Resource name in URLs and access rules.
    pub fn plural(self) -> &'static str {
        match self {
            WorkloadKind::Deployment => "deployments",
            WorkloadKind::StatefulSet => "statefulsets",
            WorkloadKind::DaemonSet => "daemonsets",
            WorkloadKind::CronJob => "cronjobs",
            WorkloadKind::Job => "jobs",
        }
    }

    /// API group; all of them are at version `v1`.
    pub fn group(self) -> &'static str {
        match self {
            WorkloadKind::Deployment | WorkloadKind::StatefulSet | WorkloadKind::DaemonSet => "apps",
            WorkloadKind::CronJob | WorkloadKind::Job => "batch",
        }
    }

    /// The word in addresses of pages.
    pub fn slug(self) -> &'static str {
        match self {
            WorkloadKind::Deployment => "deployment",
            WorkloadKind::StatefulSet => "statefulset",
            WorkloadKind::DaemonSet => "daemonset",
            WorkloadKind::CronJob => "cronjob",
            WorkloadKind::Job => "job",
        }
    }

    /// The kind with this name, plural or not, whatever its case.
    pub fn by_word(word: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|kind| [kind.slug(), kind.plural()].iter().any(|known| known.eq_ignore_ascii_case(word)))
    }

    /// The kind with this name in manifests, if it is of this API group.
    pub fn by_group_and_name(group: &str, name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.group() == group && kind.name() == name)
    }

    /// Whether a change of its template replaces its pods.
    pub fn can_restart(self) -> bool {
        self.group() == "apps"
    }
}

impl fmt::Display for WorkloadKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_found_by_its_words_and_no_other_kind_is_one() {
        for kind in WorkloadKind::ALL {
            for word in [kind.slug(), kind.name(), kind.plural()] {
                assert_eq!(WorkloadKind::by_word(word), Some(kind), "{word}");
            }
            assert_eq!(WorkloadKind::by_group_and_name(kind.group(), kind.name()), Some(kind));
            assert_eq!(WorkloadKind::by_group_and_name("acme.example", kind.name()), None);
        }
        for word in ["", "pod", "replicaset", "secret", "deployments.apps"] {
            assert_eq!(WorkloadKind::by_word(word), None, "{word}");
        }
    }
}
