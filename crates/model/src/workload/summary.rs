use std::collections::BTreeMap;

use serde_json::Value;

use super::{ContainerState, Pod, Termination, Workload, WorkloadKind};
use crate::details::reading::{each, text};

/// A container of a workload's template, and how it does in all of its pods.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContainerSummary {
    /// Its name.
    pub name: String,
    /// Its image.
    pub image: String,
    /// Whether it runs before the others.
    pub is_init: bool,
    /// What it does, with in how many pods.
    pub states: Vec<(String, usize)>,
    /// Whether it is in trouble in any of them.
    pub is_in_trouble: bool,
    /// How often it was started again, in all of them.
    pub restarts: i64,
    /// How it ended the last time in any of them.
    pub last: Option<Termination>,
    /// What it asks for and what it may use at most, in a few words.
    pub resources: String,
    /// How it is probed, in a few words each.
    pub probes: Vec<String>,
}

impl ContainerSummary {
    /// Of every container of the template, those that run before the others first.
    pub fn of(kind: WorkloadKind, object: &Value, pods: &[Pod]) -> Vec<Self> {
        let template = Workload::template(kind, object);
        let init = each(&template["initContainers"]).map(|spec| (spec, spec["restartPolicy"] != "Always"));
        let all = init.chain(each(&template["containers"]).map(|spec| (spec, false)));
        all.map(|(spec, is_init)| Self::read(spec, is_init, pods)).collect()
    }

    fn read(spec: &Value, is_init: bool, pods: &[Pod]) -> Self {
        let name = text(&spec["name"]);
        let (mut states, mut restarts, mut last) = (BTreeMap::new(), 0, None::<&Termination>);
        let mut is_in_trouble = false;
        for container in pods.iter().flat_map(|pod| &pod.containers).filter(|one| one.name == name) {
            *states.entry(container.state.word()).or_insert(0) += 1;
            restarts += container.restarts;
            is_in_trouble |= container.is_in_trouble();
            let now = match &container.state {
                ContainerState::Ended(end) => Some(end),
                _ => None,
            };
            if let Some(end) = now.or(container.last.as_ref())
                && last.is_none_or(|known| known.at < end.at)
            {
                last = Some(end);
            }
        }
        Self {
            name: name.to_owned(),
            image: text(&spec["image"]).to_owned(),
            is_init,
            states: states.into_iter().map(|(word, count)| (word.to_owned(), count)).collect(),
            is_in_trouble,
            restarts,
            last: last.cloned(),
            resources: resources(&spec["resources"]),
            probes: ["startupProbe", "readinessProbe", "livenessProbe"]
                .into_iter()
                .filter_map(|field| Some(format!("{} {}", field.trim_end_matches("Probe"), probe(&spec[field])?)))
                .collect(),
        }
    }
}

fn resources(resources: &Value) -> String {
    let listed = |list: &Value| {
        let entries = list.as_object().into_iter().flatten();
        let amounts = entries.filter_map(|(what, much)| {
            let much = much.as_str().map(str::to_owned).or_else(|| much.as_i64().map(|number| number.to_string()))?;
            Some(format!("{what} {much}"))
        });
        amounts.collect::<Vec<_>>().join(", ")
    };
    let parts = [("asks for", listed(&resources["requests"])), ("at most", listed(&resources["limits"]))];
    let told = parts.into_iter().filter(|(_, list)| !list.is_empty()).map(|(word, list)| format!("{word} {list}"));
    told.collect::<Vec<_>>().join("; ")
}

/// `GET :8080/healthz`, as short as it can be said.
fn probe(probe: &Value) -> Option<String> {
    let port = |of: &Value| match &of["port"] {
        Value::Number(number) => format!(":{number}"),
        named => format!(":{}", text(named)),
    };
    let kinds = ["httpGet", "tcpSocket", "grpc", "exec"];
    let kind = kinds.into_iter().find(|kind| probe[kind].is_object())?;
    let how = &probe[kind];
    Some(match kind {
        "httpGet" => format!("GET {}{}", port(how), text(&how["path"])),
        "tcpSocket" => format!("TCP {}", port(how)),
        "grpc" => format!("gRPC {}", port(how)),
        // A command may be long, and may hold what should not be read over a shoulder.
        _ => "by a command".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_container_is_summed_up_over_all_pods_with_its_last_end_resources_and_probes() {
        let object = json!({"spec": {"template": {"spec": {"containers": [{"name": "web", "image": "web:1",
            "resources": {"requests": {"cpu": "50m", "memory": "64Mi"}, "limits": {"memory": "1Gi"}},
            "readinessProbe": {"httpGet": {"path": "/ready", "port": 8080}}, "livenessProbe": {"exec": {"command": ["x"]}},
            "startupProbe": {"tcpSocket": {"port": "http"}}}]}}}});
        let pod = |state: Value, restarts: i64, end: Value| {
            let status =
                json!({"name": "web", "state": state, "restartCount": restarts, "lastState": {"terminated": end}});
            Pod::read(&json!({"spec": {"containers": [{"name": "web"}]}, "status": {"containerStatuses": [status]}}))
        };
        let end = |code: i64, at: &str| json!({"exitCode": code, "reason": "Error", "finishedAt": at});
        let waits = json!({"waiting": {"reason": "CrashLoopBackOff"}});
        let pods = [
            pod(json!({"running": {}}), 1, end(1, "1970-01-01T00:02:00Z")),
            pod(json!({"running": {}}), 0, Value::Null),
            pod(waits, 4, end(2, "1970-01-01T00:01:00Z")),
        ];
        let all = ContainerSummary::of(WorkloadKind::Deployment, &object, &pods);
        let [web] = &*all else { panic!("{all:?}") };
        assert_eq!(web.states, [("CrashLoopBackOff".to_owned(), 1), ("Running".to_owned(), 2)]);
        assert_eq!((web.restarts, web.last.as_ref().map(|end| end.code), web.is_in_trouble), (5, Some(1), true));
        assert_eq!(web.resources, "asks for cpu 50m, memory 64Mi; at most memory 1Gi");
        assert_eq!(web.probes, ["startup TCP :http", "readiness GET :8080/ready", "liveness by a command"]);
    }
}
