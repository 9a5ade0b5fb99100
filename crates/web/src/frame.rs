use std::time::SystemTime;

use axum::http::{HeaderMap, Uri};
use fanlight_identity::{Method, Session};

use crate::{
    App,
    assets::Assets,
    density::Density,
    due::Due,
    place,
    rail::{self, Way},
    theme::Theme,
    when,
};

/// This program's own version.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// What surrounds the content of every page.
#[derive(Debug, Clone)]
pub(crate) struct Frame {
    pub(crate) assets: Assets,
    /// The route prefix.
    pub(crate) base: String,
    pub(crate) theme: Theme,
    pub(crate) themes: [Theme; 3],
    pub(crate) density: Density,
    /// The distances to choose from.
    pub(crate) densities: [Density; 2],
    /// The ways to other pages.
    pub(crate) ways: Vec<Way>,
    /// The path of the way that leads here, or to the list that this belongs to; empty for none.
    pub(crate) way: &'static str,
    /// Path and query of the page, to come back to.
    pub(crate) here: String,
    /// What is said of the cluster.
    pub(crate) cluster: String,
    /// Who is signed in; empty for nobody.
    pub(crate) user: String,
    /// Set for the emergency user.
    pub(crate) emergency: Option<Ends>,
    /// Whether everybody is this user, without signing in.
    pub(crate) open: bool,
    /// Whether there is a session to sign out of.
    pub(crate) leaves: bool,
    /// When the provider has to confirm who this is.
    pub(crate) due: Option<Due>,
}

/// When a session begins or ends, for machines and for people.
#[derive(Debug, Clone)]
pub(crate) struct Ends {
    pub(crate) timestamp: String,
    pub(crate) clock: String,
}

impl Ends {
    pub(crate) fn at(time: SystemTime, now: SystemTime) -> Self {
        Self { timestamp: when::timestamp(time), clock: when::day_and_clock(time, now) }
    }
}

impl Frame {
    /// The frame of a page for somebody who is signed in.
    pub(crate) fn of(app: &App, session: &Session, headers: &HeaderMap, uri: &Uri) -> Self {
        let now = (app.clock)();
        let ends = Ends::at(session.ends, now);
        Self {
            user: session.identity.user().to_string(),
            due: Due::of(session, now),
            emergency: (session.method == Method::Emergency).then_some(ends),
            open: session.method == Method::Anonymous,
            leaves: session.method.is_session(),
            ..Self::outside(app, headers, uri)
        }
    }

    /// The same, with the way that leads here.
    pub(crate) fn at(self, way: &'static str) -> Self {
        Self { way, ..self }
    }

    /// The same for what a stream sends: it leads back to the page.
    pub(crate) fn of_page(self) -> Self {
        Self { here: place::page_of_stream(&self.here), ..self }
    }

    /// The frame of a page for nobody in particular.
    pub(crate) fn outside(app: &App, headers: &HeaderMap, uri: &Uri) -> Self {
        let version = app.kubernetes.version.borrow().clone();
        Self {
            assets: Assets::under(&app.base),
            base: app.base.clone(),
            theme: Theme::chosen(headers),
            themes: Theme::ALL,
            density: Density::chosen(headers),
            densities: Density::ALL,
            ways: rail::ways(app.live.installed().as_deref()),
            way: "",
            here: place::here(&app.base, uri),
            cluster: version
                .map_or_else(|| "Kubernetes does not answer".to_owned(), |version| format!("Kubernetes {version}")),
            user: String::new(),
            emergency: None,
            open: false,
            leaves: false,
            due: None,
        }
    }
}

#[cfg(test)]
impl Frame {
    /// A frame that is always the same.
    pub(crate) fn specimen() -> Self {
        let [css, script, icons] = ["css", "js", "svg"].map(|end| format!("/assets/file.{end}"));
        Self {
            assets: Assets { css, script, icons },
            base: String::new(),
            theme: Theme::System,
            themes: Theme::ALL,
            density: Density::Comfortable,
            densities: Density::ALL,
            ways: rail::ways(None),
            way: "applications",
            here: "/styleguide".to_owned(),
            cluster: "Kubernetes v1.36.3".to_owned(),
            user: "ada@example.com".to_owned(),
            emergency: None,
            open: false,
            leaves: true,
            due: None,
        }
    }
}
