//! Which namespaces exist: watched where the server's account may watch them, listed from time to time where it may not.

use std::{
    collections::BTreeSet,
    future::{pending, ready},
    sync::Arc,
    time::Duration,
};

use http::StatusCode;
use http_body_util::BodyExt;
use serde::Deserialize;
use tokio::time::{Instant, timeout};

use crate::{
    ApiServer, ReadError,
    api_server::{As, decode},
    error::chain,
    inform::{Rounds, publish},
    lines::Lines,
    watch::{SILENCE, watch_time},
};

const WHAT: &str = "the namespaces";
const PATH: &str = "/api/v1/namespaces";

type Names = BTreeSet<Arc<str>>;

#[derive(Deserialize)]
struct List {
    metadata: ListMeta,
    items: Vec<Item>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ListMeta {
    resource_version: String,
}

#[derive(Deserialize)]
struct Event {
    #[serde(rename = "type")]
    word: String,
    object: Item,
}

#[derive(Deserialize)]
struct Item {
    #[serde(default)]
    metadata: ItemMeta,
}

/// Of a namespace; a bookmark or an error has no name.
#[derive(Default, Deserialize)]
struct ItemMeta {
    #[serde(default)]
    name: Arc<str>,
}

impl ApiServer {
    /// Keeps the namespaces current, for ever.
    pub(crate) async fn keep_namespaces(&self) {
        /// How often they are listed where they cannot be watched.
        const EVERY: Duration = Duration::from_secs(10);
        /// How long a refused watch is not tried again: the right to watch may be given later.
        const REFUSED: Duration = Duration::from_secs(300);
        let mut rounds = Rounds::new(WHAT, EVERY);
        let mut no_watch_before = Instant::now();
        loop {
            let listed = self.list_namespaces().await;
            let (names, outcome) = listed.map_or_else(|error| (None, Err(error)), |names| (Some(names), Ok(())));
            rounds.note(outcome);
            let Some((names, version)) = names.filter(|_| Instant::now() >= no_watch_before) else {
                rounds.pause(pending()).await;
                continue;
            };
            match self.watch_namespaces(names, &version).await {
                Err(ReadError::Refused { code: StatusCode::FORBIDDEN, .. }) => {
                    no_watch_before = Instant::now() + REFUSED;
                }
                Err(error) => tracing::debug!(%error, "the watch of namespaces broke"),
                Ok(()) => {}
            }
            rounds.pause(ready(())).await;
        }
    }

    async fn list_namespaces(&self) -> Result<(Names, String), ReadError> {
        let list: List = self.get(As::Itself, WHAT, PATH).await?;
        let names = list.items.into_iter().map(|item| item.metadata.name).collect();
        self.tell_namespaces(&names);
        Ok((names, list.metadata.resource_version))
    }

    /// Follows changes until the watch ends.
    async fn watch_namespaces(&self, mut names: Names, version: &str) -> Result<(), ReadError> {
        let seconds = watch_time();
        let path =
            format!("{PATH}?watch=true&allowWatchBookmarks=true&resourceVersion={version}&timeoutSeconds={seconds}");
        let mut body = self.stream(As::Itself, WHAT, &path).await?.into_body();
        let broken = |why: String| ReadError::Unreachable { what: WHAT.to_owned(), why };
        let mut lines = Lines::default();
        loop {
            let frame = match timeout(SILENCE, body.frame()).await {
                Err(_) => return Err(broken(format!("no word for {SILENCE:?}"))),
                Ok(None) => return Ok(()),
                Ok(Some(frame)) => frame.map_err(|error| broken(chain(&error)))?,
            };
            if let Some(bytes) = frame.data_ref() {
                lines.push(bytes);
            }
            while let Some(line) = lines.next().map_err(|_| broken("an event is too long".to_owned()))? {
                if !line.is_empty() && !take(&mut names, decode(WHAT, &line)?) {
                    return Ok(());
                }
            }
            self.tell_namespaces(&names);
        }
    }

    fn tell_namespaces(&self, names: &Names) {
        publish(&self.facts().namespaces, names.iter().cloned().collect());
    }
}

/// Takes in an event; `false` if it says that the watch has to begin anew.
fn take(names: &mut Names, Event { word, object }: Event) -> bool {
    match &*word {
        "ADDED" | "MODIFIED" => drop(names.insert(object.metadata.name)),
        "DELETED" => drop(names.remove(&object.metadata.name)),
        "BOOKMARK" => {}
        _ => return false,
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_add_and_remove_names_and_an_error_begins_anew() {
        let mut names = Names::new();
        let mut take = |line: &str| {
            let goes_on = take(&mut names, serde_json::from_str(line).expect("an event"));
            (goes_on, names.iter().map(|name| &**name).collect::<Vec<_>>().join(" "))
        };
        assert_eq!(take(r#"{"type": "ADDED", "object": {"metadata": {"name": "apps"}}}"#), (true, "apps".to_owned()));
        assert_eq!(take(r#"{"type": "ADDED", "object": {"metadata": {"name": "data"}}}"#).1, "apps data");
        assert_eq!(take(r#"{"type": "DELETED", "object": {"metadata": {"name": "apps"}}}"#).1, "data");
        assert_eq!(take(r#"{"type": "BOOKMARK", "object": {"metadata": {"resourceVersion": "9"}}}"#).1, "data");
        assert_eq!(take(r#"{"type": "ERROR", "object": {"kind": "Status", "code": 410}}"#), (false, "data".to_owned()));
    }
}
