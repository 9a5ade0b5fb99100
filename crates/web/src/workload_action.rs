//! Doing something to what runs: as [`crate::action`] does to objects of Flux, one at a time.

use std::{slice, sync::Arc};

use axum::{
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode, Uri},
    response::{IntoResponse, Response},
};
use fanlight_model::{Step, WorkloadAction};
use futures_util::StreamExt;
use url::form_urlencoded;

use crate::{
    App,
    action::{Course, Subject, back, sign_in_again, wants_lines},
    audit::{Limited, Verb},
    frame::Frame,
    place,
    request::Origin,
    signed::Signed,
};

/// What an action is about, with the address of its page.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Thing(String);

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
    let action = match read(&body) {
        Ok(action) => action,
        Err(problem) => return (StatusCode::BAD_REQUEST, problem).into_response(),
    };
    let here = place::inside(&app.base, &back(&body));
    let frame = Frame { here, ..Frame::of(&app, &session, &headers, &uri) };
    let (verb, wants_lines) = (Verb::of_workload(&action), wants_lines(&headers));
    let course = Course { app: &app, origin, session: &session, verb, frame, title: word(&action), wants_lines };
    let thing = Thing(action.to_string());
    course.run(slice::from_ref(&thing), || {
        let stages = app.objects.act_on_workload(&session.identity, &action);
        let key = thing.clone();
        stages.map(move |stage| Step { key: key.clone(), stage }).boxed()
    })
}

/// What people call the action.
pub(crate) fn word(action: &WorkloadAction) -> &'static str {
    match action {
        WorkloadAction::Restart(_) => "Restart",
        WorkloadAction::Run(_) => "Run now",
        WorkloadAction::DeletePod(_) => "Delete",
    }
}

fn read(body: &[u8]) -> Result<WorkloadAction, &'static str> {
    let (mut word, mut object, mut uid) = (String::new(), None, String::new());
    for (name, value) in form_urlencoded::parse(body) {
        match &*name {
            "action" => word = value.into_owned(),
            "uid" => uid = value.into_owned(),
            "object" if object.is_some() => return Err("One object at a time."),
            "object" => object = Some(value.into_owned()),
            _ => {}
        }
    }
    WorkloadAction::read(&word, &object.ok_or("No object is named.")?, &uid)
}

impl Subject for Thing {
    fn limited(&self) -> Limited {
        Limited::other(&self.0)
    }

    /// The way back leads there.
    fn link(&self, _: &str) -> Option<String> {
        None
    }
}

impl std::fmt::Display for Thing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_names_one_action_and_one_object() {
        let action = read(b"action=restart&object=Deployment/shop/cart&back=/workloads").expect("an action");
        assert_eq!((action.to_string().as_str(), word(&action)), ("Deployment/shop/cart", "Restart"));
        assert!(read(b"action=delete-pod&object=Pod/shop/cart-1&uid=1-2").is_ok());
        for body in [
            "action=restart&object=Deployment/shop/a&object=Deployment/shop/b",
            "action=restart",
            "action=suspend&object=Kustomization/apps/shop",
            "action=delete-pod&object=Pod/shop/cart-1",
            "",
        ] {
            assert!(read(body.as_bytes()).is_err(), "{body}");
        }
    }
}
