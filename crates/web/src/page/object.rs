//! The page of one object.

mod facts;
mod specimens;
mod view;

use std::{sync::Arc, time::SystemTime};

use askama::Template;
use axum::{
    extract::{FromRequestParts, Path, Query, State},
    http::{HeaderMap, StatusCode, Uri, request::Parts},
    response::{IntoResponse, Redirect, Response},
};
use fanlight_identity::Session;
use fanlight_live::Visit;
use fanlight_model::{Answer, Details, Kind, ObjectKey, Row};
use serde::Deserialize;
use serde_json::Value;

use crate::{
    App, ObjectError,
    audit::{Event, Outcome, Page, Seen, Stay, Who},
    bearer,
    frame::Frame,
    manifest, place, refusal,
    request::Origin,
    signed::{Signed, seen, sign_in_first, visitor},
    status::StatusView,
    stream, when,
};
use facts::{Fact, Line, Related};
pub(super) use specimens::specimens;
use view::ObjectView;

/// The page. The stream sends its blocks anew as they change.
#[derive(Template)]
#[template(path = "object.html", blocks = ["head", "buttons", "why", "cause", "rest", "manifest"])]
struct ObjectPage<'a> {
    frame: &'a Frame,
    key: &'a ObjectKey,
    object: String,
    tab: Tab,
    tabs: Vec<(Tab, String)>,
    events: String,
    status: StatusView,
    sentence: &'a str,
    /// The controller's own words, where they say more.
    message: &'a str,
    story: String,
    next_try: Option<(String, String)>,
    suspension: String,
    suspended: bool,
    /// Why the person may not act; empty if they may.
    forbidden: String,
    facts: Vec<Fact>,
    conditions: Vec<Line>,
    relations: [(&'static str, Vec<Related>); 2],
    pairs: [(&'static str, &'a [(String, String)]); 2],
    manifest: String,
}

/// What of an object is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tab {
    /// State, conditions, relations.
    Details,
    /// The object as YAML.
    Manifest,
}

/// Which object: the parameters that the predecessor's links have.
#[derive(Debug, Deserialize)]
pub(crate) struct Which {
    #[serde(default)]
    name: String,
    #[serde(default)]
    namespace: String,
}

impl Tab {
    const ALL: [Tab; 2] = [Tab::Details, Tab::Manifest];

    fn slug(self) -> &'static str {
        match self {
            Tab::Details => "details",
            Tab::Manifest => "yaml",
        }
    }

    fn word(self) -> &'static str {
        match self {
            Tab::Details => "Summary",
            Tab::Manifest => "Manifest",
        }
    }

    /// Old links name tabs that are no pages of their own here: they lead to the summary.
    fn by_slug(slug: &str) -> Self {
        Tab::ALL.into_iter().find(|tab| tab.slug() == slug).unwrap_or(Tab::Details)
    }
}

/// The address without a tab leads to the first one.
pub(crate) async fn first_tab(
    State(app): State<Arc<App>>,
    Path(kind): Path<String>,
    Query(which): Query<Which>,
    headers: HeaderMap,
    uri: Uri,
) -> Response {
    match place::kind(&kind).map(|kind| which.key(kind)).and_then(|key| place::object(&app.base, &key, "details")) {
        Some(address) => Redirect::to(&address).into_response(),
        None => super::message::not_found(State(app), headers, uri).await,
    }
}

/// Somebody who is signed in asks for a tab of an object.
pub(crate) struct Asked {
    session: Session,
    frame: Frame,
    key: ObjectKey,
    tab: Tab,
}

/// Why nothing can be shown.
pub(crate) enum NotAsked {
    /// The address names no kind that has pages.
    NoSuchPage,
    /// Nobody is signed in.
    SignedOut,
    /// What should say who asks does not.
    Refused(bearer::Refused),
}

impl FromRequestParts<Arc<App>> for Asked {
    type Rejection = NotAsked;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, NotAsked> {
        let path = Path::<(String, String)>::from_request_parts(parts, app).await;
        let which = Query::<Which>::from_request_parts(parts, app).await;
        let (Ok(Path((kind, tab))), Ok(Query(which))) = (path, which) else { return Err(NotAsked::NoSuchPage) };
        let kind = place::kind(&kind).ok_or(NotAsked::NoSuchPage)?;
        let Signed(session) = Signed::from_request_parts(parts, app).await.map_err(NotAsked::Refused)?;
        let session = session.ok_or(NotAsked::SignedOut)?;
        let frame = Frame::of(app, &session, &parts.headers, &parts.uri);
        Ok(Self { session, frame, key: which.key(kind), tab: Tab::by_slug(&tab) })
    }
}

impl IntoResponse for NotAsked {
    /// As streams are answered.
    fn into_response(self) -> Response {
        match self {
            NotAsked::NoSuchPage => StatusCode::NOT_FOUND.into_response(),
            NotAsked::SignedOut => StatusCode::UNAUTHORIZED.into_response(),
            NotAsked::Refused(refused) => refused.into_response(),
        }
    }
}

/// Shows a tab.
pub(crate) async fn show(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    uri: Uri,
    origin: Origin,
    asked: Result<Asked, NotAsked>,
) -> Response {
    let Asked { session, frame, key, tab } = match asked {
        Ok(asked) => asked,
        Err(NotAsked::NoSuchPage) => return super::message::not_found(State(app), headers, uri).await,
        Err(refused @ NotAsked::Refused(_)) => return refused.into_response(),
        Err(NotAsked::SignedOut) => return sign_in_first(&app, &headers, &place::here(&app.base, &uri)),
    };
    let shown = Shown::read(&app, &session, &key).await;
    let event = Event::View { page: Page::Object, seen: Seen::object(&key), outcome: outcome(shown.as_ref().err()) };
    app.audit.note(origin, &Who::signed(&session), &event);
    let response = match shown {
        Ok(shown) => super::html(StatusCode::OK, &ObjectPage::new(&frame, &shown, tab, (app.clock)())),
        Err(error) => super::message::object_error(&frame, &key, &error),
    };
    seen(&app, &headers, &session, response)
}

/// Keeps a tab current.
pub(crate) async fn events(State(app): State<Arc<App>>, origin: Origin, asked: Asked) -> Response {
    let visit = app.live.visit(&visitor(&app, &asked.session), &[asked.key.kind]).await;
    let session = asked.session.clone();
    let seen = Seen { object: Seen::object(&asked.key).object, ..Seen::rows(&visit) };
    let stay = Stay::begin(&app.audit, origin, Who::signed(&session), Page::Object, seen);
    stream::open(Arc::clone(&app), session, ObjectView::new(app, asked, visit), stay)
}

/// How asking for an object ended.
fn outcome(error: Option<&ObjectError>) -> Outcome {
    match error {
        None => Outcome::Done,
        Some(ObjectError::Forbidden(_)) => Outcome::Refused,
        Some(ObjectError::NotFound | ObjectError::NotInstalled | ObjectError::Unanswered(_)) => Outcome::Failed,
    }
}

impl Which {
    fn key(&self, kind: Kind) -> ObjectKey {
        ObjectKey::new(kind, self.namespace.as_str(), self.name.as_str())
    }
}

/// Everything that is known of an object and may be shown to one person.
struct Shown {
    object: Value,
    details: Details,
    may_change: Answer,
    source: Option<Arc<Row>>,
    depends_on: Vec<(ObjectKey, Option<Arc<Row>>)>,
    needed_by: Vec<Arc<Row>>,
}

impl Shown {
    async fn read(app: &App, session: &Session, key: &ObjectKey) -> Result<Self, ObjectError> {
        let object = app.objects.read(&session.identity, key).await?;
        let details = Details::read(key.kind, &object);
        let visit = app.live.visit(&visitor(app, session), &kinds(&details)).await;
        let may_change = app.objects.may_change(&session.identity, key).await;
        Ok(Self::new(object, details, may_change, &visit))
    }

    /// Relations come from the rows that the viewer may see; what they may not see is named, and nothing more.
    fn new(object: Value, details: Details, may_change: Answer, visit: &Visit) -> Self {
        let mut shown =
            Self { object, details, may_change, source: None, depends_on: Vec::new(), needed_by: Vec::new() };
        shown.look_around(visit);
        shown
    }

    fn look_around(&mut self, visit: &Visit) {
        let row = &self.details.row;
        self.source = row.source.as_ref().and_then(|link| visit.row(&link.key()));
        self.depends_on = row.depends_on.iter().map(|key| (key.clone(), visit.row(key))).collect();
        self.needed_by = visit.dependants(&row.key);
    }
}

/// The kinds whose rows a page needs: the object's own and its source's.
fn kinds(details: &Details) -> Vec<Kind> {
    let source = details.row.source.as_ref().map(|link| link.kind);
    [Some(details.row.key.kind), source].into_iter().flatten().collect()
}

impl<'a> ObjectPage<'a> {
    fn new(frame: &'a Frame, shown: &'a Shown, tab: Tab, now: SystemTime) -> Self {
        let details = &shown.details;
        let row = &details.row;
        let key = &row.key;
        let address = |tab: Tab| place::object(&frame.base, key, tab.slug()).unwrap_or_default();
        let depends_on = shown.depends_on.iter().map(|(key, row)| Related::new(frame, key, row.as_deref()));
        let needed_by = shown.needed_by.iter().map(|row| Related::new(frame, &row.key, Some(row)));
        let next_try = row.next_try.and_then(when::moment).filter(|time| *time > now);
        // Where Kubernetes has not said, trying asks it again.
        let forbidden = match shown.may_change {
            Answer::Yes | Answer::Unknown => String::new(),
            Answer::No => refusal::patch(key.kind, &key.namespace),
        };
        Self {
            frame,
            key,
            object: key.to_string(),
            tab,
            tabs: Tab::ALL.map(|tab| (tab, address(tab))).into(),
            events: address(tab).replacen('?', "/events?", 1),
            status: StatusView::of(row.state),
            sentence: &row.sentence,
            message: &row.message,
            story: facts::story(details, now),
            next_try: next_try.map(|time| (when::timestamp(time), when::clock_with_seconds(time))),
            suspension: facts::suspension(details),
            suspended: row.state == fanlight_model::State::Suspended,
            forbidden,
            facts: facts::facts(frame, shown, now),
            conditions: details.conditions.iter().map(|entry| Line::of(entry, now)).collect(),
            relations: [("Depends on", depends_on.collect()), ("Needed by", needed_by.collect())],
            pairs: [("Labels", &details.labels), ("Annotations", &details.annotations)],
            manifest: if tab == Tab::Manifest { manifest::yaml(&shown.object) } else { String::new() },
        }
    }
}
