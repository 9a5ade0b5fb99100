use std::{
    ffi::OsString,
    path::Path,
    process::{Command, Output},
    sync::LazyLock,
    time::Duration,
};

use anyhow::Context;
use fanlight_testbed::{FleetRepo, tool};
use serde_json::Value;
use tokio::runtime::Runtime;

use crate::pool::Lent;

/// The program under test.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_fanlight");
/// The cluster of the tests.
pub(crate) const CLUSTER: &str = "eu/prod";
/// How long a control plane may take to notice what was done; the machine may be busy.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// All tests share it, since the clients of lent control planes live in it.
static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().expect("a runtime"));

/// A cluster, and a fleet that knows it.
pub(crate) struct Stage {
    pub(crate) plane: Lent,
    pub(crate) fleet: FleetRepo,
}

/// How a run of the program ended.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Stage {
    pub(crate) async fn new() -> anyhow::Result<Self> {
        let plane = Lent::take().await?;
        let server = plane.url();
        Self::at(plane, &server)
    }

    /// A fleet that knows the cluster under this address.
    pub(crate) fn at(plane: Lent, server: &str) -> anyhow::Result<Self> {
        let fleet = FleetRepo::with(&[(CLUSTER, server), ("us/spare", "https://spare.example.com:6443")])?;
        Ok(Self { plane, fleet })
    }

    /// A cluster that is adopted, its file pushed.
    pub(crate) async fn adopted() -> anyhow::Result<Self> {
        let stage = Self::new().await?;
        stage.run(&["adopt", CLUSTER, "--push"]).succeeded();
        Ok(stage)
    }

    /// The program as the engineer calls it, with the administrator's access to the cluster.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.fleet.as_engineer(PROGRAM);
        command.args(["break-glass", "--repo"]).arg(self.fleet.root()).args(arguments);
        command.env("KUBECONFIG", self.plane.admin_kubeconfig()).env("SHELL", "/bin/bash");
        command.env("PATH", path_with(&self.fleet.home().join("bin")));
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Run {
        Run::of(&self.command(arguments).output().expect("the program runs"))
    }

    /// The JSON that a command prints.
    pub(crate) fn json(&self, arguments: &[&str]) -> anyhow::Result<Value> {
        let run = self.run(&[arguments, &["--output", "json"]].concat());
        serde_json::from_str(&run.out).with_context(|| format!("{run:?}"))
    }

    /// `kubectl` with the credential that the real `sops` finds in a sealed file, as somebody without Fanlight would use it.
    pub(crate) fn kubectl_by_sops(&self, arguments: &[&str]) -> anyhow::Result<Run> {
        self.kubectl_with(&self.fleet.opened_by_sops(CLUSTER)?, arguments)
    }

    /// `kubectl` with this kubeconfig.
    pub(crate) fn kubectl_with(&self, content: &str, arguments: &[&str]) -> anyhow::Result<Run> {
        let kubeconfig = self.fleet.home().join("by-hand.yaml");
        std::fs::write(&kubeconfig, content)?;
        let run = self.kubectl_by(&kubeconfig, arguments)?;
        std::fs::remove_file(kubeconfig)?;
        Ok(run)
    }

    /// `kubectl` as the administrator.
    pub(crate) fn kubectl(&self, arguments: &[&str]) -> anyhow::Result<Run> {
        self.kubectl_by(&self.plane.admin_kubeconfig(), arguments)
    }

    /// `kubectl` by a kubeconfig that lies somewhere.
    pub(crate) fn kubectl_by(&self, kubeconfig: &Path, arguments: &[&str]) -> anyhow::Result<Run> {
        let mut kubectl = self.fleet.as_engineer(tool("kubectl")?);
        Ok(Run::of(&kubectl.arg("--kubeconfig").arg(kubeconfig).args(arguments).output()?))
    }

    /// The names of the Secrets of break-glass.
    pub(crate) fn secrets(&self) -> anyhow::Result<Vec<String>> {
        let run = self.kubectl(&["get", "secrets", "-n", "kube-system", "-o", "name"])?.succeeded();
        let names = run.out.lines().filter_map(|line| line.strip_prefix("secret/")).map(ToOwned::to_owned);
        Ok(names.filter(|name| name.starts_with("break-glass")).collect())
    }

    /// The one thing that always must hold: what is committed opens the cluster.
    pub(crate) fn must_open(&self) -> anyhow::Result<()> {
        self.must_open_in("HEAD")
    }

    /// What this commit holds opens the cluster.
    pub(crate) fn must_open_in(&self, commit: &str) -> anyhow::Result<()> {
        let file = format!("{commit}:clusters/{CLUSTER}/break-glass-kubeconfig.enc.yaml");
        let committed = self.fleet.git(&["show", &file])?;
        let now = std::fs::read(self.fleet.sealed(CLUSTER))?;
        std::fs::write(self.fleet.sealed(CLUSTER), committed)?;
        let run = self.kubectl_by_sops(&["auth", "can-i", "*", "*"]);
        std::fs::write(self.fleet.sealed(CLUSTER), now)?;
        let run = run?;
        anyhow::ensure!(run.out.trim() == "yes", "the credential in {commit} does not open the cluster: {run:?}");
        Ok(())
    }

    /// Files below a folder that hold this text.
    pub(crate) fn holding(folder: &Path, text: &str) -> Vec<std::path::PathBuf> {
        let mut found = Vec::new();
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => found.extend(Self::holding(&path, text)),
                Ok(kind) if kind.is_file() => {
                    let content = std::fs::read(&path).unwrap_or_default();
                    if String::from_utf8_lossy(&content).contains(text) {
                        found.push(path);
                    }
                }
                _ => {}
            }
        }
        found
    }
}

impl Run {
    pub(crate) fn of(output: &Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Self { code: output.status.code().unwrap_or(-1), out: text(&output.stdout), err: text(&output.stderr) }
    }

    pub(crate) fn succeeded(self) -> Self {
        self.ended(0)
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

/// Where programs are looked for: in this folder, which a test may fill, then with `kubectl`, then where they usually are.
pub(crate) fn path_with(folder: &Path) -> OsString {
    let kubectl = tool("kubectl").ok();
    let kubectl = kubectl.as_deref().and_then(Path::parent).map(Path::to_owned);
    let usual = std::env::var_os("PATH").unwrap_or_default();
    let folders = [folder.to_owned()].into_iter().chain(kubectl).chain(std::env::split_paths(&usual));
    std::env::join_paths(folders).expect("a path")
}

/// Runs a test that awaits things.
pub(crate) fn with(test: impl Future<Output = anyhow::Result<()>>) {
    if let Err(error) = RUNTIME.block_on(test) {
        panic!("{error:#}");
    }
}
