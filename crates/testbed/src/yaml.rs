//! Reading YAML.

use anyhow::anyhow;
use serde_json::Value;

/// The documents of some YAML, without the empty ones.
pub fn documents(text: &str) -> anyhow::Result<Vec<Value>> {
    let all: Vec<Value> = serde_saphyr::from_multiple(text).map_err(|error| anyhow!("{error}"))?;
    Ok(all.into_iter().filter(|document| !document.is_null()).collect())
}
