//! `cargo xtask check`: what must hold in every commit.

mod layers;
mod licences;
mod sizes;

use anyhow::bail;

use crate::progress::{self, cargo, step};

/// Runs every check, also when one fails, and fails if any did.
pub(crate) fn run() -> anyhow::Result<()> {
    let clippy = &["clippy", "--workspace", "--all-targets", "--quiet", "--", "-D", "warnings"][..];
    let checks = [
        step("format", || progress::run(&mut cargo(&["fmt", "--all", "--check"]))),
        step("layers", layers::check),
        step("licences", licences::check),
        step("sizes", sizes::check),
        step("lints", || progress::run(&mut cargo(clippy))),
        step("documentation", || {
            let mut doc = cargo(&["doc", "--workspace", "--no-deps", "--quiet"]);
            progress::run(doc.env("RUSTDOCFLAGS", "-D warnings"))
        }),
    ];
    let failures: Vec<_> =
        checks.iter().filter_map(|check| check.as_ref().err()).map(|error| format!("{error:#}")).collect();
    if !failures.is_empty() {
        bail!("{} of {} checks failed:\n{}", failures.len(), checks.len(), failures.join("\n"));
    }
    Ok(())
}
