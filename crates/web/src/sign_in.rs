//! Signing in and out, for people and for scripts.

use std::sync::Arc;

use askama::Template;
use axum::{
    Json,
    body::Bytes,
    extract::{Query, State},
    http::{HeaderMap, HeaderName, StatusCode, Uri, header},
    response::{AppendHeaders, IntoResponse, Redirect, Response},
};
use fanlight_identity::{Admitted, Method, NoSession, OidcDesk, OidcStanding, Refusal, Standing};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    App, allowance,
    audit::{Event, Limited, Reason, Who},
    frame::Frame,
    page::html,
    place::inside,
    request::{Origin, RequestId},
    signed::{BySession, Signed, cookies},
};

#[derive(Template)]
#[template(path = "sign_in.html")]
struct Page {
    frame: Frame,
    redirect: String,
    problem: Option<String>,
    notices: Vec<String>,
    provider: Option<Provider>,
    has_form: bool,
    /// Whether the emergency user has to say why.
    asks_reason: bool,
    /// Whether the form is what most people will want, since nothing else works.
    is_first: bool,
    /// The request that did not lead on.
    request: Option<RequestId>,
}

/// The link to the identity provider.
struct Provider {
    label: String,
    works: bool,
}

#[derive(Deserialize)]
pub(crate) struct Wish {
    #[serde(default)]
    redirect: String,
}

#[derive(Deserialize)]
struct Attempt {
    #[serde(default)]
    username: String,
    #[serde(default)]
    password: SecretString,
    #[serde(default)]
    redirect: String,
    /// Why they sign in, in their own words.
    #[serde(default)]
    reason: String,
}

/// What scripts are told of a failure, in the predecessor's order.
#[derive(Serialize)]
struct Failure<'a> {
    message: &'a str,
    code: u16,
}

/// The sign-in page.
pub(crate) async fn show(
    State(app): State<Arc<App>>,
    Query(wish): Query<Wish>,
    headers: HeaderMap,
    uri: Uri,
    origin: Origin,
) -> Response {
    if app.everybody.is_some() {
        return Redirect::to(&inside(&app.base, &wish.redirect)).into_response();
    }
    let problem = (origin.is_plain && app.https_outside).then(|| plain(&app));
    page(&app, Frame::outside(&app, &headers, &uri), StatusCode::OK, &wish.redirect, problem).await
}

/// The same page for somebody who wanted to go to the identity provider, which does not work.
pub(crate) async fn without_provider(
    app: &App,
    headers: &HeaderMap,
    uri: &Uri,
    request: RequestId,
    wanted: &str,
) -> Response {
    let frame = Frame { here: format!("{}/sign_in", app.base), ..Frame::outside(app, headers, uri) };
    let page = Page { request: Some(request), ..Page::of(app, frame, wanted, None).await };
    html(StatusCode::SERVICE_UNAVAILABLE, &page)
}

/// Said before somebody signs in in vain.
fn plain(app: &App) -> String {
    let https = app.external_url.as_ref().filter(|url| url.scheme() == "https");
    let there = https.map(|url| format!(" Open {}{}/.", url.origin().ascii_serialization(), app.base));
    let there = there.unwrap_or_default();
    format!("This page came by plain HTTP, where your browser will not keep the session.{there}")
}

async fn page(app: &App, frame: Frame, status: StatusCode, redirect: &str, problem: Option<String>) -> Response {
    html(status, &Page::of(app, frame, redirect, problem).await)
}

impl Page {
    async fn of(app: &App, frame: Frame, redirect: &str, problem: Option<String>) -> Self {
        let standing = match &app.emergency {
            Some(desk) => Some(desk.standing().await),
            None => None,
        };
        let (provider, trouble) = provider(app);
        // Who has another way in need not be told that this one is not there.
        let needless = |standing| matches!(standing, Some(&(Standing::NotSetUp | Standing::Barred)));
        let notice = emergency_notice(standing.as_ref()).filter(|_| provider.is_none() || !needless(standing.as_ref()));
        let is_first = !provider.as_ref().is_some_and(|provider| provider.works);
        let redirect = inside(&app.base, redirect);
        let notices = trouble.into_iter().chain(notice).collect();
        let has_form = standing.is_some_and(|standing| standing != Standing::Barred);
        let asks_reason = app.emergency_reason;
        Self { frame, redirect, problem, notices, provider, has_form, asks_reason, is_first, request: None }
    }
}

/// The link to the identity provider, if there is one, and what is wrong with the provider.
fn provider(app: &App) -> (Option<Provider>, Option<String>) {
    const LABEL: &str = "WEAVE_GITOPS_FEATURE_OIDC_BUTTON_LABEL";
    let trouble = match app.oidc.as_ref().map(OidcDesk::standing) {
        None | Some(OidcStanding::Off) => return (None, None),
        Some(OidcStanding::Ready) => None,
        Some(OidcStanding::Failing(why)) => {
            Some(format!("Signing in at the identity provider does not work at this moment: {why}."))
        }
    };
    let label = app.features.get(LABEL).filter(|label| !label.is_empty()).cloned();
    let label = label.unwrap_or_else(|| "Sign in with single sign-on".to_owned());
    (Some(Provider { label, works: trouble.is_none() }), trouble)
}

fn emergency_notice(standing: Option<&Standing>) -> Option<String> {
    match standing {
        None => Some("Signing in as the emergency user is switched off.".to_owned()),
        Some(Standing::Ready) => None,
        Some(Standing::NotSetUp) => {
            Some("No emergency user is set up. It works as soon as its Secret exists.".to_owned())
        }
        Some(Standing::Unusable(why)) => Some(format!("The emergency user’s Secret is of no use: {why}.")),
        Some(Standing::Barred) => Some(
            "The emergency user is switched off: Fanlight’s account may not impersonate it in Kubernetes.".to_owned(),
        ),
        Some(Standing::Unreadable(_)) => Some(
            "Kubernetes does not let Fanlight read the emergency user’s Secret at this moment; the log says why."
                .to_owned(),
        ),
    }
}

/// Signs in: a form is answered with pages, anything else as the predecessor answers scripts.
pub(crate) async fn submit(State(app): State<Arc<App>>, headers: HeaderMap, origin: Origin, body: Bytes) -> Response {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let is_form = kind.starts_with("application/x-www-form-urlencoded");
    let attempt = if is_form { parse_form(&body) } else { parse_json(&body) };
    let Some(attempt) = attempt else { return failed(StatusCode::BAD_REQUEST, "Failed to read request body.") };
    let frame = || Frame::outside(&app, &headers, &Uri::from_static("/sign_in"));
    let stranger = Who::stranger(Method::Emergency, Some(&attempt.username));
    let purpose = Limited::purpose(&attempt.reason);
    let refused = |reason| app.audit.note(origin, &stranger, &Event::not_signed_in(reason, purpose.clone()));
    let Some(desk) = &app.emergency else {
        refused(Reason::OFF);
        return if is_form {
            page(&app, frame(), StatusCode::UNAUTHORIZED, &attempt.redirect, None).await
        } else {
            StatusCode::UNAUTHORIZED.into_response()
        };
    };
    if app.emergency_reason && purpose.is_none() {
        refused(Reason::NO_PURPOSE);
        let problem = Some("Say why you sign in as the emergency user.".to_owned());
        return if is_form {
            page(&app, frame(), StatusCode::BAD_REQUEST, &attempt.redirect, problem).await
        } else {
            failed(StatusCode::BAD_REQUEST, "A reason is required: give it as \"reason\".")
        };
    }
    match desk.sign_in(&attempt.username, attempt.password, origin.address).await {
        Ok(admitted) => {
            let cookies = admit(&app, origin, admitted, purpose);
            let answer = if is_form {
                Redirect::to(&inside(&app.base, &attempt.redirect)).into_response()
            } else {
                StatusCode::OK.into_response()
            };
            (cookies, answer).into_response()
        }
        Err(refusal) => {
            refused(Reason::from(&refusal));
            if let Refusal::Unreadable(why) = &refusal {
                tracing::warn!(why, request = %origin.request, "the emergency user’s Secret cannot be read");
            }
            let mut answer = if is_form {
                page(&app, frame(), status(&refusal), &attempt.redirect, Some(sentence(&refusal))).await
            } else {
                refused_plainly(&refusal)
            };
            if let Refusal::Throttled { retry_after } = refusal {
                let date = allowance::date((app.clock)(), retry_after);
                answer.headers_mut().extend(date.map(|date| (header::RETRY_AFTER, date)));
            }
            answer
        }
    }
}

/// Opens the emergency user's session.
fn admit(
    app: &App,
    origin: Origin,
    admitted: Admitted,
    purpose: Option<Limited>,
) -> AppendHeaders<impl Iterator<Item = (HeaderName, String)>> {
    let Admitted { identity, fingerprint } = admitted;
    let begins = app.revocations.beginning(identity.user(), (app.clock)());
    let (session, cookies) = app.sessions.open(identity, Method::Emergency, Some(fingerprint), begins);
    app.audit.note(origin, &Who::signed(&session), &Event::signed_in(purpose));
    AppendHeaders(cookies.into_iter().map(|cookie| (header::SET_COOKIE, cookie)))
}

fn parse_json(body: &[u8]) -> Option<Attempt> {
    // Only the first value is read, as before.
    serde_json::Deserializer::from_slice(body).into_iter().next()?.ok()
}

fn parse_form(body: &[u8]) -> Option<Attempt> {
    let field = |wanted: &str| {
        url::form_urlencoded::parse(body).find(|(name, _)| name == wanted).map(|(_, value)| value.into_owned())
    };
    Some(Attempt {
        username: field("username")?,
        password: SecretString::from(field("password")?),
        redirect: field("redirect").unwrap_or_default(),
        reason: field("reason").unwrap_or_default(),
    })
}

fn status(refusal: &Refusal) -> StatusCode {
    match refusal {
        Refusal::Throttled { .. } => StatusCode::TOO_MANY_REQUESTS,
        Refusal::NotSetUp | Refusal::Unreadable(_) => StatusCode::BAD_REQUEST,
        Refusal::Wrong => StatusCode::UNAUTHORIZED,
    }
}

fn sentence(refusal: &Refusal) -> String {
    match refusal {
        Refusal::Wrong => "Incorrect user name or password.".to_owned(),
        Refusal::Unreadable(_) => {
            "The emergency user’s Secret cannot be read at this moment; the log says why.".to_owned()
        }
        other => format!("{other}."),
    }
}

fn refused_plainly(refusal: &Refusal) -> Response {
    match refusal {
        Refusal::Throttled { .. } => (StatusCode::TOO_MANY_REQUESTS, "Too Many Requests").into_response(),
        Refusal::NotSetUp | Refusal::Unreadable(_) => {
            failed(StatusCode::BAD_REQUEST, "Please ensure that a password has been set.")
        }
        Refusal::Wrong => StatusCode::UNAUTHORIZED.into_response(),
    }
}

/// Who is signed in? That it is nobody because nobody has to, or because the identity has run out, is told apart as scripts
/// expect it. Who brings a token is not signed in.
pub(crate) async fn userinfo(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    BySession(session): BySession,
) -> Response {
    if let Some(everybody) = &app.everybody {
        return who("", everybody.user().as_str(), None);
    }
    let Some(session) = session else { return nobody(&app, &headers) };
    match (&app.oidc, session.method) {
        (Some(desk), Method::Oidc) => {
            let (user, groups) = desk.without_prefixes(&session.identity);
            who(&user, &user, Some(&groups))
        }
        _ => who(session.identity.user().as_str(), session.identity.user().as_str(), None),
    }
}

fn nobody(app: &App, headers: &HeaderMap) -> Response {
    match app.sessions.read(&cookies(headers), (app.clock)()) {
        Err(error @ NoSession::RunOut) => {
            failed(StatusCode::UNAUTHORIZED, &format!("failed to parse id token: {error}"))
        }
        // There is no provider any more who could say who that is.
        Ok(session) if session.method == Method::Oidc && !app.revocations.is_ended(&session) => who("", "", None),
        _ => StatusCode::BAD_REQUEST.into_response(),
    }
}

/// The emergency user has no groups, which is not the same as an empty list.
fn who(email: &str, id: &str, groups: Option<&[String]>) -> Response {
    Json(json!({"email": email, "id": id, "groups": groups})).into_response()
}

/// Which ways to sign in there are, and what the operator has switched on: public.
pub(crate) async fn flags(State(app): State<Arc<App>>) -> Response {
    let ready = match &app.emergency {
        Some(desk) => desk.standing().await == Standing::Ready,
        None => false,
    };
    let mut flags = app.features.clone();
    if ready {
        flags.insert("CLUSTER_USER_AUTH".to_owned(), "true".to_owned());
    }
    if app.oidc.as_ref().is_some_and(|desk| desk.standing() == OidcStanding::Ready) {
        flags.insert("OIDC_AUTH".to_owned(), "true".to_owned());
    }
    if app.everybody.is_some() {
        flags.insert("ANONYMOUS_AUTH".to_owned(), "true".to_owned());
    }
    Json(json!({"flags": flags})).into_response()
}

/// The rest of the API: nothing for strangers, and nothing there for others.
pub(crate) async fn no_api(Signed(session): Signed) -> Response {
    match session {
        Some(_) => failed(StatusCode::NOT_FOUND, "Not Found"),
        None => failed(StatusCode::UNAUTHORIZED, "Authentication required"),
    }
}

/// A failure, as scripts are told.
pub(crate) fn failed(status: StatusCode, message: &str) -> Response {
    let body = serde_json::to_string(&Failure { message, code: status.as_u16() }).unwrap_or_default() + "\n";
    (status, [(header::CONTENT_TYPE, "application/json; charset=utf-8")], body).into_response()
}
