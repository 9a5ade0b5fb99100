//! Where the crates are joined: what `live` and `identity` ask for, answered by `cluster`.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use fanlight_cluster::{ApiServer, ReadError};
use fanlight_identity::{
    CredentialSource, OidcSecret, OidcSource, Revocations, SourceError, StoredCredential, TokenReviews,
};
use fanlight_live::{Feeds, Reviews};
use fanlight_model::{
    Action, Answer, Change, Controller, Deed, Definition, EventFilter, EventLog, EventNews, Events, FeedError, Finding,
    Form, Guise, Holder, Identity, Kind, Listing, LogNews, LogPlaces, LogQuery, Lookup, ObjectKey, OtherKind,
    OtherObjects, Persona, PodUsage, Question, Rules, Scope, Stage, Step, Thing, Token, UserName, Verdict, Version,
    Want, WorkloadAction, WorkloadFamily, WorkloadKey, WorkloadPlace, Workloads, Yield,
};
use fanlight_web::{ObjectError, Objects, Rights};
use futures_util::{FutureExt, StreamExt, future::BoxFuture, stream::BoxStream};
use hyper::body::Bytes;
use std::sync::Arc;

/// The API server as `live` sees it.
pub(crate) struct Eyes(pub(crate) ApiServer);

impl Feeds for Eyes {
    fn watch(
        &self,
        who: &Identity,
        kind: Kind,
        scope: &Scope,
        from: Option<Version>,
    ) -> BoxStream<'static, Result<Change, FeedError>> {
        self.0.watch(who, kind, scope, from)
    }

    fn list(&self, who: &Identity, kind: Kind, scope: &Scope) -> BoxFuture<'static, Result<Listing, FeedError>> {
        let (server, who, scope) = (self.0.clone(), who.clone(), scope.clone());
        async move { server.list(&who, kind, &scope).await }.boxed()
    }
}

impl Reviews for Eyes {
    fn may(&self, who: &Identity, question: &Question) -> BoxFuture<'static, Answer> {
        let (server, who, question) = (self.0.clone(), who.clone(), question.clone());
        async move { server.may(&who, &question).await }.boxed()
    }

    fn rules(&self, who: &Identity, namespace: &str) -> BoxFuture<'static, Rules> {
        let (server, who, namespace) = (self.0.clone(), who.clone(), namespace.to_owned());
        async move { server.rules(&who, &namespace).await }.boxed()
    }
}

impl Objects for Eyes {
    fn read(
        &self,
        who: &Identity,
        key: &ObjectKey,
        known: Option<Version>,
    ) -> BoxFuture<'static, Result<serde_json::Value, ObjectError>> {
        let (server, who, key) = (self.0.clone(), who.clone(), key.clone());
        let read = async move {
            match known {
                Some(version) => server.object_since(&who, &key, version).await,
                None => server.object(&who, &key).await,
            }
        };
        read.map(|read| read.map_err(object_error)).boxed()
    }

    fn events(&self, who: &Identity, thing: &Thing) -> BoxFuture<'static, Result<Events, ObjectError>> {
        let (server, who, thing) = (self.0.clone(), who.clone(), thing.clone());
        async move { server.events_about(&who, &thing).await.map_err(object_error) }.boxed()
    }

    fn event_log(
        &self,
        who: &Identity,
        namespace: Option<&str>,
        filter: &EventFilter,
    ) -> BoxFuture<'static, Result<EventLog, ObjectError>> {
        let (server, who, namespace) = (self.0.clone(), who.clone(), namespace.map(ToOwned::to_owned));
        let selector = filter.selector();
        async move {
            let read = server.event_log(&who, namespace.as_deref(), &selector).await;
            read.map(|(log, _)| log).map_err(object_error)
        }
        .boxed()
    }

    fn follow_events(
        &self,
        who: &Identity,
        namespace: Option<&str>,
        filter: &EventFilter,
    ) -> BoxStream<'static, EventNews<ObjectError>> {
        let news = self.0.follow_events(who, namespace, &filter.selector());
        news.map(|news| news.map_lost(object_error)).boxed()
    }

    fn config_map(
        &self,
        who: &Identity,
        namespace: &str,
        name: &str,
    ) -> BoxFuture<'static, Result<BTreeMap<String, String>, ObjectError>> {
        let (server, who, namespace, name) = (self.0.clone(), who.clone(), namespace.to_owned(), name.to_owned());
        async move { server.config_map_texts(&who, &namespace, &name).await.map_err(object_error) }.boxed()
    }

    fn look_up(&self, who: &Identity, lookup: &Lookup) -> BoxFuture<'static, Finding> {
        let (server, who, lookup) = (self.0.clone(), who.clone(), lookup.clone());
        async move { server.look_up(&who, &lookup).await }.boxed()
    }

    fn members(&self, who: &Identity, want: &Want) -> BoxFuture<'static, Yield> {
        let (server, who, want) = (self.0.clone(), who.clone(), want.clone());
        async move { server.members(&who, &want).await }.boxed()
    }

    fn read_logs(&self, who: &Identity, query: &LogQuery) -> BoxFuture<'static, LogNews<ObjectError>> {
        let (server, who, query) = (self.0.clone(), who.clone(), query.clone());
        async move { server.read_logs(&who, &query).await.map_errors(log_error) }.boxed()
    }

    fn follow_logs(
        &self,
        who: &Identity,
        query: &LogQuery,
        after: Option<i64>,
    ) -> BoxStream<'static, LogNews<ObjectError>> {
        self.0.follow_logs(who, query, after).map(|news| news.map_errors(log_error)).boxed()
    }

    fn log_text(
        &self,
        who: &Identity,
        query: &LogQuery,
    ) -> BoxFuture<'static, Result<(LogPlaces, BoxStream<'static, Bytes>), ObjectError>> {
        let (server, who, query) = (self.0.clone(), who.clone(), query.clone());
        async move { server.log_text(&who, &query).await.map_err(log_error) }.boxed()
    }

    fn controllers(&self, who: &Identity) -> BoxFuture<'static, Result<Vec<Controller>, ObjectError>> {
        let (server, who) = (self.0.clone(), who.clone());
        async move { server.controllers(&who).await.map_err(object_error) }.boxed()
    }

    fn definitions(&self, who: &Identity) -> BoxFuture<'static, Result<Vec<Definition>, ObjectError>> {
        let (server, who) = (self.0.clone(), who.clone());
        async move { server.definitions(&who).await.map_err(object_error) }.boxed()
    }

    fn other_kinds(&self, who: &Identity) -> BoxFuture<'static, Result<Vec<OtherKind>, ObjectError>> {
        let (server, who) = (self.0.clone(), who.clone());
        async move { server.other_kinds(&who).await.map_err(object_error) }.boxed()
    }

    fn kind(&self, who: &Identity, group: &str, kind: &str) -> BoxFuture<'static, Result<OtherKind, ObjectError>> {
        let (server, who, group, kind) = (self.0.clone(), who.clone(), group.to_owned(), kind.to_owned());
        async move { server.other_kind(&who, &group, &kind).await.map_err(object_error) }.boxed()
    }

    fn others(
        &self,
        who: &Identity,
        kind: &OtherKind,
        among: Option<Vec<Arc<str>>>,
    ) -> BoxFuture<'static, Result<OtherObjects, ObjectError>> {
        let (server, who, kind) = (self.0.clone(), who.clone(), kind.clone());
        async move {
            let read = match among {
                Some(namespaces) => server.others_among(&who, &kind, &namespaces).await,
                None => server.others(&who, &kind).await,
            };
            read.map_err(object_error)
        }
        .boxed()
    }

    fn other(
        &self,
        who: &Identity,
        kind: &OtherKind,
        namespace: &str,
        name: &str,
    ) -> BoxFuture<'static, Result<serde_json::Value, ObjectError>> {
        let (server, who, kind) = (self.0.clone(), who.clone(), kind.clone());
        let (namespace, name) = (namespace.to_owned(), name.to_owned());
        async move { server.other_object(&who, &kind, &namespace, &name).await.map_err(object_error) }.boxed()
    }

    fn may_change(&self, who: &Identity, key: &ObjectKey) -> BoxFuture<'static, Answer> {
        let (server, who, key) = (self.0.clone(), who.clone(), key.clone());
        async move { server.may_change(&who, &key).await }.boxed()
    }

    fn act(&self, who: &Identity, action: &Action, keys: Vec<ObjectKey>, by: &str) -> BoxStream<'static, Step> {
        self.0.act(who, action, keys, by)
    }

    fn workloads(
        &self,
        who: &Identity,
        places: Vec<WorkloadPlace>,
    ) -> BoxFuture<'static, Result<Workloads, ObjectError>> {
        let (server, who) = (self.0.clone(), who.clone());
        async move { server.workloads(&who, &places).await.map_err(object_error) }.boxed()
    }

    fn workload(
        &self,
        who: &Identity,
        key: &WorkloadKey,
    ) -> BoxFuture<'static, Result<serde_json::Value, ObjectError>> {
        let (server, who, key) = (self.0.clone(), who.clone(), key.clone());
        async move { server.workload(&who, &key).await.map_err(object_error) }.boxed()
    }

    fn workload_family(
        &self,
        who: &Identity,
        key: &WorkloadKey,
        object: &serde_json::Value,
    ) -> BoxFuture<'static, WorkloadFamily<ObjectError>> {
        let (server, who, key, object) = (self.0.clone(), who.clone(), key.clone(), object.clone());
        async move { server.workload_family(&who, &key, &object).await.map_err(object_error) }.boxed()
    }

    fn pod_usage(
        &self,
        who: &Identity,
        namespace: &str,
        object: &serde_json::Value,
    ) -> BoxFuture<'static, Result<Vec<PodUsage>, ObjectError>> {
        let (server, who, namespace, object) = (self.0.clone(), who.clone(), namespace.to_owned(), object.clone());
        async move { server.pod_usage(&who, &namespace, &object).await.map_err(object_error) }.boxed()
    }

    fn events_among(
        &self,
        who: &Identity,
        namespace: &str,
        uids: BTreeSet<String>,
    ) -> BoxFuture<'static, Result<Events, ObjectError>> {
        let (server, who, namespace) = (self.0.clone(), who.clone(), namespace.to_owned());
        async move { server.events_among(&who, &namespace, &uids).await.map_err(object_error) }.boxed()
    }

    fn act_on_workload(&self, who: &Identity, action: &WorkloadAction) -> BoxStream<'static, Stage> {
        self.0.act_on_workload(who, action)
    }
}

impl Rights for Eyes {
    fn guise(&self, who: &Persona, anew: bool) -> BoxFuture<'static, Result<Arc<Guise>, String>> {
        let (server, who) = (self.0.clone(), who.clone());
        async move {
            let guise = if anew { server.guise_anew(&who).await } else { server.guise(&who).await };
            guise.map_err(|error| error.to_string())
        }
        .boxed()
    }

    fn verdict(&self, who: &Identity, deed: &Deed) -> BoxFuture<'static, Verdict> {
        let (server, who, deed) = (self.0.clone(), who.clone(), deed.clone());
        async move { server.verdict(&who, &deed).await }.boxed()
    }

    fn own_name(&self) -> BoxFuture<'static, Option<String>> {
        let server = self.0.clone();
        async move { server.own_name().await.ok() }.boxed()
    }

    fn form(&self) -> BoxFuture<'static, Form> {
        let server = self.0.clone();
        async move { server.form().await }.boxed()
    }
}

impl TokenReviews for Eyes {
    fn who_holds(&self, token: &Token) -> BoxFuture<'static, Result<Option<Holder>, SourceError>> {
        let (server, token) = (self.0.clone(), token.clone());
        async move { server.who_holds(&token).await.map_err(|error| source_error(&error)) }.boxed()
    }
}

/// What is not allowed is told apart from what is not answered.
pub(crate) fn source_error(error: &ReadError) -> SourceError {
    match error {
        ReadError::Refused { code, .. } if code.as_u16() == 403 => SourceError::Refused(error.to_string()),
        error => SourceError::Unanswered(error.to_string()),
    }
}

fn object_error(error: ReadError) -> ObjectError {
    match error {
        ReadError::Refused { code, .. } if code.as_u16() == 404 => ObjectError::NotFound,
        ReadError::Refused { code, message, .. } if matches!(code.as_u16(), 401 | 403) => {
            ObjectError::Forbidden(message)
        }
        ReadError::NotImpersonated { message, .. } => ObjectError::Forbidden(message),
        ReadError::Misnamed { .. } => ObjectError::NotFound,
        ReadError::NotServed { .. } => ObjectError::NotInstalled,
        other => ObjectError::Unanswered(other.to_string()),
    }
}

/// Of a container that has not started, or is not there, the kubelet says so in words that need none before them.
fn log_error(error: ReadError) -> ObjectError {
    match error {
        ReadError::Refused { code, .. } if code.as_u16() == 400 => ObjectError::Unanswered(error.reason()),
        ReadError::LogsTaken { .. } => ObjectError::Unanswered(error.reason()),
        other => object_error(other),
    }
}

/// What of the cluster is missing before requests make sense here, in words that anybody may read.
pub(crate) fn lacks(server: &ApiServer, revocations: &Revocations) -> Vec<&'static str> {
    /// It is asked something every twenty seconds; an answer may take thirty.
    const LATELY: Duration = Duration::from_secs(60);
    let lately = server.last_heard().is_some_and(|heard| heard.elapsed() < LATELY);
    let lacks = [
        (lately, "the Kubernetes API server did not answer within the last minute"),
        (server.installed().borrow().is_some(), "the kinds of objects that are installed are not known yet"),
        (server.namespaces().borrow().is_some(), "the namespaces are not known yet"),
        (revocations.is_known(), "it is not known yet which sessions were ended before their time"),
    ];
    lacks.into_iter().filter(|(there, _)| !there).map(|(_, what)| what).collect()
}

/// A Secret in the server's own namespace as `identity` sees it.
pub(crate) struct SecretDrawer {
    pub(crate) server: ApiServer,
    pub(crate) name: String,
}

impl CredentialSource for SecretDrawer {
    fn read(&self) -> BoxFuture<'static, Result<Option<StoredCredential>, SourceError>> {
        let (server, name) = (self.server.clone(), self.name.clone());
        async move {
            let secret = server.secret(&name).await.map_err(|error| source_error(&error))?;
            Ok(secret.map(|mut secret| StoredCredential {
                username: secret.data.remove("username"),
                password: secret.data.remove("password"),
                uid: secret.uid,
            }))
        }
        .boxed()
    }

    fn can_be(&self, user: &UserName) -> BoxFuture<'static, bool> {
        let (server, user) = (self.server.clone(), user.clone());
        async move { server.may_impersonate(&user).await }.boxed()
    }
}

impl OidcSource for SecretDrawer {
    fn read(&self) -> BoxFuture<'static, Result<Option<OidcSecret>, SourceError>> {
        let (server, name) = (self.server.clone(), self.name.clone());
        async move {
            let secret = server.secret(&name).await.map_err(|error| source_error(&error))?;
            Ok(secret.map(|secret| secret.data))
        }
        .boxed()
    }
}
