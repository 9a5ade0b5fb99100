//! The sessions page: where somebody is signed in, and how they end that.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use askama::Template;
use axum::{
    Form,
    extract::State,
    http::{HeaderMap, StatusCode, Uri, header},
    response::{AppendHeaders, IntoResponse, Redirect, Response},
};
use fanlight_identity::{Ending, KnownSession, Reach, Session};
use fanlight_live::SessionKey;
use serde::Deserialize;

use crate::{
    App,
    audit::{Event, Limited, Outcome, Revoked, Who},
    frame::{Ends, Frame},
    page::access::way,
    place,
    request::Origin,
    signed::{BySession, seen, sign_in_first},
    when,
};

#[derive(Template)]
#[template(path = "sessions.html")]
struct SessionsPage {
    frame: Frame,
    method: &'static str,
    began: Ends,
    ends: Ends,
    idle: String,
    sessions: Vec<Line>,
    /// Why the other replicas do not hear of an end, if they do not.
    alone: Option<String>,
}

/// A session in the list.
struct Line {
    mark: String,
    /// Whether it is the one that asks.
    here: bool,
    browser: Arc<str>,
    address: String,
    began: Ends,
    seen: String,
}

/// What to end.
#[derive(Deserialize)]
pub(crate) struct Wish {
    /// The mark of a session, or `all`.
    session: String,
}

/// Shows the page.
pub(crate) async fn show(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    uri: Uri,
    BySession(session): BySession,
) -> Response {
    if app.everybody.is_some() {
        return super::message::not_found(State(app), headers, uri).await;
    }
    let Some(session) = session else { return sign_in_first(&app, &headers, &place::here(&app.base, &uri)) };
    let now = (app.clock)();
    let known = app.whereabouts.of(session.identity.user(), now);
    let known = known.into_iter().filter(|known| !app.revocations.is_known_to_be_over(known));
    let mut sessions: Vec<_> = known.map(|known| Line::new(&known, &session, now)).collect();
    sessions.sort_by_key(|line| !line.here);
    let page = SessionsPage {
        frame: Frame::of(&app, &session, &headers, &uri),
        method: way(session.method),
        began: Ends::at(session.started, now),
        ends: Ends::at(session.ends, now),
        idle: when::span(idle(&session, now)),
        sessions,
        alone: match app.revocations.reach() {
            Reach::Everywhere => None,
            Reach::HereOnly(why) => Some(why),
        },
    };
    seen(&app, &headers, &session, super::html(StatusCode::OK, &page))
}

/// Ends one session of somebody's own, or all of them.
pub(crate) async fn end(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    BySession(session): BySession,
    origin: Origin,
    Form(wish): Form<Wish>,
) -> Response {
    let here = format!("{}/sessions", app.base);
    let Some(session) = session else { return sign_in_first(&app, &headers, &here) };
    let all = wish.session == "all";
    let user = session.identity.user();
    let (ending, what) = if all {
        (Ending::User { user: user.clone(), before: (app.clock)() }, Revoked::User(Limited::user(&session.identity)))
    } else {
        // Whoever asks for what is not there finds it gone.
        let Some(known) = app.whereabouts.find(user, &wish.session) else { return Redirect::to(&here).into_response() };
        (known.ending(), Revoked::Session(wish.session))
    };
    let (task_app, by) = (Arc::clone(&app), session.clone());
    // It is done also if the browser hangs up meanwhile.
    let ended = tokio::spawn(async move {
        let outcome = match task_app.revocations.end(&ending).await {
            Reach::Everywhere => Outcome::Done,
            Reach::HereOnly(_) => Outcome::Failed,
        };
        task_app.audit.note(origin, &Who::signed(&by), &Event::Revocation { what, outcome });
    });
    if let Err(error) = ended.await {
        tracing::error!(%error, request = %origin.request, "ending a session failed");
    }
    if !app.revocations.is_ended(&session) {
        return Redirect::to(&here).into_response();
    }
    app.live.leave(SessionKey(session.id.0));
    let forget = AppendHeaders(app.sessions.close().into_iter().map(|cookie| (header::SET_COOKIE, cookie)));
    (forget, Redirect::to(&format!("{}/sign_in", app.base))).into_response()
}

/// How long a session lasts if nothing is done, to the minute.
fn idle(session: &Session, now: SystemTime) -> Duration {
    let left = session.idle_ends.min(session.ends).duration_since(now).unwrap_or_default();
    Duration::from_mins(left.as_secs() / 60)
}

impl Line {
    fn new(known: &KnownSession, session: &Session, now: SystemTime) -> Self {
        /// Shorter ago is now.
        const MOMENT: Duration = Duration::from_secs(60);
        let ago = now.duration_since(known.seen).unwrap_or_default();
        Self {
            mark: known.id.mark(),
            here: known.id == session.id,
            browser: Arc::clone(&known.browser),
            address: known.address.to_string(),
            began: Ends::at(known.started, now),
            seen: if ago < MOMENT { "just now".to_owned() } else { format!("{} ago", when::age(ago)) },
        }
    }
}
