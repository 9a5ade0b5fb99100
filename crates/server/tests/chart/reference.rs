//! docs/values.md and the list of known values, from the schema and the defaults.

use std::fmt::Write;

use anyhow::Context;
use fanlight_testbed::yaml;
use serde_json::Value;

use crate::helm::{as_written, chart, root};

/// One value.
struct Known {
    path: String,
    description: String,
    default: String,
    /// It holds others.
    is_group: bool,
    /// What is in it is named freely.
    is_free: bool,
}

fn walk(schema: &Value, defaults: &Value, above: &str, known: &mut Vec<Known>) {
    for (key, value) in schema["properties"].as_object().into_iter().flatten() {
        let path = format!("{above}{key}");
        let (is_object, is_group) = (value["type"] == "object", value.get("properties").is_some());
        let default = &defaults[key];
        known.push(Known {
            description: value["description"].as_str().unwrap_or_default().to_owned(),
            default: if default.is_null() || is_group { String::new() } else { format!("`{default}`") },
            is_group,
            is_free: is_object && !is_group,
            path: path.clone(),
        });
        walk(value, default, &format!("{path}."), known);
    }
}

fn known() -> anyhow::Result<Vec<Known>> {
    let schema = serde_json::from_str(&std::fs::read_to_string(chart().join("values.schema.json"))?)?;
    let defaults = yaml::documents(&std::fs::read_to_string(chart().join("values.yaml"))?)?;
    let mut known = Vec::new();
    walk(&schema, defaults.first().context("defaults")?, "", &mut known);
    Ok(known)
}

#[test]
fn the_values_are_documented_as_written() -> anyhow::Result<()> {
    let mut text = "# Values of the chart\n\nWritten from `charts/fanlight/values.schema.json`. What was there before: \
                    [Migrate from Weave GitOps](migrate-from-weave-gitops.md).\n\n| value | default | what it is |\n|---|---|---|\n"
        .to_owned();
    for Known { path, description, default, is_group, .. } in known()? {
        let name = if is_group { format!("**`{path}`**") } else { format!("`{path}`") };
        writeln!(text, "| {name} | {} | {description} |", default.replace('|', "\\|"))?;
    }
    as_written(&root().join("docs/values.md"), &text)
}

#[test]
fn the_known_values_are_those_of_the_schema_as_written() -> anyhow::Result<()> {
    let line = |value: Known| format!("{}{}\n", value.path, if value.is_free { ".*" } else { "" });
    let text: String = known()?.into_iter().map(line).collect();
    as_written(&chart().join("known-values.txt"), &text)
}

#[test]
fn every_default_is_in_the_schema() -> anyhow::Result<()> {
    let known = known()?;
    let defaults = yaml::documents(&std::fs::read_to_string(chart().join("values.yaml"))?)?;
    for key in defaults[0].as_object().context("defaults")?.keys() {
        anyhow::ensure!(known.iter().any(|value| value.path == *key), "{key}");
    }
    Ok(())
}

/// Whether each group that a schema knows has to be there; templates look into them.
fn demands_its_groups(schema: &Value) -> bool {
    let required = |key: &String| schema["required"].as_array().is_some_and(|keys| keys.iter().any(|one| one == key));
    let groups =
        schema["properties"].as_object().into_iter().flatten().filter(|(_, value)| value.get("properties").is_some());
    groups.into_iter().all(|(key, value)| required(key) && demands_its_groups(value))
}

#[test]
fn no_group_of_values_can_be_taken_away() -> anyhow::Result<()> {
    let schema: Value = serde_json::from_str(&std::fs::read_to_string(chart().join("values.schema.json"))?)?;
    anyhow::ensure!(demands_its_groups(&schema), "a group is not required");
    Ok(())
}
