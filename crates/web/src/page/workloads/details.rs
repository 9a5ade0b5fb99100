//! The page of one workload: from its source to its pods.

mod button;
mod content;
mod pod_line;
mod shown;
mod sight;
mod specimen;
mod view;

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{FromRequestParts, Path, State},
    http::{HeaderMap, StatusCode, Uri, request::Parts},
    response::{IntoResponse, Response},
};
use fanlight_model::{WorkloadKey, WorkloadKind};

use crate::{
    App, ObjectError,
    audit::{Event, Outcome, Page, Seen, Stay, Who},
    frame::Frame,
    page, place,
    request::Origin,
    signed::{Signed, rowless_visit, seen, sign_in_first},
    stream,
};
use content::Content;
use shown::Shown;
pub(super) use specimen::specimen;
use view::WorkloadView;

/// The page.
#[derive(Template)]
#[template(path = "workload.html")]
struct WorkloadPage<'a> {
    frame: &'a Frame,
    key: &'a WorkloadKey,
    stream: String,
    content: Content<'a>,
}

/// Which workload an address names; nothing if it names no kind that has pages.
pub(crate) struct Asked(Option<WorkloadKey>);

impl<S: Send + Sync> FromRequestParts<S> for Asked {
    type Rejection = StatusCode;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, StatusCode> {
        let path = Path::<(String, String, String)>::from_request_parts(parts, state).await;
        let Ok(Path((kind, namespace, name))) = path else { return Ok(Self(None)) };
        // Plurals and other cases are addresses of nothing: of each page there is one.
        let kind = WorkloadKind::by_word(&kind).filter(|known| known.slug() == kind);
        Ok(Self(kind.map(|kind| WorkloadKey::new(kind, namespace, name))))
    }
}

/// Shows the page.
pub(crate) async fn show(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    uri: Uri,
    origin: Origin,
    Signed(session): Signed,
    Asked(key): Asked,
) -> Response {
    let Some(key) = key else { return page::message::not_found(State(app), headers, uri).await };
    let Some(session) = session else { return sign_in_first(&app, &headers, &place::here(&app.base, &uri)) };
    let frame = Frame::of(&app, &session, &headers, &uri).at(super::WAY);
    let read = Shown::read(&app, &session, &key).await;
    let event =
        Event::View { page: Page::Workload, seen: Seen::other(&key.to_string()), outcome: Outcome::of_reading(&read) };
    app.audit.note(origin, &Who::signed(&session), &event);
    let status = read.as_ref().map_or_else(ObjectError::status, |_| StatusCode::OK);
    let content = Content::new(&frame, &key, read.as_ref(), (app.clock)());
    let stream = format!("{}/events", place::workload(&frame.base, &key));
    let page = WorkloadPage { frame: &frame, key: &key, stream, content };
    seen(&app, &headers, &session, page::html(status, &page))
}

/// Keeps the page current.
pub(crate) async fn events(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    uri: Uri,
    origin: Origin,
    Signed(session): Signed,
    Asked(key): Asked,
) -> Response {
    let Some(key) = key else { return StatusCode::NOT_FOUND.into_response() };
    let Some(session) = session else { return StatusCode::UNAUTHORIZED.into_response() };
    let visit = rowless_visit(&app, &session).await;
    let frame = Frame::of(&app, &session, &headers, &uri).at(super::WAY).of_page();
    let seen = Seen::other(&key.to_string());
    let stay = Stay::begin(&app.audit, origin, Who::signed(&session), Page::Workload, seen);
    let view = WorkloadView::new(Arc::clone(&app), session.clone(), frame, key, visit);
    stream::open(app, session, view, stay)
}
