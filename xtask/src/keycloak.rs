//! Keycloak, the provider that people sign in at in tests: from Maven Central with a pinned sum, prepared so that it
//! starts quickly.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, bail};
use sha2::{Digest, Sha256};

use crate::{
    cache,
    progress::{root, run, step},
};

/// Maven asks the repository that its user has configured, which is Central unless that user says otherwise.
const PLUGIN: &str = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:get";
const VERSION: &str = "26.7.3";
const SHA256: &str = "77657f30b7e90d70f727712ce1c967f430fd6a5e9f458d32d8c6df0635345f47";
/// One process without a cluster, and its database in a file.
const CHOICES: [&str; 2] = ["--db=dev-file", "--cache=local"];

/// Fetches and prepares it unless that was done before; with its variable.
pub(crate) fn prepare() -> anyhow::Result<(String, PathBuf)> {
    let realm = root().join("crates/testbed/keycloak/fanlight.json");
    let people = std::fs::read(&realm).context("cannot read the realm of the tests")?;
    let recipe = [VERSION.as_bytes(), SHA256.as_bytes(), CHOICES[0].as_bytes(), CHOICES[1].as_bytes(), &people];
    let folder = cache::folder("keycloak", &recipe)?;
    if !folder.exists() {
        step("fetch and prepare Keycloak", || {
            cache::fill(&folder, |draft| {
                fetch(draft)?;
                let program = draft.join("bin/kc.sh");
                run(quiet(&program).arg("build").args(CHOICES))?;
                // The database with the realm in it: laying it takes longer than the start itself.
                run(quiet(&program).args(["import", "--optimized", "--file"]).arg(&realm))
            })
        })?;
    }
    Ok(("FANLIGHT_TOOL_KEYCLOAK".to_owned(), folder))
}

fn quiet(program: &Path) -> Command {
    let mut command = Command::new(program);
    command.env("KC_LOG_LEVEL", "warn");
    command
}

fn fetch(draft: &Path) -> anyhow::Result<()> {
    let repository = draft.join("repository");
    let mut maven = Command::new("mvn");
    maven.args(["--batch-mode", "--quiet", PLUGIN, "-Dtransitive=false"]);
    maven.arg(format!("-Dartifact=org.keycloak:keycloak-quarkus-dist:{VERSION}:tar.gz"));
    // In a repository of its own, which is thrown away: the user's would keep 150 MB that nobody asks for again.
    run(maven.arg(format!("-Dmaven.repo.local={}", repository.display())).current_dir(draft))?;
    let name = format!("keycloak-quarkus-dist-{VERSION}.tar.gz");
    let archive = repository.join("org/keycloak/keycloak-quarkus-dist").join(VERSION).join(&name);
    let bytes = std::fs::read(&archive).with_context(|| format!("cannot read {name}"))?;
    let sum = Sha256::digest(&bytes).iter().fold(String::new(), |sum, byte| format!("{sum}{byte:02x}"));
    if sum != SHA256 {
        bail!("{name} has the sum {sum}, not the pinned {SHA256}");
    }
    run(Command::new("tar").args(["xz", "--strip-components=1", "-f"]).arg(&archive).current_dir(draft))?;
    std::fs::remove_dir_all(&repository).context("cannot remove what Maven fetched")
}
