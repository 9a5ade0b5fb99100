use std::path::Path;

use anyhow::Context;
use serde_json::Value;
use tokio::task::AbortHandle;

use crate::{
    PodLogs,
    certificates::Pair,
    control_plane::{free_ports, tool},
    minder::Minder,
    pod_logs, yaml,
};

/// What makes pods run: kube-scheduler, and kwok in the place of kubelets, which also serves what containers write.
pub(crate) struct Nodes {
    _scheduler: Minder,
    _kubelets: Minder,
    writing: AbortHandle,
}

impl Nodes {
    /// Starts both; `kubeconfig` is the administrator's, and the kubelets have the certificate `server`.
    pub(crate) fn start(folder: &Path, kubeconfig: &Path, server: &Pair, logs: PodLogs) -> anyhow::Result<Self> {
        let stages = folder.join("kwok.yaml");
        std::fs::write(&stages, include_str!("../kwok/stages.yaml")).context("cannot write kwok's stages")?;
        let [port] = free_ports()?;
        let access = format!("--kubeconfig={}", kubeconfig.display());
        let scheduling = [access.clone(), "--leader-elect=false".to_owned(), "--secure-port=0".to_owned()];
        let playing = [
            access,
            format!("--config={}", stages.display()),
            "--enable-crds=Logs".to_owned(),
            "--manage-all-nodes=true".to_owned(),
            "--node-ip=127.0.0.1".to_owned(),
            format!("--node-port={port}"),
            format!("--server-address=127.0.0.1:{port}"),
            format!("--tls-cert-file={}", server.certificate.display()),
            format!("--tls-private-key-file={}", server.key.display()),
            "--cidr=10.244.0.0/16".to_owned(),
            "--node-lease-duration-seconds=40".to_owned(),
        ];
        Ok(Self {
            _scheduler: Minder::start(&tool("kube-scheduler")?, scheduling, &folder.join("kube-scheduler.log"))?,
            _kubelets: Minder::start(&tool("kwok")?, playing, &folder.join("kwok.log"))?,
            writing: tokio::spawn(pod_logs::write_beginnings(logs)).abort_handle(),
        })
    }

    /// What kwok has to find before it starts.
    pub(crate) fn definitions() -> anyhow::Result<Vec<Value>> {
        yaml::documents(include_str!("../definitions/kwok-logs.yaml"))
    }

    /// The machines to register.
    pub(crate) fn machines() -> anyhow::Result<Vec<Value>> {
        yaml::documents(include_str!("../kwok/nodes.yaml"))
    }
}

impl Drop for Nodes {
    fn drop(&mut self) {
        self.writing.abort();
    }
}
