use super::*;
use crate::ObjectKey;

const OURS: &str = "2026-11-23T04:02:51.634996001Z";

fn key(kind: &str) -> ObjectKey {
    ObjectKey::new(Kind::by_name(kind).expect("a kind"), "apps", "shop")
}

/// An object with this annotation, this answer and these conditions (type, status, reason).
fn object(demanded: Option<&str>, handled: Option<&str>, conditions: &[(&str, &str, &str)]) -> Value {
    let conditions: Vec<_> = conditions
        .iter()
        .map(|(kind, status, reason)| {
            json!({"type": kind, "status": status, "reason": reason, "message": format!("{kind} says {reason}")})
        })
        .collect();
    let mut object = json!({"metadata": {"annotations": {}}, "spec": {}, "status": {"conditions": conditions}});
    if let Some(demanded) = demanded {
        object["metadata"]["annotations"][REQUESTED] = json!(demanded);
    }
    if let Some(handled) = handled {
        object["status"]["lastHandledReconcileAt"] = json!(handled);
    }
    object
}

fn progress(kind: &str, before: &Value, now: &Value) -> Progress {
    let key = key(kind);
    Demand::new(&Target::new(&key, before), OURS.to_owned(), None).progress(&Target::new(&key, now))
}

const READY: (&str, &str, &str) = ("Ready", "True", "ReconciliationSucceeded");

#[test]
fn handled_means_our_value_or_one_that_came_after_it() {
    let go = "2026-11-23 03:41:38.212574789 +0000 UTC m=+946.479527626";
    // before: demanded, handled; now: demanded, handled; is it handled?
    for (before, now, handled) in [
        ((None, None), (Some(OURS), None), false),
        ((None, None), (Some(OURS), Some(OURS)), true),
        ((Some("old"), Some("old")), (Some(OURS), Some("old")), false),
        // An earlier demand of somebody else ends after ours was made.
        ((Some("earlier"), Some("old")), (Some(OURS), Some("earlier")), false),
        ((None, Some("old")), (Some(OURS), Some("between")), false),
        // A later one took the place of ours, first open, then handled; a Receiver writes another format.
        ((None, Some("old")), (Some("later"), Some("old")), false),
        ((None, Some("old")), (Some("later"), Some("later")), true),
        ((None, None), (Some(go), Some(go)), true),
        ((None, Some("old")), (Some("latest"), Some("later")), false),
        // The annotation was removed, before and after it was handled.
        ((None, Some("old")), (None, Some("old")), false),
        ((Some("earlier"), Some("old")), (None, Some("earlier")), false),
        ((None, Some("old")), (None, Some(OURS)), true),
    ] {
        let was = object(before.0, before.1, &[READY]);
        let is = object(now.0, now.1, &[READY]);
        let over = matches!(progress("Kustomization", &was, &is), Progress::Over(Stage::Done(_)));
        assert_eq!(over, handled, "{before:?} → {now:?}");
    }
}

#[test]
fn once_handled_the_conditions_tell_how_it_went() {
    let failed = |text: &str| Progress::Over(Stage::Failed(text.to_owned()));
    let waiting = |text: &str| Progress::Waiting(text.to_owned());
    let held = |text: &str| Progress::HeldBack(text.to_owned());
    let retry = ("Reconciling", "True", "ProgressingWithRetry");
    let working = ("Reconciling", "True", "Progressing");
    for (conditions, expected) in [
        (&[READY][..], Progress::Over(Stage::Done("Reconciled: Ready says ReconciliationSucceeded".to_owned()))),
        (&[retry, ("Ready", "False", "BuildFailed")], failed("Ready says BuildFailed")),
        (&[("Ready", "False", "ArtifactFailed")], failed("Ready says ArtifactFailed")),
        (&[("Ready", "False", "RollbackSucceeded")], failed("Ready says RollbackSucceeded")),
        (
            &[("Stalled", "True", "RetriesExceeded"), ("Ready", "False", "UpgradeFailed")],
            failed("Stalled: Stalled says RetriesExceeded"),
        ),
        // A condition that is there and does not hold says nothing.
        (
            &[READY, ("Stalled", "False", "")],
            Progress::Over(Stage::Done("Reconciled: Ready says ReconciliationSucceeded".to_owned())),
        ),
        (&[("Ready", "False", "DependencyNotReady")], waiting("Ready says DependencyNotReady")),
        (&[working, ("Ready", "False", "DependencyNotReady")], waiting("Ready says DependencyNotReady")),
        (&[working, ("Ready", "False", "SourceNotReady")], held("Ready says SourceNotReady")),
        (&[working, ("Ready", "Unknown", "Progressing")], Progress::Working("Ready says Progressing".to_owned())),
        (&[], Progress::Over(Stage::Done("Reconciled; the controller says nothing about how it went".to_owned()))),
    ] {
        let before = object(None, None, &[]);
        assert_eq!(progress("HelmRelease", &before, &object(Some(OURS), Some(OURS), conditions)), expected);
    }
}

#[test]
fn until_then_the_phase_is_told_but_not_that_of_an_earlier_failure() {
    let before = object(None, None, &[]);
    let now = object(Some(OURS), None, &[("Reconciling", "True", "Progressing")]);
    assert_eq!(
        progress("Kustomization", &before, &now),
        Progress::Open(Some("Reconciling says Progressing".to_owned()))
    );
    let now = object(Some(OURS), None, &[("Reconciling", "True", "ProgressingWithRetry"), ("Ready", "False", "x")]);
    assert_eq!(progress("Kustomization", &before, &now), Progress::Open(None));
}

#[test]
fn a_suspension_that_comes_in_between_leaves_it_unknown_although_the_value_is_copied() {
    let before = object(None, None, &[READY]);
    let mut now = object(Some(OURS), Some(OURS), &[READY]);
    now["spec"]["suspend"] = json!(true);
    assert!(matches!(progress("Kustomization", &before, &now), Progress::Over(Stage::Unknown(_))));
    now["metadata"]["deletionTimestamp"] = json!("2026-11-23T04:02:51Z");
    assert!(matches!(progress("Kustomization", &before, &now), Progress::Over(Stage::Failed(_))));
}

#[test]
fn a_kustomization_is_done_when_it_applied_what_its_source_offers() {
    let key = key("Kustomization");
    let with = |revision: &str, handled: Option<&str>| {
        let mut object = object(Some(OURS), handled, &[READY]);
        object["status"]["lastAppliedRevision"] = json!(revision);
        object
    };
    let before = with("main@sha1:1", None);
    let demand = Demand::new(&Target::new(&key, &before), OURS.to_owned(), Some("main@sha1:2".to_owned()));
    let progress = |now: &Value| demand.progress(&Target::new(&key, now));
    assert!(matches!(progress(&with("main@sha1:1", Some(OURS))), Progress::Working(_)));
    assert!(matches!(progress(&with("main@sha1:2", Some(OURS))), Progress::Over(Stage::Done(_))));
    // The source has moved on once more.
    assert!(matches!(progress(&with("main@sha1:3", Some(OURS))), Progress::Over(Stage::Done(_))));
}

#[test]
fn what_would_never_be_answered_is_known_beforehand() {
    let version = |version: &str| json!({"apiVersion": format!("image.toolkit.fluxcd.io/{version}")});
    let suspended = json!({"metadata": {"annotations": {"metadata.weave.works/suspended-by": "erin",
        "metadata.weave.works/suspended-comment": "audit"}}, "spec": {"suspend": true}});
    for (kind, object, why) in [
        ("Alert", json!({}), Some("there is nothing to reconcile")),
        ("Provider", json!({}), Some("there is nothing to reconcile")),
        ("ExternalArtifact", json!({}), Some("no controller answers requests")),
        ("HelmRepository", json!({"spec": {"type": "oci"}}), Some("there is nothing to reconcile")),
        ("HelmRepository", json!({"spec": {"type": "default"}}), None),
        ("ImagePolicy", version("v1beta2"), Some("image policies answer requests from version v1")),
        ("ImagePolicy", version("v1"), None),
        ("Receiver", json!({}), None),
        ("Kustomization", json!({"metadata": {"deletionTimestamp": "x"}}), Some("it is being deleted")),
        ("GitRepository", suspended, Some("it is suspended by erin: “audit”; resume it first")),
    ] {
        let key = key(kind);
        let found = Target::new(&key, &object).obstacle().map(|obstacle| obstacle.to_string());
        match (&found, why) {
            (Some(found), Some(why)) => assert!(found.starts_with(why), "{kind}: {found}"),
            (found, why) => assert_eq!(found.as_deref(), why, "{kind}"),
        }
    }
}

#[test]
fn the_time_that_an_object_may_take_is_its_own_or_that_of_its_kind() {
    for (kind, spec, seconds) in [
        ("Kustomization", json!({"timeout": "2m30s", "interval": "10m"}), 150),
        ("Kustomization", json!({"interval": "10m"}), 600),
        ("HelmRelease", json!({"interval": "10m"}), 300),
        ("GitRepository", json!({"interval": "10m", "timeout": "20s"}), 20),
        ("GitRepository", json!({"timeout": "soon"}), 60),
    ] {
        let key = key(kind);
        let object = json!({"spec": spec});
        assert_eq!(Target::new(&key, &object).timeout().as_secs(), seconds, "{kind} {spec}");
    }
}

#[test]
fn the_patch_touches_one_annotation() {
    let key = key("HelmRelease");
    let before = json!({});
    let demand = Demand::new(&Target::new(&key, &before), OURS.to_owned(), None);
    assert_eq!(demand.patch(), json!({"metadata": {"annotations": {"reconcile.fluxcd.io/requestedAt": OURS}}}));
}

#[test]
fn odd_objects_are_not_handled_and_no_panic() {
    for odd in [
        json!(null),
        json!([]),
        json!({"metadata": 5, "status": "x", "spec": []}),
        json!({"status": {"conditions": [5, {"type": 1}]}}),
    ] {
        assert_eq!(progress("Kustomization", &odd, &odd), Progress::Open(None), "{odd}");
    }
}

#[test]
fn what_is_asked_for_besides_has_the_same_value_and_nothing_else_is_touched() {
    let key = ObjectKey::new(Kind::HELM_RELEASE, "apps", "shop");
    let object = json!({"metadata": {"annotations": {"reconcile.fluxcd.io/forceAt": "older"}}});
    let demand = || Demand::new(&Target::new(&key, &object), "now".to_owned(), None);
    let annotations = |demand: Demand| demand.patch()["metadata"]["annotations"].clone();
    let requested = "reconcile.fluxcd.io/requestedAt";
    assert_eq!(annotations(demand()), json!({requested: "now"}));
    assert_eq!(annotations(demand().forcing()), json!({requested: "now", "reconcile.fluxcd.io/forceAt": "now"}));
    assert_eq!(annotations(demand().resetting()), json!({requested: "now", "reconcile.fluxcd.io/resetAt": "now"}));
    assert_eq!(
        annotations(demand().forcing().resetting()),
        json!({requested: "now", "reconcile.fluxcd.io/forceAt": "now", "reconcile.fluxcd.io/resetAt": "now"})
    );
}
