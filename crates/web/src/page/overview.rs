//! The page that a visit begins with: how the cluster is, in one sentence and a few lines.

mod breadth;
mod controllers;
mod counted;
mod line;
mod sentence;
mod specimens;
mod sync;
mod view;

use std::{sync::Arc, time::SystemTime};

use askama::Template;
use axum::{
    extract::State,
    http::{HeaderMap, StatusCode, Uri},
    response::{IntoResponse, Redirect, Response},
};
use fanlight_live::{Sight, Summary, Visit};
use fanlight_model::{Identity, ObjectKey, Row};

use super::list::Note;
use crate::{
    App,
    audit::{Event, Outcome, Page, Seen, Stay, Who},
    frame::Frame,
    page::aside::{Around, Aside, Asides},
    place,
    request::Origin,
    signed::{Signed, seen, sign_in_first},
    stream,
};
pub(in crate::page) use breadth::Breadth;
use controllers::Controllers;
use counted::{KindCounts, Rest};
use line::Line;
use sentence::Sentence;
pub(super) use specimens::specimens;
use sync::Sync;
use view::OverviewView;

/// How many objects each part of the page names.
const MOST: usize = 8;

/// The page. The stream sends its blocks anew as they change.
#[derive(Template)]
#[template(path = "overview.html", blocks = ["note", "lead", "failing", "sync", "controllers", "counts", "latest"])]
struct Overview<'a> {
    frame: &'a Frame,
    /// The address of the page's event stream.
    events: String,
    note: Option<Note>,
    sentence: Sentence,
    failing: Vec<Line>,
    /// What fails beyond those, list by list.
    rest: Rest,
    roots: Vec<Sync>,
    /// How many more look like one.
    more_roots: usize,
    /// Why there is no root.
    no_root: &'static str,
    controllers: &'a Controllers,
    counts: Vec<KindCounts>,
    /// Lists of kinds that are not counted here.
    elsewhere: Vec<(&'static str, String)>,
    latest: Vec<Line>,
}

/// Shows the page.
pub(crate) async fn show(
    State(app): State<Arc<App>>,
    uri: Uri,
    headers: HeaderMap,
    Signed(session): Signed,
    origin: Origin,
) -> Response {
    let Some(session) = session else { return sign_in_first(&app, &headers, &place::here(&app.base, &uri)) };
    let frame = Frame::of(&app, &session, &headers, &uri).at("overview");
    let (breadth, controllers) =
        tokio::join!(Breadth::find(&app, &session), app.lately.controllers(&*app.objects, &session.identity));
    let (breadth, mut visit) = breadth;
    let summary = visit.summary(MOST);
    let controllers = Controllers::of(controllers.as_deref());
    let now = Some((app.clock)());
    let asides = asides(&app, &session.identity, &summary, &visit).all;
    let page = Overview::new(&frame, (breadth, &summary, &asides), &visit, &controllers, now);
    let response = super::html(StatusCode::OK, &page);
    let view = Event::View { page: Page::Overview, seen: Seen::rows(&visit), outcome: Outcome::Done };
    app.audit.note(origin, &Who::signed(&session), &view);
    seen(&app, &headers, &session, response)
}

/// Keeps the page current.
pub(crate) async fn events(
    State(app): State<Arc<App>>,
    uri: Uri,
    headers: HeaderMap,
    Signed(session): Signed,
    origin: Origin,
) -> Response {
    let Some(session) = session else { return StatusCode::UNAUTHORIZED.into_response() };
    let frame = Frame::of(&app, &session, &headers, &uri).at("overview");
    let (breadth, visit) = Breadth::find(&app, &session).await;
    let stay = Stay::begin(&app.audit, origin, Who::signed(&session), Page::Overview, Seen::rows(&visit));
    let view = OverviewView::new(Arc::clone(&app), session.clone(), frame, breadth, visit);
    stream::open(app, session, view, stay)
}

/// The page has one address.
pub(crate) async fn moved(State(app): State<Arc<App>>) -> Response {
    Redirect::to(&place::home(&app.base)).into_response()
}

/// What is said of what fails besides what is in its rows.
fn asides(app: &App, who: &Identity, summary: &Summary, visit: &Visit) -> Asides {
    let find = |keys: &[ObjectKey]| visit.rows(keys);
    Around { lines: &app.causes.lines, who, find: &find, vouches: false }.of(&summary.failing)
}

impl<'a> Overview<'a> {
    /// The page at `now`; without it, ages are left to the browser. The asides are of what fails.
    fn new(
        frame: &'a Frame,
        (breadth, summary, asides): (Breadth, &Summary, &[Aside]),
        visit: &Visit,
        controllers: &'a Controllers,
        now: Option<SystemTime>,
    ) -> Self {
        let source = |row: &Row| visit.row(&row.source.as_ref()?.key());
        let roots = summary.roots.iter().map(|row| Sync::of(row, source(row).as_deref(), frame, now)).collect();
        Self { roots, ..Self::without_roots(frame, (breadth, summary, asides), controllers, now) }
    }

    fn without_roots(
        frame: &'a Frame,
        (breadth, summary, asides): (Breadth, &Summary, &[Aside]),
        controllers: &'a Controllers,
        now: Option<SystemTime>,
    ) -> Self {
        let line = |row: &Arc<Row>| Line::of(row, frame, now);
        let sees_all = summary.sights.iter().all(|(_, sight)| matches!(sight, Sight::Everywhere | Sight::NotInstalled));
        Self {
            frame,
            events: format!("{}/overview/events", frame.base),
            note: now.and_then(|now| Note::of(summary.freshness, now)),
            sentence: Sentence::of(summary, breadth),
            failing: summary
                .failing
                .iter()
                .zip(asides)
                .map(|(row, aside)| Line::with(row, aside, frame, now))
                .collect(),
            rest: Rest::of(summary, frame),
            roots: Vec::new(),
            more_roots: summary.more_roots,
            no_root: if sees_all {
                "No Kustomization here applies itself, and none was made by a FluxInstance: where what is in Git begins cannot be told."
            } else {
                "The Kustomization that applies itself is not among what you may see."
            },
            controllers,
            counts: KindCounts::all(summary, frame),
            elsewhere: breadth.elsewhere(frame),
            latest: summary.latest.iter().map(line).collect(),
        }
    }
}
