use std::{
    env,
    io::{IsTerminal, stderr},
    path::Path,
    time::Duration,
};

use nix::{
    sys::{
        signal::Signal,
        wait::{WaitPidFlag, WaitStatus, waitpid},
    },
    unistd::Pid,
};
use rand::Rng;
use tokio::task::JoinSet;

use super::{
    Mode, Place, Process, Record, Session, SessionError, TokenSource, Work,
    banner::{self, Paint},
    broker::Broker,
    ending,
    family::Family,
    folder::Folder,
    harden,
    kubeconfig::{Access, kubeconfig, text},
    limit::{Alarm, Alarms, Deadline},
    seat::{Seat, interject, say},
    signals::{Heard, Signals},
    start::start,
    terms::Handed,
};

/// The exit status of a session whose time was up, as `timeout` has it.
pub const TIME_LIMIT_STATUS: u8 = 124;

/// How a session went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// What to exit with: the status of shell or command, 128 and the signal's number, or [`TIME_LIMIT_STATUS`].
    pub status: u8,
    /// What ended it.
    pub how: How,
    /// How long it lasted.
    pub lasted: Duration,
    /// Processes that could not be ended, such as those of other users.
    pub survivors: Vec<i32>,
}

/// What ended a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// Shell or command ended by itself.
    Exited,
    /// The time was up.
    TimeLimit,
    /// This signal was received.
    Signal(i32),
}

/// Runs shell or command with the cluster at hand, and returns when nothing of it is left: no process, no file, no way to
/// the token. A dropped future leaves nothing either.
///
/// Until it returns, `SIGINT`, `SIGQUIT` and `SIGTSTP` do nothing to this process, and `SIGHUP` and `SIGTERM` end the
/// session; afterwards they do what they do by default. Child processes that this process starts meanwhile are taken for
/// the session's.
pub async fn run<T: TokenSource>(
    session: &Session,
    place: &Place,
    source: T,
    work: &Work,
) -> Result<Ended, SessionError> {
    harden::forbid_core_dumps()?;
    harden::forbid_readers()?;
    let mut signals = Signals::listen()?;
    let deadline = Deadline::new(session.began, session.limit.length);
    let id = random();
    let folder = Folder::create(place, &record(session, &id)?)?;
    let pass = format!("{id}.{}{}", random(), random());
    let service = serve(session, source, &folder, &pass, deadline).await?;
    let handed = Handed {
        cluster: session.cluster.clone(),
        kubeconfig: folder.path().join(KUBECONFIG),
        cache: folder.make("cache")?,
        pass,
        expires: deadline.ends(),
    };
    let mut seat = Seat::take(work);
    let family = Family::gather()?;
    let paint = Paint::of_stderr();
    if matches!(work, Work::Shell) || stderr().is_terminal() {
        say(&banner::banner(session, deadline.ends(), paint));
    }
    let child = start(work, &handed, &folder, &mut seat)?;
    let (how, status) = watch(session, child, &seat, &mut signals, Alarms::new(deadline, &session.limit), paint).await;
    drop(service);
    let survivors = ending::end(&family).await;
    drop(seat);
    let ended = Ended { status, how, lasted: deadline.lasted(), survivors };
    say(&banner::summary(session, &ended, paint));
    folder.remove()?;
    Ok(ended)
}

const KUBECONFIG: &str = "kubeconfig";

/// Waits for what comes first: an end by itself, of the time, or by a signal.
async fn watch(
    session: &Session,
    child: Pid,
    seat: &Seat,
    signals: &mut Signals,
    mut alarms: Alarms,
    paint: Paint,
) -> (How, u8) {
    loop {
        if let Some(status) = look(child, seat) {
            return (How::Exited, status);
        }
        let heard = tokio::select! {
            heard = signals.next() => heard,
            alarm = alarms.next() => match alarm {
                Alarm::Warning(left) => {
                    interject(&banner::warning(&session.cluster, left, paint));
                    continue;
                }
                Alarm::Over => return (How::TimeLimit, TIME_LIMIT_STATUS),
            },
        };
        match heard {
            Heard::Child => {}
            Heard::Resumed => seat.resumed(),
            Heard::Interrupt if seat.interrupts_all() => {}
            Heard::Interrupt => return by(Signal::SIGINT as i32),
            Heard::End(signal) => return by(signal),
        }
    }
}

fn by(signal: i32) -> (How, u8) {
    (How::Signal(signal), after_signal(signal))
}

fn after_signal(signal: i32) -> u8 {
    u8::try_from(128 + signal).unwrap_or(u8::MAX)
}

/// The status of the child if it has ended.
fn look(child: Pid, seat: &Seat) -> Option<u8> {
    loop {
        match waitpid(child, Some(WaitPidFlag::WNOHANG | WaitPidFlag::WUNTRACED)) {
            Ok(WaitStatus::Exited(_, status)) => return Some(u8::try_from(status & 0xff).unwrap_or(u8::MAX)),
            Ok(WaitStatus::Signaled(_, signal, _)) => return Some(after_signal(signal as i32)),
            Ok(WaitStatus::Stopped(_, signal)) => {
                if seat.stopped(child, signal) {
                    interject(banner::NO_SLEEP);
                }
            }
            Ok(_) => return None,
            Err(nix::errno::Errno::EINTR) => {}
            // Nothing is known of a child that somebody else has waited for.
            Err(_) => return Some(u8::MAX),
        }
    }
}

/// Lets programs have the token, in one way or the other, until the returned tasks are dropped.
async fn serve<T: TokenSource>(
    session: &Session,
    source: T,
    folder: &Folder,
    pass: &str,
    deadline: Deadline,
) -> Result<JoinSet<()>, SessionError> {
    match session.mode {
        Mode::Broker => {
            let program = env::current_exe().map_err(SessionError::file("find", "the program that runs this"))?;
            let socket = folder.path().join("broker");
            let access = Access::Asked { program: text(&program)?, socket: text(&socket)? };
            folder.write(KUBECONFIG, kubeconfig(session, &access).as_bytes())?;
            Broker { source, pass: pass.to_owned(), deadline }.open(&socket)
        }
        Mode::File => super::written::keep(session, source, folder, deadline).await,
    }
}

fn record(session: &Session, id: &str) -> Result<Record, SessionError> {
    let keeper = Process::this()
        .ok_or_else(|| SessionError::file("read", Path::new("/proc/self/stat"))(std::io::ErrorKind::NotFound.into()))?;
    Ok(Record {
        id: id.to_owned(),
        keeper,
        cluster: session.cluster.clone(),
        person: session.person.clone(),
        reason: session.reason.clone(),
        began: session.began,
        secret: session.secret.clone(),
    })
}

/// A number of 64 bits that nobody can guess, as text.
fn random() -> String {
    format!("{:016x}", rand::rng().next_u64())
}
