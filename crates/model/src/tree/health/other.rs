use serde_json::Value;

use super::{Health, condition, number, words};
use crate::{State, details::reading::text};

pub(super) fn job(object: &Value) -> Health {
    let status = &object["status"];
    let is = |kind: &str| condition(object, kind).filter(|one| one["status"] == "True");
    if let Some(failed) = is("Failed") {
        return Health::failed(words(failed));
    }
    if is("Complete").is_some() {
        return Health::ready("completed");
    }
    if is("Suspended").is_some() || object["spec"]["suspend"] == true {
        return Health::new(State::Suspended, "");
    }
    if !status["startTime"].is_string() {
        return Health::progressing("not started yet");
    }
    let [active, failed] = ["active", "failed"].map(|field| number(&status[field]));
    let often = if failed > 0 { format!(", failed {failed} times so far") } else { String::new() };
    Health::ready(format!("running in {active} pods{often}"))
}

pub(super) fn cron_job(object: &Value) -> Health {
    if object["spec"]["suspend"] == true {
        return Health::new(State::Suspended, "");
    }
    Health::ready(format!("schedule {}", text(&object["spec"]["schedule"])))
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
