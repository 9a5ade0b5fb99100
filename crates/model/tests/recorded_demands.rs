//! What becomes of demands to reconcile, told from changes that were recorded from the real controllers.
#![allow(clippy::expect_used, reason = "a test ends where something is not as expected")]

use std::{fs, path::Path};

use fanlight_model::{Demand, Kind, ObjectKey, Progress, Stage, Target};
use serde_json::Value;

/// The object after each recorded change.
fn timeline(name: &str) -> Vec<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../testbed/fixtures/timeline").join(name);
    let text = fs::read_to_string(&path).expect("a timeline");
    let changes: Vec<Value> = serde_saphyr::from_multiple(&text).expect("YAML");
    let objects = changes.into_iter().filter_map(|change| change.get("object").cloned());
    objects.filter(|object| object["kind"] != "Event").collect()
}

fn demanded(object: &Value) -> Option<&str> {
    object.pointer("/metadata/annotations")?.get("reconcile.fluxcd.io/requestedAt")?.as_str()
}

/// What is told from the demand with this number (from 0) on, until it is over; each different word once.
fn told(name: &str, number: usize) -> Vec<String> {
    let objects = timeline(name);
    let first = &objects[0];
    let kind = Kind::by_name(first["kind"].as_str().expect("a kind")).expect("a known kind");
    let text = |field: &str| first["metadata"][field].as_str().expect("text");
    let key = ObjectKey::new(kind, text("namespace"), text("name"));
    let is_new = |index: &usize| {
        let before = index.checked_sub(1).and_then(|before| demanded(&objects[before]));
        demanded(&objects[*index]).is_some() && demanded(&objects[*index]) != before
    };
    let begin = (0..objects.len()).filter(is_new).nth(number).expect("so many demands");
    let before = begin.checked_sub(1).map_or(Value::Null, |before| objects[before].clone());
    let value = demanded(&objects[begin]).expect("a demand").to_owned();
    let demand = Demand::new(&Target::new(&key, &before), value, None);
    let mut all = Vec::new();
    for object in &objects[begin..] {
        let progress = demand.progress(&Target::new(&key, object));
        let word = match &progress {
            Progress::Open(_) => "open".to_owned(),
            Progress::Working(text) => format!("working: {text}"),
            Progress::Waiting(text) | Progress::HeldBack(text) => format!("held back: {text}"),
            Progress::Over(stage) => format!("{}: {}", stage_name(stage), stage.sentence()),
        };
        if all.last() != Some(&word) {
            all.push(word);
        }
        if matches!(progress, Progress::Over(_)) {
            break;
        }
    }
    all
}

fn stage_name(stage: &Stage) -> &'static str {
    match stage {
        Stage::Asked(_) => "asked",
        Stage::Done(_) => "done",
        Stage::Refused(_) => "refused",
        Stage::Failed(_) => "failed",
        Stage::Unknown(_) => "unknown",
    }
}

#[test]
fn each_recorded_demand_is_over_exactly_when_its_controller_has_finished_it() {
    const STORED: &str =
        "done: Reconciled: stored artifact for revision 'main@sha1:74b6ecdd8f34c896bc76882252e56407dc101015'";
    for (name, number, expected) in [
        ("gitrepository-new-revision.yaml", 0, &["open", STORED][..]),
        ("gitrepository-new-revision.yaml", 1, &["open", STORED]),
        (
            "kustomization-reconcile-requested.yaml",
            0,
            &["open", "done: Reconciled: Applied revision: main@sha1:153dd5d3272ffa8bc3b04087a35f67b355ff9e8e"],
        ),
        // Handled before the correction is verified.
        (
            "helmrelease-drift.yaml",
            0,
            &[
                "open",
                "working: correcting cluster drift",
                "done: Reconciled: Helm install succeeded for release data/lineage.v1 with chart webapp@1.0.0",
            ],
        ),
        (
            "helmrelease-force-ready.yaml",
            0,
            &[
                "open",
                "done: Reconciled: Helm upgrade succeeded for release edge/ingress-gateway.v4 with chart ingress-gateway@4.12.0",
            ],
        ),
        // A Receiver's demand, in another format.
        (
            "receiver-webhook.yaml",
            0,
            &[
                "open",
                "done: Reconciled: stored artifact for revision 'main@sha1:80f01e5d4f1fe6d6c96994211c22ef062bb2612c'",
            ],
        ),
        // The controller copies the value although it does nothing.
        (
            "kustomization-suspend-resume.yaml",
            0,
            &[
                "unknown: It was suspended meanwhile: not known whether it was reconciled before. Resuming it reconciles it",
            ],
        ),
    ] {
        assert_eq!(told(name, number), expected, "{name}, demand {number}");
    }
}
