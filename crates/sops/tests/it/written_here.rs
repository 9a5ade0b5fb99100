//! What is sealed here and opened by the real sops.

use std::process::Command;

use fanlight_sops::{EncryptError, Format, Header, Map, Selection, Value, decrypt, encrypt};

use crate::{
    bench::{Bench, kubeconfig, run, tool},
    corpus::{NASTY, assert_same, opened_by_sops},
};

#[test]
fn a_kubeconfig_that_is_sealed_here_opens_here_and_with_the_real_sops() {
    let bench = Bench::new();
    let pair = bench.pair("one");
    bench.policy(&format!("creation_rules:\n  - age: {}\n", pair.recipient));
    for format in [Format::Yaml, Format::Json] {
        let text = bench.seal(&kubeconfig(), &bench.rule("clusters/a/x.enc.yaml"), Selection::Everything, format);
        assert!(!text.contains("example"), "{text}");
        let opened = decrypt(&text, format, &bench.identities(&pair.file)).unwrap();
        assert_eq!(opened.tree, kubeconfig());
        assert_eq!(opened.clear, []);
        assert_same(&kubeconfig(), &opened_by_sops(&bench, &pair.file, &text, format));
    }
}

#[test]
fn every_nasty_document_that_is_sealed_here_opens_with_the_real_sops_and_survives_its_rotation() {
    let bench = Bench::new();
    let pair = bench.pair("one");
    bench.policy(&format!("creation_rules:\n  - age: {}\n", pair.recipient));
    let rule = bench.rule("x.yaml");
    for (document, format) in NASTY {
        for selection in [Selection::Everything, Selection::OfRule] {
            let tree = finite(format.read(document).unwrap());
            let text = bench.seal(&tree, &rule, selection, format);
            assert_same(&tree, &opened_by_sops(&bench, &pair.file, &text, format));
            assert_eq!(decrypt(&text, format, &bench.identities(&pair.file)).unwrap().tree, tree);

            let file = bench.write(&format!("fleet/x.{}", format.name()), &text);
            let rotated = bench.sops(&pair.file, &["rotate", file.to_str().unwrap()], "");
            assert!(rotated.success, "{}", rotated.stderr);
            assert_ne!(rotated.stdout, text);
            let opened = decrypt(&rotated.stdout, format, &bench.identities(&pair.file)).unwrap();
            assert_same(&opened.tree, &opened_by_sops(&bench, &pair.file, &text, format));
        }
    }
}

/// JSON has no word for numbers that are not, so the real sops would not show them.
fn finite(tree: Map) -> Map {
    tree.into_iter().filter(|(_, value)| !matches!(value, Value::Float(number) if !number.is_finite())).collect()
}

#[test]
fn where_everything_is_encrypted_keys_with_the_unencrypted_suffix_are_too() {
    let bench = Bench::new();
    let pair = bench.pair("one");
    bench.policy(&format!("creation_rules:\n  - age: {}\n", pair.recipient));
    let tree = Map::from_iter([("token_unencrypted", "hidden")]);
    let text = bench.seal(&tree, &bench.rule("x.yaml"), Selection::Everything, Format::Yaml);
    assert!(!text.contains("hidden"));
    assert_same(&tree, &opened_by_sops(&bench, &pair.file, &text, Format::Yaml));
    assert!(bench.seal(&tree, &bench.rule("x.yaml"), Selection::OfRule, Format::Yaml).contains("hidden"));
}

#[test]
fn the_header_tells_recipients_and_time_without_a_key() {
    let bench = Bench::new();
    let (one, two) = (bench.pair("one"), bench.pair("two"));
    bench.policy(&format!("creation_rules:\n  - age: {}, {},\n", one.recipient, two.recipient));
    let rule = bench.rule("x.yaml");
    let text = bench.seal(&kubeconfig(), &rule, Selection::Everything, Format::Yaml);
    let header = Header::read(&text, Format::Yaml).unwrap();
    assert!(header.recipients().eq(rule.recipients()));
    let recipients: Vec<String> = header.recipients().map(ToString::to_string).collect();
    assert_eq!(recipients, [one.recipient, two.recipient]);
    assert_eq!(header.last_modified().to_string(), crate::bench::NOW);
    assert_eq!(header.selector().to_string(), "encrypted_regex: .*");
    assert_eq!(header.key_groups(), (1, 1));
}

#[test]
fn each_recipient_opens_what_is_sealed_for_several() {
    let bench = Bench::new();
    let pairs = [bench.pair("one"), bench.pair("two"), bench.pair("three")];
    let recipients: Vec<&str> = pairs.iter().map(|pair| pair.recipient.as_str()).collect();
    bench.policy(&format!("creation_rules:\n  - age: [{}]\n", recipients.join(", ")));
    let text = bench.seal(&kubeconfig(), &bench.rule("x.yaml"), Selection::Everything, Format::Yaml);
    for pair in &pairs {
        assert_eq!(decrypt(&text, Format::Yaml, &bench.identities(&pair.file)).unwrap().tree, kubeconfig());
        assert_same(&kubeconfig(), &opened_by_sops(&bench, &pair.file, &text, Format::Yaml));
    }
}

#[test]
fn what_would_not_come_back_as_it_is_is_refused_before_anything_is_written() {
    let bench = Bench::new();
    let pair = bench.pair("one");
    bench.policy(&format!("creation_rules:\n  - age: {}\n", pair.recipient));
    let rule = bench.rule("x.yaml");
    let mut deep = Value::from("bottom");
    for _ in 0..65 {
        deep = Value::List(vec![deep]);
    }
    let long = "x".repeat(2 << 20);
    for (tree, format, expected) in [
        (Map::from_iter([("sops", "x")]), Format::Yaml, "sops: the key is taken by sops itself"),
        (
            Map::from_iter([("a_unencrypted", "ENC[x]")]),
            Format::Yaml,
            "a_unencrypted: it stays in clear and looks encrypted",
        ),
        (Map::from_iter([("a", Value::Time("2026-1-2".into()))]), Format::Yaml, "a: it is not a time"),
        (Map::from_iter([("a", f64::NAN)]), Format::Json, "a: a number that is not finite"),
        (Map::from_iter([("x".repeat(257), "x")]), Format::Yaml, "the key is longer than 256 bytes"),
        (Map::from_iter([("a", deep)]), Format::Yaml, "nested more than 64 levels deep"),
        (Map::from_iter([("a", long.as_str())]), Format::Yaml, "longer than 1 MiB"),
    ] {
        let (now, surroundings) = (crate::bench::NOW.parse().unwrap(), bench.surroundings(&[]));
        let refused = encrypt(&tree, &rule, Selection::OfRule, format, now, &surroundings);
        let error = refused.unwrap_err();
        assert!(matches!(error, EncryptError::Unwritable { .. }) && error.to_string().contains(expected), "{error}");
    }
}

#[test]
fn lines_that_end_as_on_windows_change_nothing() {
    let bench = Bench::new();
    let pair = bench.pair("one");
    bench.policy(&format!("creation_rules:\n  - age: {}\n", pair.recipient));
    for format in [Format::Yaml, Format::Json] {
        let text = bench.seal(&kubeconfig(), &bench.rule("x.yaml"), Selection::Everything, format);
        let opened = decrypt(&text.replace('\n', "\r\n"), format, &bench.identities(&pair.file)).unwrap();
        assert_eq!(opened.tree, kubeconfig());
    }
}

#[test]
fn a_file_is_taken_for_what_its_name_says() {
    for (name, format) in [
        ("a.enc.yaml", Some(Format::Yaml)),
        ("a.yml", Some(Format::Yaml)),
        ("a.json", Some(Format::Json)),
        ("a.env", None),
        ("yaml", None),
    ] {
        assert_eq!(Format::of(name.as_ref()), format, "{name}");
    }
}

#[test]
fn the_data_key_is_a_file_of_age_that_the_real_age_opens() {
    let bench = Bench::new();
    let pair = bench.pair("one");
    bench.policy(&format!("creation_rules:\n  - age: {}\n", pair.recipient));
    let text = bench.seal(&kubeconfig(), &bench.rule("x.yaml"), Selection::Everything, Format::Yaml);
    let sealed = Format::Yaml.read(&text).unwrap();
    let keys = sealed.get("sops").and_then(Value::as_map).and_then(|header| header.get("age")).unwrap();
    let wrapped = keys.as_list().unwrap()[0].as_map().unwrap().text("enc").unwrap();
    let mut age = Command::new(tool("AGE"));
    let opened = bench.path("data.key");
    let ran = run(age.args(["--decrypt", "--identity"]).arg(&pair.file).arg("--output").arg(&opened), wrapped);
    assert!(ran.success, "{}", ran.stderr);
    assert_eq!(std::fs::read(opened).unwrap().len(), 32);
}
