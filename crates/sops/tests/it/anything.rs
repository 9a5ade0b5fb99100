//! Whatever comes in: nothing panics, and what is written comes back.

use std::sync::OnceLock;

use fanlight_sops::{Format, Header, Identities, Map, Policy, Rule, Selection, Value, decrypt};
use proptest::{collection::vec, prelude::*};

use crate::bench::{Bench, Pair, kubeconfig};

fn bench() -> &'static (Bench, Pair, Rule, Identities) {
    static BENCH: OnceLock<(Bench, Pair, Rule, Identities)> = OnceLock::new();
    BENCH.get_or_init(|| {
        let bench = Bench::new();
        let pair = bench.pair("one");
        bench.policy(&format!("creation_rules:\n  - age: {}\n", pair.recipient));
        let (rule, identities) = (bench.rule("x.yaml"), bench.identities(&pair.file));
        (bench, pair, rule, identities)
    })
}

fn formats() -> impl Strategy<Value = Format> {
    prop_oneof![Just(Format::Yaml), Just(Format::Json)]
}

fn texts() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[ -~\n\t]{0,20}",
        "[0-9_.:eEx+-]{1,8}",
        "(true|yes|null|~|<<|ENC|- a|a: b|#|\\||>|&a|\\*a|!a|%|@|`|2026-01-02)"
    ]
}

fn leaves() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        prop::num::f64::NORMAL.prop_map(Value::from),
        Just(Value::Time("2026-01-02T03:04:05.6+07:00".into())),
        texts().prop_map(Value::from),
    ]
}

fn trees() -> impl Strategy<Value = Map> {
    let value = leaves().prop_recursive(4, 30, 5, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            vec((texts(), inner), 0..4).prop_map(|entries| Map::from_iter(entries).into()),
        ]
    });
    vec((texts(), value), 0..6).prop_map(Map::from_iter)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_read_or_refused(text in any::<String>(), format in formats()) {
        let _ = decrypt(&text, format, &bench().3);
        let _ = Header::read(&text, format);
    }

    #[test]
    fn any_policy_is_read_or_refused(
        text in any::<String>(),
        rule in "[a-z_]{0,12}: [ -~]{0,40}",
        key in "(age|key_groups|pgp|path_regex|encrypted_regex|shamir_threshold|merge)",
        value in prop_oneof![texts(), Just("[{merge: [{age: [x]}]}]".to_owned())],
    ) {
        let (bench, ..) = bench();
        let file = bench.write("fleet/any/x.yaml", "");
        for text in [text, format!("creation_rules:\n  - {rule}\n    {key}: {value}\n")] {
            bench.write("fleet/any/.sops.yaml", &text);
            let _ = Policy::nearest(&file, &bench.fleet()).and_then(|policy| policy.rule_for(&file));
        }
    }

    #[test]
    fn a_sealed_file_with_anything_put_into_it_is_opened_or_refused(
        at in any::<prop::sample::Index>(),
        length in 0_usize..40,
        new in texts(),
        format in formats(),
    ) {
        static SEALED: OnceLock<[String; 2]> = OnceLock::new();
        let (bench, _, rule, identities) = bench();
        let seal = |format| bench.seal(&kubeconfig(), rule, Selection::Everything, format);
        let sealed = &SEALED.get_or_init(|| [seal(Format::Yaml), seal(Format::Json)])[usize::from(format == Format::Json)];
        let at = at.index(sealed.len());
        let forged = format!("{}{new}{}", &sealed[..at], &sealed[(at + length).min(sealed.len())..]);
        // What opens says what was sealed, apart from keys that carry nothing and are named.
        if let Ok(opened) = decrypt(&forged, format, identities) {
            prop_assert!(opened.tree == kubeconfig() || !opened.clear.is_empty(), "{forged}");
        }
    }

    #[test]
    fn what_is_written_in_clear_is_read_as_it_was(tree in trees()) {
        let text = Format::Yaml.write(&tree);
        let read = Format::Yaml.read(text.as_str());
        prop_assert!(read.as_ref().is_ok_and(|read| *read == tree), "{}\n{read:?}", text.as_str());
    }

    #[test]
    fn what_is_sealed_is_opened_as_it_was(tree in trees(), format in formats()) {
        let (bench, _, rule, identities) = bench();
        let tree: Map = tree.into_iter().filter(|(key, _)| key != "sops" && key.len() < 250).collect();
        let text = bench.seal(&tree, rule, Selection::Everything, format);
        let opened = decrypt(&text, format, identities);
        prop_assert!(opened.as_ref().is_ok_and(|opened| opened.tree == tree), "{text}\n{opened:?}");
    }
}

/// One process of sops for many values: each tree is a branch of one document.
#[test]
fn what_is_sealed_is_opened_by_the_real_sops_as_it_was() {
    use proptest::{strategy::ValueTree, test_runner::TestRunner};
    let (bench, pair, rule, _) = bench();
    let mut runner = TestRunner::deterministic();
    let tree = |place: usize| {
        let tree = trees().new_tree(&mut runner).unwrap().current();
        (format!("branch {place}"), Value::from(tree))
    };
    let document: Map = (0..200).map(tree).collect();
    for format in [Format::Yaml, Format::Json] {
        let text = bench.seal(&document, rule, Selection::Everything, format);
        crate::corpus::assert_same(&document, &crate::corpus::opened_by_sops(bench, &pair.file, &text, format));
    }
}
