//! Events (core/v1), read in the person's name.

mod follow;

use fanlight_model::{EventEntry, EventLog, Events, Identity, ObjectKey, Version};
use serde_json::Value;

use crate::{ApiServer, ReadError, api_server::As, object::is_name};

impl ApiServer {
    /// How many Events are read at most.
    const EVENTS: usize = 500;

    /// The Events about one object, as far as they are kept: an hour, if the API server was not told otherwise.
    pub async fn events_about(&self, who: &Identity, key: &ObjectKey) -> Result<Events, ReadError> {
        if !is_name(&key.name) || !is_name(&key.namespace) {
            return Err(ReadError::Misnamed { what: key.to_string() });
        }
        let about = format!("involvedObject.kind%3D{}%2CinvolvedObject.name%3D{}", key.kind, key.name);
        // Versions are of no help to the API server: an Event keeps the one that its writer used.
        let path = format!("/api/v1/namespaces/{}/events?limit={}&fieldSelector={about}", key.namespace, Self::EVENTS);
        let list: Value = self.get(As::Person(who), &format!("the Events about {key}"), &path).await?;
        Ok(Events::read(&list, key.kind.info().group))
    }

    /// The newest Events that a selector leaves over, in one namespace or everywhere, and as of which version.
    pub async fn event_log(
        &self,
        who: &Identity,
        namespace: Option<&str>,
        selector: &str,
    ) -> Result<(EventLog, Version), ReadError> {
        /// The API server lists them by name and not by age: all have to be read for the newest.
        const PAGES: usize = 20;
        let what = what(namespace);
        if namespace.is_some_and(|namespace| !is_name(namespace)) {
            return Err(ReadError::Misnamed { what });
        }
        let (mut log, mut token, mut version) = (EventLog::default(), String::new(), None);
        for _ in 0..PAGES {
            let mut path = format!("{}&limit={}", path(namespace, selector), Self::EVENTS);
            if !token.is_empty() {
                path.push_str("&continue=");
                path.push_str(&token);
            }
            let list: Value = self.get(As::Person(who), &what, &path).await?;
            let items = list["items"].as_array().into_iter().flatten().map(EventEntry::read);
            items.filter(|event| event.about.is_some()).for_each(|event| log.put(event));
            version = list["metadata"]["resourceVersion"].as_str().and_then(|version| version.parse().ok());
            list["metadata"]["continue"].as_str().unwrap_or_default().clone_into(&mut token);
            if token.is_empty() {
                break;
            }
        }
        log.more |= !token.is_empty();
        Ok((log, version.unwrap_or_default()))
    }
}

/// Where Events are read, with a question begun.
fn path(namespace: Option<&str>, selector: &str) -> String {
    match namespace {
        Some(namespace) => format!("/api/v1/namespaces/{namespace}/events?fieldSelector={selector}"),
        None => format!("/api/v1/events?fieldSelector={selector}"),
    }
}

fn what(namespace: Option<&str>) -> String {
    namespace.map_or_else(|| "the Events".to_owned(), |namespace| format!("the Events in {namespace}"))
}
