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
    /// Only show that a copy of the sources in another folder gives the very same images; both are thrown away. Long: two
    /// release builds.
    #[arg(long, conflicts_with = "output")]
    verify: bool,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    if args.verify {
        return are_the_same_wherever_built();
    }
    let (target, output) = (root().join("target/image"), root().join(&args.output));
    let place = Place { sources: root(), target: &target, output: &output, born: None };
    for ((program, _), digest) in PROGRAMS.iter().zip(&place.write()?) {
        say(&format!("{program}: {}, {digest}", args.output.join(program).display()));
    }
    Ok(())
}

/// Builds the images here and of a copy of the sources somewhere else: whoever has the sources gets these very images.
pub(crate) fn are_the_same_wherever_built() -> anyhow::Result<()> {
    let elsewhere = tempfile::Builder::new().prefix("fanlight-elsewhere").tempdir()?;
    let [sources, target, first, second] =
        ["deep/down/sources", "built", "first", "second"].map(|part| elsewhere.path().join(part));
    copy_sources(&sources)?;
    // The copy has no commits to tell a time.
    let born = Some("1750000000");
    let here = root().join("target/image");
    let first = Place { sources: root(), target: &here, output: &first, born }.write()?;
    let second = Place { sources: &sources, target: &target, output: &second, born }.write()?;
    ensure!(first == second, "images of the same sources differ: {first:?} here, {second:?} in another folder");
    say(&format!("the same images in two folders: {}", first.join(", ")));
    Ok(())
}

/// What Git knows of or would take in, as it is now.
fn copy_sources(to: &Path) -> anyhow::Result<()> {
    let files = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
    let output = Command::new("git").args(files).current_dir(root()).output().context("git ls-files")?;
    ensure!(output.status.success(), "git ls-files: {}", String::from_utf8_lossy(&output.stderr).trim());
    let names = String::from_utf8(output.stdout).context("a file's name")?;
    // One that was deleted and not yet committed is still named.
    for name in names.split_terminator('\0').filter(|name| root().join(name).exists()) {
        let copy = to.join(name);
        std::fs::create_dir_all(copy.parent().unwrap_or(to))?;
        std::fs::copy(root().join(name), &copy).with_context(|| format!("cannot copy {name}"))?;
    }
    Ok(())
}

/// Where images are built.
struct Place<'a> {
    sources: &'a Path,
    target: &'a Path,
    output: &'a Path,
    /// When the images shall say that they were made, in seconds since 1970; otherwise with the last commit.
    born: Option<&'a str>,
}

impl Place<'_> {
    /// The digests of the images' manifests.
    fn write(&self) -> anyhow::Result<Vec<String>> {
        step(&format!("build the programs for the images of {}", self.sources.display()), || self.build())?;
        PROGRAMS
            .iter()
            .map(|(program, package)| {
                let image = self.output.join(program);
                if image.exists() {
                    std::fs::remove_dir_all(&image).with_context(|| format!("cannot replace {}", image.display()))?;
                }
                let mut write = Command::new(self.target.join("release/fanlight-image"));
                write.current_dir(self.sources).envs(self.born.map(|born| ("SOURCE_DATE_EPOCH", born)));
                write.arg("--program").arg(self.target.join("release").join(program));
                let written = write.args(["--package", package]).arg("--output").arg(&image).output()?;
                ensure!(written.status.success(), "{}", String::from_utf8_lossy(&written.stderr).trim());
                Ok(String::from_utf8_lossy(&written.stdout).trim().to_owned())
            })
            .collect()
    }

    fn build(&self) -> anyhow::Result<()> {
        let mut build = cargo(&["build", "--workspace", "--release", "--locked"]);
        for program in PROGRAMS.map(|(program, _)| program).iter().chain(&["fanlight-image"]) {
            build.args(["--bin", program]);
        }
        // What people build in other places must be the same program, and name no folder of theirs. The last that fits
        // counts.
        let cargo_home = cargo_home()?;
        let renamed = [(self.sources, "/fanlight"), (&cargo_home, "/cargo"), (self.target, "/target")];
        let flags = renamed.map(|(from, to)| format!("--remap-path-prefix={}={to}", from.display()));
        build.env("CARGO_TARGET_DIR", self.target).env("CARGO_ENCODED_RUSTFLAGS", flags.join("\u{1f}"));
        progress::run(build.current_dir(self.sources))?;
        for program in PROGRAMS.map(|(program, _)| program) {
            let bytes = std::fs::read(self.target.join("release").join(program))?;
            for (folder, _) in renamed {
                let name = folder.as_os_str().as_encoded_bytes();
                ensure!(!bytes.windows(name.len()).any(|part| part == name), "{program} names {}", folder.display());
            }
        }
        Ok(())
    }
}

fn cargo_home() -> anyhow::Result<PathBuf> {
    let given = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    given.or_else(|| Some(std::env::home_dir()?.join(".cargo"))).context("no home folder")
}
