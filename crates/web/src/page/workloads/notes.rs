//! What there is to say of what is missing.

use std::{collections::BTreeMap, sync::Arc};

use fanlight_model::{Deed, WorkloadKind, Workloads};

use super::Found;
use crate::{ObjectError, frame::Frame, place};

/// One thing to say.
pub(super) struct Note {
    pub(super) text: String,
    /// Where it says what is missing, for each kind.
    pub(super) links: Vec<(String, String)>,
}

/// How many namespaces are named.
const FEW: usize = 5;

pub(super) fn notes(frame: &Frame, found: &Found) -> Vec<Note> {
    let say = |text: String| Note { text, links: Vec::new() };
    let found = match found {
        Ok(found) => found,
        Err(ObjectError::Unanswered(_)) => return Vec::new(),
        Err(error) => return vec![say(format!("What runs cannot be read: {error}."))],
    };
    let mut notes: Vec<_> = refused(found).into_iter().map(|(places, kinds)| denied(frame, &places, &kinds)).collect();
    if found.more {
        notes
            .push(say("There is more than is read at once: choose the namespaces that you mean to see all of them."
                .to_owned()));
    }
    if found.left_out > 0 {
        notes.push(say(format!(
            "You see many namespaces one by one: {} of them are left out here. Choose those that you mean.",
            found.left_out
        )));
    }
    notes
}

/// The kinds that may not be listed in the same places, together.
fn refused(found: &Workloads) -> BTreeMap<Vec<Option<Arc<str>>>, Vec<WorkloadKind>> {
    let mut by_kind: BTreeMap<WorkloadKind, Vec<_>> = BTreeMap::new();
    for place in found.refused.keys() {
        by_kind.entry(place.kind).or_default().push(place.namespace.clone());
    }
    let mut by_places: BTreeMap<Vec<_>, Vec<_>> = BTreeMap::new();
    for (kind, places) in by_kind {
        by_places.entry(places).or_default().push(kind);
    }
    by_places
}

fn denied(frame: &Frame, places: &[Option<Arc<str>>], kinds: &[WorkloadKind]) -> Note {
    let plurals: Vec<_> = kinds.iter().map(|kind| kind.plural()).collect();
    let names: Vec<_> = places.iter().flatten().map(|name| &**name).collect();
    let there = match names.len() {
        0 => "the whole cluster, and none of your namespaces is known".to_owned(),
        count if count > FEW => format!("{} and {} more namespaces", names[..FEW].join(", "), count - FEW),
        _ => names.join(", "),
    };
    let links = kinds.iter().map(|kind| {
        let deed = Deed {
            verb: "list".to_owned(),
            group: kind.group().to_owned(),
            resource: kind.plural().to_owned(),
            namespace: names.first().copied().unwrap_or_default().to_owned(),
            ..Deed::default()
        };
        (kind.plural().to_owned(), place::may(&frame.base, &deed))
    });
    let text = format!("You may not list {} in {there}. What is missing:", plurals.join(", "));
    Note { text, links: links.collect() }
}

#[cfg(test)]
mod tests {
    use fanlight_model::WorkloadPlace;

    use super::*;

    #[test]
    fn what_may_not_be_listed_is_named_by_kind_and_namespace_with_the_right_that_is_missing() {
        let mut found = Workloads::default();
        for (kind, namespace) in
            [(WorkloadKind::Job, "apps"), (WorkloadKind::CronJob, "apps"), (WorkloadKind::DaemonSet, "data")]
        {
            let place = WorkloadPlace { kind, namespace: Some(namespace.into()) };
            found.refused.insert(place, "no".to_owned());
        }
        let notes = notes(&Frame::specimen(), &Ok(found.into()));
        let texts: Vec<_> = notes.iter().map(|note| &*note.text).collect();
        assert_eq!(
            texts,
            [
                "You may not list cronjobs, jobs in apps. What is missing:",
                "You may not list daemonsets in data. What is missing:"
            ]
        );
        assert_eq!(notes[1].links[0].1, "/user_info?verb=list&resource=daemonsets.apps&namespace=data#may");
    }

    #[test]
    fn where_nothing_is_missing_there_is_nothing_to_say() {
        assert!(notes(&Frame::specimen(), &Ok(Workloads::default().into())).is_empty());
    }
}
