use serde_json::Value;

use super::reading::text;

/// A reference of a HelmRelease to a ConfigMap or Secret with values. Absent texts are empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValuesFrom {
    /// `ConfigMap` or `Secret`.
    pub kind: String,
    /// Its name; its namespace is the release's.
    pub name: String,
    /// The key in it.
    pub key: String,
    /// Where in the values its content goes; empty if it is a whole set of values.
    pub target: String,
    /// Whether it may be missing.
    pub optional: bool,
}

impl ValuesFrom {
    pub(super) fn read(entry: &Value) -> Option<Self> {
        let key = text(&entry["valuesKey"]);
        Some(Self {
            kind: entry["kind"].as_str()?.to_owned(),
            name: entry["name"].as_str()?.to_owned(),
            key: if key.is_empty() { "values.yaml" } else { key }.to_owned(),
            target: text(&entry["targetPath"]).to_owned(),
            optional: entry["optional"] == true,
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_key_is_that_of_the_controller_where_none_is_given() {
        let read =
            ValuesFrom::read(&json!({"kind": "Secret", "name": "db", "targetPath": "db.password"})).expect("one");
        assert_eq!((&*read.key, &*read.target, read.optional), ("values.yaml", "db.password", false));
        for odd in [json!(null), json!({}), json!({"kind": "ConfigMap"}), json!(7)] {
            assert_eq!(ValuesFrom::read(&odd), None);
        }
    }
}
