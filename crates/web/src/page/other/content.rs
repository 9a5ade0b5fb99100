use std::time::SystemTime;

use askama::Template;
use fanlight_model::{OtherKind, OtherObject};
use url::form_urlencoded;

use super::{Asked, asked::Found};
use crate::{ObjectError, frame::Frame, manifest, page::object::Line, status::StatusView, when};

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
    Nothing { title: &'static str, text: String, forbidden: bool },
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
    conditions: Vec<Line>,
    manifest: String,
}

impl<'a> Content<'a> {
    pub(super) fn new(
        frame: &'a Frame,
        asked: &'a Asked,
        read: &'a Result<Found, ObjectError>,
        now: SystemTime,
    ) -> Self {
        let body = match read {
            Ok(Found::List(kind, found)) => {
                let row = |object: &OtherObject| Row::new(frame, asked, object, now);
                Body::List { kind, rows: found.objects.iter().map(row).collect(), more: found.more }
            }
            Ok(Found::Object(kind, whole)) => {
                let object = OtherObject::read(whole);
                let (status, since) = (StatusView::of(object.state), when::since(object.since, now));
                let conditions = object.conditions.iter().map(|entry| Line::of(entry, now)).collect();
                let object = Object { status, since, conditions, manifest: manifest::yaml(whole), object };
                Body::Object { kind, object: Box::new(object) }
            }
            Err(error) => nothing(asked, error),
        };
        Self { frame, asked, body }
    }
}

fn nothing<'a>(asked: &Asked, error: &ObjectError) -> Body<'a> {
    let (title, text) = error.telling(asked.title(), || {
        format!(
            "This cluster does not know {} among the kinds of Flux, or it has a page of its own. Whoever brings it has to \
             apply its CustomResourceDefinition.",
            asked.kind
        )
    });
    Body::Nothing { title, text, forbidden: matches!(error, ObjectError::Forbidden(_)) }
}

impl Row {
    fn new(frame: &Frame, asked: &Asked, object: &OtherObject, now: SystemTime) -> Self {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.append_pair("name", &object.name);
        if !object.namespace.is_empty() {
            query.append_pair("namespace", &object.namespace);
        }
        Self {
            status: StatusView::of(object.state),
            link: format!("{}/other/{}/details?{}", frame.base, asked.kind, query.finish()),
            since: when::since(object.since, now),
            object: object.clone(),
        }
    }
}
