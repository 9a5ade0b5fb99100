//! The event stream that keeps a page current.
//!
//! A stream begins with the whole page, since page and stream may come from different replicas, and goes on with the
//! pieces that changed. Events: `pieces` (HTML elements that replace those with the same id), `end` (the session is
//! over, or the server may no longer act for the person: the page has to be loaded anew). Protocol: <https://html.spec.whatwg.org/multipage/server-sent-events.html>.

mod told;

use std::{
    convert::Infallible,
    sync::Arc,
    time::{Duration, SystemTime},
};

use axum::{
    http::{StatusCode, header},
    response::{
        IntoResponse, Response, Sse,
        sse::{Event, KeepAlive},
    },
};
use fanlight_identity::Session;
use fanlight_live::SessionKey;
use fanlight_model::Identity;
use tokio::{
    sync::watch,
    time::{Instant, sleep_until},
};
use tokio_util::sync::CancellationToken;

use crate::{App, audit::Stay, page::barred::is_barred, signed::holds};
pub(crate) use told::Told;

/// A page as it looks to one viewer, over time.
pub(crate) trait View: Send + 'static {
    /// The pieces that differ from what the browser was told, one after the other; empty if none does.
    fn news(&mut self, viewer: &Identity, now: SystemTime, told: &mut Told) -> impl Future<Output = String> + Send;

    /// The containers whose last lines were read for it, as `namespace/pod/container`.
    fn logs(&self) -> &[String] {
        &[]
    }

    /// The Secrets of Helm that were read for it, as `namespace/name`.
    fn secrets(&self) -> &[String] {
        &[]
    }

    /// Waits until it may look different. Safe to cancel.
    fn changed(&mut self) -> impl Future<Output = ()> + Send;

    /// Is cancelled when the session is ended by its owner, in whichever window.
    fn over(&self) -> CancellationToken;
}

/// One open stream.
struct Open<V> {
    app: Arc<App>,
    session: Session,
    view: V,
    told: Told,
    /// When the session is looked at again.
    look: Instant,
    /// The view may look different than the browser was told.
    moved: bool,
    /// Wakes when sessions were ended, here or in another replica.
    endings: watch::Receiver<u64>,
    ended: bool,
    /// Tells the account of the end, and of logs.
    stay: Stay,
}

/// Opens the stream of a view; `stay` is it in the account.
pub(crate) fn open<V: View>(app: Arc<App>, session: Session, view: V, stay: Stay) -> Response {
    if app.shutdown.is_cancelled() {
        let text = "This server is about to end. Another one may be there already.\n";
        return (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "1")], text).into_response();
    }
    let (endings, look) = (app.revocations.news(), Instant::now());
    let open = Open { app, session, view, told: Told::default(), look, endings, moved: true, ended: false, stay };
    let events = futures_util::stream::unfold(open, |mut open| async {
        let event = open.next().await?;
        Some((Ok::<_, Infallible>(event), open))
    });
    let alive = KeepAlive::new().interval(Duration::from_secs(15));
    // Neither proxies nor caches may keep anything back.
    let headers = [(header::CACHE_CONTROL, "no-store, no-transform")];
    (headers, [("x-accel-buffering", "no")], Sse::new(events).keep_alive(alive)).into_response()
}

impl<V: View> Open<V> {
    /// How often the session is looked at.
    const LOOK: Duration = Duration::from_secs(5);

    async fn next(&mut self) -> Option<Event> {
        if self.ended {
            return None;
        }
        let shutdown = self.app.shutdown.clone();
        loop {
            if self.look <= Instant::now() {
                // Loading the page anew shows why.
                if !holds(&self.app, &self.session).await || is_barred(&self.app, &self.session.identity).await {
                    return Some(self.end());
                }
                if (self.app.clock)() >= self.session.idle_ends {
                    // Pages may have been opened in other windows: the browser comes back, and its cookies tell.
                    return None;
                }
                self.look = Instant::now() + Self::LOOK;
            }
            if std::mem::take(&mut self.moved) {
                let news = self.view.news(&self.session.identity, (self.app.clock)(), &mut self.told).await;
                self.stay.shows(self.view.logs(), self.view.secrets());
                if !news.is_empty() {
                    return Some(Event::default().event("pieces").data(news));
                }
            }
            let over = self.view.over();
            tokio::select! {
                biased;
                () = over.cancelled() => return Some(self.end()),
                Ok(()) = self.endings.changed() => self.look = Instant::now(),
                () = self.view.changed() => self.moved = true,
                () = sleep_until(self.look) => {}
                () = shutdown.cancelled() => return None,
            }
        }
    }

    fn end(&mut self) -> Event {
        self.ended = true;
        // However it ended, be it in another replica: nothing more runs in its name.
        self.app.live.leave(SessionKey(self.session.id.0));
        Event::default().event("end").data("the session has ended")
    }
}
