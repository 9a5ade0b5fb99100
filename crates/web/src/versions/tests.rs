use std::time::Duration;

use fanlight_model::{Kind, State};
use serde_json::json;

use super::*;

/// A Kustomization as it is read at a version.
struct Seen {
    uid: &'static str,
    version: u64,
    ready: &'static str,
    reason: &'static str,
    applied: String,
    attempted: String,
    members: usize,
}

impl Seen {
    fn at(version: u64, revision: &str) -> Self {
        let revision = format!("main@sha1:{revision}");
        Self {
            uid: "u",
            version,
            ready: "True",
            reason: "ReconciliationSucceeded",
            applied: revision.clone(),
            attempted: revision,
            members: 1,
        }
    }

    fn note(&self, versions: &Versions, name: &str) {
        let members: Vec<_> = (0..self.members)
            .map(|number| json!({"id": format!("apps_{number:05}_apps_Deployment"), "v": "v1"}))
            .collect();
        let object = json!({
            "metadata": {"namespace": "apps", "name": name, "uid": self.uid, "resourceVersion": self.version.to_string(),
                "generation": 1},
            "spec": {"path": "./apps"},
            "status": {"observedGeneration": 1, "lastAppliedRevision": self.applied, "lastAttemptedRevision": self.attempted,
                "conditions": [{"type": "Ready", "status": self.ready, "reason": self.reason, "message": "m",
                    "observedGeneration": 1}],
                "inventory": {"entries": members}},
        });
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(self.version);
        versions.note(&object, &Details::read(Kind::KUSTOMIZATION, &object), now);
    }
}

fn key(name: &str) -> ObjectKey {
    ObjectKey::new(Kind::KUSTOMIZATION, "apps", name)
}

fn seen(versions: &Versions, uid: &str) -> Vec<(u64, u64, State)> {
    versions.of(&key("shop"), uid).iter().map(|edition| (edition.id, edition.version, edition.state)).collect()
}

#[test]
fn each_revision_is_kept_as_it_ended_and_not_what_it_went_through() {
    let versions = Versions::default();
    Seen::at(1, "a").note(&versions, "shop");
    Seen { ready: "Unknown", reason: "Progressing", applied: "main@sha1:a".to_owned(), ..Seen::at(2, "b") }
        .note(&versions, "shop");
    assert_eq!(seen(&versions, "u"), [(1, 1, State::Ready), (2, 2, State::Progressing)]);
    Seen::at(3, "b").note(&versions, "shop");
    Seen::at(5, "b").note(&versions, "shop");
    Seen::at(4, "b").note(&versions, "shop");
    assert_eq!(seen(&versions, "u"), [(1, 1, State::Ready), (2, 5, State::Ready)], "a late answer changes nothing");
    Seen { ready: "False", reason: "HealthCheckFailed", ..Seen::at(6, "b") }.note(&versions, "shop");
    assert_eq!(seen(&versions, "u").len(), 3, "that it fails by now is something else");
}

#[test]
fn an_object_that_has_the_name_of_another_has_none_of_its_versions() {
    let versions = Versions::default();
    Seen::at(1, "a").note(&versions, "shop");
    Seen { uid: "other", ..Seen::at(9, "a") }.note(&versions, "shop");
    assert_eq!(seen(&versions, "u"), []);
    assert_eq!(seen(&versions, "other"), [(9, 9, State::Ready)]);
    Seen::at(8, "a").note(&versions, "shop");
    assert_eq!(seen(&versions, "other").len(), 1, "an answer about the one before came late");
    versions.forget(&key("shop"));
    assert_eq!((seen(&versions, "other").len(), versions.bytes()), (0, 0));
}

#[test]
fn what_is_kept_is_bounded_for_one_object_and_for_all() {
    let versions = Versions::default();
    for version in 1..=40 {
        Seen::at(version, &format!("{version}")).note(&versions, "shop");
    }
    assert_eq!(seen(&versions, "u").len(), Versions::EACH);
    let small = versions.bytes();
    assert!((1..20_000).contains(&small), "{small} bytes for {} versions", Versions::EACH);

    // Some 200 KB of members each, none of which is the same.
    for version in 41..=60 {
        Seen { members: 5000 + usize::try_from(version).expect("small"), ..Seen::at(version, &format!("{version}")) }
            .note(&versions, "shop");
    }
    assert!(versions.bytes() <= Versions::EACH_BYTES && seen(&versions, "u").len() >= 4, "{}", versions.bytes());
    let shared = Versions::default();
    for version in 1..=10 {
        Seen { members: 5000, ..Seen::at(version, &format!("{version}")) }.note(&shared, "shop");
    }
    assert!(shared.bytes() < 300_000, "what is the same is kept once: {}", shared.bytes());

    for number in 0..120 {
        Seen { members: 10_000, ..Seen::at(1, "a") }.note(&versions, &format!("big-{number}"));
    }
    let bytes = versions.bytes();
    assert!((Versions::BYTES / 2..=Versions::BYTES).contains(&bytes), "{bytes}");
    assert!(seen(&versions, "u").is_empty(), "what was looked at longest ago is gone");
    for number in 0..Versions::OBJECTS + 10 {
        Seen::at(1, "a").note(&versions, &format!("small-{number}"));
    }
    assert_eq!(versions.lock().objects.len(), Versions::OBJECTS);
    let kept: usize = versions.lock().objects.values().map(|row| row.bytes).sum();
    assert_eq!(kept, versions.bytes(), "nothing is counted twice or forgotten");
}
