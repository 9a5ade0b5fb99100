use fanlight_model::{Change, FeedError, Identity, Kind, Listing, Scope, Version};
use futures_util::{future::BoxFuture, stream::BoxStream};

/// Where feeds come from: lists and watches made in a person's name.
///
/// Stateless: each call is one attempt. Who to ask, when to retry and from which version to resume is decided here.
pub trait Feeds: Send + Sync + 'static {
    /// Lists (when `from` is `None`) and then watches `kind` in `scope` as `who`.
    ///
    /// A stream without `from` tells every object and then [`Change::Synced`]; one with `from` tells
    /// [`Change::Opened`] and what happened since. It ends cleanly when the API server closes the watch in due course.
    fn watch(
        &self,
        who: &Identity,
        kind: Kind,
        scope: &Scope,
        from: Option<Version>,
    ) -> BoxStream<'static, Result<Change, FeedError>>;

    /// Lists `kind` in `scope` once, as `who`.
    fn list(&self, who: &Identity, kind: Kind, scope: &Scope) -> BoxFuture<'static, Result<Listing, FeedError>>;
}
