use serde_json::Value;

use super::{Health, number};
use crate::{
    State,
    details::reading::{condition, holding, text, words},
};

pub(super) fn replica_set(object: &Value) -> Health {
    let status = &object["status"];
    let wanted = object["spec"]["replicas"].as_i64().unwrap_or(1);
    if let Some(failure) = holding(object, "ReplicaFailure") {
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

pub(super) fn claim(object: &Value) -> Health {
    match text(&object["status"]["phase"]) {
        "Bound" => Health::ready("bound"),
        "Lost" => Health::failed("its volume is gone"),
        _ => Health::progressing("not bound to a volume yet"),
    }
}

pub(super) fn service(object: &Value) -> Health {
    let spec = &object["spec"];
    if spec["type"] == "LoadBalancer" && text(&spec["clusterIP"]).is_empty() {
        return Health::progressing("it has no address yet");
    }
    Health::ready("")
}

pub(super) fn budget(object: &Value) -> Health {
    let [healthy, wanted] = ["currentHealthy", "desiredHealthy"].map(|field| number(&object["status"][field]));
    Health::ready(format!("{healthy} healthy, {wanted} needed"))
}

pub(super) fn definition(object: &Value) -> Health {
    if let Some(taken) = condition(object, "NamesAccepted").filter(|one| one["status"] == "False") {
        return Health::failed(words(taken));
    }
    match condition(object, "Established") {
        Some(one) if one["status"] == "True" => Health::ready(""),
        Some(one) if one["reason"] != "Installing" => Health::failed(words(one)),
        _ => Health::progressing("being installed"),
    }
}

/// Any other kind: by its condition `Ready`, if it has one.
pub(super) fn any(object: &Value) -> Health {
    match condition(object, "Ready") {
        Some(ready) if ready["status"] == "True" => Health::ready(""),
        Some(ready) => Health::progressing(words(ready)),
        None if object["status"].is_object() => Health::ready(""),
        None => Health::new(State::Configured, ""),
    }
}
