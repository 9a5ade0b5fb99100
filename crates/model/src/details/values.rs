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
    /// Whether its content goes to the target as it is, without what Helm reads in `--set`.
    pub literal: bool,
}

impl ValuesFrom {
    pub(super) fn read(entry: &Value) -> Option<Self> {
        let key = text(&entry["valuesKey"]);
        let target = text(&entry["targetPath"]);
        Some(Self {
            kind: entry["kind"].as_str()?.to_owned(),
            name: entry["name"].as_str()?.to_owned(),
            key: if key.is_empty() { "values.yaml" } else { key }.to_owned(),
            target: target.to_owned(),
            optional: entry["optional"] == true,
            // Whole sets of values are YAML whatever is said.
            literal: entry["literal"] == true && !target.is_empty(),
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
        assert!(!read.literal);
        let literal = |entry: &Value| ValuesFrom::read(entry).expect("one").literal;
        assert!(literal(&json!({"kind": "ConfigMap", "name": "a", "targetPath": "file", "literal": true})));
        assert!(
            !literal(&json!({"kind": "ConfigMap", "name": "a", "literal": true})),
            "of a whole set it means nothing"
        );
        for odd in [json!(null), json!({}), json!({"kind": "ConfigMap"}), json!(7)] {
            assert_eq!(ValuesFrom::read(&odd), None);
        }
    }
}
