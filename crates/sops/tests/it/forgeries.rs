//! Sealed files that somebody altered who can write the repository and has no key.

use fanlight_sops::{DecryptError, Format, HeaderError, Map, Selection, SyntaxError, Value, decrypt};

use crate::bench::{Bench, Pair, kubeconfig};

struct Forge {
    bench: Bench,
    pair: Pair,
    text: String,
}

impl Forge {
    /// The kubeconfig, all of it encrypted.
    fn of_everything() -> Self {
        let bench = Bench::new();
        let pair = bench.pair("one");
        bench.policy(&format!("creation_rules:\n  - age: {}\n", pair.recipient));
        let text = bench.seal(&kubeconfig(), &bench.rule("x.yaml"), Selection::Everything, Format::Yaml);
        Self { bench, pair, text }
    }

    /// The kubeconfig as other tools seal it: the token is encrypted, the rest stands in clear.
    fn of_the_token(option: &str) -> Self {
        let bench = Bench::new();
        let pair = bench.pair("one");
        let selector = "encrypted_regex: ^(token|client-key-data|client-certificate-data|password)$";
        bench.policy(&format!("creation_rules:\n  - age: {}\n    {selector}\n    {option}\n", pair.recipient));
        let plain = Format::Yaml.write(&kubeconfig());
        let sealed = bench.sops(&pair.file, &["encrypt", "--filename-override", "x.yaml"], plain.as_str());
        assert!(sealed.success, "{}", sealed.stderr);
        Self { bench, pair, text: sealed.stdout }
    }

    fn opened_here(&self, text: &str) -> Result<fanlight_sops::Opened, DecryptError> {
        decrypt(text, Format::Yaml, &self.bench.identities(&self.pair.file))
    }

    fn sops_takes(&self, text: &str) -> bool {
        self.bench.sops(&self.pair.file, &["decrypt", "--input-type", "yaml", "--output-type", "yaml"], text).success
    }

    fn sealed(&self) -> Map {
        Format::Yaml.read(&self.text).unwrap()
    }

    /// The sealed file with its `sops` part altered.
    fn with_header(&self, alter: impl FnOnce(&mut Map)) -> String {
        let mut sealed = self.sealed();
        let Some(Value::Map(mut header)) = sealed.remove("sops") else { panic!("there is no header") };
        alter(&mut header);
        sealed.insert("sops", header);
        Format::Yaml.write(&sealed).as_str().to_owned()
    }
}

type Check = fn(&SyntaxError) -> bool;

/// Text in which the line of a key gives way to others, in its column; `{}` in them is the line's own content.
fn instead_of_line(text: &str, key: &str, lines: &[&str]) -> String {
    let place = text.lines().find(|line| line.trim_start_matches(['-', ' ']).starts_with(key)).unwrap();
    let content = place.trim_start();
    let column = &place[..place.len() - content.len()];
    let lines: Vec<String> = lines.iter().map(|line| format!("{column}{}", line.replace("{}", content))).collect();
    replaced(text, place, &lines.join("\n"))
}

/// Text in which one thing is replaced, that must be there.
fn replaced(text: &str, old: &str, new: &str) -> String {
    assert!(text.contains(old), "{old:?} is not in {text}");
    text.replacen(old, new, 1)
}

#[test]
fn a_value_in_clear_that_is_split_over_two_keys_is_taken_by_sops_and_named_here() {
    let forge = Forge::of_the_token("");
    // The server becomes another host, and the authority that would expose it goes under a name that nobody reads.
    let split = instead_of_line(&forge.text, "server:", &["server: https://kube-api.example.co", "x: m:6443"]);
    let forged = replaced(&split, "certificate-authority-data", "y");
    assert!(forge.sops_takes(&forged), "the forgery is no longer one");

    let opened = forge.opened_here(&forged).unwrap();
    let clear: Vec<String> = opened.clear.iter().map(ToString::to_string).collect();
    for key in ["server", "x", "y"] {
        assert!(clear.contains(&format!("clusters[0].cluster.{key}")), "{clear:?}");
    }
}

#[test]
fn in_a_file_of_which_everything_is_encrypted_that_forgery_is_refused() {
    let forge = Forge::of_everything();
    let forged = instead_of_line(&forge.text, "server:", &["{}", "x: m:6443"]);
    assert!(!forge.sops_takes(&forged));
    assert!(matches!(forge.opened_here(&forged), Err(DecryptError::InClear { .. })));

    let renamed = replaced(&forge.text, "certificate-authority-data", "y");
    let Err(DecryptError::Value { place, .. }) = forge.opened_here(&renamed) else { panic!("it was opened") };
    assert_eq!(place, "clusters[0].cluster.y");
}

#[test]
fn a_rule_that_is_altered_so_that_a_new_value_may_stand_in_clear_is_found_out() {
    let forge = Forge::of_everything();
    let altered = |key: &str, pattern: &str, only_encrypted: bool| {
        forge.with_header(|header| {
            header.remove("encrypted_regex");
            header.insert(key, pattern);
            header.insert("mac_only_encrypted", only_encrypted);
        })
    };
    for (key, pattern, only_encrypted) in [
        ("unencrypted_regex", "^proxy", false),
        ("encrypted_regex", "^[^p]", false),
        ("unencrypted_suffix", "-url", false),
        ("unencrypted_regex", "^proxy", true),
    ] {
        let text = altered(key, pattern, only_encrypted);
        let forged = instead_of_line(&text, "kind:", &["proxy-url: http://evil.example.com", "{}"]);
        assert!(!forge.sops_takes(&forged), "{key}");
        assert!(matches!(forge.opened_here(&forged), Err(DecryptError::MacMismatch)), "{key}");
    }
    // The rule alone, without an added value: sops would show the ciphertext as if it were the value.
    let forged = altered("encrypted_regex", "^x", false);
    assert!(matches!(forge.opened_here(&forged), Err(DecryptError::NotInClear { .. })));
}

#[test]
fn a_value_that_is_added_where_only_encrypted_ones_are_covered_is_taken_by_sops_and_named_here() {
    let forge = Forge::of_the_token("mac_only_encrypted: true");
    let forged = replaced(&forge.text, "kind: Config", "kind: Config\nproxy-url: http://evil.example.com");
    assert!(forge.sops_takes(&forged), "the forgery is no longer one");
    let opened = forge.opened_here(&forged).unwrap();
    assert!(opened.clear.iter().any(|place| place.to_string() == "proxy-url"));
}

#[test]
fn empty_values_that_are_added_to_a_file_of_which_everything_is_encrypted_are_named() {
    let forge = Forge::of_everything();
    for value in ["''", "null", "{}", "[]", "~"] {
        let forged = replaced(&forge.text, "kind: ", &format!("exec: {value}\nkind: "));
        assert!(forge.sops_takes(&forged), "the forgery is no longer one: {value}");
        let opened = forge.opened_here(&forged).unwrap();
        assert_eq!(opened.clear.iter().map(ToString::to_string).collect::<Vec<_>>(), ["exec"]);
    }
}

#[test]
fn an_item_that_is_parted_in_two_is_taken_by_sops_so_that_readers_must_ask_for_what_they_need() {
    let forge = Forge::of_everything();
    // The authority moves to an item of its own; the named cluster is left without one.
    let mut lines: Vec<String> = forge.text.lines().map(str::to_owned).collect();
    let server = lines.iter().position(|line| line.trim_start().starts_with("server: ")).unwrap();
    let item = lines.iter().position(|line| line.trim_start() == "- cluster:").unwrap();
    lines.insert(server, lines[item].clone());
    let forged = lines.join("\n") + "\n";
    assert!(forge.sops_takes(&forged), "the forgery is no longer one");

    let tree = forge.opened_here(&forged).unwrap().tree;
    assert_eq!(tree.get("clusters").unwrap().as_list().unwrap().len(), 2);
}

#[test]
fn values_that_change_places_are_refused() {
    let forge = Forge::of_everything();
    let line = |start: &str| forge.text.lines().find(|line| line.starts_with(start)).unwrap().to_owned();
    let (version, kind) = (line("apiVersion: "), line("kind: "));
    let swapped = replaced(&forge.text, &version, &version.replace("apiVersion", "kind"));
    let swapped = replaced(&swapped, &kind, &kind.replace("kind", "apiVersion"));
    assert!(matches!(forge.opened_here(&swapped), Err(DecryptError::Value { .. })));
    // Each under its key, the order turned round: only the checksum tells.
    let turned = replaced(&forge.text, &format!("{version}\n{kind}"), &format!("{kind}\n{version}"));
    assert!(matches!(forge.opened_here(&turned), Err(DecryptError::MacMismatch)));
    // One taken away.
    let fewer = replaced(&forge.text, &format!("{kind}\n"), "");
    assert!(matches!(forge.opened_here(&fewer), Err(DecryptError::MacMismatch)));
}

#[test]
fn a_type_that_is_altered_never_turns_a_value_into_nothing() {
    let forge = Forge::of_everything();
    for kind in ["comment", "int", "bool", "float", "time", "other"] {
        let forged = replaced(&forge.text, "type:str", &format!("type:{kind}"));
        assert!(matches!(forge.opened_here(&forged), Err(DecryptError::Value { .. })), "{kind}");
    }
}

#[test]
fn a_checksum_that_is_altered_missing_or_of_another_time_is_refused() {
    let forge = Forge::of_everything();
    let mac = forge.sealed().get("sops").unwrap().as_map().unwrap().text("mac").unwrap().to_owned();
    let altered = if mac.contains("data:A") { mac.replace("data:A", "data:B") } else { mac.replace("data:", "data:A") };
    let altered = forge.with_header(|header| drop(header.insert("mac", altered)));
    assert!(matches!(forge.opened_here(&altered), Err(DecryptError::Mac(_))));
    let other_time = forge.with_header(|header| drop(header.insert("lastmodified", "2026-03-04T05:06:08Z")));
    assert!(matches!(forge.opened_here(&other_time), Err(DecryptError::Mac(_))));
    for missing in [
        forge.with_header(|header| drop(header.remove("mac"))),
        forge.with_header(|header| drop(header.insert("mac", ""))),
    ] {
        assert!(matches!(forge.opened_here(&missing), Err(DecryptError::Header(HeaderError::Field("mac")))));
    }
}

#[test]
fn a_version_that_is_missing_or_none_is_refused_as_sops_does() {
    let forge = Forge::of_everything();
    for missing in [
        forge.with_header(|header| drop(header.remove("version"))),
        forge.with_header(|header| drop(header.insert("version", ""))),
    ] {
        assert!(!forge.sops_takes(&missing));
        assert!(matches!(forge.opened_here(&missing), Err(DecryptError::Header(HeaderError::Field("version")))));
    }
    let odd = forge.with_header(|header| drop(header.insert("version", "three")));
    assert!(!forge.sops_takes(&odd));
    assert!(matches!(forge.opened_here(&odd), Err(DecryptError::Header(HeaderError::Version(_)))));
}

#[test]
fn a_part_that_is_labelled_as_somebody_elses_is_refused() {
    let forge = Forge::of_everything();
    let other = forge.bench.pair("other");
    let forged = replaced(&forge.text, &forge.pair.recipient, &other.recipient);
    assert!(forge.sops_takes(&forged), "sops does not look at the labels");
    let Err(DecryptError::Mislabelled { labelled, actual }) = forge.opened_here(&forged) else {
        panic!("it was opened")
    };
    assert_eq!((labelled, actual), (other.recipient, forge.pair.recipient.clone()));
}

#[test]
fn a_data_key_of_another_file_opens_nothing() {
    let (forge, other) = (Forge::of_everything(), Forge::of_everything());
    let theirs = forge.bench.seal(&kubeconfig(), &forge.bench.rule("y.yaml"), Selection::Everything, Format::Yaml);
    let theirs = Format::Yaml.read(&theirs).unwrap();
    let keys = theirs.get("sops").unwrap().as_map().unwrap().get("age").unwrap().clone();
    let forged = forge.with_header(|header| drop(header.insert("age", keys)));
    assert!(matches!(forge.opened_here(&forged), Err(DecryptError::Value { .. })));
    assert!(matches!(forge.opened_here(&other.text), Err(DecryptError::NoKey { .. })));
}

#[test]
fn a_file_that_is_cut_anywhere_is_refused() {
    let forge = Forge::of_everything();
    for length in (0..forge.text.len() - 1).step_by(7) {
        assert!(forge.opened_here(&forge.text[..length]).is_err(), "{length}");
    }
}

#[test]
fn what_sops_does_not_write_is_refused_and_named() {
    let forge = Forge::of_everything();
    let kind = forge.text.lines().find(|line| line.starts_with("kind: ")).unwrap();
    let cases: [(String, Check); 7] = [
        (format!("{kind}\n{kind}"), |error| matches!(error, SyntaxError::DuplicateKey { key, .. } if key == "kind")),
        (format!("{kind}\nx: &a y"), |error| matches!(error, SyntaxError::Mark { what: "an anchor (&)", .. })),
        (format!("{kind}\n<<: {{a: b}}"), |error| matches!(error, SyntaxError::Mark { what: "a merge key (<<)", .. })),
        (format!("{kind}\nx: !!str y"), |error| matches!(error, SyntaxError::Mark { what: "a tag (!)", .. })),
        (format!("{kind}\n1: y"), |error| matches!(error, SyntaxError::Key { .. })),
        (format!("{kind}\n[a]: y"), |error| matches!(error, SyntaxError::Key { .. })),
        (format!("{kind}\n---\na: b"), |error| matches!(error, SyntaxError::SecondDocument { .. })),
    ];
    for (new, expected) in cases {
        let Err(DecryptError::Syntax(error)) = forge.opened_here(&replaced(&forge.text, kind, &new)) else {
            panic!("{new} was read")
        };
        assert!(expected(&error), "{new}: {error}");
    }
    for text in ["", "a: b\n", "[a]\n", "a: b\nsops: c\n", "sops: {}\n", "null\n", "# nothing\n"] {
        assert!(forge.opened_here(text).is_err(), "{text}");
    }
}

#[test]
fn files_that_are_too_long_or_too_deep_are_refused() {
    let forge = Forge::of_everything();
    let long = format!("a: {}\n", "x".repeat(1 << 20));
    assert!(matches!(forge.opened_here(&long), Err(DecryptError::Syntax(SyntaxError::TooLong))));
    for deep in [format!("a: {}{}\n", "[".repeat(65), "]".repeat(65)), format!("a: {}b\n", "- ".repeat(65))] {
        assert!(matches!(forge.opened_here(&deep), Err(DecryptError::Syntax(_))));
    }
    let deep = format!("{{\"a\": {}{}}}", "[".repeat(65), "]".repeat(65));
    assert!(matches!(Format::Json.read(&deep), Err(SyntaxError::TooDeep)));
    assert!(Format::Json.read("{\"a\": 1, \"b\": {\"a\": 1, \"a\": 2}}").is_err());
}
