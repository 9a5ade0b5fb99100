use std::{
    fs::File,
    io::{self, IsTerminal, Write, stdin},
    os::{fd::AsFd, unix::process::CommandExt},
    process::Command,
};

use nix::{
    sys::{
        signal::{SigSet, SigmaskHow, Signal, kill, killpg},
        termios::{SetArg, Termios, tcgetattr, tcsetattr},
    },
    unistd::{Pid, getpgrp, tcgetpgrp, tcsetpgrp},
};

use super::Work;

/// How what runs in a session sits at the terminal.
pub(super) enum Seat {
    /// A shell in a group of its own, to which the terminal is handed over.
    Own {
        /// How the terminal was set, so that it can be set so again.
        before: Option<Termios>,
        /// The shell's group, once it runs.
        shell: Option<Pid>,
    },
    /// A command in the group of this process, as the shell outside has arranged it: a pager at the other end of a pipe
    /// keeps the terminal, and Ctrl-C reaches all.
    Shared {
        /// The terminal.
        terminal: File,
        /// How it was set.
        before: Option<Termios>,
    },
    /// Without a terminal, in a group of its own.
    Apart,
}

impl Seat {
    /// How often a shell in the background asks to be brought to the front; a group without anybody who could do that is
    /// not stopped by asking.
    const ASKED: u32 = 16;

    /// The seat for `work`. A shell that was started in the background waits here until it is brought to the front.
    pub(super) fn take(work: &Work) -> Self {
        if matches!(work, Work::Shell) && stdin().is_terminal() {
            for _ in 0..Self::ASKED {
                match tcgetpgrp(stdin()) {
                    Ok(front) if front != getpgrp() => drop(killpg(getpgrp(), Signal::SIGTTIN)),
                    Ok(_) => return Self::Own { before: tcgetattr(stdin()).ok(), shell: None },
                    Err(_) => break,
                }
            }
        }
        match File::options().read(true).write(true).open("/dev/tty") {
            Ok(terminal) => Self::Shared { before: tcgetattr(&terminal).ok(), terminal },
            Err(_) => Self::Apart,
        }
    }

    pub(super) fn arrange(&self, command: &mut Command) {
        if !matches!(self, Self::Shared { .. }) {
            command.process_group(0);
        }
    }

    /// The child runs: a shell gets the terminal.
    pub(super) fn started(&mut self, child: Pid) {
        if let Self::Own { shell, .. } = self {
            *shell = Some(child);
            self.hand_over();
        }
    }

    /// This process was stopped and goes on: if it is at the front, the shell comes there.
    pub(super) fn resumed(&self) {
        self.hand_over();
    }

    fn hand_over(&self) {
        if let Self::Own { shell: Some(shell), .. } = self
            && tcgetpgrp(stdin()).is_ok_and(|front| front == getpgrp() || front == *shell)
        {
            let _ = undisturbed(|| tcsetpgrp(stdin(), *shell));
            // It may have noticed that it was not at the front yet, and have stopped itself.
            let _ = killpg(*shell, Signal::SIGCONT);
        }
    }

    /// The child was stopped. A session that sleeps would never end, so it is woken; whether that needs explaining.
    pub(super) fn stopped(&self, child: Pid, by: Signal) -> bool {
        let waits_for_the_terminal = matches!(by, Signal::SIGTTIN | Signal::SIGTTOU);
        match self {
            Self::Own { .. } => {
                self.hand_over();
                !waits_for_the_terminal
            }
            Self::Shared { .. } if waits_for_the_terminal => false,
            Self::Shared { .. } => killpg(getpgrp(), Signal::SIGCONT).is_ok(),
            Self::Apart => {
                let _ = kill(child, Signal::SIGCONT);
                false
            }
        }
    }

    /// Whether an interrupt that reaches this process has come from the terminal, and so has reached the child too.
    pub(super) fn interrupts_all(&self) -> bool {
        match self {
            Self::Own { .. } => true,
            Self::Shared { terminal, .. } => tcgetpgrp(terminal).is_ok_and(|front| front == getpgrp()),
            Self::Apart => false,
        }
    }

    /// Everything has ended: the terminal comes back, as it was. Not from somebody else who has it meanwhile.
    fn leave(&self) {
        match self {
            Self::Own { before, shell: Some(shell) } => {
                let stdin = stdin();
                let front = tcgetpgrp(&stdin);
                let is_ours =
                    front.is_ok_and(|front| front == *shell || front == getpgrp() || killpg(front, None).is_err());
                if is_ours {
                    let _ = undisturbed(|| tcsetpgrp(&stdin, getpgrp()));
                    restore(&stdin, before.as_ref());
                }
            }
            Self::Shared { terminal, before } if self.interrupts_all() => restore(terminal, before.as_ref()),
            _ => {}
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.leave();
    }
}

fn restore(terminal: impl AsFd, before: Option<&Termios>) {
    if let Some(before) = before {
        let _ = undisturbed(|| tcsetattr(terminal, SetArg::TCSANOW, before));
    }
}

/// Says something on standard error. If nobody can hear it any more, that must not stop the clean-up.
pub(super) fn say(text: &str) {
    let _ = undisturbed(|| io::stderr().write_all(text.as_bytes()));
}

/// Says something while somebody works: on a line of its own, also in a terminal that a program has set to raw.
pub(super) fn interject(text: &str) {
    if io::stderr().is_terminal() {
        say(&format!("\r\n{}", text.replace('\n', "\r\n")));
    } else {
        say(text);
    }
}

/// Does something with a terminal that belongs to another group just now, without being stopped for it.
fn undisturbed<T>(act: impl FnOnce() -> T) -> T {
    let mut stop = SigSet::empty();
    stop.add(Signal::SIGTTOU);
    let before = stop.thread_swap_mask(SigmaskHow::SIG_BLOCK);
    let done = act();
    if let Ok(before) = before {
        let _ = before.thread_set_mask();
    }
    done
}
