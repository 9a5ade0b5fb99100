use std::{path::PathBuf, time::Duration};

use anyhow::bail;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::ControlPlane;

/// An OIDC provider that an API server trusts: `preferred_username` and `groups` name people, with a prefix.
#[derive(Debug, Clone)]
pub struct TrustedIssuer {
    /// Its address, as its tokens name it.
    pub url: String,
    /// The certificate of its authority.
    pub ca: PathBuf,
    /// The client whose tokens are taken.
    pub client: String,
    /// What goes before the names of users and groups.
    pub prefix: String,
}

impl TrustedIssuer {
    /// How an API server is told so.
    pub(crate) fn arguments(&self) -> [String; 7] {
        // Empty would mean the default, which is the issuer's address.
        let user_prefix = if self.prefix.is_empty() { "-" } else { &self.prefix };
        [
            format!("--oidc-issuer-url={}", self.url),
            format!("--oidc-ca-file={}", self.ca.display()),
            format!("--oidc-client-id={}", self.client),
            "--oidc-username-claim=preferred_username".to_owned(),
            format!("--oidc-username-prefix={user_prefix}"),
            "--oidc-groups-claim=groups".to_owned(),
            format!("--oidc-groups-prefix={}", self.prefix),
        ]
    }
}

impl ControlPlane {
    /// Whom the API server takes the bearer of a token for (`username`, `groups` and more), if it takes the token.
    pub async fn who_is(&self, token: &str) -> anyhow::Result<Option<Value>> {
        let ca = reqwest::Certificate::from_pem(&std::fs::read(self.folder().join("ca.crt"))?)?;
        let client = reqwest::Client::builder().tls_certs_only([ca]).no_proxy().build()?;
        let url = format!("{}/apis/authentication.k8s.io/v1/selfsubjectreviews", self.url());
        let review = json!({"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"});
        let answer = client.post(url).bearer_auth(token).json(&review).send().await?;
        if answer.status() == http::StatusCode::UNAUTHORIZED {
            return Ok(None);
        }
        let answer: Value = answer.error_for_status()?.json().await?;
        Ok(Some(answer["status"]["userInfo"].clone()))
    }

    /// The same, as soon as the token is taken: an API server fetches a provider's keys after it has become ready.
    pub async fn until_taken(&self, token: &str) -> anyhow::Result<Value> {
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            if let Some(user) = self.who_is(token).await? {
                return Ok(user);
            }
            if Instant::now() > deadline {
                let log = std::fs::read_to_string(self.folder().join("kube-apiserver.log")).unwrap_or_default();
                let reason = log.lines().rfind(|line| line.contains("oidc")).unwrap_or_default();
                bail!("the API server does not take the token: {reason}");
            }
            sleep(Duration::from_millis(100)).await;
        }
    }
}
