use std::fmt;

use askama::Template;
use axum::{
    http::{HeaderMap, StatusCode, Uri},
    response::Response,
};
use fanlight_identity::{FlowError, IdentityError, NotKept};

use crate::{App, frame::Frame, page::html, request::RequestId};

/// Why somebody who was sent to the provider is not signed in.
pub(super) struct Failure {
    status: StatusCode,
    why: String,
    /// Names this failure in the log.
    request: RequestId,
    /// Where they wanted to go.
    wanted: String,
}

#[derive(Template)]
#[template(path = "oauth2_failed.html")]
struct Page {
    frame: Frame,
    failure: Failure,
}

/// An error with the status that it is answered with.
pub(super) trait Reason: fmt::Display {
    fn status(&self) -> StatusCode;
}

impl Failure {
    /// Notes the failure in the log, under the number that the page shows.
    pub(super) fn new(request: RequestId, error: &impl Reason, wanted: &str) -> Self {
        tracing::warn!(%error, %request, "nobody was signed in at the identity provider");
        Self { status: error.status(), why: error.to_string(), request, wanted: wanted.to_owned() }
    }

    pub(super) fn page(self, app: &App, headers: &HeaderMap, uri: &Uri) -> Response {
        let status = self.status;
        // The address holds the provider's code: to come back there would be of no use.
        let frame = Frame { here: format!("{}/sign_in", app.base), ..Frame::outside(app, headers, uri) };
        html(status, &Page { frame, failure: self })
    }
}

impl Reason for FlowError {
    fn status(&self) -> StatusCode {
        match self {
            FlowError::NotReady(_) => StatusCode::SERVICE_UNAVAILABLE,
            FlowError::Incomplete(_) | FlowError::Unknown | FlowError::Expired | FlowError::OtherIssuer => {
                StatusCode::BAD_REQUEST
            }
            FlowError::NeedsForm | FlowError::Provider(_) => StatusCode::UNAUTHORIZED,
            FlowError::Identity(IdentityError::Claims(_)) => StatusCode::FORBIDDEN,
            FlowError::Exchange(_) | FlowError::Identity(_) => StatusCode::BAD_GATEWAY,
        }
    }
}

impl Reason for NotKept {
    fn status(&self) -> StatusCode {
        StatusCode::FORBIDDEN
    }
}
