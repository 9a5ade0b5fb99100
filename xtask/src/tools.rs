//! The programs of the control plane, and those that sealed files, the chart and its release are checked with, built from Go modules
//! with pinned sums.

use std::{collections::BTreeMap, path::PathBuf, process::Command};

use anyhow::Context;

use crate::{
    cache,
    progress::{root, run, step},
};

const KUBERNETES: &str = "-s -w -X k8s.io/component-base/version.gitVersion=v1.36.3 \
    -X k8s.io/component-base/version.gitMajor=1 -X k8s.io/component-base/version.gitMinor=36";

/// Without it helm would say that it is an unreleased one.
const HELM: &str = "-s -w -X helm.sh/helm/v4/internal/version.version=v4.3.1";
const HELM_3: &str = "-s -w -X helm.sh/helm/v3/internal/version.version=v3.22.0";

/// Program, module folder under `testbed/tools`, package, linker flags.
const PROGRAMS: [(&str, &str, &str, &str); 12] = [
    ("kube-apiserver", "kubernetes", "k8s.io/kubernetes/cmd/kube-apiserver", KUBERNETES),
    ("kube-controller-manager", "kubernetes", "k8s.io/kubernetes/cmd/kube-controller-manager", KUBERNETES),
    ("kube-scheduler", "kubernetes", "k8s.io/kubernetes/cmd/kube-scheduler", KUBERNETES),
    ("kubectl", "kubernetes", "k8s.io/kubernetes/cmd/kubectl", KUBERNETES),
    ("etcd", "etcd", "go.etcd.io/etcd/server/v3", "-s -w"),
    ("kwok", "kwok", "sigs.k8s.io/kwok/cmd/kwok", "-s -w"),
    ("sops", "sops", "github.com/getsops/sops/v3/cmd/sops", "-s -w"),
    ("age", "age", "filippo.io/age/cmd/age", "-s -w"),
    ("age-keygen", "age", "filippo.io/age/cmd/age-keygen", "-s -w"),
    ("helm", "helm", "helm.sh/helm/v4/cmd/helm", HELM),
    ("helm3", "helm3", "helm.sh/helm/v3/cmd/helm", HELM_3),
    ("actionlint", "actionlint", "github.com/rhysd/actionlint/cmd/actionlint", "-s -w"),
];

/// The API packages whose kinds get custom resource definitions.
const APIS: [&str; 8] = [
    "github.com/fluxcd/helm-controller/api/v2",
    "github.com/fluxcd/image-automation-controller/api/v1",
    "github.com/fluxcd/image-reflector-controller/api/v1",
    "github.com/fluxcd/kustomize-controller/api/v1",
    "github.com/fluxcd/notification-controller/api/v1",
    "github.com/fluxcd/notification-controller/api/v1beta3",
    "github.com/fluxcd/source-controller/api/v1",
    "github.com/fluxcd/source-watcher/api/v2/v1beta1",
];

/// Those of the oldest Flux that is supported.
const OLD_APIS: [&str; 8] = [
    "github.com/fluxcd/helm-controller/api/v2",
    "github.com/fluxcd/image-automation-controller/api/v1beta2",
    "github.com/fluxcd/image-reflector-controller/api/v1beta2",
    "github.com/fluxcd/kustomize-controller/api/v1",
    "github.com/fluxcd/notification-controller/api/v1",
    "github.com/fluxcd/notification-controller/api/v1beta3",
    "github.com/fluxcd/source-controller/api/v1",
    "github.com/fluxcd/source-controller/api/v1beta2",
];

/// Sets of definitions: name, module folder under `testbed/tools`, API packages.
const DEFINITIONS: [(&str, &str, [&str; 8]); 2] =
    [("crds", "flux-crds", APIS), ("old-crds", "flux-crds-old", OLD_APIS)];

/// Builds what is missing; says where each program is, and the definitions under `crds` and `old-crds`.
pub(crate) fn build() -> anyhow::Result<BTreeMap<&'static str, PathBuf>> {
    let mut places = BTreeMap::new();
    for (program, module, package, flags) in PROGRAMS {
        let folder = place(program, module, flags)?;
        if !folder.exists() {
            step(&format!("build {program}"), || {
                cache::fill(&folder, |draft| {
                    go(module, &["build", "-trimpath", "-ldflags", flags, "-o"], draft, program, package)
                })
            })?;
        }
        places.insert(program, folder.join(program));
    }
    for (name, module, apis) in DEFINITIONS {
        places.insert(name, definitions(name, module, &apis)?);
    }
    Ok(places)
}

/// Generates the definitions of the kinds in these packages, if they are missing.
fn definitions(name: &str, module: &str, apis: &[&str]) -> anyhow::Result<PathBuf> {
    let folder = place(name, module, &apis.join(" "))?;
    if !folder.exists() {
        step(&format!("generate the definitions of Flux's kinds ({module})"), || {
            cache::fill(&folder, |draft| {
                let generator = "sigs.k8s.io/controller-tools/cmd/controller-gen";
                go(module, &["build", "-trimpath", "-o"], draft, "controller-gen", generator)?;
                let mut generate = Command::new(draft.join("controller-gen"));
                generate.current_dir(root().join("testbed/tools").join(module)).arg("crd");
                generate.arg(format!("paths={}", apis.join(";"))).arg(format!("output:crd:dir={}", draft.display()));
                run(&mut generate)?;
                std::fs::remove_file(draft.join("controller-gen")).context("cannot remove the generator")
            })
        })?;
    }
    Ok(folder)
}

/// The accessibility checker of the browser tests, from npm with pinned sums; with its variable.
pub(crate) fn axe() -> anyhow::Result<(String, PathBuf)> {
    let sources = root().join("testbed/tools/axe");
    let lock = std::fs::read(sources.join("package-lock.json")).context("cannot read axe/package-lock.json")?;
    let folder = cache::folder("axe", &[&lock])?;
    if !folder.exists() {
        step("fetch axe-core", || {
            cache::fill(&folder, |draft| {
                for file in ["package.json", "package-lock.json"] {
                    std::fs::copy(sources.join(file), draft.join(file))?;
                }
                let quiet = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"];
                run(Command::new("npm").args(quiet).current_dir(draft))
            })
        })?;
    }
    Ok(("FANLIGHT_TOOL_AXE".to_owned(), folder.join("node_modules/axe-core/axe.min.js")))
}

/// The variables by which the testbed finds its programs.
pub(crate) fn variables() -> anyhow::Result<Vec<(String, PathBuf)>> {
    let name = |tool: &str| format!("FANLIGHT_TOOL_{}", tool.to_uppercase().replace('-', "_"));
    Ok(build()?.into_iter().map(|(tool, path)| (name(tool), path)).collect())
}

fn place(name: &str, module: &str, flags: &str) -> anyhow::Result<PathBuf> {
    let folder = root().join("testbed/tools").join(module);
    let read = |file: &str| std::fs::read(folder.join(file)).with_context(|| format!("cannot read {module}/{file}"));
    cache::folder(name, &[&read("go.mod")?, &read("go.sum")?, flags.as_bytes()])
}

fn go(module: &str, build: &[&str], draft: &std::path::Path, program: &str, package: &str) -> anyhow::Result<()> {
    let mut command = Command::new("go");
    command.current_dir(root().join("testbed/tools").join(module)).env("CGO_ENABLED", "0");
    run(command.args(build).arg(draft.join(program)).arg(package))
}
