use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, Weak},
};

use fanlight_model::{Identity, Name};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, SemaphorePermit};

use crate::{
    ReadError,
    seats::{Full, Seat, Seats},
};

/// How many logs are read at the same time, by each person and by all together.
#[derive(Debug)]
pub(crate) struct LogDesk {
    followed: Seats,
    taken_away: Seats,
    tails: Semaphore,
    /// What of `tails` each person may have, for those who read.
    shares: Mutex<HashMap<Name, Weak<Semaphore>>>,
    /// The right to have the log of one container open as it is written.
    open: Semaphore,
}

/// The right to read the end of one container's log.
#[derive(Debug)]
pub(super) struct Turn<'a> {
    _of_all: SemaphorePermit<'a>,
    _own: OwnedSemaphorePermit,
}

impl Default for LogDesk {
    fn default() -> Self {
        Self {
            followed: Seats::new(Self::FOLLOWED, Self::FOLLOWED_BY_ALL),
            taken_away: Seats::new(Self::TAKEN_AWAY, Self::TAKEN_AWAY_BY_ALL),
            tails: Semaphore::new(Self::TAILS),
            shares: Mutex::default(),
            open: Semaphore::new(Self::OPEN),
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
    /// How many for one person: whoever waits for a node that does not answer keeps nobody else waiting.
    const TAILS_OF_EACH: usize = 4;
    /// How many containers' logs are followed: a page may have many.
    const OPEN: usize = 256;

    /// Leave to follow a log.
    pub(super) fn follow(&self, who: &Identity, what: impl FnOnce() -> String) -> Result<Seat, ReadError> {
        self.followed.take(who).map_err(|full| taken(what(), full))
    }

    /// Leave to take one away.
    pub(super) fn take_away(&self, who: &Identity, what: impl FnOnce() -> String) -> Result<Seat, ReadError> {
        self.taken_away.take(who).map_err(|full| taken(what(), full))
    }

    /// Leave to read the end of one container's log, as soon as it is this person's turn.
    #[expect(clippy::expect_used, reason = "the semaphores are never closed")]
    pub(super) async fn turn(&self, who: &Identity) -> Turn<'_> {
        let own = self.share(who).acquire_owned().await.expect("never closed");
        Turn { _of_all: self.tails.acquire().await.expect("never closed"), _own: own }
    }

    fn share(&self, who: &Identity) -> Arc<Semaphore> {
        let mut shares = self.shares.lock().unwrap_or_else(PoisonError::into_inner);
        shares.retain(|_, share| share.strong_count() > 0);
        if let Some(share) = shares.get(who.user()).and_then(Weak::upgrade) {
            return share;
        }
        let share = Arc::new(Semaphore::new(Self::TAILS_OF_EACH));
        shares.insert(who.user().clone(), Arc::downgrade(&share));
        share
    }

    /// Leave to have the log of one container open.
    pub(super) fn open(&self, what: impl FnOnce() -> String) -> Result<SemaphorePermit<'_>, ReadError> {
        let full = |_| taken(what(), Full { who: "all people together", most: Self::OPEN });
        self.open.try_acquire().map_err(full)
    }
}

fn taken(what: String, Full { who, most }: Full) -> ReadError {
    ReadError::LogsTaken { what, who, most }
}

#[cfg(test)]
mod tests {
    use fanlight_model::UserName;
    use futures_util::FutureExt;

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

    #[tokio::test]
    async fn whoever_waits_for_many_containers_leaves_turns_to_others() {
        let desk = LogDesk::default();
        let (ada, bo) = (person("ada"), person("bo"));
        let mut hers = Vec::new();
        for _ in 0..LogDesk::TAILS_OF_EACH {
            hers.push(desk.turn(&ada).await);
        }
        assert!(desk.turn(&ada).now_or_never().is_none(), "one too many");
        let his = desk.turn(&bo).now_or_never().expect("a turn of his own");
        hers.pop();
        hers.push(desk.turn(&ada).now_or_never().expect("a turn that was given back"));
        drop((hers, his));
        desk.share(&bo);
        assert_eq!(desk.shares.lock().expect("a lock").len(), 1, "nothing is kept of those who do not read");
    }

    #[test]
    fn so_many_logs_are_followed_and_the_next_one_says_why_it_is_not() {
        let desk = LogDesk::default();
        let what = || "the log of shop/cart/web".to_owned();
        let mut open: Vec<_> = (0..LogDesk::OPEN).map(|_| desk.open(what).expect("leave")).collect();
        let refused = desk.open(what).expect_err("one too many").to_string();
        assert!(refused.contains("all people together read 256 logs"), "{refused}");
        open.pop();
        assert!(desk.open(what).is_ok(), "leave that was given back");
    }
}
