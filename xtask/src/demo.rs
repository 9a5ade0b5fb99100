//! `cargo xtask demo`.

use crate::{
    prerequisites,
    progress::{cargo, root, run as run_command, step},
    tools,
};

/// What the demo does; everything is passed on to it.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Options of the demo: `--port N`, `--info FILE`, `--check`, …
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    options: Vec<String>,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    prerequisites::demand(&[prerequisites::GO])?;
    let places = tools::variables()?;
    step("build", || {
        run_command(&mut cargo(&["build", "--package", "fanlight-server", "--package", "fanlight-testbed"]))
    })?;
    let programs = root().join("target/debug");
    let mut demo = std::process::Command::new(programs.join("fanlight-demo"));
    demo.arg("--server-binary").arg(programs.join("fanlight-server")).args(&args.options).envs(places);
    run_command(&mut demo)
}
