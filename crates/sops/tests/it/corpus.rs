//! Documents with everything in them that is easily got wrong.

use fanlight_sops::{Format, Map, Value};

use crate::bench::Bench;

/// The nasty documents, each with the format it is in.
pub(crate) const NASTY: [(&str, Format); 2] =
    [(include_str!("corpus/nasty.yaml"), Format::Yaml), (include_str!("corpus/nasty.json"), Format::Json)];

/// Whether a document says the same as the JSON of the real sops, which tells no number with a fraction of zero from a
/// whole one.
pub(crate) fn assert_same(ours: &Map, theirs: &serde_json::Value) {
    assert_same_value("", &Value::Map(ours.clone()), theirs);
}

fn assert_same_value(place: &str, ours: &Value, theirs: &serde_json::Value) {
    use serde_json::Value as Json;
    let same = match (ours, theirs) {
        (Value::Null, Json::Null) => true,
        (Value::Bool(ours), Json::Bool(theirs)) => ours == theirs,
        (Value::Int(ours), Json::Number(theirs)) => theirs.as_i64() == Some(*ours),
        (Value::Float(ours), Json::Number(theirs)) => theirs.as_f64() == Some(*ours),
        (Value::Text(ours) | Value::Time(ours), Json::String(theirs)) => ours.as_str() == theirs,
        (Value::List(ours), Json::Array(theirs)) => {
            let each = ours.iter().zip(theirs).zip(0..);
            each.for_each(|((ours, theirs), item)| assert_same_value(&format!("{place}[{item}]"), ours, theirs));
            ours.len() == theirs.len()
        }
        (Value::Map(ours), Json::Object(theirs)) => {
            for (key, value) in ours.iter() {
                let theirs = theirs.get(key).unwrap_or_else(|| panic!("{place}.{key} is not theirs"));
                assert_same_value(&format!("{place}.{key}"), value, theirs);
            }
            ours.len() == theirs.len()
        }
        _ => false,
    };
    assert!(same, "{place}: {} and {theirs}", ours.kind());
}

/// What the real sops finds in a sealed file, as JSON.
pub(crate) fn opened_by_sops(bench: &Bench, keys: &std::path::Path, text: &str, format: Format) -> serde_json::Value {
    let ran = bench.sops(keys, &["decrypt", "--input-type", format.name(), "--output-type", "json"], text);
    assert!(ran.success, "{}\n{text}", ran.stderr);
    serde_json::from_str(&ran.stdout).unwrap()
}
