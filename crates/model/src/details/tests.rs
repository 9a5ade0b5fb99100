use std::time::Duration;

use serde_json::json;

use super::*;

#[test]
fn a_kustomization_is_read_whole() {
    let details = Details::read(
        Kind::KUSTOMIZATION,
        &json!({
            "metadata": {"name": "api", "namespace": "payments", "generation": 3, "labels": {"b": "2", "a": "1"},
                "annotations": {"metadata.weave.works/suspended-by": "maria", "odd": 5,
                    "kubectl.kubernetes.io/last-applied-configuration": "{}"}},
            "spec": {"interval": "10m0s", "retryInterval": "2m", "timeout": "90s", "path": "./api", "prune": true,
                "suspend": false, "targetNamespace": "pay", "serviceAccountName": "deployer",
                "kubeConfig": {"secretRef": {"name": "other"}},
                "dependsOn": [{"name": "db"}, {"name": "infra", "namespace": "flux-system", "readyExpr": "true"}, 7]},
            "status": {
                "conditions": [{"type": "Ready", "status": "True", "reason": "ReconciliationSucceeded",
                    "message": "Applied revision: main@sha1:aa", "lastTransitionTime": "1970-01-01T00:10:00Z"}],
                "history": [
                    {"digest": "sha256:1", "lastReconciledStatus": "HealthCheckFailed", "totalReconciliations": 4},
                    {"digest": "sha256:2", "lastReconciledStatus": "ReconciliationSucceeded",
                        "lastReconciledDuration": "1.5s", "metadata": {"revision": "main@sha1:aa"}}],
                "inventory": {"entries": [{"id": "payments_api_apps_Deployment", "v": "v1"}, {"id": "odd"}, 5]},
            },
        }),
    );
    let settings = &details.settings;
    assert_eq!((settings.interval, settings.timeout), (Some(Duration::from_secs(600)), Some(Duration::from_secs(90))));
    let needs: Vec<_> = settings.depends_on.iter().map(|it| (&*it.namespace, &*it.name, &*it.ready_expr)).collect();
    assert_eq!(needs, [("payments", "db", ""), ("flux-system", "infra", "true")]);
    assert_eq!((settings.prune, settings.remote, &*settings.service_account), (Some(true), true, "deployer"));
    assert_eq!(details.labels, [("a".into(), "1".into()), ("b".into(), "2".into())]);
    assert_eq!(details.annotations.len(), 1);
    assert_eq!(details.suspended_by, "", "a name that an earlier suspension left behind is nobody's");
    assert_eq!(details.last_good, "main@sha1:aa");
    assert_eq!(details.next_run, Some(1200));
    assert_eq!(details.inventory.len(), 1);
    let History::Builds(builds) = &details.history else { panic!("builds") };
    assert_eq!((builds[0].times, builds[1].took), (4, Some(Duration::from_millis(1500))));
}

#[test]
fn the_last_good_release_is_not_the_failed_one() {
    let entry = |number: u64, version: &str, status: &str| {
        json!({"version": number, "chartName": "web", "chartVersion": version, "status": status,
            "testHooks": {"web-test": {"phase": "Succeeded"}}})
    };
    let history = json!([entry(3, "2.0.0", "failed"), entry(2, "1.1.0", "superseded")]);
    let details = Details::read(Kind::HELM_RELEASE, &json!({"status": {"history": history}}));
    assert_eq!(details.last_good, "1.1.0");
    let History::Releases(releases) = &details.history else { panic!("releases") };
    assert_eq!((releases[0].number, &releases[0].tests), (3, &vec![("web-test".into(), "Succeeded".into())]));
}

/// Every place of the object, by turns, with a value that nobody expects there.
#[test]
fn no_object_is_too_odd() {
    let odd = [json!(null), json!(7), json!(true), json!("text"), json!([]), json!([[]]), json!({}), json!(-1e300)];
    let places = [
        "metadata",
        "spec",
        "status",
        "metadata/annotations",
        "metadata/labels",
        "metadata/name",
        "metadata/generation",
        "metadata/deletionTimestamp",
        "spec/suspend",
        "spec/chart",
        "spec/chartRef",
        "spec/sourceRef",
        "spec/dependsOn",
        "spec/interval",
        "status/conditions",
        "status/history",
        "status/artifact",
        "status/inventory",
        "status/lastAppliedRevision",
        "status/observedGeneration",
        "status/conditions/0",
        "status/history/0",
        "status/conditions/0/message",
        "status/conditions/0/status",
        "status/conditions/0/lastTransitionTime",
    ];
    let usual = json!({
        "metadata": {"name": "a.b:c", "namespace": "n", "annotations": {}, "labels": {}, "generation": 1, "deletionTimestamp": null},
        "spec": {"suspend": false, "chart": {}, "chartRef": null, "sourceRef": {}, "dependsOn": [], "interval": "1m"},
        "status": {"conditions": [{"type": "Ready", "status": "False", "message": "m", "lastTransitionTime": "9999-12-31T23:59:59Z"}],
            "history": [{}], "artifact": {}, "inventory": {"entries": []}, "lastAppliedRevision": "", "observedGeneration": 1},
    });
    for kind in Kind::all() {
        for place in places {
            for value in &odd {
                let mut object = usual.clone();
                *object.pointer_mut(&format!("/{place}")).expect("a place") = value.clone();
                assert!(!Details::read(kind, &object).row.sentence.is_empty(), "{place}: {value}");
            }
        }
    }
    for object in odd {
        Details::read(Kind::HELM_RELEASE, &object);
    }
}

#[test]
fn a_huge_message_and_markup_stay_what_they_are() {
    let message = format!("<script>alert(1)</script> {}", "x".repeat(1 << 20));
    let details = Details::read(
        Kind::KUSTOMIZATION,
        &json!({"status": {"conditions": [{"type": "Ready", "status": "False", "reason": "BuildFailed", "message": message}]}}),
    );
    assert_eq!(details.conditions[0].message, message);
    assert!(details.row.message.len() <= Row::MESSAGE_LIMIT && details.row.sentence.len() <= 320);
    assert!(details.row.sentence.starts_with("Building failed: <script>alert(1)</script> x"));
}
