use std::{
    io::{self, IoSlice},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use axum_server::accept::Accept;
use futures_util::{FutureExt, future::BoxFuture};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Has the HTTP library's own answers, to what is no request, carry the headers that all others have: it offers no other
/// way to add them.
#[derive(Clone)]
pub(crate) struct Dresser<A> {
    inner: A,
    headers: Arc<[u8]>,
}

/// A connection, of whose bytes the library's own answers are recognized.
pub(crate) struct Dressed<T> {
    wire: T,
    headers: Arc<[u8]>,
    /// What is left to send of such an answer.
    rest: Vec<u8>,
}

impl<A> Dresser<A> {
    /// Adds `headers`, as HTTP/1.1 writes them.
    pub(crate) fn new(inner: A, headers: &str) -> Self {
        Self { inner, headers: headers.as_bytes().into() }
    }
}

impl<A, I, S> Accept<I, S> for Dresser<A>
where
    A: Accept<I, S>,
    A::Future: Send + 'static,
{
    type Stream = Dressed<A::Stream>;
    type Service = A::Service;
    type Future = BoxFuture<'static, io::Result<(Self::Stream, Self::Service)>>;

    fn accept(&self, stream: I, service: S) -> Self::Future {
        let accepting = self.inner.accept(stream, service);
        let headers = Arc::clone(&self.headers);
        async move {
            let (wire, service) = accepting.await?;
            Ok((Dressed { wire, headers, rest: Vec::new() }, service))
        }
        .boxed()
    }
}

impl<T> Dressed<T> {
    /// A refusal without content, alone and whole. Ours have the number of the request, and no body begins like this.
    fn is_the_librarys(bytes: &[u8]) -> bool {
        if !bytes.starts_with(b"HTTP/1.1 4") || !bytes.ends_with(b"\r\n\r\n") {
            return false;
        }
        let text = String::from_utf8_lossy(bytes);
        text.contains("\r\ncontent-length: 0\r\n") && !text.contains("\r\nx-request-id: ") && text.len() < 512
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Dressed<T> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.wire).poll_read(cx, buffer)
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Dressed<T> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let Self { wire, headers, rest } = &mut *self;
        if rest.is_empty() {
            if !Self::is_the_librarys(bytes) {
                return Pin::new(wire).poll_write(cx, bytes);
            }
            // Before the empty line at the end.
            *rest = [&bytes[..bytes.len() - 2], headers, b"\r\n"].concat();
        }
        while !rest.is_empty() {
            let sent = ready!(Pin::new(&mut *wire).poll_write(cx, rest))?;
            if sent == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            rest.drain(..sent);
        }
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match slices {
            [alone] => self.poll_write(cx, alone),
            several => Pin::new(&mut self.wire).poll_write_vectored(cx, several),
        }
    }

    fn is_write_vectored(&self) -> bool {
        self.wire.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.wire).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.wire).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    use super::*;

    /// What arrives of what is sent, through a wire that takes a few bytes at a time.
    async fn arrives(sent: &str) -> String {
        let (ours, mut theirs) = duplex(7);
        let mut dressed = Dressed { wire: ours, headers: b"a: b\r\n".as_slice().into(), rest: Vec::new() };
        let sending = async move { dressed.write_all(sent.as_bytes()).await };
        let mut arrived = String::new();
        let (sent, read) = tokio::join!(sending, theirs.read_to_string(&mut arrived));
        assert!(sent.is_ok() && read.is_ok());
        arrived
    }

    #[tokio::test]
    async fn only_the_librarys_own_answers_get_headers() {
        let refusal = "HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\ndate: today\r\n\r\n";
        let dressed = "HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\ndate: today\r\na: b\r\n\r\n";
        assert_eq!(arrives(refusal).await, dressed);
        for ours in [
            "HTTP/1.1 400 Bad Request\r\nx-request-id: 1\r\ncontent-length: 0\r\n\r\n",
            "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
            "HTTP/1.1 400 Bad Request\r\ncontent-length: 1\r\n\r\n",
            "data: HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n",
        ] {
            assert_eq!(arrives(ours).await, ours);
        }
    }
}
