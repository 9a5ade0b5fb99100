//! A page with one sentence.

use std::sync::Arc;

use askama::Template;
use axum::{extract::State, http::StatusCode, response::Response};

use crate::{App, assets::Assets};

#[derive(Template)]
#[template(path = "message.html")]
struct Message<'a> {
    assets: Assets,
    base: &'a str,
    title: &'a str,
    text: &'a str,
}

/// There is no such page.
pub(crate) async fn not_found(State(app): State<Arc<App>>) -> Response {
    let page = Message {
        assets: Assets::under(&app.base),
        base: &app.base,
        title: "There is no such page",
        text: "The address may be mistyped, or the page may have moved.",
    };
    super::html(StatusCode::NOT_FOUND, &page)
}
