//! The account's long-lived tokens: one Secret for each, filled by the token controller.

use std::{collections::BTreeMap, fmt, time::Duration};

use jiff::{Timestamp, civil::Date};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::{
    ACCOUNT, KUBE_DC_LAYER_LABEL, LAYER, LAYER_LABEL, NAMESPACE, Rescue, RescueError, Trouble,
    call::{MERGE_PATCH, backoff},
    objects::{FIELD_MANAGER, new_labels},
    secrets::{WireSecret, WireSecrets, path_of},
};

/// The name of the first token Secret, which kube-dc makes too. It is generation 1; later ones end in `-g` and the number.
pub const FIRST_TOKEN: &str = "break-glass-token";

/// The type of Secrets that the token controller fills.
const TYPE: &str = "kubernetes.io/service-account-token";
/// The annotation that says for which account.
const ACCOUNT_NAME: &str = "kubernetes.io/service-account.name";
/// The label with the number of the generation.
const GENERATION: &str = "fanlight.dev/generation";
/// The label with the day on which the API server last saw the token.
const LAST_USED: &str = "kubernetes.io/legacy-token-last-used";

/// A Secret with a token of the account, as it was when it was read.
#[derive(Debug, Clone)]
pub struct TokenSecret {
    /// Its name.
    pub name: String,
    /// Its UID: a Secret that was deleted and made again is another one, with another token.
    pub uid: String,
    /// The version that was read. The API server makes a new one when it notes the first use of a day.
    pub resource_version: String,
    /// Which generation it is, by label or name; `None` if it is a token that somebody made by hand.
    pub generation: Option<u32>,
    /// When it was created.
    pub created: Option<Timestamp>,
    /// On which day the token was last used, if ever.
    pub last_used: Option<Date>,
    /// Its annotations.
    pub annotations: BTreeMap<String, String>,
    /// The token, once the token controller has filled the Secret.
    pub issued: Option<IssuedToken>,
}

/// A token with the CA that came with it. Printing it shows nothing.
#[derive(Clone)]
pub struct IssuedToken {
    /// The token.
    pub token: SecretString,
    /// The cluster's CA in PEM.
    pub ca_pem: String,
}

impl fmt::Debug for IssuedToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IssuedToken")
    }
}

impl TokenSecret {
    /// The Secret, if it is one of the account.
    fn new(secret: WireSecret) -> Option<Self> {
        let WireSecret { metadata, kind, data } = secret;
        let is_ours = kind == TYPE && metadata.annotations.get(ACCOUNT_NAME).is_some_and(|name| name == ACCOUNT);
        let issued = data.token.zip(data.ca);
        is_ours.then(|| Self {
            generation: generation(&metadata.name, metadata.labels.get(GENERATION)),
            last_used: metadata.labels.get(LAST_USED).and_then(|day| day.parse().ok()),
            name: metadata.name,
            uid: metadata.uid,
            resource_version: metadata.resource_version,
            created: metadata.creation_timestamp,
            annotations: metadata.annotations,
            issued: issued.map(|(token, ca)| IssuedToken { token, ca_pem: ca.expose_secret().to_owned() }),
        })
    }
}

/// The label decides; older Secrets have only their name.
fn generation(name: &str, label: Option<&String>) -> Option<u32> {
    let number = |text: &str| text.parse().ok().filter(|number| *number > 0);
    label.and_then(|label| number(label)).or_else(|| match name.strip_prefix(FIRST_TOKEN)? {
        "" => Some(1),
        rest => number(rest.strip_prefix("-g")?),
    })
}

impl Rescue {
    /// The first pause before a Secret is looked at again, and so about how long a healthy controller takes.
    const GLANCE: Duration = Duration::from_millis(40);

    /// All Secrets with tokens of the account, oldest generation first; those that somebody made by hand come first of all.
    pub async fn token_secrets(&self) -> Result<Vec<TokenSecret>, RescueError> {
        let doing = format!("listing the token Secrets in {NAMESPACE}");
        // By type and not by label: a token that somebody made by hand opens the cluster just as well.
        let path = format!("/api/v1/namespaces/{NAMESPACE}/secrets?fieldSelector=type%3D{}", TYPE.replace('/', "%2F"));
        let all: WireSecrets = self.get(&doing, &path).await?;
        let mut ours: Vec<_> = all.items.into_iter().filter_map(TokenSecret::new).collect();
        ours.sort_by(|one, other| (one.generation, &one.name).cmp(&(other.generation, &other.name)));
        Ok(ours)
    }

    /// The token Secret of this name, if there is one; it is an error if the Secret is something else.
    pub async fn token_secret(&self, name: &str) -> Result<Option<TokenSecret>, RescueError> {
        let doing = format!("reading Secret {NAMESPACE}/{name}");
        match self.get(&doing, &path_of(name)).await {
            Ok(secret) => ours(&doing, secret).map(Some),
            Err(error) if error.is_missing() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Creates a token Secret of this generation; the token comes later, see [`Rescue::await_token`].
    ///
    /// With `dry_run` nothing is created, but policies and quotas have their say: what they refuse is refused.
    pub async fn create_token_secret(
        &self,
        name: &str,
        generation: u32,
        annotations: &BTreeMap<String, String>,
        dry_run: bool,
    ) -> Result<TokenSecret, RescueError> {
        let mut labels = new_labels();
        labels[GENERATION] = json!(generation.to_string());
        let mut annotations = json!(annotations);
        annotations[ACCOUNT_NAME] = json!(ACCOUNT);
        let object = json!({
            "apiVersion": "v1", "kind": "Secret", "type": TYPE,
            "metadata": {"name": name, "namespace": NAMESPACE, "labels": labels, "annotations": annotations},
        });
        let created = self.create_secret(object, dry_run).await?;
        ours(&format!("creating Secret {NAMESPACE}/{name}"), created)
    }

    /// Waits until this very Secret has its token and CA.
    ///
    /// By looking again, soon at first: it needs no right but to read it, and nothing on the way that lets a watch through.
    pub async fn await_token(&self, secret: &TokenSecret, limit: Duration) -> Result<TokenSecret, RescueError> {
        let doing = format!("waiting for the token in Secret {NAMESPACE}/{}", secret.name);
        let failed = |trouble| RescueError::new(&doing, trouble);
        let deadline = (Instant::now() + limit).min(self.deadline);
        let mut looks = 0;
        loop {
            let Some(now) = self.token_secret(&secret.name).await? else {
                return Err(failed(Trouble::Missing("somebody deleted it, or the account is gone".to_owned())));
            };
            if now.uid != secret.uid {
                return Err(failed(another()));
            }
            if now.issued.is_some() {
                return Ok(now);
            }
            let pause = backoff(Self::GLANCE, looks);
            if Instant::now() + pause >= deadline {
                return Err(failed(Trouble::NotIssued(limit)));
            }
            sleep(pause).await;
            looks += 1;
        }
    }

    /// Deletes this version of this Secret, and with it the token; an API server may accept the token for ten seconds more.
    ///
    /// If the Secret is no longer as it was read, nothing is deleted ([`Trouble::Conflict`]): read it again and decide
    /// again. If it is gone, all is well.
    pub async fn delete_token_secret(&self, secret: &TokenSecret) -> Result<(), RescueError> {
        self.delete_secret(&secret.name, &secret.uid, Some(&secret.resource_version)).await
    }

    /// Sets annotations of this Secret, whatever else has changed in it; `None` removes one. Returns it as it is then.
    pub async fn annotate_token_secret(
        &self,
        secret: &TokenSecret,
        annotations: &BTreeMap<String, Option<String>>,
    ) -> Result<TokenSecret, RescueError> {
        self.change(secret, "annotating", &json!({"annotations": annotations})).await
    }

    /// Gives this Secret the labels by which it is known as ours, generation included; one of kube-dc has only its own.
    pub async fn label_token_secret(&self, secret: &TokenSecret, generation: u32) -> Result<TokenSecret, RescueError> {
        let labels = json!({LAYER_LABEL: LAYER, KUBE_DC_LAYER_LABEL: LAYER, GENERATION: generation.to_string()});
        self.change(secret, "labelling", &json!({"labels": labels})).await
    }

    async fn change(&self, secret: &TokenSecret, verb: &str, metadata: &Value) -> Result<TokenSecret, RescueError> {
        let doing = format!("{verb} Secret {NAMESPACE}/{}", secret.name);
        let path = format!("{}?fieldManager={FIELD_MANAGER}", path_of(&secret.name));
        let mut metadata = metadata.clone();
        // Another Secret of that name is refused, in words of its own.
        metadata["uid"] = json!(secret.uid);
        match self.patch(&doing, &path, MERGE_PATCH, &json!({"metadata": metadata})).await {
            Ok(changed) => ours(&doing, changed),
            Err(RescueError { trouble: Trouble::Refused { words, .. }, .. }) if words.contains("metadata.uid") => {
                Err(RescueError::new(doing, another()))
            }
            Err(error) => Err(error),
        }
    }
}

fn another() -> Trouble {
    Trouble::Conflict("somebody deleted it and made another".to_owned())
}

fn ours(doing: &str, secret: WireSecret) -> Result<TokenSecret, RescueError> {
    let other = || Trouble::Foreign(format!("it is not a token of ServiceAccount {NAMESPACE}/{ACCOUNT}"));
    TokenSecret::new(secret).ok_or_else(|| RescueError::new(doing, other()))
}

#[cfg(test)]
mod tests {
    use super::generation;

    #[test]
    fn the_generation_is_read_from_the_label_or_else_from_the_name() {
        assert_eq!(generation("break-glass-token", None), Some(1));
        assert_eq!(generation("break-glass-token-g7", None), Some(7));
        assert_eq!(generation("break-glass-token-g7", Some(&"8".to_owned())), Some(8));
        for other in
            ["break-glass-token-g", "break-glass-token-g0", "break-glass-token-x1", "break-glass-token2", "mine"]
        {
            assert_eq!(generation(other, None), None, "{other}");
        }
    }
}
