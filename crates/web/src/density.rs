//! How close the rows of lists stand.

use axum::http::HeaderMap;
use serde::Deserialize;

use crate::theme::remembered;

/// The distance of rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Density {
    /// Quick to scan, easy to hit.
    #[default]
    Comfortable,
    /// A third more rows on a screen.
    Compact,
}

impl Density {
    pub(crate) const ALL: [Density; 2] = [Density::Comfortable, Density::Compact];
    pub(super) const COOKIE: &str = "fanlight-density";

    /// The choice that a request's cookies bring.
    pub(crate) fn chosen(headers: &HeaderMap) -> Self {
        let value = remembered(headers, Self::COOKIE);
        Density::ALL.into_iter().find(|density| density.slug() == value).unwrap_or_default()
    }

    /// The word in cookies, forms and style.
    pub(crate) fn slug(self) -> &'static str {
        match self {
            Density::Comfortable => "comfortable",
            Density::Compact => "compact",
        }
    }

    /// The word for people.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Density::Comfortable => "Comfortable",
            Density::Compact => "Compact",
        }
    }
}
