//! The words of kustomize-controller.

use super::{Facts, words};
use crate::short_revision;

/// What a reconciliation is doing, which the controller tells only in the message of `Reconciling`.
pub(super) struct Phase<'a> {
    words: &'a str,
    pub(super) revision: &'a str,
}

impl<'a> Phase<'a> {
    /// Reads `Building manifests for revision main@sha1:… with a timeout of 9m30s`.
    pub(super) fn told(message: &'a str) -> Option<Self> {
        let (words, rest) = message.split_once(" for revision ")?;
        let (revision, _) = rest.split_once(" with a timeout of ")?;
        Some(Self { words, revision })
    }

    fn sentence(&self) -> String {
        let revision = short_revision(self.revision);
        match self.words {
            "Fetching manifests" => format!("Fetching {revision}"),
            "Building manifests" => format!("Building {revision}"),
            // The comparison by server-side dry-run and the apply are one phase to the controller.
            "Detecting drift" => format!("Applying {revision}"),
            words => format!("{words} for {revision}"),
        }
    }
}

/// Reads `Applied revision: main@sha1:…`.
pub(super) fn applied(message: &str) -> Option<&str> {
    message.strip_prefix("Applied revision: ")
}

fn phase<'a>(facts: &Facts<'a>) -> Option<Phase<'a>> {
    Phase::told(facts.holding("Reconciling")?.message)
}

/// Whether what is going on is only the regular look at a revision that is applied already.
///
/// The controller sets `Ready=Unknown` for every reconciliation, also for one without any change.
pub(super) fn is_recheck(facts: &Facts<'_>) -> bool {
    let same = |phase: Phase<'_>| {
        !phase.revision.is_empty()
            && phase.revision == facts.last_applied
            && facts.last_attempted == facts.last_applied
            && facts.generation == facts.observed_generation
    };
    phase(facts).is_some_and(same) && facts.builds.first().is_none_or(super::Build::succeeded)
}

pub(super) fn ready(facts: &Facts<'_>) -> Option<String> {
    let applied = facts.applied();
    (!applied.is_empty()).then(|| format!("Applied {}", short_revision(applied)))
}

pub(super) fn progressing(facts: &Facts<'_>) -> Option<String> {
    let phase = phase(facts)?;
    let failed_before = |build: &super::Build<'_>| !build.succeeded() && build.revision == phase.revision;
    Some(match facts.builds.first() {
        Some(build) if failed_before(build) => format!("{}; the last attempt failed", phase.sentence()),
        _ => phase.sentence(),
    })
}

pub(super) fn failed(facts: &Facts<'_>, reason: &str, message: &str) -> Option<String> {
    let tried = phase(facts).map_or(facts.last_attempted, |phase| phase.revision);
    let of = |verb: &str| match tried {
        "" => verb.to_owned(),
        tried => format!("{verb} {}", short_revision(tried)),
    };
    let (what, prefix) = match reason {
        "BuildFailed" => (of("Building"), "kustomize build failed: "),
        "ReconciliationFailed" => (of("Applying"), ""),
        "PruneFailed" => (of("Pruning after"), ""),
        "HealthCheckFailed" => (of("Health check of"), ""),
        "ArtifactFailed" => return missing_path(message, tried),
        _ => return None,
    };
    let why = message.strip_prefix(prefix).unwrap_or(message);
    let why = match why.strip_prefix("health check failed after ").and_then(|rest| rest.split_once(": ")) {
        Some((_, why)) => why,
        None => why,
    };
    Some(format!("{what} failed: {}", words::plain(why)))
}

/// Reads `kustomization path not found: stat /tmp/kustomization-1/shop: no such file or directory`.
fn missing_path(message: &str, revision: &str) -> Option<String> {
    let rest = message.strip_prefix("kustomization path not found: stat ")?;
    let path = words::without_temporary_directories(rest.strip_suffix(": no such file or directory")?);
    Some(match revision {
        "" => format!("The source has no path {path}"),
        revision => format!("{} has no path {path}", short_revision(revision)),
    })
}
