//! What the API server sends, decoded no further than a row needs.
//!
//! Every field may be missing or of another type than expected: one odd object must not hide the others.

use std::{borrow::Cow, sync::Arc};

use fanlight_model::{Change, Kind, Row, Version, cut};
use serde::Deserialize;
use serde_json::value::RawValue;

use object::Object;

mod object;

/// One line of a watch.
pub(crate) enum Event {
    Change(Change),
    Error { code: u16, message: String },
}

/// One page of a list.
pub(crate) struct Page {
    pub(crate) rows: Vec<Arc<Row>>,
    pub(crate) version: Version,
    /// The token for the next page.
    pub(crate) next: Option<String>,
}

#[derive(Deserialize)]
struct WatchEvent<'a> {
    #[serde(rename = "type", borrow)]
    word: Cow<'a, str>,
    #[serde(borrow)]
    object: &'a RawValue,
}

#[derive(Deserialize)]
struct Failure {
    #[serde(default)]
    code: u16,
    #[serde(default)]
    message: String,
}

#[derive(Deserialize)]
struct List<'a> {
    metadata: ListMeta,
    #[serde(borrow)]
    items: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ListMeta {
    resource_version: String,
    #[serde(rename = "continue", default)]
    next: String,
}

/// Understands one line of a watch of `kind`.
pub(crate) fn event(kind: Kind, line: &[u8]) -> Result<Event, serde_json::Error> {
    let event: WatchEvent<'_> = serde_json::from_slice(line)?;
    if event.word == "ERROR" {
        let failure: Failure = serde_json::from_str(event.object.get())?;
        return Ok(Event::Error { code: failure.code, message: cut(&failure.message, Row::MESSAGE_LIMIT) });
    }
    let object: Object<'_> = match &*event.word {
        "BOOKMARK" => return bookmark(event.object.get()).map(Event::Change),
        _ => serde_json::from_str(event.object.get())?,
    };
    Ok(Event::Change(match &*event.word {
        "DELETED" => Change::Deleted(object.key(kind), object.version()),
        _ => Change::Applied(Arc::new(object.row(kind, event.object))),
    }))
}

/// A bookmark carries nothing but a version: not even a name. One with an annotation ends the objects that a streaming
/// list begins with.
fn bookmark(object: &str) -> Result<Change, serde_json::Error> {
    #[derive(Deserialize)]
    struct Bookmark {
        metadata: BookmarkMeta,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct BookmarkMeta {
        resource_version: String,
        #[serde(default)]
        annotations: BookmarkAnnotations,
    }
    #[derive(Default, Deserialize)]
    struct BookmarkAnnotations {
        #[serde(rename = "k8s.io/initial-events-end", default)]
        initial_events_end: String,
    }
    let Bookmark { metadata } = serde_json::from_str(object)?;
    let version = metadata.resource_version.parse().unwrap_or_default();
    let ends_list = metadata.annotations.initial_events_end == "true";
    Ok(if ends_list { Change::Synced(version) } else { Change::Mark(version) })
}

/// Understands one page of a list of `kind`; objects that cannot be understood are left out and logged.
pub(crate) fn page(kind: Kind, body: &[u8]) -> Result<Page, serde_json::Error> {
    let list: List<'_> = serde_json::from_slice(body)?;
    let understood = |raw: &&RawValue| match serde_json::from_str::<Object<'_>>(raw.get()) {
        Ok(object) => Some(Arc::new(object.row(kind, raw))),
        Err(error) => {
            tracing::warn!(%kind, %error, "an object cannot be understood");
            None
        }
    };
    Ok(Page {
        rows: list.items.iter().filter_map(understood).collect(),
        version: list.metadata.resource_version.parse().unwrap_or_default(),
        next: (!list.metadata.next.is_empty()).then_some(list.metadata.next),
    })
}

#[cfg(test)]
mod recorded;
#[cfg(test)]
mod tests;
