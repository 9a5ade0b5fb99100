//! The chart's values, from files and flags.

use std::{fs, path::PathBuf};

use anyhow::{Context, bail};
use serde_json::{Map, Value};

/// Reads value files and lays them over one another: the later one wins, maps are merged.
pub(super) fn read(files: &[PathBuf]) -> anyhow::Result<Value> {
    let mut all = Value::Object(Map::new());
    for file in files {
        let name = file.display();
        let text = fs::read_to_string(file).with_context(|| format!("cannot read the values {name}"))?;
        // The parser's words may quote a value: a file may hold a password.
        let values: Value = serde_saphyr::from_str(&text).map_err(|error| {
            let place = error.location().map(|place| format!(" (line {}, column {})", place.line(), place.column()));
            anyhow::anyhow!("the values {name} are no YAML{}", place.unwrap_or_default())
        })?;
        match values {
            Value::Null => {}
            Value::Object(_) => merge(&mut all, values),
            _ => bail!("the values {name} are no map"),
        }
    }
    Ok(all)
}

/// Lays `over` over what is below: maps are merged, everything else is replaced.
pub(super) fn merge(below: &mut Value, over: Value) {
    match (below, over) {
        (Value::Object(below), Value::Object(over)) => {
            for (key, value) in over {
                merge(below.entry(key).or_insert(Value::Null), value);
            }
        }
        (below, over) => *below = over,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn maps_are_merged_and_all_else_is_replaced() {
        let mut below =
            json!({"adminUser": {"create": true, "username": "admin"}, "additionalArgs": ["--a"], "kept": 1});
        merge(
            &mut below,
            json!({"adminUser": {"username": "ops"}, "additionalArgs": ["--b"], "service": {"port": 80}}),
        );
        assert_eq!(
            below,
            json!({"adminUser": {"create": true, "username": "ops"}, "additionalArgs": ["--b"], "kept": 1,
                "service": {"port": 80}})
        );
    }
}
