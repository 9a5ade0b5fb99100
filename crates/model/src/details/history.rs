use std::time::Duration;

use serde_json::Value;

use super::reading::{each, seconds, text};
use crate::{Kind, go_duration};

/// What an object did before, newest first. Times are seconds since 1970.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum History {
    /// Of a Kustomization, or a kind with a history of the same form.
    Builds(Vec<BuildEntry>),
    /// Of a HelmRelease.
    Releases(Vec<ReleaseEntry>),
}

/// One set of manifests with one outcome. Builds that failed and waits for dependencies are not among them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuildEntry {
    /// The digest of the manifests.
    pub digest: String,
    /// What became of them: a reason such as `ReconciliationSucceeded`.
    pub status: String,
    /// The last source revision that gave these manifests.
    pub revision: String,
    /// When this came about first.
    pub first: Option<i64>,
    /// When this came about last.
    pub last: Option<i64>,
    /// How long it took the last time.
    pub took: Option<Duration>,
    /// How often it came about.
    pub times: u64,
}

/// One Helm revision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReleaseEntry {
    /// Its number.
    pub number: u64,
    /// The chart.
    pub chart: String,
    /// The version of the chart.
    pub version: String,
    /// The version of what the chart installs.
    pub app_version: String,
    /// The digest of the OCI artifact that the chart came from.
    pub oci_digest: String,
    /// Helm's word for its state: `deployed`, `superseded`, `failed`, …
    pub status: String,
    /// `install`, `upgrade` or `rollback`; empty for some older entries.
    pub action: String,
    /// When the release was first deployed.
    pub first: Option<i64>,
    /// When this revision was deployed.
    pub last: Option<i64>,
    /// How long that took, which is known of the last action only.
    pub took: Option<Duration>,
    /// Test hooks with the phase each ended in.
    pub tests: Vec<(String, String)>,
}

impl History {
    pub(super) fn read(kind: Kind, status: &Value) -> Self {
        let entries = each(&status["history"]);
        if kind != Kind::HELM_RELEASE {
            return Self::Builds(entries.map(BuildEntry::read).collect());
        }
        let mut releases: Vec<_> = entries.map(ReleaseEntry::read).collect();
        let last = each(&status["history"]).position(|entry| is_of_last_action(entry, status));
        if let Some(release) = last.and_then(|place| releases.get_mut(place)) {
            release.took = go_duration(text(&status["lastAttemptedReleaseActionDuration"]));
        }
        Self::Releases(releases)
    }

    /// The newest revision that worked.
    pub(super) fn last_good(&self) -> Option<&str> {
        match self {
            Self::Builds(builds) => {
                builds.iter().find(|build| build.status == "ReconciliationSucceeded").map(|build| &*build.revision)
            }
            Self::Releases(releases) => {
                let worked = |release: &&ReleaseEntry| matches!(&*release.status, "deployed" | "superseded");
                releases.iter().find(worked).map(|release| &*release.version)
            }
        }
    }
}

/// Whether a Helm revision came of what was done last: that may have failed before there was a revision, and the
/// controller rolls back after it.
fn is_of_last_action(entry: &Value, status: &Value) -> bool {
    let same = |of: &str, last: &str| !text(&entry[of]).is_empty() && entry[of] == status[last];
    same("action", "lastAttemptedReleaseAction")
        && same("configDigest", "lastAttemptedConfigDigest")
        && same("chartVersion", "lastAttemptedRevision")
}

impl BuildEntry {
    fn read(entry: &Value) -> Self {
        Self {
            digest: text(&entry["digest"]).to_owned(),
            status: text(&entry["lastReconciledStatus"]).to_owned(),
            revision: text(&entry["metadata"]["revision"]).to_owned(),
            first: seconds(&entry["firstReconciled"]),
            last: seconds(&entry["lastReconciled"]),
            took: go_duration(text(&entry["lastReconciledDuration"])),
            times: entry["totalReconciliations"].as_u64().unwrap_or_default(),
        }
    }
}

impl ReleaseEntry {
    fn read(entry: &Value) -> Self {
        let hooks = entry["testHooks"].as_object().into_iter().flatten();
        Self {
            number: entry["version"].as_u64().unwrap_or_default(),
            chart: text(&entry["chartName"]).to_owned(),
            version: text(&entry["chartVersion"]).to_owned(),
            app_version: text(&entry["appVersion"]).to_owned(),
            oci_digest: text(&entry["ociDigest"]).to_owned(),
            status: text(&entry["status"]).to_owned(),
            action: text(&entry["action"]).to_owned(),
            first: seconds(&entry["firstDeployed"]),
            last: seconds(&entry["lastDeployed"]),
            took: None,
            tests: hooks.map(|(name, hook)| (name.clone(), text(&hook["phase"]).to_owned())).collect(),
        }
    }
}
