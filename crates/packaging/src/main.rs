//! Writes the container image of a program as an OCI image layout, without a container engine.
//!
//! ```text
//!   program ──────────► libraries: what its loader needs ───┐
//!   cargo metadata ───► parts: crates inside it ──► licences │
//!                                          └──────► sbom ────┼─► Contents ─► layer (tar, gzip) ─► layout
//!   certificates, user names ───────────────────────────────┘
//! ```
//!
//! The same program gives the same bytes: files stand in the order of their names, owned by root, and as old as the
//! commit they were built from (or `SOURCE_DATE_EPOCH`).

mod contents;
mod layer;
mod layout;
mod libraries;
mod licences;
mod parts;
mod sbom;

use std::{
    io::Write,
    path::PathBuf,
    process::{Command, ExitCode},
};

use anyhow::{Context, bail};
use clap::Parser;
use contents::Contents;

/// Writes a container image of a program that was built for this machine.
#[derive(Parser)]
#[command(version, max_term_width = 120)]
struct Arguments {
    /// The program.
    #[arg(long, value_name = "FILE")]
    program: PathBuf,
    /// The package of this workspace that it was built from.
    #[arg(long, value_name = "NAME")]
    package: String,
    /// Folder for the image, as an OCI image layout: made here, and must not be there yet.
    #[arg(long, value_name = "FOLDER")]
    output: PathBuf,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(digest) => {
            let _ = writeln!(std::io::stdout(), "{digest}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// The digest of the image's manifest.
fn run(arguments: &Arguments) -> anyhow::Result<String> {
    if arguments.output.exists() {
        bail!("{} is there already", arguments.output.display());
    }
    let parts = parts::of(&arguments.package)?;
    let ours = parts.iter().find(|part| part.name == arguments.package).context("the package is not part of itself")?;
    let name = arguments.program.file_name().and_then(|name| name.to_str()).context("the program has no name")?;
    let born = born()?;
    let contents = Contents::collect(name, &arguments.program, &parts, ours)?;
    let layer = layer::write(&contents, born)?;
    layout::write(&arguments.output, &layer, &layout::About { name, version: &ours.version, born })
}

/// What the files' times say, in seconds since 1970: `SOURCE_DATE_EPOCH`
/// (<https://reproducible-builds.org/specs/source-date-epoch/>), or when the last commit was made.
fn born() -> anyhow::Result<i64> {
    if let Ok(epoch) = std::env::var("SOURCE_DATE_EPOCH") {
        return epoch.parse().context("SOURCE_DATE_EPOCH is not a number of seconds");
    }
    let log = Command::new("git").args(["log", "-1", "--format=%ct"]).output().context("git log")?;
    if !log.status.success() {
        bail!("not in a Git repository: set SOURCE_DATE_EPOCH");
    }
    String::from_utf8_lossy(&log.stdout).trim().parse().context("git log does not say when the last commit was made")
}
