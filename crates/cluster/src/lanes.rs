//! Connections to the API server: HTTP/2, each with a counted number of streams.
//!
//! One connection carries 100 streams, and a further request hangs without an error. So streams are counted, and a
//! further *lane* is opened in time. Short requests have lanes of their own, so that they never wait for watches.

mod lane;
mod slot;

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{Method, Request, Response};
use http_body_util::{BodyExt, Full};
use kube::{Config, client::Body};
use tokio::time::timeout;
use tower::{BoxError, Service};

use lane::{Lane, LaneFailed};
pub(crate) use slot::LaneBody;
use slot::Slot;

/// What a request is, as far as lanes go. Set as an extension of the request; short if absent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Class {
    /// Answered at once.
    #[default]
    Short,
    /// Open for up to an hour.
    Watch,
    /// What a container writes: it may be much, and whoever reads it may be slow.
    Log,
}

/// A lane, as an extension: of a response, the lane that carried it; of a request, the one that must carry it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LaneId(pub(crate) u64);

/// All lanes to one API server. A service that sends requests; cheap to clone.
#[derive(Clone)]
pub(crate) struct Lanes(Arc<Inner>);

struct Inner {
    config: Config,
    open: Mutex<Vec<Arc<Lane>>>,
    opening: [tokio::sync::Mutex<()>; 3],
    proving: tokio::sync::Mutex<()>,
    counter: AtomicU64,
}

/// Why a request got no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LaneError {
    #[error("no connection to the API server")]
    Connect(#[source] BoxError),
    #[error("the connection to the API server broke")]
    Broken(#[source] LaneFailed),
    #[error("the API server did not answer within {0:?}")]
    Silent(Duration),
    #[error("the connection that had to be used is closed")]
    LaneGone,
    #[error("the request could not be read")]
    Body(#[source] BoxError),
}

impl Lanes {
    /// How long the head of an answer may take.
    const ANSWER: Duration = Duration::from_secs(30);
    const ATTEMPTS: u32 = 4;

    pub(crate) fn new(config: Config) -> Self {
        Self(Arc::new(Inner {
            config,
            open: Mutex::default(),
            opening: Default::default(),
            proving: Default::default(),
            counter: AtomicU64::new(0),
        }))
    }

    /// Sends a request, again on another lane if the first one went away before it was handled.
    async fn send(&self, request: Request<Body>) -> Result<Response<LaneBody>, LaneError> {
        let class = request.extensions().get::<Class>().copied().unwrap_or_default();
        let pinned = request.extensions().get::<LaneId>().copied();
        let (parts, body) = request.into_parts();
        let body = body.collect().await.map_err(|error| LaneError::Body(error.into()))?.to_bytes();
        let mut attempt = 0;
        loop {
            attempt += 1;
            let request = Request::from_parts(parts.clone(), Full::new(body.clone()));
            let slot = self.reserve(class, pinned).await?;
            let id = slot.lane().id;
            match timeout(Self::ANSWER, slot.lane().send(request)).await {
                Ok(Ok(response)) => {
                    let mut response = response.map(|body| LaneBody::new(body, slot));
                    response.extensions_mut().insert(id);
                    return Ok(response);
                }
                Ok(Err(failed)) => {
                    slot.lane().retire();
                    // Unhandled requests may always be sent again; reads also when that is not certain.
                    let again = failed.is_unhandled() || parts.method == Method::GET;
                    if !again || pinned.is_some() || attempt == Self::ATTEMPTS {
                        return Err(LaneError::Broken(failed));
                    }
                    tracing::debug!(lane = id.0, error = %failed, "request sent again over another connection");
                }
                Err(_) => {
                    slot.lane().retire();
                    return Err(LaneError::Silent(Self::ANSWER));
                }
            }
        }
    }

    /// Room on a lane: the fullest that has some, or a new one.
    async fn reserve(&self, class: Class, pinned: Option<LaneId>) -> Result<Slot, LaneError> {
        if let Some(id) = pinned {
            let lane = self.open().iter().find(|lane| lane.id == id).cloned();
            return lane.and_then(Slot::take).ok_or(LaneError::LaneGone);
        }
        if let Some(slot) = self.room(class) {
            return Ok(slot);
        }
        let _opening = self.0.opening[class as usize].lock().await;
        if let Some(slot) = self.room(class) {
            return Ok(slot);
        }
        let id = LaneId(self.0.counter.fetch_add(1, Ordering::Relaxed));
        let lane = Lane::open(&self.0.config, id, class).await.map_err(LaneError::Connect)?;
        let lane = Arc::new(lane);
        let slot = Slot::take(Arc::clone(&lane)).ok_or(LaneError::LaneGone)?;
        self.open().push(lane);
        Ok(slot)
    }

    fn room(&self, class: Class) -> Option<Slot> {
        let mut lanes = self.open();
        lanes.retain(|lane| !lane.is_spent());
        let loads: Vec<_> = lanes.iter().map(|lane| lane.load()).collect();
        let choice = fullest_with_room(loads.iter().zip(lanes.iter()).map(|(load, lane)| (lane.class == class, *load)));
        choice.and_then(|index| Slot::take(Arc::clone(&lanes[index])))
    }

    /// Whether this lane leads to an API server that was ready once: it cannot become unready on the same connection.
    pub(crate) fn is_proven(&self, id: LaneId) -> bool {
        self.open().iter().any(|lane| lane.id == id && lane.is_proven())
    }

    /// Whether a lane for short requests with room leads to an API server that was ready once.
    pub(crate) fn has_proven(&self) -> bool {
        let lanes = self.open();
        let mut short = lanes.iter().filter(|lane| lane.class == Class::Short && lane.load().usable);
        short.any(|lane| lane.is_proven() && lane.load().used < lane.load().limit)
    }

    /// One at a time finds out whether the API server is ready: at once, or `None` when another one has finished.
    pub(crate) async fn proving(&self) -> Option<tokio::sync::MutexGuard<'_, ()>> {
        if let Ok(guard) = self.0.proving.try_lock() {
            return Some(guard);
        }
        drop(self.0.proving.lock().await);
        None
    }

    /// Notes that the API server behind this lane is ready.
    pub(crate) fn prove(&self, id: LaneId) {
        self.open().iter().filter(|lane| lane.id == id).for_each(|lane| lane.prove());
    }

    fn open(&self) -> MutexGuard<'_, Vec<Arc<Lane>>> {
        self.0.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Service<Request<Body>> for Lanes {
    type Response = Response<LaneBody>;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<Self::Response, Self::Error>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let lanes = self.clone();
        Box::pin(async move { Ok(lanes.send(request).await?) })
    }
}

/// How full a lane is.
#[derive(Debug, Clone, Copy)]
struct Load {
    used: usize,
    limit: usize,
    usable: bool,
}

/// The fullest lane of the right class with room: so that lanes that are no longer needed become empty and close.
fn fullest_with_room(lanes: impl Iterator<Item = (bool, Load)>) -> Option<usize> {
    lanes
        .enumerate()
        .filter(|(_, (right_class, load))| *right_class && load.usable && load.used < load.limit)
        .max_by_key(|(_, (_, load))| load.used)
        .map(|(index, _)| index)
}

type Sent = Full<Bytes>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fullest_usable_lane_of_the_class_with_room_is_taken() {
        let lane = |right, used, usable| (right, Load { used, limit: 80, usable });
        let lanes = [
            lane(true, 10, true),
            lane(true, 79, true),
            lane(true, 80, true),
            lane(false, 79, true),
            lane(true, 79, false),
        ];
        assert_eq!(fullest_with_room(lanes.into_iter()), Some(1));
        assert_eq!(fullest_with_room([lane(true, 80, true), lane(false, 0, true)].into_iter()), None);
    }
}
