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
    /// Above that, for one question: probes are answered, others told that there are too many.
    pub(crate) standing: usize,
    /// Of these from one network, proxy or not.
    pub(crate) standing_each: usize,
    /// Of these those that are kept for networks that have no other place.
    pub(crate) kept: usize,
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
    standing_each: HashMap<IpAddr, usize>,
}

/// A place that is taken, until this is dropped.
pub(crate) struct Seat {
    seats: Seats,
    kind: Kind,
}

enum Kind {
    /// Counted for its network too, if there is one.
    Seated(Option<IpAddr>),
    Standing(IpAddr),
}

impl Seats {
    pub(super) fn new(places: Places, proxies: Arc<Proxies>) -> Self {
        Self(Arc::new(Inner { places, proxies, taken: Mutex::default() }))
    }

    /// A place for a connection from an address, and why it may not stay there, if it may not; `None` if it cannot even
    /// be told so.
    pub(super) fn take(&self, from: IpAddr) -> Option<(Seat, Option<Full>)> {
        let Inner { places, proxies, .. } = &*self.0;
        let network = network(from);
        let counted = (!proxies.trusts(from)).then_some(network);
        let mut taken = self.taken();
        let full = match () {
            () if taken.seated >= places.all => Some(Full::Everywhere),
            () if counted.is_some_and(|network| count(&taken.each, &network) >= places.each) => Some(Full::Address),
            () => None,
        };
        let kind = if full.is_none() {
            taken.seated += 1;
            if let Some(network) = counted {
                *taken.each.entry(network).or_default() += 1;
            }
            Kind::Seated(counted)
        } else {
            if !taken.may_stand(places, &network) {
                return None;
            }
            taken.standing += 1;
            *taken.standing_each.entry(network).or_default() += 1;
            Kind::Standing(network)
        };
        Some((Seat { seats: self.clone(), kind }, full))
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.0.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[cfg(test)]
    pub(super) fn for_one() -> Seat {
        let places = Places { all: 1, each: 1, standing: 0, standing_each: 0, kept: 0 };
        let seats = Self::new(places, Arc::default());
        seats.take(IpAddr::from([192, 0, 2, 1])).expect("a place").0
    }
}

impl Taken {
    /// What asks whether the server is alive must find a place even where others take all that they can get.
    fn may_stand(&self, places: &Places, network: &IpAddr) -> bool {
        let standing = count(&self.standing_each, network);
        let is_new = standing == 0 && count(&self.each, network) == 0;
        let places_for_it = if is_new { places.standing } else { places.standing.saturating_sub(places.kept) };
        self.standing < places_for_it && standing < places.standing_each
    }
}

fn count(each: &HashMap<IpAddr, usize>, network: &IpAddr) -> usize {
    each.get(network).copied().unwrap_or_default()
}

fn give_back(each: &mut HashMap<IpAddr, usize>, network: &IpAddr) {
    let left = each.get_mut(network).map(|each| {
        *each -= 1;
        *each
    });
    if left == Some(0) {
        each.remove(network);
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.seats.taken();
        match self.kind {
            Kind::Standing(network) => {
                taken.standing -= 1;
                give_back(&mut taken.standing_each, &network);
            }
            Kind::Seated(network) => {
                taken.seated -= 1;
                if let Some(network) = network {
                    give_back(&mut taken.each, &network);
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
        let seats = seats(Places { all: 6, each: 2, standing: 2, standing_each: 1, kept: 0 });
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
        let seats = seats(Places { all: 2, each: 1, standing: 1, standing_each: 1, kept: 0 });
        for _ in 0..100 {
            let taken =
                [seats.take(address(1)), seats.take(address(1)), seats.take(address(2)), seats.take(address(3))];
            let found: Vec<_> = taken.iter().map(|taken| place(taken.as_ref())).collect();
            assert_eq!(found, ["seated", "standing for their address", "seated", "outside"]);
        }
        let taken = seats.taken();
        assert_eq!((taken.seated, taken.standing), (0, 0));
        assert!(taken.each.is_empty() && taken.standing_each.is_empty());
    }

    #[test]
    fn whoever_takes_all_places_leaves_one_to_stand_for_who_has_none() {
        let seats = seats(Places { all: 2, each: 2, standing: 4, standing_each: 2, kept: 1 });
        let through = IpAddr::from([10, 0, 0, 1]);
        let seated: Vec<_> = (0..2).filter_map(|_| seats.take(through)).collect();
        let proxy: Vec<_> = (0..2).filter_map(|_| seats.take(through)).collect();
        assert!(proxy.iter().all(|taken| place(Some(taken)) == "standing for all"));
        assert_eq!(place(seats.take(through).as_ref()), "outside", "a proxy has no more to stand than others");
        let crowd = [seats.take(address(1)), seats.take(address(1))];
        assert_eq!(crowd.map(|taken| place(taken.as_ref())), ["standing for all", "outside"]);
        let crowd = seats.take(address(1));
        let probe = seats.take(address(2));
        assert_eq!(place(probe.as_ref()), "standing for all", "the place that is kept for who has none");
        assert_eq!(place(seats.take(address(3)).as_ref()), "outside");
        drop((seated, proxy, crowd, probe));
        assert_eq!(place(seats.take(address(3)).as_ref()), "seated");
    }
}
