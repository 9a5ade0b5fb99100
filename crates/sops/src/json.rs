//! The JSON that sops files are written in: an object whose keys keep their order.

use std::{collections::HashSet, fmt};

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{Error as _, MapAccess, SeqAccess, Visitor},
    ser::{SerializeMap, SerializeSeq},
};
use serde_json::ser::PrettyFormatter;

use crate::{
    error::SyntaxError,
    limits::{DEPTH, LENGTH, ROOM},
    value::{Map, Text, Value},
};

/// Reads a document, whose root must be an object.
pub(crate) fn read(text: &str) -> Result<Map, SyntaxError> {
    if text.len() > LENGTH {
        return Err(SyntaxError::TooLong);
    }
    let root: Value = serde_json::from_str(text).map_err(|error| SyntaxError::Json {
        line: error.line(),
        column: error.column(),
        what: match error.classify() {
            serde_json::error::Category::Eof => "it ends too early",
            serde_json::error::Category::Data => "a key stands twice",
            _ => "not JSON",
        },
    })?;
    let Value::Map(map) = root else { return Err(SyntaxError::NotMapping { kind: root.kind() }) };
    if map.iter().any(|(_, value)| is_deeper_than(DEPTH - 1, value)) {
        return Err(SyntaxError::TooDeep);
    }
    Ok(map)
}

/// Writes a document in the style of sops.
pub(crate) fn write(map: &Map) -> Text {
    let mut out = Vec::with_capacity(ROOM);
    let mut writer = serde_json::Serializer::with_formatter(&mut out, PrettyFormatter::with_indent(b"\t"));
    // Writing to memory does not fail, nor does a key: each is a string.
    let written = map.serialize(&mut writer);
    debug_assert!(written.is_ok());
    out.push(b'\n');
    String::from_utf8(out).unwrap_or_default().into()
}

fn is_deeper_than(levels: usize, value: &Value) -> bool {
    let deeper = |inner: &Value| levels == 0 || is_deeper_than(levels - 1, inner);
    match value {
        Value::List(list) => list.iter().any(deeper),
        Value::Map(map) => map.iter().any(|(_, inner)| deeper(inner)),
        _ => false,
    }
}

impl Serialize for Map {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.len()))?;
        for (key, value) in self.iter() {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(truth) => serializer.serialize_bool(*truth),
            Self::Int(number) => serializer.serialize_i64(*number),
            Self::Float(number) => serializer.serialize_f64(*number),
            Self::Text(text) | Self::Time(text) => serializer.serialize_str(text.as_str()),
            Self::List(list) => {
                let mut items = serializer.serialize_seq(Some(list.len()))?;
                for item in list {
                    items.serialize_element(item)?;
                }
                items.end()
            }
            Self::Map(map) => map.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyValue)
    }
}

struct AnyValue;

impl<'de> Visitor<'de> for AnyValue {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, truth: bool) -> Result<Value, E> {
        Ok(Value::Bool(truth))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(Value::Int(number))
    }

    #[expect(clippy::cast_precision_loss, reason = "sops does the same with what does not fit an integer")]
    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        Ok(i64::try_from(number).map_or(Value::Float(number as f64), Value::Int))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Value, E> {
        Ok(Value::Float(number))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::from(text))
    }

    fn visit_string<E>(self, text: String) -> Result<Value, E> {
        Ok(Value::from(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Value::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        let mut seen = HashSet::new();
        while let Some((key, value)) = entries.next_entry::<String, Value>()? {
            if !seen.insert(key.clone()) {
                return Err(A::Error::custom("a key stands twice"));
            }
            map.push(key, value);
        }
        Ok(Value::Map(map))
    }
}
