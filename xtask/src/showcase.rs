//! The chores that start Fanlight on a control plane of its own: to look at it, to take pictures, to measure.

use std::{os::unix::process::CommandExt, path::PathBuf, process::Command};

use anyhow::Context;

use crate::{
    prerequisites::{self, Prerequisite},
    progress::{self, cargo, root, step},
    tools,
};

/// What is passed on to the program.
#[derive(clap::Args)]
#[command(disable_help_flag = true)]
pub(crate) struct Args {
    /// `--help` lists the choices.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    rest: Vec<String>,
}

impl Args {
    /// Whether this word is passed on.
    pub(crate) fn names(&self, word: &str) -> bool {
        self.rest.iter().any(|one| one == word)
    }
}

/// Builds what `program` needs and becomes it, so that Ctrl-C reaches it and nobody else.
pub(crate) fn run(program: &str, profile: &str, needs: &[Prerequisite], args: &Args) -> anyhow::Result<()> {
    prerequisites::demand(needs)?;
    let places = tools::variables()?;
    // No other program: in release, each takes minutes. The whole workspace, since it decides the features.
    let bins = ["--bin", "fanlight-server", "--bin", "fanlight", "--bin", program];
    let build = [&["build", "--workspace", "--quiet", "--profile", profile][..], &bins].concat();
    step("build the programs", || progress::run(&mut cargo(&build)))?;
    let folder = target().join(if profile == "dev" { "debug" } else { profile });
    let mut command = Command::new(folder.join(program));
    command.envs(places).args(&args.rest);
    command.env("FANLIGHT_SERVER", folder.join("fanlight-server")).env("FANLIGHT", folder.join("fanlight"));
    Err(command.exec()).with_context(|| format!("cannot start {program}"))
}

fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), Into::into)
}
