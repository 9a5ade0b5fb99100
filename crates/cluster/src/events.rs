//! Events (core/v1), read in the person's name.

mod follow;

use fanlight_model::{EventEntry, EventLog, Events, Identity, Thing, Version};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::{
    ApiServer, ReadError,
    api_server::As,
    evidence::{encoded, segment},
    object::is_name,
    pages,
};

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
    pub async fn events_about(&self, who: &Identity, thing: &Thing) -> Result<Events, ReadError> {
        let path = path_about(thing)?;
        // Versions are of no help to the API server: an Event keeps the one that its writer used.
        let path = format!("{path}&limit={}", Self::EVENTS);
        let list: Value = self.get(As::Person(who), &format!("the Events about {thing}"), &path).await?;
        Ok(Events::read(&list, &thing.group))
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

/// Where the Events about one object are read.
fn path_about(thing: &Thing) -> Result<String, ReadError> {
    let Thing { kind, namespace, name, .. } = thing;
    // What lies in no namespace has its Events in this one.
    let namespace = if namespace.is_empty() { "default" } else { namespace };
    let is_kind = kind.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if !is_name(namespace) || !is_kind || segment(name).is_err() {
        return Err(ReadError::Misnamed { what: thing.to_string() });
    }
    let about = format!("involvedObject.kind={kind},involvedObject.name={name}");
    Ok(path(Some(namespace), &encoded(&about)))
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
    fn events_are_looked_for_where_they_are_about_an_object_of_any_kind_and_nowhere_else() {
        let path = |kind: &str, namespace: &str, name: &str| path_about(&Thing::new("", kind, namespace, name)).ok();
        let about = |kind: &str, name: &str| {
            format!("fieldSelector=involvedObject.kind%3D{kind}%2CinvolvedObject.name%3D{name}")
        };
        let of_pod = format!("/api/v1/namespaces/shop/events?{}", about("Pod", "cart-1"));
        assert_eq!(path("Pod", "shop", "cart-1"), Some(of_pod));
        let of_role = format!("/api/v1/namespaces/default/events?{}", about("ClusterRole", "system%3Aa"));
        assert_eq!(path("ClusterRole", "", "system:a"), Some(of_role));
        for (kind, namespace, name) in
            [("Pod", "a/b", "c"), ("Pod", "shop", "a,b"), ("P,x=y", "shop", "a"), ("Pod", "shop", "")]
        {
            assert_eq!(path(kind, namespace, name), None, "{kind} {namespace} {name}");
        }
    }

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
