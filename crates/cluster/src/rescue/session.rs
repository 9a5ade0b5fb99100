//! A token for one use only: bound to a Secret that says who uses it and why, and dead as soon as that is deleted.

use std::{fmt, time::Duration};

use jiff::Timestamp;
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::json;

use super::{
    ACCOUNT, NAMESPACE, Rescue, RescueError, Trouble,
    objects::new_labels,
    secrets::{WireSecret, WireSecrets},
};

/// How the names of session Secrets begin.
const PREFIX: &str = "break-glass-session-";
/// The label by which session Secrets are found; it is the id.
const SESSION: &str = "fanlight.dev/break-glass-session";
/// The annotations.
const PERSON: &str = "fanlight.dev/person";
const REASON: &str = "fanlight.dev/reason";
const HOST: &str = "fanlight.dev/host";
const TOOL: &str = "fanlight.dev/tool";
const EXPIRES: &str = "fanlight.dev/expires";

/// Who uses the emergency credential, and why: written where the cluster's own people see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Use {
    /// What tells this use from every other: lower-case letters, digits and dashes.
    pub id: String,
    /// Who says to be using it.
    pub person: String,
    /// Why.
    pub reason: String,
    /// On which machine.
    pub host: String,
    /// With which program and version.
    pub tool: String,
    /// Until when at most.
    pub expires: Timestamp,
}

/// A session Secret: as long as it is there, tokens bound to it are good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// The name.
    pub name: String,
    /// The UID.
    pub uid: String,
}

/// A session Secret as it is found in the cluster, with what it says about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionRecord {
    /// The Secret.
    pub session: Session,
    /// Who, `""` if it does not say.
    pub person: String,
    /// Why, `""` if it does not say.
    pub reason: String,
    /// On which machine, `""` if it does not say.
    pub host: String,
    /// When it was created.
    pub created: Option<Timestamp>,
    /// Until when at most.
    pub expires: Option<Timestamp>,
}

/// A token bound to a session. Printing it shows only when it expires.
#[derive(Clone)]
pub struct SessionToken {
    /// The token.
    pub token: SecretString,
    /// When the API server will no longer accept it, whatever happens.
    pub expires: Timestamp,
}

#[derive(Deserialize)]
struct TokenRequest {
    status: TokenStatus,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TokenStatus {
    token: SecretString,
    expiration_timestamp: Timestamp,
}

impl Rescue {
    /// The shortest life that the API server gives a token.
    pub const SHORTEST_SESSION: Duration = Duration::from_mins(10);

    /// Begins a session: creates its Secret.
    pub async fn begin_session(&self, of: &Use) -> Result<Session, RescueError> {
        let mut labels = new_labels();
        labels[SESSION] = json!(of.id);
        let object = json!({
            "apiVersion": "v1", "kind": "Secret", "type": "Opaque", "immutable": true,
            "metadata": {"name": format!("{PREFIX}{}", of.id), "namespace": NAMESPACE, "labels": labels, "annotations": {
                PERSON: of.person, REASON: of.reason, HOST: of.host, TOOL: of.tool, EXPIRES: of.expires.to_string(),
            }},
        });
        let WireSecret { metadata, .. } = self.create_secret(object, false).await?;
        Ok(Session { name: metadata.name, uid: metadata.uid })
    }

    /// A token bound to the session, for at least [`Rescue::SHORTEST_SESSION`]; the API server may be set to shorten it.
    pub async fn session_token(&self, session: &Session, life: Duration) -> Result<SessionToken, RescueError> {
        let doing = format!("requesting a token bound to Secret {NAMESPACE}/{}", session.name);
        let path = format!("/api/v1/namespaces/{NAMESPACE}/serviceaccounts/{ACCOUNT}/token");
        let request = json!({
            "apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest",
            "spec": {
                "expirationSeconds": life.max(Self::SHORTEST_SESSION).as_secs(),
                "boundObjectRef": {"apiVersion": "v1", "kind": "Secret", "name": session.name, "uid": session.uid},
            },
        });
        let TokenRequest { status } = self.post(&doing, &path, &request).await?;
        Ok(SessionToken { token: status.token, expires: status.expiration_timestamp })
    }

    /// Ends a session: deletes its Secret, and with it every token bound to it. One that has ended already is no error.
    pub async fn end_session(&self, session: &Session) -> Result<(), RescueError> {
        match self.delete_secret(&session.name, &session.uid, None).await {
            // Another of that name is not this one.
            Err(RescueError { trouble: Trouble::Conflict(_), .. }) => Ok(()),
            outcome => outcome,
        }
    }

    /// The sessions that have not been ended, those of others included.
    pub async fn sessions(&self) -> Result<Vec<SessionRecord>, RescueError> {
        let doing = format!("listing the session Secrets in {NAMESPACE}");
        let path = format!("/api/v1/namespaces/{NAMESPACE}/secrets?labelSelector={}", SESSION.replace('/', "%2F"));
        let found: WireSecrets = self.get(&doing, &path).await?;
        Ok(found.items.into_iter().map(SessionRecord::new).collect())
    }
}

impl SessionRecord {
    fn new(secret: WireSecret) -> Self {
        let mut metadata = secret.metadata;
        let mut said = |key| metadata.annotations.remove(key).unwrap_or_default();
        Self {
            person: said(PERSON),
            reason: said(REASON),
            host: said(HOST),
            expires: said(EXPIRES).parse().ok(),
            created: metadata.creation_timestamp,
            session: Session { name: metadata.name, uid: metadata.uid },
        }
    }
}

impl fmt::Debug for SessionToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionToken").field("expires", &self.expires).finish_non_exhaustive()
    }
}
