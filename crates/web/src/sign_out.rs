//! Signing out: here, in every open page, and at the identity provider.

use std::{sync::Arc, time::Duration};

use askama::Template;
use axum::{
    extract::State,
    http::{HeaderMap, StatusCode, Uri, header},
    response::{AppendHeaders, IntoResponse, Redirect, Response},
};
use fanlight_identity::{Ending, KeptTokens, Method, OidcDesk, Reach, Session};
use fanlight_live::SessionKey;
use tokio::time::timeout;

use crate::{
    App,
    audit::{Event, Who},
    frame::Frame,
    oauth2,
    page::html,
    request::Origin,
    signed::{BySession, cookies},
};

/// Leads to the provider's own sign-out. A redirect would not do: in some browsers the policy that forms go to ourselves
/// alone holds for where their answers lead, too.
#[derive(Template)]
#[template(path = "signed_out.html")]
struct Page {
    frame: Frame,
    provider: String,
}

/// Ends the session, in the browser and at once in the feeds.
pub(crate) async fn logout(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    BySession(session): BySession,
    origin: Origin,
) -> Response {
    let mut provider = None;
    // One whose identity has run out may be opened anew at the provider, and so has something to end.
    if let Some(session) = session.or_else(|| oauth2::run_out(&app, &cookies(&headers))) {
        let desk = app.oidc.as_ref().filter(|_| session.method == Method::Oidc);
        let tokens = desk.and_then(|_| app.sessions.tokens(&cookies(&headers), &session));
        provider = desk.and_then(|desk| desk.sign_out_url(tokens.as_ref()));
        // It is done also if the browser hangs up meanwhile.
        let ended = tokio::spawn(end(Arc::clone(&app), session, tokens, origin)).await;
        if let Err(error) = ended {
            tracing::error!(%error, request = %origin.request, "a sign-out failed");
        }
    }
    let is_form = headers.contains_key(header::CONTENT_TYPE);
    let answer = match provider {
        Some(provider) if is_form => {
            let frame = Frame::outside(&app, &headers, &Uri::from_static("/sign_in"));
            html(StatusCode::OK, &Page { frame, provider: provider.into() })
        }
        None if is_form => Redirect::to(&format!("{}/sign_in", app.base)).into_response(),
        _ => StatusCode::OK.into_response(),
    };
    let forget = AppendHeaders(app.sessions.close().into_iter().map(|cookie| (header::SET_COOKIE, cookie)));
    (forget, answer).into_response()
}

async fn end(app: Arc<App>, session: Session, tokens: Option<KeptTokens>, origin: Origin) {
    if let (Some(desk), Some(tokens)) = (&app.oidc, tokens) {
        revoke(desk, &tokens).await;
    }
    app.audit.note(origin, &Who::signed(&session), &Event::SignOut);
    // Last: pages whose streams end are loaded anew, and should find the cookies gone.
    if let Reach::HereOnly(why) = app.revocations.end(&Ending::of(&session)).await {
        tracing::info!(why, request = %origin.request, "other replicas do not know of a sign-out");
    }
    app.live.leave(SessionKey(session.id.0));
}

/// The session ends here however the provider takes it.
async fn revoke(desk: &OidcDesk, tokens: &KeptTokens) {
    const PATIENCE: Duration = Duration::from_secs(3);
    match timeout(PATIENCE, desk.revoke(tokens)).await {
        Ok(Ok(_)) => {}
        Ok(Err(error)) => tracing::warn!(%error, "a refresh token was not revoked"),
        Err(_) => tracing::warn!("a refresh token was not revoked: the identity provider does not answer"),
    }
}
