use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use fanlight_model::{Identity, Name};

/// How many places each person follows Events in. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(crate) struct Seats(Arc<Mutex<HashMap<Name, usize>>>);

/// The right to follow the Events of one place. Given back when dropped.
#[derive(Debug)]
pub(crate) struct Seat {
    seats: Seats,
    user: Name,
}

impl Seats {
    /// How many one person has, in all windows: each costs the API server a watch. Where nobody signs in, all share them.
    pub(crate) const MOST: usize = 200;

    /// A seat for somebody; `None` if all of theirs are taken.
    pub(crate) fn take(&self, who: &Identity) -> Option<Seat> {
        let mut taken = self.taken();
        let count = taken.entry(who.user().clone()).or_insert(0);
        if *count >= Self::MOST {
            return None;
        }
        *count += 1;
        Some(Seat { seats: self.clone(), user: who.user().clone() })
    }

    fn taken(&self) -> MutexGuard<'_, HashMap<Name, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
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

    #[test]
    fn each_person_has_so_many_seats_and_those_that_are_given_back_can_be_taken_again() {
        let seats = Seats::default();
        let [ada, ben] = ["ada", "ben"].map(|name| Identity::of(UserName::new(name).expect("a name")));
        let mut hers: Vec<_> = (0..Seats::MOST).map(|_| seats.take(&ada).expect("a seat")).collect();
        assert!(seats.take(&ada).is_none() && seats.take(&ben).is_some());
        hers.pop();
        let again = seats.take(&ada);
        assert!(again.is_some() && seats.take(&ada).is_none());
        drop((hers, again));
        assert!(seats.taken().is_empty(), "nothing is kept of those who have left");
    }
}
