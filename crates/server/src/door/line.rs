use std::{
    io::{self, IoSlice},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Instant, Sleep, sleep},
};
use tokio_util::sync::WaitForCancellationFutureOwned;

use super::{Patience, activity::Activity, seats::Seat};

/// A connection that ends when nothing is asked for, or nothing taken, for too long.
pub(crate) struct Line<T> {
    wire: T,
    activity: Arc<Activity>,
    patience: Patience,
    /// Since when the other side takes nothing.
    stuck_since: Option<Instant>,
    timer: Pin<Box<Sleep>>,
    cut: Pin<Box<WaitForCancellationFutureOwned>>,
    _seat: Seat,
}

impl<T> Line<T> {
    /// How often it is looked whether requests that ran have ended: nothing wakes a line for that.
    const LOOK: Duration = Duration::from_secs(5);

    pub(super) fn new(wire: T, activity: Arc<Activity>, patience: Patience, seat: Seat) -> Self {
        let timer = Box::pin(sleep(patience.first.min(Self::LOOK)));
        let cut = Box::pin(activity.is_cut());
        Self { wire, activity, patience, stuck_since: None, timer, cut, _seat: seat }
    }

    /// When the patience ends, as it looks at this moment.
    fn due(&self) -> Option<Instant> {
        let stuck = self.stuck_since.map(|since| since + self.patience.stuck);
        [stuck, self.activity.due(&self.patience)].into_iter().flatten().min()
    }

    /// Whether the patience is at its end; else the task is woken when it is.
    fn wait<R>(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<R>> {
        if self.cut.as_mut().poll(cx).is_ready() {
            return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
        }
        while self.timer.as_mut().poll(cx).is_ready() {
            let now = Instant::now();
            let due = self.due();
            if due.is_some_and(|due| due <= now) {
                return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
            }
            let look = now + Self::LOOK;
            self.timer.as_mut().reset(due.map_or(look, |due| due.min(look)));
        }
        Poll::Pending
    }

    fn sent(&mut self, cx: &mut Context<'_>, sent: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if sent.is_pending() {
            self.stuck_since.get_or_insert_with(Instant::now);
            return self.wait(cx);
        }
        self.stuck_since = None;
        sent
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Line<T> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let read = Pin::new(&mut self.wire).poll_read(cx, buffer);
        if read.is_pending() { self.wait(cx) } else { read }
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Line<T> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let sent = Pin::new(&mut self.wire).poll_write(cx, bytes);
        self.sent(cx, sent)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let sent = Pin::new(&mut self.wire).poll_write_vectored(cx, slices);
        self.sent(cx, sent)
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
    use std::future::poll_fn;

    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex},
        time::timeout,
    };

    use super::*;
    use crate::door::seats::Seats;

    const PATIENCE: Patience =
        Patience { first: Duration::from_secs(10), next: Duration::from_secs(90), stuck: Duration::from_secs(60) };

    fn line() -> (Line<DuplexStream>, Arc<Activity>, DuplexStream) {
        let (ours, theirs) = duplex(64);
        let activity = Arc::new(Activity::new());
        let seat = Seats::for_one();
        (Line::new(ours, Arc::clone(&activity), PATIENCE, seat), activity, theirs)
    }

    /// After how many seconds a read breaks off.
    async fn seconds_until_cut(line: &mut Line<DuplexStream>) -> u64 {
        let began = Instant::now();
        let error = loop {
            match line.read_u8().await {
                Ok(_) => {}
                Err(error) => break error,
            }
        };
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        began.elapsed().as_secs()
    }

    #[tokio::test(start_paused = true)]
    async fn who_says_nothing_is_cut_off_and_who_says_little_too() {
        let (mut line, _activity, _theirs) = line();
        assert_eq!(seconds_until_cut(&mut line).await, 10);
        let (mut line, _activity, mut theirs) = self::line();
        let dripping = tokio::spawn(async move {
            loop {
                let _ = theirs.write_all(b"x").await;
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        });
        assert_eq!(seconds_until_cut(&mut line).await, 10);
        dripping.abort();
    }

    #[tokio::test(start_paused = true)]
    async fn who_is_cut_off_for_somebody_else_is_so_at_once() {
        let (mut line, activity, _theirs) = line();
        let began = Instant::now();
        let reading = tokio::spawn(async move { line.read_u8().await.map_err(|error| error.kind()) });
        tokio::task::yield_now().await;
        activity.cut();
        assert_eq!(reading.await.expect("an end"), Err(io::ErrorKind::ConnectionAborted));
        assert_eq!(began.elapsed(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn after_an_answer_the_next_request_may_take_longer() {
        let (mut line, activity, _theirs) = line();
        drop(activity.begin());
        assert_eq!(seconds_until_cut(&mut line).await, 90);
    }

    #[tokio::test(start_paused = true)]
    async fn while_a_request_is_answered_nobody_is_cut_off_and_then_the_time_begins_anew() {
        let (mut line, activity, _theirs) = line();
        let turn = activity.begin();
        let hour = Duration::from_secs(3600);
        assert!(timeout(hour, line.read_u8()).await.is_err(), "a stream that is open");
        tokio::spawn(async move {
            tokio::time::sleep(hour).await;
            drop(turn);
        });
        let waited = seconds_until_cut(&mut line).await;
        assert_eq!(waited, 3600 + 90);
    }

    #[tokio::test(start_paused = true)]
    async fn who_takes_nothing_of_what_is_sent_is_cut_off_even_while_it_is_answered() {
        let (mut line, activity, mut theirs) = line();
        let _turn = activity.begin();
        line.write_all(&[0; 64]).await.expect("there is room");
        // Something is taken, so the time begins anew.
        let error = {
            let stuck = timeout(Duration::from_secs(50), line.write_all(&[0; 64])).await;
            assert!(stuck.is_err());
            theirs.read_exact(&mut [0; 32]).await.expect("something");
            let began = Instant::now();
            let error = line.write_all(&[0; 64]).await.expect_err("nothing more is taken");
            assert_eq!(began.elapsed().as_secs(), 60);
            error
        };
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test(start_paused = true)]
    async fn a_line_that_is_read_by_nobody_wakes_whoever_writes() {
        let (mut line, activity, _theirs) = line();
        let _turn = activity.begin();
        let filled = poll_fn(|cx| Pin::new(&mut line).poll_write(cx, &[0; 100])).await.expect("there is room");
        assert_eq!(filled, 64);
        let stuck = poll_fn(|cx| Pin::new(&mut line).poll_write(cx, &[0; 100])).await;
        assert_eq!(stuck.expect_err("nothing is taken").kind(), io::ErrorKind::TimedOut);
    }
}
