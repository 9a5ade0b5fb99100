//! Events (core/v1), read in the person's name.

mod follow;

use fanlight_model::{EventEntry, EventLog, Events, Identity, ObjectKey, Version};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::{ApiServer, ReadError, api_server::As, object::is_name, pages};

type Page = pages::Page<Item>;

struct Item(EventEntry);

impl<'de> Deserialize<'de> for Item {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Value::deserialize(deserializer).map(|event| Self(EventEntry::read(&event)))
    }
}

impl ApiServer {
    /// How many Events are read at most.
    const EVENTS: usize = 500;
    /// How many places one person follows Events in, in all windows: each costs the API server a watch. Where nobody signs
    /// in, all share them.
    pub(crate) const EVENTS_FOLLOWED: usize = 200;

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
        if namespace.is_some_and(|namespace| !is_name(namespace)) {
            return Err(ReadError::Misnamed { what: what(namespace) });
        }
        let (mut log, mut token, mut version) = (EventLog::default(), String::new(), None);
        for _ in 0..PAGES {
            let Page { metadata, items } = self.event_page(who, namespace, selector, Self::EVENTS, &token).await?;
            let flux = items.into_iter().map(|Item(event)| event).filter(|event| event.about.is_some());
            flux.for_each(|event| log.put(event));
            version = metadata.resource_version.parse().ok();
            token = metadata.next;
            if token.is_empty() {
                break;
            }
        }
        log.more |= !token.is_empty();
        Ok((log, version.unwrap_or_default()))
    }

    /// One page of a list, as soon as there are few enough others who read one.
    async fn event_page(
        &self,
        who: &Identity,
        namespace: Option<&str>,
        selector: &str,
        limit: usize,
        token: &str,
    ) -> Result<Page, ReadError> {
        let path = format!("{}&limit={limit}", path(namespace, selector));
        self.page_at(who, &what(namespace), path, token, self.event_lists()).await
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_page_is_read_whatever_its_events_look_like_and_says_what_comes_next() {
        let list = json!({"metadata": {"resourceVersion": "40", "continue": "x"}, "items": [
            {"involvedObject": {"apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization", "name": "shop"}},
            7,
        ]});
        let Page { metadata, items } = serde_json::from_value(list).expect("a page");
        assert_eq!((&*metadata.resource_version, &*metadata.next), ("40", "x"));
        let about: Vec<_> = items.iter().map(|Item(event)| event.about.is_some()).collect();
        assert_eq!(about, [true, false]);
        let end: Page =
            serde_json::from_value(json!({"metadata": {"resourceVersion": "41"}, "items": []})).expect("a page");
        assert!(end.metadata.next.is_empty());
    }
}
