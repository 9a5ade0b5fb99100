use std::fs;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::processes::Stat;

/// What is written down about a session, for whoever cleans up after it. No secret is in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// The session's identifier, also the name of its directory and the start of its mark in the environment.
    pub id: String,
    /// The process that looks after it.
    pub keeper: Process,
    /// The cluster.
    pub cluster: String,
    /// Who opened it.
    pub person: String,
    /// Why.
    pub reason: String,
    /// When.
    pub began: Timestamp,
    /// The Secret that its token is bound to.
    pub secret: Option<String>,
}

/// A process, told from a later one of the same number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Process {
    /// Its number.
    pub pid: i32,
    /// When it started, in ticks since the machine did.
    pub started: u64,
    /// Which start of the machine that was.
    pub boot: String,
}

impl Process {
    /// The one that runs this.
    pub(super) fn this() -> Option<Self> {
        Self::of(nix::unistd::getpid().as_raw())
    }

    fn of(pid: i32) -> Option<Self> {
        let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?.trim().to_owned();
        let stat = Stat::of(pid).filter(|stat| !stat.is_zombie)?;
        Some(Self { pid, started: stat.started, boot })
    }

    /// Whether it still runs.
    pub(super) fn is_alive(&self) -> bool {
        Self::of(self.pid).as_ref() == Some(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_not_taken_for_a_later_one_of_the_same_number_or_of_another_start_of_the_machine() {
        let this = Process::this().unwrap();
        assert!(this.is_alive());
        assert!(!Process { started: this.started + 1, ..this.clone() }.is_alive());
        assert!(!Process { boot: "another".to_owned(), ..this }.is_alive());
    }
}
