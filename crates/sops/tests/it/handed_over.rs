//! Files with keys that only the real sops can use.

use std::process::Command;

use fanlight_sops::{
    DecryptError, EncryptError, ForeignError, Format, Identities, Map, Selection, Surroundings, Value, decrypt, encrypt,
};

use crate::bench::{Bench, NOW, kubeconfig, run, tool};

/// A pair of post-quantum keys, in the place where sops looks; the public one.
fn post_quantum(bench: &Bench) -> String {
    let made = run(Command::new(tool("AGE_KEYGEN")).arg("-pq"), "");
    assert!(made.success, "{}", made.stderr);
    bench.write("home/.config/sops/age/keys.txt", &made.stdout);
    let public = made.stdout.lines().find_map(|line| line.strip_prefix("# public key: ")).unwrap();
    public.to_owned()
}

/// Surroundings in which the real sops is installed.
fn with_sops(bench: &Bench) -> Surroundings {
    let mut surroundings = bench.surroundings(&[]);
    surroundings.path = Some(tool("SOPS").parent().unwrap().into());
    surroundings
}

fn seal(bench: &Bench, tree: &Map, surroundings: &Surroundings) -> Result<String, EncryptError> {
    encrypt(tree, &bench.rule("x.yaml"), Selection::Everything, Format::Yaml, NOW.parse().unwrap(), surroundings)
}

#[test]
fn a_file_for_a_key_that_is_not_known_here_is_sealed_and_opened_by_an_installed_sops() {
    let bench = Bench::new();
    let public = post_quantum(&bench);
    // The rule says otherwise what is encrypted; that must neither count nor clash.
    bench.policy(&format!("creation_rules:\n  - age: {public}\n    encrypted_suffix: _nothing\n"));
    assert_eq!(bench.rule("x.yaml").foreign().collect::<Vec<_>>(), ["age1pq1…"]);
    let text = seal(&bench, &kubeconfig(), &with_sops(&bench)).unwrap();
    assert!(!text.contains("example.com") && text.contains(&public), "{text}");
    let opened = decrypt(&text, Format::Yaml, &Identities::gather(&with_sops(&bench))).unwrap();
    assert_eq!(opened.tree, kubeconfig());
    assert_eq!(opened.clear, []);
    assert_eq!(opened.header.recipients().count(), 1);
}

#[test]
fn what_stands_in_clear_is_named_also_where_sops_opens_the_file() {
    let bench = Bench::new();
    let public = post_quantum(&bench);
    let plain = Format::Yaml.write(&kubeconfig());
    let options = ["encrypt", "--filename-override", "x.yaml", "--encrypted-regex", "^token$", "--age", &public];
    let sealed = bench.sops_with(&[], &options, plain.as_str());
    assert!(sealed.success, "{}", sealed.stderr);
    let opened = decrypt(&sealed.stdout, Format::Yaml, &Identities::gather(&with_sops(&bench))).unwrap();
    assert_eq!(opened.tree, kubeconfig());
    assert!(opened.clear.iter().any(|place| place.to_string() == "clusters[0].cluster.server"));
    assert!(!opened.clear.iter().any(|place| place.to_string().ends_with("token")));
}

#[test]
fn without_an_installed_sops_the_error_says_for_which_keys_it_is_needed() {
    let bench = Bench::new();
    let public = post_quantum(&bench);
    bench.policy(&format!("creation_rules:\n  - age: {public}\n"));
    let text = seal(&bench, &kubeconfig(), &with_sops(&bench)).unwrap();
    let refused = seal(&bench, &kubeconfig(), &bench.surroundings(&[]));
    assert!(matches!(refused, Err(EncryptError::Foreign { error: ForeignError::NotInstalled, .. })));
    let error = decrypt(&text, Format::Yaml, &Identities::gather(&bench.surroundings(&[]))).unwrap_err();
    assert!(matches!(error, DecryptError::Foreign { error: ForeignError::NotInstalled, .. }));
    assert!(error.to_string().contains("age1pq1…"), "{error}");
}

#[test]
fn what_sops_says_when_it_fails_is_in_the_error() {
    let bench = Bench::new();
    let public = post_quantum(&bench);
    bench.policy(&format!("creation_rules:\n  - age: {public}\n"));
    let text = seal(&bench, &kubeconfig(), &with_sops(&bench)).unwrap();
    std::fs::remove_file(bench.path("home/.config/sops/age/keys.txt")).unwrap();
    let error = decrypt(&text, Format::Yaml, &Identities::gather(&with_sops(&bench))).unwrap_err().to_string();
    assert!(error.contains("exit status: 128") && error.contains("Failed to get the data key"), "{error}");
}

#[test]
fn an_own_key_opens_a_file_that_has_other_keys_too() {
    let bench = Bench::new();
    let (pair, fingerprint) = (bench.pair("one"), "85D77543B3D624B63CEA9E6DBC17301B491B3F21");
    bench.policy(&format!("creation_rules:\n  - age: {}\n", pair.recipient));
    let text = bench.seal(&kubeconfig(), &bench.rule("x.yaml"), Selection::Everything, Format::Yaml);
    let mut sealed = Format::Yaml.read(&text).unwrap();
    let Some(Value::Map(mut header)) = sealed.remove("sops") else { panic!("there is no header") };
    let foreign = [("created_at", NOW), ("enc", "-----BEGIN PGP MESSAGE-----"), ("fp", fingerprint)];
    header.insert("pgp", vec![Map::from_iter(foreign).into()]);
    sealed.insert("sops", header);
    let opened = decrypt(Format::Yaml.write(&sealed).as_str(), Format::Yaml, &bench.identities(&pair.file)).unwrap();
    assert_eq!(opened.tree, kubeconfig());
    assert_eq!(opened.header.foreign().collect::<Vec<_>>(), ["pgp"]);
}

#[test]
fn what_a_sops_puts_out_that_does_not_do_as_it_is_told_is_refused() {
    let bench = Bench::new();
    let (public, other) = (post_quantum(&bench), bench.pair("other"));
    bench.policy(&format!("creation_rules:\n  - age: {public}\n"));
    for (script, expected) in [
        (
            format!(
                "exec {} --config /dev/null encrypt --age {} --filename-override x.yaml",
                tool("SOPS").display(),
                other.recipient
            ),
            "it sealed for others",
        ),
        (
            format!(
                "exec {} --config /dev/null encrypt --age {public} --encrypted-regex ^token$ --filename-override x.yaml",
                tool("SOPS").display()
            ),
            "it left apiVersion in clear",
        ),
        ("cat".to_owned(), "what it put out is not a sealed file"),
        ("echo [".to_owned(), "what it put out cannot be read"),
        ("exit 3".to_owned(), "exit status: 3"),
    ] {
        bench.program("bin/sops", &format!("#!/bin/sh\n{script}\n"));
        let mut surroundings = bench.surroundings(&[]);
        surroundings.path = Some(bench.path("bin").into());
        let error = seal(&bench, &kubeconfig(), &surroundings).unwrap_err().to_string();
        assert!(error.contains(expected), "{script}: {error}");
    }
}
