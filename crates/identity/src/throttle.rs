use std::{
    net::{IpAddr, Ipv6Addr},
    num::NonZeroU32,
    time::Duration,
};

use governor::{
    Quota, RateLimiter,
    clock::{Clock, DefaultClock},
    state::keyed::DefaultKeyedStateStore,
};

type Limiter<K> = RateLimiter<K, DefaultKeyedStateStore<K>, DefaultClock>;

/// Slows down guessing: so many attempts per address, and fewer per address and name.
///
/// No limit is per name alone: it would let anybody lock the emergency user out from everywhere.
pub(crate) struct Throttle {
    addresses: Limiter<IpAddr>,
    names: Limiter<(IpAddr, u64)>,
    clock: DefaultClock,
}

impl Throttle {
    /// How many addresses or names are remembered before those that are at rest are forgotten.
    const REMEMBERED: usize = 10_000;

    pub(crate) fn new() -> Self {
        let quota = |burst: NonZeroU32, seconds| {
            let pace = Quota::with_period(Duration::from_secs(seconds)).unwrap_or(Quota::per_second(burst));
            pace.allow_burst(burst)
        };
        Self {
            addresses: RateLimiter::keyed(quota(NonZeroU32::MIN.saturating_add(19), 3)),
            names: RateLimiter::keyed(quota(NonZeroU32::MIN.saturating_add(9), 6)),
            clock: DefaultClock::default(),
        }
    }

    /// Counts one attempt; the time to wait if there were too many.
    pub(crate) fn attempt(&self, from: IpAddr, name: &str) -> Result<(), Duration> {
        use std::hash::{DefaultHasher, Hash, Hasher};
        if self.addresses.len() > Self::REMEMBERED || self.names.len() > Self::REMEMBERED {
            self.addresses.retain_recent();
            self.names.retain_recent();
        }
        let network = network(from);
        let mut hasher = DefaultHasher::new();
        name.hash(&mut hasher);
        let wait = |refused: governor::NotUntil<_>| refused.wait_time_from(self.clock.now());
        self.addresses.check_key(&network).map_err(wait)?;
        self.names.check_key(&(network, hasher.finish())).map_err(wait)
    }
}

/// The part of an address that one customer of a network has: all of IPv4, the first half of IPv6.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        address @ IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guessing_one_name_is_stopped_without_stopping_others() {
        let throttle = Throttle::new();
        let guesser: IpAddr = [192, 0, 2, 1].into();
        let refused = (0..50).find_map(|_| throttle.attempt(guesser, "admin").err()).expect("stopped in time");
        assert!(refused > Duration::ZERO);
        assert!(throttle.attempt([192, 0, 2, 2].into(), "admin").is_ok(), "the same name from elsewhere");
    }

    #[test]
    fn an_ipv6_customer_is_one_address() {
        let one: IpAddr = "2001:db8::1".parse().expect("an address");
        let other: IpAddr = "2001:db8::ffff:1".parse().expect("an address");
        assert_eq!(network(one), network(other));
    }
}
