//! What Flux itself runs on: controllers and definitions.

mod specimens;
mod view;

use std::{collections::BTreeSet, sync::Arc};

use askama::Template;
use axum::{
    extract::State,
    http::{HeaderMap, StatusCode, Uri},
    response::{IntoResponse, Redirect, Response},
};
use fanlight_model::{Controller, Definition, Identity, State as Condition, image_link};

use crate::{
    App, ObjectError,
    audit::{Event, Outcome, Page, Seen, Stay, Who},
    frame::Frame,
    place,
    request::Origin,
    signed::{Signed, rowless_visit, seen, sign_in_first},
    status::StatusView,
    stream,
};
use view::RuntimeView;

pub(super) use specimens::specimens;

/// The right by which controllers are seen.
pub(super) const LIST_DEPLOYMENTS: &str = "“list” on deployments in flux-system";

/// What was read for the page.
struct Found {
    controllers: Result<Arc<[Controller]>, ObjectError>,
    definitions: Result<Arc<[Definition]>, ObjectError>,
}

/// The page. The stream sends its blocks anew as they change.
#[derive(Template)]
#[template(path = "runtime.html", blocks = ["lead", "controllers", "definitions"])]
struct Runtime<'a> {
    frame: &'a Frame,
    /// The address of the page's event stream.
    events: String,
    sentence: String,
    controllers: Vec<ControllerView<'a>>,
    /// Why there are none.
    controllers_note: String,
    /// Whether Kubernetes does not let the person read them.
    controllers_refused: bool,
    definitions: Vec<DefinitionView>,
    definitions_note: String,
    definitions_refused: bool,
}

/// A controller as a line.
struct ControllerView<'a> {
    status: StatusView,
    controller: &'a Controller,
    /// The images, each with the page behind it.
    images: Vec<(&'a str, Option<String>)>,
}

/// A definition as a line.
struct DefinitionView {
    kind: &'static str,
    name: String,
    served: String,
    stored: String,
    /// What should be done about it.
    note: String,
}

/// Shows the page.
pub(crate) async fn show(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    uri: Uri,
    Signed(session): Signed,
    origin: Origin,
) -> Response {
    let Some(session) = session else { return sign_in_first(&app, &headers, &place::here(&app.base, &uri)) };
    let frame = Frame::of(&app, &session, &headers, &uri).at("flux_runtime");
    let found = Found::read(&app, &session.identity).await;
    let event = Event::View { page: Page::Runtime, seen: Seen::default(), outcome: found.outcome() };
    app.audit.note(origin, &Who::signed(&session), &event);
    seen(&app, &headers, &session, super::html(StatusCode::OK, &Runtime::new(&frame, &found)))
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
    let visit = rowless_visit(&app, &session).await;
    let frame = Frame::of(&app, &session, &headers, &uri).at("flux_runtime");
    let stay = Stay::begin(&app.audit, origin, Who::signed(&session), Page::Runtime, Seen::default());
    let view = RuntimeView::new(Arc::clone(&app), session.identity.clone(), frame, visit);
    stream::open(app, session, view, stay)
}

/// Old links name parts that are on one page here.
pub(crate) async fn moved(State(app): State<Arc<App>>) -> Response {
    Redirect::to(&format!("{}/flux_runtime", app.base)).into_response()
}

impl Found {
    /// What was read in the person's name a moment ago, or is now.
    async fn read(app: &App, who: &Identity) -> Self {
        let (lately, objects) = (&app.lately, &*app.objects);
        let (controllers, definitions) =
            tokio::join!(lately.controllers(objects, who), lately.definitions(objects, who));
        Self { controllers, definitions }
    }

    fn outcome(&self) -> Outcome {
        match (&self.controllers, &self.definitions) {
            (Err(ObjectError::Forbidden(_)), Err(ObjectError::Forbidden(_))) => Outcome::Refused,
            (Err(_), Err(_)) => Outcome::Failed,
            _ => Outcome::Done,
        }
    }
}

impl<'a> Runtime<'a> {
    fn new(frame: &'a Frame, found: &'a Found) -> Self {
        let [label, value] = Controller::LABEL;
        let (controllers, controllers_note) = match &found.controllers {
            Ok(none) if none.is_empty() => {
                (&[][..], format!("None was found. Flux’s controllers are Deployments with the label {label}={value}."))
            }
            Ok(controllers) => (&**controllers, String::new()),
            Err(error) => (&[][..], refused(error, LIST_DEPLOYMENTS)),
        };
        let (definitions, definitions_note) = match &found.definitions {
            Ok(definitions) => (&**definitions, String::new()),
            Err(error) => (&[][..], refused(error, "“get” on customresourcedefinitions")),
        };
        Self {
            frame,
            events: format!("{}/flux_runtime/events", frame.base),
            sentence: sentence(controllers),
            controllers: controllers.iter().map(ControllerView::of).collect(),
            controllers_note,
            controllers_refused: matches!(found.controllers, Err(ObjectError::Forbidden(_))),
            definitions: definitions.iter().map(DefinitionView::of).collect(),
            definitions_note,
            definitions_refused: matches!(found.definitions, Err(ObjectError::Forbidden(_))),
        }
    }
}

/// Why something is not shown, and by which right it would be.
pub(super) fn refused(error: &ObjectError, right: &str) -> String {
    match error {
        ObjectError::Forbidden(words) => format!("Kubernetes says: {words}. An administrator can grant {right}."),
        other => format!("Not known: {other}."),
    }
}

/// `Flux v2.9.4: all 4 controllers are well.`
pub(super) fn sentence(controllers: &[Controller]) -> String {
    if controllers.is_empty() {
        return String::new();
    }
    let versions: BTreeSet<_> =
        controllers.iter().map(|one| &*one.version).filter(|version| !version.is_empty()).collect();
    let flux = match (versions.first(), versions.len()) {
        (Some(version), 1) => format!("Flux {version}"),
        _ => "Flux".to_owned(),
    };
    let unwell: Vec<_> = controllers.iter().filter(|one| one.state != Condition::Ready).map(|one| &*one.name).collect();
    match (unwell.len(), controllers.len()) {
        (0, 1) => format!("{flux}: its one controller is well."),
        (0, all) => format!("{flux}: all {all} controllers are well."),
        (_, all) => format!(
            "{flux}: of {all} controllers, {} {} not well.",
            unwell.join(", "),
            if unwell.len() == 1 { "is" } else { "are" }
        ),
    }
}

impl<'a> ControllerView<'a> {
    fn of(controller: &'a Controller) -> Self {
        let images = controller.images.iter().map(|image| (&**image, image_link(image)));
        Self { status: StatusView::of(controller.state), images: images.collect(), controller }
    }
}

impl DefinitionView {
    fn of(definition: &Definition) -> Self {
        let info = definition.kind.info();
        let served: Vec<_> = definition
            .versions
            .iter()
            .filter(|version| version.served)
            .map(|version| format!("{}{}", version.name, if version.deprecated { " (deprecated)" } else { "" }))
            .collect();
        let left_behind: Vec<_> = definition.left_behind().collect();
        let note = if left_behind.is_empty() {
            String::new()
        } else {
            format!("Objects may still be stored as {}: flux migrate writes them anew.", left_behind.join(", "))
        };
        Self {
            kind: info.name,
            name: definition.kind.full_name(),
            served: served.join(", "),
            stored: definition.stored.join(", "),
            note,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn controller(name: &str, version: &str, available: u64) -> Controller {
        Controller::read(&json!({
            "metadata": {"name": name, "labels": {"app.kubernetes.io/version": version}},
            "status": {"availableReplicas": available, "updatedReplicas": 1}}))
    }

    #[test]
    fn one_sentence_says_which_flux_runs_and_who_is_not_well() {
        assert_eq!(sentence(&[]), "");
        let (source, helm) = (controller("source-controller", "v2.9.4", 1), controller("helm-controller", "v2.9.4", 0));
        assert_eq!(sentence(std::slice::from_ref(&source)), "Flux v2.9.4: its one controller is well.");
        assert_eq!(sentence(&[source, helm]), "Flux v2.9.4: of 2 controllers, helm-controller is not well.");
        let mixed = [controller("a", "v2.9.4", 1), controller("b", "v2.8.0", 1)];
        assert_eq!(sentence(&mixed), "Flux: all 2 controllers are well.");
    }
}
