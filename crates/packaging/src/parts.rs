//! Which crates a program is built from.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    process::Command,
};

use anyhow::{Context, bail};
use serde::Deserialize;

/// One crate inside a program.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Part {
    pub(crate) name: String,
    pub(crate) version: String,
    /// An SPDX expression, as its author wrote it.
    pub(crate) licence: Option<String>,
    /// Whether it comes from the registry; else it is ours.
    pub(crate) from_registry: bool,
    /// Where its sources are.
    pub(crate) folder: PathBuf,
}

/// The parts that are used here of what `cargo metadata` says.
#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    resolve: Resolve,
}

#[derive(Deserialize)]
struct Package {
    id: String,
    name: String,
    version: String,
    license: Option<String>,
    source: Option<String>,
    manifest_path: PathBuf,
}

#[derive(Deserialize)]
struct Resolve {
    nodes: Vec<Node>,
}

#[derive(Deserialize)]
struct Node {
    id: String,
    deps: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    pkg: String,
    dep_kinds: Vec<DependencyKind>,
}

#[derive(Deserialize)]
struct DependencyKind {
    /// None for what ends up in the program; `build` and `dev` otherwise.
    kind: Option<String>,
}

/// The crates inside the program of `package`, by name. Features are those of the whole workspace, as it is built.
pub(crate) fn of(package: &str) -> anyhow::Result<Vec<Part>> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let platform = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
    let output = Command::new(cargo)
        .args(["metadata", "--format-version", "1", "--locked", "--filter-platform", &platform])
        .output()
        .context("cannot start cargo")?;
    if !output.status.success() {
        bail!("cargo metadata: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    closure(&serde_json::from_slice(&output.stdout).context("cargo metadata")?, package)
}

fn closure(metadata: &Metadata, package: &str) -> anyhow::Result<Vec<Part>> {
    let nodes: BTreeMap<_, _> = metadata.resolve.nodes.iter().map(|node| (node.id.as_str(), node)).collect();
    let root = metadata.packages.iter().find(|known| known.name == package && known.source.is_none());
    let root = root.with_context(|| format!("there is no package {package} in this workspace"))?;
    let mut reached = BTreeSet::new();
    let mut open = vec![root.id.as_str()];
    while let Some(id) = open.pop() {
        if !reached.insert(id) {
            continue;
        }
        let dependencies = nodes.get(id).into_iter().flat_map(|node| &node.deps);
        let inside = dependencies.filter(|dependency| dependency.dep_kinds.iter().any(|kind| kind.kind.is_none()));
        open.extend(inside.map(|dependency| dependency.pkg.as_str()));
    }
    let mut parts: Vec<_> =
        metadata.packages.iter().filter(|package| reached.contains(package.id.as_str())).map(part).collect();
    parts.sort_unstable();
    Ok(parts)
}

fn part(package: &Package) -> Part {
    Part {
        name: package.name.clone(),
        version: package.version.clone(),
        licence: package.license.clone(),
        from_registry: package.source.is_some(),
        folder: package.manifest_path.parent().unwrap_or(&package.manifest_path).to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_only_builds_or_tests_a_program_is_not_inside_it() {
        let package = |name: &str, source: Option<&str>| {
            json!({"id": name, "name": name, "version": "1.0.0", "license": "MIT", "source": source,
                "manifest_path": format!("/crates/{name}/Cargo.toml")})
        };
        let needs = |name: &str, kind: Option<&str>| json!({"pkg": name, "dep_kinds": [{"kind": kind}]});
        let metadata = json!({
            "packages": [package("ours", None), package("used", Some("registry")), package("deep", Some("registry")),
                package("builder", Some("registry")), package("tester", Some("registry"))],
            "resolve": {"nodes": [
                {"id": "ours", "deps": [needs("used", None), needs("builder", Some("build")), needs("tester", Some("dev"))]},
                {"id": "used", "deps": [needs("deep", None)]},
                {"id": "deep", "deps": [needs("used", None)]},
            ]},
        });
        let metadata: Metadata = serde_json::from_value(metadata).expect("metadata");
        let names: Vec<_> = closure(&metadata, "ours").expect("parts").into_iter().map(|part| part.name).collect();
        assert_eq!(names, ["deep", "ours", "used"]);
        assert!(closure(&metadata, "deep").is_err(), "only our own packages have programs");
    }
}
