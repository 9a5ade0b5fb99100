use serde_json::Value;

use super::{Container, owner};
use crate::{
    State, cut,
    details::reading::{condition, holding, seconds, text},
};

/// A pod. Times are seconds since 1970.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pod {
    /// Where it lives.
    pub namespace: String,
    /// What it is called there.
    pub name: String,
    /// `metadata.uid`: by this it is told apart from another that comes to have its name.
    pub uid: String,
    /// How it is.
    pub state: State,
    /// In one word, as `kubectl` says it.
    pub word: String,
    /// Why, where there is something to say.
    pub sentence: String,
    /// The node it runs on; empty if none has taken it.
    pub node: String,
    /// When it was created.
    pub created: Option<i64>,
    /// Its containers, those that run before the others first.
    pub containers: Vec<Container>,
    /// `uid` of what made it.
    pub owner: String,
    /// Name of the `ReplicaSet` that made it, with the hash of its template; empty if something else did.
    pub(super) made_by: (String, String),
}

impl Pod {
    /// Reads a pod as the API server sends it.
    pub fn read(pod: &Value) -> Self {
        let metadata = &pod["metadata"];
        let containers = Container::of(pod);
        let (state, word, sentence) = standing(pod, &containers);
        let [kind, name, owner] = owner::controller(pod);
        let hash = text(&metadata["labels"]["pod-template-hash"]);
        let made_by = if kind == "ReplicaSet" { (name, hash) } else { ("", "") };
        Self {
            namespace: text(&metadata["namespace"]).to_owned(),
            name: text(&metadata["name"]).to_owned(),
            uid: text(&metadata["uid"]).to_owned(),
            state,
            word: cut(&word, 80),
            sentence: cut(&sentence, 320),
            node: text(&pod["spec"]["nodeName"]).to_owned(),
            created: seconds(&metadata["creationTimestamp"]),
            containers,
            owner: owner.to_owned(),
            made_by: (made_by.0.to_owned(), made_by.1.to_owned()),
        }
    }

    /// How often its containers were started again.
    pub fn restarts(&self) -> i64 {
        self.containers.iter().map(|container| container.restarts).sum()
    }

    /// How many of its containers are ready, and how many there are.
    pub fn ready(&self) -> (usize, usize) {
        let running = || self.containers.iter().filter(|container| !container.is_init);
        (running().filter(|container| container.ready).count(), running().count())
    }
}

fn standing(pod: &Value, containers: &[Container]) -> (State, String, String) {
    let status = &pod["status"];
    let said = |state, word: &str, sentence: &str| (state, word.to_owned(), sentence.to_owned());
    let (reason, message) = (text(&status["reason"]), text(&status["message"]));
    if pod["metadata"]["deletionTimestamp"].is_string() {
        return said(State::Deleting, "Terminating", "");
    }
    match text(&status["phase"]) {
        "Succeeded" => return said(State::Ready, "Completed", ""),
        "Failed" => return said(State::Failed, if reason.is_empty() { "Failed" } else { reason }, message),
        _ => {}
    }
    if let Some(container) = containers.iter().find(|container| container.is_in_trouble()) {
        let first = if container.is_init { "Init: " } else { "" };
        return said(State::Failed, &format!("{first}{}", container.state.word()), "");
    }
    if let Some(unplaced) =
        condition(pod, "PodScheduled").filter(|one| one["status"] == "False" && one["reason"] == "Unschedulable")
    {
        return said(State::Waiting, "Unschedulable", text(&unplaced["message"]));
    }
    if holding(pod, "Ready").is_some() {
        return said(State::Ready, "Running", "");
    }
    match text(&status["phase"]) {
        "Running" => said(State::Progressing, "Not ready", ""),
        "" | "Pending" => said(State::Progressing, "Starting", ""),
        other => said(State::Progressing, other, message),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{ContainerState, Termination};

    fn pod(status: &Value) -> Pod {
        Pod::read(&json!({"metadata": {"namespace": "shop", "name": "cart-1", "uid": "u"},
            "spec": {"nodeName": "n", "initContainers": [{"name": "first"}], "containers": [{"name": "web"}]},
            "status": status}))
    }

    #[test]
    fn a_pod_says_in_one_word_what_is_wrong_with_it() {
        let waiting = |reason: &str| {
            json!([{"name": "web", "state": {"waiting": {"reason": reason, "message": "back-off"}},
            "restartCount": 7, "lastState": {"terminated": {"exitCode": 2, "reason": "Error", "message": "panic\n",
                "finishedAt": "1970-01-01T00:01:00Z"}}}])
        };
        let crashing = pod(&json!({"phase": "Running", "containerStatuses": waiting("CrashLoopBackOff")}));
        assert_eq!((crashing.state, &*crashing.word, crashing.restarts()), (State::Failed, "CrashLoopBackOff", 7));
        let last = Termination { code: 2, reason: "Error".into(), message: "panic".into(), at: Some(60) };
        assert_eq!((crashing.containers[1].last.as_ref(), &*last.said()), (Some(&last), "exit code 2, Error"));
        for (status, state, word) in [
            (
                json!({"phase": "Pending", "containerStatuses": waiting("ContainerCreating")}),
                State::Progressing,
                "Starting",
            ),
            (json!({"phase": "Failed", "reason": "Evicted"}), State::Failed, "Evicted"),
            (json!({"phase": "Succeeded"}), State::Ready, "Completed"),
            (json!({"phase": "Running"}), State::Progressing, "Not ready"),
            (json!({"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}), State::Ready, "Running"),
            (
                json!({"phase": "Pending", "conditions": [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "no"}]}),
                State::Waiting,
                "Unschedulable",
            ),
            (
                json!({"phase": "Pending", "initContainerStatuses": [{"name": "first",
                    "state": {"waiting": {"reason": "ImagePullBackOff"}}}]}),
                State::Failed,
                "Init: ImagePullBackOff",
            ),
        ] {
            let read = pod(&status);
            assert_eq!((read.state, &*read.word), (state, word), "{status}");
        }
    }

    #[test]
    fn containers_that_run_before_the_others_do_not_count_as_ready_and_odd_pods_break_nothing() {
        let status = json!({"containerStatuses": [{"name": "web", "ready": true, "state": {"running": {}}}],
            "initContainerStatuses": [{"name": "first", "state": {"terminated": {"exitCode": 0, "reason": "Completed"}}}]});
        let read = pod(&status);
        assert_eq!(read.ready(), (1, 1));
        assert!(matches!(&read.containers[0].state, ContainerState::Ended(end) if end.code == 0));
        for odd in [json!(null), json!(3), json!({"spec": {"containers": [3, {}]}, "status": {"containerStatuses": 3}})]
        {
            assert_eq!(Pod::read(&odd).restarts(), 0, "{odd}");
        }
    }
}
