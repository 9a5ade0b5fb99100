//! One file for each page.

pub(crate) mod access;
pub(crate) mod aside;
pub(crate) mod bare;
pub(crate) mod barred;
pub(crate) mod diagram;
pub(crate) mod events;
pub(crate) mod list;
pub(crate) mod logs;
mod looks;
pub(crate) mod message;
pub(crate) mod object;
pub(crate) mod other;
pub(crate) mod overview;
pub(crate) mod policies;
pub(crate) mod runtime;
pub(crate) mod sessions;
pub(crate) mod styleguide;
pub(crate) mod workloads;

use askama::Template;
use axum::{
    http::StatusCode,
    response::{Html, IntoResponse, Response},
};

/// A page as a response.
pub(crate) fn html(status: StatusCode, page: &impl Template) -> Response {
    match page.render() {
        Ok(text) => (status, Html(text)).into_response(),
        Err(error) => {
            tracing::error!(%error, "a page cannot be rendered");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}
