use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use fanlight_model::{Answer, Deed, Form, Rule};
use tokio::time::Instant;

use crate::{ApiServer, ReadError, api_server::As};

/// What the API server has said of the server's own rights since a certain moment.
pub(super) struct Lore {
    /// When it was first asked.
    pub(super) learnt: Instant,
    /// Held by who asks on somebody's behalf.
    pub(super) turn: tokio::sync::Mutex<()>,
    /// All own rules, where the API server can list them: what none covers is not allowed.
    ///
    /// They are those of one namespace: for what is the same everywhere they can be too many, never too few.
    rules: Option<Arc<[Rule]>>,
    said: Mutex<HashMap<Deed, Answer>>,
}

impl Lore {
    pub(super) fn new(learnt: Instant, rules: Option<Arc<[Rule]>>) -> Self {
        Self { learnt, turn: tokio::sync::Mutex::default(), rules, said: Mutex::default() }
    }

    /// Whether some rule is about the constrained form of impersonation.
    pub(super) fn is_constrained(&self) -> bool {
        let mut verbs = self.rules.iter().flat_map(|rules| rules.iter()).flat_map(|rule| &rule.verbs);
        verbs.any(|verb| verb == Form::UserInfo.verb())
    }

    /// Whether no review could tell.
    pub(super) fn is_open(&self, deed: &Deed) -> bool {
        self.said().get(deed) == Some(&Answer::Unknown)
    }

    /// Takes note of an answer.
    pub(super) fn note(&self, deed: Deed, answer: Answer) {
        self.said().insert(deed, answer);
    }

    fn known(&self, deed: &Deed) -> Option<Answer> {
        // Service accounts have namespaces of their own, in which there may be other rules.
        let rules = self.rules.as_ref().filter(|_| deed.namespace.is_empty());
        if rules.is_some_and(|rules| !rules.iter().any(|rule| rule.covers(deed))) {
            return Some(Answer::No);
        }
        self.said().get(deed).copied()
    }

    fn said(&self) -> MutexGuard<'_, HashMap<Deed, Answer>> {
        self.said.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ApiServer {
    /// Whether the server itself may do this; unknown where no review can tell.
    pub(super) async fn own(&self, lore: &Lore, deed: Deed) -> Result<Answer, ReadError> {
        if let Some(answer) = lore.known(&deed) {
            return Ok(answer);
        }
        let answer = match self.review(As::Itself, &deed).await {
            Ok(verdict) => verdict.answer,
            Err(ReadError::Refused { code: http::StatusCode::FORBIDDEN, .. }) => Answer::Unknown,
            Err(error) => return Err(error),
        };
        lore.note(deed, answer);
        Ok(answer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(name: &str) -> Deed {
        let (verb, resource) = ("impersonate".to_owned(), "groups".to_owned());
        Deed { verb, resource, name: name.to_owned(), ..Deed::default() }
    }

    #[test]
    fn what_no_rule_covers_is_refused_without_asking_and_what_one_covers_is_asked() {
        let owned = |text: &str| vec![text.to_owned()];
        let rule =
            Rule { verbs: owned("impersonate"), groups: owned(""), resources: owned("groups"), names: owned("dev") };
        let lore = Lore::new(Instant::now(), Some([rule].into()));
        assert_eq!(lore.known(&group("qa")), Some(Answer::No));
        assert_eq!(lore.known(&group("")), Some(Answer::No), "some are not all");
        assert_eq!(lore.known(&group("dev")), None);
        let elsewhere = Deed { namespace: "ci".to_owned(), resource: "serviceaccounts".to_owned(), ..group("robot") };
        assert_eq!(lore.known(&elsewhere), None, "other rules may be in force there");
    }

    #[test]
    fn only_what_no_review_could_tell_is_open() {
        let lore = Lore::new(Instant::now(), None);
        lore.note(group("dev"), Answer::Yes);
        lore.note(group("qa"), Answer::Unknown);
        assert!(!lore.is_open(&group("dev")) && lore.is_open(&group("qa")) && !lore.is_open(&group("ops")));
        lore.note(group("qa"), Answer::No);
        assert!(!lore.is_open(&group("qa")));
        assert_eq!(lore.known(&group("qa")), Some(Answer::No));
    }
}
