use std::{collections::BTreeSet, convert::Infallible, fmt::Display};

use askama::Template;
use axum::{
    body::{Body, Bytes},
    http::{HeaderMap, HeaderName, StatusCode, header},
    response::{IntoResponse, Response},
};
use fanlight_identity::Session;
use fanlight_model::{Stage, Step};
use futures_util::{
    Stream, StreamExt,
    stream::{self, BoxStream},
};
use serde_json::json;
use tokio::sync::mpsc;
use tokio_util::task::task_tracker::TaskTrackerToken;

use super::Outcome;
use crate::{
    App, Underway,
    audit::{Audit, Event, Limited, Outcome as Ending, Verb, Who},
    frame::Frame,
    page::message::Message,
    request::{Origin, RequestId},
};

/// What an action is about.
pub(crate) trait Subject: Clone + Ord + Display + Send + 'static {
    /// What it is called in the account.
    fn limited(&self) -> Limited;

    /// The address of its page, if it has one.
    fn link(&self, base: &str) -> Option<String>;
}

/// The course of an action, whatever it is about: written down, told step by step, and brought to its end whoever still
/// listens.
pub(crate) struct Course<'a> {
    pub(crate) app: &'a App,
    pub(crate) origin: Origin,
    pub(crate) session: &'a Session,
    pub(crate) verb: Verb,
    /// The frame of the page with the outcomes.
    pub(crate) frame: Frame,
    /// What people call the action.
    pub(crate) title: &'static str,
    /// Whether one step a line is wanted, instead of a page.
    pub(crate) wants_lines: bool,
}

/// The head of an answer that tells one step a line.
const LINES: [(HeaderName, &str); 2] =
    [(header::CONTENT_TYPE, "application/x-ndjson"), (header::CACHE_CONTROL, "no-store, no-transform")];
/// Why nothing is begun any more.
const ENDING: &str =
    "This server is about to end and begins nothing new. Try again in a few seconds: another one answers.";

/// What is written down of an action.
struct Account {
    audit: Audit,
    origin: Origin,
    who: Who,
    verb: Verb,
}

/// The page around the outcomes, sent in two halves.
#[derive(Template)]
#[template(path = "actions.html")]
struct Page<'a> {
    frame: &'a Frame,
    title: &'static str,
    back: &'a str,
    /// Where the outcomes go.
    gap: &'static str,
}

/// Whether a browser's script asks, which reads one step a line.
pub(crate) fn wants_lines(headers: &HeaderMap) -> bool {
    headers.get(header::ACCEPT).is_some_and(|accept| accept == "application/x-ndjson")
}

impl Course<'_> {
    /// Begins it, and answers with what becomes of each of the subjects.
    pub(crate) fn run<K: Subject>(self, keys: &[K], begin: impl FnOnce() -> BoxStream<'static, Step<K>>) -> Response {
        let Self { app, origin, session, verb, frame, title, wants_lines } = self;
        let account = Account { audit: app.audit.clone(), origin, who: Who::signed(session), verb };
        account.asked(keys);
        // Before it is looked whether the server ends: whatever begins is waited for.
        let turn = app.underway.begin();
        if app.shutdown.is_cancelled() {
            let refused = account.turned_away(keys);
            return turned_away(frame, origin.request, wants_lines.then_some(&refused));
        }
        let told = account.follow(keys, begin(), app.underway.clone(), turn);
        if wants_lines {
            let lines = told.map(|step| Ok::<_, Infallible>(Bytes::from(line(&step))));
            return (LINES, Body::from_stream(lines)).into_response();
        }
        page(frame, title, told)
    }
}

/// What is answered while the server ends: what it began now it might not bring to an end.
fn turned_away<K: Subject>(frame: Frame, request: RequestId, lines: Option<&Vec<Step<K>>>) -> Response {
    let (status, wait) = (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "5")]);
    match lines {
        Some(steps) => (status, wait, LINES, steps.iter().map(line).collect::<String>()).into_response(),
        None => {
            let message = Message { status, title: "Nothing was changed", text: ENDING.into(), again: false };
            (wait, message.page(frame, request)).into_response()
        }
    }
}

fn page<K: Subject>(
    frame: Frame,
    title: &'static str,
    steps: impl Stream<Item = Step<K>> + Send + 'static,
) -> Response {
    const GAP: &str = "<!-- outcomes -->";
    let page = Page { frame: &frame, title, back: &frame.here, gap: GAP }.render();
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
    fn asked<K: Subject>(&self, keys: &[K]) {
        let objects = keys.iter().map(Subject::limited).collect();
        self.audit.note(self.origin, &self.who, &Event::Action { verb: self.verb, objects });
    }

    /// Nothing of it is begun: what is told of each object.
    fn turned_away<K: Subject>(&self, keys: &[K]) -> Vec<Step<K>> {
        let refused = |key: &K| Step { key: key.clone(), stage: Stage::Refused(ENDING.to_owned()) };
        let steps: Vec<_> = keys.iter().map(refused).collect();
        steps.iter().for_each(|step| self.ended(step));
        steps
    }

    /// Writes every outcome down, whether or not somebody still waits for the news that are returned. What is not over
    /// when the server ends is written down as unknown.
    fn follow<K: Subject>(
        self,
        keys: &[K],
        mut steps: BoxStream<'static, Step<K>>,
        underway: Underway,
        turn: TaskTrackerToken,
    ) -> impl Stream<Item = Step<K>> + Send + use<K> {
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

    fn ended<K: Subject>(&self, step: &Step<K>) {
        if step.stage.is_final() {
            let (object, reason) = (step.key.limited(), Limited::stage(&step.stage));
            let event = Event::ActionOutcome { verb: self.verb, object, outcome: Ending::of(&step.stage), reason };
            self.audit.note(self.origin, &self.who, &event);
        }
    }
}

fn line<K: Subject>(step: &Step<K>) -> String {
    let (class, word) = super::look(&step.stage);
    let step = json!({
        "object": step.key.to_string(), "class": class, "word": word, "final": step.stage.is_final(),
        "text": step.stage.sentence(),
    });
    format!("{step}\n")
}
