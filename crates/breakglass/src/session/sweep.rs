use std::{
    collections::HashSet,
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::{Pid, getpid},
};

use super::{
    KubeDcFile, Place, Places, Record, SessionError, environment,
    folder::{self, RECORD},
    leftovers, processes,
};

/// What was left behind by sessions whose keeper was killed, and is gone now.
#[derive(Debug, Default)]
pub struct Swept {
    /// The sessions; a Secret that is named there is still in its cluster.
    pub sessions: Vec<Record>,
    /// Directories and files that were removed.
    pub removed: Vec<PathBuf>,
    /// Processes that were ended.
    pub ended: Vec<i32>,
    /// Files of kube-dc, with what became of them. A token that stood in one may have been read, or committed.
    pub kube_dc: Vec<KubeDcFile>,
}

/// How processes of a dead session are asked to end, and how long each time.
const STEPS: [(Signal, Duration); 3] = [
    (Signal::SIGHUP, Duration::from_secs(1)),
    (Signal::SIGTERM, Duration::from_secs(2)),
    (Signal::SIGKILL, Duration::from_secs(2)),
];
const GLANCE: Duration = Duration::from_millis(20);

/// Removes what killed sessions, Fanlight's and kube-dc's, have left on this machine and in the working tree of `fleet`.
///
/// This may take some seconds, and blocks. The process that runs this, and those above it, are left alone even if they belong to a dead session: somebody sits
/// there.
pub fn sweep(places: &Places, fleet: Option<&Path>) -> Result<Swept, SessionError> {
    let mut swept = Swept::default();
    for place in places.existing() {
        for (path, record) in dead(&place)? {
            if let Some(record) = record {
                swept.ended.extend(end(&record.id));
                swept.sessions.push(record);
            }
            folder::remove(&path).map_err(SessionError::file("remove", &path))?;
            swept.removed.push(path);
        }
    }
    swept.kube_dc = leftovers::sweep(&places.home, fleet)?;
    Ok(swept)
}

/// Directories of sessions that nobody looks after. While the lock is held no session is half made; without it nothing is
/// said to be dead.
fn dead(place: &Place) -> Result<Vec<(PathBuf, Option<Record>)>, SessionError> {
    let Some(_lock) = place.lock()? else { return Ok(Vec::new()) };
    let entries = fs::read_dir(place.path()).map_err(SessionError::file("read", place.path()))?;
    let mut dead = Vec::new();
    for entry in entries.flatten().filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir())) {
        let path = entry.path();
        let record = fs::read(path.join(RECORD)).ok().and_then(|text| serde_json::from_slice::<Record>(&text).ok());
        if !record.as_ref().is_some_and(|record| record.keeper.is_alive()) {
            dead.push((path, record));
        }
    }
    Ok(dead)
}

/// Ends the processes that carry the mark of a session.
fn end(id: &str) -> HashSet<i32> {
    let mark = format!("{id}.");
    let marked = || {
        let all = processes::all();
        let spared = processes::above(getpid().as_raw(), &all);
        let candidates = all.into_iter().filter(|process| !process.is_zombie && !spared.contains(&process.pid));
        let carries =
            |pid| processes::variable(pid, environment::PASS).is_some_and(|pass| pass.starts_with(mark.as_bytes()));
        candidates.map(|process| process.pid).filter(|pid| carries(*pid)).collect::<Vec<_>>()
    };
    let mut ended = HashSet::new();
    for (signal, patience) in STEPS {
        let until = Instant::now() + patience;
        let mut asked = HashSet::new();
        loop {
            let alive = marked();
            if alive.is_empty() {
                return ended;
            }
            for pid in alive {
                ended.insert(pid);
                if asked.insert(pid) || signal == Signal::SIGKILL {
                    let _ = kill(Pid::from_raw(pid), signal);
                    let _ = kill(Pid::from_raw(pid), Signal::SIGCONT);
                }
            }
            if Instant::now() >= until {
                break;
            }
            std::thread::sleep(GLANCE);
        }
    }
    ended
}
