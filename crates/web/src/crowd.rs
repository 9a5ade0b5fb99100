//! How much is asked at once, and by whom.

use std::{
    collections::HashMap,
    net::IpAddr,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
};

use axum::{
    body::{Body, Bytes, HttpBody},
    response::Response,
};
use fanlight_identity::network;
use http_body::{Frame, SizeHint};

/// The requests that are being answered: one network can take its share of them, and never what there is for all.
///
/// Connections are counted at the door, where a proxy's are many people's. Here it is known who asks.
pub struct Crowd(Arc<Inner>);

struct Inner {
    /// The most requests of one network at a time, streams included.
    each: usize,
    running: Mutex<Running>,
}

#[derive(Default)]
struct Running {
    networks: HashMap<IpAddr, Share>,
    /// Bytes of bodies, of all requests together.
    bytes: usize,
}

/// What one network takes.
#[derive(Default)]
struct Share {
    requests: usize,
    bytes: usize,
}

/// A request that is being answered, until this is dropped.
pub(crate) struct Presence {
    crowd: Arc<Inner>,
    /// Whose share it is; `None` for those whom nobody can tell apart.
    network: Option<IpAddr>,
    bytes: usize,
}

/// Why a request is not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Crowded {
    /// All together send too much.
    Everywhere,
    /// One network has its share.
    Here,
}

/// The body of an answer, which counts until it is sent.
struct Counted {
    body: Body,
    _presence: Presence,
}

impl Crowd {
    /// The most bytes of bodies at a time, of requests that arrive or wait for an answer.
    pub(crate) const BYTES: usize = 16 << 20;
    /// The same of one network: sixteen bodies of the largest size, or a thousand forms.
    pub(crate) const SHARE: usize = 1 << 20;

    /// A crowd in which one network may have so many requests at a time.
    pub fn new(each: usize) -> Self {
        Self(Arc::new(Inner { each, running: Mutex::default() }))
    }

    /// Lets a request in; `from` is who makes it, or `None` if that may be anybody.
    pub(crate) fn enter(&self, from: Option<IpAddr>) -> Result<Presence, Crowded> {
        let network = from.map(network);
        if let Some(network) = network {
            let mut running = self.0.running();
            let share = running.networks.entry(network).or_default();
            if share.requests >= self.0.each {
                return Err(Crowded::Here);
            }
            share.requests += 1;
        }
        Ok(Presence { crowd: Arc::clone(&self.0), network, bytes: 0 })
    }
}

impl Inner {
    fn running(&self) -> MutexGuard<'_, Running> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Presence {
    /// Makes room for a body of so many bytes.
    pub(crate) fn make_room(&mut self, bytes: usize) -> Result<(), Crowded> {
        let mut running = self.crowd.running();
        if running.bytes + bytes > Crowd::BYTES {
            return Err(Crowded::Everywhere);
        }
        if let Some(share) = self.network.and_then(|network| running.networks.get_mut(&network)) {
            if share.bytes + bytes > Crowd::SHARE {
                return Err(Crowded::Here);
            }
            share.bytes += bytes;
        }
        running.bytes += bytes;
        self.bytes += bytes;
        Ok(())
    }

    /// The body is gone, or was never there.
    pub(crate) fn forget_body(&mut self) {
        let mut running = self.crowd.running();
        let bytes = std::mem::take(&mut self.bytes);
        running.bytes -= bytes;
        if let Some(share) = self.network.and_then(|network| running.networks.get_mut(&network)) {
            share.bytes -= bytes;
        }
    }

    /// Has the request count until all of its answer is sent, or nobody takes it any more.
    pub(crate) fn until_sent(self, answer: Response) -> Response {
        answer.map(|body| Body::new(Counted { body, _presence: self }))
    }
}

impl Drop for Presence {
    fn drop(&mut self) {
        self.forget_body();
        let Some(network) = self.network else { return };
        let mut running = self.crowd.running();
        let left = running.networks.get_mut(&network).map(|share| {
            share.requests -= 1;
            share.requests
        });
        if left == Some(0) {
            running.networks.remove(&network);
        }
    }
}

impl HttpBody for Counted {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use axum::response::IntoResponse;

    use super::*;

    fn enter(crowd: &Crowd, last: u8) -> Result<Presence, Crowded> {
        crowd.enter(Some(IpAddr::from([192, 0, 2, last])))
    }

    fn refused(entered: Result<Presence, Crowded>) -> Option<Crowded> {
        entered.err()
    }

    #[test]
    fn one_network_cannot_have_more_requests_than_its_share_and_others_have_theirs() {
        let crowd = Crowd::new(2);
        let mine = [enter(&crowd, 1).expect("one"), enter(&crowd, 1).expect("two")];
        assert_eq!(refused(enter(&crowd, 1)), Some(Crowded::Here));
        assert_eq!(refused(enter(&crowd, 2)), None);
        let neighbour: IpAddr = "2001:db8::1".parse().expect("an address");
        let same: IpAddr = "2001:db8::2".parse().expect("an address");
        let _theirs = [neighbour, same].map(|from| crowd.enter(Some(from)).expect("theirs"));
        assert_eq!(refused(crowd.enter(Some(neighbour))), Some(Crowded::Here), "a /64 is one network");
        let _proxy: Vec<_> = (0..10).map(|_| crowd.enter(None).expect("many people")).collect();
        drop(mine);
        assert_eq!(refused(enter(&crowd, 1)), None);
    }

    #[test]
    fn the_bytes_of_bodies_have_a_measure_for_each_network_and_for_all() {
        let crowd = Crowd::new(100);
        let mut mine = enter(&crowd, 1).expect("a place");
        assert_eq!(mine.make_room(Crowd::SHARE), Ok(()));
        let mut more = enter(&crowd, 1).expect("a place");
        assert_eq!(more.make_room(1), Err(Crowded::Here), "more than the share");
        let networks = u8::try_from(Crowd::BYTES / Crowd::SHARE).expect("few");
        let others: Vec<_> = (2..=networks)
            .map(|last| {
                let mut other = enter(&crowd, last).expect("a place");
                assert_eq!(other.make_room(Crowd::SHARE), Ok(()), "{last}");
                other
            })
            .collect();
        let mut late = enter(&crowd, 200).expect("a place");
        assert_eq!(late.make_room(1), Err(Crowded::Everywhere));
        mine.forget_body();
        assert_eq!((late.make_room(1), more.make_room(1)), (Ok(()), Ok(())));
        drop((mine, more, late, others));
        let running = crowd.0.running();
        assert_eq!((running.bytes, running.networks.len()), (0, 0), "nothing is left behind");
    }

    #[test]
    fn a_request_counts_until_its_answer_is_sent() {
        let crowd = Crowd::new(1);
        let answer = enter(&crowd, 1).expect("a place").until_sent("told".into_response());
        assert_eq!(answer.body().size_hint().exact(), Some(4), "the length is still told");
        assert_eq!(refused(enter(&crowd, 1)), Some(Crowded::Here));
        drop(answer);
        assert_eq!(refused(enter(&crowd, 1)), None);
    }
}
