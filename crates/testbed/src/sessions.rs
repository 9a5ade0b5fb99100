//! Signed-in people without a sign-in.

use std::{
    net::Ipv4Addr,
    path::PathBuf,
    sync::Arc,
    time::{Duration, SystemTime},
};

use anyhow::Context;
use base64::{Engine, engine::general_purpose::STANDARD};
use fanlight_identity::{
    CookieRules, CredentialSource, EmergencyDesk, Fingerprint, KeyRing, Method, SessionLimits, Sessions, SignedIn,
    SourceError, StoredCredential,
};
use fanlight_model::{Identity, UserName};
use futures_util::{FutureExt, future::BoxFuture};
use k8s_openapi::api::core::v1::Secret;
use kube::{Api, Client as KubeClient};
use reqwest::{Client, Url, cookie::Jar};
use secrecy::{SecretSlice, SecretString};

use crate::{ControlPlane, FanlightServer, secrets};

/// Seals sessions for anybody, with the key of the server under test.
///
/// A cluster has one emergency user; tests need several people. The forge is admitted once as the emergency user, by the
/// same code as the server's and under the same key, and then opens sessions that carry that admission in other names.
pub struct SessionForge {
    sessions: Sessions,
    fingerprint: Fingerprint,
    key_file: PathBuf,
}

impl SessionForge {
    /// A forge for a server in `namespace`, whose emergency user has this name and password. The server must be started
    /// with [`SessionForge::argument`].
    pub async fn new(plane: &ControlPlane, namespace: &str, name: &str, password: &str) -> anyhow::Result<Self> {
        let key_file = plane.folder().join(format!("{namespace}.session-keys"));
        let key = STANDARD.encode(rand::random::<[u8; 32]>());
        secrets::plant(&key);
        std::fs::write(&key_file, &key).context("cannot write the session keys")?;
        let keys = Arc::new(KeyRing::from_text(&key)?);
        let drawer = Drawer { client: plane.admin(), namespace: namespace.to_owned() };
        let desk = EmergencyDesk::new(Arc::new(drawer), Arc::clone(&keys));
        let from = Ipv4Addr::LOCALHOST.into();
        let admitted = desk.sign_in(name, SecretString::from(password), from).await?;
        let limits = SessionLimits { emergency: Duration::from_secs(3600), idle: Duration::from_secs(3600) };
        let rules = CookieRules { secure: false, base: String::new() };
        Ok(Self { sessions: Sessions::new(keys, limits, &rules), fingerprint: admitted.fingerprint, key_file })
    }

    /// The argument that makes the server take these sessions.
    pub fn argument(&self) -> String {
        format!("--session-key-file={}", self.key_file.display())
    }

    /// The `Set-Cookie` values of a new session.
    pub fn cookies(&self, user: &str, groups: &[&str]) -> anyhow::Result<Vec<String>> {
        let identity = Identity::new(UserName::new(user)?, groups.iter().copied())?;
        let fingerprint = Some(self.fingerprint.clone());
        let cookies = self.sessions.open(identity, Method::Emergency, fingerprint, SystemTime::now()).1;
        cookies.iter().for_each(|cookie| secrets::plant_cookie(cookie));
        Ok(cookies)
    }

    /// A browser's worth of client that is signed in as somebody.
    pub fn client(&self, server: &FanlightServer, user: &str, groups: &[&str]) -> anyhow::Result<Client> {
        Self::client_with(server, self.cookies(user, groups)?)
    }
}

impl SessionForge {
    /// What makes a server have a provider, which never answers, so that it takes [`SessionForge::member`]s.
    pub const PROVIDER: [&str; 3] = [
        "--oidc-issuer-url=https://127.0.0.1:9/realm",
        "--oidc-client-id=fanlight",
        "--oidc-redirect-url=http://127.0.0.1:9/oauth2/callback",
    ];

    /// A client that is signed in as somebody who came from the provider; that may be a service account.
    pub fn member(&self, server: &FanlightServer, user: &str, groups: &[&str]) -> anyhow::Result<Client> {
        Self::client_with(server, self.member_cookies(user, groups)?)
    }

    /// The `Set-Cookie` values of a new session of theirs.
    pub fn member_cookies(&self, user: &str, groups: &[&str]) -> anyhow::Result<Vec<String>> {
        let hour = Duration::from_secs(3600);
        let user = UserName::new(user).or_else(|_| UserName::service_account(user))?;
        let signed = SignedIn {
            identity: Identity::new(user, groups.iter().copied())?,
            notices: Vec::new(),
            expires: SystemTime::now() + hour,
            lifetime: hour,
            refresh_token: None,
            id_token: SecretString::from(""),
        };
        let cookies = self.sessions.open_oidc(&signed, SystemTime::now())?.1;
        cookies.iter().for_each(|cookie| secrets::plant_cookie(cookie));
        Ok(cookies)
    }

    fn client_with(server: &FanlightServer, cookies: Vec<String>) -> anyhow::Result<Client> {
        let url: Url = server.url().parse()?;
        let jar = Jar::default();
        for cookie in cookies {
            jar.add_cookie_str(&cookie, &url);
        }
        FanlightServer::client_with(Arc::new(jar))
    }
}

/// The emergency user's Secret, as the administrator reads it.
struct Drawer {
    client: KubeClient,
    namespace: String,
}

impl CredentialSource for Drawer {
    fn read(&self) -> BoxFuture<'static, Result<Option<StoredCredential>, SourceError>> {
        let secrets: Api<Secret> = Api::namespaced(self.client.clone(), &self.namespace);
        async move {
            let secret = secrets
                .get_opt("cluster-user-auth")
                .await
                .map_err(|error| SourceError::Unanswered(error.to_string()))?;
            Ok(secret.map(|secret| {
                let mut data = secret.data.unwrap_or_default();
                let mut take = |key: &str| data.remove(key).map(|value| SecretSlice::from(value.0));
                StoredCredential {
                    username: take("username"),
                    password: take("password"),
                    uid: secret.metadata.uid.unwrap_or_default(),
                }
            }))
        }
        .boxed()
    }
}
