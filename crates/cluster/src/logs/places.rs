//! Which containers there are to read.

use fanlight_model::{ApiResource, Identity, LogPlaces, LogQuery, LogSubject, Pod, ReplicaSet, label_selector};
use futures_util::{StreamExt, stream};
use http::StatusCode;
use serde_json::Value;

use crate::{
    ApiServer, ReadError,
    api_server::As,
    evidence::{encoded, place, segment},
};

impl ApiServer {
    /// How many pods of a workload are looked at.
    const LOOKED_AT: usize = 50;
    /// How many of Flux's controllers.
    const CONTROLLERS: usize = 16;

    /// Where there is something to read of what somebody asks for, as far as they may look.
    pub(super) async fn log_places(&self, who: &Identity, query: &LogQuery) -> Result<LogPlaces, ReadError> {
        match &query.subject {
            LogSubject::Pods { kind, namespace, name } if kind.kind == "Pod" => {
                match self.named(who, kind, namespace, name).await {
                    Ok(pod) => Ok(LogPlaces::of(&[&pod], &query.container, false)),
                    // To read a log, one need not be allowed to read the pod.
                    Err(error) if error.code() == Some(StatusCode::FORBIDDEN) => {
                        Ok(LogPlaces::only(namespace, name, &query.container))
                    }
                    Err(error) => Err(error),
                }
            }
            LogSubject::Pods { kind, namespace, name } => {
                let workload = self.named(who, kind, namespace, name).await?;
                self.log_places_of(who, kind.kind == "Deployment", &workload, namespace, &query.container).await
            }
            LogSubject::Flux(_) => self.flux_log_places(who, &query.container).await,
        }
    }

    /// The pods of Flux's controllers. Those that cannot be looked for keep none of the others.
    async fn flux_log_places(&self, who: &Identity, container: &str) -> Result<LogPlaces, ReadError> {
        const AT_ONCE: usize = 4;
        let mut controllers = self.genuine_flux_deployments(who).await?;
        let more = controllers.len() > Self::CONTROLLERS;
        controllers.truncate(Self::CONTROLLERS);
        let found = controllers.into_iter().map(|controller| async move {
            let place = |field: &str| controller["metadata"][field].as_str().unwrap_or_default().to_owned();
            let (namespace, name) = (place("namespace"), place("name"));
            let found = self.log_places_of(who, true, &controller, &namespace, container).await;
            (format!("{namespace}/{name}"), found)
        });
        let found: Vec<_> = stream::iter(found).buffered(AT_ONCE).collect().await;
        together(found, more)
    }

    async fn named(&self, who: &Identity, kind: &ApiResource, namespace: &str, name: &str) -> Result<Value, ReadError> {
        let path = place(kind, namespace, name)?;
        self.get(As::Person(who), &format!("{} {namespace}/{name}", kind.kind), &path).await
    }

    /// The pods of a workload; `has_sets` says whether something stands between it and them.
    async fn log_places_of(
        &self,
        who: &Identity,
        has_sets: bool,
        workload: &Value,
        namespace: &str,
        container: &str,
    ) -> Result<LogPlaces, ReadError> {
        let selector = label_selector(workload);
        if selector.is_empty() {
            // That would be all pods.
            return Ok(LogPlaces::default());
        }
        let (limit, asked) = (Self::LOOKED_AT, encoded(&selector));
        let path = format!("/api/v1/namespaces/{}/pods?limit={limit}&labelSelector={asked}", segment(namespace)?);
        let list: Value = self.get(As::Person(who), &format!("pods in {namespace}"), &path).await?;
        let pods: Vec<_> = list["items"].as_array().into_iter().flatten().map(|pod| (Pod::read(pod), pod)).collect();
        let owner = Owner::read(workload, has_sets);
        let sets = if pods.iter().any(|(pod, _)| owner.may_have_made(pod)) {
            // Who may not read them is told by names alone.
            self.sets(who, namespace, &selector).await.map(|sets| sets.items).unwrap_or_default()
        } else {
            Vec::new()
        };
        let pods: Vec<_> = pods.iter().filter(|(pod, _)| owner.made(pod, &sets)).map(|(_, pod)| *pod).collect();
        let more = list["metadata"]["continue"].as_str().is_some_and(|token| !token.is_empty());
        Ok(LogPlaces::of(&pods, container, more))
    }
}

/// A workload, to tell its pods from others with its labels.
struct Owner<'a> {
    uid: &'a str,
    name: &'a str,
    has_sets: bool,
}

impl<'a> Owner<'a> {
    fn read(workload: &'a Value, has_sets: bool) -> Self {
        let said = |field: &str| workload["metadata"][field].as_str().unwrap_or_default();
        Self { uid: said("uid"), name: said("name"), has_sets }
    }

    /// Whether only the `ReplicaSet`s tell if it made this pod: one that it adopted may have any name.
    fn may_have_made(&self, pod: &Pod) -> bool {
        self.has_sets && !pod.owner.is_empty() && !pod.is_of_deployment(self.name)
    }

    fn made(&self, pod: &Pod, sets: &[ReplicaSet]) -> bool {
        if !self.has_sets {
            return pod.owner == self.uid;
        }
        pod.is_of_deployment(self.name) || sets.iter().any(|set| set.uid == pod.owner && set.owner == self.uid)
    }
}

/// All that could be found, with what could not; an error if nothing could.
fn together(found: Vec<(String, Result<LogPlaces, ReadError>)>, more: bool) -> Result<LogPlaces, ReadError> {
    let mut all = LogPlaces { more, ..LogPlaces::default() };
    let none = !found.is_empty() && found.iter().all(|(_, found)| found.is_err());
    for (name, found) in found {
        match found {
            Ok(places) => all.join(places),
            Err(error) if none => return Err(error),
            Err(error) => all.unknown.push(format!("{name}: {}", error.reason())),
        }
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn pods_of_another_workload_with_the_same_labels_are_not_its_own() {
        let workload = json!({"metadata": {"name": "cart", "uid": "w"}});
        let pod = |kind: &str, name: &str, uid: &str| {
            let owner = json!({"kind": kind, "name": name, "uid": uid, "controller": true});
            Pod::read(&json!({"metadata": {"labels": {"pod-template-hash": "5d4f"}, "ownerReferences": [owner]}}))
        };
        let bare = Pod::read(&json!({"metadata": {"name": "cart-0"}}));
        let job = Owner::read(&workload, false);
        assert!(job.made(&pod("Job", "cart", "w"), &[]));
        assert!(!job.made(&pod("Job", "cart", "v"), &[]) && !job.made(&bare, &[]));

        let deployment = Owner::read(&workload, true);
        let set = |uid: &str, owner: &str| ReplicaSet { uid: uid.to_owned(), owner: owner.to_owned() };
        let sets = [set("s", "w"), set("t", "v")];
        let [own, adopted, other] =
            [("cart-5d4f", "r"), ("old", "s"), ("till-5d4f", "t")].map(|(name, uid)| pod("ReplicaSet", name, uid));
        assert!(deployment.made(&own, &[]) && !deployment.may_have_made(&own), "its name tells");
        assert!(deployment.made(&adopted, &sets) && deployment.may_have_made(&adopted));
        assert!(!deployment.made(&other, &sets) && !deployment.made(&bare, &sets));
    }

    #[test]
    fn controllers_whose_pods_cannot_be_looked_for_keep_none_of_the_others() {
        let lost = || ReadError::Unreachable { what: "pods".to_owned(), why: "no answer".to_owned() };
        let found = |name: &str| (name.to_owned(), Ok(LogPlaces::only("flux-system", name, "manager")));
        let all = together(vec![("flux-system/a".to_owned(), Err(lost())), found("b")], false).expect("places");
        assert_eq!((all.pods, &*all.unknown), (1, &["flux-system/a: no answer".to_owned()][..]));
        assert!(together(vec![("flux-system/a".to_owned(), Err(lost()))], false).is_err());
        assert_eq!(together(Vec::new(), false).expect("places"), LogPlaces::default());
    }
}
