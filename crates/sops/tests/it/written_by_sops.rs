//! What the real sops seals and is opened here.

use fanlight_sops::{Format, Opened, Value, decrypt};

use crate::{
    bench::{Bench, Pair},
    corpus::{NASTY, assert_same, opened_by_sops},
};

/// JSON has no word for it, so the real sops would not show it.
fn without_infinity(document: &str) -> String {
    document.split_inclusive('\n').filter(|line| !line.contains(".inf")).collect()
}

fn sealed_by_sops(bench: &Bench, pair: &Pair, document: &str, format: Format, options: &[&str]) -> String {
    let name = format!("x.{}", format.name());
    let mut arguments = vec!["encrypt", "--filename-override", &name, "--age", &pair.recipient];
    arguments.extend(options);
    let ran = bench.sops(&pair.file, &arguments, document);
    assert!(ran.success, "{}", ran.stderr);
    ran.stdout
}

fn opened(bench: &Bench, pair: &Pair, text: &str, format: Format) -> Opened {
    decrypt(text, format, &bench.identities(&pair.file)).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

#[test]
fn every_nasty_document_that_sops_seals_opens_here_with_equal_values() {
    let bench = Bench::new();
    let pair = bench.pair("one");
    for (document, format) in NASTY {
        let text = sealed_by_sops(&bench, &pair, &without_infinity(document), format, &[]);
        let opened = opened(&bench, &pair, &text, format);
        assert_same(&opened.tree, &opened_by_sops(&bench, &pair.file, &text, format));
        assert_eq!(opened.header.version(), "3.13.3");
        // What stood there before it was sealed is read alike.
        assert_same(
            &format.read(&without_infinity(document)).unwrap(),
            &opened_by_sops(&bench, &pair.file, &text, format),
        );
    }
}

#[test]
fn numbers_that_are_not_finite_come_out_as_they_went_in() {
    let bench = Bench::new();
    let pair = bench.pair("one");
    let text = sealed_by_sops(&bench, &pair, "a: .inf\nb: -.inf\nc: .nan\n", Format::Yaml, &[]);
    let tree = opened(&bench, &pair, &text, Format::Yaml).tree;
    assert_eq!(tree.get("a"), Some(&Value::Float(f64::INFINITY)));
    assert_eq!(tree.get("b"), Some(&Value::Float(f64::NEG_INFINITY)));
    assert!(matches!(tree.get("c"), Some(Value::Float(number)) if number.is_nan()));
}

#[test]
fn a_file_that_does_not_say_what_is_encrypted_leaves_the_unencrypted_suffix_in_clear() {
    let bench = Bench::new();
    let pair = bench.pair("one");
    let document = "token: x\nnote_unencrypted: y\n";
    let text = sealed_by_sops(&bench, &pair, document, Format::Yaml, &[]);
    let silent: String = text.split_inclusive('\n').filter(|line| !line.contains("unencrypted_suffix")).collect();
    assert_ne!(silent, text);
    let opened = opened(&bench, &pair, &silent, Format::Yaml);
    assert_same(&opened.tree, &opened_by_sops(&bench, &pair.file, &silent, Format::Yaml));
    assert_eq!(opened.clear.iter().map(ToString::to_string).collect::<Vec<_>>(), ["note_unencrypted"]);
}

#[test]
fn text_at_the_end_of_a_document_without_a_last_line_feed_is_read_as_sops_does() {
    let bench = Bench::new();
    let pair = bench.pair("one");
    for document in ["a: |\n  b", "a: >\n  b", "a: |+\n  b\n\n", "a: |-\n  b"] {
        let text = sealed_by_sops(&bench, &pair, document, Format::Yaml, &[]);
        let tree = Format::Yaml.read(document).unwrap();
        assert_same(&tree, &opened_by_sops(&bench, &pair.file, &text, Format::Yaml));
        assert_eq!(opened(&bench, &pair, &text, Format::Yaml).tree, tree, "{document:?}");
    }
}
