//! What a workload has made: found by its labels, and told by its owner.

use std::collections::BTreeSet;

use fanlight_model::{
    Identity, Listed, Pod, PodUsage, ReplicaSet, Workload, WorkloadFamily, WorkloadKey, WorkloadKind, label_selector,
};
use http::StatusCode;
use serde_json::Value;

use super::{folder, folder_under, nothing};
use crate::{ApiServer, ReadError, evidence::root};

impl ApiServer {
    /// How many pods of a workload are read at most.
    const PODS: usize = 500;
    /// How many `ReplicaSet`s, and Jobs, are looked through.
    const MADE: usize = 500;
    /// Of how many Jobs of a `CronJob` the pods are shown.
    const RUNS: usize = 20;

    /// What a workload, as it was read, has made.
    pub async fn workload_family(
        &self,
        who: &Identity,
        key: &WorkloadKey,
        object: &Value,
    ) -> WorkloadFamily<ReadError> {
        match object["metadata"]["uid"].as_str() {
            None | Some("") => WorkloadFamily::none(),
            Some(uid) if key.kind == WorkloadKind::CronJob => self.runs(who, key, object, uid).await,
            Some(uid) => self.pods_of(who, key, object, uid).await,
        }
    }

    async fn pods_of(&self, who: &Identity, key: &WorkloadKey, object: &Value, uid: &str) -> WorkloadFamily<ReadError> {
        let selector = label_selector(object);
        let pods = self.pods(who, &key.namespace, &selector);
        if !key.kind.has_sets() {
            let pods = pods.await.map(|pods| pods.filter(|pod| pod.owner == uid));
            return WorkloadFamily { pods, ..WorkloadFamily::none() };
        }
        let (sets, pods) = tokio::join!(self.sets(who, &key.namespace, &selector), pods);
        let (sets, are_all) = match sets {
            Ok(listed) => (listed.items, !listed.more),
            // Their names tell as much.
            Err(_) => (Vec::new(), false),
        };
        let sets: BTreeSet<_> = sets.into_iter().filter(|set| set.owner == uid).map(|set| set.uid).collect();
        let is_own = |pod: &Pod| sets.contains(&pod.owner) || (!are_all && pod.is_of_deployment(&key.name));
        let pods = pods.map(|pods| pods.filter(is_own));
        WorkloadFamily { sets, pods, ..WorkloadFamily::none() }
    }

    /// The Jobs of a `CronJob`, the newest first, and their pods.
    async fn runs(&self, who: &Identity, key: &WorkloadKey, object: &Value, uid: &str) -> WorkloadFamily<ReadError> {
        let kind = WorkloadKind::Job;
        let what = format!("jobs in {}", key.namespace);
        let listed = async {
            let folder = folder(kind.group(), kind.plural(), Some(&key.namespace))?;
            self.listed(who, &what, &folder, &Workload::selector_of_jobs(object), Self::MADE, Value::clone).await
        };
        let Listed { items, more } = match listed.await {
            Ok(jobs) => jobs.filter(|job| Workload::maker(job) == uid),
            Err(error) => return WorkloadFamily { jobs: Err(error), ..WorkloadFamily::none() },
        };
        let mut jobs: Vec<_> = items.into_iter().map(|job| (Workload::read(kind, &job), job)).collect();
        jobs.sort_by(|(a, _), (b, _)| b.created.cmp(&a.created).then_with(|| a.key.cmp(&b.key)));
        let more = more || jobs.len() > Self::RUNS;
        jobs.truncate(Self::RUNS);
        let (rows, jobs): (Vec<_>, Vec<_>) = jobs.into_iter().unzip();
        let uids: BTreeSet<_> = rows.iter().map(|row| row.uid.clone()).collect();
        let pods = self.pods(who, &key.namespace, &Workload::selector_of_pods(&jobs)).await;
        WorkloadFamily {
            pods: pods.map(|pods| pods.filter(|pod| uids.contains(&pod.owner))),
            jobs: Ok(Listed { items: rows, more }),
            ..WorkloadFamily::none()
        }
    }

    async fn pods(&self, who: &Identity, namespace: &str, selector: &str) -> Result<Listed<Pod>, ReadError> {
        if selector.is_empty() {
            return Ok(nothing());
        }
        let folder = folder("", "pods", Some(namespace))?;
        self.listed(who, &format!("pods in {namespace}"), &folder, selector, Self::PODS, Pod::read).await
    }

    /// What the pods of a workload use at the moment, by its labels; nothing where nobody measures that.
    pub async fn pod_usage(&self, who: &Identity, namespace: &str, object: &Value) -> Result<Vec<PodUsage>, ReadError> {
        let selector = label_selector(object);
        if selector.is_empty() {
            return Ok(Vec::new());
        }
        let folder = folder_under(&root("metrics.k8s.io", "v1beta1"), "pods", Some(namespace))?;
        let what = format!("pods.metrics.k8s.io in {namespace}");
        match self.listed(who, &what, &folder, &selector, Self::PODS, PodUsage::read).await {
            Ok(listed) => Ok(listed.items.into_iter().flatten().collect()),
            Err(error) if error.code() == Some(StatusCode::NOT_FOUND) => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }

    /// What a Deployment may have made, by its labels.
    pub(crate) async fn sets(
        &self,
        who: &Identity,
        namespace: &str,
        selector: &str,
    ) -> Result<Listed<ReplicaSet>, ReadError> {
        if selector.is_empty() {
            return Ok(nothing());
        }
        let folder = folder("apps", "replicasets", Some(namespace))?;
        self.listed(who, &format!("replicasets in {namespace}"), &folder, selector, Self::MADE, ReplicaSet::read).await
    }
}
