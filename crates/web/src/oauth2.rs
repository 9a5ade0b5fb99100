//! Signing in at the identity provider: going there, coming back, and having the session confirmed anew.

mod failure;
mod pass_on;

use std::{sync::Arc, time::SystemTime};

use axum::{
    extract::{Query, RawQuery, State},
    http::{HeaderMap, HeaderName, StatusCode, Uri, header},
    response::{AppendHeaders, IntoResponse, Redirect, Response},
};
use fanlight_identity::{Departure, FlowError, Method, OidcDesk, OidcStanding, Prompt, Session, SignedIn};
use serde::Deserialize;

use crate::{
    App,
    audit::{Event, Outcome, Reason, Who},
    due::Due,
    request::{Origin, RequestId},
    sign_in::{failed, without_provider},
    signed::{BySession, cookies, sign_in_page},
};
use failure::Failure;
use pass_on::pass_on;

/// Tells the page's script for how many seconds a refreshed identity is good.
const EXPIRES_IN: HeaderName = HeaderName::from_static("fanlight-expires-in");
/// Tells the page's script what a refreshed identity is named.
const IDENTITY: HeaderName = HeaderName::from_static("fanlight-identity");

#[derive(Deserialize)]
pub(crate) struct Wish {
    #[serde(default)]
    return_url: String,
}

/// Goes to the provider.
pub(crate) async fn start(
    State(app): State<Arc<App>>,
    Query(wish): Query<Wish>,
    headers: HeaderMap,
    uri: Uri,
    origin: Origin,
) -> Response {
    let Some(desk) = desk(&app) else { return no_provider() };
    if let OidcStanding::Failing(why) = desk.standing_now().await {
        tracing::warn!(error = why, request = %origin.request, "nobody is sent to the identity provider");
        return without_provider(&app, &headers, &uri, origin.request, &wish.return_url).await;
    }
    match desk.start(&wish.return_url, Prompt::Form, &cookies(&headers), (app.clock)()) {
        Ok(departure) => depart(departure),
        Err(error) => Failure::new(origin.request, &error, &wish.return_url).page(&app, &headers, &uri),
    }
}

/// Comes back from there.
pub(crate) async fn callback(
    State(app): State<Arc<App>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    uri: Uri,
    origin: Origin,
) -> Response {
    let Some(desk) = desk(&app) else { return no_provider() };
    let now = (app.clock)();
    let arrival = desk.callback(query.as_deref().unwrap_or_default(), &cookies(&headers), now).await;
    let answer = match arrival.outcome {
        Ok(signed) if arrival.silent => resume(&app, origin, &headers, &signed, &arrival.page),
        Ok(signed) => admit(&app, origin, &signed, &arrival.page, now).await,
        Err(FlowError::NeedsForm) if arrival.silent => Ok(sign_in_page(&app, &arrival.page)),
        Err(error) => Err(refuse(&app, origin, (&error).into(), &error, &arrival.page)),
    };
    let answer = answer.unwrap_or_else(|failure| failure.page(&app, &headers, &uri));
    (set(arrival.cookies), answer).into_response()
}

/// Has the provider confirm the session anew.
pub(crate) async fn refresh(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    BySession(session): BySession,
    origin: Origin,
) -> Response {
    let refused = || failed(StatusCode::UNAUTHORIZED, "failed to refresh");
    let session = session.filter(|session| session.method == Method::Oidc);
    let (Some(desk), Some(session)) = (&app.oidc, session) else { return refused() };
    let confirmed = confirm(&app, desk, &session, &headers).await;
    let (outcome, reason) = match &confirmed {
        Ok(_) => (Outcome::Done, None),
        Err(reason) => (Outcome::Failed, Some(*reason)),
    };
    app.audit.note(origin, &Who::signed(&session), &Event::Refresh { outcome, reason });
    confirmed.unwrap_or_else(|_| refused())
}

async fn confirm(app: &App, desk: &OidcDesk, session: &Session, headers: &HeaderMap) -> Result<Response, Reason> {
    let now = (app.clock)();
    let request = RequestId::of(headers);
    let tokens = app.sessions.tokens(&cookies(headers), session);
    let token = tokens.and_then(|tokens| tokens.refresh).ok_or(Reason::NO_TOKEN)?;
    let signed = desk.refresh(&token, now).await.map_err(|error| {
        tracing::info!(%error, %request, "a session was not refreshed");
        Reason::from(&error)
    })?;
    let (session, cookies) = app.sessions.renew(session, &signed, now).map_err(|_| Reason::TOO_LARGE)?;
    let due =
        Due::of(&session, now).map(|due| [(EXPIRES_IN, due.left.to_string()), (IDENTITY, due.identity.to_string())]);
    Ok((set(cookies), due.map(AppendHeaders), StatusCode::OK).into_response())
}

/// The provider is asked without a form, if all that a request lacks is that its identity be confirmed. One that does not
/// work leads nowhere: what is wrong with it is said where people sign in.
pub(crate) fn silent_round(app: &App, header: &str, here: &str) -> Option<Response> {
    let desk = desk(app)?;
    if desk.standing() != OidcStanding::Ready {
        desk.look_soon();
        return None;
    }
    let departure = desk.start(here, Prompt::Silent, header, (app.clock)()).ok()?;
    Some(depart(departure))
}

/// The session that a request brings, if all that is missing is that its identity be confirmed.
pub(crate) fn run_out(app: &App, header: &str) -> Option<Session> {
    let session = app.sessions.read_run_out(header, (app.clock)()).ok()?;
    (session.method == Method::Oidc && !app.revocations.is_ended(&session)).then_some(session)
}

/// Goes on with the session that a silent round began for: it keeps its number and its end. If it is over meanwhile, or
/// somebody else is signed in at the provider, who is there is asked.
fn resume(app: &App, origin: Origin, headers: &HeaderMap, signed: &SignedIn, page: &str) -> Result<Response, Failure> {
    let session = run_out(app, &cookies(headers));
    let session = session.filter(|session| session.identity.user() == signed.identity.user());
    let Some(session) = session else { return Ok(sign_in_page(app, page)) };
    let renewed = app.sessions.renew(&session, signed, (app.clock)());
    let (session, cookies) = renewed.map_err(|error| refuse(app, origin, Reason::TOO_LARGE, &error, page))?;
    app.audit.note(origin, &Who::signed(&session), &Event::Refresh { outcome: Outcome::Done, reason: None });
    Ok((set(cookies), Redirect::to(page)).into_response())
}

async fn admit(app: &App, origin: Origin, signed: &SignedIn, page: &str, now: SystemTime) -> Result<Response, Failure> {
    if let Some(desk) = &app.id_tokens_go_on {
        pass_on(desk, &signed.id_token).await.map_err(|error| {
            let reason = error.word();
            refuse(app, origin, reason, &error, page)
        })?;
    }
    let opened = app.sessions.open_oidc(signed, app.revocations.beginning(signed.identity.user(), now));
    let (session, cookies) = opened.map_err(|error| refuse(app, origin, Reason::TOO_LARGE, &error, page))?;
    let user = session.identity.user();
    app.audit.note(origin, &Who::signed(&session), &Event::signed_in(None));
    for notice in &signed.notices {
        tracing::warn!(%user, %notice, "groups are not as the identity provider meant them");
    }
    Ok((set(cookies), Redirect::to(page)).into_response())
}

fn refuse(app: &App, origin: Origin, reason: Reason, error: &impl failure::Reason, page: &str) -> Failure {
    app.audit.note(origin, &Who::stranger(Method::Oidc, None), &Event::not_signed_in(reason, None));
    Failure::new(origin.request, error, page)
}

fn depart(departure: Departure) -> Response {
    (set(departure.cookies), Redirect::to(departure.location.as_str())).into_response()
}

/// The desk, unless no provider is set up.
fn desk(app: &App) -> Option<&OidcDesk> {
    app.oidc.as_ref().filter(|desk| desk.standing() != OidcStanding::Off)
}

fn no_provider() -> Response {
    failed(StatusCode::BAD_REQUEST, "oidc provider not configured")
}

fn set(cookies: Vec<String>) -> AppendHeaders<impl Iterator<Item = (HeaderName, String)>> {
    AppendHeaders(cookies.into_iter().map(|cookie| (header::SET_COOKIE, cookie)))
}
