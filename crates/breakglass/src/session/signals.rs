use std::{
    io,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
};

use signal_hook::{consts, flag};
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::SessionError;

/// The signals that matter while a session runs. Afterwards each does again what it does by default.
pub(super) struct Signals {
    child: Signal,
    resumed: Signal,
    hangup: Signal,
    terminate: Signal,
    interrupt: Signal,
    /// Caught so that they do nothing: a terminal sends them to whatever runs in the session.
    _deaf: [Signal; 2],
}

/// What happened.
pub(super) enum Heard {
    /// A child ended or was stopped.
    Child,
    /// This process was stopped and goes on.
    Resumed,
    /// The terminal, or somebody, interrupts.
    Interrupt,
    /// Somebody wants the session to end.
    End(i32),
}

/// Those that are caught, and would end or stop the process.
const CAUGHT: [i32; 5] = [consts::SIGHUP, consts::SIGTERM, consts::SIGINT, consts::SIGQUIT, consts::SIGTSTP];

/// Whether signals do what they do by default. Handlers stay once they are installed, so they have to look here.
static BY_DEFAULT: OnceLock<Arc<AtomicBool>> = OnceLock::new();

impl Signals {
    pub(super) fn listen() -> Result<Self, SessionError> {
        Self::open().map_err(SessionError::Signals)
    }

    fn open() -> io::Result<Self> {
        let by_default = match BY_DEFAULT.get() {
            Some(by_default) => by_default,
            None => {
                let by_default = BY_DEFAULT.get_or_init(Arc::default);
                for caught in CAUGHT {
                    flag::register_conditional_default(caught, Arc::clone(by_default))?;
                }
                by_default
            }
        };
        by_default.store(false, Ordering::Relaxed);
        Ok(Self {
            child: signal(SignalKind::child())?,
            resumed: signal(SignalKind::from_raw(consts::SIGCONT))?,
            hangup: signal(SignalKind::hangup())?,
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            _deaf: [signal(SignalKind::quit())?, signal(SignalKind::from_raw(consts::SIGTSTP))?],
        })
    }

    pub(super) async fn next(&mut self) -> Heard {
        tokio::select! {
            _ = self.child.recv() => Heard::Child,
            _ = self.resumed.recv() => Heard::Resumed,
            _ = self.interrupt.recv() => Heard::Interrupt,
            _ = self.hangup.recv() => Heard::End(consts::SIGHUP),
            _ = self.terminate.recv() => Heard::End(consts::SIGTERM),
        }
    }
}

impl Drop for Signals {
    fn drop(&mut self) {
        if let Some(by_default) = BY_DEFAULT.get() {
            by_default.store(true, Ordering::Relaxed);
        }
    }
}
