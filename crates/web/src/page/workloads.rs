//! What runs of all that Flux applies: the list.
//!
//! There are no rows of it and no feeds. Whoever looks reads it in their own name, again every few seconds while the page
//! is open.

pub(crate) mod details;
mod empty;
mod facets;
mod notes;
mod reading;
mod row;
mod specimens;
mod view;

use std::{collections::BTreeSet, sync::Arc, time::SystemTime};

use askama::Template;
use axum::{
    extract::State,
    http::{HeaderMap, StatusCode, Uri},
    response::{IntoResponse, Response},
};
use fanlight_model::{Workload, WorkloadFilter, WorkloadKind, WorkloadPlace, Workloads};

use super::list::{Head, Link, Menu, Part};
use crate::{
    App, ObjectError,
    audit::{Event, Outcome, Page, Seen, Stay, Who},
    frame::Frame,
    place,
    request::Origin,
    signed::{Signed, rowless_visit, seen, sign_in_first},
    stream,
};
use empty::Empty;
use notes::Note;
use reading::Learnt;
use row::WorkloadRow;
pub(super) use specimens::specimens;
use view::WorkloadsView;

/// The rail's way that leads here.
pub(super) const WAY: &str = "workloads";
/// How many workloads the page shows.
const SHOWN: usize = 200;

/// What was found, or why nothing was.
type Found = Result<Arc<Workloads>, ObjectError>;

/// The page. The stream sends its blocks anew as they change, and rows one by one.
#[derive(Template)]
#[template(path = "workloads.html", blocks = ["count", "note", "strip", "filters", "table", "empty"])]
struct WorkloadsPage<'a> {
    frame: &'a Frame,
    /// The address of the page itself, without a question.
    address: String,
    /// The address of the page's event stream.
    events: String,
    words: String,
    hidden: Vec<(&'static str, String)>,
    /// How many there are, and in how many namespaces.
    count: (usize, usize),
    notes: Vec<Note>,
    strip: Vec<Part>,
    menus: Vec<Menu>,
    chips: Vec<Link>,
    heads: Vec<Head>,
    order: String,
    /// How many are shown, if there are more.
    shown_of_more: Option<usize>,
    rows: Vec<WorkloadRow>,
    empty: Option<Empty>,
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
    let frame = Frame::of(&app, &session, &headers, &uri).at(WAY);
    let filter = filter(&uri);
    let found = reading::lately(&app, &session, &filter, &mut Learnt::default()).await;
    let page = WorkloadsPage::new(&frame, &filter, &found, (app.clock)());
    let response = super::html(StatusCode::OK, &page);
    let shown = found.iter().flat_map(|found| found.rows.keys()).map(|key| &*key.namespace);
    let view = Event::View { page: Page::Workloads, seen: Seen::workloads(shown), outcome: outcome(&found) };
    app.audit.note(origin, &Who::signed(&session), &view);
    seen(&app, &headers, &session, response)
}

/// Keeps the page current.
pub(crate) async fn follow(
    State(app): State<Arc<App>>,
    uri: Uri,
    headers: HeaderMap,
    Signed(session): Signed,
    origin: Origin,
) -> Response {
    let Some(session) = session else { return StatusCode::UNAUTHORIZED.into_response() };
    let visit = rowless_visit(&app, &session).await;
    let frame = Frame::of(&app, &session, &headers, &uri).at(WAY);
    let stay = Stay::begin(&app.audit, origin, Who::signed(&session), Page::Workloads, Seen::default());
    let view = WorkloadsView::new(Arc::clone(&app), session.clone(), frame, filter(&uri), visit);
    stream::open(app, session, view, stay)
}

fn filter(uri: &Uri) -> WorkloadFilter {
    let pairs = place::asked(uri);
    WorkloadFilter::from_pairs(pairs.iter().map(|(name, value)| (&**name, &**value)))
}

fn outcome(found: &Found) -> Outcome {
    match found {
        Ok(found) if found.rows.is_empty() && !found.refused.is_empty() => Outcome::Refused,
        other => Outcome::of_reading(other),
    }
}

impl<'a> WorkloadsPage<'a> {
    fn new(frame: &'a Frame, filter: &WorkloadFilter, found: &Found, now: SystemTime) -> Self {
        let nothing = Workloads::default();
        let workloads = found.as_deref().unwrap_or(&nothing);
        let to = |filter: &WorkloadFilter| address(&frame.base, WAY, filter);
        let all = chosen(filter, workloads);
        let shown = &all[..all.len().min(SHOWN)];
        let order: Vec<_> = shown.iter().map(|row| row.key.to_string()).collect();
        let namespaces = workloads.rows.keys().map(|key| &key.namespace).collect::<BTreeSet<_>>();
        Self {
            frame,
            address: format!("{}/{WAY}", frame.base),
            events: address(&frame.base, "workloads/events", filter),
            words: filter.words.join(" "),
            hidden: filter.pairs().into_iter().filter(|(name, _)| *name != "search").collect(),
            count: (workloads.rows.len(), namespaces.len()),
            notes: notes::notes(frame, found),
            strip: facets::strip(filter, workloads, &to),
            menus: facets::menus(filter, workloads, &to),
            chips: facets::chips(filter, &to),
            heads: facets::heads(filter, &to),
            order: order.join(" "),
            shown_of_more: (all.len() > SHOWN).then_some(SHOWN),
            rows: shown.iter().map(|row| WorkloadRow::of(row, frame, now)).collect(),
            empty: Empty::why(filter, found, shown.is_empty()),
        }
    }
}

/// What a filter leaves over, in its order.
fn chosen<'a>(filter: &WorkloadFilter, workloads: &'a Workloads) -> Vec<&'a Workload> {
    let mut rows: Vec<_> = workloads.rows.values().filter(|row| filter.wants(row)).collect();
    rows.sort_by(|a, b| filter.compare(a, b));
    rows
}

/// The address of what a filter leaves over.
fn address(base: &str, path: &str, filter: &WorkloadFilter) -> String {
    place::asking(base, path, filter.pairs())
}

/// Every kind in one place.
fn every_kind(namespace: Option<&Arc<str>>) -> impl Iterator<Item = WorkloadPlace> {
    WorkloadKind::ALL.into_iter().map(move |kind| WorkloadPlace { kind, namespace: namespace.cloned() })
}
