//! What containers write: of a pod, of a workload's pods together, and (on the pages of Flux's objects) of Flux's controllers
//! about one object.

mod controls;
mod follow;
mod line;
mod missing;
mod panel;
mod specimens;
mod standing;
mod view;

use std::{sync::Arc, time::Duration};

use askama::Template;
use axum::{
    body::Body,
    extract::{FromRequestParts, Path, State},
    http::{HeaderMap, StatusCode, Uri, header, request::Parts},
    response::{IntoResponse, Response},
};
use fanlight_identity::Session;
use fanlight_model::{LogQuery, LogStanding, LogSubject, WorkloadKey, WorkloadKind};
use futures_util::StreamExt;
use tokio::time::timeout;

use crate::{
    App, ObjectError,
    audit::{Event, Outcome, Page, Seen, Stay, Who},
    frame::Frame,
    page::barred::is_barred,
    place,
    request::Origin,
    signed::{Signed, holds, rowless_visit, seen, sign_in_first},
    stream,
};
pub(super) use follow::Following;
pub(super) use panel::Panel;
pub(super) use specimens::specimens;
use standing::Standing;
use view::LogsView;

/// The page.
#[derive(Template)]
#[template(path = "logs.html")]
struct LogsPage<'a> {
    frame: &'a Frame,
    asked: &'a Asked,
    panel: String,
    /// The address of the page's event stream; empty if nothing more can come.
    stream: String,
    /// The page of the workload whose pods write; nothing for a single pod.
    workload: Option<String>,
}

/// Whose log an address asks for, and what of it.
pub(crate) struct Asked {
    /// As it is called in manifests.
    kind: &'static str,
    /// As addresses call it.
    word: String,
    namespace: String,
    name: String,
    query: LogQuery,
    /// The time of the last line that a browser has.
    after: Option<i64>,
}

impl<S: Send + Sync> FromRequestParts<S> for Asked {
    type Rejection = StatusCode;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, StatusCode> {
        let path = Path::<[String; 3]>::from_request_parts(parts, state).await;
        let Path([namespace, word, name]) = path.map_err(|_| StatusCode::NOT_FOUND)?;
        let subject = LogSubject::of_address(&word, &namespace, &name).ok_or(StatusCode::NOT_FOUND)?;
        let LogSubject::Pods { kind, .. } = &subject else { return Err(StatusCode::NOT_FOUND) };
        let kind = &*kind.kind;
        let (query, after) = asked(LogQuery::new(subject), &parts.uri);
        Ok(Self { kind, word, namespace, name, query, after })
    }
}

impl Asked {
    /// The address of the page, with another question.
    fn address(&self, base: &str, query: &LogQuery) -> String {
        place::logs(base, &self.word, &self.namespace, &self.name, query.pairs())
    }

    /// The page of the workload whose pods write.
    fn workload(&self, base: &str) -> Option<String> {
        let kind = WorkloadKind::by_word(&self.word)?;
        Some(place::workload(base, &WorkloadKey::new(kind, &*self.namespace, &*self.name)))
    }

    /// What is seen, for the account.
    fn seen(&self, logs: &[String]) -> Seen {
        Seen::other(&format!("{}/{}/{}", self.kind, self.namespace, self.name)).and_logs(logs)
    }
}

/// What a question asks, and which line a browser has had last.
pub(super) fn asked(query: LogQuery, uri: &Uri) -> (LogQuery, Option<i64>) {
    let pairs = place::asked(uri);
    let after = pairs.iter().find(|(name, _)| name == "after").and_then(|(_, value)| value.parse().ok());
    (query.with_pairs(pairs.iter().map(|(name, value)| (&**name, &**value))), after)
}

/// Shows the page.
pub(crate) async fn show(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    uri: Uri,
    Signed(session): Signed,
    origin: Origin,
    asked: Result<Asked, StatusCode>,
) -> Response {
    let Some(session) = session else { return sign_in_first(&app, &headers, &place::here(&app.base, &uri)) };
    let Ok(asked) = asked else { return super::message::not_found(State(app), headers, uri).await };
    let news = app.objects.read_logs(&session.identity, &asked.query).await;
    let standing = news.standing.as_ref();
    let event = Event::View {
        page: Page::Logs,
        seen: asked.seen(&standing.map(read).unwrap_or_default()),
        outcome: standing.map_or(Outcome::Failed, outcome),
    };
    app.audit.note(origin, &Who::signed(&session), &event);
    let frame = Frame::of(&app, &session, &headers, &uri).at(super::workloads::WAY);
    let status = standing.and_then(Standing::status).unwrap_or(StatusCode::OK);
    let to = |query: &LogQuery| asked.address(&frame.base, query);
    let panel = Panel::new(&frame, &asked.query, &to, &news).with_text(text_of(&to(&asked.query)));
    let stream = if asked.query.previous { String::new() } else { place::part_of(&to(&asked.query), "events") };
    let panel = panel.render().unwrap_or_default();
    let page = LogsPage { frame: &frame, asked: &asked, panel, stream, workload: asked.workload(&frame.base) };
    seen(&app, &headers, &session, super::html(status, &page))
}

/// Keeps the page current.
pub(crate) async fn follow(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    uri: Uri,
    Signed(session): Signed,
    origin: Origin,
    asked: Result<Asked, StatusCode>,
) -> Response {
    let Some(session) = session else { return StatusCode::UNAUTHORIZED.into_response() };
    let Ok(asked) = asked else { return StatusCode::NOT_FOUND.into_response() };
    let visit = rowless_visit(&app, &session).await;
    let frame = Frame::of(&app, &session, &headers, &uri).at(super::workloads::WAY);
    let stay = Stay::begin(&app.audit, origin, Who::signed(&session), Page::Logs, asked.seen(&[]));
    let view = LogsView::new(Following::begin(&app, &session, frame, asked.query, asked.after), visit);
    stream::open(app, session, view, stay)
}

/// Hands the log out as text.
pub(crate) async fn text(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    uri: Uri,
    Signed(session): Signed,
    origin: Origin,
    asked: Result<Asked, StatusCode>,
) -> Response {
    let Some(session) = session else { return sign_in_first(&app, &headers, &place::here(&app.base, &uri)) };
    let Ok(asked) = asked else { return super::message::not_found(State(app), headers, uri).await };
    hand_out(
        &app,
        &session,
        origin,
        &asked.query,
        |logs| asked.seen(logs),
        &format!("{}-{}", asked.namespace, asked.name),
    )
    .await
}

/// A log as a file of text. What cannot be read of it is said there, since nobody knows beforehand.
pub(super) async fn hand_out(
    app: &Arc<App>,
    session: &Session,
    origin: Origin,
    query: &LogQuery,
    seen: impl FnOnce(&[String]) -> Seen,
    name: &str,
) -> Response {
    let found = app.objects.log_text(&session.identity, query).await;
    let logs = found.as_ref().map(|(places, _)| places.sources.iter().map(fanlight_model::LogSource::id).collect());
    let seen = seen(&logs.unwrap_or_else(|_| Vec::new()));
    let event = Event::View { page: Page::Logs, seen, outcome: Outcome::of_reading(&found) };
    app.audit.note(origin, &Who::signed(session), &event);
    let name: String =
        name.chars().filter(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '.')).collect();
    match found {
        Ok((_, text)) => {
            let text = text.take_until(over(Arc::clone(app), session.clone()));
            let headers = [
                (header::CONTENT_TYPE, "text/plain; charset=utf-8".to_owned()),
                (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}.log\"")),
                (header::CACHE_CONTROL, "no-store, no-transform".to_owned()),
            ];
            (headers, Body::from_stream(text.map(Ok::<_, std::convert::Infallible>))).into_response()
        }
        Err(error) => (error.status(), format!("{error}\n")).into_response(),
    }
}

/// Returns when nothing more may be handed out: the session has ended, however it did. A file may be taken slowly.
async fn over(app: Arc<App>, session: Session) {
    const LOOK: Duration = Duration::from_secs(5);
    let visit = rowless_visit(&app, &session).await;
    let over = visit.over();
    while holds(&app, &session).await && !is_barred(&app, &session.identity).await {
        if timeout(LOOK, over.cancelled()).await.is_ok() {
            return;
        }
    }
}

/// The containers whose logs were read.
pub(super) fn read(standing: &LogStanding<ObjectError>) -> Vec<String> {
    let refused = |source| standing.troubles.iter().any(|(other, _)| other == source);
    let read = standing.places.sources.iter().filter(|source| !refused(*source));
    read.map(fanlight_model::LogSource::id).collect()
}

/// How reading ended.
pub(super) fn outcome(standing: &LogStanding<ObjectError>) -> Outcome {
    Standing::refusal(standing).map_or(Outcome::Done, Outcome::of_error)
}

/// The address of the text of a page.
pub(super) fn text_of(address: &str) -> String {
    place::part_of(address, "text")
}
