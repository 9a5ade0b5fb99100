//! The real program, as people and scripts call it.

#![expect(clippy::expect_used, reason = "helpers of tests fail as tests do")]

use std::{
    io::Write,
    os::unix::fs::symlink,
    path::Path,
    process::{Command, Output, Stdio},
};

const PROGRAM: &str = env!("CARGO_BIN_EXE_fanlight");

/// Runs `program` with `input` on standard input.
fn run(program: impl AsRef<Path>, arguments: &[&str], input: &[u8]) -> Output {
    let mut command = Command::new(program.as_ref());
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program starts");
    // One that refuses its arguments does not read: a closed pipe is fine.
    let _ = child.stdin.take().expect("a pipe").write_all(input);
    child.wait_with_output().expect("the program ends")
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("text")
}

/// The one line of a successful output.
fn hash_in(output: &Output) -> &str {
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let hash = text(&output.stdout).strip_suffix('\n').expect("a line");
    assert!(hash.len() == 60 && hash.starts_with("$2a$10$"), "nothing but the hash: {hash:?}");
    hash
}

#[test]
fn a_password_is_hashed_byte_for_byte_and_nothing_but_the_hash_is_printed() {
    for password in [&b"secret"[..], b" secret ", "pässwörd".as_bytes(), b"\xff\xfe", &[b'x'; 72]] {
        let output = run(PROGRAM, &["get", "bcrypt-hash"], password);
        let hash = hash_in(&output);
        assert!(bcrypt::verify(password, hash).expect("a hash"), "{password:?}");
        assert!(output.stderr.is_empty(), "{}", text(&output.stderr));
    }
}

#[test]
fn a_line_end_is_part_of_the_password_and_a_warning_says_so() {
    let output = run(PROGRAM, &["get", "bcrypt-hash"], b"secret\n");
    let hash = hash_in(&output);
    assert!(bcrypt::verify("secret\n", hash).expect("a hash") && !bcrypt::verify("secret", hash).expect("a hash"));
    assert!(text(&output.stderr).starts_with("Warning: the password ends with a line end"));
}

#[test]
fn what_bcrypt_would_not_look_at_is_refused() {
    for (password, why) in [(&[b'x'; 73][..], "longer than 72 bytes"), (&[b'x'; 10_000], "longer"), (b"", "empty")] {
        let output = run(PROGRAM, &["get", "bcrypt-hash"], password);
        assert_eq!(output.status.code(), Some(1));
        assert!(output.stdout.is_empty());
        let error = text(&output.stderr);
        assert!(error.starts_with("Error: ") && error.contains(why), "{error}");
    }
}

#[test]
fn at_a_terminal_the_password_is_asked_for_and_not_shown() {
    let folder = tempfile::tempdir().expect("a folder");
    let hash = folder.path().join("hash");
    let command = format!("sh -c '{PROGRAM} get bcrypt-hash > {}'", hash.display());
    let mut terminal = rexpect::spawn(&command, Some(180_000)).expect("a terminal");
    terminal.exp_string("Enter Password: ").expect("a prompt, though standard output is a file");
    terminal.send_line("over the shoulder").expect("the terminal takes input");
    let shown = terminal.exp_eof().expect("the program ends");
    assert_eq!(shown.trim(), "");
    let hash = std::fs::read_to_string(hash).expect("the hash");
    assert!(bcrypt::verify("over the shoulder", hash.trim_end()).expect("a hash"));
}

#[test]
fn called_by_the_predecessors_name_it_answers_the_same_commands() {
    let folder = tempfile::tempdir().expect("a folder");
    let gitops = folder.path().join("gitops");
    symlink(PROGRAM, &gitops).expect("a link");
    hash_in(&run(&gitops, &["get", "bcrypt-hash"], b"secret"));
    hash_in(&run(&gitops, &["--no-analytics", "get", "bcrypt-hash"], b"secret"));
    let help = run(&gitops, &["get", "bcrypt-hash", "--help"], b"");
    assert!(text(&help.stdout).contains("Usage: gitops get bcrypt-hash"), "{}", text(&help.stdout));
}

#[test]
fn a_command_line_that_makes_no_sense_is_told_from_a_failure() {
    for arguments in
        [&[][..], &["get"], &["get", "bcrypt-hash", "secret"], &["get", "nothing"], &["completion", "tcsh"]]
    {
        let output = run(PROGRAM, arguments, b"secret");
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(output.stdout.is_empty() && !output.stderr.is_empty(), "{arguments:?}");
    }
    let version = run(PROGRAM, &["--version"], b"");
    assert_eq!(text(&version.stdout), concat!("fanlight ", env!("CARGO_PKG_VERSION"), "\n"));
    assert_eq!(version.status.code(), Some(0));
}

#[test]
fn each_shell_gets_a_script_that_completes_the_name_it_was_called_by() {
    let folder = tempfile::tempdir().expect("a folder");
    let gitops = folder.path().join("gitops");
    symlink(PROGRAM, &gitops).expect("a link");
    for shell in ["bash", "zsh", "fish", "powershell"] {
        let output = run(&gitops, &["completion", shell], b"");
        assert_eq!(output.status.code(), Some(0), "{shell}");
        let script = text(&output.stdout);
        assert!(script.contains("gitops") && script.contains("bcrypt-hash"), "{shell}");
    }
    let script = run(PROGRAM, &["completion", "bash"], b"");
    let checked = run("bash", &["-n"], &script.stdout);
    assert!(checked.status.success(), "{}", text(&checked.stderr));
}

#[test]
fn what_the_predecessor_could_do_is_answered_by_what_to_do_instead() {
    for (line, words) in [
        ("get config", "may be deleted"),
        ("set config analytics false", "may be deleted"),
        ("create terraform shop --path=./ --source=x", "tfctl create"),
        ("--namespace apps create tf shop", "tfctl create"),
        ("delete terraform shop", "tfctl delete"),
        ("suspend terraform shop", "tfctl suspend"),
        ("resume terraform shop", "tfctl resume"),
        ("replan terraform shop", "tfctl replan"),
        ("logs terraform shop", "kubectl logs NAME-tf-runner"),
        ("docs --directory .", "fanlight help"),
        ("beta run .", "flux build"),
        ("--endpoint https://e.example.com get bcrypt-hash", "no Enterprise server"),
        ("-e https://e.example.com check", "no Enterprise server"),
        ("check --username kim", "leave it out"),
        ("version --password=hunter2", "leave it out"),
        ("check --insecure-skip-tls-verify", "put the CA there"),
        ("check --override-in-cluster", "leave it out"),
        ("check --git-host-types=a=b", "leave it out"),
        ("create dashboard look --token=hunter2", "kubeconfig"),
        ("check --as kim", "kubeconfig"),
    ] {
        let output = run(PROGRAM, &line.split(' ').collect::<Vec<_>>(), b"");
        let error = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{line}: {error}");
        assert!(output.stdout.is_empty() && error.lines().count() == 1, "{line}: {error}");
        assert!(error.starts_with("Error: ") && error.contains(words) && !error.contains("hunter2"), "{line}: {error}");
    }
    // What is wrong in today's commands is clap's to say.
    let output = run(PROGRAM, &["break-glass", "status", "--token"], b"");
    assert!(text(&output.stderr).contains("unexpected argument"), "{}", text(&output.stderr));
}
