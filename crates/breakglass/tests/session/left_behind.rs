//! What a killed keeper leaves behind, and who cleans it up.

use std::process::Stdio;

use fanlight_breakglass::session::sweep;

use nix::sys::signal::Signal;

use crate::{
    apart::{finish, start},
    ground::{Ground, eventually, send},
    parts::SECRET,
};

pub(crate) fn after_kill_9_there_are_no_tokens_and_the_next_command_cleans_up() {
    let ground = Ground::new();
    let mut terminal = ground.terminal(&[]);
    terminal.exp_string("[BREAK-GLASS alpha]").expect("a prompt");
    terminal.send_line("(setsid nohup sleep $NAP >/dev/null 2>&1 &)").expect("input");
    ground.await_nap();
    let record = ground.record();
    send(Signal::SIGKILL, record.keeper.pid);
    eventually("the keeper is gone", || terminal.process().status().is_none_or(|status| !is_alive(status)));
    assert!(!ground.processes().is_empty(), "somebody is left");
    assert!(ground.files_with_token().is_empty());

    let swept = sweep(&ground.places(), None).expect("swept");
    assert_eq!(swept.sessions, std::slice::from_ref(&record));
    assert_eq!(record.secret.as_deref(), Some(SECRET));
    assert_eq!(
        (record.cluster.as_str(), record.person.as_str(), record.reason.as_str()),
        ("alpha", "Alice", "sign-in is down")
    );
    assert!(!swept.ended.is_empty() && swept.removed.len() == 1, "{swept:?}");
    ground.assert_clean();
    let again = sweep(&ground.places(), None).expect("swept");
    assert!(again.sessions.is_empty() && again.removed.is_empty() && again.ended.is_empty(), "{again:?}");
}

fn is_alive(status: rexpect::process::WaitStatus) -> bool {
    status == rexpect::process::WaitStatus::StillAlive
}

pub(crate) fn a_session_that_lives_is_left_alone() {
    let ground = Ground::new();
    let mut command = ground.keeper(&["--", "sh", "-c", "sleep $NAP; $CLIENT"]);
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("a keeper");
    ground.await_nap();
    let swept = sweep(&ground.places(), None).expect("swept");
    assert!(swept.sessions.is_empty() && swept.removed.is_empty() && swept.ended.is_empty(), "{swept:?}");
    send(Signal::SIGTERM, ground.await_nap());
    let output = child.wait_with_output().expect("an end");
    assert!(output.stdout.starts_with(b"client-0 reaches"));
    ground.assert_clean();
}

pub(crate) fn whoever_sweeps_from_within_a_dead_session_stays() {
    let ground = Ground::new();
    let script = b"$CLIENT\nkill -9 $PPID\n$CLIENT 2>&1\nsleep $NAP >/dev/null 2>&1 &\n$SWEEPER\necho still here\n";
    let (output, _) = finish(start(&ground, &[]), script);
    let printed = String::from_utf8(output.stdout).expect("text");
    let mut lines = printed.lines();
    assert_eq!(lines.next(), Some("client-0 reaches https://kube-api.example.com:6443"), "{printed}");
    assert!(lines.next().is_some_and(|line| line.starts_with("Error: the break-glass session is over")), "{printed}");
    assert_eq!(lines.next(), Some("1 session, 1 process"), "the sleeper, and not the shell: {printed}");
    assert_eq!(lines.next(), Some("still here"));
    ground.assert_clean();
}
