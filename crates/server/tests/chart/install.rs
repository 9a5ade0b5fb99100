//! Installing the chart, and running the program as its Deployment says.

use std::{path::PathBuf, sync::LazyLock};

use anyhow::{Context, ensure};
use base64::{Engine, engine::general_purpose::STANDARD};
use fanlight_testbed::{ControlPlane, FanlightServer, Options, estate};
use k8s_openapi::api::{apps::v1::Deployment, core::v1::Secret};
use kube::Api;
use tokio::{runtime::Runtime, sync::Mutex};

use crate::helm::{Helm, IMAGE, chart};

/// The program under test.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_fanlight-server");

/// A control plane with machines, and the runtime that its clients belong to. Some objects of the chart have one name in the whole
/// cluster, so one test at a time has it.
struct Shared {
    runtime: Runtime,
    plane: Mutex<ControlPlane>,
}

/// Never dropped: its programs end with the process.
#[expect(clippy::expect_used, reason = "without it no test can run")]
static SHARED: LazyLock<Shared> = LazyLock::new(|| {
    let runtime = Runtime::new().expect("a runtime");
    let plane = runtime.block_on(async {
        let plane = ControlPlane::with(Options { nodes: true, ..Options::default() }).await?;
        for namespace in ["apps", "data"] {
            plane.create_namespace(namespace).await?;
            plane.apply(&estate::kustomization(namespace, "shop")).await?;
        }
        anyhow::Ok(plane)
    });
    Shared { runtime, plane: Mutex::new(plane.expect("a control plane")) }
});

/// Runs a test on the one control plane.
pub(crate) fn on_plane(test: impl AsyncFnOnce(&ControlPlane) -> anyhow::Result<()>) {
    let done = SHARED.runtime.block_on(async { test(&*SHARED.plane.lock().await).await });
    if let Err(error) = done {
        panic!("{error:#}");
    }
}

/// A release of a chart, in a namespace of its name. To be uninstalled at the end.
pub(crate) struct Release<'a> {
    pub(crate) plane: &'a ControlPlane,
    pub(crate) name: &'a str,
    pub(crate) helm: Helm,
}

impl<'a> Release<'a> {
    /// One that the current Helm looks after.
    pub(crate) fn new(plane: &'a ControlPlane, name: &'a str) -> Self {
        Self { plane, name, helm: Helm::Four }
    }

    /// Installs or upgrades it to our chart; what helm says.
    pub(crate) async fn put(&self, values: &str) -> anyhow::Result<String> {
        self.put_chart(&chart(), &["--set", IMAGE], values).await
    }

    /// The same with any chart.
    pub(crate) async fn put_chart(
        &self,
        chart: &std::path::Path,
        more: &[&str],
        values: &str,
    ) -> anyhow::Result<String> {
        self.plane.create_namespace(self.name).await?;
        let (namespace, chart) = (format!("--namespace={}", self.name), chart.display().to_string());
        let arguments = ["upgrade", "--install", self.name, &chart, &namespace, "--values=-"];
        self.helm.run(Some(self.plane), &[&arguments, more].concat(), values)
    }

    /// Runs `helm` in its namespace.
    pub(crate) fn helm(&self, arguments: &[&str]) -> anyhow::Result<String> {
        let namespace = format!("--namespace={}", self.name);
        self.helm.run(Some(self.plane), &[arguments, &[namespace.as_str()]].concat(), "")
    }

    /// Takes it away.
    pub(crate) fn uninstall(&self) -> anyhow::Result<()> {
        self.helm(&["uninstall", self.name]).map(drop)
    }

    /// Runs the program as the Deployment says: its account, its arguments, its environment, its Secrets as files.
    pub(crate) async fn run(&self, deployment: &str) -> anyhow::Result<FanlightServer> {
        let api: Api<Deployment> = Api::namespaced(self.plane.admin(), self.name);
        let spec = api.get(deployment).await?.spec.and_then(|spec| spec.template.spec).context("a pod")?;
        let account = spec.service_account_name.clone().unwrap_or_default();
        let container = spec.containers.into_iter().next().context("a container")?;
        let mut arguments = container.args.unwrap_or_default();
        for mount in container.volume_mounts.unwrap_or_default() {
            let volume = spec.volumes.iter().flatten().find(|volume| volume.name == mount.name).context("a volume")?;
            let Some(secret) = volume.secret.as_ref().and_then(|secret| secret.secret_name.as_ref()) else { continue };
            let folder = self.files(secret).await?.display().to_string();
            for argument in &mut arguments {
                *argument = argument.replace(&mount.mount_path, &folder);
            }
        }
        let environment = container.env.unwrap_or_default();
        let environment: Vec<_> = environment
            .into_iter()
            .map(|variable| format!("{}={}", variable.name, variable.value.unwrap_or_default()))
            .collect();
        let place = [self.name, &account];
        FanlightServer::start_as(PROGRAM.as_ref(), self.plane, place, &arguments, &environment).await
    }

    /// A Secret as the folder that a kubelet would mount.
    async fn files(&self, secret: &str) -> anyhow::Result<PathBuf> {
        let folder = self.plane.folder().join(format!("{}-{secret}", self.name));
        std::fs::create_dir_all(&folder)?;
        for (key, value) in self.secret(secret).await? {
            std::fs::write(folder.join(key), value)?;
        }
        Ok(folder)
    }

    /// What is in a Secret.
    pub(crate) async fn secret(&self, name: &str) -> anyhow::Result<Vec<(String, Vec<u8>)>> {
        let secret = Api::<Secret>::namespaced(self.plane.admin(), self.name).get(name).await?;
        Ok(secret.data.unwrap_or_default().into_iter().map(|(key, value)| (key, value.0)).collect())
    }
}

/// A hash of the password `secret`.
pub(crate) fn hash() -> anyhow::Result<String> {
    Ok(fanlight_identity::hash_password(b"secret", 4)?)
}

#[test]
fn the_session_key_is_made_once_and_what_the_server_wrote_stays() {
    on_plane(async |plane| {
        for helm in Helm::ALL {
            let release = Release { helm, ..Release::new(plane, "fanlight-keys") };
            release.put("{}").await?;
            let made = release.secret("fanlight-keys-session-key").await?;
            let key = STANDARD.decode(made.iter().find(|(key, _)| key == "key").map_or(&[][..], |(_, value)| value))?;
            ensure!(key.len() == 32, "a key of {} bytes", key.len());
            let marks = serde_json::json!({"apiVersion": "v1", "kind": "ConfigMap", "data": {"marks": "some"},
                "metadata": {"name": "fanlight-sessions", "namespace": "fanlight-keys"}});
            plane.apply(&marks).await?;
            release.put("{replicaCount: 2}").await?;
            ensure!(release.secret("fanlight-keys-session-key").await? == made, "{helm:?}: another key");
            let api: Api<k8s_openapi::api::core::v1::ConfigMap> = Api::namespaced(plane.admin(), "fanlight-keys");
            let kept = api.get("fanlight-sessions").await?.data.unwrap_or_default();
            ensure!(kept.get("marks").is_some_and(|marks| marks == "some"), "{helm:?}: the marks are gone");
            release.uninstall()?;
        }
        Ok(())
    });
}

#[test]
fn the_program_takes_from_the_chart_where_people_are_and_which_proxies_to_believe() {
    on_plane(async |plane| {
        let release = Release::new(plane, "fanlight-outside");
        let values = "{externalUrl: 'https://flux.example.com/tools/flux/', routePrefix: /tools/flux, trustedProxies: [127.0.0.1]}";
        let notes = release.put(values).await?;
        ensure!(notes.contains("Open https://flux.example.com/tools/flux/\n"), "{notes}");
        let server = release.run("fanlight-outside").await?;
        let page = FanlightServer::client()?.get(format!("{}/tools/flux/sign_in", server.url()));
        let page = page.header("x-forwarded-proto", "http").send().await?.text().await?;
        ensure!(page.contains("Open https://flux.example.com/tools/flux/."), "{page}");
        release.uninstall()
    });
}
