use std::borrow::Cow;

use serde_json::Value;

use super::{Branch, Cause, Gap, Link, Lookup, Sight, Walk, container::Container, words};
use crate::{
    EventEntry, Events,
    cause::{ApiResource, rules},
    details::reading::{condition, each, holding, seconds, text},
};

impl Walk<'_> {
    /// The pod that is worst off, of those that a workload has: one is enough to explain the others.
    pub(super) fn worst(&mut self, pods: &[&Value]) -> Option<Branch> {
        let live = pods.iter().filter(|pod| !pod["metadata"]["deletionTimestamp"].is_string());
        let mut ranked: Vec<_> =
            live.filter_map(|pod| Some((rank(pod)?, text(&pod["metadata"]["name"]), *pod))).collect();
        ranked.sort_by_key(|(rank, name, _)| (*rank, *name));
        let (_, _, worst) = ranked.first()?;
        self.pod(worst)
    }

    /// Why a pod does not run, or is not ready.
    pub(super) fn pod(&mut self, pod: &Value) -> Option<Branch> {
        let metadata = &pod["metadata"];
        let (namespace, name) = (text(&metadata["namespace"]), text(&metadata["name"]));
        let status = &pod["status"];
        rank(pod)?;
        let link = |said: String| Link::new("Pod", namespace, name, said);
        let describe = || words::command(&["kubectl", "describe", "pod", name, "--namespace", namespace]);
        if status["reason"] == "Evicted" {
            let because = format!("pod `{name}` was evicted: {}", rules::plain(text(&status["message"])));
            return Some(Branch::new(Cause::Evicted, because).after(link("Evicted".to_owned())));
        }
        if let Some(container) = Container::worst(pod) {
            let link = container.seen_in(link(container.said()), namespace, name);
            return Some(self.container(&container, namespace, name)?.after(link).command(describe()));
        }
        if let Some(unplaced) = condition(pod, "PodScheduled").filter(|one| one["status"] == "False") {
            let since = seconds(&unplaced["lastTransitionTime"]);
            let branch = self.unplaced(pod, namespace, name, text(&unplaced["message"]))?;
            return Some(branch.after(link("Not scheduled".to_owned()).since(since)).command(describe()));
        }
        self.unready(pod, namespace, name).map(|branch| branch.command(describe()))
    }

    fn unplaced(&mut self, pod: &Value, namespace: &str, name: &str, message: &str) -> Option<Branch> {
        let context = [("namespace", namespace), ("pod", name)];
        let (cause, because) = rules::read(&[rules::SCHEDULING], message, &context)?;
        let quote = Link::quote("Scheduler", message.to_owned());
        if message.contains("unbound immediate PersistentVolumeClaims") {
            let kind = ApiResource::builtin("PersistentVolumeClaim", None)?;
            for volume in each(&pod["spec"]["volumes"]) {
                let Some(claim) = volume["persistentVolumeClaim"]["claimName"].as_str() else { continue };
                let lookup = Lookup::Object {
                    kind: Cow::Borrowed(kind),
                    namespace: namespace.to_owned(),
                    name: claim.to_owned(),
                };
                match self.see(lookup)? {
                    Sight::There(claim) => {
                        if let Some(branch) = self.claim(claim) {
                            return Some(branch);
                        }
                        if !self.needs.is_empty() {
                            return None;
                        }
                    }
                    Sight::Missing => {
                        let because =
                            format!("PersistentVolumeClaim `{namespace}/{claim}` of pod `{name}` does not exist");
                        return Some(Branch::new(Cause::Volume, because).then(quote));
                    }
                    Sight::Hidden(gap) => {
                        return Some(Branch::hidden(
                            &format!("a PersistentVolumeClaim of pod `{name}` is not bound"),
                            gap,
                        ));
                    }
                }
            }
        }
        Some(Branch::new(cause, because).then(quote))
    }

    /// A pod whose containers say nothing: it may wait for a volume, or a probe.
    fn unready(&mut self, pod: &Value, namespace: &str, name: &str) -> Option<Branch> {
        let since = condition(pod, "Ready").and_then(|one| seconds(&one["lastTransitionTime"]));
        let link = |said: &str| Link::new("Pod", namespace, name, said).since(since);
        let (events, gap) = self.events_of("Pod", namespace, name)?;
        let of = |reasons: &[&str]| events.iter().find(|event| event.warning && reasons.contains(&&*event.reason));
        if let Some(event) = of(&["FailedMount", "FailedAttachVolume"]) {
            let (cause, because) =
                rules::read(&[rules::MOUNT], &event.message, &[("namespace", namespace), ("pod", name)])?;
            return Some(Branch::new(cause, because).after(quote(event)).after(link("Its containers are not started")));
        }
        if let Some(event) = of(&["Unhealthy"]) {
            let because = format!("pod `{name}` is not ready: {}", rules::plain(&event.message));
            return Some(Branch::new(Cause::Probe, because).after(quote(event)).after(link("Running, and not ready")));
        }
        if let Some(event) = of(&["FailedCreatePodSandBox", "NetworkNotReady", "Failed"]) {
            let because = format!("pod `{name}` cannot be started: {}", rules::plain(&event.message));
            return Some(Branch::new(Cause::Start, because).after(quote(event)).after(link("Not started")));
        }
        let known = format!("pod `{name}` is not ready");
        Some(match gap {
            Some(gap) => Branch::hidden(&known, gap).after(link("Not ready")),
            None => Branch::new(Cause::Unknown, format!("{known}, and nothing that was found tells why"))
                .after(link("Not ready")),
        })
    }

    /// The Events about an object of the core group, newest first, or why there are none.
    pub(super) fn events_of(
        &mut self,
        kind: &str,
        namespace: &str,
        name: &str,
    ) -> Option<(Vec<EventEntry>, Option<Gap>)> {
        self.events_about(("", kind), namespace, name)
    }

    /// The same about an object of this group and kind.
    pub(super) fn events_about(
        &mut self,
        (group, kind): (&str, &str),
        namespace: &str,
        name: &str,
    ) -> Option<(Vec<EventEntry>, Option<Gap>)> {
        let lookup = Lookup::Events { kind: kind.to_owned(), namespace: namespace.to_owned(), name: name.to_owned() };
        Some(match self.see(lookup)? {
            Sight::There(list) => {
                let events = Events::read(list, group).entries;
                (events.into_iter().filter(|event| event.name == name).collect(), None)
            }
            Sight::Missing => (Vec::new(), None),
            Sight::Hidden(gap) => (Vec::new(), Some(gap)),
        })
    }
}

/// An Event as the last step.
pub(super) fn quote(event: &EventEntry) -> Link {
    Link { count: event.count, ..Link::quote("Event", event.message.clone()).since(event.last) }
}

/// How badly off a pod is, the worst first; nothing if it is as it should be.
fn rank(pod: &Value) -> Option<u8> {
    let status = &pod["status"];
    match text(&status["phase"]) {
        "Succeeded" => None,
        "Failed" => Some(1),
        _ if Container::worst(pod).is_some() => Some(0),
        _ if condition(pod, "PodScheduled").is_some_and(|one| one["status"] == "False") => Some(2),
        _ if holding(pod, "Ready").is_some() => None,
        _ => Some(3),
    }
}
