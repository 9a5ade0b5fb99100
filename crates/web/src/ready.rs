//! Whether requests should be sent here: to be asked by what distributes them, not by what restarts the server.

use std::sync::Arc;

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};

use crate::App;

/// `ok`, or what is missing, in a line each.
pub(crate) async fn tell(State(app): State<Arc<App>>) -> Response {
    let mut lacks = (app.lacks)();
    if app.shutdown.is_cancelled() {
        lacks.insert(0, "the server is about to end");
    }
    if lacks.is_empty() {
        return "ok".into_response();
    }
    (StatusCode::SERVICE_UNAVAILABLE, lacks.join("\n") + "\n").into_response()
}
