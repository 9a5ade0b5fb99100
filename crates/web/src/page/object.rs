//! The page of one object.

mod comparison;
mod dependencies;
mod fact;
mod facts;
mod happening;
mod logs;
mod particulars;
mod past;
mod reason;
mod related;
mod seen;
mod shown;
mod specimens;
mod summary;
mod tab;
mod tree;
mod values;
mod view;

use std::{sync::Arc, time::SystemTime};

use askama::Template;
use axum::{
    extract::{FromRequestParts, Path, Query, State},
    http::{HeaderMap, StatusCode, Uri, request::Parts},
    response::{IntoResponse, Redirect, Response},
};
use fanlight_identity::Session;
use fanlight_model::{
    Abilities, Answer, Command, Folds, HelmStorage, Kind, ObjectKey, Obstacle, Target, Version, commands,
    short_revision,
};
use serde::Deserialize;
use url::form_urlencoded;

use super::list::ListPage;
use crate::{
    App, ObjectError,
    audit::{Event, Outcome, Page, Seen, Stay, Who},
    bearer,
    frame::Frame,
    manifest, place, refusal,
    request::Origin,
    signed::{Signed, seen, sign_in_first, visitor},
    status::StatusView,
    stream, when,
};
use comparison::{Comparison, Pair};
use dependencies::Dependencies;
use fact::Fact;
pub(super) use facts::Line;
pub(super) use happening::Happening;
use logs::LogsAsked;
use past::Past;
use reason::Reason;
use related::Relation;
use shown::{More, Shown};
pub(super) use specimens::specimens;
use summary::Summary;
use tab::Tab;
use tree::{Folding, TreeView, folding_query};
use values::Values;
use view::ObjectView;

/// The page. The stream sends its blocks anew as they change.
#[derive(Template)]
#[template(path = "object.html", blocks = ["head", "buttons", "why", "cause", "views", "rest", "needs", "compare", "manifest", "commands"])]
struct ObjectPage<'a> {
    frame: &'a Frame,
    key: &'a ObjectKey,
    object: String,
    list: &'static ListPage,
    tab: Tab,
    tabs: Vec<(Tab, String)>,
    stream: String,
    status: StatusView,
    sentence: &'a str,
    /// The controller's own words, where they say more.
    message: &'a str,
    /// Why it is not ready, where there is something behind it.
    reason: Option<Reason>,
    /// For how long it has been like this: for machines, and as people say it.
    lasts: Option<(String, String)>,
    /// What was last good, in short and in full; empty where that goes without saying.
    good: (String, &'a str),
    next_try: Option<(String, String)>,
    suspension: String,
    suspended: bool,
    /// Who undoes it if it is suspended here; of what is suspended, who takes that back. Empty if nobody does.
    undoing: String,
    can: Abilities,
    /// Why it is not reconciled on request; empty if it is.
    mute: &'static str,
    /// Why the person may not act; empty if they may.
    forbidden: String,
    summary: Summary<'a>,
    conditions: Vec<Line>,
    relations: Vec<Relation>,
    dependencies: Option<Dependencies<'a>>,
    pairs: [(&'static str, &'a [(String, String)]); 3],
    /// What it applied.
    tree: Option<TreeView<'a>>,
    events: Vec<Happening>,
    /// What there is to say of the events, or in their place.
    events_note: String,
    /// Whether Kubernetes does not let the person read them.
    events_refused: bool,
    history: Vec<Past>,
    /// Whether its controller writes down what it did before.
    keeps_history: bool,
    /// What was seen here to change.
    seen_here: Vec<Past>,
    comparison: Option<Comparison>,
    values: Vec<Values>,
    manifest: String,
    /// What Flux's controllers write about it.
    logs: String,
    /// What does in a terminal what the page does.
    commands: Vec<Command>,
}

/// Which object: the parameters that the predecessor's links have.
#[derive(Debug, Deserialize)]
pub(crate) struct Which {
    #[serde(default)]
    name: String,
    #[serde(default)]
    namespace: String,
}

/// The address without a tab leads to the first one.
pub(crate) async fn first_tab(
    State(app): State<Arc<App>>,
    Path(kind): Path<String>,
    Query(which): Query<Which>,
    headers: HeaderMap,
    uri: Uri,
) -> Response {
    match place::kind(&kind).map(|kind| which.key(kind)).and_then(|key| place::object(&app.base, &key, "details")) {
        Some(address) => Redirect::to(&address).into_response(),
        None => super::message::not_found(State(app), headers, uri).await,
    }
}

/// The short address, as somebody types it who knows kind, namespace and name: `/o/ks/apps/shop`.
pub(crate) async fn short(
    State(app): State<Arc<App>>,
    Path(parts): Path<Vec<String>>,
    headers: HeaderMap,
    uri: Uri,
) -> Response {
    let address = match &*parts {
        [kind, namespace, name, tab @ ..] => Kind::by_word(kind).and_then(|kind| {
            let tab = tab.first().map_or(Tab::Details, |tab| Tab::by_slug(kind, tab));
            place::object(&app.base, &ObjectKey::new(kind, namespace.as_str(), name.as_str()), tab.slug())
        }),
        _ => None,
    };
    match address {
        Some(address) => Redirect::to(&address).into_response(),
        None => super::message::not_found(State(app), headers, uri).await,
    }
}

/// Somebody who is signed in asks for a tab of an object.
pub(crate) struct Asked {
    session: Session,
    frame: Frame,
    key: ObjectKey,
    tab: Tab,
    /// Which versions are to be compared.
    pair: Pair,
    folds: Folds,
    logs: LogsAsked,
}

/// Why nothing can be shown.
pub(crate) enum NotAsked {
    /// The address names no kind that has pages.
    NoSuchPage,
    /// Nobody is signed in.
    SignedOut,
    /// What should say who asks does not.
    Refused(bearer::Refused),
}

impl FromRequestParts<Arc<App>> for Asked {
    type Rejection = NotAsked;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, NotAsked> {
        let path = Path::<(String, String)>::from_request_parts(parts, app).await;
        let which = Query::<Which>::from_request_parts(parts, app).await;
        let Query(pair) = Query::<Pair>::from_request_parts(parts, app).await.unwrap_or_default();
        let folding = Query::<Folding>::from_request_parts(parts, app).await;
        let (Ok(Path((kind, tab))), Ok(Query(which)), Ok(Query(folding))) = (path, which, folding) else {
            return Err(NotAsked::NoSuchPage);
        };
        let kind = place::kind(&kind).ok_or(NotAsked::NoSuchPage)?;
        let Signed(session) = Signed::from_request_parts(parts, app).await.map_err(NotAsked::Refused)?;
        let session = session.ok_or(NotAsked::SignedOut)?;
        let frame = Frame::of(app, &session, &parts.headers, &parts.uri).at(ListPage::of(kind).place);
        let (key, tab, folds) = (which.key(kind), Tab::by_slug(kind, &tab), folding.folds());
        let logs = LogsAsked::of(&key, &parts.uri);
        Ok(Self { session, frame, key, tab, pair, folds, logs })
    }
}

impl IntoResponse for NotAsked {
    /// As streams are answered.
    fn into_response(self) -> Response {
        match self {
            NotAsked::NoSuchPage => StatusCode::NOT_FOUND.into_response(),
            NotAsked::SignedOut => StatusCode::UNAUTHORIZED.into_response(),
            NotAsked::Refused(refused) => refused.into_response(),
        }
    }
}

/// Shows a tab.
pub(crate) async fn show(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    uri: Uri,
    origin: Origin,
    asked: Result<Asked, NotAsked>,
) -> Response {
    let Asked { session, frame, key, tab, pair, folds, logs } = match asked {
        Ok(asked) => asked,
        Err(NotAsked::NoSuchPage) => return super::message::not_found(State(app), headers, uri).await,
        Err(refused @ NotAsked::Refused(_)) => return refused.into_response(),
        Err(NotAsked::SignedOut) => return sign_in_first(&app, &headers, &place::here(&app.base, &uri)),
    };
    // What has a tree worth looking at is large, and a tree is as of a moment ago anyway.
    let known = if tab == Tab::Tree { known(&app, &session, &key).await } else { None };
    let shown = Shown::read(&app, &session, &key, (tab, &pair), known).await;
    let news = match tab {
        Tab::Logs if shown.is_ok() => Some(logs.read(&app, &session.identity).await),
        _ => None,
    };
    let mut read = shown.as_ref().map(|shown| shown.logs.to_vec()).unwrap_or_default();
    read.extend(news.iter().filter_map(|news| news.standing.as_ref()).flat_map(super::logs::read));
    let secrets = shown.as_ref().map_or(&[][..], Shown::secrets);
    let seen_of = Seen::object(&key).and_logs(&read).and_secrets(secrets);
    let event = Event::View { page: Page::Object, seen: seen_of, outcome: Outcome::of_reading(&shown) };
    app.audit.note(origin, &Who::signed(&session), &event);
    let response = match shown {
        Ok(shown) => {
            let mut page = ObjectPage::new(&frame, &shown, tab, &folds, (app.clock)());
            if let Some(news) = news {
                (page.logs, page.stream) = (logs.panel(&frame, &key, &news), logs.stream(&frame.base, &key));
            }
            super::html(StatusCode::OK, &page)
        }
        Err(error) => super::message::object_error(&frame, &key, &error, origin.request),
    };
    seen(&app, &headers, &session, response)
}

/// The version of an object that is in sight without waiting for anything.
async fn known(app: &App, session: &Session, key: &ObjectKey) -> Option<Version> {
    let visit = app.live.visit_at_once(&visitor(app, session), &[key.kind]).await;
    visit.row(key).map(|row| row.version)
}

/// Keeps a tab current.
pub(crate) async fn events(State(app): State<Arc<App>>, origin: Origin, mut asked: Asked) -> Response {
    asked.frame = asked.frame.of_page();
    let visit = app.live.visit(&visitor(&app, &asked.session), &[asked.key.kind]).await;
    let session = asked.session.clone();
    let seen = Seen { object: Seen::object(&asked.key).object, ..Seen::rows(&visit) };
    let stay = Stay::begin(&app.audit, origin, Who::signed(&session), Page::Object, seen);
    stream::open(Arc::clone(&app), session, ObjectView::new(app, asked, visit), stay)
}

/// Hands out as text what Flux's controllers write about an object.
pub(crate) async fn log_text(State(app): State<Arc<App>>, origin: Origin, asked: Asked) -> Response {
    let Asked { session, key, logs, .. } = asked;
    let name = format!("{}-{}", key.namespace, key.name);
    super::logs::hand_out(&app, &session, origin, &logs.query, |read| Seen::object(&key).and_logs(read), &name).await
}

impl Which {
    fn key(&self, kind: Kind) -> ObjectKey {
        ObjectKey::new(kind, self.namespace.as_str(), self.name.as_str())
    }
}

impl<'a> ObjectPage<'a> {
    fn new(frame: &'a Frame, shown: &'a Shown, tab: Tab, folds: &Folds, now: SystemTime) -> Self {
        let details = &shown.details;
        let row = &details.row;
        let key = &row.key;
        let address = |tab: Tab| place::object(&frame.base, key, tab.slug()).unwrap_or_default();
        let next_try = row.next_try.and_then(when::moment).filter(|time| *time > now);
        // Where Kubernetes has not said, trying asks it again.
        let forbidden = match shown.may_change {
            Answer::Yes | Answer::Unknown => String::new(),
            Answer::No => refusal::patch(key.kind, &key.namespace),
        };
        let target = Target::new(key, &shown.object);
        let undoing = target.suspension_undoing().or_else(|| target.undoing());
        let mute = match target.obstacle() {
            Some(Obstacle::Mute(why)) => why,
            _ => "",
        };
        let (events, events_note) = Happening::all(&shown.more, now);
        Self {
            frame,
            key,
            object: key.to_string(),
            list: ListPage::of(key.kind),
            tab,
            tabs: Tab::of(key.kind).map(|tab| (tab, address(tab))).collect(),
            stream: address(tab).replacen('?', "/events?", 1) + &shown.wish() + &folding_query(folds),
            status: StatusView::of(row.state),
            sentence: &row.sentence,
            message: &row.message,
            reason: shown.explanation.as_deref().map(|why| Reason::new(frame, why, now)),
            lasts: when::since(row.since, now),
            good: (short_revision(facts::last_good(details)), facts::last_good(details)),
            next_try: next_try.map(|time| (when::timestamp(time), when::clock_with_seconds(time))),
            suspension: facts::suspension(details),
            suspended: row.state == fanlight_model::State::Suspended,
            undoing: undoing.map(|undoing| undoing.to_string()).unwrap_or_default(),
            can: Abilities::of(key.kind),
            mute,
            forbidden,
            summary: if tab == Tab::Details { Summary::of(frame, shown, now) } else { Summary::default() },
            conditions: details.conditions.iter().map(|entry| Line::of(entry, now)).collect(),
            relations: Relation::all(frame, shown),
            dependencies: Dependencies::of(frame, shown, now),
            pairs: [
                ("Labels", &details.labels),
                ("Annotations", &details.annotations),
                ("Artifact’s metadata", &details.artifact_metadata),
            ],
            tree: match &shown.more {
                More::Tree(tree) => Some(TreeView::new(frame, key, tree, folds)),
                _ => None,
            },
            events,
            events_note,
            events_refused: matches!(shown.more, More::Events(Err(ObjectError::Forbidden(_)))),
            history: if tab == Tab::History { Past::all(&details.history, now) } else { Vec::new() },
            keeps_history: Tab::keeps_history(key.kind),
            seen_here: if tab == Tab::History {
                seen::seen(&shown.around.seen, details.created, now)
            } else {
                Vec::new()
            },
            comparison: Comparison::of(frame, shown, now),
            values: if tab == Tab::Values { Values::all(shown) } else { Vec::new() },
            manifest: if tab == Tab::Manifest { manifest::yaml(&shown.object) } else { String::new() },
            logs: String::new(),
            commands: match tab {
                Tab::Details => commands(key),
                Tab::Manifest => commands(key).into_iter().take(1).collect(),
                _ => tab.viewed(key.kind).map_or_else(Vec::new, |viewed| {
                    // Helm would ask this cluster for what is in another one.
                    let stored = HelmStorage::read(&shown.object["status"]).filter(|_| !details.settings.remote);
                    viewed.commands(key, stored.as_ref())
                }),
            },
        }
    }
}

/// Pairs as they stand in an address behind others, without those that say nothing.
fn behind<V: AsRef<str>>(pairs: impl IntoIterator<Item = (&'static str, V)>) -> String {
    let said = pairs.into_iter().filter(|(_, value)| !value.as_ref().is_empty());
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(said).finish();
    if query.is_empty() { query } else { format!("&{query}") }
}
