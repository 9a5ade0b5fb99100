//! Who a file is for, by the fleet's `.sops.yaml`.

use std::{fs, os::unix::fs::symlink, path::Path};

use fanlight_sops::{EncryptError, Format, Policy, PolicyError, Rule, RuleError, Selection, encrypt};

use crate::bench::{Bench, NOW, kubeconfig};

const ONE: &str = "age1vwx6vq08sfq5l0jhs3mgp08eysm5ddvhycfwstqyd8jlw8he95rse9wdkh";
const FAN: &str = "age1fan1wa5kuer0wusxzcn0wejjqcfqv3hk7usmfec5v";

fn recipients(rule: &Rule) -> Vec<String> {
    rule.recipients().map(ToString::to_string).collect()
}

fn rule_error(bench: &Bench, rule: &str) -> RuleError {
    bench.policy(&format!("creation_rules:\n  - path_regex: nothing\n    age: {ONE}\n  - {rule}\n"));
    let file = bench.fleet().join("x.yaml");
    match Policy::nearest(&file, &bench.fleet()).unwrap().rule_for(&file) {
        Err(PolicyError::Rule { number: 2, error, .. }) => error,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_nearest_policy_counts_and_never_one_above_the_fleet() {
    let bench = Bench::new();
    let file = bench.fleet().join("clusters/a/x.enc.yaml");
    bench.write(".sops.yaml", &format!("creation_rules:\n  - age: {ONE}\n"));
    let missing = Policy::nearest(&file, &bench.fleet());
    assert!(matches!(missing, Err(PolicyError::Missing { .. })), "{missing:?}");

    bench.policy(&format!("creation_rules:\n  - age: {ONE}\n"));
    assert_eq!(Policy::nearest(&file, &bench.fleet()).unwrap().path(), bench.fleet().join(".sops.yaml"));
    let nearer = bench.write("fleet/clusters/.sops.yaml", &format!("creation_rules:\n  - age: {FAN}\n"));
    let policy = Policy::nearest(&file, &bench.fleet()).unwrap();
    assert_eq!(policy.path(), nearer);
    assert_eq!(recipients(&policy.rule_for(&file).unwrap()), [FAN]);
}

#[test]
fn a_file_outside_the_fleet_has_no_policy() {
    let bench = Bench::new();
    bench.policy(&format!("creation_rules:\n  - age: {ONE}\n"));
    for file in [bench.path("x.yaml"), bench.fleet().join("../x.yaml"), bench.fleet().join("a/../../x.yaml")] {
        assert!(
            matches!(Policy::nearest(&file, &bench.fleet()), Err(PolicyError::Outside { .. })),
            "{}",
            file.display()
        );
    }
}

#[test]
fn a_policy_that_is_a_link_out_of_the_fleet_is_refused() {
    let bench = Bench::new();
    let elsewhere = bench.write("elsewhere.yaml", &format!("creation_rules:\n  - age: {ONE}\n"));
    symlink(&elsewhere, bench.fleet().join(".sops.yaml")).unwrap();
    let refused = Policy::nearest(&bench.fleet().join("x.yaml"), &bench.fleet());
    assert!(matches!(refused, Err(PolicyError::LeadsOut { .. })), "{refused:?}");
    fs::remove_file(bench.fleet().join(".sops.yaml")).unwrap();
    symlink("nowhere", bench.fleet().join(".sops.yaml")).unwrap();
    let refused = Policy::nearest(&bench.fleet().join("x.yaml"), &bench.fleet());
    assert!(matches!(refused, Err(PolicyError::Read { .. })), "{refused:?}");
}

#[test]
fn a_policy_under_the_wrong_name_is_pointed_at() {
    let bench = Bench::new();
    bench.write("fleet/.sops.yml", &format!("creation_rules:\n  - age: {ONE}\n"));
    let error = Policy::nearest(&bench.fleet().join("x.yaml"), &bench.fleet()).unwrap_err().to_string();
    assert!(error.contains(".sops.yml has the wrong ending"), "{error}");
}

#[test]
fn the_first_rule_that_fits_the_final_path_counts_as_in_sops() {
    let bench = Bench::new();
    let (one, two) = (bench.pair("one"), bench.pair("two"));
    bench.policy(&format!(
        "creation_rules:
  - path_regex: clusters/.*/break-glass-kubeconfig\\.enc\\.yaml$
    age: {}
  - path_regex: \\.enc\\.yaml$
    age: {}
",
        one.recipient, two.recipient
    ));
    for (name, expected) in [
        ("clusters/a/break-glass-kubeconfig.enc.yaml", Some(&one)),
        ("clusters/a/bg-encrypt-123.break-glass-kubeconfig.enc.yaml", Some(&two)),
        ("secrets.enc.yaml", Some(&two)),
        ("secrets.yaml", None),
    ] {
        let theirs = bench.sops(&one.file, &["encrypt", "--filename-override", name], "a: b\n");
        let file = bench.fleet().join(name);
        let ours = Policy::nearest(&file, &bench.fleet()).unwrap().rule_for(&file);
        match expected {
            Some(pair) => {
                assert_eq!(recipients(&ours.unwrap()), [pair.recipient.as_str()], "{name}");
                assert!(theirs.stdout.contains(&pair.recipient), "{name}: {}", theirs.stderr);
            }
            None => {
                assert!(matches!(ours, Err(PolicyError::NoRule { .. })), "{ours:?}");
                assert!(!theirs.success);
            }
        }
    }
}

#[test]
fn anchors_lists_and_merged_groups_are_understood() {
    let bench = Bench::new();
    let (one, two) = (bench.pair("one").recipient, bench.pair("two").recipient);
    bench.policy(&format!(
        "keys:
  - &one {one}
  - &two {two} # comments are allowed here
creation_rules:
  - path_regex: list
    age: [*one, *two, *one]
  - path_regex: text
    age: >-
      {one},
      {two},
  - path_regex: merged
    key_groups:
      - merge:
          - age: [*one]
        age: [*two, *one]
stores:
  yaml: {{indent: 2}}
"
    ));
    for name in ["list", "text", "merged"] {
        let rule = bench.rule(&format!("{name}.yaml"));
        let expected = [&one, &two].map(String::as_str);
        assert_eq!(recipients(&rule), expected, "{name}");
        assert_eq!(rule.key_groups(), (1, 1));
    }
}

#[test]
fn a_rule_that_cannot_be_used_is_named_with_the_reason() {
    let bench = Bench::new();
    let check = |rule: &str, expected: &str| {
        let error = rule_error(&bench, rule).to_string();
        assert!(error.contains(expected), "{rule}: {error}");
    };
    check("{}", "it names no recipient");
    check("age: ''", "it names no recipient");
    check("age: age1nobody", "is not a recipient of age");
    check("age: 17", "age is not a string or a list of strings");
    check("path_regex: '('\n    age: x", "path_regex \"(\"");
    check(
        &format!("age: {ONE}\n    encrypted_regex: a\n    unencrypted_suffix: b"),
        "both unencrypted_suffix and encrypted_regex",
    );
    check(&format!("age: {ONE}\n    encrypted_regex: '('"), "encrypted_regex \"(\"");
    check(&format!("key_groups:\n      - age: [{ONE}]\n      - pgp: []"), "key group 2 is empty");
    check(
        &format!("shamir_threshold: 3\n    key_groups:\n      - age: [{ONE}]\n      - age: [{FAN}]"),
        "shamir_threshold 3 does not fit 2",
    );
    check(
        &format!("shamir_threshold: 1\n    key_groups:\n      - age: [{ONE}]\n      - age: [{FAN}]"),
        "shamir_threshold 1 does not fit 2",
    );
}

#[test]
fn a_policy_that_is_none_is_named_with_the_reason() {
    let bench = Bench::new();
    for text in ["", "creation_rules: {}\n", "creation_rules: [a]\n", "a: [\n", "creation_rules:\n  - age: *nobody\n"] {
        bench.policy(text);
        let refused = Policy::nearest(&bench.fleet().join("x.yaml"), &bench.fleet());
        assert!(matches!(refused, Err(PolicyError::Shape { .. })), "{text}: {refused:?}");
    }
}

#[test]
fn keys_that_are_not_of_age_are_named_by_kind() {
    let bench = Bench::new();
    bench.policy(&format!(
        "creation_rules:
  - age: {ONE}
    pgp: 85D77543B3D624B63CEA9E6DBC17301B491B3F21,
    kms: [arn:aws:kms:us-east-1:656532927350:key/920aff2e-c5f1-4040-943a-047fa387b27e]
"
    ));
    assert_eq!(bench.rule("x.yaml").foreign().collect::<Vec<_>>(), ["kms", "pgp"]);
}

#[test]
fn variables_that_override_the_policy_are_refused_by_name() {
    let bench = Bench::new();
    bench.policy(&format!("creation_rules:\n  - age: {ONE}\n"));
    let (rule, now) = (bench.rule("x.yaml"), NOW.parse().unwrap());
    let other = bench.pair("other").recipient;
    // The real sops seals to whoever that is, without a word.
    let variable: (&str, &Path) = ("SOPS_AGE_RECIPIENTS", other.as_ref());
    let theirs = bench.sops_with(&[variable], &["encrypt", "--filename-override", "x.yaml"], "a: b\n");
    assert!(theirs.success && !theirs.stdout.contains(ONE), "the hazard is no longer one");
    for name in
        ["SOPS_AGE_RECIPIENTS", "SOPS_PGP_FP", "SOPS_KMS_ARN", "SOPS_CONFIG", "SOPS_GCP_KMS_IDS", "SOPS_VAULT_URIS"]
    {
        let surroundings = bench.surroundings(&[(name, other.as_ref())]);
        let refused = encrypt(&kubeconfig(), &rule, Selection::Everything, Format::Yaml, now, &surroundings);
        assert!(matches!(refused, Err(EncryptError::Override(variable)) if variable == name));
    }
    let empty = bench.surroundings(&[("SOPS_AGE_RECIPIENTS", "".as_ref())]);
    empty.check_overrides().unwrap();
}
