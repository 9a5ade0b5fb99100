//! Events as they come, for somebody who looks at them.

use std::time::Duration;

use bytes::Bytes;
use fanlight_model::{EventEntry, EventNews, Identity, Version};
use futures_util::{
    StreamExt,
    stream::{self, BoxStream},
};
use http::StatusCode;
use http_body_util::BodyExt;
use serde::Deserialize;
use serde_json::Value;
use tokio::{
    sync::mpsc,
    time::{Instant, sleep, timeout},
};

use crate::{
    ApiServer, ReadError,
    api_server::{As, jitter},
    lines::Lines,
    seats::Full,
};

/// Somebody who follows the Events of one place.
struct Follower {
    server: ApiServer,
    who: Identity,
    namespace: Option<String>,
    selector: String,
    news: mpsc::Sender<EventNews<ReadError>>,
}

/// One line of a watch.
#[derive(Deserialize)]
struct Line {
    #[serde(rename = "type")]
    word: String,
    object: Value,
}

/// How a watch ended.
enum End {
    /// In due course: it goes on from this version.
    Over(Version),
    /// The API server no longer keeps the version to go on from.
    Gone,
}

impl ApiServer {
    /// The newest Events that a selector leaves over, in one namespace or everywhere, as they are and as they come, read in
    /// the person's name for as long as the stream is there.
    ///
    /// A watch is opened anew, and so allowed anew, every 25 seconds. What cannot be read is tried again, ever more
    /// slowly; so is what somebody follows who follows very much already.
    pub fn follow_events(
        &self,
        who: &Identity,
        namespace: Option<&str>,
        selector: &str,
    ) -> BoxStream<'static, EventNews<ReadError>> {
        /// Who takes nothing is waited for, so that nothing piles up.
        const ROOM: usize = 64;
        let (news, told) = mpsc::channel(ROOM);
        let follower = Follower {
            server: self.clone(),
            who: who.clone(),
            namespace: namespace.map(ToOwned::to_owned),
            selector: selector.to_owned(),
            news,
        };
        tokio::spawn(follower.run());
        stream::unfold(told, async |mut told| Some((told.recv().await?, told))).boxed()
    }
}

impl Follower {
    /// How long a watch runs: nothing is shown that was allowed more than half a minute ago.
    const TERM: Duration = Duration::from_secs(25);
    /// How much longer than that a watch may be silent.
    const GRACE: Duration = Duration::from_secs(10);
    /// How often those are asked about who may list and not watch.
    const POLL: Duration = Duration::from_secs(12);
    /// The longest time after which they are told all anew, where there is so much that reading it takes long.
    const SELDOM: Duration = Duration::from_secs(300);
    /// A watch that ends sooner was not meant to.
    const BRIEF: Duration = Duration::from_secs(2);
    const SHORTEST: Duration = Duration::from_millis(500);
    const LONGEST: Duration = Duration::from_secs(20);

    /// Follows until nobody looks any more, whatever it is waiting for then.
    async fn run(self) {
        tokio::select! {
            () = self.follow_on() => {}
            () = self.news.closed() => {}
        }
    }

    async fn follow_on(&self) {
        let mut pause = Self::SHORTEST;
        loop {
            if let Err(error) = self.follow(&mut pause).await {
                self.tell(EventNews::Lost(error)).await;
            }
            self.wait(&mut pause).await;
        }
    }

    /// Lists everything, and goes on from there for as long as the API server keeps the versions.
    async fn follow(&self, pause: &mut Duration) -> Result<(), ReadError> {
        let namespace = self.namespace.as_deref();
        let full = |Full { most, .. }| ReadError::TooMany { what: super::what(namespace), most };
        let _seat = self.server.seats().take(&self.who).map_err(full)?;
        let began = Instant::now();
        let (log, mut version) = self.server.event_log(&self.who, namespace, &self.selector).await?;
        let took = began.elapsed();
        self.tell(EventNews::Listed(log)).await;
        let mut watched = false;
        loop {
            let began = Instant::now();
            match self.watch(version).await {
                Ok(End::Over(seen)) => version = seen,
                Ok(End::Gone) => return Ok(()),
                Err(error) if error.code() == Some(StatusCode::FORBIDDEN) => {
                    *pause = Self::SHORTEST;
                    // Whoever may list and not watch is told by lists; whoever lost the right to watch may have lost both.
                    return if watched { Ok(()) } else { self.poll(took).await };
                }
                Err(error) => return Err(error),
            }
            watched = true;
            if began.elapsed() < Self::BRIEF {
                self.wait(pause).await;
            } else {
                *pause = Self::SHORTEST;
            }
        }
    }

    /// Waits until everything should be listed anew, which is seldom if that takes long, and meanwhile asks whether what was
    /// listed may still be shown.
    async fn poll(&self, took: Duration) -> Result<(), ReadError> {
        let again = Instant::now() + (took * 10).clamp(Self::POLL, Self::SELDOM);
        loop {
            sleep(jitter(Self::POLL)).await;
            if Instant::now() >= again {
                return Ok(());
            }
            self.server.event_page(&self.who, self.namespace.as_deref(), &self.selector, 1, "").await?;
            self.tell(EventNews::Confirmed).await;
        }
    }

    /// A pause, and a longer one the next time.
    async fn wait(&self, pause: &mut Duration) {
        sleep(jitter(*pause)).await;
        *pause = (*pause * 2).min(Self::LONGEST);
    }

    /// That nobody takes it need not be noticed here: then all of this ends.
    async fn tell(&self, news: EventNews<ReadError>) {
        let _ = self.news.send(news).await;
    }

    async fn watch(&self, from: Version) -> Result<End, ReadError> {
        let seconds = Self::TERM.as_secs();
        let path = super::path(self.namespace.as_deref(), &self.selector);
        let path =
            format!("{path}&watch=true&allowWatchBookmarks=true&resourceVersion={from}&timeoutSeconds={seconds}");
        let what = super::what(self.namespace.as_deref());
        let opened = self.server.stream(As::Person(&self.who), &what, &path).await;
        let mut body = match opened {
            Err(error) if error.code() == Some(StatusCode::GONE) => return Ok(End::Gone),
            opened => opened?.into_body(),
        };
        self.tell(EventNews::Confirmed).await;
        let (mut lines, mut seen) = (Lines::default(), from);
        loop {
            match timeout(Self::TERM + Self::GRACE, body.frame()).await {
                Err(_) | Ok(None | Some(Err(_))) => return Ok(End::Over(seen)),
                Ok(Some(Ok(frame))) => {
                    if let Some(bytes) = frame.data_ref() {
                        lines.push(bytes);
                    }
                }
            }
            if let Some(end) = self.pass_on(&mut lines, &mut seen).await? {
                return Ok(end);
            }
        }
    }

    /// Passes on whatever has arrived in whole.
    async fn pass_on(&self, lines: &mut Lines, seen: &mut Version) -> Result<Option<End>, ReadError> {
        let nonsense = |why: String| ReadError::Nonsense { what: super::what(self.namespace.as_deref()), why };
        while let Some(line) = lines.next().map_err(|_| nonsense("a line is too long".to_owned()))? {
            match understand(&line, seen) {
                Ok(None) => {}
                Ok(Some(news)) => self.tell(news).await,
                Err(code) if code == u64::from(StatusCode::GONE.as_u16()) => return Ok(Some(End::Gone)),
                Err(code) => return Err(nonsense(format!("the watch ended with code {code}"))),
            }
        }
        Ok(None)
    }
}

/// What a line says, and up to which version; the code of an error that it is.
fn understand(line: &Bytes, seen: &mut Version) -> Result<Option<EventNews<ReadError>>, u64> {
    // One odd Event must not end the watch for all the others.
    let Ok(Line { word, object }) = serde_json::from_slice::<Line>(line) else { return Ok(None) };
    if word == "ERROR" {
        return Err(object["code"].as_u64().unwrap_or_default());
    }
    let event = EventEntry::read(&object);
    *seen = event.version.max(*seen);
    Ok(match &*word {
        "ADDED" | "MODIFIED" if event.about.is_some() => Some(EventNews::Happened(Box::new(event))),
        "DELETED" => Some(EventNews::Forgotten(event.id)),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use fanlight_model::UserName;
    use kube::Config;
    use serde_json::json;
    use tokio::net::TcpListener;

    use super::*;
    use crate::seats::Seat;

    fn ada() -> Identity {
        Identity::of(UserName::new("ada").expect("a name"))
    }

    /// An API server that takes connections and says nothing.
    async fn silent() -> (TcpListener, ApiServer) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = format!("https://{}", listener.local_addr().expect("an address"));
        let server = ApiServer::from_config(Config::new(address.parse().expect("an address")));
        (listener, server.expect("a configuration"))
    }

    fn seats(server: &ApiServer) -> Vec<Seat> {
        (0..ApiServer::EVENTS_FOLLOWED).filter_map(|_| server.seats().take(&ada()).ok()).collect()
    }

    #[tokio::test]
    async fn what_was_asked_for_somebody_ends_when_they_no_longer_look() {
        let (listener, server) = silent().await;
        let news = server.follow_events(&ada(), None, "");
        let _asked = listener.accept().await.expect("a connection");
        assert_eq!(seats(&server).len(), ApiServer::EVENTS_FOLLOWED - 1);
        drop(news);
        let all_free = async {
            while seats(&server).len() < ApiServer::EVENTS_FOLLOWED {
                tokio::task::yield_now().await;
            }
        };
        timeout(Duration::from_secs(10), all_free).await.expect("it does not wait for the answer");
    }

    #[tokio::test]
    async fn whoever_follows_very_much_is_told_what_is_not_followed() {
        let (_listener, server) = silent().await;
        let _taken = seats(&server);
        let told = server.follow_events(&ada(), Some("apps"), "").next().await;
        let Some(EventNews::Lost(error @ ReadError::TooMany { .. })) = told else { panic!("{told:?}") };
        assert!(error.to_string().contains("the Events in apps"), "{error}");
    }

    fn told(word: &str, object: &Value) -> (Result<Option<EventNews<ReadError>>, u64>, Version) {
        let mut seen = 7;
        let line = json!({"type": word, "object": object}).to_string();
        (understand(&line.into(), &mut seen), seen)
    }

    #[test]
    fn only_what_is_about_objects_of_flux_is_told_and_every_line_counts_for_where_to_go_on() {
        let event = |kind: &str, group: &str| {
            json!({"metadata": {"uid": "u-1", "resourceVersion": "12"},
                "involvedObject": {"apiVersion": format!("{group}/v1"), "kind": kind, "name": "shop"}})
        };
        let flux = event("Kustomization", "kustomize.toolkit.fluxcd.io");
        assert!(matches!(told("ADDED", &flux), (Ok(Some(EventNews::Happened(event))), 12) if &*event.name == "shop"));
        assert!(matches!(told("MODIFIED", &flux), (Ok(Some(EventNews::Happened(_))), 12)));
        assert!(matches!(told("DELETED", &flux), (Ok(Some(EventNews::Forgotten(id))), 12) if id == "u-1"));
        assert!(matches!(told("ADDED", &event("Provider", "pkg.example.com")), (Ok(None), 12)));
        assert!(matches!(told("BOOKMARK", &json!({"metadata": {"resourceVersion": "40"}})), (Ok(None), 40)));
        assert!(matches!(told("ERROR", &json!({"code": 410})), (Err(410), 7)));
        assert!(matches!(understand(&Bytes::from_static(b"nonsense"), &mut 7), Ok(None)));
    }
}
