//! The commands of the documentation, in the order in which it tells them.

use std::{fs, os::unix::fs::symlink, path::Path, process::Stdio};

use anyhow::{Context, ensure};
use fanlight_testbed::{
    pages::{BlockKind, pages},
    tool,
};
use tokio::process::Command;

use crate::stage::{PROGRAM, Run, Stage};

/// What is to be read.
const PAGES: [&str; 2] = ["docs/create-dashboard.md", "docs/check.md"];

/// What cannot be tried, by what stands in it, and why.
const NOT_HERE: [(&str, &str); 1] =
    [("helm get values ww ", "it is about a cluster where the predecessor runs, and a registry")];

#[tokio::test(flavor = "multi_thread")]
async fn every_command_of_the_documentation_does_what_it_says() -> anyhow::Result<()> {
    let stage = Stage::with_flux().await?;
    let _flux = stage.play_flux().await?;
    let home = stage.plane.folder().join("home");
    fs::create_dir_all(home.join("bin"))?;
    symlink(PROGRAM, home.join("bin/fanlight"))?;
    symlink(tool("kubectl")?, home.join("bin/kubectl"))?;
    let all = pages(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../.."))?;
    let blocks: Vec<_> = PAGES.iter().filter_map(|page| all.get(*page)).flatten().collect();
    // It is told after the command that reads it.
    let values = blocks.iter().find(|block| matches!(block.kind, BlockKind::Yaml(_))).context("values")?;
    fs::write(home.join("values.yaml"), &values.text)?;
    let path = format!("{}:{}", home.join("bin").display(), std::env::var("PATH").unwrap_or_default());
    for (part, _) in NOT_HERE {
        ensure!(blocks.iter().any(|block| block.text.contains(part)), "no page says {part}");
    }
    let mut tried = 0;
    for block in blocks.iter().filter(|block| block.kind == BlockKind::Commands) {
        if NOT_HERE.iter().any(|(part, _)| block.text.contains(part)) {
            continue;
        }
        let mut shell = Command::new("bash");
        shell.args(["-euo", "pipefail", "-c", &block.text]).env("PATH", &path);
        shell.env("KUBECONFIG", stage.plane.admin_kubeconfig());
        shell.env("PASSWORD", "secret").env("HOME", &home).current_dir(&home);
        shell.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let run = Run::of(shell.spawn()?, "").await?;
        ensure!(run.code == 0, "{}: {}: {run:?}", block.place, block.text);
        tried += 1;
    }
    ensure!(tried >= 8, "only {tried} commands were found");
    Ok(())
}
