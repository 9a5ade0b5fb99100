//! What a plain scalar means, by the rules of the YAML library that sops is built with: YAML 1.2 with remains of 1.1.

use std::sync::LazyLock;

use regex::Regex;

use crate::{time, value::Value};

#[expect(clippy::unwrap_used, reason = "the pattern is fixed")]
static FLOAT: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$").unwrap());

/// What a plain scalar stands for.
pub(super) enum Meaning {
    /// A value.
    Value(Value),
    /// The sign that merges another mapping in.
    Merge,
    /// A whole number that is too large for the 64 bits of an integer.
    TooLarge,
}

/// Reads a plain scalar.
pub(super) fn meaning(text: &str) -> Meaning {
    Meaning::Value(match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        ".nan" | ".NaN" | ".NAN" => Value::Float(f64::NAN),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => Value::Float(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => Value::Float(f64::NEG_INFINITY),
        "<<" => return Meaning::Merge,
        _ => match text.as_bytes()[0] {
            b'.' if FLOAT.is_match(text) => float(text, text),
            b'0'..=b'9' | b'+' | b'-' => return number_or_time(text),
            _ => Value::from(text),
        },
    })
}

/// Whether a string must be quoted lest this reader or an older one takes it for something else.
pub(super) fn is_ambiguous(text: &str) -> bool {
    let old_truth = matches!(
        text,
        "y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" | "n" | "N" | "no" | "No" | "NO" | "off" | "Off" | "OFF"
    );
    // Numbers to base 60, and all else that begins like a number, are quoted without looking closer.
    let like_number = text.starts_with(|first: char| first.is_ascii_digit() || "+-.".contains(first));
    old_truth || like_number || !matches!(meaning(text), Meaning::Value(Value::Text(_)))
}

fn number_or_time(text: &str) -> Meaning {
    if let Some(time) = time::from_yaml(text) {
        return Meaning::Value(Value::Time(time.as_str().into()));
    }
    let digits = text.replace('_', "");
    match integer(&digits) {
        Integer::Is(number) => Meaning::Value(Value::Int(number)),
        Integer::TooLarge => Meaning::TooLarge,
        Integer::IsNot if FLOAT.is_match(&digits) => Meaning::Value(float(&digits, text)),
        Integer::IsNot => Meaning::Value(Value::from(text)),
    }
}

fn float(digits: &str, text: &str) -> Value {
    match digits.parse::<f64>() {
        Ok(number) if number.is_finite() => Value::Float(number),
        // Too large for a number: it stays a string.
        _ => Value::from(text),
    }
}

enum Integer {
    Is(i64),
    TooLarge,
    IsNot,
}

fn integer(text: &str) -> Integer {
    let (minus, unsigned) = match text.as_bytes() {
        [b'-', ..] => (true, &text[1..]),
        [b'+', ..] => (false, &text[1..]),
        _ => (false, text),
    };
    let (base, digits) = match unsigned.as_bytes() {
        [b'0', b'x' | b'X', ..] => (16, &unsigned[2..]),
        [b'0', b'o' | b'O', ..] => (8, &unsigned[2..]),
        [b'0', b'b' | b'B', ..] => (2, &unsigned[2..]),
        // A leading zero means base 8, as in YAML 1.1.
        [b'0', _, ..] => (8, &unsigned[1..]),
        _ => (10, unsigned),
    };
    if digits.is_empty() || !digits.chars().all(|digit| digit.is_digit(base)) {
        return Integer::IsNot;
    }
    let signed = if minus { format!("-{digits}") } else { digits.to_owned() };
    match i64::from_str_radix(&signed, base) {
        Ok(number) => Integer::Is(number),
        Err(_) if !minus && u64::from_str_radix(digits, base).is_ok() => Integer::TooLarge,
        // Further away still, it has become a number with a fraction or a string.
        Err(_) => Integer::IsNot,
    }
}
