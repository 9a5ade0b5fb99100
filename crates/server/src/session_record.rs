//! The record of ended sessions, as a `ConfigMap`.

use fanlight_cluster::{ApiServer, ConfigMapData};
use fanlight_identity::{RecordSource, SourceError, StoredRecord};
use futures_util::{FutureExt, future::BoxFuture};

use std::sync::{Arc, Mutex, PoisonError};

use crate::seams::source_error;

/// A `ConfigMap` in the server's own namespace as `identity` sees it.
pub(crate) struct SessionRecord {
    server: ApiServer,
    name: String,
    /// The object that was read last: whoever writes it must leave everything else in it as it is.
    last: Arc<Mutex<Option<ConfigMapData>>>,
}

impl SessionRecord {
    /// The key in the object.
    const KEY: &str = "ended";

    pub(crate) fn new(server: ApiServer, name: String) -> Self {
        Self { server, name, last: Arc::default() }
    }
}

impl RecordSource for SessionRecord {
    fn read(&self) -> BoxFuture<'static, Result<Option<StoredRecord>, SourceError>> {
        let (server, name, last) = (self.server.clone(), self.name.clone(), Arc::clone(&self.last));
        async move {
            let object = server.config_map(&name).await.map_err(|error| source_error(&error))?;
            let record = object.as_ref().map(|object| StoredRecord {
                uid: object.uid().to_owned(),
                version: object.version().to_owned(),
                text: object.text(Self::KEY).to_owned(),
            });
            *last.lock().unwrap_or_else(PoisonError::into_inner) = object;
            Ok(record)
        }
        .boxed()
    }

    fn write(&self, record: StoredRecord) -> BoxFuture<'static, Result<bool, SourceError>> {
        let (server, name) = (self.server.clone(), self.name.clone());
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let object = last.filter(|object| (object.uid(), object.version()) == (&record.uid, &record.version));
        async move {
            let Some(object) = object else { return Ok(false) };
            server
                .replace_config_map(&name, &object.with_text(Self::KEY, record.text))
                .await
                .map_err(|error| source_error(&error))
        }
        .boxed()
    }

    fn changed(&self, since: &StoredRecord) -> BoxFuture<'static, Result<(), SourceError>> {
        let (server, name, version) = (self.server.clone(), self.name.clone(), since.version.clone());
        async move { server.config_map_changed(&name, &version).await.map_err(|error| source_error(&error)) }.boxed()
    }
}
