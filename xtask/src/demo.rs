//! `cargo xtask demo`: something to look at, and `--check` for scripts.

use std::os::unix::process::CommandExt;

use anyhow::Context;

use crate::{
    prerequisites,
    progress::{self, cargo, root, step},
    tools,
};

/// What to show; `cargo xtask demo -- --help` lists the choices.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Choices of the demo itself, such as `--port 9001`, `--info FILE`, `--check`, `--objects N --namespaces M`,
    /// `--kubeconfig FILE`.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    rest: Vec<String>,
}

/// Builds what it needs and becomes it, so that Ctrl-C reaches the demo and nobody else.
pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    prerequisites::demand(&[prerequisites::GO])?;
    let places = tools::variables()?;
    let build = ["build", "--workspace", "--bins", "--quiet"];
    step("build the programs", || progress::run(&mut cargo(&build)))?;
    let folder = programs();
    let mut demo = std::process::Command::new(folder.join("fanlight-demo"));
    demo.envs(places).env("FANLIGHT_SERVER", folder.join("fanlight-server")).args(&args.rest);
    Err(demo.exec()).context("cannot start the demo")
}

/// Where cargo puts the programs of this workspace.
pub(crate) fn programs() -> std::path::PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), Into::into);
    target.join("debug")
}
