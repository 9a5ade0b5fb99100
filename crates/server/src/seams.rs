//! Where the crates are joined: what `live` and `identity` ask for, answered by `cluster`.

use fanlight_cluster::{ApiServer, ReadError};
use fanlight_identity::{CredentialSource, OidcSecret, OidcSource, SourceError, StoredCredential};
use fanlight_live::{Feeds, Reviews};
use fanlight_model::{
    Action, Answer, Change, FeedError, Identity, Kind, Listing, ObjectKey, Question, Rules, Scope, Step, Version,
};
use fanlight_web::{ObjectError, Objects};
use futures_util::{FutureExt, future::BoxFuture, stream::BoxStream};

/// The API server as `live` sees it.
pub(crate) struct Eyes(pub(crate) ApiServer);

impl Feeds for Eyes {
    fn watch(
        &self,
        who: &Identity,
        kind: Kind,
        scope: &Scope,
        from: Option<Version>,
    ) -> BoxStream<'static, Result<Change, FeedError>> {
        self.0.watch(who, kind, scope, from)
    }

    fn list(&self, who: &Identity, kind: Kind, scope: &Scope) -> BoxFuture<'static, Result<Listing, FeedError>> {
        let (server, who, scope) = (self.0.clone(), who.clone(), scope.clone());
        async move { server.list(&who, kind, &scope).await }.boxed()
    }
}

impl Reviews for Eyes {
    fn may(&self, who: &Identity, question: &Question) -> BoxFuture<'static, Answer> {
        let (server, who, question) = (self.0.clone(), who.clone(), question.clone());
        async move { server.may(&who, &question).await }.boxed()
    }

    fn rules(&self, who: &Identity, namespace: &str) -> BoxFuture<'static, Rules> {
        let (server, who, namespace) = (self.0.clone(), who.clone(), namespace.to_owned());
        async move { server.rules(&who, &namespace).await }.boxed()
    }
}

impl Objects for Eyes {
    fn read(&self, who: &Identity, key: &ObjectKey) -> BoxFuture<'static, Result<serde_json::Value, ObjectError>> {
        let (server, who, key) = (self.0.clone(), who.clone(), key.clone());
        async move { server.object(&who, &key).await.map_err(object_error) }.boxed()
    }

    fn may_change(&self, who: &Identity, key: &ObjectKey) -> BoxFuture<'static, Answer> {
        let (server, who, key) = (self.0.clone(), who.clone(), key.clone());
        async move { server.may_change(&who, &key).await }.boxed()
    }

    fn act(&self, who: &Identity, action: &Action, keys: Vec<ObjectKey>, by: &str) -> BoxStream<'static, Step> {
        self.0.act(who, action, keys, by)
    }
}

fn object_error(error: ReadError) -> ObjectError {
    match error {
        ReadError::Refused { code, .. } if code.as_u16() == 404 => ObjectError::NotFound,
        ReadError::Refused { code, message, .. } if matches!(code.as_u16(), 401 | 403) => {
            ObjectError::Forbidden(message)
        }
        ReadError::Misnamed { .. } => ObjectError::NotFound,
        ReadError::NotServed { .. } => ObjectError::NotInstalled,
        other => ObjectError::Unanswered(other.to_string()),
    }
}

/// A Secret in the server's own namespace as `identity` sees it.
pub(crate) struct SecretDrawer {
    pub(crate) server: ApiServer,
    pub(crate) name: String,
}

impl CredentialSource for SecretDrawer {
    fn read(&self) -> BoxFuture<'static, Result<Option<StoredCredential>, SourceError>> {
        let (server, name) = (self.server.clone(), self.name.clone());
        async move {
            let secret = server.secret(&name).await.map_err(|error| SourceError(error.to_string()))?;
            Ok(secret.map(|mut secret| StoredCredential {
                username: secret.data.remove("username"),
                password: secret.data.remove("password"),
                uid: secret.uid,
            }))
        }
        .boxed()
    }
}

impl OidcSource for SecretDrawer {
    fn read(&self) -> BoxFuture<'static, Result<Option<OidcSecret>, SourceError>> {
        let (server, name) = (self.server.clone(), self.name.clone());
        async move {
            let secret = server.secret(&name).await.map_err(|error| SourceError(error.to_string()))?;
            Ok(secret.map(|secret| secret.data))
        }
        .boxed()
    }
}
