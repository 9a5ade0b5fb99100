//! What holds for every response, and which requests come from our own pages.

use std::{any::Any, sync::Arc};

use axum::{
    extract::{Request, State},
    http::{HeaderName, HeaderValue, StatusCode, Version, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use tower_http::csrf::{CsrfLayer, ProtectionError};
use url::Url;

use crate::App;

/// Nothing but our own script, style and pictures; no inline code; no frames; forms only to ourselves.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
    form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

const HEADERS: [(HeaderName, &str); 6] = [
    (header::CONTENT_SECURITY_POLICY, POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    // Not `no-referrer`, which makes browsers send forms with `Origin: null`.
    (header::REFERRER_POLICY, "same-origin"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("permissions-policy"), "camera=(), geolocation=(), microphone=()"),
];

/// Sets the security headers, also on errors.
pub(crate) async fn headers(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let version = request.version();
    let mut response = next.run(request).await;
    dress(&mut response, app.https_outside);
    // HTTP/2 has a frame for that, and no such header.
    if version >= Version::HTTP_2 {
        response.headers_mut().remove(header::CONNECTION);
    } else if app.shutdown.is_cancelled() {
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

/// The same for answers that the library gives before anything of ours is asked, as HTTP/1.1 writes headers.
pub fn answer_headers(https_outside: bool) -> String {
    let mut bare = StatusCode::BAD_REQUEST.into_response();
    dress(&mut bare, https_outside);
    let written = |(name, value): (&HeaderName, &HeaderValue)| {
        format!("{name}: {}\r\n", String::from_utf8_lossy(value.as_bytes()))
    };
    bare.headers().iter().filter(|(name, _)| *name != header::CONTENT_LENGTH).map(written).collect()
}

fn dress(response: &mut Response, https_outside: bool) {
    let is_throttled = response.status() == StatusCode::TOO_MANY_REQUESTS;
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    if https_outside {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
    }
    if is_throttled {
        headers.entry(header::RETRY_AFTER).or_insert(HeaderValue::from_static("10"));
    }
}

/// Refuses what another site has a browser do. Browsers say by `Sec-Fetch-Site`, older ones by `Origin`, from where a
/// request comes; who sends neither is a script, which nobody has tricked into it.
///
/// Behind a proxy that changes `Host`, only the external address tells that an `Origin` is ours.
pub(crate) fn own_site(external_url: Option<&Url>) -> CsrfLayer<fn(ProtectionError) -> Response> {
    let trusting = external_url.map(|url| CsrfLayer::new().add_trusted_origin(url.origin().ascii_serialization()));
    let layer = trusting.transpose().unwrap_or_else(|error| {
        tracing::error!(%error, "the external address cannot be compared with where requests come from");
        None
    });
    layer.unwrap_or_default().with_rejection_response(from_elsewhere as fn(_) -> _)
}

fn from_elsewhere(_: ProtectionError) -> Response {
    let text = "This request comes from a page of another site, and nothing was done. If it was a page of this very \
                dashboard, its address has to be told to the server by --external-url.\n";
    (StatusCode::FORBIDDEN, text).into_response()
}

/// What is answered where a handler fails in a way that nobody foresaw; what it was is on the standard error stream.
pub(crate) fn broken(_: Box<dyn Any + Send>) -> Response {
    tracing::error!("a request met a fault of this program");
    let text =
        "Something here is broken. The server's log says what, under the number of this request (X-Request-Id).\n";
    (StatusCode::INTERNAL_SERVER_ERROR, text).into_response()
}

#[cfg(test)]
mod tests;
