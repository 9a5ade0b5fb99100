//! Which leaves are encrypted, here and there.

use fanlight_sops::{EncryptError, Format, Map, Selection, Value, decrypt, encrypt};

use crate::{
    bench::{Bench, NOW},
    corpus::{assert_same, opened_by_sops},
};

const DOCUMENT: &str = "\
data: {a: one, b: 2}
stringData:
  - x: {data_encrypted: y}
  - true
token: secret
Token: other
note_unencrypted: {deep: 1.5, deeper: [2026-01-02T03:04:05Z, null, \"\"]}
name_encrypted: {deep: z}
\"dotted.token\": q
größe: w
";

/// Each way to say it, and some regular expressions that Go and Rust could read differently.
const RULES: [&str; 14] = [
    "",
    "encrypted_regex: ^(data|stringData)$",
    "encrypted_regex: data",
    "encrypted_regex: (?i)TOKEN",
    "encrypted_regex: ^gr\\w+e$",
    "encrypted_regex: '[[d]ata'",
    "unencrypted_regex: ^note",
    "unencrypted_regex: '^\\S+e$'",
    "encrypted_suffix: _encrypted",
    "unencrypted_suffix: _unencrypted",
    "unencrypted_suffix: token",
    "encrypted_regex: token\n    mac_only_encrypted: true",
    "unencrypted_regex: token\n    mac_only_encrypted: true",
    "encrypted_regex: ''\n    encrypted_suffix: ''",
];

/// The paths of the leaves that are encrypted.
fn encrypted(map: &Map) -> Vec<String> {
    fn walk(place: &str, value: &Value, found: &mut Vec<String>) {
        match value {
            Value::Map(map) => map.iter().for_each(|(key, value)| walk(&format!("{place}/{key}"), value, found)),
            Value::List(list) => {
                list.iter().zip(0..).for_each(|(value, item)| walk(&format!("{place}/{item}"), value, found));
            }
            Value::Text(text) if text.as_str().starts_with("ENC[") => found.push(place.to_owned()),
            _ => {}
        }
    }
    let mut found = Vec::new();
    map.iter().filter(|(key, _)| *key != "sops").for_each(|(key, value)| walk(key, value, &mut found));
    found
}

#[test]
fn each_selector_encrypts_the_same_leaves_here_as_in_sops() {
    let bench = Bench::new();
    let pair = bench.pair("one");
    for rule in RULES {
        bench.policy(&format!("creation_rules:\n  - age: {}\n    {rule}\n", pair.recipient));
        let theirs = bench.sops(&pair.file, &["encrypt", "--filename-override", "x.yaml"], DOCUMENT);
        assert!(theirs.success, "{rule}: {}", theirs.stderr);
        let tree = Format::Yaml.read(DOCUMENT).unwrap();
        let ours = bench.seal(&tree, &bench.rule("x.yaml"), Selection::OfRule, Format::Yaml);
        let leaves = |text: &str| encrypted(&Format::Yaml.read(text).unwrap());
        assert_eq!(leaves(&ours), leaves(&theirs.stdout), "{rule}");

        for text in [&ours, &theirs.stdout] {
            let opened = decrypt(text, Format::Yaml, &bench.identities(&pair.file)).unwrap();
            assert_eq!(opened.tree, tree, "{rule}");
            assert_same(&tree, &opened_by_sops(&bench, &pair.file, text, Format::Yaml));
        }
    }
}

#[test]
fn what_stands_in_clear_or_is_empty_is_named() {
    let bench = Bench::new();
    let pair = bench.pair("one");
    bench.policy(&format!("creation_rules:\n  - age: {}\n    encrypted_regex: token\n", pair.recipient));
    let tree =
        Format::Yaml.read("a: {token: x, b: [y, {token: z}]}\nempty: {token: '', other: {}, list: []}\n").unwrap();
    let text = bench.seal(&tree, &bench.rule("x.yaml"), Selection::OfRule, Format::Yaml);
    let opened = decrypt(&text, Format::Yaml, &bench.identities(&pair.file)).unwrap();
    let clear: Vec<String> = opened.clear.iter().map(ToString::to_string).collect();
    assert_eq!(clear, ["a.b[0]", "empty.token", "empty.other", "empty.list"]);
}

#[test]
fn files_in_which_comments_decide_are_read() {
    let bench = Bench::new();
    let pair = bench.pair("one");
    let document = "a: one # seal\n# seal\nb:\n  c: two\nd: three\ne:\n  # seal\n  - four\n  - five\n";
    for rule in ["encrypted_comment_regex: seal", "unencrypted_comment_regex: seal"] {
        bench.policy(&format!("creation_rules:\n  - age: {}\n    {rule}\n", pair.recipient));
        let theirs = bench.sops(&pair.file, &["encrypt", "--filename-override", "x.yaml"], document);
        assert!(theirs.success, "{}", theirs.stderr);
        let opened = decrypt(&theirs.stdout, Format::Yaml, &bench.identities(&pair.file)).unwrap();
        assert_eq!(opened.tree, Format::Yaml.read(document).unwrap());
        assert!(!opened.clear.is_empty());

        let rule = bench.rule("x.yaml");
        let refused = encrypt(
            &opened.tree,
            &rule,
            Selection::OfRule,
            Format::Yaml,
            NOW.parse().unwrap(),
            &bench.surroundings(&[]),
        );
        assert!(matches!(refused, Err(EncryptError::Comments(_))));
        bench.seal(&opened.tree, &rule, Selection::Everything, Format::Yaml);
    }
}
