use std::{
    hash::{BuildHasher, RandomState},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use fanlight_model::Name;
use tokio::time::Instant;

use super::buckets::Buckets;

/// How often somebody has had done what costs the server or the API server much: as it is by default, having everything
/// asked anew, which is a question for each namespace, and some more for those who share its answers. A few times in a row
/// are fine, for whoever is just being given a right.
pub struct Repeats {
    users: Mutex<Buckets<u64>>,
    /// Keyed at random, so that nobody can choose names that are counted as one.
    names: RandomState,
}

impl Default for Repeats {
    fn default() -> Self {
        Self::new(Self::USER)
    }
}

impl Repeats {
    /// So many times in a row, and how long it takes until once more is allowed.
    const USER: (u32, Duration) = (5, Duration::from_secs(15));

    /// So many times in a row, and how long it takes until once more is allowed.
    pub fn new(user: (u32, Duration)) -> Self {
        Self { users: Mutex::new(Buckets::new(user)), names: RandomState::new() }
    }

    /// Counts once more; the time to wait if it was too often.
    pub fn attempt(&self, user: &Name, now: Instant) -> Result<(), Duration> {
        let mut users = self.users.lock().unwrap_or_else(PoisonError::into_inner);
        users.attempt(self.names.hash_one(user.as_str()), now)
    }
}

#[cfg(test)]
mod tests {
    use fanlight_model::UserName;

    use super::*;

    #[test]
    fn a_few_times_in_a_row_are_fine_and_nobody_else_waits_for_who_does_not_stop() {
        let name = |name: &str| UserName::new(name).expect("a name").name().clone();
        let (repeats, start) = (Repeats::default(), Instant::now());
        let allowed = |user: &str, after: u64| repeats.attempt(&name(user), start + Duration::from_secs(after)).is_ok();
        assert_eq!((0..100).filter(|_| allowed("ann", 0)).count(), 5);
        assert!(allowed("bob", 0));
        assert_eq!((1..=600).filter(|second| allowed("ann", *second)).count(), 40);
        assert_eq!(repeats.attempt(&name("ann"), start + Duration::from_secs(601)), Err(Duration::from_secs(14)));
    }
}
