use std::time::SystemTime;

use askama::Template;
use fanlight_model::{Deed, Events, OtherKind, OtherObject, Thing, image_link, reading};
use serde_json::Value;

use super::{
    Asked,
    asked::{Called, Came, Found},
};
use crate::{
    ObjectError,
    frame::Frame,
    manifest,
    page::object::{Happening, Line},
    place,
    status::StatusView,
    when,
};

/// What changes of a page.
#[derive(Template)]
#[template(path = "other_content.html")]
pub(super) struct Content<'a> {
    frame: &'a Frame,
    asked: &'a Asked,
    body: Body<'a>,
}

/// What was found, or why nothing was.
enum Body<'a> {
    List { kind: &'a OtherKind, rows: Vec<Row>, more: bool },
    Object { kind: &'a OtherKind, object: Box<Object> },
    Nothing { title: &'static str, text: String, missing: Option<String> },
}

/// A line of the list.
struct Row {
    object: OtherObject,
    status: StatusView,
    link: String,
    since: Option<(String, String)>,
}

/// One object.
struct Object {
    object: OtherObject,
    status: StatusView,
    since: Option<(String, String)>,
    created: Option<(String, String)>,
    /// Who applied it, and the address of their page.
    applier: Option<(String, String)>,
    /// What else there is of it here: in words, and where.
    own: Option<(&'static str, String)>,
    /// Each with the page behind it.
    images: Vec<(String, Option<String>)>,
    conditions: Vec<Line>,
    events: Vec<Happening>,
    events_note: String,
    command: String,
    manifest: String,
    /// Whether the manifest goes on.
    is_cut: bool,
}

impl<'a> Content<'a> {
    pub(super) fn new(frame: &'a Frame, asked: &'a Asked, read: &'a Came, now: SystemTime) -> Self {
        let body = match (&read.kind, &read.found) {
            (Some(kind), Ok(Found::List(found))) => {
                let row = |object: &OtherObject| Row::new(frame, kind, object, now);
                Body::List { kind, rows: found.objects.iter().map(row).collect(), more: found.more }
            }
            (Some(kind), Ok(Found::Object(whole, events))) => {
                Body::Object { kind, object: Box::new(Object::new(frame, kind, whole, events, now)) }
            }
            (kind, Err(error)) => nothing(frame, asked, kind.as_ref(), error),
            // Nothing is found of a kind that is not.
            (None, Ok(_)) => nothing(frame, asked, None, &ObjectError::NotInstalled),
        };
        Self { frame, asked, body }
    }
}

fn nothing<'a>(frame: &Frame, asked: &Asked, kind: Option<&OtherKind>, error: &ObjectError) -> Body<'a> {
    let (title, text) = error.telling(asked.title(), || match &asked.kind {
        Called::Id(id) => format!(
            "This cluster does not know {id} among the kinds of Flux, or it has a page of its own. Whoever brings it has to \
             apply its CustomResourceDefinition."
        ),
        Called::Named { group, kind } => format!(
            "This cluster serves no {kind} of the API group {}. Whoever brings it has to apply its CustomResourceDefinition.",
            if group.is_empty() { place::CORE } else { group }
        ),
    });
    let missing = matches!(error, ObjectError::Forbidden(_)).then(|| place::may(&frame.base, &right(asked, kind)));
    Body::Nothing { title, text, missing }
}

/// What it takes to see it.
fn right(asked: &Asked, kind: Option<&OtherKind>) -> Deed {
    let known = kind.map(|kind| (kind.group.clone(), kind.plural.clone()));
    let (group, resource) = known.unwrap_or_else(|| (String::new(), asked.kind().to_owned()));
    let verb = if asked.name.is_empty() { "list" } else { "get" }.to_owned();
    let (namespace, name) = (asked.namespace.clone(), asked.name.clone());
    Deed { verb, group, resource, namespace, name, ..Deed::default() }
}

impl Row {
    fn new(frame: &Frame, kind: &OtherKind, object: &OtherObject, now: SystemTime) -> Self {
        let named = [("name", &object.name), ("namespace", &object.namespace)].into_iter();
        let named = named.filter(|(_, text)| !text.is_empty()).map(|(key, text)| (key, text.clone()));
        let page = format!("other/{}/details", place::segment(&kind.id()));
        Self {
            status: StatusView::of(object.state),
            link: place::asking(&frame.base, &page, named.collect()),
            since: when::since(object.since, now),
            object: object.clone(),
        }
    }
}

impl Object {
    fn new(
        frame: &Frame,
        kind: &OtherKind,
        whole: &Value,
        events: &Result<Events, ObjectError>,
        now: SystemTime,
    ) -> Self {
        let object = OtherObject::read(&kind.group, &kind.name, whole);
        let thing = Thing::new(&kind.group, &kind.name, &object.namespace, &object.name);
        let applier = object.applier.as_ref().and_then(|key| {
            let name = format!("{} {}/{}", key.kind, key.namespace, key.name);
            Some((name, place::object(&frame.base, key, "details")?))
        });
        let (events, events_note) = Happening::listed(events, now);
        let (manifest, is_cut) = manifest::beginning(whole);
        Self {
            status: StatusView::of(object.state),
            since: when::since(object.since, now),
            created: when::since(object.created, now),
            applier,
            own: place::own(&frame.base, &thing)
                .map(|link| (if kind.name == "Pod" { "What it writes" } else { "What it runs" }, link)),
            images: object.images.iter().map(|image| (image.clone(), image_link(image))).collect(),
            conditions: object.conditions.iter().map(|entry| Line::of(entry, now)).collect(),
            events,
            events_note,
            command: reading(&kind.id(), &object.namespace, &object.name),
            manifest,
            is_cut,
            object,
        }
    }
}
