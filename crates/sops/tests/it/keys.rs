//! Private keys from every place where sops looks, and of every kind.

use std::{
    collections::VecDeque,
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::Command,
    sync::{Arc, Mutex},
};

use fanlight_sops::{DecryptError, Format, Identities, Prompter, Selection, Surroundings, Text, decrypt, encrypt};

use crate::{
    bench::{Bench, NOW, kubeconfig, run},
    corpus::{assert_same, opened_by_sops},
};

/// Somebody who answers with what was given to him, and remembers what he was asked and shown.
#[derive(Default)]
struct Somebody {
    answers: Mutex<VecDeque<&'static str>>,
    heard: Mutex<Vec<String>>,
}

impl Somebody {
    fn who_answers(answers: &[&'static str]) -> Arc<Self> {
        Arc::new(Self { answers: Mutex::new(answers.iter().copied().collect()), heard: Mutex::default() })
    }

    fn answer(&self, question: &str) -> Option<&'static str> {
        self.show(question);
        self.answers.lock().unwrap().pop_front()
    }

    fn heard(&self) -> Vec<String> {
        self.heard.lock().unwrap().clone()
    }
}

impl Prompter for Somebody {
    fn show(&self, message: &str) {
        self.heard.lock().unwrap().push(message.to_owned());
    }

    fn confirm(&self, message: &str, _: &str, _: Option<&str>) -> Option<bool> {
        self.answer(message).map(|answer| answer == "yes")
    }

    fn line(&self, question: &str) -> Option<String> {
        self.answer(question).map(str::to_owned)
    }

    fn secret(&self, question: &str) -> Option<Text> {
        self.answer(question).map(Text::from)
    }
}

fn seal_for(bench: &Bench, recipient: &str) -> String {
    bench.policy(&format!("creation_rules:\n  - age: {recipient}\n"));
    bench.seal(&kubeconfig(), &bench.rule("x.yaml"), Selection::Everything, Format::Yaml)
}

fn opens(text: &str, surroundings: &Surroundings) -> Result<(), DecryptError> {
    let opened = decrypt(text, Format::Yaml, &Identities::gather(surroundings))?;
    assert_eq!(opened.tree, kubeconfig());
    Ok(())
}

/// A key of SSH; its public half.
fn ssh_key(path: &Path, kind: &str, passphrase: &str) -> String {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let mut command = Command::new("ssh-keygen");
    command.args(["-q", "-t", kind, "-b", "2048", "-N", passphrase, "-C", "somebody@example.com", "-f"]).arg(path);
    let made = run(&mut command, "");
    assert!(made.success, "{}", made.stderr);
    fs::read_to_string(path.with_extension("pub")).unwrap().trim().to_owned()
}

#[test]
fn a_key_is_found_in_each_place_where_sops_looks() {
    let bench = Bench::new();
    let pair = bench.pair("one");
    let text = seal_for(&bench, &pair.recipient);
    let key = fs::read_to_string(&pair.file).unwrap();
    let secret = key.lines().find(|line| line.starts_with("AGE-SECRET-KEY-1")).unwrap();
    let other = fs::read_to_string(bench.pair("other").file).unwrap();
    let other = other.lines().last().unwrap();

    let in_a_variable = format!("{other} {secret}");
    let by_a_command = format!("cat '{}'", pair.file.display());
    for (variable, value) in [
        ("SOPS_AGE_KEY", in_a_variable.as_str()),
        ("SOPS_AGE_KEY_FILE", pair.file.to_str().unwrap()),
        ("SOPS_AGE_KEY_CMD", &by_a_command),
    ] {
        opens(&text, &bench.surroundings(&[(variable, Path::new(value))]))
            .unwrap_or_else(|error| panic!("{variable}: {error}"));
        opened_by_sops_with(&bench, &[(variable, Path::new(value))], &text);
    }
    assert!(opens(&text, &bench.surroundings(&[])).is_err());
    bench.write("home/.config/sops/age/keys.txt", &key);
    opens(&text, &bench.surroundings(&[])).unwrap();
    opened_by_sops_with(&bench, &[], &text);
}

fn opened_by_sops_with(bench: &Bench, variables: &[(&str, &Path)], text: &str) {
    let ran = bench.sops_with(variables, &["decrypt", "--input-type", "yaml", "--output-type", "yaml"], text);
    assert!(ran.success, "{variables:?}: {}", ran.stderr);
}

#[test]
fn a_command_is_told_for_whom_a_key_is_wanted() {
    let bench = Bench::new();
    let pair = bench.pair("one");
    let text = seal_for(&bench, &pair.recipient);
    let script = format!("test \"$SOPS_AGE_RECIPIENT\" = {} && cat '{}'", pair.recipient, pair.file.display());
    let command = format!("sh -c '{}'", script.replace('\'', "'\\''"));
    opens(&text, &bench.surroundings(&[("SOPS_AGE_KEY_CMD", Path::new(&command))])).unwrap();
    let wrong = bench.surroundings(&[("SOPS_AGE_KEY_CMD", Path::new("sh -c 'exit 3'"))]);
    let Err(DecryptError::NoKey { tried, .. }) = opens(&text, &wrong) else { panic!("it was opened") };
    assert!(tried.contains("SOPS_AGE_KEY_CMD: it ended with exit status: 3"), "{tried}");
}

#[test]
fn keys_of_ssh_open_what_is_sealed_for_them_here_and_in_sops() {
    for (kind, name) in [("ed25519", "id_ed25519"), ("rsa", "id_rsa")] {
        let bench = Bench::new();
        let public = ssh_key(&bench.path("home/.ssh").join(name), kind, "");
        let ours = seal_for(&bench, &public);
        let plain = Format::Yaml.write(&kubeconfig());
        let theirs = bench.sops_with(&[], &["encrypt", "--filename-override", "x.yaml"], plain.as_str());
        assert!(theirs.success, "{}", theirs.stderr);
        for text in [&ours, &theirs.stdout] {
            opens(text, &bench.surroundings(&[])).unwrap();
            opened_by_sops_with(&bench, &[], text);
        }

        let moved = bench.path("moved");
        fs::rename(bench.path("home/.ssh").join(name), &moved).unwrap();
        assert!(opens(&ours, &bench.surroundings(&[])).is_err());
        opens(&ours, &bench.surroundings(&[("SOPS_AGE_SSH_PRIVATE_KEY_FILE", &moved)])).unwrap();
        let command = format!("cat '{}'", moved.display());
        opens(&ours, &bench.surroundings(&[("SOPS_AGE_SSH_PRIVATE_KEY_CMD", Path::new(&command))])).unwrap();
    }
}

#[test]
fn a_passphrase_of_a_key_of_ssh_is_asked_for_only_when_the_file_is_for_that_key() {
    let bench = Bench::new();
    let (pair, key) = (bench.pair("one"), bench.path("home/.ssh/id_ed25519"));
    let public = ssh_key(&key, "ed25519", "correct horse");
    let for_another = seal_for(&bench, &pair.recipient);
    let for_it = seal_for(&bench, &format!("\"{}, {public}\"", bench.pair("other").recipient));

    let nobody_is_asked = Somebody::who_answers(&[]);
    let mut surroundings = bench.surroundings(&[]);
    surroundings.prompter = nobody_is_asked.clone();
    assert!(opens(&for_another, &surroundings).is_err());
    assert_eq!(nobody_is_asked.heard(), [""; 0]);

    let somebody = Somebody::who_answers(&["wrong", "correct horse"]);
    surroundings.prompter = somebody.clone();
    opens(&for_it, &surroundings).unwrap();
    let question = format!("Passphrase of {}", key.display());
    assert_eq!(somebody.heard(), [&question, "That is not the passphrase.", &question]);

    surroundings.prompter = Somebody::who_answers(&[]);
    let Err(DecryptError::NoKey { tried, .. }) = opens(&for_it, &surroundings) else { panic!("it was opened") };
    assert!(tried.contains("there is nobody to ask for its passphrase"), "{tried}");
}

#[test]
fn keys_behind_a_passphrase_are_opened_with_it_once() {
    let bench = Bench::new();
    let pair = bench.pair("one");
    let text = seal_for(&bench, &pair.recipient);
    let locked = bench.path("locked.age");
    let mut passphrase = age::scrypt::Recipient::new("correct horse".into());
    passphrase.set_work_factor(2);
    let encryptor = age::Encryptor::with_recipients(std::iter::once(&passphrase as &dyn age::Recipient)).unwrap();
    let armour =
        age::armor::ArmoredWriter::wrap_output(fs::File::create(&locked).unwrap(), age::armor::Format::AsciiArmor);
    let mut writer = encryptor.wrap_output(armour.unwrap()).unwrap();
    writer.write_all(&fs::read(&pair.file).unwrap()).unwrap();
    writer.finish().and_then(age::armor::ArmoredWriter::finish).unwrap();

    let somebody = Somebody::who_answers(&["correct horse"]);
    let mut surroundings = bench.surroundings(&[("SOPS_AGE_KEY_FILE", &locked)]);
    surroundings.prompter = somebody.clone();
    let identities = Identities::gather(&surroundings);
    assert_eq!(somebody.heard(), [""; 0], "nobody is asked before a key is used");
    for _ in 0..2 {
        assert_eq!(decrypt(&text, Format::Yaml, &identities).unwrap().tree, kubeconfig());
    }
    assert_eq!(somebody.heard().len(), 1);

    surroundings.prompter = Somebody::who_answers(&["wrong", "wronger", "wrongest", "correct horse"]);
    assert!(matches!(opens(&text, &surroundings), Err(DecryptError::NoKey { .. })));
}

#[test]
fn what_is_found_and_what_goes_wrong_is_reported_without_any_secret() {
    let bench = Bench::new();
    let pair = bench.pair("one");
    let secret = fs::read_to_string(&pair.file).unwrap().lines().last().unwrap().to_owned();
    let spoiled = bench.write("spoiled.key", &format!("# comment\n{}\n", secret.replace("KEY-1", "KEY-1Q")));
    bench.write("home/.ssh/id_rsa", "no key at all");
    let surroundings = bench.surroundings(&[("SOPS_AGE_KEY", Path::new(&secret)), ("SOPS_AGE_KEY_FILE", &spoiled)]);
    let identities = Identities::gather(&surroundings);

    let found = identities.found();
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].origin.as_str(), found[0].what.as_str()), ("SOPS_AGE_KEY", pair.recipient.as_str()));
    assert_eq!(found[0].recipient.as_ref().unwrap().to_string(), pair.recipient);
    let notes = identities.notes().join("\n");
    assert!(notes.contains("spoiled.key (SOPS_AGE_KEY_FILE): line 2 is not a key of age"), "{notes}");
    assert!(notes.contains(".ssh/id_rsa: it is not a key of SSH"), "{notes}");
    assert!(identities.empty_places().iter().any(|place| place.ends_with("sops/age/keys.txt")));

    let text = seal_for(&bench, &bench.pair("other").recipient);
    let error = decrypt(&text, Format::Yaml, &identities).unwrap_err();
    for shown in [error.to_string(), format!("{error:?}"), notes, format!("{surroundings:?} {identities:?}")] {
        assert!(!shown.contains("AGE-SECRET-KEY"), "{shown}");
    }
    let shown = format!("{:?}", kubeconfig());
    assert!(shown.contains("token") && !shown.contains("eyJ"), "{shown}");
}

const GROUPS: &str = "creation_rules:\n  - shamir_threshold: 2\n    key_groups:\n";

#[test]
fn of_three_key_groups_two_open_a_file_and_one_does_not() {
    let bench = Bench::new();
    let pairs = [bench.pair("one"), bench.pair("two"), bench.pair("three")];
    let groups = pairs.each_ref().map(|pair| format!("      - age: [{}]\n", pair.recipient));
    bench.policy(&format!("{GROUPS}{}", groups.concat()));
    let rule = bench.rule("x.yaml");
    assert_eq!(rule.key_groups(), (3, 2));
    let ours = bench.seal(&kubeconfig(), &rule, Selection::Everything, Format::Yaml);
    let plain = Format::Yaml.write(&kubeconfig());
    let theirs = bench.sops_with(&[], &["encrypt", "--filename-override", "x.yaml"], plain.as_str()).stdout;

    let keys = |chosen: &[usize]| {
        let text: String = chosen.iter().map(|place| fs::read_to_string(&pairs[*place].file).unwrap()).collect();
        bench.write("chosen.key", &text)
    };
    for text in [&ours, &theirs] {
        for chosen in [[0, 1], [2, 0], [1, 2]] {
            let keys = keys(&chosen);
            assert_eq!(decrypt(text, Format::Yaml, &bench.identities(&keys)).unwrap().tree, kubeconfig());
            assert_same(&kubeconfig(), &opened_by_sops(&bench, &keys, text, Format::Yaml));
        }
        let one = bench.identities(&keys(&[1]));
        assert!(matches!(decrypt(text, Format::Yaml, &one), Err(DecryptError::NoKey { .. })));
    }
}

/// A plugin of age whose encryption is none: what it wraps it hands out again, after having said something.
const PLUGIN: &str = r#"#!/bin/sh
read_reply() { read -r reply; read -r rest; }
last=
while read -r line; do
    case $line in
        '-> wrap-file-key'*) read -r key ;;
        '-> recipient-stanza 0 fan'*) read -r key ;;
        '-> done'*) read -r rest; break ;;
    esac
done
case $1 in
    *recipient-v1) printf -- '-> recipient-stanza 0 fan\n%s\n' "$key"; read_reply ;;
    *identity-v1)
        printf -- '-> msg\n%s\n' "$(printf 'Touch the fan' | base64 | tr -d =)"; read_reply
        printf -- '-> request-secret\n%s\n' "$(printf 'PIN' | base64 | tr -d =)"; read -r reply; read -r pin
        [ "$pin" = "$(printf 1234 | base64 | tr -d =)" ] && { printf -- '-> file-key 0\n%s\n' "$key"; read_reply; } ;;
esac
printf -- '-> done\n\n'
"#;

/// Plugins are looked for in the `PATH` of the process, so the test runs itself again with another one.
#[test]
fn a_plugin_seals_and_opens_and_what_it_says_and_asks_reaches_the_prompter() {
    let bench = Bench::new();
    bench.program("bin/age-plugin-fan", PLUGIN);
    let path = format!("{}:{}", bench.path("bin").display(), std::env::var("PATH").unwrap());
    let mut again = Command::new(std::env::current_exe().unwrap());
    again.env("PATH", path).args(["--ignored", "--exact", "keys::with_the_plugin_in_path"]);
    let ran = run(&mut again, "");
    assert!(ran.success && ran.stdout.contains("1 passed"), "{}{}", ran.stdout, ran.stderr);
}

#[test]
#[ignore = "run by another test, with a plugin in PATH"]
fn with_the_plugin_in_path() {
    let bench = Bench::new();
    let text = seal_for(&bench, "age1fan1wa5kuer0wusxzcn0wejjqcfqv3hk7usmfec5v");
    let keys: PathBuf = bench.write("plugin.key", "# a fan\nAGE-PLUGIN-FAN-1P3P04X\n");
    let mut surroundings = bench.surroundings(&[("SOPS_AGE_KEY_FILE", &keys)]);
    let somebody = Somebody::who_answers(&["1234"]);
    surroundings.prompter = somebody.clone();
    opens(&text, &surroundings).unwrap();
    assert_eq!(somebody.heard(), ["Touch the fan", "PIN"]);
    surroundings.prompter = Somebody::who_answers(&["4321"]);
    assert!(matches!(opens(&text, &surroundings), Err(DecryptError::NoKey { .. })));
}

#[test]
fn a_plugin_that_is_not_installed_is_named() {
    let bench = Bench::new();
    bench.policy("creation_rules:\n  - age: age1fan1wa5kuer0wusxzcn0wejjqcfqv3hk7usmfec5v\n");
    let (rule, now) = (bench.rule("x.yaml"), NOW.parse().unwrap());
    let refused = encrypt(&kubeconfig(), &rule, Selection::Everything, Format::Yaml, now, &bench.surroundings(&[]));
    let error = refused.unwrap_err().to_string();
    assert!(error.contains("age1fan1") && error.contains("age-plugin-fan"), "{error}");
}
