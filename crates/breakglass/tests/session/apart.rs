//! Sessions without a terminal: commands, as scripts run them.

use std::{
    fs,
    io::Write,
    os::unix::{fs::PermissionsExt, process::ExitStatusExt},
    process::{Child, Command, Output, Stdio},
};

use nix::sys::signal::Signal;

use crate::{
    ground::{Ground, contains, eventually, send},
    parts::TOKEN,
};

/// Runs a command without any terminal, as a service manager does.
fn detached(command: &Command) -> Command {
    let mut detached = Command::new("setsid");
    detached.arg("--wait").arg(command.get_program()).args(command.get_args()).env_clear();
    detached.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    detached.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    detached
}

pub(crate) fn start(ground: &Ground, arguments: &[&str]) -> Child {
    detached(&ground.keeper(arguments)).spawn().expect("the keeper starts")
}

pub(crate) fn finish(mut child: Child, input: &[u8]) -> (Output, String) {
    let _ = child.stdin.take().expect("a pipe").write_all(input);
    let output = child.wait_with_output().expect("the keeper ends");
    let said = String::from_utf8(output.stderr.clone()).expect("text");
    (output, said)
}

pub(crate) fn a_command_gets_input_and_gives_output_and_status() {
    let ground = Ground::new();
    let child = start(&ground, &["--", "sh", "-c", "$CLIENT; read -r line; echo \"$line\"; exit 7"]);
    let (output, said) = finish(child, b"from outside\n");
    assert_eq!(output.status.code(), Some(7), "{said}");
    let printed = String::from_utf8(output.stdout).expect("text");
    assert_eq!(printed, "client-0 reaches https://kube-api.example.com:6443\nfrom outside\n", "{said}");
    assert_eq!(said, "Break-glass session on alpha is over after 0 s (exit status 7).\n");
    ground.assert_clean();
}

pub(crate) fn a_shell_reads_a_script_from_its_input() {
    let ground = Ground::new();
    let (output, said) = finish(start(&ground, &[]), b"echo \"$FANLIGHT_BREAK_GLASS\"\n$CLIENT\nexit 3\n");
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert_eq!(output.stdout, b"alpha\nclient-0 reaches https://kube-api.example.com:6443\n", "{said}");
    assert!(said.contains("  BREAK-GLASS ACTIVE\ncluster: alpha\n") && said.contains("exit status 3"), "{said}");
    ground.assert_clean();
}

pub(crate) fn without_a_terminal_an_interrupt_ends_the_session() {
    for (signal, status) in [(Signal::SIGINT, 130), (Signal::SIGTERM, 143), (Signal::SIGHUP, 129)] {
        let ground = Ground::new();
        let child = start(&ground, &["--", "sleep", &ground.nap]);
        ground.await_nap();
        ground.assert_no_leak();
        send(signal, ground.record().keeper.pid);
        let (output, said) = finish(child, b"");
        assert_eq!(output.status.code(), Some(status), "{said}");
        assert!(said.contains(&format!("(ended by {signal})")), "{said}");
        ground.assert_clean();
    }
}

pub(crate) fn whoever_turned_their_back_is_found_and_ended() {
    let ground = Ground::new();
    // Orphaned, in a session of its own, deaf to hang-ups, and without the mark in its environment.
    let script = "(setsid env -i nohup sh -c ': > \"$0\"; exec sleep \"$1\"' \"$TMPDIR/there\" $NAP >/dev/null 2>&1 \
                  </dev/null &); while [ ! -e \"$TMPDIR/there\" ]; do :; done; exit 5";
    let (output, said) = finish(start(&ground, &["--", "sh", "-c", script]), b"");
    assert_eq!(output.status.code(), Some(5), "{said}");
    ground.assert_clean();
}

pub(crate) fn a_command_that_does_not_listen_is_killed() {
    let ground = Ground::new();
    let script = "trap '' HUP TERM INT; sleep $NAP & while :; do wait; done";
    let child = start(&ground, &["--limit", "1500", "--warning", "1000", "--", "sh", "-c", script]);
    let (output, said) = finish(child, b"");
    assert_eq!(output.status.code(), Some(124), "{said}");
    let warned = said.find("The break-glass session on alpha ends in 1 s").expect("a warning");
    assert!(said.find("its time was up").expect("a summary") > warned, "{said}");
    assert!(!said.contains("could not be ended"), "{said}");
    ground.assert_clean();
}

pub(crate) fn a_program_that_cannot_be_started_is_an_error_and_nothing_is_left() {
    let ground = Ground::new();
    let plain = ground.path("plain");
    fs::write(&plain, "text").expect("a file");
    fs::set_permissions(&plain, fs::Permissions::from_mode(0o600)).expect("a mode");
    let plain = plain.to_str().expect("text");
    for (program, status) in [("no-such-program-here", 127), (plain, 126)] {
        let (output, said) = finish(start(&ground, &["--", program]), b"");
        assert_eq!(output.status.code(), Some(status), "{said}");
        assert!(said.contains(&format!("Error: cannot start {program}")), "{said}");
        ground.assert_clean();
    }
    let mut command = ground.keeper(&[]);
    command.env("SHELL", "/no/such/shell");
    let (output, said) = finish(detached(&command).spawn().expect("the keeper starts"), b"");
    assert_eq!(output.status.code(), Some(127), "{said}");
    ground.assert_clean();
}

pub(crate) fn the_environment_and_the_arguments_of_programs_hold_no_token() {
    let ground = Ground::new();
    let mut command = ground.keeper(&["--", "sh", "-c", "$CLIENT && env; cat \"$KUBECONFIG\"; exec sleep $NAP"]);
    command.env("SOPS_AGE_KEY", "a key").env("AGE_KEY_FILE", "another").env("KUBECONFIG", "/elsewhere");
    let child = detached(&command).spawn().expect("the keeper starts");
    ground.await_nap();
    ground.assert_no_leak();
    send(Signal::SIGTERM, ground.record().keeper.pid);
    let (output, said) = finish(child, b"");
    let printed = String::from_utf8(output.stdout).expect("text");
    assert!(printed.starts_with("client-0 reaches"), "{said}");
    assert!(!contains(printed.as_bytes(), TOKEN.as_bytes()));
    let variable = |name: &str| printed.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
    let place = ground.places().choose().expect("a place").path().to_str().expect("text").to_owned();
    assert!(variable("KUBECONFIG").expect("a kubeconfig").starts_with(&place));
    assert!(variable("KUBECACHEDIR").expect("a cache").starts_with(&place));
    assert_eq!(variable("KUBE_DC_BREAK_GLASS"), Some("1"));
    assert!(variable("FANLIGHT_BREAK_GLASS_EXPIRES").expect("a moment").ends_with('Z'));
    assert_eq!((variable("SOPS_AGE_KEY"), variable("AGE_KEY_FILE")), (None, None));
    assert!(printed.contains("interactiveMode: Never"));
    ground.assert_clean();
}

pub(crate) fn the_token_in_the_file_is_replaced_before_it_expires() {
    let ground = Ground::new();
    let script = "$CLIENT; while $CLIENT | grep -q client-0; do :; done; $CLIENT";
    let (output, said) = finish(start(&ground, &["--file", "--token-lasts", "2", "--", "sh", "-c", script]), b"");
    let printed = String::from_utf8(output.stdout).expect("text");
    assert!(printed.starts_with("client-0 reaches"), "{said}");
    assert_eq!(printed.lines().count(), 2, "{printed}");
    ground.assert_clean();
}

pub(crate) fn a_session_that_is_dropped_leaves_nothing() {
    let ground = Ground::new();
    let ready = ground.path("ready");
    let script = "trap '' HUP TERM; sleep $NAP & : > \"$TMPDIR/ready\"; wait";
    let child = start(&ground, &["--drop-at", ready.to_str().expect("text"), "--", "sh", "-c", script]);
    let (output, said) = finish(child, b"");
    assert_eq!(output.status.code(), Some(0), "{said}");
    ground.assert_clean();
}

pub(crate) fn after_a_session_an_interrupt_ends_the_program_again() {
    let ground = Ground::new();
    let over = ground.path("over");
    let mut keeper = ground.keeper(&["--afterwards", over.to_str().expect("text"), "--", "true"]);
    let mut child = keeper.stderr(Stdio::null()).stdin(Stdio::null()).spawn().expect("the keeper starts");
    eventually("the session is over", || over.exists());
    send(Signal::SIGINT, child.id().cast_signed());
    let mut ended = None;
    eventually("the program ends", || {
        ended = child.try_wait().expect("a child");
        ended.is_some()
    });
    assert_eq!(ended.and_then(|status| status.signal()), Some(2));
    ground.assert_clean();
}
