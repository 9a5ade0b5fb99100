use std::path::Path;

use anyhow::Context;
use serde_json::Value;

use crate::{minder::Minder, yaml};

/// What makes pods run: kube-scheduler, and kwok in the place of kubelets.
pub(crate) struct Nodes {
    _scheduler: Minder,
    _kubelets: Minder,
}

impl Nodes {
    /// Starts both; `kubeconfig` is the administrator's.
    pub(crate) fn start(scheduler: &Path, kwok: &Path, folder: &Path, kubeconfig: &Path) -> anyhow::Result<Self> {
        let stages = folder.join("kwok.yaml");
        std::fs::write(&stages, include_str!("../kwok/stages.yaml")).context("cannot write kwok's stages")?;
        let access = format!("--kubeconfig={}", kubeconfig.display());
        let scheduling = [access.clone(), "--leader-elect=false".to_owned(), "--secure-port=0".to_owned()];
        let playing = [
            access,
            format!("--config={}", stages.display()),
            "--manage-all-nodes=true".to_owned(),
            "--node-ip=10.20.0.11".to_owned(),
            "--cidr=10.244.0.0/16".to_owned(),
            "--node-lease-duration-seconds=40".to_owned(),
        ];
        Ok(Self {
            _scheduler: Minder::start(scheduler, scheduling, &folder.join("kube-scheduler.log"))?,
            _kubelets: Minder::start(kwok, playing, &folder.join("kwok.log"))?,
        })
    }

    /// The machines to register.
    pub(crate) fn machines() -> anyhow::Result<Vec<Value>> {
        yaml::documents(include_str!("../kwok/nodes.yaml"))
    }
}
