//! What somebody sees for whom the server may not act.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{Request, State},
    http::{Method, StatusCode},
    middleware::Next,
    response::{IntoResponse, Response},
};
use fanlight_model::{Identity, Persona};

use crate::{App, frame::Frame, remedy, signed::Signed};

#[derive(Template)]
#[template(path = "barred.html")]
struct Barred {
    frame: Frame,
    remedy: String,
}

/// Whether the server may not impersonate this person, as far as it knows. Who brings a token need not be.
pub(crate) async fn is_barred(app: &App, who: &Identity) -> bool {
    barred(app, who).await.is_some()
}

async fn barred<'a>(app: &App, who: &'a Identity) -> Option<&'a Persona> {
    let Identity::Impersonated(who) = who else { return None };
    app.rights.guise(who, false).await.is_ok_and(|guise| guise.face.is_none()).then_some(who)
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
    let Some(who) = barred(&app, &session.identity).await else { return next.run(request).await };
    let frame = Frame::of(&app, &session, request.headers(), request.uri());
    let account = app.rights.own_name().await;
    let remedy = remedy::impersonate(who, account.as_deref(), app.rights.form().await);
    super::html(StatusCode::FORBIDDEN, &Barred { frame, remedy }).into_response()
}
