//! What the reader sees while a chore works: lines on standard error.

use std::{
    io::Write,
    process::Command,
    time::{Duration, Instant},
};

use anyhow::{Context, bail};

/// Says one line.
pub(crate) fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// Runs a step, saying its name before and its time after.
pub(crate) fn step<T>(name: &str, work: impl FnOnce() -> anyhow::Result<T>) -> anyhow::Result<T> {
    say(&format!("── {name}"));
    let began = Instant::now();
    let done = work().with_context(|| name.to_owned());
    let outcome = if done.is_ok() { "ok" } else { "FAILED" };
    say(&format!("── {name}: {outcome} in {}", elapsed(began.elapsed())));
    done
}

/// A duration as people say it.
pub(crate) fn elapsed(time: Duration) -> String {
    let seconds = time.as_secs();
    if seconds < 60 { format!("{:.1}s", time.as_secs_f64()) } else { format!("{}m{:02}s", seconds / 60, seconds % 60) }
}

/// Runs a command whose output the reader sees.
pub(crate) fn run(command: &mut Command) -> anyhow::Result<()> {
    let status = command.status().with_context(|| format!("cannot start {command:?}"))?;
    if !status.success() {
        bail!("{command:?} ended with {status}");
    }
    Ok(())
}

/// A cargo command in this workspace.
pub(crate) fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(arguments).current_dir(root());
    command
}

/// The workspace's folder.
pub(crate) fn root() -> &'static std::path::Path {
    let own = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    own.parent().unwrap_or(own)
}
