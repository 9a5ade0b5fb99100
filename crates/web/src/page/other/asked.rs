use std::{collections::BTreeSet, sync::Arc};

use axum::{
    extract::{FromRequestParts, Path, Query},
    http::{StatusCode, request::Parts},
};
use fanlight_identity::Session;
use fanlight_live::Extent;
use fanlight_model::{Events, OtherKind, OtherObjects, Thing};
use serde::Deserialize;
use serde_json::Value;

use crate::{App, ObjectError, place, signed::visitor};

/// What is asked for: a kind, or one object of it.
pub(crate) struct Asked {
    pub(super) kind: Called,
    /// Empty for all that may be looked into, and for objects that are in none.
    pub(super) namespace: String,
    /// Empty for the list.
    pub(super) name: String,
}

/// How an address names a kind.
pub(super) enum Called {
    /// As its definition is called; of Flux's groups alone.
    Id(String),
    /// By its group and as manifests name it; any.
    Named { group: String, kind: String },
}

/// What came of reading it.
pub(super) struct Came {
    /// The kind, if it was found.
    pub(super) kind: Option<OtherKind>,
    pub(super) found: Result<Found, ObjectError>,
}

/// What was found.
pub(super) enum Found {
    /// Objects of a kind.
    List(OtherObjects),
    /// One object, and what happened to it.
    Object(Value, Result<Events, ObjectError>),
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
        let path = Path::<(String, String, String, String)>::from_request_parts(parts, state).await;
        if let Ok(Path((group, kind, namespace, name))) = path {
            let or_none = |part: String, none: &str| if part == none { String::new() } else { part };
            let (group, namespace) = (or_none(group, place::CORE), or_none(namespace, place::NO_NAMESPACE));
            let asked = Self { kind: Called::Named { group, kind }, namespace, name };
            return asked.may_exist().then_some(asked).ok_or(StatusCode::NOT_FOUND);
        }
        let path = Path::<String>::from_request_parts(parts, state).await;
        let which = Query::<Which>::from_request_parts(parts, state).await;
        match (path, which) {
            (Ok(Path(kind)), Ok(Query(Which { namespace, name }))) => Ok(Self {
                kind: Called::Id(kind),
                namespace: namespace.trim().to_owned(),
                name: name.trim().to_owned(),
            }),
            _ => Err(StatusCode::NOT_FOUND),
        }
    }
}

impl Asked {
    /// Whether Kubernetes lets anything be called like this: each part of an address is only as long as names may be.
    fn may_exist(&self) -> bool {
        const NAME: usize = 253;
        const LABEL: usize = 63;
        let is_path = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~:@+".contains(&byte));
        let Called::Named { group, kind } = &self.kind else { return true };
        let is_kind = kind.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let lengths = [(&**group, NAME), (kind, LABEL), (&self.namespace, LABEL), (&self.name, NAME)];
        is_kind && lengths.into_iter().all(|(part, most)| part.len() <= most && is_path(part))
    }

    /// What the page is about.
    pub(super) fn title(&self) -> String {
        match (&*self.namespace, &*self.name) {
            (_, "") => self.kind().to_owned(),
            ("", name) => format!("{}/{name}", self.kind()),
            (namespace, name) => format!("{}/{namespace}/{name}", self.kind()),
        }
    }

    /// What the kind is called.
    pub(super) fn kind(&self) -> &str {
        match &self.kind {
            Called::Id(kind) | Called::Named { kind, .. } => kind,
        }
    }

    /// The address of the list of its kind, if there is one.
    pub(super) fn list(&self, base: &str) -> Option<String> {
        match &self.kind {
            Called::Id(id) => Some(place::asking(base, &format!("other/{}", place::segment(id)), Vec::new())),
            Called::Named { .. } => None,
        }
    }

    /// The rail's way that leads near here.
    pub(super) fn way(&self) -> &'static str {
        match &self.kind {
            Called::Id(_) => super::WAY,
            Called::Named { .. } => "applications",
        }
    }

    /// The address of the page that an object of a kind of Flux has.
    pub(super) fn better_place(&self, base: &str) -> Option<String> {
        let Called::Named { group, kind } = &self.kind else { return None };
        let key = Thing::new(group, kind, &self.namespace, &self.name).key()?;
        place::object(base, &key, "details")
    }

    /// Reads it in the person's name, once.
    pub(super) async fn read(&self, app: &App, session: &Session) -> Came {
        self.read_again(app, session, &mut Learnt::default()).await
    }

    /// Reads it in the person's name, with what was learnt the last time.
    pub(super) async fn read_again(&self, app: &App, session: &Session, learnt: &mut Learnt) -> Came {
        let Learnt { kind, namespaces } = std::mem::take(learnt);
        let kind = match kind {
            Some(kind) => Ok(kind),
            None => self.find_kind(app, session).await,
        };
        let kind = match kind {
            Ok(kind) => kind,
            Err(error) => return Came { kind: None, found: Err(error) },
        };
        let found = if self.name.is_empty() {
            self.list_of(app, session, &kind, namespaces).await.map(Found::List)
        } else {
            self.object(app, session, &kind).await
        };
        if let Ok(found) = &found {
            let namespaces = match found {
                Found::List(objects) => objects.namespaces.clone(),
                Found::Object(..) => Vec::new(),
            };
            *learnt = Learnt { kind: Some(kind.clone()), namespaces };
        }
        Came { kind: Some(kind), found }
    }

    async fn find_kind(&self, app: &App, session: &Session) -> Result<OtherKind, ObjectError> {
        match &self.kind {
            Called::Named { group, kind } => app.objects.kind(&session.identity, group, kind).await,
            Called::Id(id) => {
                let kinds = app.objects.other_kinds(&session.identity).await?;
                kinds.into_iter().find(|kind| kind.id() == *id).ok_or(ObjectError::NotInstalled)
            }
        }
    }

    async fn object(&self, app: &App, session: &Session, kind: &OtherKind) -> Result<Found, ObjectError> {
        let who = &session.identity;
        let object = app.objects.other(who, kind, &self.namespace, &self.name).await?;
        let thing = Thing::new(&kind.group, &kind.name, &self.namespace, &self.name);
        Ok(Found::Object(object, app.objects.events(who, &thing).await))
    }

    /// The objects in the namespace that is asked for; else in those that are known to answer; else everywhere, if that is
    /// allowed; else wherever the person sees anything of Flux.
    async fn list_of(
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

#[cfg(test)]
mod tests {
    use super::*;

    fn named(group: &str, kind: &str, namespace: &str, name: &str) -> Asked {
        let kind = Called::Named { group: group.to_owned(), kind: kind.to_owned() };
        Asked { kind, namespace: namespace.to_owned(), name: name.to_owned() }
    }

    #[test]
    fn an_address_is_only_as_long_as_names_may_be_and_names_nothing_that_is_none() {
        let long = "l".repeat(253);
        assert!(named("rbac.authorization.k8s.io", "ClusterRole", "", "system:a").may_exist());
        assert!(named(&long, &long[..63], &long[..63], &long).may_exist());
        let longer = "l".repeat(254);
        for odd in [
            named(&longer, "K", "shop", "a"),
            named("", &longer[..64], "shop", "a"),
            named("", "K", &longer[..64], "a"),
            named("", "K", "shop", &longer),
            named("", "K/x", "shop", "a"),
            named("", "K", "shop", "../x"),
            named("a?b", "K", "shop", "a"),
        ] {
            assert!(!odd.may_exist(), "{}", odd.title());
        }
    }

    #[test]
    fn a_kind_of_flux_has_a_page_of_its_own_and_no_other_of_the_same_name() {
        let page = named("source.toolkit.fluxcd.io", "Bucket", "apps", "a").better_place("/flux");
        assert_eq!(page.as_deref(), Some("/flux/bucket/details?name=a&namespace=apps"));
        assert_eq!(named("storage.example", "Bucket", "apps", "a").better_place(""), None);
        assert_eq!(named("apps", "Deployment", "shop", "cart").better_place(""), None);
    }
}
