//! Doing something to objects: the answer tells the outcome of each, as it comes.
//!
//! Nothing is kept between requests: the response to the form lasts until every object is final. A browser without
//! script shows a page that grows; the page's script asks for `application/x-ndjson`, one step a line.

use std::{collections::BTreeSet, convert::Infallible, sync::Arc};

use askama::Template;
use axum::{
    body::{Body, Bytes},
    extract::State,
    http::{HeaderMap, HeaderName, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use fanlight_model::{Action, ObjectKey, Stage, Step};
use futures_util::{
    Stream, StreamExt,
    stream::{self, BoxStream},
};
use serde_json::json;
use tokio::sync::mpsc;
use tokio_util::task::task_tracker::TaskTrackerToken;
use url::form_urlencoded;

use crate::{
    App, Underway,
    audit::{Audit, Event, Limited, Outcome as Ending, Verb, Who},
    frame::Frame,
    page::message::Message,
    place,
    request::{Origin, RequestId},
    signed::{Signed, sign_in_page},
};

/// What a form asks for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Wish {
    pub(crate) action: Action,
    /// What the form calls the action.
    pub(crate) name: String,
    /// The objects, once each, in their order.
    pub(crate) keys: Vec<ObjectKey>,
    /// Where the form was: an address of ours.
    pub(crate) back: String,
}

/// What is written down of an action.
struct Account {
    audit: Audit,
    origin: Origin,
    who: Who,
    verb: Verb,
}

/// Most objects of one action.
pub(crate) const MOST: usize = 500;
/// The head of an answer that tells one step a line.
const LINES: [(HeaderName, &str); 2] =
    [(header::CONTENT_TYPE, "application/x-ndjson"), (header::CACHE_CONTROL, "no-store, no-transform")];
/// Why nothing is begun any more.
const ENDING: &str =
    "This server is about to end and begins nothing new. Try again in a few seconds: another one answers.";
/// The longest reason of a suspension, in characters.
const COMMENT: usize = 500;

/// The page around the outcomes, sent in two halves.
#[derive(Template)]
#[template(path = "actions.html")]
struct Page<'a> {
    frame: &'a Frame,
    title: String,
    back: &'a str,
    /// Where the outcomes go.
    gap: &'static str,
}

#[derive(Template)]
#[template(path = "actions/outcome.html")]
pub(crate) struct Outcome<'a> {
    icons: &'a str,
    class: &'static str,
    word: &'static str,
    object: String,
    link: Option<String>,
    sentence: &'a str,
}

/// Carries out what a form asks for.
pub(crate) async fn perform(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    uri: Uri,
    Signed(session): Signed,
    origin: Origin,
    body: Bytes,
) -> Response {
    let wants_lines = wants_lines(&headers);
    let Some(session) = session else {
        // Back to the page with the form: this address answers to forms only, which must not be led to other sites.
        let back = || sign_in_page(&app, &place::inside(&app.base, &Wish::back(&body)));
        return if wants_lines { StatusCode::UNAUTHORIZED.into_response() } else { back() };
    };
    let wish = match Wish::read(&app.base, &body) {
        Ok(wish) => wish,
        Err(problem) => return (StatusCode::BAD_REQUEST, problem).into_response(),
    };
    let account =
        Account { audit: app.audit.clone(), origin, who: Who::signed(&session), verb: Verb::of(&wish.action) };
    account.asked(&wish.keys);
    let frame = Frame { here: wish.back.clone(), ..Frame::of(&app, &session, &headers, &uri) };
    // Before it is looked whether the server ends: whatever begins is waited for.
    let turn = app.underway.begin();
    if app.shutdown.is_cancelled() {
        let refused = account.turned_away(&wish.keys);
        return turned_away(frame, origin.request, wants_lines.then_some(&refused));
    }
    let steps = app.objects.act(&session.identity, &wish.action, wish.keys.clone(), session.identity.user().as_str());
    let told = account.follow(&wish.keys, steps, app.underway.clone(), turn);
    if wants_lines {
        let lines = told.map(|step| Ok::<_, Infallible>(Bytes::from(line(&step))));
        return (LINES, Body::from_stream(lines)).into_response();
    }
    page(frame, &wish, told)
}

/// Whether the answer is to tell one step a line.
pub(crate) fn wants_lines(headers: &HeaderMap) -> bool {
    headers.get(header::ACCEPT).is_some_and(|accept| accept == "application/x-ndjson")
}

/// What is answered while the server ends: what it began now it might not bring to an end.
fn turned_away(frame: Frame, request: RequestId, lines: Option<&[Step]>) -> Response {
    let (status, wait) = (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "5")]);
    match lines {
        Some(steps) => (status, wait, LINES, steps.iter().map(line).collect::<String>()).into_response(),
        None => {
            let message = Message { status, title: "Nothing was changed", text: ENDING.into() };
            (wait, message.page(frame, request)).into_response()
        }
    }
}

fn page(frame: Frame, wish: &Wish, steps: impl Stream<Item = Step> + Send + 'static) -> Response {
    const GAP: &str = "<!-- outcomes -->";
    let page = Page { frame: &frame, title: word(&wish.action).to_owned(), back: &wish.back, gap: GAP }.render();
    let page = page.unwrap_or_default();
    let (before, after) = page.split_once(GAP).unwrap_or((&page, ""));
    let ends = [before, after].map(|half| Bytes::from(half.to_owned()));
    let [before, after] = ends;
    let outcomes = steps.map(move |step| Bytes::from(Outcome::of(&frame, &step).render().unwrap_or_default()));
    let body = stream::iter([before]).chain(outcomes).chain(stream::iter([after])).map(Ok::<_, Infallible>);
    let head = [(header::CONTENT_TYPE, "text/html; charset=utf-8"), (header::CACHE_CONTROL, "no-store, no-transform")];
    (head, [("x-accel-buffering", "no")], Body::from_stream(body)).into_response()
}

impl Account {
    fn asked(&self, keys: &[ObjectKey]) {
        let objects = keys.iter().map(Limited::object).collect();
        self.audit.note(self.origin, &self.who, &Event::Action { verb: self.verb, objects });
    }

    /// Nothing of it is begun: what is told of each object.
    fn turned_away(&self, keys: &[ObjectKey]) -> Vec<Step> {
        let refused = |key: &ObjectKey| Step { key: key.clone(), stage: Stage::Refused(ENDING.to_owned()) };
        let steps: Vec<_> = keys.iter().map(refused).collect();
        steps.iter().for_each(|step| self.ended(step));
        steps
    }

    /// Writes every outcome down, whether or not somebody still waits for the news that are returned. What is not over
    /// when the server ends is written down as unknown.
    fn follow(
        self,
        keys: &[ObjectKey],
        mut steps: BoxStream<'static, Step>,
        underway: Underway,
        turn: TaskTrackerToken,
    ) -> impl Stream<Item = Step> + Send + 'static {
        const UNKNOWN: &str = "The server ended before it was known what became of it";
        let (post, mut news) = mpsc::unbounded_channel();
        let mut open: BTreeSet<_> = keys.iter().cloned().collect();
        tokio::spawn(async move {
            let _turn = turn;
            loop {
                let step = tokio::select! {
                    biased;
                    step = steps.next() => step,
                    () = underway.until_given_up() => None,
                };
                let Some(step) = step else { break };
                if step.stage.is_final() {
                    open.remove(&step.key);
                }
                self.ended(&step);
                let _ = post.send(step);
            }
            for key in open {
                let step = Step { key, stage: Stage::Unknown(UNKNOWN.to_owned()) };
                self.ended(&step);
                let _ = post.send(step);
            }
        });
        stream::poll_fn(move |context| news.poll_recv(context))
    }

    fn ended(&self, step: &Step) {
        if step.stage.is_final() {
            let (object, reason) = (Limited::object(&step.key), Limited::stage(&step.stage));
            let event = Event::ActionOutcome { verb: self.verb, object, outcome: Ending::of(&step.stage), reason };
            self.audit.note(self.origin, &self.who, &event);
        }
    }
}

fn line(step: &Step) -> String {
    let (class, word) = look(&step.stage);
    let step = json!({
        "object": step.key.to_string(), "class": class, "word": word, "final": step.stage.is_final(),
        "text": step.stage.sentence(),
    });
    format!("{step}\n")
}

/// The action that a form or an address calls so.
pub(crate) fn named(name: &str, comment: Option<String>) -> Option<Action> {
    Some(match name {
        "sync" => Action::Sync { with_source: false },
        "sync-with-source" => Action::Sync { with_source: true },
        "force" => Action::Force,
        "reset" => Action::Reset,
        "suspend" => Action::Suspend { comment },
        "resume" => Action::Resume,
        _ => return None,
    })
}

/// What people call the action.
pub(crate) fn word(action: &Action) -> &'static str {
    match action {
        Action::Sync { with_source: true } => "Reconcile with source",
        Action::Sync { with_source: false } => "Reconcile",
        Action::Force => "Force an upgrade",
        Action::Reset => "Reset and try again",
        Action::Suspend { .. } => "Suspend",
        Action::Resume => "Resume",
    }
}

/// The colour and the word of a stage.
fn look(stage: &Stage) -> (&'static str, &'static str) {
    match stage {
        Stage::Asked(_) => ("moving", "Asked"),
        Stage::Done(_) => ("ready", "Done"),
        Stage::Refused(_) => ("waiting", "Refused"),
        Stage::Failed(_) => ("failed", "Failed"),
        Stage::Unknown(_) => ("quiet", "Not known"),
    }
}

impl<'a> Outcome<'a> {
    pub(crate) fn of(frame: &'a Frame, step: &'a Step) -> Self {
        let (class, word) = look(&step.stage);
        Self {
            icons: &frame.assets.icons,
            class,
            word,
            object: step.key.to_string(),
            link: place::object(&frame.base, &step.key, "details"),
            sentence: step.stage.sentence(),
        }
    }
}

impl Wish {
    /// Where the form was, whatever else it says.
    pub(crate) fn back(body: &[u8]) -> String {
        let found = form_urlencoded::parse(body).find(|(name, _)| name == "back");
        found.map(|(_, value)| value.into_owned()).unwrap_or_default()
    }

    /// Why it is wished for, if that was said.
    pub(crate) fn comment(&self) -> String {
        match &self.action {
            Action::Suspend { comment } => comment.clone().unwrap_or_default(),
            _ => String::new(),
        }
    }

    pub(crate) fn read(base: &str, body: &[u8]) -> Result<Self, &'static str> {
        let (mut name, mut comment, mut back, mut keys) = (String::new(), String::new(), String::new(), Vec::new());
        for (field, value) in form_urlencoded::parse(body) {
            match &*field {
                "action" => name = value.into_owned(),
                "comment" => comment = value.trim().chars().take(COMMENT).collect(),
                "back" => back = value.into_owned(),
                "object" => {
                    let key = ObjectKey::parse(&value).ok_or("An object is named as Kind/namespace/name.")?;
                    if !keys.contains(&key) {
                        keys.push(key);
                    }
                }
                _ => {}
            }
        }
        let action = named(&name, (!comment.is_empty()).then_some(comment));
        let action =
            action.ok_or("There is no such action; actions: sync, sync-with-source, force, reset, suspend, resume.")?;
        match keys.len() {
            0 => Err("Nothing is selected: go back and tick what you mean."),
            1..=MOST => Ok(Self { action, name, keys, back: place::inside(base, &back) }),
            _ => Err("That is too much at once: at most 500 objects."),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_names_an_action_and_its_objects_once_each() {
        let body =
            b"action=suspend&comment=+loading+backlog+&object=Kustomization/apps/shop&object=Kustomization/apps/shop";
        let wish = Wish::read("", body).expect("a wish");
        assert_eq!(wish.action, Action::Suspend { comment: Some("loading backlog".to_owned()) });
        assert_eq!(wish.keys.len(), 1);
        assert_eq!(wish.back, "/");
    }

    #[test]
    fn a_form_that_makes_no_sense_is_refused_with_a_reason() {
        for body in ["action=drop&object=Kustomization/apps/shop", "action=sync", "action=sync&object=Pod/apps/x", ""] {
            assert!(Wish::read("", body.as_bytes()).is_err(), "{body}");
        }
        let many: Vec<_> = (0..=MOST).map(|n| format!("object=Kustomization/apps/n{n}")).collect();
        assert!(Wish::read("", format!("action=sync&{}", many.join("&")).as_bytes()).is_err());
    }
}
