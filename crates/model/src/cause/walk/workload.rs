use std::borrow::Cow;

use serde_json::Value;

use super::{Branch, Cause, Gap, Link, Lookup, Sight, Walk, pod::quote, words};
use crate::{
    Events,
    cause::{ApiResource, rules},
    details::reading::{each, seconds, text},
    label_selector,
    workload::owner::is_owned,
};

/// Something that runs pods.
pub(super) struct Workload<'a> {
    kind: &'a ApiResource,
    object: &'a Value,
    namespace: &'a str,
    name: &'a str,
    label: String,
    /// How many of its pods do what they should, and how many should.
    count: (i64, i64),
    /// In which words.
    counted: &'static str,
}

impl Walk<'_> {
    /// Why what runs pods is not healthy.
    pub(super) fn workload(&mut self, kind: &ApiResource, object: &Value, is_named: bool) -> Option<Branch> {
        let Some(workload) = Workload::read(kind, object) else {
            return self.other(kind, object, is_named);
        };
        if workload.is_healthy() {
            return is_named.then(|| self.tried_before(&workload)).flatten();
        }
        let branch = self.failing(&workload)?;
        Some(branch.so(&workload.standing()).after(workload.link()))
    }

    fn failing(&mut self, workload: &Workload<'_>) -> Option<Branch> {
        let pods = ApiResource::builtin("Pod", Some(""))?;
        let selector = label_selector(workload.object);
        let labelled = |kind| labelled(kind, workload.namespace, &selector);
        let is_deployment = workload.kind.kind == "Deployment";
        let sets = if is_deployment { ApiResource::builtin("ReplicaSet", None) } else { None };
        // Both are asked for at once.
        let sets = sets.map(|kind| self.see(labelled(kind)));
        let pods = self.see(labelled(pods));
        let set = match sets {
            None => None,
            Some(sets) => match sets? {
                // What is left out may be the one.
                Sight::There(list) if is_cut(list) => None,
                Sight::There(list) => workload.current_set(list),
                Sight::Missing | Sight::Hidden(_) => None,
            },
        };
        let known = workload.standing();
        let branch = match pods? {
            Sight::There(list) => {
                // Whose sets could not be read, its pods are known by their labels alone.
                let owner = set.or_else(|| (!is_deployment).then_some(workload.object));
                let is_its = |pod: &&Value| owner.is_none_or(|owner| is_owned(pod, &owner["metadata"]["uid"]));
                let pods: Vec<_> = each(&list["items"]).filter(is_its).collect();
                match self.worst(&pods) {
                    Some(branch) => branch,
                    None if !self.needs.is_empty() => return None,
                    None if is_cut(list) => {
                        let gap = Gap::new(format!(
                            "of its pods only the first {} were looked at",
                            each(&list["items"]).count()
                        ));
                        Branch::hidden(&known, gap)
                    }
                    None => self.uncreated(workload, set)?,
                }
            }
            Sight::Missing => self.uncreated(workload, set)?,
            Sight::Hidden(gap) => Branch::hidden(&known, gap),
        };
        Some(match set {
            Some(set) => branch.after(set_link(set, workload.namespace)),
            None => branch,
        })
    }

    /// Why there are fewer pods than wanted.
    fn uncreated(&mut self, workload: &Workload<'_>, set: Option<&Value>) -> Option<Branch> {
        let refused = |object: &Value| {
            let conditions = each(&object["status"]["conditions"]);
            let mut refused = conditions.filter(|one| one["type"] == "ReplicaFailure" && one["status"] == "True");
            refused.next().map(|one| (text(&one["message"]).to_owned(), seconds(&one["lastTransitionTime"])))
        };
        if let Some((message, since)) = set.and_then(refused).or_else(|| refused(workload.object)) {
            return Some(not_created(&message, since, 1));
        }
        let metadata = set.map_or(&workload.object["metadata"], |set| &set["metadata"]);
        let lookup = Lookup::Events {
            kind: if set.is_some() { "ReplicaSet" } else { &*workload.kind.kind }.to_owned(),
            namespace: workload.namespace.to_owned(),
            name: text(&metadata["name"]).to_owned(),
        };
        let known = workload.standing();
        match self.see(lookup)? {
            Sight::There(list) => {
                let events = Events::read(list, &workload.kind.group);
                let failed =
                    events.entries.iter().find(|event| event.warning && event.reason.starts_with("FailedCreate"));
                Some(match (failed, workload.gave_up()) {
                    (Some(event), _) => not_created(&event.message, event.last, event.count),
                    (None, Some(why)) => Branch::new(Cause::Unknown, format!("{known}: {why}")),
                    (None, None) => {
                        Branch::new(Cause::Unknown, format!("{known}, and nothing that was found tells why"))
                    }
                })
            }
            Sight::Missing => Some(Branch::new(Cause::Unknown, known)),
            Sight::Hidden(gap) => Some(Branch::hidden(&known, gap)),
        }
    }

    /// Of what is healthy by now: what was wrong with the revision that was tried before, which Events may still tell.
    fn tried_before(&mut self, workload: &Workload<'_>) -> Option<Branch> {
        let label = &workload.label;
        let passed = || {
            Branch::new(Cause::Passing, format!("{label} was not available in time, and is by now"))
                .then(workload.link())
        };
        if workload.kind.kind != "Deployment" {
            return Some(passed());
        }
        let sets = ApiResource::builtin("ReplicaSet", None)?;
        let namespace = workload.namespace.to_owned();
        let sets = self.see(labelled(sets, &namespace, &label_selector(workload.object)));
        let events = self.see(Lookup::Events { kind: "Pod".to_owned(), namespace, name: String::new() });
        let (Sight::There(sets), Sight::There(events)) = (sets?, events?) else { return Some(passed()) };
        let tried = if is_cut(sets) { None } else { workload.tried_set(sets) };
        let Some(tried) = tried else { return Some(passed()) };
        let pods = format!("{}-", text(&tried["metadata"]["name"]));
        let events = Events::read(events, "");
        let told = events.entries.iter().filter(|event| event.warning && event.name.starts_with(&pods));
        let read = told.filter_map(|event| Some((event, of_the_past(&event.reason, &event.message)?)));
        let Some((event, (cause, because))) = read.max_by_key(|(event, _)| event.last) else { return Some(passed()) };
        Some(
            Branch::new(cause, because)
                .then(quote(event))
                .so(&format!("{label} was not available in time"))
                .after(set_link(tried, workload.namespace))
                .after(workload.link()),
        )
    }
}

impl<'a> Workload<'a> {
    pub(super) fn read(kind: &'a ApiResource, object: &'a Value) -> Option<Self> {
        let (spec, status) = (&object["spec"], &object["status"]);
        let number = |value: &Value| value.as_i64().unwrap_or_default();
        let wanted = spec["replicas"].as_i64().unwrap_or(1);
        if !["apps", "batch"].contains(&&*kind.group) {
            return None;
        }
        let (count, counted) = match &*kind.kind {
            "Deployment" => ((number(&status["availableReplicas"]), wanted), "replicas available"),
            "StatefulSet" | "ReplicaSet" => ((number(&status["readyReplicas"]), wanted), "replicas ready"),
            "DaemonSet" => {
                ((number(&status["numberAvailable"]), number(&status["desiredNumberScheduled"])), "pods available")
            }
            "Job" => ((number(&status["succeeded"]), spec["completions"].as_i64().unwrap_or(1)), "completions"),
            _ => return None,
        };
        let [namespace, name] = ["namespace", "name"].map(|field| text(&object["metadata"][field]));
        Some(Self {
            kind,
            object,
            namespace,
            name,
            label: words::labelled(&kind.kind, namespace, name),
            count,
            counted,
        })
    }

    pub(super) fn is_healthy(&self) -> bool {
        let (spec, status) = (&self.object["spec"], &self.object["status"]);
        let (have, want) = self.count;
        let updated = match &*self.kind.kind {
            "Deployment" => {
                status["updatedReplicas"].as_i64().unwrap_or_default() >= spec["replicas"].as_i64().unwrap_or(1)
            }
            "DaemonSet" => status["updatedNumberScheduled"].as_i64().unwrap_or_default() >= want,
            _ => true,
        };
        have >= want && updated
    }

    /// `Deployment shop/cart has 0 of 2 replicas available`.
    fn standing(&self) -> String {
        let (have, want) = self.count;
        format!("{} has {have} of {want} {}", self.label, self.counted)
    }

    /// Why its controller gave up, in that controller's words.
    fn gave_up(&self) -> Option<String> {
        let condition = each(&self.object["status"]["conditions"]).find(|one| {
            one["type"] == "Failed" && one["status"] == "True" || one["reason"] == "ProgressDeadlineExceeded"
        })?;
        Some(rules::plain(text(&condition["message"])))
    }

    fn link(&self) -> Link {
        let (have, want) = self.count;
        let conditions = || each(&self.object["status"]["conditions"]);
        let mut said = format!("{have} of {want} {}", self.counted);
        if conditions().any(|one| one["reason"] == "ProgressDeadlineExceeded") {
            said.push_str("; its time to progress is over");
        }
        let since = conditions().find(|one| one["type"] == "Available" || one["type"] == "Failed");
        let since = since.and_then(|one| seconds(&one["lastTransitionTime"]));
        Link::new(&self.kind.kind, self.namespace, self.name, said).since(since)
    }

    fn own_sets<'l>(&self, list: &'l Value) -> impl Iterator<Item = (i64, &'l Value)> {
        let uid = self.object["metadata"]["uid"].clone();
        let revision =
            |set: &Value| text(&set["metadata"]["annotations"]["deployment.kubernetes.io/revision"]).parse().ok();
        each(&list["items"]).filter(move |set| is_owned(set, &uid)).filter_map(move |set| Some((revision(set)?, set)))
    }

    /// The `ReplicaSet` of the revision that is wanted now.
    fn current_set<'l>(&self, list: &'l Value) -> Option<&'l Value> {
        self.own_sets(list).max_by_key(|(revision, _)| *revision).map(|(_, set)| set)
    }

    /// The `ReplicaSet` of the revision before that.
    fn tried_set<'l>(&self, list: &'l Value) -> Option<&'l Value> {
        let mut sets: Vec<_> = self.own_sets(list).collect();
        sets.sort_by_key(|(revision, _)| std::cmp::Reverse(*revision));
        sets.get(1).map(|(_, set)| *set)
    }
}

/// The objects of a kind with these labels.
pub(super) fn labelled(kind: &'static ApiResource, namespace: &str, selector: &str) -> Lookup {
    let (namespace, selector) = (namespace.to_owned(), selector.to_owned());
    Lookup::Labelled { kind: Cow::Borrowed(kind), namespace, selector }
}

/// Whether the API server has more than it was asked for.
pub(super) fn is_cut(list: &Value) -> bool {
    !text(&list["metadata"]["continue"]).is_empty()
}

fn set_link(set: &Value, namespace: &str) -> Link {
    let number = |value: &Value| value.as_i64().unwrap_or_default();
    let revision = text(&set["metadata"]["annotations"]["deployment.kubernetes.io/revision"]);
    let (ready, wanted) = (number(&set["status"]["readyReplicas"]), number(&set["spec"]["replicas"]));
    let said = format!("Revision {revision}: {ready} of {wanted} pods ready");
    Link::new("ReplicaSet", namespace, text(&set["metadata"]["name"]), said)
        .since(seconds(&set["metadata"]["creationTimestamp"]))
}

/// What the API server said when a pod was to be created.
fn not_created(message: &str, since: Option<i64>, count: u64) -> Branch {
    let (cause, because) = rules::read(rules::CREATION, message, &[])
        .unwrap_or_else(|| (Cause::Admission, format!("no pod can be created: {}", rules::plain(message))));
    let quote = Link::quote("Event", message.to_owned()).since(since);
    Branch::new(cause, because).then(Link { count, ..quote })
}

/// What an Event tells of pods that are gone.
fn of_the_past(reason: &str, message: &str) -> Option<(Cause, String)> {
    let whose = "of the revision that was tried";
    match reason {
        "BackOff" if message.contains("restarting failed container") => {
            Some((Cause::Crash, format!("containers {whose} kept crashing")))
        }
        "BackOff" | "Failed" if message.contains("pull") => {
            Some((Cause::ImagePull, format!("an image {whose} could not be pulled")))
        }
        "Unhealthy" => Some((Cause::Probe, format!("containers {whose} were not healthy: {}", rules::plain(message)))),
        "FailedScheduling" => Some((Cause::Unschedulable, format!("no node took the pods {whose}"))),
        "FailedMount" | "FailedAttachVolume" => Some((Cause::Volume, format!("pods {whose} had no volumes"))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{Evidence, Finding};

    #[test]
    fn that_only_some_of_many_pods_were_looked_at_is_said_where_none_of_them_explains_anything() {
        let deployment = ApiResource::builtin("Deployment", None).expect("a kind");
        let object = json!({"metadata": {"namespace": "shop", "name": "cart", "uid": "d"},
            "spec": {"replicas": 60, "selector": {"matchLabels": {"app": "cart"}}}, "status": {"availableReplicas": 59}});
        let ready = json!({"metadata": {"namespace": "shop", "name": "cart-1"},
            "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}});
        let mut evidence = Evidence::default();
        for kind in ["ReplicaSet", "Pod"].map(|kind| ApiResource::builtin(kind, None).expect("a kind")) {
            let items = if kind.kind == "Pod" { json!([ready]) } else { json!([]) };
            let found = json!({"metadata": {"continue": "more"}, "items": items});
            evidence.add(labelled(kind, "shop", "app=cart"), Finding::Found(found));
        }
        let branch = Walk::new(&evidence).workload(deployment, &object, true).expect("a branch");
        assert_eq!(branch.end.cause, Cause::Hidden);
        let said: Vec<_> = branch.end.gaps.iter().map(|gap| &*gap.said).collect();
        assert_eq!(said, ["of its pods only the first 1 were looked at"]);
    }
}
