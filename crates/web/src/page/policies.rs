//! What stands at the addresses of the predecessor's policy pages.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::State,
    http::{HeaderMap, StatusCode, Uri},
    response::Response,
};

use crate::{
    App,
    frame::Frame,
    place,
    signed::{Signed, seen, sign_in_first},
};

#[derive(Template)]
#[template(path = "policies.html")]
struct Policies {
    frame: Frame,
}

/// Says that there are no such pages any more, and where what they showed can be read.
pub(crate) async fn explain(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    uri: Uri,
    Signed(session): Signed,
) -> Response {
    let Some(session) = session else { return sign_in_first(&app, &headers, &place::here(&app.base, &uri)) };
    let page = Policies { frame: Frame::of(&app, &session, &headers, &uri) };
    seen(&app, &headers, &session, super::html(StatusCode::OK, &page))
}
