//! What of a specification is hidden before it is kept.

use std::hash::{BuildHasher, RandomState};

use fanlight_model::without_credentials;
use serde_json::{Map, Value};

use crate::manifest::MASK;

/// A value that is hidden: where it stood, and what tells it from another that stood there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Hidden {
    pub(crate) path: Box<str>,
    /// A hash that nobody outside this process can compute.
    mark: u64,
}

impl Hidden {
    pub(super) fn bytes(&self) -> usize {
        size_of::<Self>() + self.path.len()
    }
}

/// The value without what looks secret. What is hidden is added to `hidden`, by its place below `path`.
pub(super) fn masked(value: &Value, path: &str, seal: &RandomState, hidden: &mut Vec<Hidden>) -> Value {
    match value {
        Value::Object(map) => Value::Object(map_of(map, path, seal, hidden)),
        Value::Array(list) => {
            let entries = list.iter().enumerate();
            Value::Array(entries.map(|(place, one)| masked(one, &format!("{path}[{place}]"), seal, hidden)).collect())
        }
        Value::String(text) => Value::String(text_of(text, path, seal, hidden)),
        other => other.clone(),
    }
}

fn map_of(map: &Map<String, Value>, path: &str, seal: &RandomState, hidden: &mut Vec<Hidden>) -> Map<String, Value> {
    let is_secret = map.get("kind").is_some_and(|kind| kind == "Secret");
    // As containers have their variables: `name: DB_PASSWORD`, `value: …`.
    let names_secret = map.get("name").and_then(Value::as_str).is_some_and(looks_secret);
    let mut kept = Map::new();
    for (key, value) in map {
        let path = format!("{path}.{key}");
        let is_data = is_secret && matches!(&**key, "data" | "stringData");
        let hides = is_data || looks_secret(key) || (names_secret && key == "value");
        let value = if hides { mask(value, &path, seal, hidden) } else { masked(value, &path, seal, hidden) };
        kept.insert(key.clone(), value);
    }
    kept
}

/// Hides every text and number; what has none says nothing.
fn mask(value: &Value, path: &str, seal: &RandomState, hidden: &mut Vec<Hidden>) -> Value {
    match value {
        Value::Object(map) => {
            let entries = map.iter();
            let masked = entries.map(|(key, one)| (key.clone(), mask(one, &format!("{path}.{key}"), seal, hidden)));
            Value::Object(masked.collect())
        }
        Value::Array(list) => {
            let entries = list.iter().enumerate();
            Value::Array(entries.map(|(place, one)| mask(one, &format!("{path}[{place}]"), seal, hidden)).collect())
        }
        Value::Number(_) => hide(&value.to_string(), path, seal, hidden).into(),
        Value::String(text) if !text.is_empty() => hide(text, path, seal, hidden).into(),
        other => other.clone(),
    }
}

fn hide(text: &str, path: &str, seal: &RandomState, hidden: &mut Vec<Hidden>) -> String {
    hidden.push(Hidden { path: path.into(), mark: seal.hash_one(text) });
    MASK.to_owned()
}

/// A text may be an address with a password, a key, or a file of settings.
fn text_of(text: &str, path: &str, seal: &RandomState, hidden: &mut Vec<Hidden>) -> String {
    if text.contains("PRIVATE KEY") {
        return hide(text, path, seal, hidden);
    }
    let is_long = text.contains('\n');
    // How far the name was indented of which the lines below are the value.
    let mut below: Option<usize> = None;
    let mut lines = text.split('\n').enumerate().map(|(number, line)| {
        let path = if is_long { format!("{path}, line {}", number + 1) } else { path.to_owned() };
        let (indent, words) = line.split_at(line.len() - line.trim_start().len());
        if words.is_empty() {
            return line.to_owned();
        }
        if below.is_some_and(|outer| indent.len() > outer) {
            return indent.to_owned() + &hide(words, &path, seal, hidden);
        }
        below = None;
        let Some((name, value)) = secret_in(line) else { return without_credentials(line) };
        if matches!(value.trim_start().chars().next(), None | Some('|' | '>')) {
            below = Some(indent.len());
            return line.to_owned();
        }
        format!("{name} {}", hide(value.trim(), &path, seal, hidden))
    });
    let first = lines.next().unwrap_or_default();
    lines.fold(first, |all, line| all + "\n" + &line)
}

/// The line up to the first name of something secret, and what follows: `host=h password=`, `hunter2`.
fn secret_in(line: &str) -> Option<(&str, &str)> {
    let is_of_name = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-' | '.');
    line.match_indices([':', '=']).find_map(|(at, _)| {
        let before = line[..at].trim_end_matches(['"', '\'', ' ']);
        let name = before.rsplit(|letter| !is_of_name(letter)).next().unwrap_or_default();
        looks_secret(name).then(|| line.split_at(at + 1))
    })
}

/// Whether what has this name is usually secret: `db_password`, `apiKey`; not the name of a Secret, which is none.
fn looks_secret(name: &str) -> bool {
    const ENDS: [&str; 16] = [
        "password",
        "passwd",
        "passphrase",
        "pwd",
        "pass",
        "secret",
        "token",
        "apikey",
        "accesskey",
        "secretkey",
        "privatekey",
        "authkey",
        "credentials",
        "dsn",
        "connectionstring",
        "webhookurl",
    ];
    let plain: String = name.chars().filter(char::is_ascii_alphanumeric).map(|one| one.to_ascii_lowercase()).collect();
    ENDS.iter().any(|end| plain.ends_with(end)) && !plain.starts_with("existing")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_looks_secret_is_hidden_wherever_it_stands_and_nothing_else_is() {
        let values = json!({
            "replicas": 2,
            "db": {"user": "shop", "password": "hunter2", "existingSecret": "db-login", "port": 5432},
            "auth": {"apiKey": 12345, "tokens": ["plain"], "token": ["hunter2"], "credentials": {"a": "hunter2", "on": true}},
            "env": [{"name": "DB_PASSWORD", "value": "hunter2"}, {"name": "LOG_LEVEL", "value": "debug"}],
            "config": "level: debug\ndb_password: hunter2\nurl: https://u:hunter2@h.example/x\nkey:\n  token: |\n    hunter2\n\n    hunter2\n  mode: fast\n",
            "arguments": ["--token=hunter2", "--level=debug", "host=h user=u password=hunter2", "{\"secret\":\"hunter2\"}"],
            "url": "https://shop:hunter2@h.example/",
            "tls": "-----BEGIN PRIVATE KEY-----\nhunter2",
            "extra": [{"kind": "Secret", "stringData": {"anything": "hunter2"}}],
        });
        let mut hidden = Vec::new();
        let kept = masked(&values, "values", &RandomState::new(), &mut hidden).to_string();
        assert!(!kept.contains("hunter2") && !kept.contains("12345"), "{kept}");
        for stays in [
            "db-login",
            "mode: fast",
            "--level=debug",
            "host=h user=u",
            "5432",
            "plain",
            "debug",
            "https://h.example/",
            "\"replicas\":2",
            "LOG_LEVEL",
        ] {
            assert!(kept.contains(stays), "{stays}: {kept}");
        }
        let mut paths: Vec<_> = hidden.iter().map(|one| &*one.path).collect();
        paths.sort_unstable();
        assert_eq!(
            paths,
            [
                "values.arguments[0]",
                "values.arguments[2]",
                "values.arguments[3]",
                "values.auth.apiKey",
                "values.auth.credentials.a",
                "values.auth.token[0]",
                "values.config, line 2",
                "values.config, line 6",
                "values.config, line 8",
                "values.db.password",
                "values.env[0].value",
                "values.extra[0].stringData.anything",
                "values.tls",
            ]
        );
    }

    #[test]
    fn that_a_hidden_value_is_another_shows_without_showing_which() {
        let seal = RandomState::new();
        let mark = |password: &str| {
            let mut hidden = Vec::new();
            masked(&json!({"password": password}), "values", &seal, &mut hidden);
            hidden
        };
        assert_eq!(mark("one"), mark("one"));
        assert_ne!(mark("one"), mark("two"));
    }
}
