//! The Applications page: Kustomizations and HelmReleases together.

mod empty;
mod parts;

use std::{sync::Arc, time::SystemTime};

use askama::Template;
use axum::{
    extract::{RawQuery, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use fanlight_identity::Session;
use fanlight_live::{Freshness, List};
use fanlight_model::{Kind, Query, Sort};
use url::form_urlencoded;

use crate::{
    App,
    assets::Assets,
    signed::{Signed, cookies, visitor},
};
use empty::Empty;
use parts::{Head, Link, Menu, Part, RowView};

/// The page; its block `list` is what the stream sends.
#[derive(Template)]
#[template(path = "applications.html", blocks = ["list"])]
pub(crate) struct Applications {
    assets: Assets,
    base: String,
    cluster: String,
    user: String,
    ends: String,
    ends_clock: String,
    words: String,
    hidden: Vec<(&'static str, String)>,
    note: Option<String>,
    strip: Vec<Part>,
    menus: Vec<Menu>,
    chips: Vec<Link>,
    heads: Vec<Head>,
    rows: Vec<RowView>,
    empty: Option<Empty>,
    previous: Option<String>,
    next: Option<String>,
    list: List,
}

/// Shows the page.
pub(crate) async fn show(
    State(app): State<Arc<App>>,
    RawQuery(raw): RawQuery,
    headers: HeaderMap,
    Signed(session): Signed,
) -> Response {
    let Some(session) = session else {
        let here = format!("{}/applications?{}", app.base, raw.unwrap_or_default());
        let wanted: String = form_urlencoded::byte_serialize(here.as_bytes()).collect();
        return Redirect::to(&format!("{}/sign_in?redirect={wanted}", app.base)).into_response();
    };
    let query = query(raw.as_deref());
    let list = app.live.visit(&visitor(&app, &session), &Kind::APPLICATIONS).await.list(&query);
    let page = Applications::new(&app, &session, &query, list);
    let response = super::html(StatusCode::OK, &page);
    match app.sessions.touch(&cookies(&headers), &session, (app.clock)()) {
        Some(mark) => ([(header::SET_COOKIE, mark)], response).into_response(),
        None => response,
    }
}

/// The question that a URL asks.
pub(crate) fn query(raw: Option<&str>) -> Query {
    let pairs: Vec<_> = form_urlencoded::parse(raw.unwrap_or_default().as_bytes()).collect();
    Query::from_pairs(pairs.iter().map(|(name, value)| (&**name, &**value)))
}

impl Applications {
    pub(crate) fn new(app: &App, session: &Session, query: &Query, list: List) -> Self {
        let to = |query: &Query| parts::address(&app.base, query);
        let turned = |page: usize| to(&Query { page, ..query.clone() });
        let ends = parts::timestamp(session.ends);
        let version = app.kubernetes.version.borrow().clone();
        Self {
            assets: Assets::under(&app.base),
            base: app.base.clone(),
            cluster: version
                .map_or_else(|| "Kubernetes does not answer".to_owned(), |version| format!("Kubernetes {version}")),
            user: session.identity.user().to_string(),
            ends_clock: ends.get(11..16).unwrap_or_default().to_owned(),
            ends,
            words: query.words.join(" "),
            hidden: query.pairs().into_iter().filter(|(name, _)| !matches!(*name, "search" | "page")).collect(),
            note: note(list.freshness, (app.clock)()),
            strip: parts::strip(query, &list, &to),
            menus: parts::menus(query, &list, &to),
            chips: parts::chips(query, &to),
            heads: parts::heads(query, &to),
            rows: list.rows.iter().map(|row| RowView::new(row, (app.clock)())).collect(),
            empty: Empty::why(query, &list, &session.identity),
            previous: (list.page > 0).then(|| turned(list.page - 1)),
            next: (list.page + 1 < list.pages).then(|| turned(list.page + 1)),
            list,
        }
    }

    /// The part that the stream sends.
    pub(crate) fn fragment(&self) -> String {
        self.as_list().render().unwrap_or_default()
    }
}

fn note(freshness: Freshness, now: SystemTime) -> Option<String> {
    match freshness {
        Freshness::Current => None,
        Freshness::Loading { ready, of } => Some(format!("Still loading: {ready} of {of} lists are read.")),
        Freshness::Stale { age } => {
            let clock = parts::timestamp(now - age);
            let clock = clock.get(11..19).unwrap_or_default();
            Some(format!("As of {clock} UTC: the API server does not answer."))
        }
    }
}

const SORTS: [(Sort, &str, &str); 4] = [
    (Sort::Status, "Status", "status"),
    (Sort::Name, "Name", "name"),
    (Sort::Kind, "Kind", "kind"),
    (Sort::Since, "Since", "age"),
];
