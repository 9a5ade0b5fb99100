use std::time::{Duration, SystemTime};

use fanlight_model::{BuildEntry, History, ReleaseEntry, short_revision};

use super::facts::since;
use crate::when;

/// Something that an object did before, as a line of its timeline.
pub(super) struct Past {
    /// Colour and icon.
    pub(super) class: &'static str,
    pub(super) word: String,
    pub(super) revision: String,
    pub(super) full_revision: String,
    /// What else there is to say.
    pub(super) notes: Vec<String>,
    pub(super) last: Option<(String, String)>,
}

impl Past {
    pub(super) fn all(history: &History, now: SystemTime) -> Vec<Self> {
        match history {
            History::Builds(builds) => builds.iter().map(|build| Self::of_build(build, now)).collect(),
            History::Releases(releases) => releases.iter().map(|release| Self::of_release(release, now)).collect(),
        }
    }

    fn of_build(build: &BuildEntry, now: SystemTime) -> Self {
        let succeeded = build.status == "ReconciliationSucceeded";
        let word = if succeeded { "Applied".to_owned() } else { spaced(&build.status) };
        let mut notes = Vec::new();
        if let Some(took) = build.took {
            let quick = took < Duration::from_secs(1);
            notes.push(if quick { "took less than a second".to_owned() } else { format!("took {}", when::span(took)) });
        }
        match (build.times, since(build.first, now)) {
            (0 | 1, _) => {}
            (times, Some((_, age))) => notes.push(format!("{times} times within {age}")),
            (times, None) => notes.push(format!("{times} times")),
        }
        if let Some(digest) = build.digest.strip_prefix("sha256:") {
            notes.push(format!("manifests {}", digest.chars().take(12).collect::<String>()));
        }
        Self {
            class: if succeeded { "ready" } else { "failed" },
            word,
            revision: short_revision(&build.revision),
            full_revision: build.revision.clone(),
            notes,
            last: since(build.last, now),
        }
    }

    fn of_release(release: &ReleaseEntry, now: SystemTime) -> Self {
        let class = match &*release.status {
            "deployed" => "ready",
            "failed" => "failed",
            status if status.starts_with("pending") || status == "uninstalling" => "moving",
            _ => "quiet",
        };
        let mut notes = vec![format!("revision {}", release.number)];
        if !release.action.is_empty() {
            notes.push(release.action.clone());
        }
        if !release.app_version.is_empty() {
            notes.push(format!("app {}", release.app_version));
        }
        if !release.oci_digest.is_empty() {
            notes.push(short_revision(&release.oci_digest));
        }
        notes.extend(release.tests.iter().map(|(name, phase)| format!("test {name}: {phase}")));
        Self {
            class,
            word: spaced(&release.status),
            revision: format!("{} {}", release.chart, short_revision(&release.version)),
            full_revision: format!("{} {}", release.chart, release.version),
            notes,
            last: since(release.last, now),
        }
    }
}

/// `HealthCheckFailed` and `pending-upgrade` as people write: `Health check failed`, `Pending upgrade`.
fn spaced(word: &str) -> String {
    let mut text = String::with_capacity(word.len() + 4);
    for letter in word.chars() {
        match letter {
            '-' | '_' => text.push(' '),
            letter if text.is_empty() => text.extend(letter.to_uppercase()),
            letter if letter.is_uppercase() => {
                text.push(' ');
                text.extend(letter.to_lowercase());
            }
            letter => text.push(letter),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use fanlight_model::{Details, Kind};
    use serde_json::json;

    use super::*;

    fn lines(kind: Kind, history: &serde_json::Value) -> Vec<String> {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(3600);
        let details = Details::read(kind, &json!({"status": {"history": history}}));
        let say = |past: &Past| [past.class, &past.word, &past.revision, &past.notes.join("; ")].join(" | ");
        Past::all(&details.history, now).iter().map(say).collect()
    }

    #[test]
    fn builds_and_releases_are_told_with_their_outcome() {
        let builds = lines(
            Kind::KUSTOMIZATION,
            &json!([{"digest": "sha256:0123456789abcdef", "lastReconciledStatus": "HealthCheckFailed", "totalReconciliations": 4,
                "firstReconciled": "1970-01-01T00:30:00Z", "lastReconciled": "1970-01-01T00:50:00Z",
                "lastReconciledDuration": "40.2s", "metadata": {"revision": "main@sha1:ba66396785f97042590e94c06645dac9ed1d1c82"}},
                {"lastReconciledStatus": "ReconciliationSucceeded", "lastReconciledDuration": "120ms"}]),
        );
        assert_eq!(
            builds[0],
            "failed | Health check failed | main@ba66396 | took 40s; 4 times within 30m; manifests 0123456789ab"
        );
        assert_eq!(builds[1], "ready | Applied |  | took less than a second");
        let releases = lines(
            Kind::HELM_RELEASE,
            &json!([{"version": 3, "chartName": "web", "chartVersion": "1.4.2", "appVersion": "2.1.0", "status": "deployed",
                "action": "upgrade", "testHooks": {"smoke": {"phase": "Succeeded"}}},
                {"version": 2, "chartName": "web", "chartVersion": "1.4.1", "status": "superseded"},
                {"version": 1, "status": "pending-install"}]),
        );
        assert_eq!(releases[0], "ready | Deployed | web 1.4.2 | revision 3; upgrade; app 2.1.0; test smoke: Succeeded");
        assert_eq!(releases[1], "quiet | Superseded | web 1.4.1 | revision 2");
        assert!(releases[2].starts_with("moving | Pending install |"), "{}", releases[2]);
    }
}
