use axum::{Router, body::Body, routing::get};
use tower::ServiceExt;
use tower_http::catch_panic::CatchPanicLayer;

use super::*;

/// Answers of a site with these guards to a request.
async fn answer(external_url: Option<&str>, method: &str, headers: &[(&str, &str)]) -> StatusCode {
    let url = external_url.map(|url| url.parse().expect("a URL"));
    let site = Router::new().fallback(async || "done").layer(own_site(url.as_ref()));
    let mut request = Request::builder().method(method).uri("/");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    site.oneshot(request.body(Body::empty()).expect("a request")).await.expect("an answer").status()
}

#[tokio::test]
async fn what_changes_something_is_only_done_for_our_own_pages_and_for_scripts() {
    const OUTSIDE: Option<&str> = Some("https://flux.example.com/");
    const HOST: (&str, &str) = ("host", "fanlight.flux-system:9001");
    let site = |site| ("sec-fetch-site", site);
    let origin = |origin| ("origin", origin);
    for (outside, headers, passes) in [
        // Browsers that say where a request comes from.
        (None, &[HOST, site("same-origin")][..], true),
        (None, &[HOST, site("none")], true),
        (None, &[HOST, site("same-site")], false),
        (None, &[HOST, site("cross-site")], false),
        (None, &[HOST, site("something-new")], false),
        (None, &[HOST, site("cross-site"), origin("http://fanlight.flux-system:9001")], false),
        // Older ones.
        (None, &[HOST, origin("http://fanlight.flux-system:9001")], true),
        (None, &[HOST, origin("https://evil.example")], false),
        (None, &[HOST, origin("http://fanlight.flux-system")], false),
        (None, &[HOST, origin("null")], false),
        (None, &[HOST, origin("garbage")], false),
        // Behind a proxy that changes the host.
        (None, &[HOST, origin("https://flux.example.com")], false),
        (OUTSIDE, &[HOST, origin("https://flux.example.com")], true),
        (OUTSIDE, &[HOST, origin("http://flux.example.com")], false),
        (OUTSIDE, &[HOST, origin("https://flux.example.com:8443")], false),
        (OUTSIDE, &[HOST, origin("https://flux.example.com.evil.example")], false),
        (OUTSIDE, &[HOST, site("same-site"), origin("https://other.example.com")], false),
        // Scripts.
        (None, &[HOST], true),
        (OUTSIDE, &[HOST], true),
        (OUTSIDE, &[HOST, site(""), origin("")], true),
    ] {
        for method in ["POST", "PUT", "PATCH", "DELETE", "PROPFIND"] {
            let expected = if passes { StatusCode::OK } else { StatusCode::FORBIDDEN };
            assert_eq!(answer(outside, method, headers).await, expected, "{outside:?} {method} {headers:?}");
        }
        for method in ["GET", "HEAD", "OPTIONS"] {
            assert_eq!(answer(outside, method, headers).await, StatusCode::OK, "{method} changes nothing");
        }
    }
}

#[test]
fn every_response_is_dressed_and_keeps_what_it_has_on() {
    let mut plain = "page".into_response();
    dress(&mut plain, false);
    for (name, value) in HEADERS {
        assert_eq!(plain.headers()[&name], value);
    }
    assert_eq!(plain.headers()[header::CACHE_CONTROL], "no-store");
    assert!(!plain.headers().contains_key(header::STRICT_TRANSPORT_SECURITY));
    let mut asset = ([(header::CACHE_CONTROL, "immutable")], "asset").into_response();
    dress(&mut asset, true);
    assert_eq!(asset.headers()[header::CACHE_CONTROL], "immutable");
    assert!(asset.headers().contains_key(header::STRICT_TRANSPORT_SECURITY));
}

#[test]
fn whoever_asks_too_often_is_told_when_to_ask_again() {
    let mut bare = StatusCode::TOO_MANY_REQUESTS.into_response();
    dress(&mut bare, false);
    assert_eq!(bare.headers()[header::RETRY_AFTER], "10");
    let mut exact = (StatusCode::TOO_MANY_REQUESTS, [(header::RETRY_AFTER, "3")]).into_response();
    dress(&mut exact, false);
    assert_eq!(exact.headers()[header::RETRY_AFTER], "3");
}

#[tokio::test]
async fn a_fault_of_ours_is_answered_and_takes_nobody_along() {
    let site = Router::new()
        .route("/", get(async || -> &'static str { panic!("a fault") }))
        .layer(CatchPanicLayer::custom(broken as fn(_) -> _));
    for _ in 0..2 {
        let request = Request::builder().uri("/").body(Body::empty()).expect("a request");
        let answer = site.clone().oneshot(request).await.expect("an answer");
        assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR);
    }
}
