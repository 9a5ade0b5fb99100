//! Sessions in a terminal, as somebody sits at it.

use std::{fs, os::unix::fs::MetadataExt};

use nix::sys::signal::Signal;
use rexpect::{process::WaitStatus, session::PtySession};

use crate::{
    ground::{Ground, eventually, in_terminal, send, this},
    parts::{KEEPER, TOKEN},
};

/// A prompt, as somebody has it who also keeps an everyday kubeconfig.
const BASHRC: &str = "export KUBECONFIG=/everyday/kubeconfig\nPROMPT_COMMAND='PS1=\"mine> \"'\n";

/// A session in bash, waiting for input.
fn bash(ground: &Ground, arguments: &[&str]) -> PtySession {
    fs::write(ground.home().join(".bashrc"), BASHRC).expect("a file");
    let mut terminal = ground.terminal(arguments);
    terminal.exp_string("BREAK-GLASS ACTIVE").expect("a banner");
    terminal.exp_regex(r"\[BREAK-GLASS alpha\][^\n]* mine> ").expect("a marked prompt");
    terminal
}

/// Waits for the end: everything that was said till then, and the status.
fn end(mut terminal: PtySession) -> (String, i32) {
    let said = terminal.exp_eof().expect("an end");
    let mut status = None;
    eventually("the keeper ends", || {
        status = terminal.process().status();
        status.is_some_and(|status| status != WaitStatus::StillAlive)
    });
    match status {
        Some(WaitStatus::Exited(_, status)) => (said, status),
        other => panic!("{other:?}: {said}"),
    }
}

pub(crate) fn a_shell_finds_the_cluster_and_shows_where_it_is_and_leaves_nothing() {
    let ground = Ground::new();
    let mut terminal = bash(&ground, &[]);
    terminal
        .send_line("$CLIENT; echo at $FANLIGHT_BREAK_GLASS; [ $KUBECONFIG = /everyday/kubeconfig ] || echo not lost")
        .expect("input");
    terminal.exp_string("client-0 reaches https://kube-api.example.com:6443").expect("the cluster");
    terminal.exp_string("at alpha").expect("its name");
    terminal.exp_string("not lost").expect("the session’s own kubeconfig");
    terminal.exp_regex(r"\[BREAK-GLASS alpha\][^\n]* mine> ").expect("a prompt that is marked once more");
    ground.assert_no_leak();
    terminal.send_line("exit").expect("input");
    let (said, status) = end(terminal);
    assert_eq!(status, 0, "{said}");
    assert!(said.contains("Break-glass session on alpha is over after") && said.contains("(exit status 0)"), "{said}");
    ground.assert_clean();
}

pub(crate) fn the_status_of_the_last_command_is_passed_on_and_there_is_a_summary_all_the_same() {
    let ground = Ground::new();
    let mut terminal = bash(&ground, &[]);
    terminal.send_line("sleep $NAP & (exit 3)").expect("input");
    ground.await_nap();
    terminal.send_line("exit 3").expect("input");
    let (said, status) = end(terminal);
    assert_eq!(status, 3, "{said}");
    assert!(said.contains("(exit status 3)"), "{said}");
    ground.assert_clean();
}

pub(crate) fn ctrl_c_interrupts_the_command_and_not_the_session() {
    let ground = Ground::new();
    let mut terminal = bash(&ground, &[]);
    terminal.send_line("sleep $NAP; echo slept").expect("input");
    ground.await_nap();
    terminal.send_control('c').expect("a key");
    terminal.exp_string("mine> ").expect("a prompt");
    terminal.send_control('c').expect("a key");
    terminal.exp_string("mine> ").expect("a prompt");
    send(Signal::SIGINT, ground.record().keeper.pid);
    terminal.send_line("$CLIENT").expect("input");
    terminal.exp_string("client-0 reaches").expect("a token still");
    terminal.send_line("exit 0").expect("input");
    let (said, status) = end(terminal);
    assert_eq!(status, 0, "{said}");
    assert!(!said.contains("slept"));
    ground.assert_clean();
}

pub(crate) fn a_closed_terminal_ends_everything_also_what_does_not_listen() {
    let ground = Ground::new();
    fs::write(ground.home().join(".bashrc"), "PS1='mine> '\n").expect("a file");
    // The inner terminal is that of `script`, which can be taken away.
    let mut command = ground.command("script");
    command.args(["-qfc", &format!("exec {} {KEEPER} --name {}", this().display(), ground.nap), "/dev/null"]);
    let mut terminal = in_terminal(command);
    terminal.exp_string("[BREAK-GLASS alpha]").expect("a prompt");
    terminal.send_line("trap '' HUP; (trap '' HUP TERM; setsid sleep $NAP &); while :; do :; done").expect("input");
    ground.await_nap();
    ground.assert_no_leak();
    terminal.process_mut().signal(Signal::SIGKILL).expect("a signal");
    ground.assert_clean();
}

pub(crate) fn a_signal_to_the_keeper_ends_the_shell() {
    let ground = Ground::new();
    let mut terminal = bash(&ground, &[]);
    terminal.send_line("sleep $NAP").expect("input");
    ground.await_nap();
    send(Signal::SIGTERM, ground.record().keeper.pid);
    let (said, status) = end(terminal);
    assert_eq!(status, 143, "{said}");
    assert!(said.contains("(ended by SIGTERM)"), "{said}");
    ground.assert_clean();
}

pub(crate) fn when_the_time_is_up_there_was_a_warning_and_everything_ends() {
    let ground = Ground::new();
    let mut terminal = bash(&ground, &["--limit", "4000", "--warning", "1000"]);
    terminal.send_line("trap '' HUP TERM; sleep $NAP").expect("input");
    terminal.exp_string("The break-glass session on alpha ends in 1 s").expect("a warning");
    let (said, status) = end(terminal);
    assert_eq!(status, 124, "{said}");
    assert!(said.contains("(its time was up)"), "{said}");
    ground.assert_clean();
}

pub(crate) fn a_session_cannot_be_put_to_sleep() {
    let ground = Ground::new();
    let script = "read -r line; echo \"first $line\"; read -r line; echo \"then $line\"";
    // A group without a shell outside cannot be stopped anyway.
    let mut terminal = outside(&ground);
    terminal.send_line(&format!("$KEEPER -- sh -c '{script}'")).expect("input");
    terminal.exp_string("Leave with `exit`").expect("a banner");
    terminal.send_line("one").expect("input");
    terminal.exp_string("first one").expect("output");
    terminal.send_control('z').expect("a key");
    terminal.exp_string("cannot be stopped and put aside").expect("an explanation");
    terminal.send_line("two").expect("input");
    terminal.exp_string("then two").expect("output");
    terminal.exp_string("outside> ").expect("a prompt");
    terminal.send_line("exit 0").expect("input");
    assert_eq!(end(terminal).1, 0);

    let mut terminal = bash(&ground, &[]);
    terminal.send_line("suspend -f; echo awake$((1+1))").expect("input");
    terminal.exp_string("cannot be stopped and put aside").expect("an explanation");
    terminal.exp_string("awake2").expect("it goes on");
    terminal.send_line("exit").expect("input");
    assert_eq!(end(terminal).1, 0);
    ground.assert_clean();
}

/// A shell outside, in which sessions are started.
fn outside(ground: &Ground) -> PtySession {
    let mut command = ground.command("/bin/bash");
    command
        .args(["--norc", "-i"])
        .env("PS1", "outside> ")
        .env("KEEPER", format!("{} {KEEPER} --name {}", this().display(), ground.nap));
    let mut terminal = in_terminal(command);
    terminal.exp_string("outside> ").expect("a prompt");
    terminal
}

pub(crate) fn a_terminal_comes_back_as_it_was_from_a_shell_that_was_killed() {
    let ground = Ground::new();
    let mut terminal = outside(&ground);
    terminal.send_line("$KEEPER").expect("input");
    terminal.exp_string("[BREAK-GLASS alpha]").expect("a prompt");
    terminal.send_line("stty raw -echo; kill -9 $$").expect("input");
    terminal.exp_string("(exit status 137)").expect("a summary");
    terminal.exp_string("outside> ").expect("a prompt");
    terminal.send_line("stty -a | tr ' ' '\\n' | grep -x icanon; echo back$((1+1))").expect("input");
    terminal.exp_string("icanon").expect("a terminal that was set back");
    terminal.exp_string("back2").expect("a shell that has the terminal");
    terminal.send_line("exit 0").expect("input");
    assert_eq!(end(terminal).1, 0);
    ground.assert_clean();
}

pub(crate) fn a_pager_outside_keeps_the_terminal_while_a_command_runs() {
    let ground = Ground::new();
    let mut terminal = outside(&ground);
    terminal.send_line("$KEEPER -- sh -c '$CLIENT; read -r line </dev/tty; echo \"inner $line\"' | { read -r line; echo \"got $line\"; cat; }").expect("input");
    terminal.exp_string("got client-0 reaches").expect("output through the pipe");
    terminal.send_line("typed").expect("input");
    let said = terminal.exp_string("outside> ").expect("a prompt");
    assert!(said.contains("inner typed"), "the command reads from the terminal as well: {said}");
    assert!(said.contains("(exit status 0)"), "{said}");
    // One that is started in the background waits for nothing and takes nothing away.
    terminal.send_line("$KEEPER -- sh -c 'echo behind$((1+1))' & wait; echo waited$((1+1))").expect("input");
    terminal.exp_string("behind2").expect("output");
    terminal.exp_string("waited2").expect("the shell outside has the terminal");
    terminal.send_line("exit 0").expect("input");
    assert_eq!(end(terminal).1, 0);
    ground.assert_clean();
}

pub(crate) fn ctrl_c_reaches_a_command_and_its_status_is_passed_on() {
    let ground = Ground::new();
    let mut terminal = ground.terminal(&["--", "sh", "-c", "trap 'echo caught; exit 9' INT; sleep $NAP & wait"]);
    ground.await_nap();
    terminal.send_control('c').expect("a key");
    terminal.exp_string("caught").expect("the command has its own way to end");
    assert_eq!(end(terminal).1, 9);
    ground.assert_clean();
}

pub(crate) fn a_token_in_the_file_is_gone_with_the_session() {
    let ground = Ground::new();
    let mut terminal = bash(&ground, &["--file"]);
    terminal.send_line("$CLIENT").expect("input");
    terminal.exp_string("client-0 reaches").expect("a token");
    let files = ground.files_with_token();
    assert_eq!(files.len(), 1, "{files:?}");
    let path = files.first().expect("a file");
    assert!(path.starts_with(ground.places().choose().expect("a place").path()));
    assert_eq!(fs::metadata(path).expect("a file").mode() & 0o777, 0o600);
    assert!(fs::read_to_string(path).expect("text").contains(TOKEN));
    terminal.send_line("exit").expect("input");
    assert_eq!(end(terminal).1, 0);
    ground.assert_clean();
}
