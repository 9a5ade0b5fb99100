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
use fanlight_identity::{Method, OidcStanding, Session, SessionId, Sessions};
use fanlight_live::{SessionKey, Visit, Visitor};
use fanlight_model::{Holder, Identity, Token};
use secrecy::ExposeSecret;
use tokio::time::Instant;
use url::form_urlencoded;

use crate::{App, bearer, browser, oauth2, request::Origin};

/// Who makes a request: somebody signed in, somebody with a token of their own, or nobody. The token counts, if there are
/// both.
pub(crate) struct Signed(pub(crate) Option<Session>);

impl FromRequestParts<Arc<App>> for Signed {
    type Rejection = bearer::Refused;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, bearer::Refused> {
        if let Some(everybody) = &app.everybody {
            return Ok(Self(Some(anybody(everybody, (app.clock)()))));
        }
        if let Some(session) = bearer::presented(parts, app).await? {
            return Ok(Self(Some(session)));
        }
        let Ok(BySession(session)) = BySession::from_request_parts(parts, app).await;
        Ok(Self(session.and_then(|session| with_token(app, &cookies(&parts.headers), session))))
    }
}

/// Somebody signed in, or nobody, whatever else the request brings: for what is about the session itself.
pub(crate) struct BySession(pub(crate) Option<Session>);

impl FromRequestParts<Arc<App>> for BySession {
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

/// The session as its requests go out: with the ID token, where those go on to the API server. A session without one
/// counts no more; it was opened before they did.
fn with_token(app: &App, cookies: &str, session: Session) -> Option<Session> {
    if app.id_tokens_go_on.is_none() || session.method != Method::Oidc {
        return Some(session);
    }
    if session.stale {
        // We would have patience for another minute; the API server has none.
        return None;
    }
    let token = Token::new(app.sessions.tokens(cookies, &session)?.hint?.expose_secret()).ok()?;
    let holder = Holder::new(session.identity.user().as_str(), session.identity.groups(), token).ok()?;
    Some(Session { identity: Identity::Holder(holder.signed_in()), ..session })
}

/// What everybody has where nobody signs in.
fn anybody(everybody: &Identity, now: SystemTime) -> Session {
    const DAY: Duration = Duration::from_secs(24 * 3600);
    Session::unopened(SessionId([0; 16]), everybody.clone(), Method::Anonymous, now, now + DAY)
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
        Method::IdToken | Method::Token => bearer::holds(app, session).await,
        Method::Anonymous => app.everybody.is_some(),
    }
}

/// Until when a session holds, unless it is refreshed.
fn end(session: &Session) -> SystemTime {
    let grace = match session.identity {
        Identity::Impersonated(_) => Sessions::GRACE,
        // The API server looks at the token itself.
        Identity::Holder(_) => Duration::ZERO,
    };
    let run_out = session.expires.and_then(|expires| expires.checked_add(grace));
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

/// The visit of a page that shows no rows: it ends with the session.
pub(crate) async fn rowless_visit(app: &App, session: &Session) -> Visit {
    app.live.visit(&visitor(app, session), &[]).await
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
