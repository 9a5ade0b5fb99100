//! Which containers there are to read.

use fanlight_model::{Builtin, Identity, LogPlaces, LogQuery, LogSubject, label_selector};
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
                self.log_places_of(who, &workload, namespace, &query.container).await
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
            let found = self.log_places_of(who, &controller, &namespace, container).await;
            (format!("{namespace}/{name}"), found)
        });
        let found: Vec<_> = stream::iter(found).buffered(AT_ONCE).collect().await;
        together(found, more)
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
    use super::*;

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
