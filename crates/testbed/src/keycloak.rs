use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, bail};
use reqwest::{Certificate, Client, Method, Url};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::{
    Browser, TrustedIssuer, certificates,
    control_plane::{free_ports, tool},
    minder::Minder,
    program::Program,
    secrets,
};

/// A real Keycloak on loopback, over https by an authority of its own, with the realm of `keycloak/fanlight.json`.
///
/// alice is in the groups platform and shop-leads, bob in shop, carol in shop with an address that was not verified,
/// mallory in shop and in a group named `system:masters`; all with [`Keycloak::PASSWORD`]. Tokens live for a minute, and
/// a refresh token is good for one use. It ends when it is dropped.
pub struct Keycloak {
    program: Program,
    folder: PathBuf,
    port: u16,
    http: Client,
    _folder: Minder,
}

impl Keycloak {
    /// Everybody's password.
    pub const PASSWORD: &str = "keycloak-password";
    /// The client that keeps a secret; PKCE with S256 is demanded of each.
    pub const CLIENT: &str = "fanlight";
    /// The secret of the clients that have one.
    pub const SECRET: &str = "keycloak-client-secret";
    /// The client without a secret.
    pub const PUBLIC_CLIENT: &str = "fanlight-public";
    /// A client with a secret that finds the groups at `UserInfo` alone.
    pub const USERINFO_CLIENT: &str = "fanlight-userinfo";

    const READY: Duration = Duration::from_secs(180);

    /// Starts one; returns when it answers.
    pub async fn start() -> anyhow::Result<Self> {
        for secret in [Self::PASSWORD, Self::SECRET] {
            secrets::plant(secret);
        }
        // Whoever has chosen already, keeps it.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let folder = tempfile::Builder::new().prefix("fanlight-keycloak-").tempdir()?.keep();
        let cleaner = Minder::of_folder(&folder)?;
        let [port] = free_ports()?;
        let (ca, server) = certificates::of_server(&folder)?;
        let home = lay_home(&tool("keycloak")?, &folder)?;
        let program = Program::new("java".into(), arguments(&home, &server, port), folder.join("keycloak.log"));
        let ca = Certificate::from_pem(&std::fs::read(ca)?)?;
        let http = Client::builder().tls_certs_only([ca]).no_proxy().build()?;
        let keycloak = Self { program, folder, port, http, _folder: cleaner };
        keycloak.start_again().await?;
        Ok(keycloak)
    }

    /// The issuer, as tokens name it.
    pub fn issuer(&self) -> String {
        format!("{}/realms/fanlight", self.url())
    }

    /// The certificate of the authority that its own is by.
    pub fn ca(&self) -> PathBuf {
        self.folder.join("ca.crt")
    }

    /// How an API server is told to take the tokens of [`Keycloak::CLIENT`].
    pub fn trusted(&self) -> TrustedIssuer {
        TrustedIssuer { url: self.issuer(), ca: self.ca(), client: Self::CLIENT.to_owned(), prefix: String::new() }
    }

    /// The Secret `oidc-auth` by which the server at this address has people sign in here.
    pub fn settings(&self, namespace: &str, server: &str) -> anyhow::Result<Value> {
        Ok(json!({"apiVersion": "v1", "kind": "Secret",
        "metadata": {"name": "oidc-auth", "namespace": namespace},
        "stringData": {
            "issuerURL": self.issuer(),
            "clientID": Self::CLIENT,
            "clientSecret": Self::SECRET,
            "redirectURL": format!("{server}/oauth2/callback"),
            "customScopes": "openid,email",
            "caBundle": std::fs::read_to_string(self.ca())?,
        }}))
    }

    /// A client that trusts its authority, keeps cookies and follows no redirects.
    pub fn client(&self) -> anyhow::Result<Client> {
        let ca = Certificate::from_pem(&std::fs::read(self.ca())?)?;
        let client = Client::builder().tls_certs_only([ca]).cookie_store(true).no_proxy();
        client.redirect(reqwest::redirect::Policy::none()).build().context("cannot build an HTTP client")
    }

    /// Ends it as a crash would; sessions are in its database and outlive that.
    pub fn stop(&self) {
        self.program.stop();
    }

    /// Starts it again at the same address, and waits until it answers.
    pub async fn start_again(&self) -> anyhow::Result<()> {
        self.program.start()?;
        let discovery = format!("{}/.well-known/openid-configuration", self.issuer());
        let deadline = Instant::now() + Self::READY;
        loop {
            let answer = self.http.get(&discovery).send().await;
            if answer.is_ok_and(|answer| answer.status().is_success()) {
                return Ok(());
            }
            if Instant::now() > deadline {
                bail!("Keycloak did not start:\n{}", self.log());
            }
            sleep(Duration::from_millis(100)).await;
        }
    }

    /// What it has logged so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.join("keycloak.log")).unwrap_or_default()
    }

    /// Adds somebody with these groups, a verified address and [`Keycloak::PASSWORD`].
    pub async fn add_user(&self, name: &str, groups: &[&str]) -> anyhow::Result<()> {
        let user = json!({"username": name, "enabled": true, "email": format!("{name}@example.com"),
            "emailVerified": true, "firstName": name, "lastName": "Example",
            "credentials": [{"type": "password", "value": Self::PASSWORD, "temporary": false}]});
        self.admin(Method::POST, "users", Some(user)).await?;
        self.set_groups(name, groups).await
    }

    /// Lets somebody sign in, or not; the sessions that are there are not ended by it, but can no longer be refreshed.
    pub async fn set_enabled(&self, name: &str, enabled: bool) -> anyhow::Result<()> {
        let mut user = self.user(name).await?;
        user["enabled"] = enabled.into();
        self.admin(Method::PUT, &format!("users/{}", id(&user)?), Some(user)).await.map(drop)
    }

    /// Puts somebody into exactly these groups, which are made where they are not there.
    pub async fn set_groups(&self, name: &str, groups: &[&str]) -> anyhow::Result<()> {
        let own = format!("users/{}/groups", id(&self.user(name).await?)?);
        for group in array(&self.admin(Method::GET, &own, None).await?) {
            self.admin(Method::DELETE, &format!("{own}/{}", id(group)?), None).await?;
        }
        for group in groups {
            let found = self.group(group).await?;
            if found.is_none() {
                self.admin(Method::POST, "groups", Some(json!({"name": group}))).await?;
            }
            let group = found.or(self.group(group).await?).context("a group that was just made is not there")?;
            self.admin(Method::PUT, &format!("{own}/{}", id(&group)?), None).await?;
        }
        Ok(())
    }

    /// Ends all of somebody's sessions, as an administrator does there.
    pub async fn end_sessions(&self, name: &str) -> anyhow::Result<()> {
        self.admin(Method::POST, &format!("users/{}/logout", id(&self.user(name).await?)?), None).await.map(drop)
    }

    /// How many sessions somebody has there.
    pub async fn sessions(&self, name: &str) -> anyhow::Result<usize> {
        let sessions = format!("users/{}/sessions", id(&self.user(name).await?)?);
        Ok(array(&self.admin(Method::GET, &sessions, None).await?).len())
    }

    /// Tokens that are made from now on live this long.
    pub async fn set_token_lifespan(&self, lifespan: Duration) -> anyhow::Result<()> {
        let realm = json!({"realm": "fanlight", "accessTokenLifespan": lifespan.as_secs()});
        self.admin(Method::PUT, "", Some(realm)).await.map(drop)
    }

    /// Where a client may have people sent back to from now on; `*` at an end stands for anything.
    pub async fn set_redirects(&self, client: &str, urls: &[&str]) -> anyhow::Result<()> {
        let found = self.admin(Method::GET, &format!("clients?clientId={client}"), None).await?;
        let mut client = found.get(0).cloned().with_context(|| format!("Keycloak has no client {client}"))?;
        client["redirectUris"] = urls.into();
        self.admin(Method::PUT, &format!("clients/{}", id(&client)?), Some(client)).await.map(drop)
    }

    /// An answer of the token endpoint for somebody's name and password, without a browser.
    pub async fn tokens(&self, name: &str) -> anyhow::Result<Value> {
        self.token(&[
            ("grant_type", "password"),
            ("client_id", Self::CLIENT),
            ("client_secret", Self::SECRET),
            ("username", name),
            ("password", Self::PASSWORD),
            ("scope", "openid"),
        ])
        .await
    }

    /// An address to which Keycloak sends somebody back; the code in it must not be in a log.
    pub fn noted(&self, address: &str) -> String {
        let url = Url::parse(address).ok();
        let code = url.iter().flat_map(Url::query_pairs).find(|(name, _)| name == "code");
        code.iter().for_each(|(_, code)| secrets::plant(code));
        address.to_owned()
    }

    /// Fills in the form on the page that a browser was sent to.
    pub async fn sign_in_on(&self, browser: &Browser, name: &str) -> anyhow::Result<()> {
        browser.one("#username").await?.send_keys(name).await?;
        browser.one("#password").await?.send_keys(Self::PASSWORD).await?;
        browser.one("#kc-login").await?.click().await?;
        Ok(())
    }

    /// Asks the token endpoint for anything.
    pub async fn token(&self, form: &[(&str, &str)]) -> anyhow::Result<Value> {
        let endpoint = format!("{}/protocol/openid-connect/token", self.issuer());
        let answer = self.http.post(endpoint).form(form).send().await?;
        let (status, body) = (answer.status(), answer.json::<Value>().await?);
        if !status.is_success() {
            bail!("Keycloak answered {status}: {} ({})", body["error"], body["error_description"]);
        }
        for token in ["id_token", "access_token", "refresh_token"] {
            body[token].as_str().into_iter().for_each(secrets::plant);
        }
        Ok(body)
    }

    fn url(&self) -> String {
        format!("https://127.0.0.1:{}", self.port)
    }

    async fn user(&self, name: &str) -> anyhow::Result<Value> {
        let found = self.admin(Method::GET, &format!("users?exact=true&username={name}"), None).await?;
        found.get(0).cloned().with_context(|| format!("Keycloak has no {name}"))
    }

    async fn group(&self, name: &str) -> anyhow::Result<Option<Value>> {
        let found = self.admin(Method::GET, &format!("groups?exact=true&search={name}"), None).await?;
        Ok(array(&found).iter().find(|group| group["name"] == name).cloned())
    }

    async fn admin(&self, method: Method, path: &str, body: Option<Value>) -> anyhow::Result<Value> {
        let tokens = self.token(&[
            ("grant_type", "client_credentials"),
            ("client_id", "testbed"),
            ("client_secret", "keycloak-testbed-secret"),
        ]);
        let tokens = tokens.await?;
        let token = tokens["access_token"].as_str().context("an answer without an access token")?;
        let url = format!("{}/admin/realms/fanlight/{path}", self.url());
        let mut request = self.http.request(method, url.trim_end_matches('/')).bearer_auth(token);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await?;
        let (status, text) = (answer.status(), answer.text().await?);
        if !status.is_success() {
            bail!("Keycloak answered {status} for {path}: {text}");
        }
        Ok(if text.is_empty() { Value::Null } else { serde_json::from_str(&text)? })
    }
}

/// A home of its own: the programs of the distribution, and a copy of its database.
fn lay_home(distribution: &Path, folder: &Path) -> anyhow::Result<PathBuf> {
    let home = folder.join("home");
    let database = home.join("data/h2");
    std::fs::create_dir_all(&database)?;
    for part in ["conf", "lib", "providers", "themes"] {
        std::os::unix::fs::symlink(distribution.join(part), home.join(part))?;
    }
    let file = "keycloakdb.mv.db";
    std::fs::copy(distribution.join("data/h2").join(file), database.join(file)).context("Keycloak’s database")?;
    Ok(home)
}

/// Those of the distribution's own script, which looks for its home beside itself and takes a second; and less
/// compilation, since it does not live long enough to be worth it.
fn arguments(home: &Path, server: &certificates::Pair, port: u16) -> Vec<String> {
    const MACHINE: [&str; 12] = [
        "-XX:+UseSerialGC",
        "-XX:TieredStopAtLevel=1",
        "-Xms64m",
        "-Xmx512m",
        "-Dfile.encoding=UTF-8",
        "-Djava.util.logging.manager=org.jboss.logmanager.LogManager",
        "-Djava.util.concurrent.ForkJoinPool.common.threadFactory=io.quarkus.bootstrap.forkjoin.QuarkusForkJoinWorkerThreadFactory",
        "--add-opens=java.base/java.lang=ALL-UNNAMED",
        "--add-opens=java.base/java.security=ALL-UNNAMED",
        "--add-opens=java.base/java.util=ALL-UNNAMED",
        "--add-opens=java.base/java.util.concurrent=ALL-UNNAMED",
        "--enable-native-access=ALL-UNNAMED",
    ];
    let mut arguments: Vec<String> = MACHINE.map(ToOwned::to_owned).into();
    arguments.extend([
        format!("-Dkc.home.dir={}", home.display()),
        "-Dkc.config.built=true".to_owned(),
        "-cp".to_owned(),
        home.join("lib/quarkus-run.jar").display().to_string(),
        "io.quarkus.bootstrap.runner.QuarkusEntryPoint".to_owned(),
        "start".to_owned(),
        "--optimized".to_owned(),
        "--cache=local".to_owned(),
        // A session is on the disk as soon as it is answered; H2 would take half a second.
        "--db-url-properties=;NON_KEYWORDS=VALUE;WRITE_DELAY=0".to_owned(),
        "--http-host=127.0.0.1".to_owned(),
        format!("--https-port={port}"),
        format!("--hostname=https://127.0.0.1:{port}"),
        format!("--https-certificate-file={}", server.certificate.display()),
        format!("--https-certificate-key-file={}", server.key.display()),
    ]);
    arguments
}

fn id(object: &Value) -> anyhow::Result<&str> {
    object["id"].as_str().context("an object of Keycloak without an id")
}

fn array(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}
