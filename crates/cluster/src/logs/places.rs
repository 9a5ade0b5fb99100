//! Which containers there are to read.

use fanlight_model::{Builtin, Identity, LogPlaces, LogQuery, LogSubject, label_selector};
use futures_util::future::try_join_all;
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
                self.log_places_of(who, &workload, namespace, &query.container).await
            }
            LogSubject::Flux(_) => {
                let controllers = self.flux_deployments(who).await?;
                let pods = controllers.iter().map(async |controller| {
                    let namespace = controller["metadata"]["namespace"].as_str().unwrap_or_default();
                    self.log_places_of(who, controller, namespace, &query.container).await
                });
                let mut all = LogPlaces::default();
                try_join_all(pods).await?.into_iter().for_each(|places| all.join(places));
                Ok(all)
            }
        }
    }

    async fn named(&self, who: &Identity, kind: &Builtin, namespace: &str, name: &str) -> Result<Value, ReadError> {
        let path = place(kind, namespace, name)?;
        self.get(As::Person(who), &format!("{} {namespace}/{name}", kind.kind), &path).await
    }

    async fn log_places_of(
        &self,
        who: &Identity,
        workload: &Value,
        namespace: &str,
        container: &str,
    ) -> Result<LogPlaces, ReadError> {
        let selector = label_selector(workload);
        if selector.is_empty() {
            // That would be all pods.
            return Ok(LogPlaces::default());
        }
        let (limit, selector) = (Self::LOOKED_AT, encoded(&selector));
        let path = format!("/api/v1/namespaces/{}/pods?limit={limit}&labelSelector={selector}", segment(namespace)?);
        let list: Value = self.get(As::Person(who), &format!("pods in {namespace}"), &path).await?;
        let pods: Vec<_> = list["items"].as_array().into_iter().flatten().collect();
        let more = list["metadata"]["continue"].as_str().is_some_and(|token| !token.is_empty());
        Ok(LogPlaces::of(&pods, container, more))
    }
}
