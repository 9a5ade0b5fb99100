use std::time::{Duration, SystemTime};

use fanlight_model::{BuildEntry, History, ReleaseEntry, short_revision};

use crate::when;

/// Something that an object did before, as a line of its timeline.
pub(super) struct Past {
    /// Colour and icon.
    pub(super) class: &'static str,
    pub(super) word: String,
    pub(super) revision: String,
    pub(super) full_revision: String,
    /// What somebody copies of that.
    pub(super) copied: String,
    /// What else there is to say.
    pub(super) notes: Vec<String>,
    /// What was first, and when.
    pub(super) first: Option<(String, (String, String))>,
    pub(super) last: Option<(String, String)>,
}

impl Past {
    pub(super) fn all(history: &History, now: SystemTime) -> Vec<Self> {
        match history {
            History::Builds(builds) => builds.iter().map(|build| Self::of_build(build, now)).collect(),
            History::Releases(releases) => {
                let mut lines: Vec<_> = releases.iter().map(|release| Self::of_release(release, now)).collect();
                // All revisions of a release say the same of that.
                if let (Some(line), Some(newest)) = (lines.first_mut(), releases.first()) {
                    line.first = when::since(newest.first, now).map(|since| ("installed first".to_owned(), since));
                }
                lines
            }
        }
    }

    fn of_build(build: &BuildEntry, now: SystemTime) -> Self {
        let succeeded = build.status == "ReconciliationSucceeded";
        let word = if succeeded { "Applied".to_owned() } else { spaced(&build.status) };
        let mut notes: Vec<_> = build.took.map(took).into_iter().collect();
        let first = match (build.times, when::since(build.first, now)) {
            (0 | 1, _) => None,
            (times, None) => {
                notes.push(format!("{times} times"));
                None
            }
            (times, Some(since)) => Some((format!("{times} times, first"), since)),
        };
        if let Some(digest) = build.digest.strip_prefix("sha256:") {
            notes.push(format!("manifests {}", digest.chars().take(12).collect::<String>()));
        }
        Self {
            class: if succeeded { "ready" } else { "failed" },
            word,
            revision: short_revision(&build.revision),
            full_revision: build.revision.clone(),
            copied: build.revision.clone(),
            notes,
            first,
            last: when::since(build.last, now),
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
        notes.extend(release.took.map(took));
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
            copied: release.version.clone(),
            notes,
            first: None,
            last: when::since(release.last, now),
        }
    }
}

/// How long something took.
pub(super) fn took(time: Duration) -> String {
    if time < Duration::from_secs(1) {
        "took less than a second".to_owned()
    } else {
        format!("took {}", when::span(time))
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

    fn lines(kind: Kind, status: &serde_json::Value) -> Vec<String> {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(3600);
        let details = Details::read(kind, &json!({"status": status}));
        let say = |past: &Past| {
            let first = past.first.iter().map(|(what, (_, age))| format!("{what} {age} ago"));
            let notes: Vec<_> = past.notes.iter().cloned().chain(first).collect();
            [past.class, &past.word, &past.revision, &notes.join("; ")].join(" | ")
        };
        Past::all(&details.history, now).iter().map(say).collect()
    }

    #[test]
    fn builds_and_releases_are_told_with_their_outcome() {
        let builds = lines(
            Kind::KUSTOMIZATION,
            &json!({"history": [{"digest": "sha256:0123456789abcdef", "lastReconciledStatus": "HealthCheckFailed", "totalReconciliations": 4,
                "firstReconciled": "1970-01-01T00:30:00Z", "lastReconciled": "1970-01-01T00:50:00Z",
                "lastReconciledDuration": "40.2s", "metadata": {"revision": "main@sha1:ba66396785f97042590e94c06645dac9ed1d1c82"}},
                {"lastReconciledStatus": "ReconciliationSucceeded", "lastReconciledDuration": "120ms"}]}),
        );
        assert_eq!(
            builds[0],
            "failed | Health check failed | main@ba66396 | took 40s; manifests 0123456789ab; 4 times, first 30m ago"
        );
        assert_eq!(builds[1], "ready | Applied |  | took less than a second");
        let releases = lines(
            Kind::HELM_RELEASE,
            &json!({"lastAttemptedReleaseAction": "upgrade", "lastAttemptedReleaseActionDuration": "12.3s",
                "lastAttemptedConfigDigest": "sha256:0f", "lastAttemptedRevision": "1.4.2",
                "history": [{"version": 3, "chartName": "web", "chartVersion": "1.4.2", "appVersion": "2.1.0", "status": "deployed",
                "firstDeployed": "1970-01-01T00:00:00Z", "configDigest": "sha256:0f", "action": "upgrade", "testHooks": {"smoke": {"phase": "Succeeded"}}},
                {"version": 2, "chartName": "web", "chartVersion": "1.4.1", "status": "superseded"},
                {"version": 1, "status": "pending-install"}]}),
        );
        assert_eq!(
            releases[0],
            "ready | Deployed | web 1.4.2 | revision 3; upgrade; took 12s; app 2.1.0; test smoke: Succeeded; installed first 1h ago"
        );
        assert_eq!(releases[1], "quiet | Superseded | web 1.4.1 | revision 2");
        assert!(releases[2].starts_with("moving | Pending install |"), "{}", releases[2]);
    }
}
