//! What of a specification is hidden before it is kept.

mod text;

use std::{
    collections::HashMap,
    fmt,
    hash::{BuildHasher, RandomState},
};

use fanlight_model::cut;
use serde_json::{Map, Value};

use crate::manifest::MASK;
use text::text_of;

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

/// What was hidden so far.
pub(super) struct Hiding<'a> {
    seal: &'a RandomState,
    kept: Vec<Hidden>,
    /// Where each path is among them.
    places: HashMap<Box<str>, usize>,
}

impl<'a> Hiding<'a> {
    /// How many are told apart.
    const MOST: usize = 256;
    /// What is beyond them is told together, as are those whose paths are too long to differ.
    const OTHERS: &'static str = "all others";

    pub(super) fn new(seal: &'a RandomState) -> Self {
        Self { seal, kept: Vec::new(), places: HashMap::new() }
    }

    pub(super) fn end(self) -> Vec<Hidden> {
        self.kept
    }

    fn hide(&mut self, text: &str, path: &str) -> String {
        let has_room = self.kept.len() + 1 < Self::MOST;
        let path = if has_room || self.places.contains_key(path) { path } else { Self::OTHERS };
        if let Some(place) = self.places.get(path) {
            let before = &mut self.kept[*place];
            before.mark = self.seal.hash_one((before.mark, text));
        } else {
            self.places.insert(path.into(), self.kept.len());
            self.kept.push(Hidden { path: path.into(), mark: self.seal.hash_one(text) });
        }
        MASK.to_owned()
    }
}

/// The value without what looks secret. What is hidden is noted, by its place below `path`.
pub(super) fn masked(value: &Value, path: &str, hiding: &mut Hiding<'_>) -> Value {
    match value {
        Value::Object(map) => Value::Object(map_of(map, path, hiding)),
        Value::Array(list) => Value::Array(list_of(list, path, hiding)),
        Value::String(text) => Value::String(text_of(text, path, hiding)),
        other => other.clone(),
    }
}

fn map_of(map: &Map<String, Value>, path: &str, hiding: &mut Hiding<'_>) -> Map<String, Value> {
    let is_secret = map.get("kind").is_some_and(|kind| kind == "Secret");
    // As containers have their variables: `name: DB_PASSWORD`, `value: …`; and patches what they change, by its `path`.
    let names = ["name", "path"].iter().filter_map(|field| map.get(*field)?.as_str());
    let names_secret = names.into_iter().any(looks_secret);
    let mut kept = Map::new();
    for (key, value) in map {
        let path = of(path, key);
        let is_data = is_secret && matches!(&**key, "data" | "stringData");
        // Lists of that name are of names, as a rule.
        let are_secrets = value.is_object() && key.strip_suffix(['s', 'S']).is_some_and(looks_secret);
        let hides = is_data || are_secrets || looks_secret(key) || (names_secret && key == "value");
        let value = if hides { mask(value, &path, hiding) } else { masked(value, &path, hiding) };
        kept.insert(key.clone(), value);
    }
    kept
}

/// Arguments may have their value in the next one: `--password`, `hunter2`.
fn list_of(list: &[Value], path: &str, hiding: &mut Hiding<'_>) -> Vec<Value> {
    let mut is_value = false;
    let entries = list.iter().enumerate().map(|(place, one)| {
        let path = at(path, place);
        let hides = is_value && !one.is_object() && !one.is_array();
        is_value = one.as_str().is_some_and(asks_for_secret);
        if hides { mask(one, &path, hiding) } else { masked(one, &path, hiding) }
    });
    entries.collect()
}

/// Hides every text and number; what has none says nothing.
fn mask(value: &Value, path: &str, hiding: &mut Hiding<'_>) -> Value {
    match value {
        Value::Object(map) => {
            let entries = map.iter();
            Value::Object(entries.map(|(key, one)| (key.clone(), mask(one, &of(path, key), hiding))).collect())
        }
        Value::Array(list) => {
            let entries = list.iter().enumerate();
            Value::Array(entries.map(|(place, one)| mask(one, &at(path, place), hiding)).collect())
        }
        Value::Number(_) => hiding.hide(&value.to_string(), path).into(),
        Value::String(text) if !text.is_empty() => hiding.hide(text, path).into(),
        other => other.clone(),
    }
}

/// The path of what a map has by this name.
fn of(path: &str, key: &str) -> String {
    const KEY: usize = 64;
    below(path, format_args!(".{}", cut(key, KEY)))
}

/// The path of what a list has at this place.
fn at(path: &str, place: usize) -> String {
    below(path, format_args!("[{place}]"))
}

/// A path, no longer than is worth keeping: names may be as long as objects, and there may be as many places below each.
fn below(path: &str, next: fmt::Arguments<'_>) -> String {
    const PATH: usize = 256;
    // What is cut may be a letter shorter than allowed.
    let is_full = path.len() + char::MAX_LEN_UTF8 > PATH;
    if is_full { path.to_owned() } else { cut(&format!("{path}{next}"), PATH) }
}

/// Whether an argument says that the next one is secret: `--password`.
fn asks_for_secret(word: &str) -> bool {
    word.starts_with('-') && !word.contains(['=', ' ', '\n']) && looks_secret(word)
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

    fn masked_whole(values: &Value) -> (String, Vec<Hidden>) {
        let seal = RandomState::new();
        let mut hiding = Hiding::new(&seal);
        let kept = masked(values, "values", &mut hiding).to_string();
        (kept, hiding.end())
    }

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
        let (kept, hidden) = masked_whole(&values);
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
    fn however_a_secret_is_written_it_is_hidden_and_what_stands_beside_it_is_not() {
        for values in [
            json!("password: \"aaa\n  hunter2\"\nmode: stays"),
            json!("token:\n- hunter2\n- a: hunter2\n  b: hunter2\nmode: stays"),
            json!("- token: hunter2\n  mode: stays\n- name: b"),
            json!("- token:\n  - hunter2\n- mode: stays"),
            json!("token: # for x\n  hunter2\nmode: stays"),
            json!("token: |2-\n  hunter2\nmode: stays"),
            json!("password=|hunter2\nmode=stays"),
            json!("{\n  \"token\": {\n    \"a\": \"hunter2\"\n  },\n  \"mode\": \"stays\"\n}"),
            json!("x:\n  passwords:\n    a:\n    - hunter2\n  mode: stays"),
            json!("imagePullSecrets:\n  - name: stays\nsecrets:\n- stays"),
            json!("run --mode stays --password hunter2"),
            json!("run --mode stays --password hunter2 --level=debug"),
            json!({"args": ["--password", "hunter2", "--mode", "stays"]}),
            json!("args:\n- --password\n- hunter2\n- --mode=stays"),
            json!("args:\n  - --mode=stays\n  - \"--password\"\n  - |\n    - hunter2\n    hunter2\n  - --level=debug"),
            json!("- --password\n- hunter2\nmode: stays"),
            json!("- mode: stays\n  args:\n  - --token\n  - hunter2\n  image: a"),
            json!("args: [\"--mode\", \"stays\", \"--password\", \"hunter2\"]"),
            json!("mode: stays\nargs: [\"--password\",\"hunter2\"]"),
            json!("mode: stays\nargs: [--password,hunter2]"),
            json!("mode: stays\n{\"args\":[\"--password\",\"hunter2\"]}"),
            json!("- --password # of the shop\n- hunter2\n- stays"),
            json!("{\n  \"args\": [\n    \"--password\",\n    \"hunter2\",\n    \"stays\"\n  ]\n}"),
            json!({"args": ["-token", 48_151_623, "stays"]}),
            json!({"passwords": {"a": "hunter2"}, "secrets": {"a": {"b": ["hunter2"]}}, "mode": "stays"}),
            json!({"imagePullSecrets": [{"name": "stays"}], "secrets": ["stays"], "maxTokens": 5}),
            json!("amqp://u:hunter2@stays,amqp://u:hunter2@h2"),
            json!("urls: amqp://u:hunter2@stays amqp://u:hunter2@h2"),
        ] {
            let (kept, _) = masked_whole(&values);
            let is_hidden = !kept.contains("hunter2") && !kept.contains("48151623");
            assert!(is_hidden && kept.contains("stays"), "{values}\n{kept}");
        }
    }

    #[test]
    fn that_a_hidden_value_is_another_shows_without_showing_which() {
        let seal = RandomState::new();
        let mark = |password: &str| {
            let mut hiding = Hiding::new(&seal);
            masked(&json!({"password": password}), "values", &mut hiding);
            hiding.end()
        };
        assert_eq!(mark("one"), mark("one"));
        assert_ne!(mark("one"), mark("two"));
    }

    #[test]
    fn however_long_names_and_lists_are_little_is_kept_of_where_they_are_and_any_change_shows() {
        let seal = RandomState::new();
        let hidden = |last: usize| {
            let mut list: Vec<_> = (0..10_000).collect();
            list[9_999] = last;
            let lines = "password: a\n".repeat(10_000);
            let values = json!({"é".repeat(50_000): {"password": list, "text": lines}, "list": {"token": list}});
            let mut hiding = Hiding::new(&seal);
            masked(&values, "values", &mut hiding);
            hiding.end()
        };
        let before = hidden(1);
        assert_eq!((before.len(), &*before[255].path), (Hiding::MOST, Hiding::OTHERS));
        assert!(before.iter().all(|one| one.path.len() < 128), "{:?}", before[0]);
        assert_eq!(before, hidden(1));
        assert_ne!(before[255], hidden(2)[255]);
    }

    #[test]
    fn values_whose_paths_are_too_long_to_differ_are_told_together() {
        let seal = RandomState::new();
        let hidden = |last: &str| {
            let mut values = json!({"token": ["hunter2", last], "tokens": {}});
            for _ in 0..20 {
                values = json!({"k".repeat(100): values});
            }
            let mut hiding = Hiding::new(&seal);
            masked(&values, "values", &mut hiding);
            hiding.end()
        };
        let before = hidden("one");
        assert!(before.len() == 1 && before[0].path.len() <= 256, "{before:?}");
        assert_ne!(before, hidden("two"));
    }

    #[test]
    fn in_texts_variables_and_secrets_are_hidden_as_they_are_where_they_stand_as_themselves() {
        let texts = json!({
            "patch": "- name: DB_PASSWORD\n  value: hunter2\n- name: LEVEL\n  value: debug\n",
            "sorted": "data:\n  any: hunter2\nkind: Secret\nmetadata:\n  name: login\n",
            "plain": "data:\n  any: stays\nkind: ConfigMap\n",
            "arguments": "- --password\n# of the shop\n- hunter2\n",
            "operations": [{"op": "replace", "path": "/spec/values/password", "value": "hunter2"}],
        });
        let (kept, _) = masked_whole(&texts);
        assert!(!kept.contains("hunter2"), "{kept}");
        assert!(kept.contains("debug") && kept.contains("stays") && kept.contains("login"), "{kept}");
    }

    #[test]
    fn a_line_of_a_megabyte_takes_no_longer_than_its_length() {
        let line = r#"{"title": "a panel", "targets": [1, 2, 3]}, "#.repeat(25_000);
        let begun = std::time::Instant::now();
        masked_whole(&json!({"dashboard": line}));
        assert!(begun.elapsed().as_secs() < 20, "{:?}", begun.elapsed());
    }
}
