//! The pages that list objects: one code, and a table of which page shows what.

mod beside;
mod column;
mod empty;
mod filters;
mod list_page;
mod note;
pub(crate) mod preview;
mod row;
mod search;
mod specimens;
mod view;

use std::{sync::Arc, time::SystemTime};

use askama::Template;
use axum::{
    extract::{FromRequestParts, State},
    http::{HeaderMap, StatusCode, Uri, request::Parts},
    response::{IntoResponse, Redirect, Response},
};
use fanlight_identity::Session;
use fanlight_live::{List, Visit};
use fanlight_model::{Abilities, Identity, Kind, ObjectKey, Query, Row};
use url::form_urlencoded;

use crate::{
    App,
    audit::{Event, Outcome, Page, Seen, Stay, Who},
    frame::Frame,
    page::aside::{Around, Asides},
    place, refusal,
    request::Origin,
    signed::{Signed, seen, sign_in_first, visitor},
    stream,
};
use beside::Beside;
use empty::Empty;
pub(crate) use filters::{Head, Link, Menu, Part, address, toggle};
pub(crate) use list_page::ListPage;
pub(super) use note::Note;
use row::RowView;
pub(super) use specimens::specimens;
use view::ListView;

/// A page. The stream sends its blocks anew as they change, and rows one by one.
#[derive(Template)]
#[template(path = "list.html", blocks = ["count", "note", "strip", "filters", "table", "empty", "pages", "bar"])]
struct Listed<'a> {
    page: &'static ListPage,
    frame: &'a Frame,
    /// The address of the page itself, without a question.
    address: String,
    /// The address of the page's event stream.
    events: String,
    tabs: Vec<Link>,
    words: String,
    hidden: Vec<(&'static str, String)>,
    note: Option<Note>,
    /// What was not searched.
    unsearched: Vec<String>,
    /// Whether there is a question, or the page only says what could be asked.
    asks: bool,
    /// What was found, by kind.
    groups: Vec<Link>,
    strip: Vec<Part>,
    menus: Vec<Menu>,
    chips: Vec<Link>,
    /// What shows the same in a terminal; empty for nothing.
    command: String,
    heads: Vec<Head>,
    order: String,
    rows: Vec<RowView<'a>>,
    empty: Option<Empty>,
    previous: Option<String>,
    next: Option<String>,
    can: Abilities,
    /// Why nothing here can be changed; empty if something can, or might.
    forbidden: String,
    /// Beginnings of the names of objects that cannot be changed, each with what they have in common.
    refusals: Vec<(String, String)>,
    list: &'a List,
}

/// Which of the lists a request asks for.
pub(crate) struct Which(&'static ListPage);

impl<S: Sync> FromRequestParts<S> for Which {
    type Rejection = StatusCode;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, StatusCode> {
        let path = parts.uri.path().trim_start_matches('/');
        let page = ListPage::by_path(path.strip_suffix("/events").or(path.strip_suffix("/act")).unwrap_or(path));
        page.map(Self).ok_or(StatusCode::NOT_FOUND)
    }
}

/// Leads from the address of pages that are views of one to the first of them; what is asked there is asked here.
pub(crate) async fn first_tab(State(app): State<Arc<App>>, uri: Uri) -> Response {
    let path = uri.path().trim_matches('/');
    let first = ListPage::all().iter().find(|page| page.path.split_once('/').is_some_and(|(start, _)| start == path));
    let path = first.map_or("applications", |page| page.path);
    let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    Redirect::to(&format!("{}/{path}{query}", app.base)).into_response()
}

/// Shows a page.
pub(crate) async fn show(
    State(app): State<Arc<App>>,
    Which(page): Which,
    uri: Uri,
    headers: HeaderMap,
    Signed(session): Signed,
    origin: Origin,
) -> Response {
    let Some(session) = session else { return sign_in_first(&app, &headers, &place::here(&app.base, &uri)) };
    let Opened { frame, query, mut visit, beside } = Opened::of(&app, page, &session, &headers, &uri).await;
    let list = visit.list(&query);
    let now = (app.clock)();
    let asides = asides(&app, &session.identity, page, &list.rows, &visit, &beside).all;
    let rows = list.rows.iter().zip(&asides).map(|(row, aside)| RowView::new(page, row, aside, &frame, now)).collect();
    let listed = Listed { rows, ..Listed::new(page, &frame, &session.identity, &query, &list, now) };
    let response = super::html(StatusCode::OK, &listed);
    let (page, outcome) = (Page::List(page.path), Outcome::Done);
    let seen_of = beside.seen(Seen::rows(&visit));
    app.audit.note(origin, &Who::signed(&session), &Event::View { page, seen: seen_of, outcome });
    seen(&app, &headers, &session, response)
}

/// Keeps a page current.
pub(crate) async fn events(
    State(app): State<Arc<App>>,
    Which(page): Which,
    uri: Uri,
    headers: HeaderMap,
    Signed(session): Signed,
    origin: Origin,
) -> Response {
    let Some(session) = session else { return StatusCode::UNAUTHORIZED.into_response() };
    let mut opened = Opened::of(&app, page, &session, &headers, &uri).await;
    opened.frame = opened.frame.of_page();
    let seen = opened.beside.seen(Seen::rows(&opened.visit));
    let stay = Stay::begin(&app.audit, origin, Who::signed(&session), Page::List(page.path), seen);
    let view = ListView::new(Arc::clone(&app), session.clone(), page, opened);
    stream::open(app, session, view, stay)
}

/// What page and stream begin with.
struct Opened {
    frame: Frame,
    query: Query,
    visit: Visit,
    beside: Beside,
}

/// The frame, the question that the URL asks, the view of what there is.
async fn open(
    app: &App,
    page: &'static ListPage,
    session: &Session,
    headers: &HeaderMap,
    uri: &Uri,
) -> (Frame, Query, Visit) {
    let pairs: Vec<_> = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()).collect();
    let query = Query::from_pairs(pairs.iter().map(|(name, value)| (&**name, &**value)));
    let visit = app.live.visit(&visitor(app, session), &page.kinds_for(&query)).await;
    (Frame::of(app, session, headers, uri).at(page.place), query, visit)
}

impl Opened {
    async fn of(app: &App, page: &'static ListPage, session: &Session, headers: &HeaderMap, uri: &Uri) -> Self {
        let (frame, query, visit) = open(app, page, session, headers, uri).await;
        let beside = Beside::open(app, session, page, &visit.sights()).await;
        Self { frame, query, visit, beside }
    }
}

/// What is said of each row besides what is in it.
fn asides(app: &App, who: &Identity, page: &ListPage, rows: &[Arc<Row>], visit: &Visit, beside: &Beside) -> Asides {
    let find = |keys: &[ObjectKey]| {
        let mut found = visit.rows(keys);
        found.append(&mut beside.rows(keys));
        found
    };
    let vouches = page.columns.iter().any(|column| column.tells_source());
    Around { lines: &app.causes.lines, who, find: &find, vouches }.of(rows)
}

impl<'a> Listed<'a> {
    /// Everything but the rows.
    fn new(
        page: &'static ListPage,
        frame: &'a Frame,
        viewer: &Identity,
        query: &Query,
        list: &'a List,
        now: SystemTime,
    ) -> Self {
        let to = |query: &Query| filters::address(&frame.base, page.path, query);
        let turned = |number: usize| to(&Query { page: number, ..query.clone() });
        let tab = |(path, word): &(&str, &str)| Link {
            word: (*word).to_owned(),
            count: None,
            link: format!("{}/{path}", frame.base),
            chosen: *path == page.path,
        };
        let asks = !page.is_search() || query.is_filtered();
        let forbidden = forbidden(list);
        let offers = asks && forbidden.is_empty();
        let acts = if offers { preview::menu(&frame.base, page, query, list) } else { None };
        Self {
            page,
            frame,
            asks,
            unsearched: if page.is_search() && asks { search::unsearched(list) } else { Vec::new() },
            groups: if page.is_search() { search::groups(query, list, &to) } else { Vec::new() },
            address: format!("{}/{}", frame.base, page.path),
            events: filters::address(&frame.base, &format!("{}/events", page.path), query),
            tabs: page.tabs.iter().map(tab).collect(),
            words: query.words.join(" "),
            hidden: query.pairs().into_iter().filter(filters::is_hidden).collect(),
            note: Note::of(list.freshness, now),
            strip: filters::strip(query, list, &to),
            menus: if asks {
                filters::menus(page, query, list, &to).into_iter().chain(acts).collect()
            } else {
                Vec::new()
            },
            chips: filters::chips(query, &to),
            command: filters::command(page, query, list),
            heads: filters::heads(page, query, &to),
            order: order(list),
            rows: Vec::new(),
            empty: if asks { Empty::why(page, query, list, viewer) } else { None },
            previous: (list.page > 0).then(|| turned(list.page - 1)),
            next: (list.page + 1 < list.pages).then(|| turned(list.page + 1)),
            can: Abilities::of_any(page.kinds),
            forbidden,
            refusals: list.fixed.iter().map(|(kind, namespace)| refusal_of(*kind, namespace)).collect(),
            list,
        }
    }
}

/// The keys of the rows, as the table says in which order they are.
fn order(list: &List) -> String {
    let keys: Vec<_> = list.rows.iter().map(|row| row.key.to_string()).collect();
    keys.join(" ")
}

/// Why none of the rows can be changed.
fn forbidden(list: &List) -> String {
    let is_fixed = |key: &ObjectKey| list.fixed.iter().any(|(kind, ns)| *kind == key.kind && *ns == key.namespace);
    let all = list.rows.iter().all(|row| is_fixed(&row.key));
    let places = list.fixed.iter().map(|(kind, namespace)| (*kind, &**namespace));
    if all { refusal::patch_any(places) } else { String::new() }
}

fn refusal_of(kind: Kind, namespace: &str) -> (String, String) {
    (format!("{kind}/{namespace}"), refusal::place(kind, namespace))
}
