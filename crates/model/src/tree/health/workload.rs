use serde_json::Value;

use super::{Health, condition, number, words};
use crate::details::reading::text;

/// How many are wanted, where nothing said means one.
fn wanted(object: &Value) -> i64 {
    object["spec"]["replicas"].as_i64().unwrap_or(1)
}

pub(super) fn deployment(object: &Value) -> Health {
    let status = &object["status"];
    let wanted = wanted(object);
    let [there, updated, ready, available] =
        ["replicas", "updatedReplicas", "readyReplicas", "availableReplicas"].map(|field| number(&status[field]));
    let progressing = condition(object, "Progressing");
    if let Some(late) = progressing.filter(|one| one["reason"] == "ProgressDeadlineExceeded") {
        return Health::failed(words(late));
    }
    if let Some(failure) = condition(object, "ReplicaFailure").filter(|one| one["status"] == "True") {
        return Health::failed(words(failure));
    }
    let counted = format!("{available} of {wanted} available");
    let told = [
        (there < wanted, format!("{there} of {wanted} pods made")),
        (updated < wanted, format!("{updated} of {wanted} pods updated")),
        (there > wanted, format!("{there} pods, {wanted} wanted")),
        (available < updated, counted.clone()),
        (ready < wanted, format!("{ready} of {wanted} ready")),
        (condition(object, "Available").is_some_and(|one| one["status"] != "True"), counted.clone()),
        (progressing.is_some_and(|one| one["reason"] != "NewReplicaSetAvailable"), counted.clone()),
    ];
    told.into_iter()
        .find(|(holds, _)| *holds)
        .map_or_else(|| Health::ready(counted), |(_, note)| Health::progressing(note))
}

pub(super) fn stateful_set(object: &Value) -> Health {
    let (spec, status) = (&object["spec"], &object["status"]);
    let wanted = wanted(object);
    let [there, ready, updated] = ["replicas", "readyReplicas", "updatedReplicas"].map(|field| number(&status[field]));
    let counted = format!("{ready} of {wanted} ready");
    // Such a one is updated by whoever deletes its pods.
    if spec["updateStrategy"]["type"] == "OnDelete" {
        return Health::ready(counted);
    }
    let from = spec["updateStrategy"]["rollingUpdate"]["partition"].as_i64().unwrap_or_default();
    let told = [
        (there < wanted, format!("{there} of {wanted} pods made")),
        (ready < wanted, counted.clone()),
        (there > wanted, format!("{there} pods, {wanted} wanted")),
        (from > 0 && updated < wanted - from, format!("{updated} of {} pods updated", wanted - from)),
        (
            from == 0 && status["currentRevision"] != status["updateRevision"],
            format!("{updated} of {wanted} pods updated"),
        ),
    ];
    told.into_iter()
        .find(|(holds, _)| *holds)
        .map_or_else(|| Health::ready(counted), |(_, note)| Health::progressing(note))
}

pub(super) fn daemon_set(object: &Value) -> Health {
    let status = &object["status"];
    let Some(wanted) = status["desiredNumberScheduled"].as_i64() else {
        return Health::progressing("it is not known yet on how many nodes it runs");
    };
    let [there, updated, available, ready] =
        ["currentNumberScheduled", "updatedNumberScheduled", "numberAvailable", "numberReady"]
            .map(|field| number(&status[field]));
    let told = [(there, "made"), (updated, "updated"), (available, "available"), (ready, "ready")];
    match told.into_iter().find(|(count, _)| *count < wanted) {
        Some((count, word)) => Health::progressing(format!("{count} of {wanted} pods {word}")),
        None => Health::ready(format!("{ready} of {wanted} ready")),
    }
}

pub(super) fn replica_set(object: &Value) -> Health {
    let status = &object["status"];
    let wanted = wanted(object);
    if let Some(failure) = condition(object, "ReplicaFailure").filter(|one| one["status"] == "True") {
        return Health::failed(words(failure));
    }
    let [there, ready, available] =
        ["replicas", "readyReplicas", "availableReplicas"].map(|field| number(&status[field]));
    let revision = match text(&object["metadata"]["annotations"]["deployment.kubernetes.io/revision"]) {
        "" => String::new(),
        revision => format!("revision {revision}, "),
    };
    let counted = format!("{revision}{ready} of {wanted} ready");
    if there == wanted && ready >= wanted && available >= wanted {
        Health::ready(counted)
    } else {
        Health::progressing(counted)
    }
}
