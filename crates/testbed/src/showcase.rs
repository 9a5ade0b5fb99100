use std::path::{Path, PathBuf};

use anyhow::Context;
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use crate::{ControlPlane, Estate, FanlightServer, Options, SessionForge, StandIn, rights::FLUX, stand_in};

/// The groups of what extends Flux, that Fanlight has pages for.
const BESIDE_FLUX: [&str; 3] = ["source.extensions.fluxcd.io", "infra.contrib.fluxcd.io", "fluxcd.controlplane.io"];

/// Fanlight with something to look at: a control plane, an estate, stand-ins for Flux's controllers, the server.
///
/// Everything ends when it is dropped.
pub struct Showcase {
    /// The server.
    pub server: FanlightServer,
    // Before the plane: what is dropped later would complain that nobody answers.
    _stand_in: StandIn,
    /// What the server stands before.
    pub plane: ControlPlane,
    /// Signs in anybody.
    pub forge: SessionForge,
    /// Ends when Flux's controllers have written what there is to say of each object.
    logs: Option<JoinHandle<anyhow::Result<()>>>,
}

impl Showcase {
    /// The server's namespace.
    pub const NAMESPACE: &str = "flux-system";
    /// The emergency user.
    pub const USER: &str = "admin";
    /// The emergency user's password.
    pub const PASSWORD: &str = "fanlight";

    /// Builds it, saying each step to `say` as it is done. `more` are further arguments of the server.
    pub async fn build(
        estate: Estate,
        stand_in: stand_in::Options,
        more: &[&str],
        say: impl Fn(&str),
    ) -> anyhow::Result<Self> {
        let program = Self::program()?;
        let plane = ControlPlane::with(Options { nodes: true, ..Options::default() }).await?;
        say("a Kubernetes control plane");
        let summary = estate.apply(&plane).await?;
        say(&format!("{} Flux objects in {} namespaces", summary.flux, summary.namespaces.len()));
        plane.install_server_account(Self::NAMESPACE).await?;
        plane.install_session_record(Self::NAMESPACE).await?;
        plane.set_emergency_user(Self::NAMESPACE, Self::USER, Self::PASSWORD).await?;
        let everything = json!([
            {"apiGroups": ["*"], "resources": ["*"], "verbs": ["get", "list", "watch"]},
            {"apiGroups": FLUX, "resources": ["*"], "verbs": ["patch"]},
            {"apiGroups": BESIDE_FLUX, "resources": ["*"], "verbs": ["patch"]},
            {"apiGroups": ["apps"], "resources": ["*"], "verbs": ["patch"]},
            {"apiGroups": ["batch"], "resources": ["jobs"], "verbs": ["create"]},
            {"apiGroups": [""], "resources": ["pods"], "verbs": ["delete"]},
        ]);
        plane.grant_everywhere(Self::USER, everything).await?;
        let stand_in = StandIn::start(plane.admin(), stand_in).await?;
        let forge = SessionForge::new(&plane, Self::NAMESPACE, Self::USER, Self::PASSWORD).await?;
        let key = forge.argument();
        let arguments: Vec<_> =
            [key.as_str(), "--oidc-token-duration=12h", "--styleguide"].iter().chain(more).copied().collect();
        let server = FanlightServer::start(&program, &plane, Self::NAMESPACE, &arguments).await?;
        say("fanlight-server");
        let logs = plane.pod_logs();
        let objects: Vec<Value> = estate.objects().cloned().collect();
        let runs = objects.iter().any(|object| object["metadata"]["name"] == "kustomize-controller");
        let logs = runs.then(|| tokio::spawn(async move { logs.tell_of(objects.iter()).await }));
        Ok(Self { server, _stand_in: stand_in, plane, forge, logs })
    }

    /// Returns when Flux's controllers have written what there is to say of each object, if they run.
    pub async fn logs_told(&mut self) -> anyhow::Result<()> {
        match self.logs.take() {
            Some(told) => told.await?,
            None => Ok(()),
        }
    }

    /// Where the server under test is: in the variable that `cargo xtask` sets.
    pub fn program() -> anyhow::Result<PathBuf> {
        let program = std::env::var_os("FANLIGHT_SERVER").map(PathBuf::from);
        program.context("FANLIGHT_SERVER is not set: start this by `cargo xtask`")
    }

    /// The administrator's kubeconfig.
    pub fn kubeconfig(&self) -> PathBuf {
        self.plane.admin_kubeconfig()
    }
}

/// The server before a cluster that exists already, as whoever its kubeconfig names.
pub async fn before_cluster(kubeconfig: &Path, folder: &Path, more: &[&str]) -> anyhow::Result<FanlightServer> {
    FanlightServer::with_kubeconfig(&Showcase::program()?, kubeconfig, folder, "fanlight", more).await
}
