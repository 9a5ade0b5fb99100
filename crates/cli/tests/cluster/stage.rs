use std::{path::PathBuf, process::Stdio, time::Duration};

use anyhow::{Context, bail, ensure};
use fanlight_testbed::{ControlPlane, Options, StandIn, stand_in, tool};
use serde_json::{Value, json};
use tokio::{
    io::AsyncWriteExt,
    process::{Child, Command},
    sync::{Semaphore, SemaphorePermit},
    time::{Instant, sleep},
};

/// The program under test.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_fanlight");
/// Where a chart could be.
pub(crate) const CHART: &str = "oci://registry.example.com/charts/fanlight";
/// So many control planes at a time.
static ROOM: Semaphore = Semaphore::const_new(2);

/// A cluster of one's own, with the namespace `flux-system` in it.
pub(crate) struct Stage {
    pub(crate) plane: ControlPlane,
    _room: SemaphorePermit<'static>,
}

/// How a run of the program ended.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Stage {
    /// Without Flux's controllers.
    pub(crate) async fn bare() -> anyhow::Result<Self> {
        let room = ROOM.acquire().await?;
        let plane = ControlPlane::with(Options { nodes: true, ..Options::default() }).await?;
        plane.create_namespace("flux-system").await?;
        Ok(Self { plane, _room: room })
    }

    /// With Deployments in the place of Flux's controllers, whose pods are ready.
    pub(crate) async fn with_flux() -> anyhow::Result<Self> {
        let stage = Self::bare().await?;
        for name in ["source-controller", "kustomize-controller", "helm-controller", "notification-controller"] {
            stage
                .plane
                .apply(&deployment(
                    name,
                    &json!({"app.kubernetes.io/part-of": "flux"}),
                    &json!({
                "containers": [{"name": "manager", "image": format!("ghcr.io/fluxcd/{name}:v1.9.1")}]}),
                ))
                .await?;
        }
        for name in ["source-controller", "kustomize-controller", "helm-controller", "notification-controller"] {
            stage.ready(name).await?;
        }
        Ok(stage)
    }

    /// Waits until a Deployment in `flux-system` has a ready pod.
    pub(crate) async fn ready(&self, name: &str) -> anyhow::Result<()> {
        self.until("deployment", name, |object| object["status"]["readyReplicas"] == 1).await.map(drop)
    }

    /// Waits until an object in `flux-system` is as it should be.
    pub(crate) async fn until(&self, kind: &str, name: &str, is_so: impl Fn(&Value) -> bool) -> anyhow::Result<Value> {
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            let object = self.object(kind, name).await?;
            if let Some(object) = object.filter(&is_so) {
                return Ok(object);
            }
            if Instant::now() > deadline {
                bail!("{kind} {name} did not come to be as it should");
            }
            sleep(Duration::from_millis(100)).await;
        }
    }

    /// An object in `flux-system`, if it is there.
    pub(crate) async fn object(&self, kind: &str, name: &str) -> anyhow::Result<Option<Value>> {
        let get = ["get", kind, name, "--namespace", "flux-system", "--output", "json", "--ignore-not-found"];
        let run = self.kubectl(&get, "").await?;
        ensure!(run.code == 0, "{run:?}");
        if run.out.is_empty() { Ok(None) } else { Ok(Some(serde_json::from_str(&run.out)?)) }
    }

    pub(crate) async fn play_flux(&self) -> anyhow::Result<StandIn> {
        StandIn::start(self.plane.admin(), stand_in::Options::quick()).await
    }

    /// Starts the program with the administrator's access.
    pub(crate) fn start(&self, arguments: &[&str]) -> anyhow::Result<Child> {
        Ok(self.command(&self.plane.admin_kubeconfig(), arguments).spawn()?)
    }

    fn command(&self, kubeconfig: &PathBuf, arguments: &[&str]) -> Command {
        let mut command = Command::new(PROGRAM);
        command.args(arguments).env("KUBECONFIG", kubeconfig).env("HOME", self.plane.folder()).kill_on_drop(true);
        for variable in ["FANLIGHT_CHART", "WEAVE_GITOPS_USERNAME", "WEAVE_GITOPS_PASSWORD"] {
            command.env_remove(variable);
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs the program with the administrator's access.
    pub(crate) async fn run(&self, arguments: &[&str]) -> anyhow::Result<Run> {
        self.run_by(&self.plane.admin_kubeconfig(), arguments, "").await
    }

    /// Runs the program by a kubeconfig, with this on standard input.
    pub(crate) async fn run_by(&self, kubeconfig: &PathBuf, arguments: &[&str], input: &str) -> anyhow::Result<Run> {
        Run::of(self.command(kubeconfig, arguments).spawn()?, input).await
    }

    /// `fanlight create dashboard`.
    pub(crate) async fn create(&self, name: &str, more: &[&str]) -> anyhow::Result<Run> {
        self.run(&[&["create", "dashboard", name, "--chart", CHART], more].concat()).await
    }

    /// `kubectl` as the administrator.
    pub(crate) async fn kubectl(&self, arguments: &[&str], input: &str) -> anyhow::Result<Run> {
        let mut kubectl = Command::new(tool("kubectl")?);
        kubectl.arg("--kubeconfig").arg(self.plane.admin_kubeconfig()).args(arguments).env("HOME", self.plane.folder());
        kubectl.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Run::of(kubectl.spawn()?, input).await
    }
}

impl Run {
    pub(crate) async fn of(mut child: Child, input: &str) -> anyhow::Result<Self> {
        // One that refuses its arguments does not read: a closed pipe is fine.
        let _ = child.stdin.take().context("a pipe")?.write_all(input.as_bytes()).await;
        let output = child.wait_with_output().await?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Ok(Self { code: output.status.code().unwrap_or(-1), out: text(&output.stdout), err: text(&output.stderr) })
    }

    pub(crate) fn ended(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{}{}", self.out, self.err);
        self
    }

    pub(crate) fn says(self, words: &str) -> Self {
        assert!(self.err.contains(words) || self.out.contains(words), "“{words}” in {}{}", self.out, self.err);
        self
    }
}

/// A Deployment in `flux-system` with one pod, with these labels and this pod.
pub(crate) fn deployment(name: &str, labels: &Value, pod: &Value) -> Value {
    let app = json!({"app": name});
    json!({"apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": name, "namespace": "flux-system", "labels": labels},
        "spec": {"replicas": 1, "selector": {"matchLabels": app}, "template": {"metadata": {"labels": app}, "spec": pod}}})
}

/// A HelmRelease in `flux-system` of a chart in a HelmRepository, as the predecessor's program made it.
pub(crate) fn old_release(name: &str, chart: &str) -> Value {
    json!({"apiVersion": "helm.toolkit.fluxcd.io/v2", "kind": "HelmRelease",
        "metadata": {"name": name, "namespace": "flux-system"},
        "spec": {"interval": "1h", "chart": {"spec": {"chart": chart,
            "sourceRef": {"kind": "HelmRepository", "name": name}}}}})
}
