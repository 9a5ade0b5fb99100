use serde_json::Value;

use super::{Health, condition, number, words};
use crate::details::reading::{each, text};

/// What a container waits for that is on its way.
const UNDER_WAY: [&str; 3] = ["ContainerCreating", "PodInitializing", ""];

pub(super) fn pod(object: &Value) -> Health {
    let status = &object["status"];
    let restarts: i64 = containers(status).map(|one| number(&one["restartCount"])).sum();
    let often = match restarts {
        0 => String::new(),
        1 => ", restarted once".to_owned(),
        many => format!(", restarted {many} times"),
    };
    match text(&status["phase"]) {
        "Succeeded" => Health::ready("completed"),
        "Failed" => Health::failed(match text(&status["reason"]) {
            "" => ended(status).unwrap_or_else(|| "failed".to_owned()),
            reason => reason.to_owned(),
        }),
        phase => {
            if let Some(reason) = waits_in_vain(status) {
                return Health::failed(format!("{reason}{often}"));
            }
            if condition(object, "Ready").is_some_and(|ready| ready["status"] == "True") {
                return Health::ready(format!("running{often}"));
            }
            let unscheduled = condition(object, "PodScheduled")
                .filter(|one| one["status"] == "False" && one["reason"] == "Unschedulable");
            match (unscheduled, phase) {
                (Some(unscheduled), _) => Health::failed(format!("no node takes it: {}", words(unscheduled))),
                (None, "Running") => Health::progressing(format!("running, not ready{often}")),
                (None, _) => Health::progressing("being started"),
            }
        }
    }
}

fn containers(status: &Value) -> impl Iterator<Item = &Value> {
    each(&status["initContainerStatuses"]).chain(each(&status["containerStatuses"]))
}

/// For what a container waits that will not come by itself.
fn waits_in_vain(status: &Value) -> Option<&str> {
    let mut reasons = containers(status).map(|one| text(&one["state"]["waiting"]["reason"]));
    reasons.find(|reason| !UNDER_WAY.contains(reason))
}

/// How the first container ended that did not end well.
fn ended(status: &Value) -> Option<String> {
    let ended = containers(status).map(|one| &one["state"]["terminated"]);
    let code = ended.filter_map(|ended| ended["exitCode"].as_i64()).find(|code| *code != 0)?;
    Some(format!("ended with exit code {code}"))
}
