//! Lines and pages of the API, and objects that are odd.

use fanlight_model::{ObjectKey, Plan, State, Target};
use serde_json::json;

use super::*;

pub(super) fn row(kind: Kind, object: &serde_json::Value) -> Row {
    let line = json!({"type": "MODIFIED", "object": object}).to_string();
    match event(kind, line.as_bytes()) {
        Ok(Event::Change(Change::Applied(row))) => Arc::unwrap_or_clone(row),
        _ => panic!("not a row: {line}"),
    }
}

#[test]
fn a_kustomization_becomes_a_row() {
    let row = row(
        Kind::KUSTOMIZATION,
        &json!({
            "metadata": {"name": "shop", "namespace": "apps", "resourceVersion": "42", "managedFields": [{"x": 1}]},
            "spec": {"interval": "10m", "sourceRef": {"kind": "GitRepository", "name": "fleet", "namespace": "flux-system"}},
            "status": {
                "lastAppliedRevision": "main@sha1:ba66396785f97042590e94c06645dac9ed1d1c82",
                "conditions": [{"type": "Ready", "status": "False", "reason": "HealthCheckFailed",
                    "message": "said \"no\"\nand ünïcode", "lastTransitionTime": "2026-11-23T04:01:08Z"}],
            },
        }),
    );
    assert_eq!(row.key, ObjectKey::new(Kind::KUSTOMIZATION, "apps", "shop"));
    assert_eq!((row.version, row.state, row.since), (42, State::Failed, Some(1_795_406_468)));
    assert_eq!(&*row.message, "said \"no\"\nand ünïcode");
    assert_eq!(row.source.expect("a source").namespace, "flux-system".into());
}

#[test]
fn however_a_kind_is_suspended_its_row_says_so_with_name_and_reason() {
    for kind in Kind::all() {
        let mut object = json!({"metadata": {"name": "shop", "namespace": "apps", "resourceVersion": "1"}, "spec": {}});
        let key = ObjectKey::new(kind, "apps", "shop");
        let Plan::Patch(patch) = Target::new(&key, &object).suspend("dana", Some("a freeze")) else { continue };
        object["metadata"]["annotations"] = patch["metadata"]["annotations"].clone();
        object["spec"] = patch["spec"].clone();
        let row = row(kind, &object);
        assert_eq!(row.state, State::Suspended, "{kind}");
        assert!(row.sentence.starts_with("Suspended by dana: “a freeze”"), "{kind}: {}", row.sentence);
    }
}

#[test]
fn a_helm_release_names_its_chart_and_the_version_that_is_installed() {
    let row = row(
        Kind::HELM_RELEASE,
        &json!({
            "metadata": {"name": "billing", "namespace": "apps", "resourceVersion": "7"},
            "spec": {"suspend": true, "chart": {"spec": {"chart": "billing", "version": ">=2",
                "sourceRef": {"kind": "HelmRepository", "name": "charts"}}}},
            "status": {"lastAttemptedRevision": "2.9.0", "history": [
                {"chartVersion": "2.9.0", "status": "failed"}, {"chartVersion": "2.8.1", "status": "deployed"}]},
        }),
    );
    assert_eq!((row.state, &*row.revision, &*row.attempted), (State::Suspended, "2.8.1", "2.9.0"));
    assert_eq!(row.source.expect("a source").to_string(), "charts/billing");
}

#[test]
fn fields_that_are_missing_or_of_another_type_leave_a_row_that_says_less() {
    let meta = json!({"name": "odd", "resourceVersion": "1"});
    for object in [
        json!({"metadata": meta}),
        json!({"metadata": meta, "spec": null, "status": []}),
        json!({"metadata": meta, "spec": {"chart": "a-string", "suspend": "yes", "sourceRef": 5}, "status": {"conditions": {}, "history": "x"}}),
        json!({"metadata": meta, "status": {"conditions": [{"type": 1}], "artifact": 7, "lastAppliedRevision": {}}}),
    ] {
        let row = row(Kind::HELM_RELEASE, &object);
        assert_eq!((row.state, row.source, &*row.revision), (State::NotReconciled, None, ""), "{object}");
    }
}

#[test]
fn an_odd_condition_or_annotation_does_not_hide_the_others() {
    let row = row(
        Kind::KUSTOMIZATION,
        &json!({
            "metadata": {"name": "a.b:c", "resourceVersion": "1", "generation": "x",
                "annotations": {"reconcile.fluxcd.io/requestedAt": "now", "reconcile.fluxcd.io/forceAt": 7}},
            "status": {"observedGeneration": {}, "history": [5, {"metadata": "x"}], "conditions": [
                7, {"type": 5, "status": []},
                {"type": "Ready", "status": "True", "message": "Applied revision: <b>v1</b>", "reason": null,
                    "lastTransitionTime": "9999-12-31T23:59:59Z", "observedGeneration": "x"}]},
        }),
    );
    assert_eq!((row.state, &*row.sentence), (State::Ready, "Applied <b>v1</b>; sync requested"));
    assert!(row.syncing);
}

#[test]
fn a_huge_message_is_cut() {
    let row = row(
        Kind::KUSTOMIZATION,
        &json!({"metadata": {"name": "a", "resourceVersion": "1"}, "status": {"conditions": [
            {"type": "Ready", "status": "True", "message": "x".repeat(1 << 20)}]}}),
    );
    assert!(row.message.len() <= Row::MESSAGE_LIMIT);
}

#[test]
fn bookmarks_deletions_and_errors_are_told_apart() {
    let mark = br#"{"type":"BOOKMARK","object":{"kind":"Kustomization","metadata":{"resourceVersion":"99"}}}"#;
    assert!(matches!(event(Kind::KUSTOMIZATION, mark), Ok(Event::Change(Change::Mark(99)))));
    let end = br#"{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"7","annotations":{"k8s.io/initial-events-end":"true"}}}}"#;
    assert!(matches!(event(Kind::KUSTOMIZATION, end), Ok(Event::Change(Change::Synced(7)))));
    let gone = br#"{"type":"DELETED","object":{"metadata":{"name":"a","namespace":"b","resourceVersion":"5"}}}"#;
    assert!(matches!(event(Kind::KUSTOMIZATION, gone), Ok(Event::Change(Change::Deleted(_, 5)))));
    let error = br#"{"type":"ERROR","object":{"kind":"Status","code":410,"message":"too old"}}"#;
    assert!(matches!(event(Kind::KUSTOMIZATION, error), Ok(Event::Error { code: 410, .. })));
}

#[test]
fn one_odd_object_does_not_hide_the_others_of_its_page() {
    let body = json!({"metadata": {"resourceVersion": "10", "continue": "token"}, "items": [
        {"metadata": {"name": "a", "namespace": "n", "resourceVersion": "1"}}, {"metadata": 5}]});
    let page = page(Kind::KUSTOMIZATION, body.to_string().as_bytes()).expect("a page");
    assert_eq!((page.rows.len(), page.version, page.next.as_deref()), (1, 10, Some("token")));
}
