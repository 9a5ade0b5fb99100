//! Which crate may use which: the table that keeps the arrows pointing inward.

use anyhow::{Context, bail};
use serde_json::Value;

use crate::progress::cargo;

/// Each crate of the workspace with the crates of the workspace that it may use outside tests.
const LAYERS: [(&str, &[&str]); 12] = [
    ("fanlight-model", &[]),
    ("fanlight-cluster", &["fanlight-model"]),
    ("fanlight-live", &["fanlight-model"]),
    ("fanlight-identity", &["fanlight-model"]),
    ("fanlight-web", &["fanlight-identity", "fanlight-live", "fanlight-model"]),
    ("fanlight-server", &["fanlight-cluster", "fanlight-identity", "fanlight-live", "fanlight-model", "fanlight-web"]),
    ("fanlight-sops", &[]),
    ("fanlight-breakglass", &["fanlight-cluster", "fanlight-sops"]),
    ("fanlight-cli", &["fanlight-breakglass", "fanlight-cluster", "fanlight-identity", "fanlight-model"]),
    ("fanlight-testbed", &["fanlight-identity", "fanlight-model"]),
    ("fanlight-packaging", &[]),
    ("xtask", &[]),
];

/// Crates from elsewhere that only some of ours may use.
const RESERVED: [(&str, &[&str]); 8] = [
    ("age", &["fanlight-sops"]),
    ("axum", &["fanlight-web"]),
    ("askama", &["fanlight-web"]),
    ("kube", &["fanlight-cluster", "fanlight-testbed"]),
    ("k8s-openapi", &["fanlight-cluster", "fanlight-testbed"]),
    ("openidconnect", &["fanlight-identity"]),
    ("reqwest", &["fanlight-identity", "fanlight-testbed"]),
    ("bcrypt", &["fanlight-identity", "fanlight-testbed"]),
];

pub(crate) fn check() -> anyhow::Result<()> {
    let output = cargo(&["metadata", "--format-version", "1", "--no-deps"]).output()?;
    let metadata: Value = serde_json::from_slice(&output.stdout).context("cargo metadata")?;
    let mut wrong = Vec::new();
    for package in metadata["packages"].as_array().into_iter().flatten() {
        let name = package["name"].as_str().unwrap_or_default();
        let Some((_, allowed)) = LAYERS.iter().find(|(layer, _)| *layer == name) else {
            wrong.push(format!("{name} has no line in the table of layers"));
            continue;
        };
        let used = package["dependencies"].as_array().into_iter().flatten();
        for used in used.filter(|used| used["kind"].is_null()).filter_map(|used| used["name"].as_str()) {
            let ours = LAYERS.iter().any(|(layer, _)| *layer == used);
            let reserved = RESERVED.iter().find(|(outside, _)| *outside == used);
            if (ours && !allowed.contains(&used)) || reserved.is_some_and(|(_, users)| !users.contains(&name)) {
                wrong.push(format!("{name} must not use {used}"));
            }
        }
    }
    if !wrong.is_empty() {
        bail!("{}", wrong.join("\n"));
    }
    Ok(())
}
