//! The commands of the documentation, in the order in which it tells them.

use std::{fs, os::unix::fs::symlink, path::Path, process::Stdio};

use anyhow::ensure;
use fanlight_testbed::tool;
use tokio::process::Command;

use crate::stage::{PROGRAM, Run, Stage};

/// What is to be read.
const PAGES: [&str; 2] = ["create-dashboard.md", "check.md"];

/// Whether a command needs what is not here.
fn is_elsewhere(command: &str) -> bool {
    // A cluster where the predecessor runs, pods, or a browser at a provider.
    ["helm ", "port-forward", "oidc-config"].iter().any(|part| command.contains(part))
}

#[tokio::test(flavor = "multi_thread")]
async fn every_command_of_the_documentation_does_what_it_says() -> anyhow::Result<()> {
    let stage = Stage::with_flux().await?;
    let _flux = stage.play_flux().await?;
    let home = stage.plane.folder().join("home");
    fs::create_dir_all(home.join("bin"))?;
    symlink(PROGRAM, home.join("bin/fanlight"))?;
    symlink(tool("kubectl")?, home.join("bin/kubectl"))?;
    fs::write(home.join("values.yaml"), "image: {repository: registry.example.com/fanlight-server}\n")?;
    let path = format!("{}:{}", home.join("bin").display(), std::env::var("PATH").unwrap_or_default());
    let mut tried = 0;
    for page in PAGES {
        let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs").join(page))?;
        let indented = text.lines().filter_map(|line| line.strip_prefix("    "));
        for command in indented.filter(|line| line.contains("fanlight ") && !line.contains("  ") && !is_elsewhere(line))
        {
            let mut shell = Command::new("bash");
            shell.args(["-c", command]).env("PATH", &path).env("KUBECONFIG", stage.plane.admin_kubeconfig());
            shell.env("PASSWORD", "secret").env("HOME", &home).current_dir(&home);
            shell.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
            let run = Run::of(shell.spawn()?, "").await?;
            ensure!(run.code == 0, "{page}: {command}: {run:?}");
            tried += 1;
        }
    }
    ensure!(tried >= 6, "only {tried} commands were found");
    Ok(())
}
