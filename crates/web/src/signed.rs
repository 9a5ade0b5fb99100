use std::{convert::Infallible, sync::Arc, time::SystemTime};

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, header, request::Parts},
    response::{IntoResponse, Redirect, Response},
};
use fanlight_identity::{Method, OidcStanding, Session, Sessions};
use fanlight_live::{SessionKey, Visitor};
use tokio::time::Instant;
use url::form_urlencoded;

use crate::{App, browser, oauth2, request::Origin};

/// Who makes a request: somebody signed in, or nobody.
pub(crate) struct Signed(pub(crate) Option<Session>);

impl FromRequestParts<Arc<App>> for Signed {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Infallible> {
        let now = (app.clock)();
        let session = app.sessions.read(&cookies(&parts.headers), now).ok();
        let Some(session) = session else { return Ok(Self(None)) };
        if !holds(app, &session).await {
            return Ok(Self(None));
        }
        let Ok(origin) = Origin::from_request_parts(parts, app).await;
        app.whereabouts.note(&session, origin.address, || browser::words(&parts.headers).into(), now);
        Ok(Self(Some(session)))
    }
}

/// Whether a session still holds: its time is not over, nobody ended it, and what opened it is still there.
pub(crate) async fn holds(app: &App, session: &Session) -> bool {
    if (app.clock)() >= end(session) || app.revocations.is_ended(session) {
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
    let run_out = session.expires.and_then(|expires| expires.checked_add(Sessions::GRACE));
    run_out.map_or(session.ends, |run_out| session.ends.min(run_out))
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
    let silent = oauth2::run_out(app, &cookies).and_then(|_| oauth2::silent_round(app, &cookies, here));
    silent.unwrap_or_else(|| sign_in_page(app, here))
}

/// Sends somebody to the sign-in page, and back to where they were afterwards.
pub(crate) fn sign_in_page(app: &App, here: &str) -> Response {
    let here: String = form_urlencoded::byte_serialize(here.as_bytes()).collect();
    Redirect::to(&format!("{}/sign_in?redirect={here}", app.base)).into_response()
}

/// The visitor behind a session.
pub(crate) fn visitor(app: &App, session: &Session) -> Visitor {
    let left = end(session).min(session.idle_ends).duration_since((app.clock)()).unwrap_or_default();
    Visitor { identity: session.identity.clone(), session: SessionKey(session.id.0), ends: Instant::now() + left }
}

/// All `Cookie` headers: HTTP/2 may split them.
pub(crate) fn cookies(headers: &HeaderMap) -> String {
    let all: Vec<_> = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok()).collect();
    all.join("; ")
}
