//! Pages that say why there is nothing else to see.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use askama::Template;
use axum::{
    extract::State,
    http::{HeaderMap, StatusCode, Uri, header},
    response::Response,
};
use fanlight_model::ObjectKey;

use super::list::ListPage;
use crate::{App, ObjectError, allowance, frame::Frame};

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

/// Somebody had everything asked anew again and again.
pub(crate) fn too_often(frame: Frame, now: SystemTime, wait: Duration) -> Response {
    let title = "Not so often, please";
    let text = format!(
        "Kubernetes was asked about all your rights several times just now. In {} seconds it can be again; what you see \
         is at most half a minute old, and rights that you are given show by themselves within five minutes.",
        wait.as_secs() + 1
    );
    let mut answer = super::html(StatusCode::TOO_MANY_REQUESTS, &Message { frame, title, text: &text });
    answer.headers_mut().extend(allowance::date(now, wait).map(|date| (header::RETRY_AFTER, date)));
    answer
}

/// The pieces of an object's page when the object cannot be shown.
#[derive(Template)]
#[template(path = "object_gone.html")]
pub(crate) struct Gone<'a> {
    /// The route prefix.
    base: &'a str,
    key: &'a ObjectKey,
    title: &'static str,
    text: String,
    /// Whether a right is missing.
    forbidden: bool,
}

#[derive(Template)]
#[template(path = "object_error.html")]
struct ObjectErrorPage<'a> {
    frame: &'a Frame,
    list: &'static ListPage,
    gone: Gone<'a>,
}

/// What is shown instead of an object.
pub(crate) fn object_gone<'a>(base: &'a str, key: &'a ObjectKey, error: &ObjectError) -> Gone<'a> {
    let (title, text) = match error {
        ObjectError::NotFound => ("It is not there", format!("There is no {key}. It may have been deleted.")),
        ObjectError::Forbidden(words) => ("You may not see this", format!("Kubernetes says: {words}.")),
        ObjectError::NotInstalled => (
            "Not installed",
            format!("This cluster does not know the kind {}. {}", key.kind, ListPage::of(key.kind).installed_by),
        ),
        ObjectError::Unanswered(why) => {
            ("Kubernetes does not answer", format!("{why}. The page fills by itself when it does."))
        }
    };
    Gone { base, key, title, text, forbidden: matches!(error, ObjectError::Forbidden(_)) }
}

/// The page of an object that cannot be shown.
pub(crate) fn object_error(frame: &Frame, key: &ObjectKey, error: &ObjectError) -> Response {
    let status = match error {
        ObjectError::NotFound | ObjectError::NotInstalled => StatusCode::NOT_FOUND,
        ObjectError::Forbidden(_) => StatusCode::FORBIDDEN,
        ObjectError::Unanswered(_) => StatusCode::BAD_GATEWAY,
    };
    let gone = object_gone(&frame.base, key, error);
    super::html(status, &ObjectErrorPage { frame, list: ListPage::of(key.kind), gone })
}
