use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use fanlight_identity::network;
use fanlight_web::{Full, Proxies};

use super::activity::Activity;

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
    each: HashMap<IpAddr, usize>,
    /// In the order in which they came.
    standing: Vec<Stander>,
}

/// A connection that only stands.
struct Stander {
    network: IpAddr,
    activity: Arc<Activity>,
}

/// A place that is taken, until this is dropped.
pub(crate) struct Seat {
    seats: Seats,
    kind: Kind,
}

enum Kind {
    /// Counted for its network too, if there is one.
    Seated(Option<IpAddr>),
    /// By what goes on over it; it is not among those who stand any more once it was cut.
    Standing(Arc<Activity>),
}

impl Seats {
    pub(super) fn new(places: Places, proxies: Arc<Proxies>) -> Self {
        Self(Arc::new(Inner { places, proxies, taken: Mutex::default() }))
    }

    /// A place for a connection from an address, and why it may not stay there, if it may not; `None` if it cannot even
    /// be told so. `activity` is what goes on over the connection.
    pub(super) fn take(&self, from: IpAddr, activity: &Arc<Activity>) -> Option<(Seat, Option<Full>)> {
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
            taken.stand(places, network, activity)?;
            Kind::Standing(Arc::clone(activity))
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
        seats.take(IpAddr::from([192, 0, 2, 1]), &Arc::new(Activity::new())).expect("a place").0
    }
}

impl Taken {
    /// A place to stand. Whoever asks at once, as those do who ask whether the server is alive, must find one even where
    /// others take all that they can get: who asks nothing makes room, the one first who has done so for longest.
    fn stand(&mut self, places: &Places, network: IpAddr, activity: &Arc<Activity>) -> Option<()> {
        let own = self.standing.iter().filter(|stander| stander.network == network).count();
        let is_new = own == 0 && count(&self.each, &network) == 0;
        let all = if is_new { places.standing } else { places.standing.saturating_sub(places.kept) };
        if own >= places.standing_each {
            self.cut_one(|stander| stander.network == network)?;
        } else if self.standing.len() >= all {
            self.cut_one(|_| true)?;
        }
        self.standing.push(Stander { network, activity: Arc::clone(activity) });
        Some(())
    }

    /// Ends the connection that has asked nothing for longest of some; `None` if all of them are being answered.
    fn cut_one(&mut self, of: impl Fn(&Stander) -> bool) -> Option<()> {
        let standing = self.standing.iter().enumerate().filter(|(_, stander)| of(stander));
        let quiet = standing.filter_map(|(place, stander)| Some((stander.activity.quiet_since()?, place)));
        let (_, place) = quiet.min()?;
        self.standing.remove(place).activity.cut();
        Some(())
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
        match &self.kind {
            Kind::Standing(activity) => taken.standing.retain(|stander| !Arc::ptr_eq(&stander.activity, activity)),
            Kind::Seated(network) => {
                taken.seated -= 1;
                if let Some(network) = network {
                    give_back(&mut taken.each, network);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;
    use crate::door::activity::Turn;

    fn address(last: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, last])
    }

    fn seats(places: Places) -> Seats {
        let proxy = "10.0.0.0/8".parse().expect("a network");
        Seats::new(places, Arc::new(Proxies::new(vec![proxy])))
    }

    /// A connection over which something is being answered, if it was let in.
    type Guest = (Seat, Option<Full>, Turn);

    fn take(seats: &Seats, from: IpAddr) -> Option<Guest> {
        let activity = Arc::new(Activity::new());
        let (seat, full) = seats.take(from, &activity)?;
        Some((seat, full, activity.begin()))
    }

    /// The same of a connection over which nothing is asked.
    fn take_silently(seats: &Seats, from: IpAddr) -> Option<(Seat, Arc<Activity>)> {
        let activity = Arc::new(Activity::new());
        seats.take(from, &activity).map(|(seat, _)| (seat, activity))
    }

    fn is_cut(activity: &Activity) -> bool {
        activity.is_cut().now_or_never().is_some()
    }

    /// Where somebody ends up.
    fn place(taken: Option<&Guest>) -> &'static str {
        match taken {
            None => "outside",
            Some((_, None, _)) => "seated",
            Some((_, Some(Full::Address), _)) => "standing for their address",
            Some((_, Some(Full::Everywhere), _)) => "standing for all",
        }
    }

    #[test]
    fn one_address_cannot_take_all_places_and_a_proxy_can() {
        let seats = seats(Places { all: 6, each: 2, standing: 2, standing_each: 1, kept: 0 });
        let mine: Vec<_> = (0..2).filter_map(|_| take(&seats, address(1))).collect();
        let third = take(&seats, address(1));
        assert_eq!(place(third.as_ref()), "standing for their address");
        assert_eq!(place(take(&seats, address(1)).as_ref()), "outside", "not even to be told so");
        let through: Vec<_> = (0..3).filter_map(|_| take(&seats, IpAddr::from([10, 0, 0, 1]))).collect();
        assert!(through.iter().all(|(_, full, _)| full.is_none()), "many people are behind a proxy");
        let other = take(&seats, address(2));
        assert_eq!(place(other.as_ref()), "seated");
        drop(third);
        assert_eq!(place(take(&seats, address(3)).as_ref()), "standing for all");
        drop((mine, through));
        assert_eq!(place(take(&seats, address(1)).as_ref()), "seated");
    }

    #[test]
    fn what_was_taken_is_given_back_to_the_last_place() {
        let seats = seats(Places { all: 2, each: 1, standing: 1, standing_each: 1, kept: 0 });
        for _ in 0..100 {
            let taken = [
                take(&seats, address(1)),
                take(&seats, address(1)),
                take(&seats, address(2)),
                take(&seats, address(3)),
            ];
            let found: Vec<_> = taken.iter().map(|taken| place(taken.as_ref())).collect();
            assert_eq!(found, ["seated", "standing for their address", "seated", "outside"]);
        }
        let taken = seats.taken();
        assert_eq!((taken.seated, taken.standing.len(), taken.each.len()), (0, 0, 0));
    }

    #[test]
    fn whoever_takes_all_places_leaves_one_to_stand_for_who_has_none() {
        let seats = seats(Places { all: 2, each: 2, standing: 4, standing_each: 2, kept: 1 });
        let through = IpAddr::from([10, 0, 0, 1]);
        let seated: Vec<_> = (0..2).filter_map(|_| take(&seats, through)).collect();
        let proxy: Vec<_> = (0..2).filter_map(|_| take(&seats, through)).collect();
        assert!(proxy.iter().all(|taken| place(Some(taken)) == "standing for all"));
        assert_eq!(place(take(&seats, through).as_ref()), "outside", "a proxy has no more to stand than others");
        let crowd = [take(&seats, address(1)), take(&seats, address(1))];
        assert_eq!(crowd.map(|taken| place(taken.as_ref())), ["standing for all", "outside"]);
        let crowd = take(&seats, address(1));
        let probe = take(&seats, address(2));
        assert_eq!(place(probe.as_ref()), "standing for all", "the place that is kept for who has none");
        assert_eq!(place(take(&seats, address(3)).as_ref()), "outside");
        drop((seated, proxy, crowd, probe));
        assert_eq!(place(take(&seats, address(3)).as_ref()), "seated");
    }

    #[test]
    fn who_stands_without_asking_makes_room_for_the_next() {
        let seats = seats(Places { all: 1, each: 1, standing: 4, standing_each: 2, kept: 0 });
        let seated = take(&seats, address(1));
        let silent: Vec<_> = (0..2).filter_map(|_| take_silently(&seats, address(1))).collect();
        let other = take_silently(&seats, address(2)).expect("a place");
        let probe = take(&seats, address(1));
        assert_eq!(place(probe.as_ref()), "standing for all");
        let cut = || silent.iter().map(|(_, activity)| is_cut(activity)).collect::<Vec<_>>();
        assert_eq!(cut(), [true, false], "the one that stands longest of the same address");
        let second = take(&seats, address(1));
        assert_eq!((place(second.as_ref()), cut()), ("standing for all", vec![true, true]));
        assert_eq!(place(take(&seats, address(1)).as_ref()), "outside", "nobody who is being answered is cut");
        let third = take(&seats, address(3));
        assert!(third.is_some() && !is_cut(&other.1), "there was room");
        let fourth = take(&seats, address(4));
        assert_eq!((place(fourth.as_ref()), is_cut(&other.1)), ("standing for all", true), "whoever's it is");
        drop(silent);
        assert_eq!(seats.taken().standing.len(), 4, "who was cut gives nothing back a second time");
        drop((seated, probe, second, third, fourth, other));
        assert_eq!(seats.taken().standing.len(), 0);
    }
}
