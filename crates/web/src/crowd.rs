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
    /// By network; `None` are all those together whom nobody can tell apart.
    networks: HashMap<Option<IpAddr>, Share>,
    /// Bytes of bodies, of all requests together.
    bytes: usize,
}

/// What one network takes.
#[derive(Default, PartialEq, Eq)]
struct Share {
    requests: usize,
    /// Those of them whose answers last.
    streams: usize,
    bytes: usize,
}

/// A request that is being answered, until this is dropped.
pub(crate) struct Presence {
    crowd: Arc<Inner>,
    /// Whose share it is; `None` for those whom nobody can tell apart.
    network: Option<IpAddr>,
    as_what: Counted,
    bytes: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Counted {
    Request,
    Stream,
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
struct Sending {
    body: Body,
    _presence: Presence,
}

impl Crowd {
    /// The most bytes of bodies at a time, of requests that arrive or wait for an answer.
    pub(crate) const BYTES: usize = 16 << 20;
    /// The same of one network: sixteen bodies of the largest size, or a thousand forms.
    pub(crate) const SHARE: usize = 1 << 20;
    /// The part of all bytes that only those take who send little: many networks may be one person's.
    const KEPT: usize = Self::BYTES / 4;
    /// How much little is, of one network: some forms.
    const LITTLE: usize = 8 << 10;

    /// A crowd in which one network may have so many requests at a time.
    pub fn new(each: usize) -> Self {
        Self(Arc::new(Inner { each, running: Mutex::default() }))
    }

    /// Lets a request in; `from` is who makes it, or `None` if that may be anybody.
    pub(crate) fn enter(&self, from: Option<IpAddr>) -> Result<Presence, Crowded> {
        self.count(from, Counted::Request)
    }

    /// Lets a request that was let in have an answer that lasts. A quarter of each share stays for other requests: who has
    /// all the pages open that they can must still be able to load one, and to sign in.
    pub(crate) fn follow(&self, from: Option<IpAddr>) -> Result<Presence, Crowded> {
        self.count(from, Counted::Stream)
    }

    fn count(&self, from: Option<IpAddr>, as_what: Counted) -> Result<Presence, Crowded> {
        let network = from.map(network);
        let each = self.0.each;
        let mut running = self.0.running();
        let share = running.networks.entry(network).or_default();
        let (taken, most) = match as_what {
            Counted::Request => (&mut share.requests, each),
            Counted::Stream => (&mut share.streams, each - each / 4),
        };
        if network.is_some() && *taken >= most {
            return Err(Crowded::Here);
        }
        *taken += 1;
        Ok(Presence { crowd: Arc::clone(&self.0), network, as_what, bytes: 0 })
    }
}

impl Inner {
    fn running(&self) -> MutexGuard<'_, Running> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Presence {
    /// Makes room for so many more bytes of a body.
    pub(crate) fn make_room(&mut self, bytes: usize) -> Result<(), Crowded> {
        let mut running = self.crowd.running();
        let all = running.bytes + bytes;
        let share = running.networks.entry(self.network).or_default();
        let most = if share.bytes + bytes <= Crowd::LITTLE { Crowd::BYTES } else { Crowd::BYTES - Crowd::KEPT };
        if all > most {
            return Err(Crowded::Everywhere);
        }
        if self.network.is_some() && share.bytes + bytes > Crowd::SHARE {
            return Err(Crowded::Here);
        }
        share.bytes += bytes;
        running.bytes = all;
        self.bytes += bytes;
        Ok(())
    }

    /// The body is gone, or was never there.
    pub(crate) fn forget_body(&mut self) {
        let mut running = self.crowd.running();
        let bytes = std::mem::take(&mut self.bytes);
        running.bytes -= bytes;
        if let Some(share) = running.networks.get_mut(&self.network) {
            share.bytes -= bytes;
        }
    }

    /// Has the request count until all of its answer is sent, or nobody takes it any more.
    pub(crate) fn until_sent(self, answer: Response) -> Response {
        answer.map(|body| Body::new(Sending { body, _presence: self }))
    }
}

impl Drop for Presence {
    fn drop(&mut self) {
        self.forget_body();
        let mut running = self.crowd.running();
        let Some(share) = running.networks.get_mut(&self.network) else { return };
        match self.as_what {
            Counted::Request => share.requests -= 1,
            Counted::Stream => share.streams -= 1,
        }
        if *share == Share::default() {
            running.networks.remove(&self.network);
        }
    }
}

impl HttpBody for Sending {
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
        let networks = u8::try_from((Crowd::BYTES - Crowd::KEPT) / Crowd::SHARE).expect("few");
        let others: Vec<_> = (2..=networks)
            .map(|last| {
                let mut other = enter(&crowd, last).expect("a place");
                assert_eq!(other.make_room(Crowd::SHARE), Ok(()), "{last}");
                other
            })
            .collect();
        let mut late = enter(&crowd, 200).expect("a place");
        assert_eq!(late.make_room(Crowd::LITTLE), Ok(()), "who sends little is not kept out by those who send much");
        assert_eq!(late.make_room(1), Err(Crowded::Everywhere));
        let mut proxy = crowd.enter(None).expect("a place");
        assert_eq!(proxy.make_room(Crowd::LITTLE), Ok(()));
        let mut proxy = [proxy, crowd.enter(None).expect("a place")];
        assert_eq!(proxy[1].make_room(1), Err(Crowded::Everywhere), "those behind it are as one");
        mine.forget_body();
        assert_eq!((late.make_room(1), more.make_room(1)), (Ok(()), Ok(())));
        drop((mine, more, late, proxy, others));
        let running = crowd.0.running();
        assert_eq!((running.bytes, running.networks.len()), (0, 0), "nothing is left behind");
    }

    #[test]
    fn streams_leave_a_part_of_the_share_to_other_requests() {
        let crowd = Crowd::new(8);
        let from = Some(IpAddr::from([192, 0, 2, 1]));
        let open = || Ok::<_, Crowded>((crowd.enter(from)?, crowd.follow(from)?));
        let pages: Vec<_> = (0..6).map(|_| open().expect("a stream")).collect();
        assert_eq!(open().err(), Some(Crowded::Here));
        let others = [enter(&crowd, 1).expect("a page"), enter(&crowd, 1).expect("a form")];
        assert_eq!(refused(enter(&crowd, 1)), Some(Crowded::Here));
        drop((pages, others));
        assert!(crowd.0.running().networks.is_empty() && open().is_ok());
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
