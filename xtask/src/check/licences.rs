//! Every crate that we build on may be passed on with Fanlight.

use anyhow::{Context, bail};
use serde::Deserialize;
use serde_json::Value;
use spdx::{Expression, Licensee, ParseMode};

use crate::progress::{cargo, root};

/// The part of `deny.toml` that is read here.
#[derive(Deserialize)]
struct Deny {
    licenses: Licences,
}

#[derive(Deserialize)]
struct Licences {
    allow: Vec<String>,
}

pub(crate) fn check() -> anyhow::Result<()> {
    let deny = std::fs::read_to_string(root().join("deny.toml")).context("deny.toml")?;
    let allowed = allowed(&deny)?;
    let output = cargo(&["metadata", "--format-version", "1", "--locked"]).output()?;
    if !output.status.success() {
        bail!("cargo metadata: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    let metadata: Value = serde_json::from_slice(&output.stdout).context("cargo metadata")?;
    let crates = metadata["packages"].as_array().context("cargo metadata names no packages")?;
    let text = |package: &Value, field: &str| package[field].as_str().unwrap_or_default().to_owned();
    let wrong: Vec<_> = crates
        .iter()
        .map(|package| (text(package, "name"), text(package, "version"), text(package, "license")))
        .filter_map(|(name, version, licence)| Some(format!("{name} {version}: {}", flaw(&licence, &allowed)?)))
        .collect();
    if !wrong.is_empty() {
        bail!("deny.toml does not allow:\n{}", wrong.join("\n"));
    }
    Ok(())
}

fn allowed(deny: &str) -> anyhow::Result<Vec<Licensee>> {
    let deny: Deny = toml::from_str(deny).context("deny.toml")?;
    deny.licenses
        .allow
        .iter()
        .map(|name| Licensee::parse(name).with_context(|| format!("deny.toml allows “{name}”, which is no licence")))
        .collect()
}

/// Why a crate with this licence must not be used, if it must not.
fn flaw(licence: &str, allowed: &[Licensee]) -> Option<String> {
    if licence.is_empty() {
        return Some("names no licence".to_owned());
    }
    // Lax: old crates write `MIT/Apache-2.0`.
    match Expression::parse_mode(licence, ParseMode::LAX) {
        Err(error) => Some(format!("“{licence}” is no licence: {}", error.reason)),
        Ok(parsed) if parsed.evaluate(|asked| allowed.iter().any(|one| one.satisfies(asked))) => None,
        Ok(_) => Some(licence.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crate_may_be_used_if_one_way_to_read_its_licence_is_allowed() {
        let allowed =
            allowed("[licenses]\nallow = ['MIT', 'Apache-2.0', 'Apache-2.0 WITH LLVM-exception']").expect("a list");
        for good in ["MIT", "MIT/Apache-2.0", "MPL-2.0 OR MIT", "Apache-2.0 WITH LLVM-exception", "MIT AND Apache-2.0"]
        {
            assert_eq!(flaw(good, &allowed), None, "{good}");
        }
        for bad in [
            "",
            "MPL-2.0",
            "MIT AND MPL-2.0",
            "GPL-3.0-only",
            "AGPL-3.0",
            "the usual",
            "Apache-2.0 WITH GCC-exception-3.1",
        ] {
            assert!(flaw(bad, &allowed).is_some(), "{bad}");
        }
    }

    #[test]
    fn a_list_that_cannot_be_read_is_not_taken_for_an_empty_one() {
        assert!(allowed("[licenses]").is_err());
        assert!(allowed("[licenses]\nallow = ['MTI']").is_err());
    }
}
