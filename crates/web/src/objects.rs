use std::collections::BTreeMap;

use fanlight_model::{Action, Answer, Controller, Definition, Events, Finding, Identity, Lookup, ObjectKey, Step};
use futures_util::{future::BoxFuture, stream::BoxStream};
use serde_json::Value;

/// Single objects of the cluster, always in a person's name.
pub trait Objects: Send + Sync + 'static {
    /// The whole object.
    fn read(&self, who: &Identity, key: &ObjectKey) -> BoxFuture<'static, Result<Value, ObjectError>>;

    /// What happened to it lately.
    fn events(&self, who: &Identity, key: &ObjectKey) -> BoxFuture<'static, Result<Events, ObjectError>>;

    /// The texts in a ConfigMap, by namespace and name.
    fn config_map(
        &self,
        who: &Identity,
        namespace: &str,
        name: &str,
    ) -> BoxFuture<'static, Result<BTreeMap<String, String>, ObjectError>>;

    /// What lies behind an object that is not ready.
    fn look_up(&self, who: &Identity, lookup: &Lookup) -> BoxFuture<'static, Finding>;

    /// Flux's controllers, as far as the person may see them.
    fn controllers(&self, who: &Identity) -> BoxFuture<'static, Result<Vec<Controller>, ObjectError>>;

    /// The definitions of the kinds that are installed.
    fn definitions(&self, who: &Identity) -> BoxFuture<'static, Result<Vec<Definition>, ObjectError>>;

    /// Whether the person may change it.
    fn may_change(&self, who: &Identity, key: &ObjectKey) -> BoxFuture<'static, Answer>;

    /// Does something to objects; news of each until all are final. Dropping the stream stops the waiting, not what was
    /// asked for. `by` is the name that a suspension carries.
    fn act(&self, who: &Identity, action: &Action, keys: Vec<ObjectKey>, by: &str) -> BoxStream<'static, Step>;
}

/// Why an object cannot be shown.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ObjectError {
    /// There is no such object.
    #[error("there is no such object")]
    NotFound,
    /// The person may not read it, in the API server's words.
    #[error("{0}")]
    Forbidden(String),
    /// Its kind is not installed.
    #[error("the kind is not installed in this cluster")]
    NotInstalled,
    /// The API server gave no usable answer; why.
    #[error("{0}")]
    Unanswered(String),
}
