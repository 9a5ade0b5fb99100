//! What is most work to explain.

use serde_json::{Value, json};

use super::{FluxObject, config_map, deployment, git_repository, kustomization};

/// How many namespaces it all lies in.
const NAMESPACES: usize = 10;
/// A Deployment of two replicas is four parts: itself, its ReplicaSet and two pods.
const PARTS: usize = 4;
/// Of how many parts one is a Deployment's.
const RUNNING: usize = 4;

/// A Kustomization `heavy-0/platform` that applied what becomes so many parts, a quarter of them run; and so many others
/// that fail, each because the image of its Deployment cannot be pulled.
pub(super) fn objects(parts: usize, failing: usize) -> Vec<Value> {
    let names: Vec<_> = (0..NAMESPACES).map(|number| format!("heavy-{number}")).collect();
    let place = |number: usize| names[number % NAMESPACES].as_str();
    let running = parts / RUNNING / PARTS;
    let runs = (0..running).map(|number| deployment(place(number), &format!("part-{number:04}"), "part:1.0.0", 2));
    let lies = (0..parts.saturating_sub(running * PARTS + 1)).map(|number| {
        config_map(place(number), &format!("settings-{number:04}"), &json!({"number": number.to_string()}))
    });
    let applied: Vec<_> = runs.chain(lies).collect();
    let platform = kustomization(place(0), "platform").having_applied(&applied);
    let broken = (0..failing).flat_map(|number| broken(place(number), &format!("broken-{number:03}")));
    let namespace = |name: &str| json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}});
    let all = names.iter().map(String::as_str).chain(["flux-system"]).map(namespace);
    all.chain([git_repository("flux-system", "fleet").into(), platform.into()]).chain(applied).chain(broken).collect()
}

fn broken(namespace: &str, name: &str) -> [Value; 2] {
    let runs = deployment(namespace, name, &format!("{name}:9.9.9"), 1);
    let message = format!(
        "health check failed after 40s: timeout waiting for: [Deployment/{namespace}/{name} status: 'InProgress']"
    );
    let fails: FluxObject =
        kustomization(namespace, name).failed("HealthCheckFailed", &message).having_applied([&runs]);
    [runs, fails.into()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_parts_come_of_what_one_applied_as_were_asked_for() {
        let all = objects(5_000, 200);
        let platform = all.iter().find(|object| object["metadata"]["name"] == "platform").expect("it is there");
        let entries = platform["status"]["inventory"]["entries"].as_array().expect("an inventory");
        let running = entries.iter().filter(|entry| entry["id"].as_str().is_some_and(|id| id.ends_with("_Deployment")));
        let running = running.count();
        assert_eq!(1 + entries.len() + running * (PARTS - 1), 5_000);
        assert!(running > 300, "{running}");
        let failing = all.iter().filter(|object| object["kind"] == "Kustomization").count() - 1;
        assert_eq!(failing, 200);
    }
}
