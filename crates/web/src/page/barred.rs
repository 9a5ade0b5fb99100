//! What somebody sees for whom the server may not act.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{Request, State},
    http::{Method, StatusCode},
    middleware::Next,
    response::{IntoResponse, Response},
};

use fanlight_model::Identity;

use crate::{App, frame::Frame, remedy, signed::Signed};

#[derive(Template)]
#[template(path = "barred.html")]
struct Barred {
    frame: Frame,
    remedy: String,
}

/// Whether the server may impersonate this person, as far as it knows.
pub(crate) async fn is_barred(app: &App, who: &Identity) -> bool {
    app.rights.guise(who, false).await.is_ok_and(|guise| guise.face.is_none())
}

/// Lets requests through but those of people whom the server may not impersonate: they would find nothing but failures.
pub(crate) async fn keep_out(
    State(app): State<Arc<App>>,
    Signed(session): Signed,
    request: Request,
    next: Next,
) -> Response {
    let looks = matches!(*request.method(), Method::GET | Method::HEAD);
    let Some(session) = session.filter(|_| looks) else { return next.run(request).await };
    if !is_barred(&app, &session.identity).await {
        return next.run(request).await;
    }
    let frame = Frame::of(&app, &session, request.headers(), request.uri());
    let account = app.rights.own_name().await;
    let remedy = remedy::impersonate(&session.identity, account.as_deref());
    super::html(StatusCode::FORBIDDEN, &Barred { frame, remedy }).into_response()
}
