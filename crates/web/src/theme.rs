//! Light, dark, or as the system says: a choice that a cookie remembers.

use std::sync::Arc;

use axum::{
    Form,
    extract::State,
    http::{HeaderMap, header},
    response::{IntoResponse, Redirect, Response},
};
use cookie::{Cookie, SameSite, time::Duration};
use serde::Deserialize;

use crate::{App, place, signed::cookies};

/// How a page is coloured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Theme {
    /// As the system or the browser says.
    #[default]
    System,
    /// Dark on light.
    Light,
    /// Light on dark.
    Dark,
}

const COOKIE: &str = "fanlight-theme";

impl Theme {
    pub(crate) const ALL: [Theme; 3] = [Theme::System, Theme::Light, Theme::Dark];

    /// The choice that a request's cookies bring.
    pub(crate) fn chosen(headers: &HeaderMap) -> Self {
        let header = cookies(headers);
        let found = Cookie::split_parse(header).flatten().find(|cookie| cookie.name() == COOKIE);
        let value = found.map(|cookie| cookie.value().to_owned()).unwrap_or_default();
        Theme::ALL.into_iter().find(|theme| theme.slug() == value).unwrap_or_default()
    }

    /// The word in cookies, forms and style.
    pub(crate) fn slug(self) -> &'static str {
        match self {
            Theme::System => "system",
            Theme::Light => "light",
            Theme::Dark => "dark",
        }
    }

    /// The word for people.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Theme::System => "Auto",
            Theme::Light => "Light",
            Theme::Dark => "Dark",
        }
    }
}

#[derive(Deserialize)]
pub(crate) struct Choice {
    theme: Theme,
    #[serde(default)]
    back: String,
}

/// Remembers a choice and goes back to where it was made.
pub(crate) async fn choose(State(app): State<Arc<App>>, Form(choice): Form<Choice>) -> Response {
    let cookie = Cookie::build((COOKIE, choice.theme.slug()))
        .path("/")
        .same_site(SameSite::Lax)
        .secure(app.https_outside)
        .http_only(true)
        .max_age(Duration::days(400));
    let back = Redirect::to(&place::inside(&app.base, &choice.back));
    ([(header::SET_COOKIE, cookie.to_string())], back).into_response()
}
