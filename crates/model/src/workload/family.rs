use std::collections::BTreeSet;

use serde_json::Value;

use super::{Pod, Workload, WorkloadKind, owner};
use crate::details::reading::text;

/// What a workload has made, as far as one person may see it.
#[derive(Debug, Clone, PartialEq)]
pub struct WorkloadFamily<E> {
    /// The `uid`s of the `ReplicaSet`s between a Deployment and its pods; empty where those may not be read.
    pub sets: BTreeSet<String>,
    /// The Jobs of a `CronJob`, the newest first; or why they are not known.
    pub jobs: Result<Listed<Workload>, E>,
    /// The pods, by name; or why they are not known.
    pub pods: Result<Listed<Pod>, E>,
}

/// Objects of a list, as far as they were read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed<T> {
    /// The objects.
    pub items: Vec<T>,
    /// Whether there are more.
    pub more: bool,
}

/// What stands between a Deployment and its pods.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplicaSet {
    /// Its `uid`.
    pub uid: String,
    /// `uid` of what made it.
    pub owner: String,
}

impl<T> Default for Listed<T> {
    fn default() -> Self {
        Self { items: Vec::new(), more: false }
    }
}

impl<T> Listed<T> {
    /// Those for which this holds.
    #[must_use]
    pub fn filter(mut self, is_one: impl FnMut(&T) -> bool) -> Self {
        self.items.retain(is_one);
        self
    }

    /// The same, of a list that goes on.
    #[must_use]
    pub fn with_more(self, more: bool) -> Self {
        Self { more: self.more || more, ..self }
    }
}

impl ReplicaSet {
    /// Reads one as the API server sends it.
    pub fn read(set: &Value) -> Self {
        Self { uid: text(&set["metadata"]["uid"]).to_owned(), owner: Workload::maker(set).to_owned() }
    }
}

impl<E> WorkloadFamily<E> {
    /// Nothing at all.
    pub fn none() -> Self {
        Self { sets: BTreeSet::new(), jobs: Ok(Listed::default()), pods: Ok(Listed::default()) }
    }

    /// The same, with another type for why something is not known.
    pub fn map_err<F>(self, map: impl Fn(E) -> F) -> WorkloadFamily<F> {
        WorkloadFamily { sets: self.sets, jobs: self.jobs.map_err(&map), pods: self.pods.map_err(map) }
    }

    /// The pods that are known.
    pub fn known_pods(&self) -> &[Pod] {
        self.pods.as_ref().map(|listed| &*listed.items).unwrap_or_default()
    }

    /// The Jobs that are known.
    pub fn known_jobs(&self) -> &[Workload] {
        self.jobs.as_ref().map(|listed| &*listed.items).unwrap_or_default()
    }

    /// The `uid`s of all that is known.
    pub fn uids(&self) -> BTreeSet<String> {
        let pods = self.known_pods().iter().map(|pod| pod.uid.clone());
        let jobs = self.known_jobs().iter().map(|job| job.uid.clone());
        self.sets.iter().cloned().chain(pods).chain(jobs).filter(|uid| !uid.is_empty()).collect()
    }
}

impl Pod {
    /// Whether it was made by this Deployment, as far as its owner's name tells: a `ReplicaSet` is called after its
    /// Deployment and the hash of its template.
    pub fn is_of_deployment(&self, name: &str) -> bool {
        let (set, hash) = &self.made_by;
        !hash.is_empty() && set.strip_suffix(&**hash).and_then(|rest| rest.strip_suffix('-')) == Some(name)
    }
}

impl Workload {
    /// The label selector of what may be among the Jobs of a `CronJob`; empty if they have no labels.
    pub fn selector_of_jobs(object: &Value) -> String {
        // Charts change these with each version, and older runs have others. Whose a Job is, its owner says.
        const FLEETING: [&str; 2] = ["helm.sh/chart", "app.kubernetes.io/version"];
        let labels = object["spec"]["jobTemplate"]["metadata"]["labels"].as_object().into_iter().flatten();
        let labels = labels.filter(|(key, _)| !FLEETING.contains(&key.as_str()));
        labels.map(|(key, value)| format!("{key}={}", text(value))).collect::<Vec<_>>().join(",")
    }

    /// The label selector of the pods of several Jobs together; empty if they have none.
    pub fn selector_of_pods(jobs: &[Value]) -> String {
        let labels = jobs.iter().filter_map(|job| job["spec"]["selector"]["matchLabels"].as_object());
        let mut labels = labels.filter_map(|labels| labels.iter().next());
        let Some((key, first)) = labels.next() else { return String::new() };
        let others = labels.filter(|(other, _)| *other == key).map(|(_, value)| text(value));
        let values: Vec<_> = std::iter::once(text(first)).chain(others).collect();
        format!("{key} in ({})", values.join(","))
    }

    /// `uid` of what made an object.
    pub fn maker(object: &Value) -> &str {
        let [_, _, owner] = owner::controller(object);
        owner
    }
}

impl WorkloadKind {
    /// Whether `ReplicaSet`s stand between it and its pods.
    pub fn has_sets(self) -> bool {
        self == WorkloadKind::Deployment
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn where_sets_may_not_be_read_their_names_tell_whose_pods_they_made() {
        let pod = |set: &str, hash: &str| {
            Pod::read(&json!({"metadata": {"labels": {"pod-template-hash": hash},
                "ownerReferences": [{"kind": "ReplicaSet", "name": set, "uid": "s", "controller": true}]}}))
        };
        assert!(pod("cart-5d4f", "5d4f").is_of_deployment("cart"));
        assert!(!pod("cart-api-5d4f", "5d4f").is_of_deployment("cart"), "of another with a longer name");
        assert!(!pod("cart-5d4f", "").is_of_deployment("cart"));
        let bare = Pod::read(&json!({"metadata": {"labels": {"pod-template-hash": "5d4f"}}}));
        assert!(!bare.is_of_deployment("cart"), "made by nobody");
    }

    #[test]
    fn the_pods_of_several_jobs_are_asked_for_at_once() {
        let job =
            |uid: &str| json!({"spec": {"selector": {"matchLabels": {"batch.kubernetes.io/controller-uid": uid}}}});
        assert_eq!(Workload::selector_of_pods(&[job("a"), job("b")]), "batch.kubernetes.io/controller-uid in (a,b)");
        assert_eq!(Workload::selector_of_pods(&[json!({})]), "");
        let cron = json!({"spec": {"jobTemplate": {"metadata": {"labels": {"app": "report"}}}}});
        assert_eq!(Workload::selector_of_jobs(&cron), "app=report");
    }
}
