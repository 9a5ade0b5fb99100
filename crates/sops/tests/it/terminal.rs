//! Prompts reach the person at the terminal, wherever input and output of the program lead.

use std::process::Command;

use fanlight_sops::{Prompter, Terminal};
use rexpect::session::spawn_command;

#[test]
fn questions_are_shown_and_answered_on_the_terminal_though_input_and_output_lead_elsewhere() {
    // One way to the terminal stays open: while there is none, whoever watches it sees the end.
    let mut again = Command::new("sh");
    again.args(["-c", "exec \"$0\" --ignored --exact terminal::on_the_terminal 3<&0 </dev/null >/dev/null 2>&1"]);
    again.arg(std::env::current_exe().unwrap());
    let mut session = spawn_command(again, Some(60_000)).unwrap();
    session.exp_string("Touch the token").unwrap();
    for (question, answer) in [
        ("PIN of the token: ", "1234"),
        ("Which slot?: ", "9c"),
        ("Insert it (y: done, n: skip)", "perhaps"),
        ("Insert it (y: done, n: skip)", "y"),
        ("Look at it (enter: seen)", ""),
    ] {
        session.exp_string(question).unwrap();
        session.send_line(answer).unwrap();
    }
    session.exp_string("it was as expected").unwrap();
    session.exp_eof().unwrap();
}

#[test]
#[ignore = "run by another test, on a terminal"]
fn on_the_terminal() {
    Terminal.show("Touch the token");
    assert_eq!(Terminal.secret("PIN of the token").unwrap().as_str(), "1234");
    assert_eq!(Terminal.line("Which slot?").unwrap(), "9c");
    assert_eq!(Terminal.confirm("Insert it", "done", Some("skip")), Some(true));
    assert_eq!(Terminal.confirm("Look at it", "seen", None), Some(true));
    Terminal.show("it was as expected");
}
