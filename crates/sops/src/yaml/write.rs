use zeroize::Zeroizing;

use super::scalar;
use crate::{
    limits::ROOM,
    value::{Map, Text, Value},
};

/// Spaces by which the children of a key stand further right.
const INDENT: usize = 4;

/// Writes a document in the style of sops.
pub(crate) fn write(map: &Map) -> Text {
    let mut out = Zeroizing::new(String::with_capacity(ROOM));
    if map.is_empty() {
        out.push_str("{}\n");
    } else {
        mapping(map, 0, &mut out);
    }
    out.into()
}

/// Writes entries, the first of them where the line already is.
fn mapping(map: &Map, column: usize, out: &mut String) {
    for (place, (key, value)) in map.iter().enumerate() {
        if place > 0 {
            indent(column, out);
        }
        scalar_text(key, out);
        out.push(':');
        match value {
            Value::Map(inner) if !inner.is_empty() => {
                out.push('\n');
                indent(column + INDENT, out);
                mapping(inner, column + INDENT, out);
            }
            Value::List(items) if !items.is_empty() => {
                out.push('\n');
                indent(column + INDENT, out);
                sequence(items, column + INDENT, out);
            }
            Value::Text(text) if suits_block(text.as_str()) => {
                out.push_str(" |\n");
                for line in text.as_str().lines() {
                    indent(column + INDENT, out);
                    out.push_str(line);
                    out.push('\n');
                }
            }
            leaf => {
                out.push(' ');
                scalar_value(leaf, out);
                out.push('\n');
            }
        }
    }
}

/// Writes items, the first of them where the line already is.
fn sequence(items: &[Value], column: usize, out: &mut String) {
    for (place, item) in items.iter().enumerate() {
        if place > 0 {
            indent(column, out);
        }
        out.push_str("- ");
        match item {
            Value::Map(inner) if !inner.is_empty() => mapping(inner, column + 2, out),
            Value::List(inner) if !inner.is_empty() => sequence(inner, column + 2, out),
            leaf => {
                scalar_value(leaf, out);
                out.push('\n');
            }
        }
    }
}

fn scalar_value(value: &Value, out: &mut String) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(truth) => out.push_str(if *truth { "true" } else { "false" }),
        Value::Int(number) => out.push_str(&number.to_string()),
        Value::Float(number) if number.is_nan() => out.push_str(".nan"),
        Value::Float(number) if number.is_infinite() => out.push_str(if *number > 0.0 { ".inf" } else { "-.inf" }),
        // Always with a point, so that it is not read as a whole number.
        Value::Float(number) => out.extend([format!("{number:?}")]),
        Value::Time(time) => out.push_str(time.as_str()),
        Value::Text(text) => scalar_text(text.as_str(), out),
        Value::List(_) => out.push_str("[]"),
        Value::Map(_) => out.push_str("{}"),
    }
}

fn scalar_text(text: &str, out: &mut String) {
    if is_plain(text) { out.push_str(text) } else { quoted(text, out) }
}

/// Whether a string may stand without quotes: only where no reader could take it for something else.
fn is_plain(text: &str) -> bool {
    let harmless = |byte: u8| byte.is_ascii_alphanumeric() || b"_-./+=@:,[]() ".contains(&byte);
    !scalar::is_ambiguous(text)
        && text.starts_with(|first: char| first.is_ascii_alphabetic() || "_/".contains(first))
        && text.bytes().all(harmless)
        && !text.contains(": ")
        && !text.ends_with([':', ' '])
}

/// Whether a string may be written as lines in a block, as the armour of age is.
fn suits_block(text: &str) -> bool {
    let harmless = |line: &str| {
        line.starts_with(|first: char| first.is_ascii_graphic())
            && line.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic())
            && !line.ends_with(' ')
    };
    text.strip_suffix('\n').is_some_and(|lines| lines.contains('\n') && lines.split('\n').all(harmless))
}

fn quoted(text: &str, out: &mut String) {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            // Breaks of lines and marks of order that readers treat each in their way.
            '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}' => escape(character, out),
            other if other.is_control() => escape(other, out),
            other => out.push(other),
        }
    }
    out.push('"');
}

fn escape(character: char, out: &mut String) {
    out.extend([format!("\\u{:04x}", u32::from(character))]);
}

fn indent(column: usize, out: &mut String) {
    out.extend(std::iter::repeat_n(' ', column));
}
