//! Events about a workload and what it has made, as one list.

use std::collections::BTreeSet;

use fanlight_model::{EventEntry, Events, Identity};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::folder;
use crate::{ApiServer, ReadError, pages};

type Page = pages::Page<Told>;

/// An Event cut to size, and the `uid` of what it is about.
struct Told(String, EventEntry);

impl<'de> Deserialize<'de> for Told {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let event = Value::deserialize(deserializer)?;
        let uid = event["involvedObject"]["uid"].as_str().unwrap_or_default().to_owned();
        Ok(Self(uid, EventEntry::read(&event)))
    }
}

impl ApiServer {
    /// The Events of a namespace about objects with these `uid`s, the newest first: the API server knows no *or* by which
    /// it could leave out the others.
    pub async fn events_among(
        &self,
        who: &Identity,
        namespace: &str,
        uids: &BTreeSet<String>,
    ) -> Result<Events, ReadError> {
        /// How many are kept.
        const MOST: usize = 100;
        const LIMIT: usize = 500;
        const PAGES: usize = 4;
        let what = format!("the Events in {namespace}");
        let folder = folder("", "events", Some(namespace))?;
        let (mut entries, mut token) = (Vec::new(), String::new());
        for _ in 0..PAGES {
            let path = format!("{folder}?limit={LIMIT}");
            let Page { metadata, items } = self.page_at(who, &what, path, &token, self.event_lists()).await?;
            entries.extend(items.into_iter().filter(|Told(uid, _)| uids.contains(uid)).map(|Told(_, event)| event));
            token = metadata.next;
            if token.is_empty() {
                break;
            }
        }
        entries.sort_by(|a, b| b.last.cmp(&a.last).then_with(|| a.id.cmp(&b.id)));
        let more = !token.is_empty() || entries.len() > MOST;
        entries.truncate(MOST);
        Ok(Events { entries, more })
    }
}
