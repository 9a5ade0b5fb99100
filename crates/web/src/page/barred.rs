//! What somebody sees for whom the server may not act.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{Request, State},
    http::{Method, StatusCode},
    middleware::Next,
    response::{IntoResponse, Response},
};

use crate::{App, frame::Frame, remedy, signed::Signed};

#[derive(Template)]
#[template(path = "barred.html")]
struct Barred {
    frame: Frame,
    remedy: String,
}

/// Lets requests through but those of people whom the server may not impersonate: they would find nothing but failures.
pub(crate) async fn keep_out(
    State(app): State<Arc<App>>,
    Signed(session): Signed,
    request: Request,
    next: Next,
) -> Response {
    let Some(session) = session.filter(|_| request.method() == Method::GET) else { return next.run(request).await };
    match app.rights.guise(&session.identity, false).await {
        Ok(guise) if guise.face.is_none() => {
            let frame = Frame::of(&app, &session, request.headers(), request.uri());
            let account = app.rights.own_name().await;
            let remedy = remedy::impersonate(&session.identity, account.as_deref());
            super::html(StatusCode::FORBIDDEN, &Barred { frame, remedy }).into_response()
        }
        _ => next.run(request).await,
    }
}
