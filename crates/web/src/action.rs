//! Doing something to objects: the answer tells the outcome of each, as it comes.
//!
//! Nothing is kept between requests: the response to the form lasts until every object is final. A browser without
//! script shows a page that grows; the page's script asks for `application/x-ndjson`, one step a line.

mod course;

use std::sync::Arc;

use askama::Template;
use axum::{
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode, Uri},
    response::{IntoResponse, Response},
};
use fanlight_model::{Action, ObjectKey, Stage, Step};
use url::form_urlencoded;

use crate::{
    App,
    audit::{Limited, Verb},
    frame::Frame,
    place,
    request::Origin,
    signed::{Signed, sign_in_page},
};
pub(crate) use course::{Course, Subject, wants_lines};

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

/// Most objects of one action.
pub(crate) const MOST: usize = 500;
/// The longest reason of a suspension, in characters.
const COMMENT: usize = 500;

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

impl Subject for ObjectKey {
    fn limited(&self) -> Limited {
        Limited::object(self)
    }

    fn link(&self, base: &str) -> Option<String> {
        place::object(base, self, "details")
    }
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
    let Some(session) = session else { return sign_in_again(&app, &headers, &body) };
    let Wish { action, keys, back, .. } = match Wish::read(&app.base, &body) {
        Ok(wish) => wish,
        Err(problem) => return (StatusCode::BAD_REQUEST, problem).into_response(),
    };
    let frame = Frame { here: back, ..Frame::of(&app, &session, &headers, &uri) };
    let (verb, wants_lines) = (Verb::of(&action), wants_lines(&headers));
    let course = Course { app: &app, origin, session: &session, verb, frame, title: word(&action), wants_lines };
    let who = &session.identity;
    course.run(&keys, || app.objects.act(who, &action, keys.clone(), who.user().as_str()))
}

/// Sends somebody whose session is over back to the page with the form: the form's own address answers to forms only, which
/// must not be led to other sites.
pub(crate) fn sign_in_again(app: &App, headers: &HeaderMap, body: &[u8]) -> Response {
    if wants_lines(headers) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    sign_in_page(app, &place::inside(&app.base, &back(body)))
}

/// Where the form was, whatever else it says.
pub(crate) fn back(body: &[u8]) -> String {
    let found = form_urlencoded::parse(body).find(|(name, _)| name == "back");
    found.map(|(_, value)| value.into_owned()).unwrap_or_default()
}

/// The action that a form or an address calls so.
pub(crate) fn named(name: &str, comment: Option<String>) -> Option<Action> {
    Some(match name {
        "sync" => Action::Sync { with_source: false },
        "sync-with-source" => Action::Sync { with_source: true },
        "force" => Action::Force { reset: false, with_source: false },
        "force-with-source" => Action::Force { reset: false, with_source: true },
        "force-reset" => Action::Force { reset: true, with_source: false },
        "force-reset-with-source" => Action::Force { reset: true, with_source: true },
        "reset" => Action::Reset { with_source: false },
        "reset-with-source" => Action::Reset { with_source: true },
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
        Action::Force { reset: false, with_source: false } => "Force an upgrade",
        Action::Force { reset: false, with_source: true } => "Force an upgrade with source",
        Action::Force { reset: true, with_source: false } => "Reset and force an upgrade",
        Action::Force { reset: true, with_source: true } => "Reset and force an upgrade with source",
        Action::Reset { with_source: false } => "Reset and try again",
        Action::Reset { with_source: true } => "Reset and try again with source",
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
    pub(crate) fn of<K: Subject>(frame: &'a Frame, step: &'a Step<K>) -> Self {
        let (class, word) = look(&step.stage);
        Self {
            icons: &frame.assets.icons,
            class,
            word,
            object: step.key.to_string(),
            link: step.key.link(&frame.base),
            sentence: step.stage.sentence(),
        }
    }
}

impl Wish {
    /// Why it is wished for, if that was said.
    pub(crate) fn comment(&self) -> String {
        match &self.action {
            Action::Suspend { comment } => comment.clone().unwrap_or_default(),
            _ => String::new(),
        }
    }

    pub(crate) fn read(base: &str, body: &[u8]) -> Result<Self, &'static str> {
        let (mut name, mut comment, mut back, mut keys) = (String::new(), String::new(), String::new(), Vec::new());
        let mut number = None;
        for (field, value) in form_urlencoded::parse(body) {
            match &*field {
                "action" => name = value.into_owned(),
                "comment" => comment = value.trim().chars().take(COMMENT).collect(),
                "back" => back = value.into_owned(),
                "number" => number = value.parse::<usize>().ok(),
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
        let action = action.ok_or(
            "There is no such action; actions: sync, force, force-reset and reset, each also with -with-source; suspend, \
             resume.",
        )?;
        if number.is_some_and(|number| number != keys.len()) {
            return Err("The page had not arrived whole, so nothing was done: send it again.");
        }
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
        let part = "action=sync&number=2&object=Kustomization/apps/shop";
        for body in
            ["action=drop&object=Kustomization/apps/shop", "action=sync", "action=sync&object=Pod/apps/x", "", part]
        {
            assert!(Wish::read("", body.as_bytes()).is_err(), "{body}");
        }
        let many: Vec<_> = (0..=MOST).map(|n| format!("object=Kustomization/apps/n{n}")).collect();
        assert!(Wish::read("", format!("action=sync&{}", many.join("&")).as_bytes()).is_err());
    }
}
