use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use fanlight_web::Full;
use futures_util::{FutureExt, future::BoxFuture};
use http::{HeaderValue, Request, Response, Version, header};
use http_body::{Body, Frame, SizeHint};
use tower::Service;

use super::activity::{Activity, Turn};

/// The site over one connection.
#[derive(Clone)]
pub(crate) struct Attended<S> {
    site: S,
    activity: Arc<Activity>,
    /// Whether it is a connection too many.
    full: Option<Full>,
}

/// A body that is being sent.
pub(crate) struct Sent<B> {
    body: B,
    _turn: Turn,
}

impl<S> Attended<S> {
    pub(super) fn new(site: S, activity: Arc<Activity>, full: Option<Full>) -> Self {
        Self { site, activity, full }
    }

    /// What goes on over the connection, if it is one too many.
    pub(super) fn standing(&self) -> Option<Arc<Activity>> {
        self.full.map(|_| Arc::clone(&self.activity))
    }
}

impl<S, I, O> Service<Request<I>> for Attended<S>
where
    S: Service<Request<I>, Response = Response<O>>,
    S::Future: Send + 'static,
{
    type Response = Response<Sent<O>>;
    type Error = S::Error;
    type Future = BoxFuture<'static, Result<Self::Response, S::Error>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.site.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<I>) -> Self::Future {
        if let Some(full) = self.full {
            request.extensions_mut().insert(full);
        }
        // HTTP/2 has a frame for that, and no such header.
        let is_last = self.full.is_some() && request.version() < Version::HTTP_2;
        let turn = self.activity.begin();
        let answer = self.site.call(request);
        async move {
            let mut answer = answer.await?;
            if is_last {
                answer.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
            }
            Ok(answer.map(|body| Sent { body, _turn: turn }))
        }
        .boxed()
    }
}

impl<B: Body + Unpin> Body for Sent<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
