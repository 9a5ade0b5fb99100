use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Display,
    sync::Arc,
};

use axum::{body::Bytes, http::StatusCode};
use fanlight_model::{
    Action, Answer, Controller, Definition, EventFilter, EventLog, EventNews, Events, Finding, Identity, LogNews,
    LogPlaces, LogQuery, Lookup, ObjectKey, OtherKind, OtherObjects, PodUsage, Stage, Step, Thing, Version, Want,
    WorkloadAction, WorkloadFamily, WorkloadKey, WorkloadPlace, Workloads, Yield,
};
use futures_util::{future::BoxFuture, stream::BoxStream};
use serde_json::Value;

/// Single objects of the cluster, always in a person's name.
pub trait Objects: Send + Sync + 'static {
    /// The whole object as it is; where a version of it is `known`, as it is then or later, which costs the API server a tenth.
    fn read(
        &self,
        who: &Identity,
        key: &ObjectKey,
        known: Option<Version>,
    ) -> BoxFuture<'static, Result<Value, ObjectError>>;

    /// What happened to an object of any kind lately.
    fn events(&self, who: &Identity, thing: &Thing) -> BoxFuture<'static, Result<Events, ObjectError>>;

    /// The newest Events about objects of Flux, in one namespace or everywhere.
    fn event_log(
        &self,
        who: &Identity,
        namespace: Option<&str>,
        filter: &EventFilter,
    ) -> BoxFuture<'static, Result<EventLog, ObjectError>>;

    /// The same, and what comes after, until the stream is dropped.
    fn follow_events(
        &self,
        who: &Identity,
        namespace: Option<&str>,
        filter: &EventFilter,
    ) -> BoxStream<'static, EventNews<ObjectError>>;

    /// The texts in a ConfigMap, by namespace and name.
    fn config_map(
        &self,
        who: &Identity,
        namespace: &str,
        name: &str,
    ) -> BoxFuture<'static, Result<BTreeMap<String, String>, ObjectError>>;

    /// What lies behind an object that is not ready.
    fn look_up(&self, who: &Identity, lookup: &Lookup) -> BoxFuture<'static, Finding>;

    /// Something of what an object applied.
    fn members(&self, who: &Identity, want: &Want) -> BoxFuture<'static, Yield>;

    /// The ends of logs, as one.
    fn read_logs(&self, who: &Identity, query: &LogQuery) -> BoxFuture<'static, LogNews<ObjectError>>;

    /// The same as they are written, until the stream is dropped; what was written before this time, in nanoseconds since
    /// 1970, is known already. Of what is not taken in time the oldest lines are left out, and counted.
    fn follow_logs(
        &self,
        who: &Identity,
        query: &LogQuery,
        after: Option<i64>,
    ) -> BoxStream<'static, LogNews<ObjectError>>;

    /// Logs as text, and of which containers.
    fn log_text(
        &self,
        who: &Identity,
        query: &LogQuery,
    ) -> BoxFuture<'static, Result<(LogPlaces, BoxStream<'static, Bytes>), ObjectError>>;

    /// Flux's controllers, as far as the person may see them.
    fn controllers(&self, who: &Identity) -> BoxFuture<'static, Result<Vec<Controller>, ObjectError>>;

    /// The definitions of the kinds that are installed.
    fn definitions(&self, who: &Identity) -> BoxFuture<'static, Result<Vec<Definition>, ObjectError>>;

    /// The kinds of Flux's API groups that have no page of their own.
    fn other_kinds(&self, who: &Identity) -> BoxFuture<'static, Result<Vec<OtherKind>, ObjectError>>;

    /// The kind that manifests name like this, whatever its API group, as far as the person is told of it.
    fn kind(&self, who: &Identity, group: &str, kind: &str) -> BoxFuture<'static, Result<OtherKind, ObjectError>>;

    /// The objects of such a kind: in the whole cluster, or in those of these namespaces in which the person may list them.
    fn others(
        &self,
        who: &Identity,
        kind: &OtherKind,
        among: Option<Vec<Arc<str>>>,
    ) -> BoxFuture<'static, Result<OtherObjects, ObjectError>>;

    /// One whole object of such a kind.
    fn other(
        &self,
        who: &Identity,
        kind: &OtherKind,
        namespace: &str,
        name: &str,
    ) -> BoxFuture<'static, Result<Value, ObjectError>>;

    /// Whether the person may change it.
    fn may_change(&self, who: &Identity, key: &ObjectKey) -> BoxFuture<'static, Answer>;

    /// Does something to objects; news of each until all are final. Dropping the stream stops the waiting, not what was
    /// asked for. `by` is the name that a suspension carries.
    fn act(&self, who: &Identity, action: &Action, keys: Vec<ObjectKey>, by: &str) -> BoxStream<'static, Step>;

    /// The workloads that Flux applies in these places.
    fn workloads(
        &self,
        who: &Identity,
        places: Vec<WorkloadPlace>,
    ) -> BoxFuture<'static, Result<Workloads, ObjectError>>;

    /// One whole workload.
    fn workload(&self, who: &Identity, key: &WorkloadKey) -> BoxFuture<'static, Result<Value, ObjectError>>;

    /// What a workload, as it was read, has made.
    fn workload_family(
        &self,
        who: &Identity,
        key: &WorkloadKey,
        object: &Value,
    ) -> BoxFuture<'static, WorkloadFamily<ObjectError>>;

    /// What the pods of a workload, as it was read, use at the moment; nothing where nobody measures that.
    fn pod_usage(
        &self,
        who: &Identity,
        namespace: &str,
        object: &Value,
    ) -> BoxFuture<'static, Result<Vec<PodUsage>, ObjectError>>;

    /// The Events of a namespace about objects with these `uid`s.
    fn events_among(
        &self,
        who: &Identity,
        namespace: &str,
        uids: BTreeSet<String>,
    ) -> BoxFuture<'static, Result<Events, ObjectError>>;

    /// Does something to a workload or a pod; what becomes of it until that is final. Dropping the stream stops the
    /// waiting, not what was asked for.
    fn act_on_workload(&self, who: &Identity, action: &WorkloadAction) -> BoxStream<'static, Stage>;
}

/// Why an object cannot be shown.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ObjectError {
    /// There is no such object.
    #[error("there is no such object")]
    NotFound,
    /// The person may not read it, in the API server's words.
    #[error("{0}")]
    Forbidden(String),
    /// Its kind is not installed.
    #[error("the kind is not installed in this cluster")]
    NotInstalled,
    /// The API server gave no usable answer; why.
    #[error("{0}")]
    Unanswered(String),
}

impl ObjectError {
    /// The status of a page that says so.
    pub(crate) fn status(&self) -> StatusCode {
        match self {
            Self::NotFound | Self::NotInstalled => StatusCode::NOT_FOUND,
            Self::Forbidden(_) => StatusCode::FORBIDDEN,
            Self::Unanswered(_) => StatusCode::BAD_GATEWAY,
        }
    }

    /// Title and text of what is shown instead of what was asked for.
    pub(crate) fn telling(
        &self,
        asked: impl Display,
        not_installed: impl FnOnce() -> String,
    ) -> (&'static str, String) {
        match self {
            Self::NotFound => ("It is not there", format!("There is no {asked}. It may have been deleted.")),
            Self::Forbidden(words) => ("You may not see this", format!("Kubernetes says: {words}.")),
            Self::NotInstalled => ("Not installed", not_installed()),
            Self::Unanswered(why) => {
                ("Kubernetes does not answer", format!("{why}. The page fills by itself when it does."))
            }
        }
    }
}
