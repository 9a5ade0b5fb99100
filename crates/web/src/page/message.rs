//! A page with one sentence.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::State,
    http::{HeaderMap, StatusCode, Uri},
    response::Response,
};

use crate::{App, frame::Frame};

#[derive(Template)]
#[template(path = "message.html")]
struct Message<'a> {
    frame: Frame,
    title: &'a str,
    text: &'a str,
}

/// There is no such page.
pub(crate) async fn not_found(State(app): State<Arc<App>>, headers: HeaderMap, uri: Uri) -> Response {
    let page = Message {
        frame: Frame::outside(&app, &headers, &uri),
        title: "There is no such page",
        text: "The address may be mistyped, or the page may have moved.",
    };
    super::html(StatusCode::NOT_FOUND, &page)
}
