//! Kubernetes Events about objects of Flux: what happened lately, and what happens.

mod empty;
mod facets;
mod happened;
mod places;
mod row;
mod specimens;
mod view;

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::State,
    http::{HeaderMap, StatusCode, Uri},
    response::{IntoResponse, Response},
};
use fanlight_model::{EventFilter, ObjectKey, happenings};

use super::list::Part;
use crate::{
    App,
    audit::{Event, Page, Seen, Stay, Who},
    frame::Frame,
    place,
    request::Origin,
    signed::{Signed, seen, sign_in_first},
    stream,
};
use empty::Empty;
use facets::Facets;
use happened::Happened;
use places::Places;
use row::EventRow;
pub(super) use specimens::specimens;
use view::EventsView;

/// How many Events the page shows.
const SHOWN: usize = 100;

/// The page. The stream sends its blocks anew as they change, and rows one by one.
#[derive(Template)]
#[template(path = "events.html", blocks = ["note", "strip", "filters", "table", "empty"])]
struct EventsPage<'a> {
    frame: &'a Frame,
    /// The address of the page itself, without a question.
    address: String,
    /// The address of the page's event stream.
    events: String,
    name: &'a str,
    hidden: Vec<(&'static str, String)>,
    /// What there is to say of what is missing.
    notes: Vec<String>,
    /// The parts of the strip: warnings, and others.
    strip: [Part; 2],
    facets: Facets,
    /// What shows the same in a terminal.
    command: String,
    order: String,
    /// How many are shown, if there are more.
    shown_of_more: Option<usize>,
    rows: Vec<EventRow<'a>>,
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
    let frame = Frame::of(&app, &session, &headers, &uri).at("events");
    let filter = filter(&uri);
    let places = Places::find(&app, &session, &filter).await;
    let happened = Happened::read(&app, &session.identity, &filter, places).await;
    let now = (app.clock)();
    let mut page = EventsPage::new(&frame, &filter, &happened, session.identity.user().as_str());
    page.rows = happened.shown(&filter).map(|event| EventRow::of(event, &frame, now)).collect();
    let response = super::html(StatusCode::OK, &page);
    let view = Event::View { page: Page::Events, seen: Seen::events(happened.places()), outcome: happened.outcome() };
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
    let frame = Frame::of(&app, &session, &headers, &uri).at("events");
    let filter = filter(&uri);
    let view = EventsView::open(&app, &session, frame, filter).await;
    let stay = Stay::begin(&app.audit, origin, Who::signed(&session), Page::Events, Seen::events(view.places()));
    stream::open(app, session, view, stay)
}

fn filter(uri: &Uri) -> EventFilter {
    let pairs = place::asked(uri);
    EventFilter::from_pairs(pairs.iter().map(|(name, value)| (&**name, &**value)))
}

impl<'a> EventsPage<'a> {
    /// Everything but the rows.
    fn new(frame: &'a Frame, filter: &'a EventFilter, happened: &Happened, user: &str) -> Self {
        let to = |filter: &EventFilter| address(&frame.base, "events", filter);
        let order: Vec<_> = happened.shown(filter).map(|event| &*event.id).collect();
        Self {
            frame,
            address: format!("{}/events", frame.base),
            events: address(&frame.base, "events/events", filter),
            name: &filter.name,
            hidden: filter.pairs().into_iter().filter(|(name, _)| *name != "name").collect(),
            notes: happened.notes(),
            strip: facets::strip(filter, happened, &to),
            facets: Facets::of(filter, happened, &to),
            command: happenings(filter),
            order: order.join(" "),
            shown_of_more: happened.shown_of_more(filter),
            rows: Vec::new(),
            empty: Empty::why(filter, happened, user),
        }
    }
}

/// The address of what a filter leaves over.
fn address(base: &str, path: &str, filter: &EventFilter) -> String {
    place::asking(base, path, filter.pairs())
}

/// The address of the page with the Events about one object.
pub(super) fn about(base: &str, key: &ObjectKey) -> String {
    let filter = EventFilter {
        kinds: vec![key.kind],
        namespaces: vec![key.namespace.to_string()],
        name: key.name.to_string(),
        ..EventFilter::default()
    };
    address(base, "events", &filter)
}
