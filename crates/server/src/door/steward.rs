use std::{convert::Infallible, error::Error, io, sync::Arc, time::Duration};

use axum_server::accept::Accept;
use futures_util::{FutureExt, future::BoxFuture};
use http::{Request, Response};
use http_body::Body;
use hyper::body::Incoming;
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto::Builder,
    service::TowerToHyperService,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    time::timeout,
};
use tower::Service;

use super::{Door, activity::Activity, attended::Attended};

/// Serves those who only stand: one question is answered, and the connection ends, so that the next one finds a place.
///
/// Others go on to the server, which has no way to end a single HTTP/2 connection after an answer.
#[derive(Clone)]
pub(crate) struct Steward<A> {
    inner: A,
    http: Arc<Builder<TokioExecutor>>,
}

impl<A> Steward<A> {
    /// How long somebody may stand in all.
    const LONGEST: Duration = Duration::from_secs(10);

    /// Looks after those whom `inner` lets in.
    pub(crate) fn new(inner: A) -> Self {
        let mut http = Builder::new(TokioExecutor::new());
        Door::limit(&mut http);
        Self { inner, http: Arc::new(http) }
    }
}

impl<A, I, S, O> Accept<I, S> for Steward<A>
where
    A: Accept<I, S, Service = Attended<S>>,
    A::Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    A::Future: Send + 'static,
    S: Service<Request<Incoming>, Response = Response<O>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send + 'static,
    O: Body + Unpin + Send + 'static,
    O::Data: Send + 'static,
    O::Error: Into<Box<dyn Error + Send + Sync>>,
{
    type Stream = A::Stream;
    type Service = Attended<S>;
    type Future = BoxFuture<'static, io::Result<(Self::Stream, Self::Service)>>;

    fn accept(&self, stream: I, service: S) -> Self::Future {
        let accepting = self.inner.accept(stream, service);
        let http = Arc::clone(&self.http);
        async move {
            let (wire, service) = accepting.await?;
            let Some(activity) = service.standing() else { return Ok((wire, service)) };
            let _ = timeout(Self::LONGEST, answer_once(&http, wire, service, &activity)).await;
            Err(io::Error::new(io::ErrorKind::ConnectionAborted, "it was answered standing"))
        }
        .boxed()
    }
}

async fn answer_once<W, S, O>(http: &Builder<TokioExecutor>, wire: W, service: Attended<S>, activity: &Activity)
where
    W: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    S: Service<Request<Incoming>, Response = Response<O>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send + 'static,
    O: Body + Unpin + Send + 'static,
    O::Data: Send + 'static,
    O::Error: Into<Box<dyn Error + Send + Sync>>,
{
    let connection = http.serve_connection(TokioIo::new(wire), TowerToHyperService::new(service));
    tokio::pin!(connection);
    tokio::select! {
        biased;
        _ = connection.as_mut() => return,
        () = activity.asked() => {}
    }
    // Whoever stands is told so, by HTTP/2 too, and what was asked is answered.
    connection.as_mut().graceful_shutdown();
    let _ = connection.await;
}
