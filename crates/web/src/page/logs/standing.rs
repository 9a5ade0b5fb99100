use axum::http::StatusCode;
use fanlight_model::{LogQuery, LogStanding, LogSubject};

use super::missing::Missing;
use crate::{ObjectError, frame::Frame};

/// How it stands with what is read, in words.
pub(super) struct Standing {
    /// What there is to say of it, whatever lines there are.
    pub(super) notes: Vec<Note>,
    /// Which pods these are.
    pub(super) whose: String,
    /// What is said where there is no line.
    pub(super) empty: (&'static str, String),
    /// What is missing, where that is why.
    pub(super) link: Option<String>,
}

/// Something that cannot be read.
pub(super) struct Note {
    pub(super) text: String,
    /// Where it says what is missing.
    pub(super) link: Option<String>,
}

impl Standing {
    /// How many containers that cannot be read are named.
    const NAMED: usize = 3;

    pub(super) fn new(frame: &Frame, query: &LogQuery, standing: &LogStanding<ObjectError>) -> Self {
        let LogStanding { places, troubles, lost } = standing;
        let missing = |error: &ObjectError| Missing::of(error).map(|missing| missing.link(&frame.base));
        let refusal = Self::refusal(standing);
        let mut notes: Vec<Note> = Vec::new();
        // Said once, however many containers it is about.
        for (source, error) in troubles.iter().filter(|_| refusal.is_none()) {
            let text = match (Missing::of(error), error.to_string()) {
                (Some(missing), _) => missing.sentence(),
                // The kubelet says whom it means.
                (None, why) if why.starts_with("container ") => format!("C{}.", &why[1..]),
                (None, why) => format!("{} of {}: {why}.", named(&source.container), source.pod),
            };
            if !notes.iter().any(|note| note.text == text) {
                notes.push(Note { text, link: missing(error) });
            }
        }
        let more = notes.len().saturating_sub(Self::NAMED);
        notes.truncate(Self::NAMED);
        if more > 0 {
            notes.push(Note { text: format!("{more} more containers cannot be read."), link: None });
        }
        if let Some(error) = lost.as_ref().filter(|_| refusal.is_none()) {
            notes
                .push(Note { text: format!("Which pods there are is not known at this moment: {error}."), link: None });
        }
        if !places.unknown.is_empty() {
            let text = format!("Some pods could not be looked for: {}.", places.unknown.join("; "));
            notes.push(Note { text, link: None });
        }
        if places.left_out > 0 || places.more {
            let more = if places.more { "at least " } else { "" };
            let text = format!(
                "These are {} pods; {more}{} others are not read. Those that are not ready come first, then the newest.",
                places.pods, places.left_out
            );
            notes.push(Note { text, link: None });
        }
        let link = refusal.and_then(missing);
        Self { notes, whose: whose(query, standing), empty: empty(query, standing), link }
    }

    /// The status of a page that can show nothing. That a container has written nothing so far is none.
    pub(super) fn status(standing: &LogStanding<ObjectError>) -> Option<StatusCode> {
        match Self::refusal(standing)? {
            ObjectError::Unanswered(_) if standing.lost.is_none() => None,
            error => Some(error.status()),
        }
    }

    /// Why nothing can be read at all, if that is so.
    pub(super) fn refusal(standing: &LogStanding<ObjectError>) -> Option<&ObjectError> {
        let LogStanding { places, troubles, lost } = standing;
        if places.sources.is_empty() {
            return lost.as_ref();
        }
        let is_troubled = |source| troubles.iter().any(|(other, _)| other == source);
        if !places.sources.iter().all(is_troubled) {
            return None;
        }
        // Of several reasons the right that is missing: somebody can do something about it.
        let forbidden = troubles.iter().find(|(_, error)| matches!(error, ObjectError::Forbidden(_)));
        forbidden.or_else(|| troubles.first()).map(|(_, error)| error)
    }
}

fn named(container: &str) -> String {
    if container.is_empty() { "The container".to_owned() } else { format!("Container {container}") }
}

fn whose(query: &LogQuery, standing: &LogStanding<ObjectError>) -> String {
    let pods = match standing.places.pods {
        0 => return String::new(),
        1 => "1 pod".to_owned(),
        pods => format!("{pods} pods"),
    };
    match query.subject {
        LogSubject::Flux(_) => format!("of Flux’s controllers, {pods}"),
        LogSubject::Pods { .. } => pods,
    }
}

fn empty(query: &LogQuery, standing: &LogStanding<ObjectError>) -> (&'static str, String) {
    const SEARCHED: &str = "of the last 10,000 of each container";
    if let Some(error) = Standing::refusal(standing) {
        return match error {
            ObjectError::Forbidden(words) => ("You may not read this log", format!("Kubernetes says: {words}.")),
            ObjectError::NotFound => ("It is not there", "It may have been deleted.".to_owned()),
            error if query.previous => (
                "There is nothing from before",
                format!("{error}. A container that was never restarted has no previous log."),
            ),
            error => ("There is nothing to read", format!("{error}. The page fills by itself when there is.")),
        };
    }
    match (&query.subject, standing.places.sources.is_empty()) {
        (LogSubject::Flux(_), true) => (
            "No pods of Flux’s controllers",
            "There is no Deployment called like one, with the label app.kubernetes.io/part-of=flux, that has pods."
                .to_owned(),
        ),
        (LogSubject::Pods { .. }, true) => {
            ("No pods", "It has no pods at this moment, or none with that container.".to_owned())
        }
        _ if !query.words.is_empty() => ("Nothing found", format!("No line {SEARCHED} has that in it.")),
        (LogSubject::Flux(_), false) => (
            "Nothing about this object",
            format!("No line {SEARCHED} is about it. Controllers write when they look at it."),
        ),
        (LogSubject::Pods { .. }, false) if query.since.is_some() => {
            ("Nothing in that time", "Nothing was written since then.".to_owned())
        }
        (LogSubject::Pods { .. }, false) => ("Nothing so far", "Nothing was written so far.".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use fanlight_model::{LogPlaces, LogSource};

    use super::*;

    fn source(pod: &str) -> LogSource {
        LogSource { namespace: "shop".to_owned(), pod: pod.to_owned(), container: "web".to_owned() }
    }

    fn query() -> LogQuery {
        LogQuery::new(LogSubject::of_address("deployment", "shop", "cart").expect("a kind with logs"))
    }

    fn forbidden() -> ObjectError {
        ObjectError::Forbidden(
            "pods \"cart-1\" is forbidden: User \"ada\" cannot get resource \"pods/log\" in API group \"\" in the namespace \"shop\"".to_owned(),
        )
    }

    #[test]
    fn a_right_that_is_missing_is_said_once_and_leads_to_what_is_missing() {
        let places =
            LogPlaces { sources: vec![source("a"), source("b"), source("c")], pods: 3, ..LogPlaces::default() };
        let troubles = vec![(source("a"), forbidden()), (source("b"), forbidden())];
        let mut standing = LogStanding { places, troubles, lost: None };
        let told = Standing::new(&Frame::specimen(), &query(), &standing);
        let notes: Vec<_> = told.notes.iter().map(|note| &*note.text).collect();
        assert_eq!(notes, ["You may not read all of it: “get” on pods/log is missing in shop."]);
        let link = "/user_info?verb=get&resource=pods%2Flog&namespace=shop#may";
        assert_eq!(told.notes[0].link.as_deref(), Some(link));
        standing.troubles.push((source("c"), forbidden()));
        let told = Standing::new(&Frame::specimen(), &query(), &standing);
        assert_eq!((told.empty.0, told.link.as_deref()), ("You may not read this log", Some(link)));
        assert!(told.notes.is_empty(), "the page itself says it");
    }

    #[test]
    fn what_cannot_be_read_at_this_moment_is_named_and_many_are_counted() {
        let sources: Vec<_> = (0..9).map(|number| source(&format!("cart-{number}"))).collect();
        let waits = |source: &LogSource| (source.clone(), ObjectError::Unanswered("is waiting to start".to_owned()));
        let troubles = sources.iter().skip(1).map(waits).collect();
        let places = LogPlaces { sources, pods: 9, left_out: 4, more: true, ..LogPlaces::default() };
        let told = Standing::new(&Frame::specimen(), &query(), &LogStanding { places, troubles, lost: None });
        let notes: Vec<_> = told.notes.iter().map(|note| &*note.text).collect();
        assert_eq!(
            notes,
            [
                "Container web of cart-1: is waiting to start.",
                "Container web of cart-2: is waiting to start.",
                "Container web of cart-3: is waiting to start.",
                "5 more containers cannot be read.",
                "These are 9 pods; at least 4 others are not read. Those that are not ready come first, then the newest.",
            ]
        );
    }
}
