//! What containers write on machines that are played by kwok.
//!
//! kwok serves logs as a kubelet does, with the code of a kubelet, from files in the form of container runtimes; where the
//! file of a container is, an object `Logs` says that is named like the pod.

mod beginning;
mod chatter;
mod controllers;

use std::{
    collections::HashSet,
    fs::{self, File},
    io::Write,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, bail};
use jiff::Timestamp;
use k8s_openapi::api::core::v1::Pod;
use kube::{
    Api, Client, ResourceExt,
    api::{DynamicObject, ListParams, Patch, PatchParams},
    core::GroupVersionKind,
    discovery::ApiResource,
};
use serde_json::json;
use tokio::time::{Instant, sleep};

/// What the containers of a control plane's pods write. Cheap to clone.
#[derive(Clone)]
pub struct PodLogs {
    admin: Client,
    folder: PathBuf,
}

impl PodLogs {
    const PATIENCE: Duration = Duration::from_secs(180);

    pub(crate) fn new(admin: Client, folder: PathBuf) -> Self {
        Self { admin, folder }
    }

    /// Has a container write a line at this moment. The container is named `namespace/pod/container`.
    pub fn write(&self, container: &str, line: impl AsRef<[u8]>) -> anyhow::Result<()> {
        self.write_at(container, Timestamp::now(), line)
    }

    /// The same, as if at another moment.
    pub fn write_at(&self, container: &str, time: Timestamp, line: impl AsRef<[u8]>) -> anyhow::Result<()> {
        self.write_all(container, [(time, line)])
    }

    /// Has a container write many lines at once.
    pub fn write_all(
        &self,
        container: &str,
        lines: impl IntoIterator<Item = (Timestamp, impl AsRef<[u8]>)>,
    ) -> anyhow::Result<()> {
        append(&self.file(container, "log"), lines)
    }

    /// What a container wrote before it was last started.
    pub fn write_before(
        &self,
        container: &str,
        lines: impl IntoIterator<Item = (Timestamp, impl AsRef<[u8]>)>,
    ) -> anyhow::Result<()> {
        append(&self.file(container, "previous"), lines)
    }

    /// The pods with this label once there are so many of them whose logs are served, in the order of their names.
    pub async fn served(&self, namespace: &str, label: &str, count: usize) -> anyhow::Result<Vec<String>> {
        let pods: Api<Pod> = Api::namespaced(self.admin.clone(), namespace);
        let deadline = Instant::now() + Self::PATIENCE;
        loop {
            let mut names = Vec::new();
            for pod in pods.list(&ListParams::default().labels(label)).await? {
                let name = pod.name_any();
                // Of a pod without a node the API server says that it has written nothing.
                let runs = pod.status.as_ref().is_some_and(|status| status.pod_ip.is_some());
                let Some(spec) = pod.spec.as_ref().filter(|_| runs) else { continue };
                let container = &spec.containers[0].name;
                let question =
                    format!("/api/v1/namespaces/{namespace}/pods/{name}/log?container={container}&tailLines=1");
                if self.admin.request_text(http::Request::get(question).body(Vec::new())?).await.is_ok() {
                    names.push(name);
                }
            }
            if names.len() >= count {
                names.sort();
                return Ok(names);
            }
            if Instant::now() > deadline {
                bail!("only {} of {count} pods with {label} in {namespace} have logs", names.len());
            }
            sleep(Duration::from_millis(100)).await;
        }
    }

    /// Lets kwok know where the logs of a pod are. They are there from now on, and empty.
    async fn serve(&self, pod: &Pod) -> anyhow::Result<()> {
        let (namespace, name) = (pod.namespace().unwrap_or_default(), pod.name_any());
        let spec = pod.spec.as_ref().context("a pod without a spec")?;
        let containers = spec.init_containers.iter().flatten().chain(&spec.containers);
        let mut logs = Vec::new();
        for container in containers {
            let id = format!("{namespace}/{name}/{}", container.name);
            let file = self.file(&id, "log");
            append::<&str>(&file, [])?;
            logs.push(json!({"containers": [container.name], "logsFile": file,
                "previousLogsFile": self.file(&id, "previous")}));
        }
        let resource =
            ApiResource::from_gvk_with_plural(&GroupVersionKind::gvk("kwok.x-k8s.io", "v1alpha1", "Logs"), "logs");
        let api: Api<DynamicObject> = Api::namespaced_with(self.admin.clone(), &namespace, &resource);
        let object = json!({"apiVersion": "kwok.x-k8s.io/v1alpha1", "kind": "Logs", "spec": {"logs": logs},
            "metadata": {"name": name, "namespace": namespace, "ownerReferences":
                [{"apiVersion": "v1", "kind": "Pod", "name": name, "uid": pod.uid()}]}});
        api.patch(&name, &PatchParams::apply("testbed").force(), &Patch::Apply(&object)).await?;
        Ok(())
    }

    fn file(&self, container: &str, end: &str) -> PathBuf {
        self.folder.join(format!("{container}.{end}"))
    }
}

/// Writes lines as container runtimes do.
fn append<T: AsRef<[u8]>>(path: &Path, lines: impl IntoIterator<Item = (Timestamp, T)>) -> anyhow::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut text = Vec::new();
    for (time, line) in lines {
        write!(text, "{time:.9} stdout F ")?;
        text.extend_from_slice(line.as_ref());
        text.push(b'\n');
    }
    let mut file = File::options().create(true).append(true).open(path).context("a log cannot be written")?;
    file.write_all(&text).context("a log cannot be written")
}

/// Serves the log of every pod that comes, with what programs write when they begin; for ever.
pub(crate) async fn write_beginnings(logs: PodLogs) {
    /// Short enough for people, and for the API server not much.
    const PACE: Duration = Duration::from_millis(400);
    let pods: Api<Pod> = Api::all(logs.admin.clone());
    let mut known = HashSet::new();
    loop {
        // From the API server's memory; what it does not answer is asked again.
        let list = pods.list(&ListParams::default().match_any()).await;
        for pod in list.into_iter().flatten() {
            let is_there = pod.status.as_ref().is_some_and(|status| status.pod_ip.is_some());
            let Some(uid) = pod.uid().filter(|uid| is_there && !known.contains(uid)) else { continue };
            match logs.begin(&pod).await {
                Ok(()) => drop(known.insert(uid)),
                Err(error) => tracing::debug!(%error, pod = pod.name_any(), "a log cannot be begun"),
            }
        }
        sleep(PACE).await;
    }
}
