//! The event stream of a page.

use std::{convert::Infallible, sync::Arc, time::Duration};

use axum::{
    extract::{RawQuery, State},
    http::{StatusCode, header},
    response::{
        IntoResponse, Response, Sse,
        sse::{Event, KeepAlive},
    },
};
use fanlight_identity::Session;
use fanlight_live::Visit;
use fanlight_model::{Kind, Query};
use futures_util::stream;
use tokio::time::{Instant, sleep_until};

use crate::{
    App,
    page::applications::{Applications, query},
    signed::{Signed, holds, visitor},
};

/// One open stream.
struct Open {
    app: Arc<App>,
    session: Session,
    query: Query,
    visit: Visit,
    /// What the browser has.
    sent: Option<String>,
    /// When the session is looked at again.
    look: Instant,
    ended: bool,
}

/// Keeps the Applications page current: the whole list first, then again whenever what the viewer sees has changed.
pub(crate) async fn applications(
    State(app): State<Arc<App>>,
    RawQuery(raw): RawQuery,
    Signed(session): Signed,
) -> Response {
    let Some(session) = session else { return StatusCode::UNAUTHORIZED.into_response() };
    let visit = app.live.visit(&visitor(&app, &session), &Kind::APPLICATIONS).await;
    let open =
        Open { app, session, query: query(raw.as_deref()), visit, sent: None, look: Instant::now(), ended: false };
    let events = stream::unfold(open, |mut open| async {
        let event = open.next().await?;
        Some((Ok::<_, Infallible>(event), open))
    });
    let alive = KeepAlive::new().interval(Duration::from_secs(15));
    // Neither proxies nor caches may keep anything back.
    let headers = [(header::CACHE_CONTROL, "no-store, no-transform")];
    (headers, [("x-accel-buffering", "no")], Sse::new(events).keep_alive(alive)).into_response()
}

impl Open {
    /// How often the session is looked at.
    const LOOK: Duration = Duration::from_secs(5);

    async fn next(&mut self) -> Option<Event> {
        if self.ended {
            return None;
        }
        loop {
            if self.look <= Instant::now() {
                if !holds(&self.app, &self.session).await {
                    self.ended = true;
                    return Some(Event::default().event("end").data("the session has ended"));
                }
                self.look = Instant::now() + Self::LOOK;
            }
            let list = self.visit.list(&self.query);
            let view = Applications::new(&self.app, &self.session, &self.query, list).fragment();
            if self.sent.as_ref() != Some(&view) {
                self.sent = Some(view.clone());
                return Some(Event::default().event("view").data(view));
            }
            let shutdown = self.app.shutdown.clone();
            tokio::select! {
                () = self.visit.changed() => {}
                () = sleep_until(self.look) => {}
                () = shutdown.cancelled() => return None,
            }
        }
    }
}
