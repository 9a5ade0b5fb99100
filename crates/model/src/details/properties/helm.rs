use serde_json::Value;

use super::{
    Properties,
    property::{Property, known},
};
use crate::details::reading::{each, text};

pub(super) fn read(spec: &Value, status: &Value) -> Properties {
    let template = &spec["chart"]["spec"];
    let version = match text(&template["version"]) {
        "" if template.is_object() => "*",
        version => version,
    };
    let released = each(&status["history"]).next().map(|newest| text(&newest["name"])).unwrap_or_default();
    let release = if released.is_empty() { text(&spec["releaseName"]) } else { released };
    let storage = match text(&status["storageNamespace"]) {
        "" => text(&spec["storageNamespace"]),
        storage => storage,
    };
    let action = text(&status["lastAttemptedReleaseAction"]);
    Properties {
        own: known([
            Property::code("Version asked for", version),
            Property::code("Release", release),
            Property::code("Storage namespace", storage),
            Property::words("Failed attempts", &failures(status)),
            Property::took("Last action", action, &status["lastAttemptedReleaseActionDuration"]),
            Property::words("Drift detection", &drift(&spec["driftDetection"])),
        ]),
        ..Properties::default()
    }
}

/// How often it failed with what is asked for now: controllers forget it with the next success.
fn failures(status: &Value) -> String {
    let times = |name: &str| status[name].as_u64().filter(|times| *times > 0);
    let of = |name: &str, what: &str| times(name).map(|times| format!("{times} of {what}"));
    let parts = [
        times("failures").map(|times| times.to_string()),
        of("installFailures", "installing"),
        of("upgradeFailures", "upgrading"),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn drift(detection: &Value) -> String {
    let mode = match text(&detection["mode"]) {
        "enabled" => "corrects what differs",
        "warn" => "only tells what differs",
        mode => mode,
    };
    match each(&detection["ignore"]).count() {
        0 => mode.to_owned(),
        1 => format!("{mode}, with one exception"),
        rules => format!("{mode}, with {rules} exceptions"),
    }
}
