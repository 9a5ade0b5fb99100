//! What was seen to change, for as long as there is room.

use std::collections::{HashMap, VecDeque};

use fanlight_model::{Kind, ObjectKey, Row, Scope, State, cut};
use tokio::time::Instant;

use crate::Sighting;

/// The last changes of all objects, in the order in which they were seen.
///
/// It holds nothing but what rows held, each about one object alone: whoever may see the object may see it.
#[derive(Debug, Default)]
pub(super) struct Journal {
    entries: VecDeque<Entry>,
    /// Of objects on their way to somewhere: what they were before they set out.
    under_way: HashMap<ObjectKey, Before>,
}

#[derive(Debug)]
struct Entry {
    key: ObjectKey,
    seen: Instant,
    before: Before,
    to: State,
    revision: Box<str>,
    sentence: Box<str>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Before {
    state: State,
    revision: Box<str>,
}

impl Journal {
    /// How many changes are kept in all.
    const MOST: usize = 1_000;
    /// How many are kept of one object, so that a restless one does not drive out all others.
    const OF_ONE: usize = 20;
    /// How much of a sentence is kept, in bytes.
    const SENTENCE: usize = 160;

    /// Notes what became of an object. What it went through on its way is left out: every reconciliation passes through
    /// *progressing*, and every new commit makes whatever depends on another wait.
    pub(super) fn note(&mut self, old: &Row, new: &Row, seen: Instant) {
        let was = Before { state: old.state, revision: old.revision.clone() };
        if is_under_way(new.state) {
            if !is_under_way(old.state) {
                self.under_way.insert(new.key.clone(), was);
            }
            return;
        }
        let before = self.under_way.remove(&new.key).unwrap_or(was);
        if before.state == new.state && before.revision == new.revision {
            return;
        }
        if self.of(&new.key).count() >= Self::OF_ONE
            && let Some(oldest) = self.entries.iter().position(|entry| entry.key == new.key)
        {
            self.entries.remove(oldest);
        }
        if self.entries.len() == Self::MOST {
            self.entries.pop_front();
        }
        self.entries.push_back(Entry {
            key: new.key.clone(),
            seen,
            before,
            to: new.state,
            revision: new.revision.clone(),
            sentence: cut(&new.sentence, Self::SENTENCE).into(),
        });
    }

    /// Forgets an object that is gone: another of its name is another object.
    pub(super) fn forget(&mut self, key: &ObjectKey) {
        self.under_way.remove(key);
        self.entries.retain(|entry| entry.key != *key);
    }

    /// Forgets the objects of a kind in a scope that are not there any more: after a list, since nobody told of each.
    pub(super) fn sift(&mut self, kind: Kind, scope: &Scope, is_there: impl Fn(&ObjectKey) -> bool) {
        let stays = |key: &ObjectKey| key.kind != kind || !scope.covers(&key.namespace) || is_there(key);
        self.under_way.retain(|key, _| stays(key));
        self.entries.retain(|entry| stays(&entry.key));
    }

    /// Forgets of a kind what was under way, since nobody sees where it gets to.
    pub(super) fn lose_sight(&mut self, kind: Kind) {
        self.under_way.retain(|key, _| key.kind != kind);
    }

    /// What was seen of an object, the newest first.
    pub(super) fn sightings(&self, key: &ObjectKey, now: Instant) -> Vec<Sighting> {
        let sighting = |entry: &Entry| Sighting {
            ago: now.saturating_duration_since(entry.seen),
            from: entry.before.state,
            to: entry.to,
            before: (entry.before.revision != entry.revision).then(|| entry.before.revision.clone()),
            revision: entry.revision.clone(),
            sentence: entry.sentence.clone(),
        };
        self.of(key).rev().map(sighting).collect()
    }

    fn of(&self, key: &ObjectKey) -> impl DoubleEndedIterator<Item = &Entry> {
        self.entries.iter().filter(move |entry| entry.key == *key)
    }
}

/// Whether an object in this state is on its way to another.
fn is_under_way(state: State) -> bool {
    matches!(state, State::Progressing | State::Waiting | State::NotReconciled)
}

#[cfg(test)]
mod tests {
    use fanlight_model::{Facts, Links};

    use super::*;

    fn row(name: &str, state: State, revision: &str) -> Row {
        let key = ObjectKey::new(Kind::KUSTOMIZATION, "apps", name);
        Row { state, revision: revision.into(), ..Row::new(key, 1, Links::default(), &Facts::new(Kind::KUSTOMIZATION)) }
    }

    /// Goes through these states one after the other.
    fn play(journal: &mut Journal, name: &str, states: &[(State, &str)]) {
        for pair in states.windows(2) {
            let [old, new] = [pair[0], pair[1]].map(|(state, revision)| row(name, state, revision));
            journal.note(&old, &new, Instant::now());
        }
    }

    fn told(journal: &Journal, name: &str) -> Vec<(State, State, Option<String>, String)> {
        let all = journal.sightings(&row(name, State::Ready, "").key, Instant::now());
        all.into_iter().map(|one| (one.from, one.to, one.before.map(Into::into), one.revision.into())).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn what_came_of_it_is_told_and_not_the_way_there() {
        use State::{Failed, Progressing, Ready, Waiting};
        let mut journal = Journal::default();
        play(&mut journal, "shop", &[(Ready, "a"), (Progressing, "a"), (Ready, "a")]);
        assert!(told(&journal, "shop").is_empty(), "nothing came of it");
        play(&mut journal, "shop", &[(Ready, "a"), (Waiting, "a"), (Progressing, "a"), (Ready, "b")]);
        play(&mut journal, "shop", &[(Ready, "b"), (Progressing, "b"), (Failed, "b")]);
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(
            told(&journal, "shop"),
            [(Ready, Failed, None, "b".to_owned()), (Ready, Ready, some("a"), "b".to_owned())]
        );
        assert!(told(&journal, "other").is_empty());
        journal.forget(&row("shop", Ready, "").key);
        assert!(told(&journal, "shop").is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn a_restless_object_does_not_drive_out_all_others_and_there_is_an_end() {
        use State::{Failed, Ready};
        let mut journal = Journal::default();
        play(&mut journal, "quiet", &[(Ready, "a"), (Failed, "a")]);
        for _ in 0..Journal::MOST {
            play(&mut journal, "restless", &[(Ready, "a"), (Failed, "a"), (Ready, "a")]);
        }
        assert_eq!((told(&journal, "quiet").len(), told(&journal, "restless").len()), (1, Journal::OF_ONE));
        for number in 0..Journal::MOST + 5 {
            play(&mut journal, &format!("app-{number}"), &[(Ready, "a"), (Failed, "a")]);
        }
        assert_eq!(journal.entries.len(), Journal::MOST);
        assert!(told(&journal, "quiet").is_empty());
    }
}
