use std::{sync::Arc, time::Duration};

use fanlight_model::{EventEntry, EventFilter, EventLog, EventNews, Identity};
use futures_util::{StreamExt, stream};
use tokio::time::Instant;

use super::{Places, SHOWN};
use crate::{App, ObjectError, audit::Outcome};

/// What happened in some places, as far as it could be read.
pub(super) struct Happened {
    /// Place by place: what is known of it.
    places: Vec<(Option<Arc<str>>, Known)>,
    left_out: usize,
}

/// What is known of one place.
#[derive(Debug)]
enum Known {
    /// Nothing so far.
    Nothing,
    /// These Events, which could be read then; and why there may be others by now.
    Log(EventLog, Instant, Option<ObjectError>),
    /// These Events, of which it is no longer known whether they may be shown; and why.
    Unsure(EventLog, ObjectError),
    /// Nothing, for this reason.
    Lost(ObjectError),
}

impl Known {
    /// What is shown of it.
    fn log(&self) -> Option<&EventLog> {
        if let Self::Log(log, ..) = self { Some(log) } else { None }
    }

    /// Why nothing is.
    fn why(&self) -> Option<&ObjectError> {
        match self {
            Self::Lost(error) | Self::Unsure(_, error) => Some(error),
            Self::Nothing | Self::Log(..) => None,
        }
    }
}

impl Happened {
    /// Nothing is shown that was not allowed within this time.
    const TERM: Duration = Duration::from_secs(30);
    /// How many places are read at the same time.
    const AT_ONCE: usize = 4;

    /// Before anything is known.
    pub(super) fn nothing(places: Places) -> Self {
        let Places { namespaces, left_out } = places;
        Self { places: namespaces.into_iter().map(|place| (place, Known::Nothing)).collect(), left_out }
    }

    /// Reads everything once.
    pub(super) async fn read(app: &App, who: &Identity, filter: &EventFilter, places: Places) -> Self {
        let Places { namespaces, left_out } = places;
        let share = share(namespaces.len());
        let read = namespaces.into_iter().map(async |place| {
            let known = match app.objects.event_log(who, place.as_deref(), filter).await {
                Ok(mut log) => {
                    log.keep(share);
                    Known::Log(log, Instant::now(), None)
                }
                Err(error) => Known::Lost(error),
            };
            (place, known)
        });
        Self { places: stream::iter(read).buffered(Self::AT_ONCE).collect().await, left_out }
    }

    /// Takes in what is told of one of the places.
    pub(super) fn take(&mut self, place: usize, news: EventNews<ObjectError>, now: Instant) {
        let share = share(self.places.len());
        let Some((_, known)) = self.places.get_mut(place) else { return };
        *known = match (news, std::mem::replace(known, Known::Nothing)) {
            (EventNews::Listed(log), _) | (EventNews::Confirmed, Known::Log(log, ..) | Known::Unsure(log, _)) => {
                Known::Log(log, now, None)
            }
            (EventNews::Happened(event), mut known) => {
                if let Known::Log(log, ..) | Known::Unsure(log, _) = &mut known {
                    log.put(*event);
                }
                known
            }
            (EventNews::Forgotten(id), mut known) => {
                if let Known::Log(log, ..) | Known::Unsure(log, _) = &mut known {
                    log.remove(&id);
                }
                known
            }
            // What may not be seen any more must go; what cannot be asked about stays for a while, and says so.
            (EventNews::Lost(error @ ObjectError::Unanswered(_)), Known::Log(log, confirmed, _)) => {
                Known::Log(log, confirmed, Some(error))
            }
            (EventNews::Lost(error @ ObjectError::Unanswered(_)), Known::Unsure(log, _)) => Known::Unsure(log, error),
            (EventNews::Lost(error), _) => Known::Lost(error),
            (EventNews::Confirmed, known) => known,
        };
        if let Known::Log(log, ..) | Known::Unsure(log, _) = known {
            log.keep(share);
        }
    }

    /// When something must no longer be shown, unless it is confirmed before.
    pub(super) fn expires(&self) -> Option<Instant> {
        let moments = self.places.iter().filter_map(|(_, known)| match known {
            Known::Log(_, confirmed, _) => Some(*confirmed + Self::TERM),
            _ => None,
        });
        moments.min()
    }

    /// Shows nothing more of what was not confirmed for too long.
    pub(super) fn expire(&mut self, now: Instant) {
        for (_, known) in &mut self.places {
            if let Known::Log(log, confirmed, doubt) = known
                && *confirmed + Self::TERM <= now
            {
                let silent = || ObjectError::Unanswered("Kubernetes has not answered for half a minute".to_owned());
                *known = Known::Unsure(std::mem::take(log), doubt.take().unwrap_or_else(silent));
            }
        }
    }

    /// The places, in their order.
    pub(super) fn places(&self) -> impl Iterator<Item = Option<&str>> {
        self.places.iter().map(|(place, _)| place.as_deref())
    }

    /// All that is known, the newest first.
    pub(super) fn all(&self) -> Vec<&EventEntry> {
        let mut all: Vec<_> = self.logs().flat_map(EventLog::iter).collect();
        // Stable: of one moment each place keeps its order.
        all.sort_by_key(|event| std::cmp::Reverse(event.last));
        all
    }

    /// What the page shows, the newest first.
    pub(super) fn shown(&self, filter: &EventFilter) -> impl Iterator<Item = &EventEntry> {
        self.all().into_iter().filter(|event| filter.wants(event)).take(SHOWN)
    }

    /// Whether nothing at all could be told so far.
    pub(super) fn is_loading(&self) -> bool {
        self.places.iter().any(|(_, known)| matches!(known, Known::Nothing))
    }

    /// The first reason why a place cannot be read, if none can.
    pub(super) fn refusal(&self) -> Option<&ObjectError> {
        let lost = |(_, known): &(_, Known)| known.why().is_some();
        if !self.places.iter().all(lost) {
            return None;
        }
        self.places.iter().find_map(|(_, known)| known.why())
    }

    /// Whether there is any place to read.
    pub(super) fn has_places(&self) -> bool {
        !self.places.is_empty()
    }

    pub(super) fn outcome(&self) -> Outcome {
        match self.refusal() {
            None if self.has_places() => Outcome::Done,
            Some(ObjectError::Unanswered(_)) => Outcome::Failed,
            _ => Outcome::Refused,
        }
    }

    /// What there is to say of what is missing, while there is something.
    pub(super) fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        let doubt = self.places.iter().find_map(|(_, known)| match known {
            Known::Log(_, _, Some(error)) => Some(error),
            _ => None,
        });
        if let Some(error) = doubt {
            notes.push(format!("What is shown may be old: {error}."));
        }
        let refused = self.places.iter().filter(|(_, known)| matches!(known.why(), Some(ObjectError::Forbidden(_))));
        let refused: Vec<_> = refused.filter_map(|(place, _)| place.as_deref()).collect();
        if !refused.is_empty() && refused.len() < self.places.len() {
            notes.push(format!("You may not list Events in {}: “list” on events is missing there.", listed(&refused)));
        }
        let failed = self.places.iter().filter_map(|(place, known)| match known.why() {
            Some(error @ ObjectError::Unanswered(_)) => Some((place.as_deref()?, error)),
            _ => None,
        });
        let (failed, errors): (Vec<_>, Vec<_>) = failed.unzip();
        if let Some(error) = errors.first()
            && failed.len() < self.places.len()
        {
            notes.push(format!("The Events in {} cannot be read at this moment: {error}.", listed(&failed)));
        }
        if self.left_out > 0 {
            notes.push(format!(
                "You see many namespaces one by one: {} of them are left out here. Ask for those that you mean.",
                self.left_out
            ));
        }
        notes
    }

    /// How many are shown, if there are more than these.
    pub(super) fn shown_of_more(&self, filter: &EventFilter) -> Option<usize> {
        let wanted = self.all().into_iter().filter(|event| filter.wants(event)).count();
        let is_cut = wanted > SHOWN || (wanted > 0 && self.logs().any(|log| log.more));
        is_cut.then(|| wanted.min(SHOWN))
    }

    fn logs(&self) -> impl Iterator<Item = &EventLog> {
        self.places.iter().filter_map(|(_, known)| known.log())
    }

    /// The same place with these Events, for the style guide.
    pub(super) fn of(log: EventLog) -> Self {
        Self { places: vec![(None, Known::Log(log, Instant::now(), None))], left_out: 0 }
    }
}

/// How many Events are kept of each of so many places, so that all together stay small.
fn share(places: usize) -> usize {
    const LEAST: usize = 50;
    (EventLog::MOST / places.max(1)).max(LEAST)
}

fn listed(names: &[&str]) -> String {
    const FEW: usize = 5;
    match names.len() {
        count if count > FEW => format!("{} and {} more namespaces", names[..FEW].join(", "), count - FEW),
        _ => names.join(", "),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn event(id: &str, second: u32) -> EventEntry {
        EventEntry::read(&json!({
            "metadata": {"uid": id}, "lastTimestamp": format!("1970-01-01T00:00:{second:02}Z"),
            "involvedObject": {"kind": "Kustomization", "namespace": "apps", "name": "shop"}}))
    }

    fn happened(namespaces: &[&str]) -> Happened {
        let namespaces = namespaces.iter().map(|name| Some(Arc::from(*name))).collect();
        Happened::nothing(Places { namespaces, left_out: 0 })
    }

    fn now() -> Instant {
        Instant::now()
    }

    fn ids(happened: &Happened) -> Vec<&str> {
        happened.shown(&EventFilter::default()).map(|event| &*event.id).collect()
    }

    #[test]
    fn what_is_told_of_several_places_is_one_list_the_newest_first() {
        let mut both = happened(&["apps", "data"]);
        assert!(both.is_loading());
        let mut log = EventLog::default();
        log.put(event("a", 10));
        both.take(0, EventNews::Listed(log.clone()), now());
        both.take(1, EventNews::Listed(EventLog::default()), now());
        both.take(1, EventNews::Happened(Box::new(event("b", 20))), now());
        assert!(!both.is_loading());
        assert_eq!(ids(&both), ["b", "a"]);
        both.take(0, EventNews::Happened(Box::new(event("a", 30))), now());
        assert_eq!(ids(&both), ["a", "b"]);
        both.take(1, EventNews::Forgotten("b".to_owned()), now());
        assert_eq!(ids(&both), ["a"]);
        both.take(9, EventNews::Listed(log), now());
        assert_eq!(ids(&both), ["a"], "there is no such place");
    }

    #[test]
    fn what_may_not_be_seen_any_more_goes_and_what_cannot_be_asked_about_stays() {
        let mut both = happened(&["apps", "data"]);
        for (place, id) in [(0, "a"), (1, "b")] {
            let mut log = EventLog::default();
            log.put(event(id, 10));
            both.take(place, EventNews::Listed(log), now());
        }
        both.take(0, EventNews::Lost(ObjectError::Unanswered("away".to_owned())), now());
        assert_eq!(ids(&both), ["a", "b"]);
        assert_eq!(both.notes(), ["What is shown may be old: away."]);
        both.take(0, EventNews::Lost(ObjectError::Forbidden("no".to_owned())), now());
        assert_eq!(ids(&both), ["b"]);
        let notes = both.notes();
        assert_eq!(notes, ["You may not list Events in apps: “list” on events is missing there."]);
        assert_eq!((both.refusal(), both.outcome()), (None, Outcome::Done));
        both.take(1, EventNews::Lost(ObjectError::Forbidden("no".to_owned())), now());
        assert_eq!(both.outcome(), Outcome::Refused);
        assert!(both.notes().is_empty(), "the page itself says it");
    }

    #[test]
    fn what_was_not_confirmed_for_half_a_minute_is_not_shown_until_it_is() {
        let began = now();
        let after = |seconds| began + Duration::from_secs(seconds);
        let mut both = happened(&["apps", "data"]);
        assert_eq!(both.expires(), None);
        for (place, id) in [(0, "a"), (1, "b")] {
            let mut log = EventLog::default();
            log.put(event(id, 10));
            both.take(place, EventNews::Listed(log), began);
        }
        both.take(0, EventNews::Confirmed, after(25));
        both.take(1, EventNews::Lost(ObjectError::Unanswered("away".to_owned())), after(25));
        assert_eq!(both.expires(), Some(after(30)));
        both.expire(after(29));
        assert_eq!(ids(&both), ["a", "b"]);
        both.expire(after(30));
        assert_eq!(ids(&both), ["a"]);
        assert_eq!(both.notes(), ["The Events in data cannot be read at this moment: away."]);
        both.expire(after(55));
        assert!(ids(&both).is_empty() && both.refusal().is_some() && both.expires().is_none());
        both.take(0, EventNews::Happened(Box::new(event("c", 20))), after(56));
        assert!(ids(&both).is_empty(), "of what is not confirmed nothing new is shown either");
        both.take(0, EventNews::Confirmed, after(57));
        assert_eq!(ids(&both), ["c", "a"]);
    }
}
