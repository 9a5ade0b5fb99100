//! The workflow that makes a release, as far as it can be tried without making one.

use std::process::Command;

use anyhow::{Context, ensure};
use fanlight_testbed::{tool, yaml};

use crate::helm::{Helm, chart, root};

#[test]
fn the_workflow_of_a_release_has_no_mistake_that_can_be_seen() -> anyhow::Result<()> {
    let output = Command::new(tool("actionlint")?)
        .arg("-no-color")
        .arg(root().join(".github/workflows/release.yml"))
        .output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    Ok(())
}

#[test]
fn the_chart_is_packed_by_either_helm_as_that_of_this_programs_version() -> anyhow::Result<()> {
    let written = yaml::documents(&std::fs::read_to_string(chart().join("Chart.yaml"))?)?.pop().context("a chart")?;
    ensure!(written["appVersion"] == env!("CARGO_PKG_VERSION"), "Chart.yaml: {}", written["appVersion"]);
    for helm in Helm::ALL {
        let folder = tempfile::tempdir()?;
        let (chart, to) = (chart().display().to_string(), folder.path().display().to_string());
        helm.run(None, &["package", &chart, "--destination", &to], "")?;
        let packed = std::fs::read_dir(folder.path())?.next().context("a package")??.path().display().to_string();
        let rendering = ["template", "a", &packed, "--set", "image.repository=x,sessionKey.existingSecret=k"];
        let rendered = helm.run(None, &rendering, "")?;
        ensure!(rendered.contains(concat!("image: \"x:", env!("CARGO_PKG_VERSION"), "\"")), "{helm:?}: {rendered}");
    }
    Ok(())
}
