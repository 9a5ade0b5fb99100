//! Answers that say in bare words what is wrong: from before all pages, and from where there is no page. Who asks for a
//! page gets one that says the same and leads on, who asks for JSON gets that, and everybody else the words.

use std::sync::Arc;

use axum::{
    body::{Body, to_bytes},
    extract::{Request, State},
    http::{HeaderMap, Method, StatusCode, Uri, header},
    middleware::Next,
    response::Response,
};

use super::message::{Message, NO_PAGE};
use crate::{App, frame::Frame, request::RequestId, sign_in::failed};

/// The longest of such answers, in bytes.
const LONGEST: usize = 4 << 10;

/// In which form somebody wants to be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Dress {
    Page,
    Json,
}

/// Dresses what is bare.
pub(crate) async fn dress(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let Some(wanted) = Dress::wanted(request.headers()) else { return next.run(request).await };
    let (uri, headers) = (here(&app.base, request.method(), request.uri()), request.headers().clone());
    let answer = next.run(request).await;
    if !is_bare(&answer) {
        return answer;
    }
    let (head, body) = answer.into_parts();
    let text = words(head.status, body).await;
    let mut dressed = match wanted {
        Dress::Json => failed(head.status, &text),
        Dress::Page => {
            let again = uri.is_some() && is_passing(head.status);
            let frame = Frame::outside(&app, &headers, &uri.unwrap_or_default());
            let message = Message { status: head.status, title: title(head.status), text: text.into(), again };
            message.page(frame, RequestId::of(&headers))
        }
    };
    // What else was said, such as when to come again, still holds.
    let mut said = head.headers;
    said.remove(header::CONTENT_LENGTH);
    said.extend(std::mem::take(dressed.headers_mut()));
    *dressed.headers_mut() = said;
    dressed
}

/// The address to come back to, without the prefix; none if it answers to forms only, or holds the provider's code, which
/// counts once.
fn here(base: &str, method: &Method, uri: &Uri) -> Option<Uri> {
    let here = uri.path_and_query()?.as_str().strip_prefix(base)?;
    let leads_back = matches!(*method, Method::GET | Method::HEAD) && !here.starts_with("/oauth2");
    if leads_back { here.parse().ok() } else { None }
}

fn is_bare(answer: &Response) -> bool {
    let is_error = answer.status().is_client_error() || answer.status().is_server_error();
    let kind = answer.headers().get(header::CONTENT_TYPE);
    is_error && kind.is_none_or(|kind| kind.as_bytes().starts_with(b"text/plain"))
}

/// What was said, or what there is to say of an answer without words.
async fn words(status: StatusCode, body: Body) -> String {
    let said = to_bytes(body, LONGEST).await.unwrap_or_default();
    let said = String::from_utf8_lossy(&said).trim().to_owned();
    if !said.is_empty() {
        return said;
    }
    match status {
        StatusCode::UNAUTHORIZED => "Sign in, and come back to this address.",
        StatusCode::NOT_FOUND => NO_PAGE.1,
        StatusCode::METHOD_NOT_ALLOWED => {
            "This address answers to other requests than this one, and nothing was done. Go to the page that you came from, \
             and try it from there."
        }
        StatusCode::GATEWAY_TIMEOUT => {
            "There was no answer within half a minute: Kubernetes may be slow at this moment. What was asked for may still \
             have happened; look before you do it again."
        }
        _ => "Nothing more is known of it here. Try again; if it stays, the server’s log says more.",
    }
    .to_owned()
}

fn title(status: StatusCode) -> &'static str {
    match status {
        StatusCode::UNAUTHORIZED => "You are not signed in",
        StatusCode::FORBIDDEN => "This was refused",
        StatusCode::NOT_FOUND => NO_PAGE.0,
        StatusCode::METHOD_NOT_ALLOWED => "Nothing answers to this here",
        StatusCode::REQUEST_TIMEOUT | StatusCode::GATEWAY_TIMEOUT => "That took too long",
        StatusCode::TOO_MANY_REQUESTS => "Not so often, please",
        StatusCode::PAYLOAD_TOO_LARGE | StatusCode::URI_TOO_LONG | StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE => {
            "That is too much"
        }
        StatusCode::SERVICE_UNAVAILABLE => "Not at this moment",
        status if status.is_server_error() => "Something here is broken",
        _ => "Nothing was done",
    }
}

/// Whether it may be otherwise in a moment.
fn is_passing(status: StatusCode) -> bool {
    status.is_server_error() || [StatusCode::REQUEST_TIMEOUT, StatusCode::TOO_MANY_REQUESTS].contains(&status)
}

impl Dress {
    /// Browsers ask for pages when somebody goes to one or sends a form, and for anything else by other names.
    fn wanted(headers: &HeaderMap) -> Option<Self> {
        let accepts = headers.get(header::ACCEPT)?.to_str().ok()?;
        let has =
            |kind: &str| accepts.split(',').any(|one| one.split(';').next().is_some_and(|one| one.trim() == kind));
        if has("text/html") {
            return Some(Dress::Page);
        }
        has("application/json").then_some(Dress::Json)
    }
}

#[cfg(test)]
mod tests {
    use axum::{http::HeaderValue, response::IntoResponse};

    use super::*;

    #[test]
    fn a_page_is_for_who_asks_for_one_and_json_for_who_asks_for_that() {
        let wanted = |accept: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT, HeaderValue::from_static(accept));
            Dress::wanted(&headers)
        };
        assert_eq!(wanted("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"), Some(Dress::Page));
        assert_eq!(wanted("application/json"), Some(Dress::Json));
        for other in ["*/*", "text/event-stream", "application/x-ndjson", "image/avif,image/webp"] {
            assert_eq!(wanted(other), None, "{other}");
        }
        assert_eq!(Dress::wanted(&HeaderMap::new()), None);
    }

    #[test]
    fn pages_json_and_what_went_well_are_left_as_they_are() {
        let bare = |answer: Response| is_bare(&answer);
        assert!(bare((StatusCode::FORBIDDEN, "no").into_response()));
        assert!(bare(StatusCode::GATEWAY_TIMEOUT.into_response()));
        assert!(!bare((StatusCode::OK, "ok").into_response()));
        assert!(!bare(failed(StatusCode::UNAUTHORIZED, "no")));
        assert!(!bare((StatusCode::NOT_FOUND, axum::response::Html("no")).into_response()));
    }

    #[tokio::test]
    async fn an_answer_without_words_or_with_too_many_is_given_some() {
        assert_eq!(words(StatusCode::BAD_REQUEST, Body::from("Too long.\n")).await, "Too long.");
        for (status, body) in [
            (StatusCode::GATEWAY_TIMEOUT, Body::empty()),
            (StatusCode::METHOD_NOT_ALLOWED, Body::empty()),
            (StatusCode::BAD_GATEWAY, Body::from(vec![b'x'; LONGEST + 1])),
        ] {
            let text = words(status, body).await;
            assert!(text.len() > 40 && text.len() < LONGEST, "{text}");
        }
    }

    #[test]
    fn nobody_is_led_back_to_an_address_that_answers_to_forms_only() {
        let uri: Uri = "/flux/applications?search=a".parse().expect("an address");
        assert_eq!(here("/flux", &Method::GET, &uri).map(|uri| uri.to_string()), Some("/applications?search=a".into()));
        assert_eq!(here("/flux", &Method::POST, &uri), None);
        let callback: Uri = "/flux/oauth2/callback?code=a".parse().expect("an address");
        assert_eq!(here("/flux", &Method::GET, &callback), None);
    }
}
