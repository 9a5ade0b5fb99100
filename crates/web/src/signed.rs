use std::{
    convert::Infallible,
    sync::Arc,
    time::{Duration, SystemTime},
};

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, header, request::Parts},
    response::{IntoResponse, Redirect, Response},
};
use fanlight_identity::{Method, NoSession, OidcStanding, Session};
use fanlight_live::{SessionKey, Visitor};
use tokio::time::Instant;
use url::form_urlencoded;

use crate::{App, oauth2};

/// Who makes a request: somebody signed in, or nobody.
pub(crate) struct Signed(pub(crate) Option<Session>);

impl FromRequestParts<Arc<App>> for Signed {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Infallible> {
        let session = app.sessions.read(&cookies(&parts.headers), (app.clock)()).ok();
        Ok(Self(match session {
            Some(session) if holds(app, &session).await => Some(session),
            _ => None,
        }))
    }
}

/// Whether a session still holds: its time is not over, and what opened it is still there.
pub(crate) async fn holds(app: &App, session: &Session) -> bool {
    if (app.clock)() >= end(session) {
        return false;
    }
    match session.method {
        Method::Emergency => match (&app.emergency, &session.fingerprint) {
            (Some(desk), Some(fingerprint)) => desk.still_valid(fingerprint).await,
            _ => false,
        },
        Method::Oidc => app.oidc.as_ref().is_some_and(|desk| desk.standing() != OidcStanding::Off),
    }
}

/// Until when a session holds, unless it is refreshed.
fn end(session: &Session) -> SystemTime {
    /// As long as requests are accepted after the identity has run out.
    const GRACE: Duration = Duration::from_secs(60);
    session.expires.map_or(session.ends, |expires| session.ends.min(expires + GRACE))
}

/// The response with the mark that somebody opened a page, where a new one is due.
pub(crate) fn seen(app: &App, headers: &HeaderMap, session: &Session, response: Response) -> Response {
    match app.sessions.touch(&cookies(headers), session, (app.clock)()) {
        Some(mark) => ([(header::SET_COOKIE, mark)], response).into_response(),
        None => response,
    }
}

/// Sends somebody who opens a page to sign in, and back there afterwards: past the provider and without a form, if all
/// that is missing is its word.
pub(crate) fn sign_in_first(app: &App, headers: &HeaderMap, here: &str) -> Response {
    let cookies = cookies(headers);
    let silent = match app.sessions.read(&cookies, (app.clock)()) {
        Err(NoSession::RunOut) => oauth2::silent_round(app, &cookies, here),
        _ => None,
    };
    silent.unwrap_or_else(|| sign_in_page(app, here))
}

/// Sends somebody to the sign-in page, and back to where they were afterwards.
pub(crate) fn sign_in_page(app: &App, here: &str) -> Response {
    let here: String = form_urlencoded::byte_serialize(here.as_bytes()).collect();
    Redirect::to(&format!("{}/sign_in?redirect={here}", app.base)).into_response()
}

/// The visitor behind a session.
pub(crate) fn visitor(app: &App, session: &Session) -> Visitor {
    let left = end(session).duration_since((app.clock)()).unwrap_or_default();
    Visitor { identity: session.identity.clone(), session: SessionKey(session.id.0), ends: Instant::now() + left }
}

/// All `Cookie` headers: HTTP/2 may split them.
pub(crate) fn cookies(headers: &HeaderMap) -> String {
    let all: Vec<_> = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok()).collect();
    all.join("; ")
}
