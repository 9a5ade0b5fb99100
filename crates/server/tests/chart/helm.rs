//! Running `helm`, and what it writes.

use std::{
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, bail, ensure};
use fanlight_testbed::{ControlPlane, tool, yaml};
use serde_json::Value;

/// What has to be set where nothing else is: where the image is.
pub(crate) const IMAGE: &str = "image.repository=registry.example.com/fanlight/fanlight-server";
/// What has to be set where nothing can be looked up.
const KEY: &str = "sessionKey.existingSecret=keys-of-sessions";

/// The chart's folder.
pub(crate) fn chart() -> PathBuf {
    root().join("charts/fanlight")
}

/// The repository's folder.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The folder of these tests.
pub(crate) fn here() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/chart")
}

/// The lines of Helm that people have.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Helm {
    /// What the predecessor's users have.
    Three,
    /// What everything else here is done with.
    Four,
}

impl Helm {
    pub(crate) const ALL: [Self; 2] = [Self::Three, Self::Four];

    /// The program.
    pub(crate) fn program(self) -> anyhow::Result<PathBuf> {
        tool(match self {
            Self::Three => "helm3",
            Self::Four => "helm",
        })
    }

    /// Runs it, with values from its input; what it says, or as an error what it complains of.
    pub(crate) fn run(self, plane: Option<&ControlPlane>, arguments: &[&str], values: &str) -> anyhow::Result<String> {
        let mut command = Command::new(self.program()?);
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        match plane {
            Some(plane) => command.env("KUBECONFIG", plane.admin_kubeconfig()),
            None => command.env("KUBECONFIG", "/dev/null"),
        };
        let mut child = command.spawn().context("helm")?;
        child.stdin.take().context("an input")?.write_all(values.as_bytes())?;
        let output = child.wait_with_output()?;
        if !output.status.success() {
            bail!("{}", String::from_utf8_lossy(&output.stderr));
        }
        Ok(String::from_utf8(output.stdout)?)
    }

    /// Renders the chart without a cluster, as release `fanlight` in `flux-system`.
    pub(crate) fn template(self, values: &str) -> anyhow::Result<String> {
        let chart = chart().display().to_string();
        let arguments = ["template", "fanlight", &chart, "--namespace=flux-system", "--set", IMAGE, "--set", KEY];
        self.run(None, &[&arguments[..], &["--kube-version=1.36.0", "--values=-"]].concat(), values)
    }

    /// What is said after an installation.
    pub(crate) fn notes(self, values: &str) -> anyhow::Result<String> {
        let chart = chart().display().to_string();
        let arguments = ["install", "fanlight", &chart, "--namespace=flux-system", "--dry-run=client", "--set", IMAGE];
        let said = self.run(None, &[&arguments[..], &["--set", KEY, "--values=-"]].concat(), values)?;
        Ok(said.split_once("\nNOTES:\n").context("no notes")?.1.to_owned())
    }
}

/// Renders the chart as [`Helm::template`] does.
pub(crate) fn template(values: &str) -> anyhow::Result<String> {
    Helm::Four.template(values)
}

/// The objects that a rendering has.
pub(crate) fn objects(rendered: &str) -> anyhow::Result<Vec<Value>> {
    let objects = yaml::documents(rendered)?;
    ensure!(!objects.is_empty(), "nothing was rendered");
    Ok(objects)
}

/// The one object of a kind that has this name, if there is.
pub(crate) fn find<'a>(objects: &'a [Value], kind: &str, name: &str) -> Option<&'a Value> {
    objects.iter().find(|object| object["kind"] == kind && object["metadata"]["name"] == name)
}

/// Compares a file with what it should say; or writes it, if asked to.
pub(crate) fn as_written(file: &Path, text: &str) -> anyhow::Result<()> {
    if std::env::var_os("FANLIGHT_WRITE").is_some() {
        return std::fs::write(file, text).with_context(|| format!("cannot write {}", file.display()));
    }
    let written = std::fs::read_to_string(file).unwrap_or_default();
    let differing = written.lines().zip(text.lines()).position(|(old, new)| old != new);
    let line = differing.unwrap_or_else(|| written.lines().count().min(text.lines().count())) + 1;
    ensure!(written == text, "{} differs from line {line} on; FANLIGHT_WRITE=1 writes it", file.display());
    Ok(())
}

/// The cases: name and values of each.
pub(crate) fn cases() -> anyhow::Result<Vec<(String, String)>> {
    let mut cases = Vec::new();
    for entry in std::fs::read_dir(here().join("cases"))? {
        let path = entry?.path();
        let name = path.file_stem().context("a name")?.to_string_lossy().into_owned();
        cases.push((name, std::fs::read_to_string(path)?));
    }
    cases.sort();
    Ok(cases)
}
