mod arguments;

use std::{
    collections::{BTreeSet, HashMap},
    net::TcpListener,
    path::{Path, PathBuf},
    process::Command,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use anyhow::{Context, bail};
use k8s_openapi::api::authentication::v1::{TokenRequest, TokenRequestSpec};
use k8s_openapi::api::core::v1::ServiceAccount;
use kube::{
    Api, Client, Config, ResourceExt,
    api::{DynamicObject, Patch, PatchParams, PostParams},
    config::{KubeConfigOptions, Kubeconfig},
    core::GroupVersionKind,
    discovery::{ApiResource, Scope, pinned_kind},
};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::{
    AuditLog, PodLogs, TrustedIssuer, authorizer, certificates::Certificates, minder::Minder, nodes::Nodes,
    program::Program, secrets, yaml,
};

/// A control plane of one's own: etcd, kube-apiserver and kube-controller-manager on loopback, with RBAC, an audit log
/// and Flux's custom resource definitions.
///
/// Everything ends and its files vanish when it is dropped, and also when the process that holds it is killed.
pub struct ControlPlane {
    api_server: Program,
    controllers: Program,
    folder: PathBuf,
    port: u16,
    admin: Client,
    old_flux: bool,
    kinds: Mutex<HashMap<GroupVersionKind, (ApiResource, Scope)>>,
    nodes: Option<Nodes>,
    etcd: Minder,
    _folder: Minder,
}

/// What can be chosen about a control plane.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The part of requests that the API server answers by asking the client to open a new connection.
    pub goaway_chance: f64,
    /// Whether there are machines, played by kwok, on which pods run.
    pub nodes: bool,
    /// Whether the API server refuses to stream lists, as old ones do.
    pub refuses_streaming_lists: bool,
    /// The OIDC provider whose ID tokens the API server takes.
    pub oidc: Option<TrustedIssuer>,
    /// Whether Flux's definitions are those of the oldest version that is supported.
    pub old_flux: bool,
    /// The address of an [`Authorizer`](crate::Authorizer) that the API server asks where its own rules allow nothing.
    pub authorizer: Option<String>,
}

impl ControlPlane {
    const READY: Duration = Duration::from_secs(180);

    /// Starts one; returns when it is ready and Flux's kinds are served.
    pub async fn start() -> anyhow::Result<Self> {
        Self::with(Options::default()).await
    }

    /// Starts one with options.
    pub async fn with(options: Options) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new().prefix("fanlight-testbed-").tempdir()?.keep();
        let cleaner = Minder::of_folder(&folder)?;
        let certificates = Certificates::write(&folder)?;
        let [etcd_port, peer_port, port] = free_ports()?;
        let etcd =
            Minder::start(&tool("etcd")?, arguments::etcd(&folder, etcd_port, peer_port), &folder.join("etcd.log"))?;
        std::fs::write(folder.join("audit-policy.yaml"), arguments::AUDIT_POLICY)?;
        if let Some(url) = &options.authorizer {
            authorizer::write_kubeconfig(&folder, url)?;
        }
        let api_server = Program::new(
            tool("kube-apiserver")?,
            arguments::api_server(&folder, &certificates, etcd_port, port, &options),
            folder.join("kube-apiserver.log"),
        );
        write_admin_kubeconfig(&folder, &certificates, port)?;
        api_server.start()?;
        let admin = client(&folder.join("admin.kubeconfig")).await?;
        wait_ready(&admin, &folder).await?;
        let controllers = Program::new(
            tool("kube-controller-manager")?,
            arguments::controller_manager(&folder, &certificates),
            folder.join("kube-controller-manager.log"),
        );
        controllers.start()?;
        let kubeconfig = folder.join("admin.kubeconfig");
        let mut plane = Self {
            api_server,
            controllers,
            folder,
            port,
            admin,
            old_flux: options.old_flux,
            kinds: Mutex::default(),
            nodes: None,
            etcd,
            _folder: cleaner,
        };
        plane.install_kinds().await?;
        if options.nodes {
            for definition in Nodes::definitions()? {
                plane.apply(&definition).await?;
            }
            plane.established().await?;
            let nodes = Nodes::start(&plane.folder, &kubeconfig, &certificates.server, plane.pod_logs())?;
            plane.nodes = Some(nodes);
            for machine in Nodes::machines()? {
                plane.apply(&machine).await?;
            }
        }
        Ok(plane)
    }

    /// The administrator's client.
    pub fn admin(&self) -> Client {
        self.admin.clone()
    }

    /// The administrator's kubeconfig, for `kubectl`.
    pub fn admin_kubeconfig(&self) -> PathBuf {
        self.folder.join("admin.kubeconfig")
    }

    /// The address of the API server.
    pub fn url(&self) -> String {
        format!("https://127.0.0.1:{}", self.port)
    }

    /// The folder that holds everything; gone with the control plane.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// What the containers of its pods write, if there are machines.
    pub fn pod_logs(&self) -> PodLogs {
        PodLogs::new(self.admin(), self.folder.join("pod-logs"))
    }

    /// The record of every request.
    pub fn audit(&self) -> AuditLog {
        AuditLog::new(self.folder.join("audit.log"))
    }

    /// The process of the API server.
    pub fn api_server_process(&self) -> anyhow::Result<u32> {
        self.api_server.process().context("kube-apiserver does not run")
    }

    /// Ends the API server as a crash would.
    pub fn stop_api_server(&self) {
        self.api_server.stop();
    }

    /// Starts the API server again, on the same port with the same data, and waits until it is ready.
    pub async fn start_api_server(&self) -> anyhow::Result<()> {
        self.api_server.start()?;
        wait_ready(&self.admin, &self.folder).await
    }

    /// Lets etcd do nothing until it is woken again, as when its machine or its disk hangs.
    pub fn put_etcd_to_sleep(&self) -> anyhow::Result<()> {
        self.signal_etcd("-STOP")
    }

    /// Lets etcd go on.
    pub fn wake_etcd(&self) -> anyhow::Result<()> {
        self.signal_etcd("-CONT")
    }

    fn signal_etcd(&self, signal: &str) -> anyhow::Result<()> {
        let process = self.etcd.minded(&tool("etcd")?).context("etcd does not run")?;
        let sent = Command::new("/bin/kill").args([signal, &process.to_string()]).status()?;
        if sent.success() { Ok(()) } else { bail!("etcd cannot be signalled") }
    }

    /// Ends kube-controller-manager as a crash would.
    pub fn stop_controllers(&self) {
        self.controllers.stop();
    }

    /// Starts kube-controller-manager again; it does not wait for the lease of the one that ended.
    pub async fn start_controllers(&self) -> anyhow::Result<()> {
        let lease = json!({"apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
            "metadata": {"name": "kube-controller-manager", "namespace": "kube-system"}});
        self.delete(&lease).await?;
        self.controllers.start()
    }

    /// Creates or changes any object (server-side apply); a `status` in it is written too.
    pub async fn apply(&self, object: &Value) -> anyhow::Result<DynamicObject> {
        self.apply_as("testbed", object).await
    }

    /// The same as this manager of fields, as for example kustomize-controller does.
    pub async fn apply_as(&self, manager: &str, object: &Value) -> anyhow::Result<DynamicObject> {
        let api = self.api(object).await?;
        let name = text(object, "/metadata/name")?;
        let params = PatchParams::apply(manager).force();
        let applied =
            api.patch(name, &params, &Patch::Apply(object)).await.with_context(|| format!("applying {name}"))?;
        self.until_bound(object).await?;
        if object.get("status").is_none() {
            return Ok(applied);
        }
        let status = json!({"apiVersion": object["apiVersion"], "kind": object["kind"], "status": object["status"],
            "metadata": {"name": name}});
        api.patch_status(name, &params, &Patch::Apply(&status)).await.with_context(|| format!("status of {name}"))
    }

    /// Deletes the object that has this kind and name.
    pub async fn delete(&self, object: &Value) -> anyhow::Result<()> {
        let name = text(object, "/metadata/name")?;
        self.api(object).await?.delete(name, &Default::default()).await.with_context(|| format!("deleting {name}"))?;
        Ok(())
    }

    /// Returns when that object is there no more: what has finalizers goes some time after it was deleted.
    pub async fn gone(&self, object: &Value) -> anyhow::Result<()> {
        let (api, name) = (self.api(object).await?, text(object, "/metadata/name")?);
        let deadline = Instant::now() + Self::READY;
        while api.get_opt(name).await?.is_some() {
            if Instant::now() > deadline {
                bail!("{name} does not go");
            }
            sleep(Duration::from_millis(50)).await;
        }
        Ok(())
    }

    /// A token of a service account, for a day.
    pub async fn token_of(&self, namespace: &str, account: &str) -> anyhow::Result<String> {
        let api: Api<ServiceAccount> = Api::namespaced(self.admin(), namespace);
        let request = TokenRequest {
            spec: TokenRequestSpec { expiration_seconds: Some(24 * 3600), ..TokenRequestSpec::default() },
            ..TokenRequest::default()
        };
        let token = api.create_token_request(account, &PostParams::default(), &request).await?;
        let token = token.status.context("a token request without an answer")?.token;
        secrets::plant(&token);
        Ok(token)
    }

    /// A kubeconfig that signs in as a service account, with its namespace as the context's.
    pub async fn kubeconfig_for(&self, namespace: &str, account: &str) -> anyhow::Result<PathBuf> {
        let token = self.token_of(namespace, account).await?;
        let path = self.folder.join(format!("{namespace}-{account}.kubeconfig"));
        write_kubeconfig(&path, &self.folder.join("ca.crt"), self.port, namespace, &json!({"token": token}))?;
        Ok(path)
    }

    pub(crate) async fn api(&self, object: &Value) -> anyhow::Result<Api<DynamicObject>> {
        let (group, version) = match text(object, "/apiVersion")?.split_once('/') {
            Some((group, version)) => (group, version),
            None => ("", text(object, "/apiVersion")?),
        };
        let gvk = GroupVersionKind::gvk(group, version, text(object, "/kind")?);
        let known = self.kinds.lock().ok().and_then(|kinds| kinds.get(&gvk).cloned());
        let (resource, scope) = match known {
            Some(known) => known,
            None => {
                let (resource, capabilities) = pinned_kind(&self.admin, &gvk).await?;
                let found = (resource, capabilities.scope);
                if let Ok(mut kinds) = self.kinds.lock() {
                    kinds.insert(gvk, found.clone());
                }
                found
            }
        };
        Ok(match scope {
            Scope::Cluster => Api::all_with(self.admin(), &resource),
            Scope::Namespaced => Api::namespaced_with(self.admin(), text(object, "/metadata/namespace")?, &resource),
        })
    }

    /// Installs the custom resource definitions of the kinds that Fanlight knows; those that are there stay.
    pub async fn install_kinds(&self) -> anyhow::Result<()> {
        let mut texts: Vec<String> = OWN_DEFINITIONS.map(ToOwned::to_owned).into();
        for entry in std::fs::read_dir(tool(if self.old_flux { "old-crds" } else { "crds" })?)? {
            texts.push(std::fs::read_to_string(entry?.path())?);
        }
        for text in texts {
            for definition in yaml::documents(&text)? {
                self.apply(&definition).await?;
            }
        }
        self.established().await
    }

    /// Returns when every definition that is there is served.
    pub async fn established(&self) -> anyhow::Result<()> {
        let resource =
            ApiResource::from_gvk(&GroupVersionKind::gvk("apiextensions.k8s.io", "v1", "CustomResourceDefinition"));
        let definitions: Api<DynamicObject> = Api::all_with(self.admin(), &resource);
        let deadline = Instant::now() + Self::READY;
        loop {
            let all = definitions.list(&Default::default()).await?;
            let waiting: Vec<_> = all.iter().filter(|one| !is_established(one)).map(ResourceExt::name_any).collect();
            if waiting.is_empty() {
                return Ok(());
            }
            if Instant::now() > deadline {
                bail!("definitions not established: {}", waiting.join(", "));
            }
            sleep(Duration::from_millis(50)).await;
        }
    }
}

/// The kinds for which there is no published Go module to generate from.
const OWN_DEFINITIONS: [&str; 2] =
    [include_str!("../definitions/terraform.yaml"), include_str!("../definitions/flux-operator.yaml")];

fn write_admin_kubeconfig(folder: &Path, certificates: &Certificates, port: u16) -> anyhow::Result<()> {
    let user = json!({"client-certificate": certificates.admin.certificate, "client-key": certificates.admin.key});
    write_kubeconfig(&folder.join("admin.kubeconfig"), &certificates.ca, port, "default", &user)
}

fn write_kubeconfig(path: &Path, ca: &Path, port: u16, namespace: &str, user: &Value) -> anyhow::Result<()> {
    let config = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "testbed",
        "clusters": [{"name": "testbed", "cluster":
            {"server": format!("https://127.0.0.1:{port}"), "certificate-authority": ca}}],
        "users": [{"name": "testbed", "user": user}],
        "contexts": [{"name": "testbed", "context": {"cluster": "testbed", "user": "testbed", "namespace": namespace}}],
    });
    std::fs::write(path, config.to_string()).with_context(|| format!("cannot write {}", path.display()))
}

async fn client(kubeconfig: &Path) -> anyhow::Result<Client> {
    let config = Kubeconfig::read_from(kubeconfig)?;
    let config = Config::from_custom_kubeconfig(config, &KubeConfigOptions::default()).await?;
    Ok(Client::try_from(config)?)
}

async fn wait_ready(admin: &Client, folder: &Path) -> anyhow::Result<()> {
    let deadline = Instant::now() + ControlPlane::READY;
    loop {
        let ready = admin.request_text(http::Request::get("/readyz").body(Vec::new())?).await.is_ok();
        if ready {
            return Ok(());
        }
        if Instant::now() > deadline {
            let log = std::fs::read_to_string(folder.join("kube-apiserver.log")).unwrap_or_default();
            let tail: Vec<_> = log.lines().rev().take(15).collect();
            bail!("the API server did not become ready:\n{}", tail.into_iter().rev().collect::<Vec<_>>().join("\n"));
        }
        sleep(Duration::from_millis(50)).await;
    }
}

/// Where a program or folder is that the tests need, as the environment says it.
pub fn tool(name: &str) -> anyhow::Result<PathBuf> {
    let variable = format!("FANLIGHT_TOOL_{}", name.to_uppercase().replace('-', "_"));
    let path = std::env::var_os(&variable);
    path.map(PathBuf::from).with_context(|| format!("{variable} is not set: run the tests by `cargo xtask test`"))
}

/// Ports that are free at this moment, none of them given before. They are not of those that the system gives to whoever
/// connects: one of these could be taken until the program listens that is started for it.
pub(crate) fn free_ports<const N: usize>() -> anyhow::Result<[u16; N]> {
    const FIRST: u16 = 10_000;
    const MANY: u16 = 20_000;
    static GIVEN: Mutex<BTreeSet<u16>> = Mutex::new(BTreeSet::new());
    let mut given = GIVEN.lock().unwrap_or_else(PoisonError::into_inner);
    let tries = (0..MANY).map(|_| FIRST + rand::random::<u16>() % MANY);
    let mut free = tries.filter(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok() && given.insert(*port));
    let mut ports = [0; N];
    for port in &mut ports {
        *port = free.next().context("no port is free")?;
    }
    Ok(ports)
}

fn text<'a>(object: &'a Value, pointer: &str) -> anyhow::Result<&'a str> {
    object.pointer(pointer).and_then(Value::as_str).with_context(|| format!("an object without {pointer}"))
}

fn is_established(definition: &DynamicObject) -> bool {
    let conditions = definition.data.pointer("/status/conditions").and_then(Value::as_array);
    conditions.is_some_and(|all| all.iter().any(|one| one["type"] == "Established" && one["status"] == "True"))
}
