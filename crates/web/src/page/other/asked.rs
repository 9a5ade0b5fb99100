use std::{collections::BTreeSet, sync::Arc};

use axum::{
    extract::{FromRequestParts, Path, Query},
    http::{StatusCode, request::Parts},
};
use fanlight_identity::Session;
use fanlight_live::Extent;
use fanlight_model::{OtherKind, OtherObjects};
use serde::Deserialize;
use serde_json::Value;

use crate::{App, ObjectError, signed::visitor};

/// What is asked for: a kind, or one object of it.
pub(crate) struct Asked {
    /// As its definition is called.
    pub(super) kind: String,
    /// Empty for all that may be looked into.
    pub(super) namespace: String,
    /// Empty for the list.
    pub(super) name: String,
}

/// What was found of it.
pub(super) enum Found {
    /// Objects of a kind.
    List(OtherKind, OtherObjects),
    /// One object.
    Object(OtherKind, Value),
}

/// What need not be found out each time that something is read again. A failure leaves nothing of it.
#[derive(Debug, Default)]
pub(super) struct Learnt {
    kind: Option<OtherKind>,
    /// Where to look, if not everywhere at once.
    namespaces: Vec<Arc<str>>,
}

#[derive(Deserialize)]
struct Which {
    #[serde(default)]
    namespace: String,
    #[serde(default)]
    name: String,
}

impl<S: Send + Sync> FromRequestParts<S> for Asked {
    type Rejection = StatusCode;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, StatusCode> {
        let path = Path::<String>::from_request_parts(parts, state).await;
        let which = Query::<Which>::from_request_parts(parts, state).await;
        match (path, which) {
            (Ok(Path(kind)), Ok(Query(Which { namespace, name }))) => {
                Ok(Self { kind, namespace: namespace.trim().to_owned(), name: name.trim().to_owned() })
            }
            _ => Err(StatusCode::NOT_FOUND),
        }
    }
}

impl Asked {
    /// What the page is about.
    pub(super) fn title(&self) -> String {
        match (&*self.namespace, &*self.name) {
            (_, "") => self.kind.clone(),
            ("", name) => format!("{}/{name}", self.kind),
            (namespace, name) => format!("{}/{namespace}/{name}", self.kind),
        }
    }

    /// Reads it in the person's name, once.
    pub(super) async fn read(&self, app: &App, session: &Session) -> Result<Found, ObjectError> {
        self.read_again(app, session, &mut Learnt::default()).await
    }

    /// Reads it in the person's name, with what was learnt the last time.
    pub(super) async fn read_again(
        &self,
        app: &App,
        session: &Session,
        learnt: &mut Learnt,
    ) -> Result<Found, ObjectError> {
        let who = &session.identity;
        let kind = match learnt.kind.take() {
            Some(kind) => kind,
            None => self.find_kind(app, session).await?,
        };
        if !self.name.is_empty() {
            let object = app.objects.other(who, &kind, &self.namespace, &self.name).await?;
            learnt.kind = Some(kind.clone());
            return Ok(Found::Object(kind, object));
        }
        let objects = self.list(app, session, &kind, std::mem::take(&mut learnt.namespaces)).await?;
        *learnt = Learnt { kind: Some(kind.clone()), namespaces: objects.namespaces.clone() };
        Ok(Found::List(kind, objects))
    }

    async fn find_kind(&self, app: &App, session: &Session) -> Result<OtherKind, ObjectError> {
        let kinds = app.objects.other_kinds(&session.identity).await?;
        kinds.into_iter().find(|kind| kind.id() == self.kind).ok_or(ObjectError::NotInstalled)
    }

    /// The objects in the namespace that is asked for; else in those that are known to answer; else everywhere, if that is
    /// allowed; else wherever the person sees anything of Flux.
    async fn list(
        &self,
        app: &App,
        session: &Session,
        kind: &OtherKind,
        known: Vec<Arc<str>>,
    ) -> Result<OtherObjects, ObjectError> {
        let among = async |among| app.objects.others(&session.identity, kind, among).await;
        if kind.namespaced && !self.namespace.is_empty() {
            return among(Some(vec![Arc::from(&*self.namespace)])).await;
        }
        if !known.is_empty() {
            return among(Some(known)).await;
        }
        match among(None).await {
            Err(refused @ ObjectError::Forbidden(_)) if kind.namespaced => {
                let namespaces = namespaces(app, session).await;
                if namespaces.is_empty() { Err(refused) } else { among(Some(namespaces)).await }
            }
            answer => answer,
        }
    }
}

/// The namespaces in which the person may list anything of Flux: where else to look, nobody says.
pub(in crate::page) async fn namespaces(app: &App, session: &Session) -> Vec<Arc<str>> {
    let access = app.live.access(&visitor(app, session)).await;
    let named = access.kinds.into_iter().filter_map(|kind| match kind.see {
        Extent::Namespaces(namespaces) => Some(namespaces),
        _ => None,
    });
    named.flatten().collect::<BTreeSet<_>>().into_iter().collect()
}
