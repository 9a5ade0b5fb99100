//! How a workload is, in the order of kstatus.

use serde_json::Value;

use super::WorkloadKind;
use crate::{
    State, cut,
    details::reading::{condition, each, holding, text, words},
};

/// What is said of a workload.
pub(super) struct Health {
    pub(super) state: State,
    pub(super) sentence: String,
    /// How many of its pods do what they should, and how many should.
    pub(super) ready: Option<(i64, i64)>,
}

/// How one kind is judged.
type Judge = fn(&Look<'_>) -> (State, String);

/// The longest sentence, in bytes.
const LIMIT: usize = 320;

/// Says how a workload is, in a word and a sentence.
pub(crate) fn standing(kind: WorkloadKind, object: &Value) -> (State, String) {
    let Health { state, sentence, .. } = health(kind, object);
    (state, sentence)
}

/// Says how a workload is. Unlike kstatus, a Job that runs is called at work.
pub(super) fn health(kind: WorkloadKind, object: &Value) -> Health {
    let look = Look { object };
    let (ready, judge): (_, Judge) = match kind {
        WorkloadKind::Deployment => (Some((look.status("readyReplicas"), look.replicas())), deployment),
        WorkloadKind::StatefulSet => (Some((look.status("readyReplicas"), look.replicas())), stateful_set),
        WorkloadKind::DaemonSet => {
            (Some((look.status("numberReady"), look.status("desiredNumberScheduled"))), daemon_set)
        }
        WorkloadKind::Job => (Some((look.status("succeeded"), look.completions())), job),
        WorkloadKind::CronJob => (None, cron_job),
    };
    let metadata = &object["metadata"];
    let (state, sentence) = if metadata["deletionTimestamp"].is_string() {
        (State::Deleting, "Being deleted".to_owned())
    } else if look.is_behind() {
        (State::Progressing, "Changed; its controller has not picked it up yet".to_owned())
    } else {
        judge(&look)
    };
    Health { state, sentence: cut(&sentence, LIMIT), ready }
}

struct Look<'a> {
    object: &'a Value,
}

impl<'a> Look<'a> {
    fn spec(&self, field: &str) -> &'a Value {
        &self.object["spec"][field]
    }

    /// A number in the status; 0 if it is not there.
    fn status(&self, field: &str) -> i64 {
        self.object["status"][field].as_i64().unwrap_or_default()
    }

    fn replicas(&self) -> i64 {
        self.spec("replicas").as_i64().unwrap_or(1)
    }

    /// A Job without completions is done when one of its pods is.
    fn completions(&self) -> i64 {
        self.spec("completions").as_i64().unwrap_or(1)
    }

    fn is_behind(&self) -> bool {
        let observed = self.object["status"]["observedGeneration"].as_i64();
        observed.is_some_and(|seen| seen < self.object["metadata"]["generation"].as_i64().unwrap_or_default())
    }

    fn condition(&self, kind: &str) -> Option<&'a Value> {
        condition(self.object, kind)
    }

    fn holds(&self, kind: &str) -> Option<&'a Value> {
        holding(self.object, kind)
    }

    /// That pods cannot be created, in the API server's words.
    fn refused(&self) -> String {
        self.holds("ReplicaFailure").map(|one| format!(": {}", text(&one["message"]))).unwrap_or_default()
    }
}

fn at_work(sentence: String) -> (State, String) {
    (State::Progressing, sentence)
}

fn well(have: i64, want: i64) -> (State, String) {
    match want {
        0 => (State::Ready, "Scaled to none".to_owned()),
        _ => (State::Ready, format!("{have} of {want} ready")),
    }
}

fn deployment(look: &Look<'_>) -> (State, String) {
    let want = look.replicas();
    let [all, updated, ready, available] =
        ["replicas", "updatedReplicas", "readyReplicas", "availableReplicas"].map(|field| look.status(field));
    let progress = look.condition("Progressing");
    if progress.is_some_and(|one| one["reason"] == "ProgressDeadlineExceeded") {
        return (State::Failed, format!("Its time to roll out is over: {ready} of {want} ready{}", look.refused()));
    }
    if look.spec("paused") == true && ready >= want {
        return (State::Suspended, format!("Paused, so that changes are not rolled out; {ready} of {want} ready"));
    }
    if all < want {
        return at_work(format!("{all} of {want} pods are there{}", look.refused()));
    }
    if updated < want {
        return at_work(format!("{updated} of {want} pods are of the newest revision{}", look.refused()));
    }
    if all > want {
        return at_work(format!("{} pods too many are to end", all - want));
    }
    if updated > available || want > ready {
        return at_work(format!("{ready} of {want} ready, {available} available"));
    }
    if progress.is_some_and(|one| one["reason"] != "NewReplicaSetAvailable") {
        return at_work("Rolling out".to_owned());
    }
    if look.condition("Available").is_some() && look.holds("Available").is_none() {
        return at_work("Not available".to_owned());
    }
    well(ready, want)
}

fn stateful_set(look: &Look<'_>) -> (State, String) {
    let want = look.replicas();
    let [all, updated, ready, current] =
        ["replicas", "updatedReplicas", "readyReplicas", "currentReplicas"].map(|field| look.status(field));
    let strategy = look.spec("updateStrategy");
    if strategy["type"] == "OnDelete" && ready >= want {
        return well(ready, want);
    }
    if all < want {
        return at_work(format!("{all} of {want} pods are there"));
    }
    if ready < want {
        return at_work(format!("{ready} of {want} ready"));
    }
    if all > want {
        return at_work(format!("{} pods too many are to end", all - want));
    }
    if let Some(partition) = strategy["rollingUpdate"]["partition"].as_i64().filter(|partition| *partition > 0) {
        let due = want - partition;
        return if updated < due {
            at_work(format!("{updated} of the {due} pods from number {partition} on are of the newest revision"))
        } else {
            well(ready, want)
        };
    }
    let status = &look.object["status"];
    if current < want || status["currentRevision"] != status["updateRevision"] {
        return at_work(format!("{updated} of {want} pods are of the newest revision"));
    }
    well(ready, want)
}

fn daemon_set(look: &Look<'_>) -> (State, String) {
    if look.object["status"]["desiredNumberScheduled"].is_null() {
        return at_work("Not looked at by its controller yet".to_owned());
    }
    let [want, all, updated, ready, available] = [
        "desiredNumberScheduled",
        "currentNumberScheduled",
        "updatedNumberScheduled",
        "numberReady",
        "numberAvailable",
    ]
    .map(|field| look.status(field));
    if all < want {
        return at_work(format!("{all} of {want} nodes have a pod"));
    }
    // With OnDelete nothing is replaced by itself.
    if updated < want && look.spec("updateStrategy")["type"] != "OnDelete" {
        return at_work(format!("{updated} of {want} pods are of the newest revision"));
    }
    if available < want || ready < want {
        return at_work(format!("{ready} of {want} ready, {available} available"));
    }
    match want {
        0 => (State::Ready, "No node is meant for it".to_owned()),
        _ => well(ready, want),
    }
}

fn job(look: &Look<'_>) -> (State, String) {
    let (done, want) = (look.status("succeeded"), look.completions());
    if look.holds("Complete").is_some() {
        return (State::Ready, format!("Complete: {done} of {want} succeeded"));
    }
    if let Some(failed) = look.holds("Failed") {
        let why = words(failed);
        return (State::Failed, if why.is_empty() { "Failed".to_owned() } else { format!("Failed: {why}") });
    }
    if look.spec("suspend") == true {
        return (State::Suspended, "Suspended".to_owned());
    }
    if look.object["status"]["startTime"].is_null() {
        return at_work("Not begun yet".to_owned());
    }
    let failed = match look.status("failed") {
        0 => String::new(),
        1 => ", one pod failed".to_owned(),
        many => format!(", {many} pods failed"),
    };
    at_work(format!("{done} of {want} succeeded, {} running{failed}", look.status("active")))
}

/// What its Jobs did they say themselves: for kstatus a `CronJob` that is there is well.
fn cron_job(look: &Look<'_>) -> (State, String) {
    let schedule = text(look.spec("schedule"));
    if look.spec("suspend") == true {
        return (State::Suspended, format!("Suspended; its schedule is {schedule}"));
    }
    let running = each(&look.object["status"]["active"]).count();
    let running = match running {
        0 => String::new(),
        1 => "; one Job runs".to_owned(),
        many => format!("; {many} Jobs run"),
    };
    (State::Ready, format!("Scheduled {schedule}{running}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn said(kind: WorkloadKind, spec: &Value, status: &Value) -> (State, String) {
        let health = health(kind, &json!({"metadata": {"generation": 2}, "spec": spec, "status": status}));
        (health.state, health.sentence)
    }

    #[test]
    fn a_deployment_is_ready_only_when_all_its_pods_are_of_the_newest_revision_and_available() {
        let deployment = |spec: Value, status: Value| said(WorkloadKind::Deployment, &spec, &status);
        let done = json!([{"type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable"},
            {"type": "Available", "status": "True"}]);
        let status = |all: i64, updated: i64, ready: i64, available: i64| {
            json!({"observedGeneration": 2, "replicas": all, "updatedReplicas": updated, "readyReplicas": ready,
                "availableReplicas": available, "conditions": done})
        };
        let two = || json!({"replicas": 2});
        assert_eq!(deployment(two(), status(2, 2, 2, 2)), (State::Ready, "2 of 2 ready".to_owned()));
        for (short, told) in [
            (status(1, 1, 1, 1), "1 of 2 pods are there"),
            (status(2, 1, 2, 2), "1 of 2 pods are of the newest revision"),
            (status(3, 2, 3, 3), "1 pods too many are to end"),
            (status(2, 2, 1, 1), "1 of 2 ready, 1 available"),
        ] {
            assert_eq!(deployment(two(), short), (State::Progressing, told.to_owned()));
        }
        assert_eq!(deployment(json!({"replicas": 0}), status(0, 0, 0, 0)).1, "Scaled to none");
        let mut behind = status(2, 2, 2, 2);
        behind["observedGeneration"] = json!(1);
        assert_eq!(deployment(two(), behind).0, State::Progressing);
        let late = json!([{"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"},
            {"type": "ReplicaFailure", "status": "True", "message": "exceeded quota"}]);
        let late = json!({"observedGeneration": 2, "replicas": 2, "readyReplicas": 1, "conditions": late});
        let told = "Its time to roll out is over: 1 of 2 ready: exceeded quota";
        assert_eq!(deployment(two(), late), (State::Failed, told.to_owned()));
        assert_eq!(deployment(json!({"paused": true}), status(1, 0, 1, 1)).0, State::Suspended);
        assert_eq!(deployment(json!({}), json!(null)).0, State::Progressing, "no status so far");
    }

    #[test]
    fn a_stateful_set_waits_for_its_revision_except_below_its_partition_and_where_pods_are_replaced_by_hand() {
        let set = |spec: Value, status: Value| said(WorkloadKind::StatefulSet, &spec, &status).0;
        let status = |updated: i64, current: &str| {
            json!({"replicas": 3, "readyReplicas": 3, "currentReplicas": 3, "updatedReplicas": updated,
                "currentRevision": current, "updateRevision": "b"})
        };
        assert_eq!(set(json!({"replicas": 3}), status(3, "b")), State::Ready);
        assert_eq!(set(json!({"replicas": 3}), status(1, "a")), State::Progressing);
        let partition =
            |number: i64| json!({"replicas": 3, "updateStrategy": {"rollingUpdate": {"partition": number}}});
        assert_eq!(set(partition(2), status(1, "a")), State::Ready);
        assert_eq!(set(partition(1), status(1, "a")), State::Progressing);
        assert_eq!(set(json!({"replicas": 3, "updateStrategy": {"type": "OnDelete"}}), status(0, "a")), State::Ready);
    }

    #[test]
    fn a_daemon_set_wants_a_pod_on_each_node() {
        let set = |status: Value| said(WorkloadKind::DaemonSet, &json!({}), &status);
        assert_eq!(set(json!({})).0, State::Progressing);
        let status = |updated: i64, available: i64| {
            json!({"desiredNumberScheduled": 3, "currentNumberScheduled": 3, "updatedNumberScheduled": updated,
                "numberReady": available, "numberAvailable": available})
        };
        assert_eq!(set(status(3, 3)), (State::Ready, "3 of 3 ready".to_owned()));
        assert_eq!(set(status(3, 2)).0, State::Progressing);
        assert_eq!(set(status(2, 3)).0, State::Progressing);
    }

    #[test]
    fn a_job_says_how_it_ended_and_a_cron_job_when_it_runs() {
        let job = |spec: Value, status: Value| said(WorkloadKind::Job, &spec, &status);
        let ended = |kind: &str| json!([{"type": kind, "status": "True", "reason": "BackoffLimitExceeded", "message": "too often"}]);
        assert_eq!(job(json!({}), json!({"succeeded": 1, "conditions": ended("Complete")})).0, State::Ready);
        let failed = job(json!({}), json!({"failed": 7, "conditions": ended("Failed")}));
        assert_eq!(failed, (State::Failed, "Failed: too often".to_owned()));
        let runs = job(json!({"completions": 3}), json!({"startTime": "x", "succeeded": 1, "active": 1, "failed": 2}));
        assert_eq!(runs, (State::Progressing, "1 of 3 succeeded, 1 running, 2 pods failed".to_owned()));
        assert_eq!(job(json!({"suspend": true}), json!({})).0, State::Suspended);
        let cron = |spec: Value, status: Value| said(WorkloadKind::CronJob, &spec, &status);
        let spec = json!({"schedule": "0 3 * * *"});
        assert_eq!(cron(spec, json!({"active": [{}]})).1, "Scheduled 0 3 * * *; one Job runs");
        assert_eq!(cron(json!({"suspend": true}), json!({})).0, State::Suspended);
    }

    #[test]
    fn no_object_is_too_odd() {
        for odd in [json!(null), json!(7), json!({"spec": [], "status": {"conditions": "x"}, "metadata": 3})] {
            for kind in WorkloadKind::ALL {
                assert!(!health(kind, &odd).sentence.is_empty(), "{kind} {odd}");
            }
        }
    }
}
