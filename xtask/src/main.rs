//! One entry for every chore: `cargo xtask --help`.

mod cache;
mod check;
mod image;
mod keycloak;
mod prerequisites;
mod progress;
mod showcase;
mod test;
mod tools;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use prerequisites::{CHROMEDRIVER, CHROMIUM, GO, JAVA, MAVEN};

/// Fanlight's chores.
#[derive(Parser)]
#[command(name = "cargo xtask")]
struct Args {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Subcommand)]
enum Chore {
    /// Run everything that CI runs: the checks, then all tests.
    Test(test::Args),
    /// Start Fanlight on a control plane of its own, with something to look at.
    Demo(showcase::Args),
    /// Take the pictures of the documentation.
    Pictures(showcase::Args),
    /// Measure what the budgets are about, in release build.
    Bench(showcase::Args),
    /// Write the container images of both programs, without a container engine.
    Image(image::Args),
    /// Format, lints, documentation, layers, licences, sizes.
    Check,
    /// Build the control plane's programs into the user's cache, and fetch what else the tests need.
    Tools,
}

fn main() -> ExitCode {
    let done = match Args::parse().chore {
        Chore::Test(args) => test::run(&args),
        Chore::Demo(args) => showcase::run("fanlight-demo", "dev", &[GO], &args),
        Chore::Pictures(args) => showcase::run("fanlight-pictures", "dev", &[GO, CHROMIUM, CHROMEDRIVER], &args),
        Chore::Bench(args) if args.names("pages") => {
            showcase::run("fanlight-bench", "release", &[GO, CHROMIUM, CHROMEDRIVER], &args)
        }
        Chore::Bench(args) => showcase::run("fanlight-bench", "release", &[GO], &args),
        Chore::Image(args) => prerequisites::demand(&[]).and_then(|()| image::run(&args)),
        Chore::Check => prerequisites::demand(&[]).and_then(|()| check::run()),
        Chore::Tools => prepare_tools(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            progress::say(&format!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn prepare_tools() -> anyhow::Result<()> {
    prerequisites::demand(&[GO])?;
    tools::build()?;
    if prerequisites::allow(&[JAVA, MAVEN]) {
        keycloak::prepare()?;
    }
    Ok(())
}
