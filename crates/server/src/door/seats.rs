use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use fanlight_identity::network;
use fanlight_web::{Full, Proxies};

/// How many connections there may be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Places {
    /// In all.
    pub(crate) all: usize,
    /// From one network, unless it is a proxy's: many people are behind that.
    pub(crate) each: usize,
    /// Above that, only to be told that there are too many.
    pub(crate) standing: usize,
}

/// The places for connections. Cheap to clone.
#[derive(Clone)]
pub(super) struct Seats(Arc<Inner>);

struct Inner {
    places: Places,
    proxies: Arc<Proxies>,
    taken: Mutex<Taken>,
}

#[derive(Default)]
struct Taken {
    seated: usize,
    standing: usize,
    each: HashMap<IpAddr, usize>,
}

/// A place that is taken, until this is dropped.
pub(crate) struct Seat {
    seats: Seats,
    kind: Kind,
}

enum Kind {
    /// Counted for its network too, if there is one.
    Seated(Option<IpAddr>),
    Standing,
}

impl Seats {
    pub(super) fn new(places: Places, proxies: Arc<Proxies>) -> Self {
        Self(Arc::new(Inner { places, proxies, taken: Mutex::default() }))
    }

    /// A place for a connection from an address, and why it may not stay there, if it may not; `None` if it cannot even
    /// be told so.
    pub(super) fn take(&self, from: IpAddr) -> Option<(Seat, Option<Full>)> {
        let Inner { places, proxies, .. } = &*self.0;
        let network = (!proxies.trusts(from)).then(|| network(from));
        let mut taken = self.taken();
        let crowded = network.is_some_and(|network| taken.each.get(&network).is_some_and(|each| *each >= places.each));
        let full = match () {
            () if taken.seated >= places.all => Some(Full::Everywhere),
            () if crowded => Some(Full::Address),
            () => None,
        };
        let kind = if full.is_none() {
            taken.seated += 1;
            if let Some(network) = network {
                *taken.each.entry(network).or_default() += 1;
            }
            Kind::Seated(network)
        } else {
            if taken.standing >= places.standing {
                return None;
            }
            taken.standing += 1;
            Kind::Standing
        };
        Some((Seat { seats: self.clone(), kind }, full))
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.0.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[cfg(test)]
    pub(super) fn for_one() -> Seat {
        let seats = Self::new(Places { all: 1, each: 1, standing: 0 }, Arc::default());
        seats.take(IpAddr::from([192, 0, 2, 1])).expect("a place").0
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.seats.taken();
        match self.kind {
            Kind::Standing => taken.standing -= 1,
            Kind::Seated(network) => {
                taken.seated -= 1;
                let Some(network) = network else { return };
                let left = taken.each.get_mut(&network).map(|each| {
                    *each -= 1;
                    *each
                });
                if left == Some(0) {
                    taken.each.remove(&network);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(last: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, last])
    }

    fn seats(places: Places) -> Seats {
        let proxy = "10.0.0.0/8".parse().expect("a network");
        Seats::new(places, Arc::new(Proxies::new(vec![proxy])))
    }

    /// Where somebody ends up.
    fn place(taken: Option<&(Seat, Option<Full>)>) -> &'static str {
        match taken {
            None => "outside",
            Some((_, None)) => "seated",
            Some((_, Some(Full::Address))) => "standing for their address",
            Some((_, Some(Full::Everywhere))) => "standing for all",
        }
    }

    #[test]
    fn one_address_cannot_take_all_places_and_a_proxy_can() {
        let seats = seats(Places { all: 6, each: 2, standing: 1 });
        let mine: Vec<_> = (0..2).filter_map(|_| seats.take(address(1))).collect();
        let third = seats.take(address(1));
        assert_eq!(place(third.as_ref()), "standing for their address");
        assert_eq!(place(seats.take(address(1)).as_ref()), "outside", "not even to be told so");
        let through: Vec<_> = (0..3).filter_map(|_| seats.take(IpAddr::from([10, 0, 0, 1]))).collect();
        assert!(through.iter().all(|(_, full)| full.is_none()), "many people are behind a proxy");
        let other = seats.take(address(2));
        assert_eq!(place(other.as_ref()), "seated");
        drop(third);
        assert_eq!(place(seats.take(address(3)).as_ref()), "standing for all");
        drop((mine, through));
        assert_eq!(place(seats.take(address(1)).as_ref()), "seated");
    }

    #[test]
    fn what_was_taken_is_given_back_to_the_last_place() {
        let seats = seats(Places { all: 2, each: 1, standing: 1 });
        for _ in 0..100 {
            let taken =
                [seats.take(address(1)), seats.take(address(1)), seats.take(address(2)), seats.take(address(3))];
            let found: Vec<_> = taken.iter().map(|taken| place(taken.as_ref())).collect();
            assert_eq!(found, ["seated", "standing for their address", "seated", "outside"]);
        }
        let taken = seats.taken();
        assert_eq!((taken.seated, taken.standing, taken.each.len()), (0, 0, 0));
    }
}
