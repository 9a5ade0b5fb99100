use std::time::SystemTime;

use askama::Template;
use fanlight_model::{EventEntry, ObjectKey, Version};

use crate::{frame::Frame, page::object::Happening, place};

/// An Event as a row.
#[derive(Template)]
#[template(path = "events/row.html")]
pub(super) struct EventRow<'a> {
    id: &'a str,
    version: Version,
    event: Happening,
    name: &'a str,
    namespace: &'a str,
    kind: &'a str,
    link: Option<String>,
    icons: &'a str,
}

impl<'a> EventRow<'a> {
    pub(super) fn of(event: &'a EventEntry, frame: &'a Frame, now: SystemTime) -> Self {
        let key = event.about.map(|kind| ObjectKey::new(kind, &*event.namespace, &*event.name));
        Self {
            id: &event.id,
            version: event.version,
            event: Happening::of(event, now),
            name: &event.name,
            namespace: &event.namespace,
            kind: &event.kind,
            link: key.and_then(|key| place::object(&frame.base, &key, "events")),
            icons: &frame.assets.icons,
        }
    }
}
