//! What stands in an image.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, bail};

use crate::{libraries, licences, parts::Part, sbom};

/// The files of an image by their place, without the slash at the beginning; folders follow from them.
pub(crate) struct Contents(pub(crate) BTreeMap<String, File>);

/// One file.
pub(crate) struct File {
    pub(crate) bytes: Vec<u8>,
    pub(crate) is_program: bool,
}

/// A Debian package of which the image has files.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct System {
    pub(crate) name: String,
    pub(crate) version: String,
}

/// The authorities that Debian trusts, as programs look for them.
const CERTIFICATES: &str = "/etc/ssl/certs/ca-certificates.crt";

impl Contents {
    /// Who runs the program: nobody else's number, and not root.
    pub(crate) const USER: u32 = 65532;

    /// Everything that the program `name` needs to run, and what must be passed on with it.
    pub(crate) fn collect(name: &str, program: &Path, parts: &[Part], ours: &Part) -> anyhow::Result<Self> {
        let mut contents = Self(BTreeMap::new());
        contents.add(&format!("usr/bin/{name}"), read(program)?, true);
        let mut system = Vec::new();
        let libraries = libraries::of(program)?;
        for place in libraries.iter().map(PathBuf::as_path).chain([Path::new(CERTIFICATES)]) {
            let is_library = place != Path::new(CERTIFICATES);
            contents.add(&place.display().to_string(), read(place)?, is_library);
            system.push(if is_library { owner(place)? } else { package("ca-certificates")? });
        }
        system.sort_unstable();
        system.dedup();
        let docs = format!("usr/share/doc/{name}");
        for package in &system {
            let terms = format!("usr/share/doc/{}/copyright", package.name);
            contents.add(&terms, read(Path::new(&format!("/{terms}")))?, false);
        }
        let user = Self::USER;
        contents.add("etc/passwd", format!("fanlight:x:{user}:{user}::/nonexistent:/sbin/nologin\n").into(), false);
        contents.add("etc/group", format!("fanlight:x:{user}:\n").into(), false);
        contents.add(&format!("{docs}/LICENSE"), include_bytes!("../../../LICENSE").to_vec(), false);
        contents.add(&format!("{docs}/third-party-licences.txt"), licences::text(parts)?.into(), false);
        contents.add(&format!("{docs}/sbom.cdx.json"), sbom::write(ours, parts, &system)?, false);
        Ok(contents)
    }

    fn add(&mut self, place: &str, bytes: Vec<u8>, is_program: bool) {
        self.0.insert(place.trim_start_matches('/').to_owned(), File { bytes, is_program });
    }
}

fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}

/// The package that brought a library. Where `/lib` leads to `/usr/lib`, the package may know it by either name.
fn owner(library: &Path) -> anyhow::Result<System> {
    let name = library.file_name().and_then(|name| name.to_str()).context("a library without a name")?;
    let place = library.parent().context("a library without a folder")?;
    let real = place.canonicalize().with_context(|| format!("cannot read {}", place.display()))?;
    let short = real.strip_prefix("/usr").map_or_else(|_| real.clone(), |rest| Path::new("/").join(rest));
    for folder in [place, &real, &short] {
        let found = query("dpkg-query", &["--search", &folder.join(name).display().to_string()]);
        if let Some(owner) =
            found.ok().as_deref().and_then(|line| line.split(':').next()).filter(|name| !name.is_empty())
        {
            return package(owner);
        }
    }
    bail!("no Debian package owns {}", library.display())
}

fn package(name: &str) -> anyhow::Result<System> {
    let version = query("dpkg-query", &["--show", "--showformat", "${Version}\\n", name])?;
    let version = version.lines().next().context("a package without a version")?;
    Ok(System { name: name.to_owned(), version: version.to_owned() })
}

fn query(program: &str, arguments: &[&str]) -> anyhow::Result<String> {
    let output = Command::new(program).args(arguments).output().with_context(|| {
        format!("cannot start {program}: images are written on Debian or what comes from it, whose libraries they have")
    })?;
    if !output.status.success() {
        bail!("{program}: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
