//! `cargo xtask image`: the container images of both programs.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, ensure};

use crate::progress::{self, cargo, root, say, step};

/// Program and the package that it is built from.
const PROGRAMS: [(&str, &str); 2] = [("fanlight-server", "fanlight-server"), ("fanlight", "fanlight-cli")];

/// Where the images go.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Folder for one OCI image layout for each program; made here.
    #[arg(long, value_name = "FOLDER", default_value = "target/images")]
    output: PathBuf,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let digests = write(&root().join("target/image"), &root().join(&args.output))?;
    for ((program, _), digest) in PROGRAMS.iter().zip(&digests) {
        say(&format!("{program}: {}, {digest}", args.output.join(program).display()));
    }
    Ok(())
}

/// The digests of the images' manifests.
fn write(target: &Path, output: &Path) -> anyhow::Result<Vec<String>> {
    let mut build = cargo(&["build", "--workspace", "--release", "--locked"]);
    for program in PROGRAMS.map(|(program, _)| program).iter().chain(&["fanlight-image"]) {
        build.args(["--bin", program]);
    }
    // What people build in other places must be the same program, and name no folder of theirs.
    let cargo_home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let cargo_home = cargo_home.or_else(|| Some(std::env::home_dir()?.join(".cargo"))).context("no home folder")?;
    let renamed = [(root(), "/fanlight"), (cargo_home.as_path(), "/cargo"), (target, "/target")];
    let flags = renamed.map(|(from, to)| format!("--remap-path-prefix={}={to}", from.display()));
    build.env("CARGO_TARGET_DIR", target).env("CARGO_ENCODED_RUSTFLAGS", flags.join("\u{1f}"));
    step("build the programs for the images", || progress::run(&mut build))?;
    PROGRAMS
        .iter()
        .map(|(program, package)| {
            let image = output.join(program);
            if image.exists() {
                std::fs::remove_dir_all(&image).with_context(|| format!("cannot replace {}", image.display()))?;
            }
            let mut write = Command::new(target.join("release/fanlight-image"));
            write.current_dir(root()).arg("--program").arg(target.join("release").join(program));
            let written = write.args(["--package", package]).arg("--output").arg(&image).output()?;
            ensure!(written.status.success(), "{}", String::from_utf8_lossy(&written.stderr).trim());
            Ok(String::from_utf8_lossy(&written.stdout).trim().to_owned())
        })
        .collect()
}
