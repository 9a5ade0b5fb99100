mod buckets;
mod delays;
mod repeats;
mod strangers;

use std::{
    hash::{BuildHasher, RandomState},
    net::{IpAddr, Ipv6Addr},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

use buckets::Buckets;
use delays::Delays;
pub use repeats::Repeats;
pub(crate) use strangers::Strangers;

/// Slows down guessing. Attempts are counted when they begin and given back when they turn out right, so only failures
/// count, and many at once cannot slip through.
///
/// - *Per network* (an IPv4 address, the /64 of an IPv6 address): [`ADDRESS`](Self::ADDRESS), whatever names are tried.
/// - *Per name and network*: after [`NAME`](Self::NAME) failures a wait that doubles with each, up to five minutes. It is
///   not per name alone, since that would let anybody on the internet lock out the emergency user, who is most needed when
///   things are bad.
/// - *Per name, from everywhere*: [`SIEGE`](Self::SIEGE). Once that many attempts failed, one name is under siege from many
///   networks, and each network has to wait from its first failure on. A network that did not guess gets its
///   attempt even then: the right password from a fresh address always works.
///
/// Not a ready-made limiter, since those neither take an attempt back nor say what is left without using it up.
pub(crate) struct Throttle {
    counts: Mutex<Counts>,
    /// Keyed at random, so that nobody can choose names that are counted as one.
    names: RandomState,
}

struct Counts {
    networks: Buckets<IpAddr>,
    names: Delays<(IpAddr, u64)>,
    sieges: Buckets<u64>,
}

/// An attempt that was let through.
#[derive(Clone, Copy)]
pub(crate) struct Attempt {
    network: IpAddr,
    name: u64,
    /// Whether the name was under siege, and the attempt not counted there.
    besieged: bool,
    at: Instant,
    /// When the last one with this name and from there failed.
    before: Option<Instant>,
}

/// What an address has left of its attempts, as `X-RateLimit-…` headers tell it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance {
    /// How many attempts there are at most.
    pub limit: u32,
    /// How many are left.
    pub remaining: u32,
    /// When all are there again.
    pub resets_in: Duration,
}

impl Counts {
    /// Takes an attempt out of the siege that it was counted for.
    fn lift(&mut self, attempt: Attempt) {
        if !attempt.besieged {
            self.sieges.give_back(&attempt.name);
        }
    }
}

impl Throttle {
    /// Attempts of one network, and how long it takes until one more is allowed.
    const ADDRESS: (u32, Duration) = (20, Duration::from_secs(3));
    /// Failures of one network with one name that go without a wait.
    const NAME: u32 = 5;
    /// Attempts with one name from everywhere.
    const SIEGE: (u32, Duration) = (60, Duration::from_secs(10));

    pub(crate) fn new() -> Self {
        let counts = Counts {
            networks: Buckets::new(Self::ADDRESS),
            names: Delays::new(Self::NAME),
            sieges: Buckets::new(Self::SIEGE),
        };
        Self { counts: Mutex::new(counts), names: RandomState::new() }
    }

    /// Counts one attempt; the time to wait if there were too many.
    pub(crate) fn attempt(&self, from: IpAddr, name: &str, now: Instant) -> Result<Attempt, Duration> {
        let (network, name) = (network(from), self.names.hash_one(name));
        let key = (network, name);
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let besieged = !counts.sieges.wait(&name, now).is_zero();
        let by_name = if besieged { counts.names.wait_after(1, &key, now) } else { counts.names.wait(&key, now) };
        let wait = counts.networks.wait(&network, now).max(by_name);
        if !wait.is_zero() {
            return Err(wait);
        }
        counts.networks.add(network, now);
        let before = counts.names.add(key, now);
        if !besieged {
            counts.sieges.add(name, now);
        }
        Ok(Attempt { network, name, besieged, at: now, before })
    }

    /// Gives back an attempt that turned out right; what failed there with this name before is forgiven.
    pub(crate) fn give_back(&self, attempt: Attempt) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        counts.networks.give_back(&attempt.network);
        counts.names.forgive(&(attempt.network, attempt.name));
        counts.lift(attempt);
    }

    /// Takes an attempt for none because nobody could say whether it was right: an outage must keep nobody out afterwards.
    /// The network's share stays used, since looking took work.
    pub(crate) fn excuse(&self, attempt: Attempt) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        counts.names.take_back(&(attempt.network, attempt.name), attempt.at, attempt.before);
        counts.lift(attempt);
    }

    /// What an address has left.
    pub(crate) fn allowance(&self, from: IpAddr, now: Instant) -> Allowance {
        let counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let (remaining, resets_in) = counts.networks.left(&network(from), now);
        Allowance { limit: Self::ADDRESS.0, remaining, resets_in }
    }
}

/// The part of an address that one customer of a network has: all of IPv4, the first half of IPv6.
pub fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        address @ IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests;
