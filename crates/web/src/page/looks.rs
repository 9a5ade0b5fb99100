use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::time::{Instant, sleep_until};

/// Looks at what nobody tells us of, one now and then.
pub(super) struct Looks<T> {
    read: Box<dyn Fn() -> BoxFuture<'static, T> + Send>,
    /// When the next one begins.
    at: Instant,
    under_way: Option<BoxFuture<'static, T>>,
}

impl<T> Looks<T> {
    /// The time between the end of one and the beginning of the next. What is seen then may be as old as
    /// [`Lately::HOLDS`](crate::Lately::HOLDS), and is shown until the next has ended.
    const EVERY: Duration = Duration::from_secs(13);

    /// The first one begins at once.
    pub(super) fn new(read: impl Fn() -> BoxFuture<'static, T> + Send + 'static) -> Self {
        Self { read: Box::new(read), at: Instant::now(), under_way: None }
    }

    /// What the next one sees. Safe to cancel: one that is under way goes on at the next call.
    pub(super) async fn next(&mut self) -> T {
        if self.under_way.is_none() {
            sleep_until(self.at).await;
        }
        let seen = self.under_way.get_or_insert_with(|| (self.read)()).await;
        self.under_way = None;
        self.at = Instant::now() + Self::EVERY;
        seen
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    };

    use futures_util::FutureExt;
    use tokio::time::{sleep, timeout};

    use super::*;
    use crate::Lately;

    #[tokio::test(start_paused = true)]
    async fn a_look_that_takes_its_time_goes_on_whatever_happens_meanwhile() {
        let begun = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&begun);
        let mut looks = Looks::new(move || {
            count.fetch_add(1, Ordering::Relaxed);
            sleep(Duration::from_secs(2)).boxed()
        });
        let start = Instant::now();
        for _ in 0..3 {
            assert!(timeout(Duration::from_millis(600), looks.next()).await.is_err());
        }
        looks.next().await;
        assert_eq!((start.elapsed().as_secs(), begun.load(Ordering::Relaxed)), (2, 1));
        looks.next().await;
        assert_eq!((start.elapsed(), begun.load(Ordering::Relaxed)), (Looks::<()>::EVERY + Duration::from_secs(4), 2));
    }

    #[test]
    fn nothing_is_shown_for_half_a_minute_after_a_right_was_lost() {
        assert!(Lately::HOLDS + Looks::<()>::EVERY + Lately::PATIENCE < Duration::from_secs(30));
    }
}
