//! `cargo xtask test`: everything that CI runs.

use std::time::Instant;

use anyhow::bail;

use crate::{
    check,
    prerequisites::{self, CHROMEDRIVER, CHROMIUM, GO, HTPASSWD, NPM, SSH_KEYGEN},
    progress::{cargo, elapsed, say, step},
    tools,
};

/// Which tests.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Only the tests of one area, without the checks. Areas: foundation.
    #[arg(long, value_name = "AREA")]
    only: Option<String>,
    /// Also what is slow: long property runs.
    #[arg(long)]
    full: bool,
    /// Only tests whose name contains this.
    #[arg(last = true)]
    filter: Option<String>,
}

pub(crate) fn run_tests(args: &Args) -> anyhow::Result<()> {
    let mut places = tools::variables()?;
    places.push(tools::axe()?);
    // The whole workspace: a part of it would be another choice of features, and be built all over again.
    step("build the programs", || crate::progress::run(&mut cargo(&["build", "--workspace", "--bins"])))?;
    step("tests", || {
        let mut tests = cargo(&["test", "--workspace"]);
        tests.envs(places);
        if args.full {
            tests.env("PROPTEST_CASES", "20000");
        }
        if let Some(filter) = &args.filter {
            tests.arg("--").arg(filter);
        }
        crate::progress::run(&mut tests)
    })
}

pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    if let Some(area) = &args.only
        && area != "foundation"
    {
        bail!("there is no area “{area}”; areas: foundation");
    }
    let began = Instant::now();
    prerequisites::demand(&[GO, NPM, HTPASSWD, SSH_KEYGEN, CHROMIUM, CHROMEDRIVER])?;
    let checked = if args.only.is_none() { check::run() } else { Ok(()) };
    run_tests(args)?;
    checked?;
    say(&format!("all of it in {}", elapsed(began.elapsed())));
    Ok(())
}
