use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use fanlight_model::{Identity, Name};

/// Seats of which each person has some, and all together have no more than so many. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Seats {
    each: usize,
    all: usize,
    taken: Arc<Mutex<HashMap<Name, usize>>>,
}

/// The right to something of which nobody has very much. Given back when dropped.
#[derive(Debug)]
pub(crate) struct Seat {
    seats: Seats,
    user: Name,
}

/// That there is no seat: who has all that they may have, and how many these are.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Full {
    pub(crate) who: &'static str,
    pub(crate) most: usize,
}

impl Seats {
    pub(crate) fn new(each: usize, all: usize) -> Self {
        Self { each, all, taken: Arc::default() }
    }

    /// A seat for somebody.
    pub(crate) fn take(&self, who: &Identity) -> Result<Seat, Full> {
        let mut taken = self.taken();
        let all: usize = taken.values().sum();
        let mine = taken.get(who.user()).copied().unwrap_or_default();
        let full = [("you", mine, self.each), ("all people together", all, self.all)];
        if let Some((who, _, most)) = full.into_iter().find(|(_, taken, most)| taken >= most) {
            return Err(Full { who, most });
        }
        taken.insert(who.user().clone(), mine + 1);
        drop(taken);
        Ok(Seat { seats: self.clone(), user: who.user().clone() })
    }

    /// How many each person has.
    pub(crate) fn taken(&self) -> MutexGuard<'_, HashMap<Name, usize>> {
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

    #[test]
    fn each_person_has_so_many_seats_and_those_that_are_given_back_can_be_taken_again() {
        const EACH: usize = 200;
        let seats = Seats::new(EACH, usize::MAX);
        let [ada, ben] = ["ada", "ben"].map(|name| Identity::of(UserName::new(name).expect("a name")));
        let mut hers: Vec<_> = (0..EACH).map(|_| seats.take(&ada).expect("a seat")).collect();
        assert!(seats.take(&ada).is_err() && seats.take(&ben).is_ok());
        hers.pop();
        let again = seats.take(&ada);
        assert!(again.is_ok() && seats.take(&ada).is_err());
        drop((hers, again));
        assert!(seats.taken().is_empty(), "nothing is kept of those who have left");
    }
}
