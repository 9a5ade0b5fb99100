//! What an action would do to everything that a filter leaves over, or that is ticked, before anything is done.
//!
//! The page names the objects, and its form brings back these and no others: what matches only later is not acted upon.

pub(crate) mod ticked;

use std::{collections::HashMap, sync::Arc, time::Duration};

use askama::Template;
use axum::{
    extract::State,
    http::{HeaderMap, StatusCode, Uri},
    response::{IntoResponse, Redirect, Response},
};
use fanlight_live::{Freshness, List, Visit};
use fanlight_model::{Abilities, Action, Forecast, Identity, Kind, ObjectKey, Query, Row, Target};
use futures_util::{StreamExt, stream};
use tokio::time::{Instant, sleep_until};
use url::form_urlencoded::{self, byte_serialize};

use super::{ListPage, Note, Which, filters};
use crate::{
    App, ObjectError,
    action::{MOST, named, word},
    audit::{Event, Outcome, Page, Seen, Who},
    frame::Frame,
    place, refusal,
    request::Origin,
    signed::{Signed, seen, sign_in_first},
    status::StatusView,
};

/// How many objects are read at once.
const AT_ONCE: usize = 16;
/// How long they may take together; what is not read by then is told when it is acted upon.
const PATIENCE: Duration = Duration::from_secs(10);
/// The most bytes of the form that names the objects: what a request may bring, less a long reason.
const FORM: usize = 56 << 10;

/// The page.
#[derive(Template)]
#[template(path = "preview.html", blocks = ["scope", "confirm", "lines"])]
pub(super) struct Preview<'a> {
    pub(super) page: &'static ListPage,
    pub(super) frame: &'a Frame,
    /// The address of the list, as it was filtered.
    pub(super) list: String,
    pub(super) title: String,
    pub(super) verb: &'static str,
    /// Which objects it is about, in a sentence.
    pub(super) scope: String,
    pub(super) note: Option<Note>,
    /// How many match beyond those that one action may be about.
    pub(super) left_over: usize,
    /// Of how many Git undoes it.
    pub(super) undone: usize,
    /// What the form calls the action.
    pub(super) action: String,
    pub(super) button: String,
    pub(super) asks_reason: bool,
    /// The reason as far as it is given.
    pub(super) comment: String,
    pub(super) acts: Vec<Line>,
    pub(super) idle: Vec<Line>,
    /// Whether some are left alone because they may not be changed.
    pub(super) refused: bool,
}

/// One object, and what comes to it.
pub(super) struct Line {
    object: String,
    link: Option<String>,
    name: String,
    namespace: String,
    kind: &'static str,
    /// Nothing of an object that is not in sight.
    status: Option<StatusView>,
    sentence: String,
    undoing: String,
    acts: bool,
}

/// Which objects a preview is about.
pub(super) struct About {
    /// The address of the list that it began at.
    list: String,
    /// The same in a sentence.
    scope: String,
    /// How many they are.
    number: usize,
}

/// What matches, as far as one action may be about it.
struct Matching {
    rows: Vec<Arc<Row>>,
    /// How many match.
    number: usize,
    freshness: Freshness,
    /// Kinds and namespaces whose objects may not be changed.
    fixed: Vec<(Kind, Arc<str>)>,
}

/// The menu of a list that leads here; none if nothing matches, or nothing can be done to such objects.
pub(super) fn menu(base: &str, page: &ListPage, query: &Query, list: &List) -> Option<filters::Menu> {
    let can = Abilities::of_any(page.kinds);
    let offers = [
        (can.sync_with_source, "sync-with-source"),
        (can.sync, "sync"),
        (can.suspend, "suspend"),
        (can.suspend, "resume"),
    ];
    let choice = |name: &str| {
        let word = format!("{}…", named(name, None).as_ref().map_or("", word));
        filters::Link { word, count: Some(list.matching), link: address(base, page, query, name), chosen: false }
    };
    let choices: Vec<_> = offers.into_iter().filter(|(can, _)| *can).map(|(_, name)| choice(name)).collect();
    let some = list.matching > 0 && !choices.is_empty();
    some.then_some(filters::Menu { name: "act", title: "Act on all", class: "", choices })
}

fn address(base: &str, page: &ListPage, query: &Query, action: &str) -> String {
    let list = filters::address(base, &format!("{}/act", page.path), &Query { page: 0, ..query.clone() });
    let between = if list.contains('?') { '&' } else { '?' };
    format!("{list}{between}action={action}")
}

/// Shows the page.
pub(crate) async fn show(
    State(app): State<Arc<App>>,
    Which(page): Which,
    uri: Uri,
    headers: HeaderMap,
    Signed(session): Signed,
    origin: Origin,
) -> Response {
    let Some(session) = session else { return sign_in_first(&app, &headers, &place::here(&app.base, &uri)) };
    let (frame, query, mut visit) = super::open(&app, page, &session, &headers, &uri).await;
    let mut pairs = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
    let name = pairs.find(|(name, _)| name == "action").map(|(_, value)| value.into_owned()).unwrap_or_default();
    let Some(action) = named(&name, None) else {
        return Redirect::to(&filters::address(&app.base, page.path, &query)).into_response();
    };
    if let Err(wait) = app.previews.attempt(&session.identity) {
        return crate::page::message::previewed_too_often(frame, origin.request, (app.clock)(), wait);
    }
    let matching = Matching::of(&mut visit, &query);
    let lines = matching.forecast(&app, &session.identity, &frame, &action).await;
    let note = Note::of(matching.freshness, (app.clock)());
    let about = About::filtered(page, &frame, &query, matching.number);
    let refused = matching.refuses();
    let preview = Preview { note, refused, ..Preview::new(page, &frame, about, (&action, name), lines) };
    let response = crate::page::html(StatusCode::OK, &preview);
    let (page, outcome) = (Page::List(page.path), Outcome::Done);
    app.audit.note(origin, &Who::signed(&session), &Event::View { page, seen: Seen::rows(&visit), outcome });
    seen(&app, &headers, &session, response)
}

impl Matching {
    fn of(visit: &mut Visit, query: &Query) -> Self {
        let (mut rows, mut fixed) = (Vec::<Arc<Row>>::new(), Vec::new());
        let mut number = 0;
        loop {
            let mut list = visit.list(&Query { page: number, ..query.clone() });
            fixed.append(&mut list.fixed);
            for row in list.rows.drain(..).take(MOST - rows.len()) {
                // Between two looks a row may move from one page to the next.
                if rows.iter().all(|other| other.key != row.key) {
                    rows.push(row);
                }
            }
            number += 1;
            if number >= list.pages || rows.len() >= MOST {
                return Self { rows, number: list.matching, freshness: list.freshness, fixed };
            }
        }
    }

    /// Those of these objects that are in sight, in their order.
    fn ticked(visit: &mut Visit, keys: &[ObjectKey]) -> Self {
        let freshness = visit.list(&Query::default()).freshness;
        let mut found: HashMap<_, _> = visit.rows(keys).into_iter().map(|row| (row.key.clone(), row)).collect();
        let rows: Vec<_> = keys.iter().filter_map(|key| found.remove(key)).collect();
        Self { fixed: visit.fixed(&rows), number: keys.len(), freshness, rows }
    }

    /// Whether some of them may not be changed.
    fn refuses(&self) -> bool {
        self.rows.iter().any(|row| self.is_fixed(row))
    }

    fn is_fixed(&self, row: &Row) -> bool {
        self.fixed.iter().any(|(kind, namespace)| *kind == row.key.kind && *namespace == row.key.namespace)
    }

    /// What comes to each, in the order of the list. No object is kept longer than until that is known.
    async fn forecast(&self, app: &App, who: &Identity, frame: &Frame, action: &Action) -> Vec<Line> {
        let end = Instant::now() + PATIENCE;
        let _seat = app.previews.seat(end).await;
        let look = |row: &Arc<Row>| {
            let read = (!self.is_fixed(row)).then(|| app.objects.read(who, &row.key, Some(row.version)));
            let row = Arc::clone(row);
            async move {
                let found = match read {
                    Some(read) => Some(read.await),
                    None => None,
                };
                forecast(&row, found, action)
            }
        };
        let looks: Vec<_> = self.rows.iter().map(look).collect();
        let told = stream::iter(looks).buffered(AT_ONCE).take_until(sleep_until(end)).collect::<Vec<_>>().await;
        let late = std::iter::repeat_with(unread);
        let told = self.rows.iter().zip(told.into_iter().chain(late));
        told.map(|(row, told)| Line::of(row, frame, &told)).collect()
    }
}

/// The action and what it is about, as somebody says it.
fn phrase(action: &Action, objects: &str) -> String {
    let with = if action.with_source() { " with source" } else { "" };
    match action {
        Action::Sync { .. } => format!("Reconcile {objects}{with}"),
        Action::Force { reset, .. } => {
            format!("{} of {objects}{with}", if *reset { "Reset and force an upgrade" } else { "Force an upgrade" })
        }
        Action::Reset { .. } => format!("Reset {objects} and try again{with}"),
        other => format!("{} {objects}", word(other)),
    }
}

/// What comes to an object; `found` is what was read of it, nothing if it may not be changed.
fn forecast(row: &Row, found: Option<Result<serde_json::Value, ObjectError>>, action: &Action) -> Forecast {
    match found {
        None => Forecast::Idle(format!("{}.", refusal::patch(row.key.kind, &row.key.namespace))),
        Some(Ok(object)) => Target::new(&row.key, &object).forecast(action),
        Some(Err(ObjectError::NotFound)) => Forecast::Idle("It is not there any more.".to_owned()),
        Some(Err(ObjectError::Forbidden(words))) => Forecast::Idle(format!("Kubernetes says: {words}.")),
        Some(Err(ObjectError::NotInstalled | ObjectError::Unanswered(_))) => unread(),
    }
}

/// What comes to an object that could not be read in time.
fn unread() -> Forecast {
    Forecast::Acts("It could not be read in time: what comes to it is told when it is done.".to_owned(), None)
}

impl Line {
    pub(super) fn of(row: &Row, frame: &Frame, forecast: &Forecast) -> Self {
        Self { status: Some(StatusView::of(row.state)), ..Self::without_status(&row.key, frame, forecast) }
    }

    /// Of an object that was ticked and is gone by now, or out of sight.
    fn unseen(key: &ObjectKey, frame: &Frame) -> Self {
        let why = "It is not among what you may see any more.".to_owned();
        Self::without_status(key, frame, &Forecast::Idle(why))
    }

    fn without_status(key: &ObjectKey, frame: &Frame, forecast: &Forecast) -> Self {
        let (acts, sentence, undoing) = match forecast {
            Forecast::Acts(sentence, undoing) => (true, sentence, undoing.as_ref()),
            Forecast::Idle(why) => (false, why, None),
        };
        Self {
            object: key.to_string(),
            link: place::object(&frame.base, key, "details"),
            name: key.name.to_string(),
            namespace: key.namespace.to_string(),
            kind: key.kind.info().name,
            status: None,
            sentence: sentence.clone(),
            undoing: undoing.map(ToString::to_string).unwrap_or_default(),
            acts,
        }
    }

    /// How many bytes of a form name the object.
    fn weight(&self) -> usize {
        "&object=".len() + byte_serialize(self.object.as_bytes()).map(str::len).sum::<usize>()
    }
}

impl About {
    /// Everything that matches a filter: this many.
    pub(super) fn filtered(page: &ListPage, frame: &Frame, query: &Query, number: usize) -> Self {
        let filters: Vec<_> = filters::chips(query, &|_| String::new()).into_iter().map(|chip| chip.word).collect();
        let that = if filters.is_empty() { String::new() } else { format!(" that match {}", filters.join(", ")) };
        Self {
            list: filters::address(&frame.base, page.path, query),
            scope: format!("All {} you may see{that}. Nothing has been done so far.", page.noun),
            number,
        }
    }

    /// So many that were ticked on the list at this address.
    fn ticked(page: &ListPage, list: String, number: usize) -> Self {
        Self {
            list,
            scope: format!("The {number} {} that you ticked. Nothing has been done so far.", page.noun),
            number,
        }
    }
}

impl<'a> Preview<'a> {
    /// `lines` are those of the objects that are looked at.
    pub(super) fn new(
        page: &'static ListPage,
        frame: &'a Frame,
        about: About,
        (action, name): (&Action, String),
        lines: Vec<Line>,
    ) -> Self {
        let mut left = FORM;
        let fits = |line: &Line| {
            let rest = left.checked_sub(line.weight());
            left = rest.unwrap_or_default();
            rest.is_some()
        };
        let lines: Vec<_> = lines.into_iter().take_while(fits).collect();
        let left_over = about.number.saturating_sub(lines.len());
        let (acts, idle): (Vec<_>, Vec<_>) = lines.into_iter().partition(|line| line.acts);
        let verb = word(action);
        let counted = format!("{} {}", acts.len(), if acts.len() == 1 { "object" } else { page.noun });
        Self {
            page,
            frame,
            list: about.list,
            title: match acts.len() {
                0 => format!("{verb}: there is nothing to do"),
                _ => format!("{}?", phrase(action, &counted)),
            },
            verb,
            scope: about.scope,
            note: None,
            left_over,
            undone: acts.iter().filter(|line| !line.undoing.is_empty()).count(),
            action: name,
            button: phrase(action, &counted),
            asks_reason: matches!(action, Action::Suspend { .. }),
            comment: String::new(),
            acts,
            idle,
            refused: false,
        }
    }

    /// The objects under their headings.
    fn sections(&self) -> [(&'static str, &[Line]); 2] {
        [("What will happen", &self.acts), ("What is left alone", &self.idle)]
    }
}

#[cfg(test)]
mod tests {
    use fanlight_model::{Facts, Links, ObjectKey};

    use super::*;

    fn row(name: &str) -> Row {
        Row::new(ObjectKey::new(Kind::ALERT, "apps", name), 1, Links::default(), &Facts::new(Kind::ALERT))
    }

    #[test]
    fn what_cannot_be_read_or_changed_is_left_alone_and_what_is_late_is_acted_upon() {
        let said = |found| forecast(&row("shop"), found, &Action::Suspend { comment: None });
        let idle = |why: &str| Forecast::Idle(why.to_owned());
        assert_eq!(said(None), idle("Kubernetes does not let you patch alerts in apps."));
        assert_eq!(said(Some(Err(ObjectError::NotFound))), idle("It is not there any more."));
        assert_eq!(said(Some(Err(ObjectError::Forbidden("no".to_owned())))), idle("Kubernetes says: no."));
        assert!(matches!(said(Some(Err(ObjectError::Unanswered(String::new())))), Forecast::Acts(_, None)));
        assert!(matches!(said(Some(Ok(serde_json::json!({})))), Forecast::Acts(_, None)));
    }

    #[test]
    fn a_form_names_no_more_objects_than_a_request_may_bring_and_the_rest_is_counted() {
        let frame = Frame::specimen();
        let acts = Forecast::Acts(String::new(), None);
        let long = "n".repeat(253);
        let lines: Vec<_> = (0..MOST).map(|_| Line::of(&row(&long), &frame, &acts)).collect();
        let page = ListPage::of(Kind::ALERT);
        let about = About::filtered(page, &frame, &Query::default(), 700);
        let preview = Preview::new(page, &frame, about, (&Action::Resume, "resume".to_owned()), lines);
        assert!((150..300).contains(&preview.acts.len()), "{}", preview.acts.len());
        assert_eq!(preview.left_over, 700 - preview.acts.len());
    }

    #[test]
    fn the_address_of_a_preview_carries_the_filter_and_not_the_page() {
        let query = Query::from_pairs([("status", "failed"), ("page", "3")]);
        let page = ListPage::of(Kind::KUSTOMIZATION);
        assert_eq!(address("/flux", page, &query, "resume"), "/flux/applications/act?status=failed&action=resume");
        assert_eq!(address("", page, &Query::default(), "sync"), "/applications/act?action=sync");
    }
}
