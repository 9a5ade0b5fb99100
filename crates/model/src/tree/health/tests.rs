use serde_json::json;

use super::*;

fn told(group: &str, kind: &str, object: &Value) -> (State, String) {
    let Health { state, note } = health(group, kind, object);
    (state, note)
}

#[test]
fn a_pod_is_as_its_containers_are() {
    let waiting = json!({"restartCount": 7, "name": "web", "state": {"waiting": {"reason": "CrashLoopBackOff"}}});
    let crashing = json!({"spec": {"containers": [{"name": "web"}]},
        "status": {"phase": "Running", "containerStatuses": [waiting]}});
    assert_eq!(told("", "Pod", &crashing), (State::Failed, "CrashLoopBackOff, restarted 7 times".to_owned()));
    let unscheduled = json!({"status": {"phase": "Pending", "conditions": [
        {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/3 nodes are available"}]}});
    assert_eq!(told("", "Pod", &unscheduled), (State::Waiting, "Unschedulable, 0/3 nodes are available".to_owned()));
}

#[test]
fn other_kinds_of_kubernetes_are_read_by_their_own_rules() {
    let stateful = |ready: i64, current: &str| {
        json!({"spec": {"replicas": 2}, "status": {"replicas": 2, "readyReplicas": ready, "currentReplicas": 2, "updatedReplicas": 1,
            "currentRevision": current, "updateRevision": "b"}})
    };
    let condition = |kind: &str, status: &str| json!({"status": {"startTime": "2026-01-01T00:00:00Z", "conditions": [{"type": kind, "status": status, "message": "it is so"}]}});
    for (group, kind, object, state) in [
        ("apps", "StatefulSet", stateful(2, "b"), State::Ready),
        ("apps", "StatefulSet", stateful(1, "b"), State::Progressing),
        ("apps", "StatefulSet", stateful(2, "a"), State::Progressing),
        ("apps", "DaemonSet", json!({"status": {}}), State::Progressing),
        ("apps", "DaemonSet", json!({"status": {"desiredNumberScheduled": 0}}), State::Ready),
        ("apps", "DaemonSet", json!({"status": {"desiredNumberScheduled": 1}}), State::Progressing),
        (
            "apps",
            "ReplicaSet",
            json!({"spec": {"replicas": 1}, "status": {"replicas": 1, "readyReplicas": 1, "availableReplicas": 1}}),
            State::Ready,
        ),
        (
            "apps",
            "ReplicaSet",
            json!({"spec": {"replicas": 1}, "status": {"replicas": 0, "conditions": [{"type": "ReplicaFailure", "status": "True"}]}}),
            State::Failed,
        ),
        ("batch", "Job", condition("Failed", "True"), State::Failed),
        ("batch", "Job", condition("Complete", "True"), State::Ready),
        ("batch", "Job", json!({"status": {"startTime": "2026-01-01T00:00:00Z", "active": 1}}), State::Progressing),
        ("batch", "Job", json!({}), State::Progressing),
        ("batch", "CronJob", json!({"spec": {"suspend": true}}), State::Suspended),
        ("batch", "CronJob", json!({"spec": {"schedule": "@daily"}}), State::Ready),
        ("", "PersistentVolumeClaim", json!({"status": {"phase": "Bound"}}), State::Ready),
        ("", "PersistentVolumeClaim", json!({"status": {"phase": "Pending"}}), State::Progressing),
        ("", "Service", json!({"spec": {"type": "LoadBalancer"}, "status": {}}), State::Progressing),
        ("", "Service", json!({"spec": {"clusterIP": "10.0.0.1"}, "status": {}}), State::Ready),
        ("apiextensions.k8s.io", "CustomResourceDefinition", condition("Established", "True"), State::Ready),
        ("apiextensions.k8s.io", "CustomResourceDefinition", condition("NamesAccepted", "False"), State::Failed),
    ] {
        assert_eq!(told(group, kind, &object).0, state, "{kind} {object}");
    }
}

#[test]
fn of_a_kind_that_nobody_knows_the_condition_ready_is_believed_and_what_says_nothing_is_only_there() {
    let with = |kind: &str, status: &str| json!({"metadata": {"generation": 1}, "status": {"observedGeneration": 1, "conditions": [{"type": kind, "status": status, "reason": "Because"}]}});
    for (object, state, note) in [
        (with("Ready", "True"), State::Ready, ""),
        (with("Ready", "False"), State::Progressing, "Because"),
        (with("Stalled", "True"), State::Stalled, "Because"),
        (with("Reconciling", "True"), State::Progressing, "Because"),
        (with("Odd", "True"), State::Ready, ""),
        (json!({"data": {"a": "b"}}), State::Configured, ""),
        (json!({"status": "odd"}), State::Configured, ""),
    ] {
        assert_eq!(told("example.com", "Gizmo", &object), (state, note.to_owned()), "{object}");
    }
}
