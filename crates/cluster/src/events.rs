//! Events (core/v1), read in the person's name.

use fanlight_model::{Events, Identity, ObjectKey};
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
}
