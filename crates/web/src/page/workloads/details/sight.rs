//! The line of sight from where something comes from to the pods that it became.

use std::collections::BTreeMap;

use fanlight_model::{ObjectKey, Row, State, short_revision};

use super::Shown;
use crate::{ObjectError, frame::Frame, place, status::StatusView};

/// One stop on the way.
pub(super) struct Stop {
    /// What it is.
    pub(super) role: &'static str,
    pub(super) name: String,
    /// What there is to say of it.
    pub(super) note: String,
    pub(super) link: Option<String>,
    /// Nothing if it may not be seen, or is not there.
    pub(super) status: Option<StatusView>,
    /// Whether this page is about it.
    pub(super) is_here: bool,
}

/// What is said of what has no row for this viewer.
const UNSEEN: &str = "not there, or not for you to see";

pub(super) fn sight(frame: &Frame, shown: &Shown) -> Vec<Stop> {
    let around = &shown.around;
    let source = around.source.as_ref().map(|(link, row)| of_flux(frame, "Source", &link.key(), row.as_deref()));
    let applier = around.applier.as_ref().map(|(key, row)| of_flux(frame, "Applied by", key, row.as_deref()));
    let row = &shown.row;
    let here = Stop {
        role: row.key.kind.name(),
        name: row.key.name.to_string(),
        note: row.ready.map(|(have, want)| format!("{have} of {want} ready")).unwrap_or_default(),
        link: None,
        status: Some(StatusView::of(row.state)),
        is_here: true,
    };
    let jobs = shown.family.known_jobs();
    let jobs = (!jobs.is_empty()).then(|| {
        let newest = jobs.first().map(|job| format!("the newest: {}", job.state.word().to_lowercase()));
        let states = jobs.first().map(|job| StatusView::of(job.state));
        stop("Jobs", counted(jobs.len(), "Job", shown.family.jobs.as_ref().is_ok_and(|all| all.more)), newest, states)
    });
    source.into_iter().chain(applier).chain([here]).chain(jobs).chain([pods(shown)]).collect()
}

fn of_flux(frame: &Frame, role: &'static str, key: &ObjectKey, row: Option<&Row>) -> Stop {
    Stop {
        role,
        name: format!("{} {}/{}", key.kind, key.namespace, key.name),
        note: row.map_or_else(|| UNSEEN.to_owned(), |row| short_revision(&row.revision)),
        link: row.and_then(|_| place::object(&frame.base, key, "details")),
        status: row.map(|row| StatusView::of(row.state)),
        is_here: false,
    }
}

fn pods(shown: &Shown) -> Stop {
    let (known, more) = match &shown.family.pods {
        Ok(listed) => (&listed.items, listed.more),
        Err(ObjectError::Forbidden(_)) => return stop("Pods", "not for you to see".to_owned(), None, None),
        Err(_) => return stop("Pods", "not known".to_owned(), None, None),
    };
    let mut words = BTreeMap::new();
    for pod in known {
        *words.entry(&*pod.word).or_insert(0) += 1;
    }
    let words: Vec<_> = words.into_iter().map(|(word, count)| format!("{count} {word}")).collect();
    let worst = known.iter().map(|pod| pod.state).min();
    let status = worst.map(|state: State| StatusView::of(state));
    stop("Pods", counted(known.len(), "pod", more), Some(words.join(", ")), status)
}

fn stop(role: &'static str, name: String, note: Option<String>, status: Option<StatusView>) -> Stop {
    Stop { role, name, note: note.unwrap_or_default(), link: None, status, is_here: false }
}

fn counted(count: usize, what: &str, more: bool) -> String {
    let plural = if count == 1 { "" } else { "s" };
    let more = if more { ", and more" } else { "" };
    match count {
        0 => format!("no {what}s"),
        _ => format!("{count} {what}{plural}{more}"),
    }
}
