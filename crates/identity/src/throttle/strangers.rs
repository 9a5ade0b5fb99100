use std::{
    net::IpAddr,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

use super::{buckets::Buckets, network};

/// Slows down those whose tokens nobody knows, by the network that they come from: each such token costs others work.
/// Whoever turns out to be known gets their attempt back.
pub(crate) struct Strangers(Mutex<Buckets<IpAddr>>);

impl Strangers {
    /// Unknown tokens of one network, and how long it takes until one more is looked at.
    const NETWORK: (u32, Duration) = (20, Duration::from_secs(1));

    pub(crate) fn new() -> Self {
        Self(Mutex::new(Buckets::new(Self::NETWORK)))
    }

    /// Counts one attempt; the time to wait if there were too many.
    pub(crate) fn attempt(&self, from: IpAddr, now: Instant) -> Result<(), Duration> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).attempt(network(from), now)
    }

    /// Gives back an attempt that turned out right, or that nothing came of.
    pub(crate) fn give_back(&self, from: IpAddr) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).give_back(&network(from));
    }
}
