use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use fanlight_model::{Identity, Name};
use tokio::sync::Semaphore;

use crate::ReadError;

/// How many logs are read at the same time, by each person and by all together.
#[derive(Debug)]
pub(crate) struct LogDesk {
    followed: Seats,
    taken_away: Seats,
    /// The right to read the end of one container's log.
    pub(super) tails: Semaphore,
}

/// Places of which each person has some, and all together have no more than so many.
#[derive(Debug, Clone)]
struct Seats {
    each: usize,
    all: usize,
    taken: Arc<Mutex<HashMap<Name, usize>>>,
}

/// The right to follow a log, or to take one away. Given back when dropped.
#[derive(Debug)]
pub(super) struct Seat {
    seats: Seats,
    user: Name,
}

impl Default for LogDesk {
    fn default() -> Self {
        let seats = |each, all| Seats { each, all, taken: Arc::default() };
        Self {
            followed: seats(Self::FOLLOWED, Self::FOLLOWED_BY_ALL),
            taken_away: seats(Self::TAKEN_AWAY, Self::TAKEN_AWAY_BY_ALL),
            tails: Semaphore::new(Self::TAILS),
        }
    }
}

impl LogDesk {
    /// How many pages with logs one person has open. Where nobody signs in, all share them.
    pub(super) const FOLLOWED: usize = 8;
    /// How many all have: each takes as much memory as a ring of lines.
    const FOLLOWED_BY_ALL: usize = 64;
    /// How many logs one person takes away as text.
    const TAKEN_AWAY: usize = 2;
    const TAKEN_AWAY_BY_ALL: usize = 8;
    /// How many containers' ends are read.
    const TAILS: usize = 8;

    /// Leave to follow a log.
    pub(super) fn follow(&self, who: &Identity, what: impl FnOnce() -> String) -> Result<Seat, ReadError> {
        self.followed.take(who, what)
    }

    /// Leave to take one away.
    pub(super) fn take_away(&self, who: &Identity, what: impl FnOnce() -> String) -> Result<Seat, ReadError> {
        self.taken_away.take(who, what)
    }
}

impl Seats {
    fn take(&self, who: &Identity, what: impl FnOnce() -> String) -> Result<Seat, ReadError> {
        let mut taken = self.taken();
        let all: usize = taken.values().sum();
        let mine = taken.get(who.user()).copied().unwrap_or_default();
        let full = [("you", mine, self.each), ("all people together", all, self.all)];
        if let Some((who, _, most)) = full.into_iter().find(|(_, taken, most)| taken >= most) {
            return Err(ReadError::LogsTaken { what: what(), who, most });
        }
        taken.insert(who.user().clone(), mine + 1);
        drop(taken);
        Ok(Seat { seats: self.clone(), user: who.user().clone() })
    }

    fn taken(&self) -> MutexGuard<'_, HashMap<Name, usize>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.seats.taken();
        if let Some(count) = taken.get_mut(&self.user) {
            *count -= 1;
            if *count == 0 {
                taken.remove(&self.user);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use fanlight_model::UserName;

    use super::*;

    fn person(name: &str) -> Identity {
        Identity::of(UserName::new(name).expect("a name"))
    }

    #[test]
    fn nobody_follows_more_logs_than_their_share_and_all_together_no_more_than_there_is_room_for() {
        let desk = LogDesk::default();
        let what = || "the log of shop/cart/web".to_owned();
        let ada = person("ada");
        let mut hers: Vec<_> = (0..LogDesk::FOLLOWED).map(|_| desk.follow(&ada, what).expect("a seat")).collect();
        let refused = desk.follow(&ada, what).expect_err("one too many").to_string();
        assert_eq!(
            refused,
            "reading the log of shop/cart/web: you read 8 logs at the same time already: try again when some of them are closed"
        );
        assert!(desk.take_away(&ada, what).is_ok(), "that is counted by itself");
        hers.pop();
        hers.push(desk.follow(&ada, what).expect("a seat that was given back"));
        let others: Vec<_> =
            (0..99).filter_map(|number| desk.follow(&person(&format!("p{number}")), what).ok()).collect();
        assert_eq!(others.len() + hers.len(), LogDesk::FOLLOWED_BY_ALL);
        let refused = desk.follow(&person("zoe"), what).expect_err("one too many").to_string();
        assert!(refused.contains("all people together read 64 logs"), "{refused}");
        drop((hers, others));
        assert!(desk.followed.taken().is_empty(), "nothing is kept of those who have left");
    }
}
