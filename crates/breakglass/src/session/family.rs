use std::{collections::HashSet, thread, time::Duration};

use nix::{
    sys::{
        prctl,
        signal::{Signal, kill},
        wait::{WaitPidFlag, waitpid},
    },
    unistd::{Pid, getpid},
};

use super::{
    SessionError,
    processes::{self, Stat},
};

/// Every process that a session has brought forth, also those that turned their back on their parents: whoever is
/// orphaned comes back to this process. Killed when this is dropped.
#[derive(Debug)]
pub(super) struct Family {
    root: i32,
    /// Children that were there before.
    strangers: HashSet<i32>,
}

impl Family {
    /// Rounds of killing when there is no time to wait, and the pause between them.
    const ROUNDS: u32 = 50;
    const PAUSE: Duration = Duration::from_millis(10);

    /// From now on, new processes belong to the session.
    pub(super) fn gather() -> Result<Self, SessionError> {
        prctl::set_child_subreaper(true).map_err(SessionError::system("adopt what the session leaves behind"))?;
        let root = getpid().as_raw();
        let strangers =
            processes::all().iter().filter(|process| process.parent == root).map(|child| child.pid).collect();
        Ok(Self { root, strangers })
    }

    /// Who is alive. Those that ended and came back to this process are laid to rest.
    pub(super) fn members(&self) -> Vec<Stat> {
        let mut all = processes::all();
        all.retain(|process| !(process.parent == self.root && self.strangers.contains(&process.pid)));
        let mut members = processes::below(self.root, &all);
        members.retain(|process| {
            if process.is_zombie && process.parent == self.root {
                let _ = waitpid(Pid::from_raw(process.pid), Some(WaitPidFlag::WNOHANG));
            }
            !process.is_zombie
        });
        members
    }

    /// Sends a signal to all, and wakes those that sleep so that they notice.
    pub(super) fn signal(members: &[Stat], signal: Signal) {
        for member in members {
            let pid = Pid::from_raw(member.pid);
            let _ = kill(pid, signal);
            let _ = kill(pid, Signal::SIGCONT);
        }
    }
}

impl Drop for Family {
    fn drop(&mut self) {
        for _ in 0..Self::ROUNDS {
            let members = self.members();
            if members.is_empty() {
                break;
            }
            Self::signal(&members, Signal::SIGKILL);
            thread::sleep(Self::PAUSE);
        }
        let _ = prctl::set_child_subreaper(false);
    }
}
