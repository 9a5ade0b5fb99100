//! An image, unpacked and run.

#![expect(clippy::expect_used, reason = "helpers of tests fail as tests do")]

use std::{
    collections::BTreeSet,
    fs::File,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    sync::LazyLock,
};

use flate2::read::GzDecoder;
use serde_json::Value;
use sha2::{Digest, Sha256};
use tempfile::TempDir;

/// The chore itself is a program with libraries, as good as any.
const PROGRAM: &str = env!("CARGO_BIN_EXE_fanlight-image");

fn write(output: &Path) -> Output {
    Command::new(PROGRAM)
        .args(["--program", PROGRAM, "--package", "fanlight-packaging", "--output"])
        .arg(output)
        .env("SOURCE_DATE_EPOCH", "1750000000")
        .output()
        .expect("the program starts")
}

/// One image, unpacked; it goes with the process.
struct Unpacked {
    config: Value,
    root: PathBuf,
    index: Vec<u8>,
    folder: TempDir,
}

static UNPACKED: LazyLock<Unpacked> = LazyLock::new(|| {
    let folder = tempfile::tempdir().expect("a folder");
    let image = written(folder.path());
    let (config, root) = unpack(folder.path(), &image);
    let index = std::fs::read(image.join("index.json")).expect("an index");
    Unpacked { config, root, index, folder }
});

fn written(folder: &Path) -> PathBuf {
    let image = folder.join("image");
    let output = write(&image);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    image
}

/// The blob of a descriptor, whose size and digest must be true.
fn blob(image: &Path, descriptor: &Value) -> Vec<u8> {
    let digest = descriptor["digest"].as_str().expect("a digest").strip_prefix("sha256:").expect("SHA-256");
    let bytes = std::fs::read(image.join("blobs/sha256").join(digest)).expect("a blob");
    assert_eq!(descriptor["size"].as_u64(), u64::try_from(bytes.len()).ok());
    assert_eq!(base16ct::lower::encode_string(&Sha256::digest(&bytes)), digest);
    bytes
}

fn json(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).expect("JSON")
}

/// What is in the image: its configuration, and its files in `folder/root`.
fn unpack(folder: &Path, image: &Path) -> (Value, PathBuf) {
    let index = json(&std::fs::read(image.join("index.json")).expect("an index"));
    let manifest = json(&blob(image, &index["manifests"][0]));
    let config = json(&blob(image, &manifest["config"]));
    let layer = blob(image, &manifest["layers"][0]);
    let mut plain = Vec::new();
    std::io::copy(&mut GzDecoder::new(layer.as_slice()), &mut plain).expect("gzip");
    let digest = format!("sha256:{}", base16ct::lower::encode_string(&Sha256::digest(&plain)));
    assert_eq!(config["rootfs"]["diff_ids"][0], digest.as_str());
    let root = folder.join("root");
    tar::Archive::new(plain.as_slice()).unpack(&root).expect("a tar archive");
    (config, root)
}

#[test]
fn what_stands_in_an_image_runs_with_nothing_else_around_it() {
    let Unpacked { config, root, .. } = &*UNPACKED;
    let entry = config["config"]["Entrypoint"][0].as_str().expect("an entry point");
    // As root without a namespace of users; as somebody else with one.
    let inside = |mut command: Command| command.arg(entry).arg("--version").output().expect("it starts");
    let mut chroot = Command::new("chroot");
    chroot.arg(root);
    let mut unshare = Command::new("unshare");
    unshare.args(["--map-root-user", "--root"]).arg(root);
    let outputs = [inside(chroot), inside(unshare)];
    let ran = outputs.iter().find(|output| output.status.success());
    let ran = ran.unwrap_or_else(|| panic!("{outputs:?}"));
    assert!(String::from_utf8_lossy(&ran.stdout).starts_with("fanlight-packaging "), "{ran:?}");
}

#[test]
fn an_image_runs_as_nobody_who_matters_and_has_neither_shell_nor_foreign_files() {
    let Unpacked { config, root, .. } = &*UNPACKED;
    assert_eq!(config["config"]["User"], "65532:65532");
    let programs: BTreeSet<_> = std::fs::read_dir(root.join("usr/bin"))
        .expect("programs")
        .map(|entry| entry.expect("a program").file_name())
        .collect();
    assert_eq!(programs, BTreeSet::from(["fanlight-image".into()]));
    assert!(!root.join("bin").exists() && !root.join("root").exists());
    let accounts = BufReader::new(File::open(root.join("etc/passwd")).expect("accounts")).lines();
    assert_eq!(accounts.map_while(Result::ok).collect::<Vec<_>>().len(), 1);
}

#[test]
fn everything_inside_is_listed_with_its_licence() {
    let root = &UNPACKED.root;
    let docs = root.join("usr/share/doc/fanlight-image");
    let list = json(&std::fs::read(docs.join("sbom.cdx.json")).expect("the list"));
    assert_eq!((list["bomFormat"].as_str(), list["specVersion"].as_str()), (Some("CycloneDX"), Some("1.5")));
    let components: Vec<_> = list["components"].as_array().expect("components").iter().collect();
    let named = |name: &str| components.iter().find(|component| component["name"] == name);
    assert_eq!(named("clap").expect("a crate")["licenses"][0]["expression"], "MIT OR Apache-2.0");
    let purl = named("libc6").expect("a system library")["purl"].as_str().expect("a package URL");
    assert!(purl.starts_with("pkg:deb/") && purl.contains("/libc6@"), "{purl}");
    assert!(named("ca-certificates").is_some());
    assert!(named("tempfile").is_none(), "what only tests need is not inside");
    let licences = std::fs::read_to_string(docs.join("third-party-licences.txt")).expect("licences");
    assert!(licences.contains("\nclap ") && licences.contains("Permission is hereby granted"));
    assert!(root.join("usr/share/doc/libc6/copyright").exists());
}

#[test]
fn the_same_program_gives_the_same_image() {
    let folder = tempfile::tempdir().expect("a folder");
    let index = std::fs::read(written(folder.path()).join("index.json")).expect("an index");
    assert_eq!(index, UNPACKED.index);
}

#[test]
fn an_image_is_never_written_over_another() {
    let output = write(UNPACKED.folder.path());
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("is there already"));
}

#[test]
fn what_is_no_program_of_this_workspace_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut command = Command::new(PROGRAM);
    command.args(["--program", PROGRAM, "--package", "clap", "--output"]).arg(folder.path().join("image"));
    let output = command.stdin(Stdio::null()).output().expect("the program starts");
    assert!(!output.status.success() && String::from_utf8_lossy(&output.stderr).contains("no package clap"));
}
