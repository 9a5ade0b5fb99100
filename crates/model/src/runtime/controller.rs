use std::collections::BTreeSet;

use serde_json::Value;

use crate::{
    State, cut,
    details::reading::{each, seconds, text},
};

/// One of Flux's controllers, as its Deployment says. Absent texts are empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Controller {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// The images of its containers.
    pub images: Vec<String>,
    /// The version of Flux that it belongs to, by its label; else the tag of its first image.
    pub version: String,
    /// How many pods are available.
    pub available: u64,
    /// How many there should be.
    pub wanted: u64,
    /// How it is.
    pub state: State,
    /// What there is to say about that.
    pub sentence: String,
    /// When it was created, in seconds since 1970.
    pub created: Option<i64>,
}

impl Controller {
    /// The label by which Flux's own parts are found.
    pub const LABEL: [&'static str; 2] = ["app.kubernetes.io/part-of", "flux"];
    /// Where Flux usually is.
    pub const HOME: &'static str = "flux-system";
    const SENTENCE: usize = 320;
    /// Those without which nothing of Flux runs: where one of them is, the others are.
    const FIRST: [&'static str; 2] = ["source-controller", "flux-operator"];
    const OTHERS: [&'static str; 6] = [
        "kustomize-controller",
        "helm-controller",
        "notification-controller",
        "image-reflector-controller",
        "image-automation-controller",
        "source-watcher",
    ];

    /// Those of some Deployments with its label that are Flux's controllers, also shards of them: the label is anybody's to
    /// set. They are called like one, and are where Flux usually is; only if none is there, where the first of them are.
    pub fn genuine(deployments: Vec<Value>) -> Vec<Value> {
        fn part<'a>(one: &'a Value, field: &str) -> &'a str {
            text(&one["metadata"][field])
        }
        let is_called = |one: &Value, name: &str| {
            part(one, "name").strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
        };
        let is_first = |one: &Value| Self::FIRST.iter().any(|name| is_called(one, name));
        let is_known = |one: &Value| is_first(one) || Self::OTHERS.iter().any(|name| is_called(one, name));
        let mut known: Vec<_> = deployments.into_iter().filter(is_known).collect();
        let mut places: BTreeSet<_> =
            known.iter().filter(|one| is_first(one)).map(|one| part(one, "namespace").to_owned()).collect();
        if known.iter().any(|one| part(one, "namespace") == Self::HOME) {
            places = BTreeSet::from([Self::HOME.to_owned()]);
        }
        known.retain(|one| places.contains(part(one, "namespace")));
        known
    }

    /// Reads a Deployment as the API server sends it.
    pub fn read(deployment: &Value) -> Self {
        let (metadata, spec, status) = (&deployment["metadata"], &deployment["spec"], &deployment["status"]);
        let containers = each(&spec["template"]["spec"]["containers"]);
        let images: Vec<_> = containers.map(|one| text(&one["image"]).to_owned()).collect();
        let label = text(&metadata["labels"]["app.kubernetes.io/version"]);
        let tag = images.first().and_then(|image| image.rsplit('/').next()?.split('@').next()?.split_once(':'));
        let version = if label.is_empty() { tag.map_or("", |(_, tag)| tag) } else { label }.to_owned();
        let number = |value: &Value| value.as_u64().unwrap_or_default();
        let wanted = spec["replicas"].as_u64().unwrap_or(1);
        let available = number(&status["availableReplicas"]);
        let behind = number(&status["observedGeneration"]) < number(&metadata["generation"])
            || number(&status["updatedReplicas"]) < wanted;
        let stuck = each(&status["conditions"])
            .find(|one| matches!(text(&one["type"]), "Progressing" | "ReplicaFailure") && is_trouble(one));
        let (state, sentence) = match (wanted, stuck) {
            (0, _) => (State::Suspended, "Scaled down to no pods: nothing is reconciled".to_owned()),
            (_, Some(condition)) => (State::Failed, text(&condition["message"]).to_owned()),
            _ if available < wanted => (State::Progressing, format!("{available} of {wanted} pods are available")),
            _ if behind => (State::Progressing, "A new version is being rolled out".to_owned()),
            (1, _) => (State::Ready, "Its pod is available".to_owned()),
            _ => (State::Ready, format!("All {wanted} pods are available")),
        };
        Self {
            namespace: text(&metadata["namespace"]).to_owned(),
            name: text(&metadata["name"]).to_owned(),
            images,
            version,
            available,
            wanted,
            state,
            sentence: cut(&sentence, Self::SENTENCE),
            created: seconds(&metadata["creationTimestamp"]),
        }
    }
}

/// `Progressing=False` is a roll-out whose time is up, `ReplicaFailure=True` pods that cannot be made.
fn is_trouble(condition: &Value) -> bool {
    let troubling = if condition["type"] == "Progressing" { "False" } else { "True" };
    condition["status"] == troubling
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn controller(replicas: u64, status: &Value) -> Controller {
        let container = json!({"image": "registry.example.com:5000/fluxcd/source-controller:v1.9.1@sha256:0f"});
        Controller::read(&json!({
            "metadata": {"name": "source-controller", "namespace": "flux-system", "generation": 2},
            "spec": {"replicas": replicas, "template": {"spec": {"containers": [container]}}}, "status": status,
        }))
    }

    #[test]
    fn a_controller_is_as_well_as_its_pods() {
        let fine = json!({"availableReplicas": 1, "updatedReplicas": 1, "observedGeneration": 2});
        assert_eq!(controller(1, &fine).state, State::Ready);
        assert_eq!(controller(2, &fine).sentence, "1 of 2 pods are available");
        assert_eq!(controller(0, &fine).state, State::Suspended);
        let rolling = json!({"availableReplicas": 1, "updatedReplicas": 1, "observedGeneration": 1});
        assert_eq!(controller(1, &rolling).sentence, "A new version is being rolled out");
        let stuck = json!({"conditions": [{"type": "Available", "status": "False"},
            {"type": "Progressing", "status": "False", "message": "timed out progressing"}]});
        let stuck = controller(1, &stuck);
        assert_eq!((stuck.state, &*stuck.sentence), (State::Failed, "timed out progressing"));
    }

    #[test]
    fn the_version_is_that_of_the_label_or_of_the_image() {
        assert_eq!(controller(1, &Value::Null).version, "v1.9.1");
        let labelled = json!({"metadata": {"labels": {"app.kubernetes.io/version": "v2.9.4"}}});
        assert_eq!(Controller::read(&labelled).version, "v2.9.4");
        assert_eq!(Controller::read(&json!(7)).version, "");
    }

    #[test]
    fn a_deployment_is_none_of_fluxs_controllers_for_a_label_that_anybody_can_set() {
        let kept = |ids: &[&str]| -> Vec<String> {
            let deployments = ids.iter().filter_map(|id| id.split_once('/'));
            let deployments = deployments
                .map(|(namespace, name)| json!({"metadata": {"namespace": namespace, "name": name}}))
                .collect();
            let name =
                |one: &Value| format!("{}/{}", text(&one["metadata"]["namespace"]), text(&one["metadata"]["name"]));
            Controller::genuine(deployments).iter().map(name).collect()
        };
        let home = ["flux-system/helm-controller", "flux-system/helm-controller-shard1"];
        let feigned = ["aaa/source-controller", "shop/kustomize-controller", "flux-system/cart"];
        assert_eq!(kept(&[&home[..], &feigned].concat()), home);
        let elsewhere = ["gitops/flux-operator", "gitops/source-watcher", "shop/helm-controller"];
        assert_eq!(kept(&elsewhere), elsewhere[..2]);
        assert!(kept(&["shop/helm-controllers", "shop/cart"]).is_empty());
    }
}
