use std::{
    env,
    io::{self, IsTerminal},
    time::Duration,
};

use jiff::Timestamp;

use super::{Ended, How, Session};

/// How texts for people look: with colours or without.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Paint(bool);

const HEAD: &str = "\x1b[1;41m";
const LINE: &str = "\x1b[1;31m";
const PLAIN: &str = "\x1b[0m";

impl Paint {
    /// Colours where standard error is a terminal and `NO_COLOR` does not forbid them.
    pub(super) fn of_stderr() -> Self {
        let forbidden = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self(io::stderr().is_terminal() && !forbidden)
    }

    pub(super) fn is_on(self) -> bool {
        self.0
    }

    fn line(self, code: &str, text: &str) -> String {
        if self.0 && !code.is_empty() { format!("{code}{text}{PLAIN}\n") } else { format!("{text}\n") }
    }
}

/// What stands above a session.
pub(super) fn banner(session: &Session, ends: Timestamp, paint: Paint) -> String {
    let Session { cluster, server, identity, user, .. } = session;
    let audit = match &session.secret {
        None => format!("audit: apiserver logs will record {user}, NOT your email"),
        Some(secret) => format!(
            "audit: apiserver logs will record {user}, NOT your email; the token is of this session alone: Secret \
             {secret} names you and your reason"
        ),
    };
    let head =
        if paint.is_on() { format!("{:<70}", "  BREAK-GLASS ACTIVE") } else { "  BREAK-GLASS ACTIVE".to_owned() };
    let mut text = paint.line(HEAD, &head);
    for line in [format!("cluster: {cluster}"), format!("server: {server}"), format!("identity: {identity}"), audit] {
        text += &paint.line(LINE, &printable(&line));
    }
    let length = words(session.limit.length);
    let rest = [
        format!("expires: {} (in {length}); every program started here ends then", moment(ends)),
        format!("credential: generation {}", session.generation),
        "rotate: it is offered on leaving, and is safe to run inside".to_owned(),
        "Leave with `exit`.".to_owned(),
    ];
    for line in rest {
        text += &paint.line("", &printable(&line));
    }
    text
}

/// What is said before the end.
pub(super) fn warning(cluster: &str, left: Duration, paint: Paint) -> String {
    let line = format!(
        "The break-glass session on {cluster} ends in {}, and every program in it. What you leave now is left in order.",
        words(left)
    );
    paint.line(LINE, &printable(&line))
}

/// What is said when somebody tries to put the session aside.
pub(super) const NO_SLEEP: &str = "A break-glass session cannot be stopped and put aside; it goes on.\n";

/// What is said at the end, whatever the end was.
pub(super) fn summary(session: &Session, ended: &Ended, paint: Paint) -> String {
    let how = match ended.how {
        How::Exited => format!("exit status {}", ended.status),
        How::TimeLimit => "its time was up".to_owned(),
        How::Signal(signal) => format!("ended by {}", name(signal)),
    };
    let lasted = words(ended.lasted);
    let line = format!("Break-glass session on {} is over after {lasted} ({how}).", session.cluster);
    let mut text = paint.line("", &printable(&line));
    if !ended.survivors.is_empty() {
        let pids: Vec<String> = ended.survivors.iter().map(ToString::to_string).collect();
        let list = pids.join(", ");
        text += &paint.line(LINE, &format!("These processes could not be ended, look after them: {list}"));
    }
    text
}

fn name(signal: i32) -> String {
    nix::sys::signal::Signal::try_from(signal).map_or_else(|_| format!("signal {signal}"), |signal| signal.to_string())
}

fn moment(moment: Timestamp) -> String {
    moment.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// A duration as people say it: hours and minutes, or seconds.
fn words(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match (seconds / 3600, seconds / 60 % 60) {
        (0, 0) => format!("{seconds} s"),
        (0, minutes) => format!("{minutes} min"),
        (hours, 0) => format!("{hours} h"),
        (hours, minutes) => format!("{hours} h {minutes} min"),
    }
}

/// Without anything that would steer the terminal.
fn printable(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::terms::test::session;

    const ENDS: &str = "2026-03-01T04:05:06Z";

    fn plain(session: &Session) -> String {
        banner(session, ENDS.parse().unwrap(), Paint(false))
    }

    #[test]
    fn the_banner_says_where_one_is_as_whom_and_who_will_be_in_the_log() {
        let text = plain(&session("alpha"));
        let expected = "  BREAK-GLASS ACTIVE
cluster: alpha
server: https://kube-api.example.com:6443
identity: ServiceAccount/break-glass (cluster-admin)
audit: apiserver logs will record system:serviceaccount:kube-system:break-glass, NOT your email
expires: 2026-03-01 04:05:06 UTC (in 1 h); every program started here ends then
credential: generation g3
rotate: it is offered on leaving, and is safe to run inside
Leave with `exit`.
";
        assert_eq!(text, expected);
    }

    #[test]
    fn that_the_log_can_be_traced_to_a_person_is_said_only_when_it_can() {
        let mut session = session("alpha");
        assert!(!plain(&session).contains("names you"));
        session.secret = Some("break-glass-session-1".to_owned());
        assert!(
            plain(&session)
                .contains("NOT your email; the token is of this session alone: Secret break-glass-session-1")
        );
    }

    #[test]
    fn colours_are_there_or_not_at_all_and_names_cannot_bring_their_own() {
        let mut session = session("al\x1b[2Jpha");
        session.server = "https://x\r\n".to_owned();
        let text = plain(&session);
        assert!(!text.contains('\x1b') && !text.contains('\r') && text.contains("cluster: al[2Jpha\n"));
        let text = banner(&session, ENDS.parse().unwrap(), Paint(true));
        assert!(
            text.starts_with("\x1b[1;41m  BREAK-GLASS ACTIVE   ")
                && text.contains("\x1b[1;31mcluster: al[2Jpha\x1b[0m")
        );
    }

    #[test]
    fn every_end_has_a_summary() {
        let ended = |how, status| Ended { status, how, lasted: Duration::from_secs(3725), survivors: Vec::new() };
        let session = session("alpha");
        let say = |ended: &Ended| summary(&session, ended, Paint(false));
        assert_eq!(
            say(&ended(How::Exited, 3)),
            "Break-glass session on alpha is over after 1 h 2 min (exit status 3).\n"
        );
        assert!(say(&ended(How::TimeLimit, 124)).contains("its time was up"));
        assert!(say(&ended(How::Signal(1), 129)).contains("ended by SIGHUP"));
        let left = Ended { survivors: vec![7, 8], ..ended(How::Exited, 0) };
        assert!(say(&left).contains("could not be ended, look after them: 7, 8"));
    }
}
