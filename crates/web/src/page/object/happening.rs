use std::time::SystemTime;

use fanlight_model::{EventEntry, Events, short_revision};

use super::shown::More;
use crate::{ObjectError, when};

/// An Event as a line.
pub(in crate::page) struct Happening {
    /// Colour and icon.
    pub(in crate::page) class: &'static str,
    pub(in crate::page) word: &'static str,
    pub(in crate::page) reason: String,
    pub(in crate::page) message: String,
    pub(in crate::page) from: String,
    pub(in crate::page) revision: String,
    pub(in crate::page) full_revision: String,
    /// From which revision in Git that was made; empty if it is one.
    pub(in crate::page) origin: String,
    pub(in crate::page) full_origin: String,
    /// How often, and since when; empty for once.
    pub(in crate::page) often: String,
    pub(in crate::page) last: Option<(String, String)>,
}

impl Happening {
    /// The Events, and what there is to say of them or in their place.
    pub(super) fn all(more: &More, now: SystemTime) -> (Vec<Self>, String) {
        match more {
            More::Events(read) => Self::listed(read, now),
            _ => (Vec::new(), String::new()),
        }
    }

    /// The same of Events that were read, or were not.
    pub(in crate::page) fn listed(read: &Result<Events, ObjectError>, now: SystemTime) -> (Vec<Self>, String) {
        match read {
            Ok(events) => {
                let note = match (events.entries.is_empty(), events.more) {
                    (true, _) => {
                        "Nothing happened lately. Kubernetes forgets Events after an hour, unless told otherwise."
                    }
                    (_, true) => "There are more than these.",
                    _ => "",
                };
                (events.entries.iter().map(|entry| Self::of(entry, now)).collect(), note.to_owned())
            }
            Err(ObjectError::Forbidden(words)) => {
                (Vec::new(), format!("Kubernetes says: {words}. An administrator can grant “list” on events."))
            }
            Err(error) => (Vec::new(), format!("The Events cannot be read: {error}.")),
        }
    }

    pub(in crate::page) fn of(entry: &EventEntry, now: SystemTime) -> Self {
        let (class, word) = if entry.warning { ("failed", "Warning") } else { ("quiet", "Normal") };
        let alike = if entry.combined { " much alike" } else { "" };
        let often = match (entry.count, when::since(entry.first, now)) {
            (1, _) => String::new(),
            (count, Some((_, age))) => format!("{count} times{alike} within {age}"),
            (count, None) => format!("{count} times{alike}"),
        };
        Self {
            class,
            word,
            reason: entry.reason.clone(),
            message: entry.message.clone(),
            from: entry.from.clone(),
            revision: short_revision(&entry.revision),
            full_revision: entry.revision.clone(),
            origin: short_revision(&entry.origin),
            full_origin: entry.origin.clone(),
            often,
            last: when::since(entry.last, now),
        }
    }
}
