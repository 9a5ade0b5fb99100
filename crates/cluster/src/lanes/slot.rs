use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;

use super::lane::Lane;

/// One stream's place on a lane, given back when dropped.
#[derive(Debug)]
pub(crate) struct Slot(Arc<Lane>);

impl Slot {
    /// Takes a place, if there is one.
    pub(super) fn take(lane: Arc<Lane>) -> Option<Self> {
        lane.enter().then(|| Slot(lane))
    }

    pub(super) fn lane(&self) -> &Lane {
        &self.0
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.0.leave();
    }
}

/// An answer's body, which holds its place on the lane for as long as the stream is open.
#[derive(Debug)]
pub(crate) struct LaneBody {
    inner: Incoming,
    _slot: Slot,
}

impl LaneBody {
    pub(super) fn new(inner: Incoming, slot: Slot) -> Self {
        Self { inner, _slot: slot }
    }
}

impl Body for LaneBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        Pin::new(&mut self.inner).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
