//! One rotation at a time: on this machine, and of this cluster.

use std::fs::{File, TryLockError};

use fanlight_cluster::rescue::{Lock, Rescue, Trouble};
use nix::{errno::Errno, sys::signal::kill, unistd::Pid};

use super::UNCHANGED;
use crate::{ClusterName, Error, fleet::Place, operator::because};

/// Keeps others out who would seal the same file of the same clone, until what is returned is dropped.
pub(crate) fn lock_here(place: &Place) -> Result<File, Error> {
    let failed = |source| Error::File { operation: "lock", file: place.folder.clone(), source };
    let folder = File::open(&place.folder).map_err(failed)?;
    match folder.try_lock() {
        Ok(()) => Ok(folder),
        Err(TryLockError::WouldBlock) => Err(Error::Locked {
            cluster: place.name.clone(),
            holder: "another program on this machine".to_owned(),
            since: "a moment ago".to_owned(),
        }),
        Err(TryLockError::Error(source)) => Err(failed(source)),
    }
}

/// Takes the cluster's lock.
pub(super) async fn lock_there(cluster: &ClusterName, rescue: &Rescue, by: &str) -> Result<Lock, Error> {
    let lock = rescue.lock(&holder(by, std::process::id()), |other| was_killed_here(other, by)).await;
    lock.map_err(|error| match error.trouble {
        Trouble::Locked { holder, since } => {
            Error::Locked { cluster: cluster.clone(), holder, since: since.to_string() }
        }
        _ => because(cluster, UNCHANGED)(error),
    })
}

/// How a run of ours calls itself while it holds the lock in the cluster.
fn holder(by: &str, process: u32) -> String {
    format!("{by} (process {process})")
}

/// Whether a holder of the lock is a run of the same person on the same machine that has ended without giving it back.
fn was_killed_here(other: &str, by: &str) -> bool {
    let process = other.rsplit_once(" (process ").and_then(|(_, end)| end.strip_suffix(')')?.parse::<u32>().ok());
    process.is_some_and(|process| {
        let gone = i32::try_from(process).is_ok_and(|process| kill(Pid::from_raw(process), None) == Err(Errno::ESRCH));
        gone && other == holder(by, process)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_dead_run_of_the_same_person_on_the_same_machine_is_gone() {
        let dead = i32::MAX.unsigned_abs();
        assert!(was_killed_here(&holder("Dana on desk", dead), "Dana on desk"));
        assert!(!was_killed_here(&holder("Dana on desk", std::process::id()), "Dana on desk"));
        assert!(!was_killed_here(&holder("Lee on desk", dead), "Dana on desk"));
        assert!(!was_killed_here(&holder("Dana on other", dead), "Dana on desk"));
        assert!(!was_killed_here("Dana on desk", "Dana on desk"));
        assert!(!was_killed_here("Dana on desk (process 0)", "Dana on desk"), "no process, but a group");
    }
}
