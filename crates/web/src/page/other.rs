//! Objects of kinds that are not in the table: of Flux's API groups, which are listed too, and whatever else Flux applied, of
//! which there is what all objects have in common.
//!
//! They have no feeds. Whoever looks reads them in their own name, again every few seconds while the page is open.

mod asked;
mod content;
mod specimen;
mod view;

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::State,
    http::{HeaderMap, StatusCode, Uri},
    response::{IntoResponse, Redirect, Response},
};
use fanlight_model::OtherKind;

use crate::{
    App, ObjectError,
    audit::{Event, Outcome, Page, Seen, Stay, Who},
    frame::Frame,
    place,
    request::Origin,
    signed::{Signed, rowless_visit, seen, sign_in_first},
    stream,
};
use asked::Asked;
pub(super) use asked::namespaces;
use content::Content;
pub(super) use specimen::specimen;
use view::OtherView;

/// The rail's way that leads near here.
const WAY: &str = "flux_runtime";

/// The page that lists the kinds.
#[derive(Template)]
#[template(path = "other_kinds.html")]
struct Kinds {
    frame: Frame,
    kinds: Vec<OtherKind>,
    /// Why there are none.
    note: String,
}

/// The page of one kind, or of one object.
#[derive(Template)]
#[template(path = "other.html")]
struct Shown<'a> {
    frame: &'a Frame,
    asked: &'a Asked,
    content: Content<'a>,
    stream: String,
}

/// Lists the kinds.
pub(crate) async fn kinds(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    uri: Uri,
    Signed(session): Signed,
    origin: Origin,
) -> Response {
    let Some(session) = session else { return sign_in_first(&app, &headers, &place::here(&app.base, &uri)) };
    let found = app.objects.other_kinds(&session.identity).await;
    let event = Event::View { page: Page::Other, seen: Seen::default(), outcome: Outcome::of_reading(&found) };
    app.audit.note(origin, &Who::signed(&session), &event);
    let frame = Frame::of(&app, &session, &headers, &uri).at(WAY);
    let (kinds, note) = match found {
        Ok(none) if none.is_empty() => {
            (none, "There are none: all kinds that are installed have their own pages.".to_owned())
        }
        Ok(kinds) => (kinds, String::new()),
        Err(error) => (Vec::new(), format!("Not known: {error}.")),
    };
    seen(&app, &headers, &session, super::html(StatusCode::OK, &Kinds { frame, kinds, note }))
}

/// Shows a kind, or an object of it.
pub(crate) async fn show(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    uri: Uri,
    Signed(session): Signed,
    origin: Origin,
    asked: Result<Asked, StatusCode>,
) -> Response {
    let Ok(asked) = asked else { return super::message::not_found(State(app), headers, uri).await };
    if let Some(address) = asked.better_place(&app.base) {
        return Redirect::to(&address).into_response();
    }
    let Some(session) = session else { return sign_in_first(&app, &headers, &place::here(&app.base, &uri)) };
    let read = asked.read(&app, &session).await;
    let seen_of = Seen::other(&asked.title());
    let event = Event::View { page: Page::Other, seen: seen_of, outcome: Outcome::of_reading(&read.found) };
    app.audit.note(origin, &Who::signed(&session), &event);
    let frame = Frame::of(&app, &session, &headers, &uri).at(asked.way());
    let status = read.found.as_ref().map_or_else(ObjectError::status, |_| StatusCode::OK);
    let content = Content::new(&frame, &asked, &read, (app.clock)());
    let page = Shown { frame: &frame, asked: &asked, content, stream: place::part_of(&frame.here, "events") };
    seen(&app, &headers, &session, super::html(status, &page))
}

/// Keeps the page current.
pub(crate) async fn events(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    uri: Uri,
    Signed(session): Signed,
    origin: Origin,
    asked: Result<Asked, StatusCode>,
) -> Response {
    let Ok(asked) = asked else { return StatusCode::NOT_FOUND.into_response() };
    let Some(session) = session else { return StatusCode::UNAUTHORIZED.into_response() };
    let visit = rowless_visit(&app, &session).await;
    let frame = Frame::of(&app, &session, &headers, &uri).at(asked.way());
    let seen = Seen::other(&asked.title());
    let stay = Stay::begin(&app.audit, origin, Who::signed(&session), Page::Other, seen);
    let view = OtherView::new(Arc::clone(&app), session.clone(), frame, asked, visit);
    stream::open(app, session, view, stay)
}
