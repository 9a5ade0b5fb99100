//! What people do to what runs.

use std::{fmt, sync::Arc};

use serde_json::{Map, Value, json};

use super::{Workload, WorkloadKey, WorkloadKind};
use crate::{Deed, Stage, State, details::reading::text, text::is_name};

/// What a person does to a workload, or to a pod.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WorkloadAction {
    /// Have all pods replaced one after the other, as `kubectl rollout restart` does.
    Restart(WorkloadKey),
    /// Make a Job of a `CronJob` now, as `kubectl create job --from` does.
    Run(WorkloadKey),
    /// Delete a pod, so that another takes its place.
    DeletePod(PodKey),
}

/// The name of one pod, and by what it is told apart from another that comes to have that name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PodKey {
    /// Where it lives.
    pub namespace: Arc<str>,
    /// What it is called there.
    pub name: Arc<str>,
    /// Its `metadata.uid`.
    pub uid: Arc<str>,
}

/// What has the pods of a template replaced when its value changes: as `kubectl` calls it, so that either tool shows what
/// the other did.
const RESTARTED: &str = "kubectl.kubernetes.io/restartedAt";

impl WorkloadAction {
    /// Reads what a form says: the action's word, `Kind/namespace/name`, and of pods the `uid`.
    pub fn read(word: &str, object: &str, uid: &str) -> Result<Self, &'static str> {
        let mut parts = object.split('/');
        let named = (parts.next(), parts.next(), parts.next(), parts.next());
        let (Some(kind), Some(namespace), Some(name), None) = named else {
            return Err("An object is named as Kind/namespace/name.");
        };
        if ![namespace, name].into_iter().all(is_name) {
            return Err("No object can be called that.");
        }
        let workload = || WorkloadKind::by_word(kind).map(|kind| WorkloadKey::new(kind, namespace, name));
        match word {
            "restart" => {
                let key = workload().filter(|key| key.kind.can_restart());
                key.map(Self::Restart).ok_or("Only Deployments, StatefulSets and DaemonSets can be restarted.")
            }
            "run" => {
                let key = workload().filter(|key| key.kind == WorkloadKind::CronJob);
                key.map(Self::Run).ok_or("A Job is made of a CronJob only.")
            }
            "delete-pod" if kind != "Pod" => Err("Only pods are deleted here."),
            "delete-pod" if !is_uid(uid) => Err("Which pod is meant is told by its uid, which is missing."),
            "delete-pod" => {
                Ok(Self::DeletePod(PodKey { namespace: namespace.into(), name: name.into(), uid: uid.into() }))
            }
            _ => Err("There is no such action; actions: restart, run, delete-pod."),
        }
    }

    /// The right that it takes.
    pub fn deed(&self) -> Deed {
        let (verb, group, resource, namespace, name) = match self {
            Self::Restart(key) => ("patch", key.kind.group(), key.kind.plural(), &key.namespace, &*key.name),
            // A name that is not there yet is none to ask about.
            Self::Run(key) => ("create", "batch", "jobs", &key.namespace, ""),
            Self::DeletePod(key) => ("delete", "", "pods", &key.namespace, &*key.name),
        };
        let [verb, group, resource, namespace, name] = [verb, group, resource, namespace, name].map(ToOwned::to_owned);
        Deed { verb, group, resource, namespace, name, ..Deed::default() }
    }

    /// Why it must not be done to an object as it was read; nothing if it may.
    pub fn obstacle(&self, object: &Value) -> Option<&'static str> {
        if object["metadata"]["deletionTimestamp"].is_string() {
            return Some("It is being deleted");
        }
        match self {
            // As `kubectl` refuses it: nothing would happen until somebody resumes it.
            Self::Restart(_) if object["spec"]["paused"] == true => {
                Some("It is paused (spec.paused): a restart would wait until that is taken back")
            }
            _ => None,
        }
    }

    /// The merge patch that restarts a workload; `now` is the time as RFC 3339.
    pub fn restart_patch(now: &str) -> Value {
        let mut annotations = json!({});
        annotations[RESTARTED] = json!(now);
        json!({"spec": {"template": {"metadata": {"annotations": annotations}}}})
    }
}

impl fmt::Display for WorkloadAction {
    /// The object that it is about: `Deployment/shop/cart`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Restart(key) | Self::Run(key) => key.fmt(f),
            Self::DeletePod(key) => write!(f, "Pod/{}/{}", key.namespace, key.name),
        }
    }
}

/// The Job that a `CronJob` as read is to make now; `mark` tells it apart from others.
pub fn job_of(cron_job: &Value, mark: &str) -> Value {
    /// What a Job may be called at most, so that its pods can have its name as a label.
    const NAME: usize = 63;
    const MANUAL: &str = "-manual-";
    let metadata = &cron_job["metadata"];
    let template = &cron_job["spec"]["jobTemplate"];
    let name = text(&metadata["name"]);
    let room = NAME - MANUAL.len() - mark.len().min(20);
    let short = name.get(..name.len().min(room)).unwrap_or_default().trim_end_matches(['-', '.']);
    let map = |field: &str| template["metadata"][field].as_object().cloned().unwrap_or_else(Map::new);
    let mut annotations = map("annotations");
    annotations.insert("cronjob.kubernetes.io/instantiate".to_owned(), json!("manual"));
    // Not `blockOwnerDeletion`: that takes a further right.
    let owner = json!({"apiVersion": "batch/v1", "kind": "CronJob", "name": name, "uid": metadata["uid"],
        "controller": true});
    json!({
        "apiVersion": "batch/v1", "kind": "Job",
        "metadata": {"name": format!("{short}{MANUAL}{mark}"), "namespace": metadata["namespace"],
            "labels": map("labels"), "annotations": annotations, "ownerReferences": [owner]},
        "spec": template["spec"],
    })
}

/// How far a restart has come, by the workload as read after it was asked for.
pub fn roll_out(kind: WorkloadKind, object: &Value) -> Stage {
    let row = Workload::read(kind, object);
    let by_hand = object["spec"]["updateStrategy"]["type"] == "OnDelete";
    match row.state {
        _ if by_hand => Stage::Done(
            "Asked for; its update strategy is OnDelete, so each pod is replaced when somebody deletes it".to_owned(),
        ),
        State::Ready => Stage::Done(format!("Rolled out: {}", row.sentence)),
        State::Failed => Stage::Failed(row.sentence),
        State::Deleting => Stage::Failed("It is being deleted".to_owned()),
        State::Suspended => Stage::Unknown(row.sentence),
        _ => Stage::Asked(row.sentence),
    }
}

fn is_uid(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_names_one_thing_that_the_action_can_be_done_to() {
        let read = |word: &str, object: &str, uid: &str| WorkloadAction::read(word, object, uid);
        for (word, object, right) in [
            ("restart", "Deployment/shop/cart", "patch deployments.apps cart"),
            ("restart", "DaemonSet/shop/agent", "patch daemonsets.apps agent"),
            ("run", "CronJob/shop/report", "create jobs.batch "),
            ("delete-pod", "Pod/shop/cart-1", "delete pods. cart-1"),
        ] {
            let action = read(word, object, "1a-2b").expect("an action");
            let Deed { verb, group, resource, name, namespace, .. } = action.deed();
            assert_eq!(format!("{verb} {resource}.{group} {name}"), right);
            assert_eq!((namespace.as_str(), action.to_string().as_str()), ("shop", object));
        }
        for (word, object, uid) in [
            ("restart", "Job/shop/report", ""),
            ("restart", "Secret/shop/x", ""),
            ("run", "Deployment/shop/cart", ""),
            ("delete-pod", "Pod/shop/cart-1", ""),
            ("delete-pod", "Pod/shop/cart-1", "\",\"x"),
            ("delete-pod", "Deployment/shop/cart", "1"),
            ("delete", "Pod/shop/cart-1", "1"),
            ("restart", "Deployment/shop", ""),
            ("restart", "Deployment/shop/cart/x", ""),
            ("restart", "Deployment/../cart", ""),
            ("restart", "Deployment//cart", ""),
        ] {
            assert!(read(word, object, uid).is_err(), "{word} {object} {uid}");
        }
    }

    #[test]
    fn a_job_is_made_as_kubectl_makes_it_and_its_name_never_is_too_long() {
        let cron = |name: &str| {
            json!({"metadata": {"name": name, "namespace": "shop", "uid": "u", "labels": {"of": "cron"}},
                "spec": {"schedule": "@daily", "jobTemplate": {"metadata": {"labels": {"app": "report"}, "annotations": {"a": "b"}},
                    "spec": {"backoffLimit": 2}}}})
        };
        let job = job_of(&cron("report"), "x7k2p");
        assert_eq!(
            job,
            json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "report-manual-x7k2p", "namespace": "shop",
                "labels": {"app": "report"}, "annotations": {"a": "b", "cronjob.kubernetes.io/instantiate": "manual"},
                "ownerReferences": [{"apiVersion": "batch/v1", "kind": "CronJob", "name": "report", "uid": "u",
                    "controller": true}]}, "spec": {"backoffLimit": 2}})
        );
        for long in ["a".repeat(253), format!("{}-.-b", "a".repeat(48))] {
            let job = job_of(&cron(&long), "x7k2p");
            let name = text(&job["metadata"]["name"]);
            assert!(name.len() <= 63 && name.ends_with("a-manual-x7k2p"), "{name}");
        }
    }

    #[test]
    fn what_is_paused_or_going_is_not_restarted() {
        let restart = WorkloadAction::read("restart", "Deployment/shop/cart", "").expect("an action");
        assert_eq!(restart.obstacle(&json!({"spec": {}})), None);
        assert!(restart.obstacle(&json!({"spec": {"paused": true}})).is_some());
        assert!(restart.obstacle(&json!({"metadata": {"deletionTimestamp": "x"}})).is_some());
        let patch = WorkloadAction::restart_patch("now");
        assert_eq!(patch["spec"]["template"]["metadata"]["annotations"]["kubectl.kubernetes.io/restartedAt"], "now");
    }

    #[test]
    fn a_restart_is_over_when_the_workload_is_as_it_should_be_again() {
        let stage = |spec: Value, status: Value| {
            roll_out(WorkloadKind::Deployment, &json!({"metadata": {"generation": 2}, "spec": spec, "status": status}))
        };
        let status = |seen: i64, updated: i64| {
            json!({"observedGeneration": seen, "replicas": 1, "updatedReplicas": updated, "readyReplicas": 1,
                "availableReplicas": 1})
        };
        assert!(matches!(stage(json!({}), status(1, 1)), Stage::Asked(_)), "of the old template");
        assert!(matches!(stage(json!({}), status(2, 0)), Stage::Asked(_)));
        assert_eq!(stage(json!({}), status(2, 1)), Stage::Done("Rolled out: 1 of 1 ready".to_owned()));
        let late = json!({"observedGeneration": 2, "conditions": [{"type": "Progressing", "reason": "ProgressDeadlineExceeded"}]});
        assert!(matches!(stage(json!({}), late), Stage::Failed(_)));
        let by_hand = json!({"updateStrategy": {"type": "OnDelete"}});
        assert!(matches!(stage(by_hand, status(2, 0)), Stage::Done(text) if text.contains("OnDelete")));
    }
}
