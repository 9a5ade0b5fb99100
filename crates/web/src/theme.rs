//! How pages look, by choices that cookies remember: light, dark or as the system says; and how close the rows stand.

use std::sync::Arc;

use axum::{
    Form,
    extract::State,
    http::{HeaderMap, header},
    response::{AppendHeaders, IntoResponse, Redirect, Response},
};
use cookie::{Cookie, SameSite, time::Duration};
use serde::Deserialize;

use crate::{App, density::Density, place, signed::cookies};

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
        let value = remembered(headers, COOKIE);
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

/// What a press of one of the buttons chooses.
#[derive(Deserialize)]
pub(crate) struct Choice {
    theme: Option<Theme>,
    density: Option<Density>,
    #[serde(default)]
    back: String,
}

/// Remembers a choice and goes back to where it was made.
pub(crate) async fn choose(State(app): State<Arc<App>>, Form(choice): Form<Choice>) -> Response {
    let theme = choice.theme.map(|theme| (COOKIE, theme.slug()));
    let density = choice.density.map(|density| (Density::COOKIE, density.slug()));
    let remember = |(name, value): (&'static str, &'static str)| {
        let cookie = Cookie::build((name, value))
            .path("/")
            .same_site(SameSite::Lax)
            .secure(app.https_outside)
            .http_only(true)
            .max_age(Duration::days(400));
        (header::SET_COOKIE, cookie.to_string())
    };
    let back = Redirect::to(&place::inside(&app.base, &choice.back));
    (AppendHeaders([theme, density].into_iter().flatten().map(remember)), back).into_response()
}

/// What the cookie of this name says; empty without one.
pub(crate) fn remembered(headers: &HeaderMap, name: &str) -> String {
    let found = Cookie::split_parse(cookies(headers)).flatten().find(|cookie| cookie.name() == name);
    found.map(|cookie| cookie.value().to_owned()).unwrap_or_default()
}
