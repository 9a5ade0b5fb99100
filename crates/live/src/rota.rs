use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::time::{Instant, sleep_until};

/// The order in which scopes are listed that nobody may watch, or that are too many to be watched: one after the other,
/// so that they never cost more than a certain number of requests.
#[derive(Debug)]
pub(crate) struct Rota {
    turn: Duration,
    next: Mutex<Instant>,
}

impl Rota {
    /// One in each `turn`.
    pub(crate) fn new(turn: Duration) -> Self {
        Self { turn, next: Mutex::new(Instant::now()) }
    }

    /// Waits for the next free turn.
    pub(crate) async fn turn(&self) {
        let mine = {
            let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
            let mine = (*next).max(Instant::now());
            *next = mine + self.turn;
            mine
        };
        sleep_until(mine).await;
    }
}

#[cfg(test)]
mod tests {
    use futures_util::future::join_all;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn turns_come_one_after_the_other_and_none_is_saved_up() {
        let rota = Rota::new(Duration::from_millis(50));
        tokio::time::advance(Duration::from_secs(60)).await;
        let began = Instant::now();
        join_all((0..21).map(|_| rota.turn())).await;
        assert_eq!(began.elapsed(), Duration::from_secs(1));
    }
}
