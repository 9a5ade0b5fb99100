//! Pages that say why there is nothing else to see.

use std::{
    borrow::Cow,
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
use crate::{App, ObjectError, allowance, frame::Frame, request::RequestId};

/// What is said where there is no page.
pub(super) const NO_PAGE: (&str, &str) =
    ("There is no such page", "The address may be mistyped, or the page may have moved.");

/// A page of one sentence.
pub(crate) struct Message {
    pub(crate) status: StatusCode,
    pub(crate) title: &'static str,
    pub(crate) text: Cow<'static, str>,
    /// Whether the same address may have something else to say in a moment.
    pub(crate) again: bool,
}

#[derive(Template)]
#[template(path = "message.html")]
struct MessagePage {
    frame: Frame,
    message: Message,
    request: RequestId,
}

impl Message {
    pub(crate) fn page(self, frame: Frame, request: RequestId) -> Response {
        super::html(self.status, &MessagePage { frame, message: self, request })
    }
}

/// There is no such page.
pub(crate) async fn not_found(State(app): State<Arc<App>>, headers: HeaderMap, uri: Uri) -> Response {
    let (title, text) = NO_PAGE;
    let message = Message { status: StatusCode::NOT_FOUND, title, text: text.into(), again: false };
    message.page(Frame::outside(&app, &headers, &uri), RequestId::of(&headers))
}

/// Somebody had everything asked anew again and again.
pub(crate) fn rechecked_too_often(frame: Frame, request: RequestId, now: SystemTime, wait: Duration) -> Response {
    let text = format!(
        "Kubernetes was asked about all your rights several times just now. In {} seconds it can be again; what you see \
         is at most half a minute old, and rights that you are given show by themselves within five minutes.",
        wait.as_secs() + 1
    );
    too_often(frame, request, now, wait, text)
}

/// Somebody had previews made again and again.
pub(crate) fn previewed_too_often(frame: Frame, request: RequestId, now: SystemTime, wait: Duration) -> Response {
    let text = format!(
        "You have seen several previews just now, and each of them reads many objects. In {} seconds you can have the \
         next. Nothing has been done.",
        wait.as_secs() + 1
    );
    too_often(frame, request, now, wait, text)
}

fn too_often(frame: Frame, request: RequestId, now: SystemTime, wait: Duration, text: String) -> Response {
    let status = StatusCode::TOO_MANY_REQUESTS;
    let message = Message { status, title: "Not so often, please", text: text.into(), again: false };
    let mut answer = message.page(frame, request);
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
    /// Whether lines of logs stand there, in a frame that stays.
    logs: bool,
}

#[derive(Template)]
#[template(path = "object_error.html")]
struct ObjectErrorPage<'a> {
    frame: &'a Frame,
    list: &'static ListPage,
    gone: Gone<'a>,
    request: RequestId,
}

/// What is shown instead of an object.
pub(crate) fn object_gone<'a>(base: &'a str, key: &'a ObjectKey, error: &ObjectError, logs: bool) -> Gone<'a> {
    let (title, text) = error.telling(key, || {
        format!("This cluster does not know the kind {}. {}", key.kind, ListPage::of(key.kind).installed_by)
    });
    Gone { base, key, title, text, forbidden: matches!(error, ObjectError::Forbidden(_)), logs }
}

/// The page of an object that cannot be shown.
pub(crate) fn object_error(frame: &Frame, key: &ObjectKey, error: &ObjectError, request: RequestId) -> Response {
    let gone = object_gone(&frame.base, key, error, false);
    super::html(error.status(), &ObjectErrorPage { frame, list: ListPage::of(key.kind), gone, request })
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_replaces_an_object_that_may_not_be_seen_any_more_finds_every_piece_of_its_page() {
        let gone = include_str!("../../templates/object_gone.html");
        let pages =
            [include_str!("../../templates/object.html"), include_str!("../../templates/logs/panel.html")].concat();
        let ids: Vec<_> = gone.split("id=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        assert_eq!(ids, ["head", "why", "lines", "rest"]);
        for id in ids {
            assert!(pages.contains(&format!("id=\"{id}\"")), "{id}");
        }
    }
}
