//! What stands at the addresses of the predecessor's policy pages.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::State,
    http::{HeaderMap, StatusCode, Uri},
    response::Response,
};
use fanlight_model::ObjectKey;

use crate::{
    App,
    frame::Frame,
    place,
    signed::{Signed, seen, sign_in_first},
};

#[derive(Template)]
#[template(path = "policies.html")]
struct Policies {
    frame: Frame,
    /// The object whose violations somebody asks for, and its page.
    object: Option<(String, String)>,
}

/// Says that there are no such pages any more, and where what they showed can be read.
pub(crate) async fn explain(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    uri: Uri,
    Signed(session): Signed,
) -> Response {
    let Some(session) = session else { return sign_in_first(&app, &headers, &place::here(&app.base, &uri)) };
    let page = Policies { frame: Frame::of(&app, &session, &headers, &uri), object: object(&app.base, &uri) };
    seen(&app, &headers, &session, super::html(StatusCode::OK, &page))
}

/// The object that an address of the predecessor names: `/kustomization/violations?name=shop&namespace=apps`.
fn object(base: &str, uri: &Uri) -> Option<(String, String)> {
    let kind = place::kind(uri.path().split('/').nth(1)?)?;
    let asked = place::asked(uri);
    let part = |name| asked.iter().find(|(one, value)| one == name && !value.is_empty()).map(|(_, value)| &**value);
    let key = ObjectKey::new(kind, part("namespace")?, part("name")?);
    Some((format!("{kind} {}/{}", key.namespace, key.name), place::object(base, &key, "details")?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_asks_for_the_violations_of_an_object_is_led_to_it() {
        let of = |address: &'static str| object("/flux", &Uri::from_static(address));
        assert_eq!(
            of("/helm_release/violations?name=shop&namespace=apps"),
            Some((
                "HelmRelease apps/shop".to_owned(),
                "/flux/helm_release/details?name=shop&namespace=apps".to_owned()
            ))
        );
        for other in ["/policies", "/policy_details/x?name=a&namespace=b", "/kustomization/violations?name=shop"] {
            assert_eq!(of(other), None, "{other}");
        }
    }
}
