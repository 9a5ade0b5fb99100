//! One entry for every chore: `cargo xtask --help`.

mod cache;
mod check;
mod demo;
mod prerequisites;
mod progress;
mod test;
mod tools;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

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
    Demo(demo::Args),
    /// Format, lints, documentation, layers, licences, sizes.
    Check,
    /// Build the control plane's programs into the user's cache.
    Tools,
}

fn main() -> ExitCode {
    let done = match Args::parse().chore {
        Chore::Test(args) => test::run(&args),
        Chore::Demo(args) => demo::run(&args),
        Chore::Check => prerequisites::demand(&[]).and_then(|()| check::run()),
        Chore::Tools => prerequisites::demand(&[prerequisites::GO]).and_then(|()| tools::build().map(drop)),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            progress::say(&format!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}
