//! A fleet whose way to the API server goes wrong at one request after the other.

use std::{
    collections::BTreeSet,
    io::Read,
    process::{Child, Stdio},
    sync::{Arc, Mutex, PoisonError},
    thread,
};

use fanlight_testbed::{Fault, FaultProxy, When};
use serde_json::json;

use crate::{
    pool::Lent,
    stage::{CLUSTER, Run, Stage},
};

/// What holds the program that runs now, so that a fault can kill it.
type Victim = Arc<Mutex<Option<Child>>>;

pub(crate) struct Walk {
    pub(crate) stage: Stage,
    pub(crate) proxy: FaultProxy,
    victim: Victim,
    kubeconfig: std::path::PathBuf,
}

impl Walk {
    pub(crate) async fn new() -> anyhow::Result<Self> {
        let plane = Lent::take().await?;
        let proxy = FaultProxy::start(&plane).await?;
        let operator = json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "operator", "namespace": "default"}});
        plane.apply(&operator).await?;
        plane
            .apply(&json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding",
                "metadata": {"name": "operator"},
                "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"},
                "subjects": [{"kind": "ServiceAccount", "name": "operator", "namespace": "default"}]}))
            .await?;
        let kubeconfig = plane.kubeconfig_for("default", "operator").await?;
        let text = std::fs::read_to_string(&kubeconfig)?.replace(&plane.url(), &proxy.url());
        std::fs::write(&kubeconfig, text)?;
        let stage = Stage::at(plane, &proxy.url())?;
        Ok(Self { stage, proxy, victim: Victim::default(), kubeconfig })
    }

    /// One that is adopted, its file pushed.
    pub(crate) async fn adopted() -> anyhow::Result<Self> {
        let walk = Self::new().await?;
        walk.run(&["adopt", CLUSTER, "--push"]).succeeded();
        Ok(walk)
    }

    /// Runs the program by way of the proxy, within the reach of faults that kill it.
    pub(crate) fn run(&self, arguments: &[&str]) -> Run {
        let mut command = self.stage.command(arguments);
        command.env("KUBECONFIG", &self.kubeconfig);
        let mut child =
            command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
        let (out, err) = (child.stdout.take(), child.stderr.take());
        *self.victim.lock().unwrap_or_else(PoisonError::into_inner) = Some(child);
        let out = thread::spawn(move || text(out));
        let err = text(err);
        let out = out.join().expect("output");
        let child = self.victim.lock().unwrap_or_else(PoisonError::into_inner).take();
        let status = child.expect("it was started").wait().expect("it ends");
        Run { code: status.code().unwrap_or(-1), out, err }
    }

    pub(crate) fn kill(&self) -> Arc<dyn Fn() + Send + Sync> {
        let victim = Arc::clone(&self.victim);
        Arc::new(move || {
            if let Some(child) = victim.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
                child.kill().expect("it is killed");
            }
        })
    }

    /// Runs it with a fault, and looks whether all that must hold then holds; whether the fault was met at all.
    pub(crate) fn with_fault(&self, arguments: &[&str], when: When, fault: Fault) -> anyhow::Result<Option<Run>> {
        self.proxy.plan(when, fault);
        let run = self.run(arguments);
        let struck = self.proxy.struck();
        self.proxy.calm();
        self.must_be_clean()?;
        Ok(struck.then_some(run))
    }

    /// No token in clear in any file of fleet, home and runtime folder.
    pub(crate) fn must_be_clean(&self) -> anyhow::Result<()> {
        let fleet = &self.stage.fleet;
        for folder in [fleet.root(), fleet.home(), fleet.runtime()?] {
            let found = Stage::holding(&folder, "eyJhbGciOi");
            anyhow::ensure!(found.is_empty(), "a token in clear: {found:?}");
        }
        Ok(())
    }

    /// One sealed token is valid, and no other; nobody holds the lock.
    pub(crate) fn must_be_alone(&self) -> anyhow::Result<()> {
        let secrets = self.stage.secrets()?;
        anyhow::ensure!(secrets.len() == 1, "one is left: {secrets:?}");
        anyhow::ensure!(self.stage.fleet.git(&["status", "--porcelain"])?.is_empty(), "all is committed");
        Ok(())
    }

    /// The requests of this run that change something, by their numbers.
    pub(crate) fn changing(&self) -> BTreeSet<usize> {
        let requests = self.proxy.requests();
        let changes = |request: &String| {
            !request.starts_with("GET ") && !request.contains("reviews") && !request.contains("dryRun")
        };
        requests.iter().enumerate().filter(|(_, request)| changes(request)).map(|(number, _)| number).collect()
    }
}

fn text(pipe: Option<impl Read>) -> String {
    let mut bytes = Vec::new();
    let _ = pipe.map(|mut pipe| pipe.read_to_end(&mut bytes));
    String::from_utf8_lossy(&bytes).into_owned()
}
