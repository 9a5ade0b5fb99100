use std::{
    fs::File,
    io::Read,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use anyhow::{Context, bail};
use reqwest::{Client, Response, cookie::Jar};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::{
    ControlPlane, SessionForge, Stream, Wire, minder::Minder, privileged::Privileges, rights::sign_in_rules, secrets,
    stream::keys,
};

/// The real `fanlight-server`, running against a control plane as its own account.
#[derive(Debug)]
pub struct FanlightServer {
    url: String,
    log: PathBuf,
    /// The log, open: its folder may be gone before the server is.
    logged: File,
    program: PathBuf,
    process: Minder,
    /// What is checked of a server that runs as an account of its own.
    privileges: Option<Privileges>,
}

impl FanlightServer {
    /// Starts `program`, in the account `fanlight` of `namespace`; `more` are further arguments.
    pub async fn start(program: &Path, plane: &ControlPlane, namespace: &str, more: &[&str]) -> anyhow::Result<Self> {
        let kubeconfig = plane.kubeconfig_for(namespace, "fanlight").await?;
        Self::in_account(program, plane, &kubeconfig, (namespace, namespace), more).await
    }

    /// Starts `program` in an account that may impersonate nobody but the emergency user; with what signs in others there.
    pub async fn limited(
        program: &Path,
        plane: &ControlPlane,
        namespace: &str,
        [user, password]: [&str; 2],
    ) -> anyhow::Result<(Self, SessionForge)> {
        let mut rules = sign_in_rules(&["cluster-user-auth"]);
        rules.push(
            json!({"apiGroups": [""], "resources": ["users"], "resourceNames": [user], "verbs": ["impersonate"]}),
        );
        plane.install_limited_account(namespace, &Value::from(rules)).await?;
        plane.set_emergency_user(namespace, user, password).await?;
        let forge = SessionForge::new(plane, namespace, user, password).await?;
        let key = forge.argument();
        let arguments: Vec<_> = SessionForge::PROVIDER.into_iter().chain([key.as_str()]).collect();
        Ok((Self::start(program, plane, namespace, &arguments).await?, forge))
    }

    /// Starts one more replica: `name` tells it from others in this namespace. It reaches the API server by a way that can
    /// be cut.
    pub async fn replica(
        program: &Path,
        plane: &ControlPlane,
        namespace: &str,
        (name, wire): (&str, &Wire),
        more: &[&str],
    ) -> anyhow::Result<Self> {
        let kubeconfig = wire.kubeconfig_for(plane, namespace, "fanlight").await?;
        Self::in_account(program, plane, &kubeconfig, (namespace, &format!("{namespace}-{name}")), more).await
    }

    /// Starts the replica of this number, which reaches the API server directly.
    pub async fn sibling(
        program: &Path,
        plane: &ControlPlane,
        namespace: &str,
        number: usize,
        more: &[&str],
    ) -> anyhow::Result<Self> {
        let kubeconfig = plane.kubeconfig_for(namespace, "fanlight").await?;
        Self::in_account(program, plane, &kubeconfig, (namespace, &format!("{namespace}-{number}")), more).await
    }

    /// In the account `fanlight` of a namespace, held to what is documented; files are kept under `name`.
    async fn in_account(
        program: &Path,
        plane: &ControlPlane,
        kubeconfig: &Path,
        (namespace, name): (&str, &str),
        more: &[&str],
    ) -> anyhow::Result<Self> {
        let privileges = Privileges::watch(plane.folder(), [namespace, "fanlight"], more)?;
        let mut server = Self::with_kubeconfig(program, kubeconfig, plane.folder(), name, more).await?;
        server.privileges = Some(privileges);
        Ok(server)
    }

    /// Starts `program` with an account, arguments and environment as a Deployment has them, but on loopback.
    pub async fn start_as(
        program: &Path,
        plane: &ControlPlane,
        [namespace, account]: [&str; 2],
        arguments: &[String],
        environment: &[String],
    ) -> anyhow::Result<Self> {
        let kubeconfig = plane.kubeconfig_for(namespace, account).await?;
        let name = format!("{namespace}-{account}");
        // Of a flag given twice the last counts.
        let more: Vec<_> = arguments.iter().map(String::as_str).chain(["--host=127.0.0.1", "--port=0"]).collect();
        let privileges = Privileges::watch(plane.folder(), [namespace, account], &more)?;
        let mut server = Self::run(program, &kubeconfig, plane.folder(), &name, environment, &more).await?;
        server.privileges = Some(privileges);
        Ok(server)
    }

    /// Starts `program` as on an administrator's laptop: with the administrator's own client certificate.
    pub async fn start_on_laptop(program: &Path, plane: &ControlPlane, more: &[&str]) -> anyhow::Result<Self> {
        Self::with_kubeconfig(program, &plane.admin_kubeconfig(), plane.folder(), "laptop", more).await
    }

    /// Starts `program` before the cluster of a kubeconfig; address and log are kept in `folder`, under `name`.
    pub(crate) async fn with_kubeconfig(
        program: &Path,
        kubeconfig: &Path,
        folder: &Path,
        name: &str,
        more: &[&str],
    ) -> anyhow::Result<Self> {
        let mut arguments = vec!["--insecure", "--host=127.0.0.1"];
        if !more.iter().any(|argument| argument.starts_with("--port")) {
            arguments.push("--port=0");
        }
        arguments.extend(more);
        Self::run(program, kubeconfig, folder, name, &[], &arguments).await
    }

    async fn run(
        program: &Path,
        kubeconfig: &Path,
        folder: &Path,
        name: &str,
        environment: &[String],
        more: &[&str],
    ) -> anyhow::Result<Self> {
        let address = folder.join(format!("{name}.address"));
        let _ = std::fs::remove_file(&address);
        let log = folder.join(format!("{name}.log"));
        let mut arguments = vec![format!("KUBECONFIG={}", kubeconfig.display())];
        arguments.extend_from_slice(environment);
        arguments.extend([program.display().to_string(), format!("--address-file={}", address.display())]);
        arguments.extend(more.iter().map(ToString::to_string));
        let process = Minder::start(Path::new("/usr/bin/env"), arguments, &log)?;
        let logged = File::open(&log).context("the log of fanlight-server")?;
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            if let Ok(address) = std::fs::read_to_string(&address) {
                let url = format!("http://{}", address.trim());
                return Ok(Self { url, log, logged, program: program.to_owned(), process, privileges: None });
            }
            if Instant::now() > deadline {
                bail!("fanlight-server did not start:\n{}", std::fs::read_to_string(&log).unwrap_or_default());
            }
            sleep(Duration::from_millis(20)).await;
        }
    }

    /// The address, without a slash at its end.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Its process.
    pub fn process(&self) -> anyhow::Result<u32> {
        self.process.minded(&self.program).context("fanlight-server does not run")
    }

    /// What it has logged so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// A browser's worth of client: keeps cookies, follows no redirects.
    pub fn client() -> anyhow::Result<Client> {
        Self::client_with(Arc::default())
    }

    /// The same with cookies that are there already.
    pub(crate) fn client_with(cookies: Arc<Jar>) -> anyhow::Result<Client> {
        let client = Client::builder().cookie_provider(cookies).redirect(reqwest::redirect::Policy::none()).no_proxy();
        client.build().context("cannot build an HTTP client")
    }

    /// Tries to sign in as scripts do.
    pub async fn try_sign_in(&self, client: &Client, name: &str, password: &str) -> anyhow::Result<Response> {
        let form = json!({"username": name, "password": password});
        Ok(client.post(format!("{}/oauth2/sign_in", self.url)).json(&form).send().await?)
    }

    /// Signs in; the client holds the session then.
    pub async fn sign_in(&self, name: &str, password: &str) -> anyhow::Result<Client> {
        let client = Self::client()?;
        let response = self.try_sign_in(&client, name, password).await?;
        if !response.status().is_success() {
            bail!("sign-in answered {}", response.status());
        }
        secrets::plant_cookies(response.headers());
        Ok(client)
    }

    /// The names (`Kind/namespace/name`) of the rows on the Applications page.
    pub async fn applications(&self, client: &Client, query: &str) -> anyhow::Result<Vec<String>> {
        let response = client.get(format!("{}/applications?{query}", self.url)).send().await?.error_for_status()?;
        Ok(keys(&response.text().await?))
    }

    /// Opens the event stream of the Applications page.
    pub async fn stream(&self, client: &Client) -> anyhow::Result<Stream> {
        let response = client.get(format!("{}/applications/events", self.url)).send().await?.error_for_status()?;
        Ok(Stream::of(response))
    }

    /// Ends the session.
    pub async fn sign_out(&self, client: &Client) -> anyhow::Result<()> {
        client.post(format!("{}/oauth2/logout", self.url)).send().await?.error_for_status()?;
        Ok(())
    }
}

impl Drop for FanlightServer {
    /// Whatever else a test is about: none of the secrets that were made for it may be in the log, and the server may have
    /// done nothing in its own name but what is documented.
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        let mut log = Vec::new();
        let read = self.logged.read_to_end(&mut log);
        let found = secrets::found_in(&String::from_utf8_lossy(&log));
        assert!(read.is_ok(), "the log cannot be checked for secrets: {read:?}");
        assert!(found.is_empty(), "secrets are in the log {}: {found:?}", self.log.display());
        let beyond = self.privileges.as_mut().map(Privileges::overstepped);
        if let Some(Err(error)) = &beyond {
            panic!("the audit log cannot be checked for what the server did in its own name: {error:#}");
        }
        let beyond = beyond.and_then(Result::ok).unwrap_or_default();
        assert!(beyond.is_empty(), "the server did in its own name what docs/privileged-paths.md lacks: {beyond:?}");
    }
}
