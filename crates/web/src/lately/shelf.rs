use std::{
    collections::HashMap,
    future::Future,
    hash::Hash,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::time::{Instant, timeout};

use super::Lately;
use crate::ObjectError;

/// Answers of one sort, by who asked for what.
pub(super) struct Shelf<K, V> {
    held: Mutex<HashMap<K, Held<V>>>,
    limits: Limits<V>,
}

/// An answer, and when it was asked for.
type Held<V> = (Instant, Result<V, ObjectError>);

/// What is kept, and for how long.
pub(super) struct Limits<V> {
    /// How long an answer is used, or that there was none.
    pub(super) holds: Duration,
    /// How long an answer is waited for.
    pub(super) patience: Duration,
    /// How much is kept at most.
    pub(super) most: usize,
    /// How much an answer counts.
    pub(super) weigh: fn(&V) -> usize,
}

impl<K: Eq + Hash, V: Clone> Shelf<K, V> {
    pub(super) fn new(limits: Limits<V>) -> Self {
        Self { held: Mutex::default(), limits }
    }

    pub(super) async fn held_or<F>(&self, key: K, read: impl FnOnce() -> F) -> Result<V, ObjectError>
    where
        F: Future<Output = Result<V, ObjectError>>,
    {
        let now = Instant::now();
        if let Some(held) = self.held(&key, now) {
            return held;
        }
        let read = timeout(self.limits.patience, read()).await.unwrap_or_else(|_| {
            let within = self.limits.patience.as_secs();
            Err(ObjectError::Unanswered(format!("the API server did not answer within {within} seconds")))
        });
        self.keep(key, now, read.clone());
        read
    }

    fn held(&self, key: &K, now: Instant) -> Option<Result<V, ObjectError>> {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.get(key).filter(|(read, answer)| self.is_good(*read, answer, now)).map(|(_, answer)| answer.clone())
    }

    fn keep(&self, key: K, now: Instant, answer: Result<V, ObjectError>) {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.retain(|other, (read, answer)| *other != key && self.is_good(*read, answer, now));
        let weigh = |answer: &Result<V, ObjectError>| answer.as_ref().map_or(1, |answer| (self.limits.weigh)(answer));
        let all: usize = held.values().map(|(_, answer)| weigh(answer)).sum();
        if all + weigh(&answer) <= self.limits.most {
            held.insert(key, (now, answer));
        }
    }

    fn is_good(&self, read: Instant, answer: &Result<V, ObjectError>, now: Instant) -> bool {
        let holds = match answer {
            Ok(_) | Err(ObjectError::Unanswered(_)) => self.limits.holds,
            Err(_) => Lately::REFUSED,
        };
        now.duration_since(read) < holds
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use super::*;

    const HOLDS: Duration = Duration::from_secs(14);

    fn shelf(most: usize) -> Shelf<String, usize> {
        Shelf::new(Limits { holds: HOLDS, patience: Duration::from_secs(2), most, weigh: |weight| *weight })
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_is_used_for_a_moment_and_for_nobody_else() {
        let shelf = shelf(10);
        let now = Instant::now();
        shelf.keep("ada".to_owned(), now, Ok(1));
        shelf.keep("ben".to_owned(), now, Err(ObjectError::Forbidden("no".to_owned())));
        let held = |who: &str, now| shelf.held(&who.to_owned(), now);
        assert_eq!(held("ada", now), Some(Ok(1)));
        assert_eq!(held("cleo", now), None);
        assert_eq!(held("ada", now + HOLDS), None);
        assert!(held("ben", now + HOLDS).is_some_and(|held| held.is_err()));
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_that_hangs_is_waited_for_once_and_not_for_long() {
        let shelf = shelf(10);
        let ada = || "ada".to_owned();
        let began = Instant::now();
        let hung = shelf.held_or(ada(), pending).await;
        assert!(matches!(hung, Err(ObjectError::Unanswered(_))), "{hung:?}");
        assert_eq!(began.elapsed().as_secs(), 2);
        let again = shelf.held_or(ada(), || -> std::future::Ready<_> { unreachable!("it is remembered") }).await;
        assert!(again.is_err());
        tokio::time::sleep(HOLDS).await;
        let later = shelf.held_or(ada(), || ready(Ok(2))).await;
        assert_eq!(later, Ok(2), "and asked again");
    }

    #[tokio::test(start_paused = true)]
    async fn of_very_many_people_and_of_very_much_not_all_is_remembered() {
        let shelf = shelf(10);
        let now = Instant::now();
        for number in 0..15 {
            shelf.keep(format!("user-{number}"), now, Ok(1));
        }
        let held = || shelf.held.lock().expect("unpoisoned").len();
        assert_eq!(held(), 10);
        shelf.keep("user-3".to_owned(), now, Ok(2));
        assert_eq!(held(), 9, "its place is taken by what is too much");
        shelf.keep("late".to_owned(), now + HOLDS, Ok(10));
        assert_eq!(held(), 1);
    }
}
