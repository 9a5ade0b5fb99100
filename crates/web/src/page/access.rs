//! The access page: who somebody is for Kubernetes, what they may do, and what is missing.

mod question;
mod specimens;

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{Query, State},
    http::{HeaderMap, StatusCode, Uri},
    response::{IntoResponse, Redirect, Response},
};
use fanlight_identity::Method;
use fanlight_live::{Access, Extent};
use fanlight_model::{Form, Guise, Holder, Identity, Kind};
use tokio::time::Instant;

use crate::{
    App,
    frame::Frame,
    place,
    remedy::Subject,
    request::RequestId,
    signed::{Signed, cookies, seen, sign_in_first, visitor},
};
use question::{Asked, Reply};
pub(super) use specimens::specimens;

#[derive(Template)]
#[template(path = "access.html", blocks = ["rights", "question"])]
struct AccessPage<'a> {
    frame: Frame,
    method: &'static str,
    groups: Vec<&'a str>,
    /// What about the groups is not as the provider meant it.
    notices: Vec<String>,
    guise: Standing,
    kinds: Vec<Line>,
    /// Within how many minutes a right shows that was just given, if that is not soon.
    gains: Option<u64>,
    asked: Asked,
    reply: Option<Reply>,
    known: Vec<String>,
}

/// As whom somebody goes before the API server, in words.
#[derive(Default)]
struct Standing {
    user: String,
    groups: Vec<String>,
    left_out: Vec<String>,
    member: bool,
    limited: bool,
    token: bool,
    trouble: String,
}

/// A kind and what may be done with it.
struct Line {
    kind: &'static str,
    group: &'static str,
    /// Under the title of its column each.
    cells: [(&'static str, Cell); 3],
}

/// How far a right reaches, in words.
#[derive(Clone)]
struct Cell {
    class: &'static str,
    word: String,
    /// Where, if that is too long for a word.
    places: Vec<String>,
}

/// Shows the page, with the answer if something is asked.
pub(crate) async fn show(
    State(app): State<Arc<App>>,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
    uri: Uri,
    Signed(session): Signed,
) -> Response {
    let Some(session) = session else { return sign_in_first(&app, &headers, &place::here(&app.base, &uri)) };
    let who = &session.identity;
    let (guise, subject) = look(&app, who).await;
    let access =
        if guise.user.is_empty() { Access::default() } else { app.live.access(&visitor(&app, &session)).await };
    let reply = match &subject {
        Some(subject) => asked.answer(&*app.rights, who, subject).await,
        None => None,
    };
    let page = AccessPage {
        frame: Frame::of(&app, &session, &headers, &uri),
        method: way(session.method),
        groups: who.groups().collect(),
        notices: app.sessions.tokens(&cookies(&headers), &session).map(|kept| kept.notices).unwrap_or_default(),
        guise,
        gains: access.slow_gains.map(|slow| slow.as_secs().div_ceil(60)),
        kinds: access.kinds.into_iter().map(Line::new).collect(),
        known: Kind::all().map(Kind::full_name).collect(),
        asked,
        reply,
    };
    seen(&app, &headers, &session, super::html(StatusCode::OK, &page))
}

/// How somebody came in, in words.
pub(super) fn way(method: Method) -> &'static str {
    match method {
        Method::Emergency => "as the emergency user",
        Method::Oidc => "at the identity provider",
        Method::IdToken => "by an ID token",
        Method::Token => "by a token",
        Method::Anonymous => "without signing in",
    }
}

/// Asks everything anew, and shows the page when it is answered; not too often for one person.
pub(crate) async fn again(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    uri: Uri,
    Signed(session): Signed,
) -> Response {
    let here = format!("{}/user_info", app.base);
    let Some(session) = session else { return sign_in_first(&app, &headers, &here) };
    let who: &Identity = &session.identity;
    if let Err(wait) = app.repeats.attempt(who.user(), Instant::now()) {
        let frame = Frame::of(&app, &session, &headers, &uri);
        return super::message::rechecked_too_often(frame, RequestId::of(&headers), (app.clock)(), wait);
    }
    let goes = match who {
        Identity::Impersonated(who) => app.rights.guise(who, true).await.is_ok_and(|guise| guise.face.is_some()),
        Identity::Holder(_) => true,
    };
    if goes {
        // First the person has to be there, and then to be asked about whatever is known of them.
        app.live.access(&visitor(&app, &session)).await;
        app.live.recheck(who).await;
    }
    Redirect::to(&here).into_response()
}

/// Leads to the page.
pub(crate) async fn moved(State(app): State<Arc<App>>) -> Redirect {
    Redirect::to(&format!("{}/user_info", app.base))
}

/// As whom somebody goes before the API server, in words and as rights name them.
async fn look(app: &App, who: &Identity) -> (Standing, Option<Subject>) {
    match who {
        Identity::Impersonated(who) => match app.rights.guise(who, false).await {
            Ok(guise) => (Standing::new(&guise), Some(Subject::of(&guise))),
            Err(trouble) => (Standing { trouble, ..Standing::default() }, None),
        },
        Identity::Holder(holder) => {
            // Only of those who signed in it is not known so far by which names Kubernetes knows them.
            let known = match &app.id_tokens_go_on {
                Some(desk) if holder.is_signed_in() => desk.known_again(holder).await,
                _ => holder.clone(),
            };
            (Standing::by_token(&known), Some(Subject::user(known.user().as_str())))
        }
    }
}

impl Standing {
    fn by_token(holder: &Holder) -> Self {
        let identity = Identity::Holder(holder.clone());
        let groups = identity.groups().map(ToOwned::to_owned).collect();
        Self { user: holder.user().to_string(), groups, token: true, ..Self::default() }
    }

    fn new(guise: &Guise) -> Self {
        let owned = |names: &[Box<str>]| names.iter().map(ToString::to_string).collect();
        let face = guise.face.as_ref();
        Self {
            user: face.map(|face| face.user.to_string()).unwrap_or_default(),
            groups: face.map(|face| owned(&face.groups)).unwrap_or_default(),
            left_out: owned(&guise.left_out),
            member: face.is_some_and(|face| face.person.is_some()),
            limited: face.is_some_and(|face| face.form != Form::Classic),
            ..Self::default()
        }
    }
}

impl Line {
    fn new(access: fanlight_live::KindAccess) -> Self {
        let info = access.kind.info();
        let change = Cell::new(access.change);
        let cells = [("See", Cell::new(access.see)), ("Reconcile", change.clone()), ("Suspend, resume", change)];
        Self { kind: info.name, group: info.group, cells }
    }
}

impl Cell {
    /// So many namespaces are named at once.
    const FEW: usize = 3;

    fn new(extent: Extent) -> Self {
        let cell = |class, word: &str| Self { class, word: word.to_owned(), places: Vec::new() };
        match extent {
            Extent::Everywhere => cell("ready", "everywhere"),
            Extent::Namespaces(places) if places.len() <= Self::FEW => {
                cell("ready", &format!("in {}", places.join(", ")))
            }
            Extent::Namespaces(places) => Self {
                places: places.iter().map(ToString::to_string).collect(),
                ..cell("ready", &format!("in {} namespaces", places.len()))
            },
            Extent::Some => cell("waiting", "some, by name"),
            Extent::Nothing => cell("quiet", "nothing"),
            Extent::Unknown => cell("waiting", "not known"),
        }
    }
}
