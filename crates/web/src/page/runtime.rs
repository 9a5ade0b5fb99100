//! What Flux itself runs on: controllers and definitions.

mod specimens;

use std::{collections::BTreeSet, sync::Arc};

use askama::Template;
use axum::{
    extract::State,
    http::{HeaderMap, StatusCode, Uri},
    response::{IntoResponse, Redirect, Response},
};
use fanlight_model::{Controller, Definition, State as Condition, web_link};

use crate::{
    App, ObjectError,
    audit::{Event, Outcome, Page, Seen, Who},
    frame::Frame,
    place,
    request::Origin,
    signed::{Signed, seen, sign_in_first},
    status::StatusView,
};

pub(super) use specimens::specimens;

/// The right by which controllers are seen.
pub(super) const LIST_DEPLOYMENTS: &str = "“list” on deployments in flux-system";

/// The page: as of when it was opened.
#[derive(Template)]
#[template(path = "runtime.html", blocks = ["controllers", "definitions"])]
struct Runtime {
    frame: Frame,
    sentence: String,
    controllers: Vec<ControllerView>,
    /// Why there are none.
    controllers_note: String,
    /// Whether Kubernetes does not let the person read them.
    controllers_refused: bool,
    definitions: Vec<DefinitionView>,
    definitions_note: String,
    definitions_refused: bool,
}

/// A controller as a line.
struct ControllerView {
    status: StatusView,
    controller: Controller,
    /// The images, each with the page behind it.
    images: Vec<(String, Option<String>)>,
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
    let who = &session.identity;
    let (controllers, definitions) = tokio::join!(app.objects.controllers(who), app.objects.definitions(who));
    let outcome = match (&controllers, &definitions) {
        (Err(ObjectError::Forbidden(_)), Err(ObjectError::Forbidden(_))) => Outcome::Refused,
        (Err(_), Err(_)) => Outcome::Failed,
        _ => Outcome::Done,
    };
    let event = Event::View { page: Page::Runtime, seen: Seen::default(), outcome };
    app.audit.note(origin, &Who::signed(&session), &event);
    let page = Runtime::new(frame, controllers, definitions);
    seen(&app, &headers, &session, super::html(StatusCode::OK, &page))
}

/// Old links name parts that are on one page here.
pub(crate) async fn moved(State(app): State<Arc<App>>) -> Response {
    Redirect::to(&format!("{}/flux_runtime", app.base)).into_response()
}

impl Runtime {
    fn new(
        frame: Frame,
        controllers: Result<Vec<Controller>, ObjectError>,
        definitions: Result<Vec<Definition>, ObjectError>,
    ) -> Self {
        let [label, value] = Controller::LABEL;
        let controllers_refused = matches!(controllers, Err(ObjectError::Forbidden(_)));
        let definitions_refused = matches!(definitions, Err(ObjectError::Forbidden(_)));
        let (controllers, controllers_note) = match controllers {
            Ok(none) if none.is_empty() => {
                (none, format!("None was found. Flux’s controllers are Deployments with the label {label}={value}."))
            }
            Ok(controllers) => (controllers, String::new()),
            Err(error) => (Vec::new(), refused(&error, LIST_DEPLOYMENTS)),
        };
        let (definitions, definitions_note) = match definitions {
            Ok(definitions) => (definitions, String::new()),
            Err(error) => (Vec::new(), refused(&error, "“get” on customresourcedefinitions")),
        };
        Self {
            frame,
            sentence: sentence(&controllers),
            controllers: controllers.into_iter().map(ControllerView::of).collect(),
            controllers_note,
            controllers_refused,
            definitions: definitions.iter().map(DefinitionView::of).collect(),
            definitions_note,
            definitions_refused,
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

impl ControllerView {
    fn of(controller: Controller) -> Self {
        let images = controller.images.iter().map(|image| {
            let name = image.split('@').next().unwrap_or_default();
            let tag = name.rfind('/').and_then(|slash| name[slash..].find(':').map(|colon| slash + colon));
            (image.clone(), web_link(&name[..tag.unwrap_or(name.len())]))
        });
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
            name: format!("{}.{}", info.plural, info.group),
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

    #[test]
    fn images_lead_to_their_pages_without_tag_and_digest() {
        let read = Controller::read(&json!({"spec": {"template": {"spec": {"containers": [
            {"image": "ghcr.io/fluxcd/source-controller:v1@sha256:0f"}, {"image": "localhost:5000/x:1"}]}}}}));
        let links: Vec<_> = ControllerView::of(read).images.into_iter().map(|(_, link)| link).collect();
        assert_eq!(links, [Some("https://ghcr.io/fluxcd/source-controller".to_owned()), None]);
    }
}
