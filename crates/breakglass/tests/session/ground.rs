//! A machine with nobody on it: a home, a runtime directory, and the means to look for what is left there.

use std::{
    env, fs,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
    process::Command,
    sync::atomic::{AtomicU32, Ordering},
    time::{Duration, Instant},
};

use fanlight_breakglass::session::{Places, Record};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use rexpect::session::PtySession;

use crate::parts::{CLIENT, KEEPER, SWEEPER, TOKEN};

/// How long anything may take; the machine may be busy.
const PATIENCE: Duration = Duration::from_secs(180);

pub(crate) struct Ground {
    root: tempfile::TempDir,
    /// An argument by which processes of this ground are known whose environment is hidden, or emptied.
    pub(crate) nap: String,
}

impl Ground {
    pub(crate) fn new() -> Self {
        static NAPS: AtomicU32 = AtomicU32::new(0);
        let root = tempfile::tempdir().expect("a directory");
        fs::create_dir(root.path().join("home")).expect("a directory");
        fs::create_dir(root.path().join("tmp")).expect("a directory");
        fs::DirBuilder::new().mode(0o700).create(root.path().join("runtime")).expect("a directory");
        let nap = format!("{}.{}", 10_000 + std::process::id(), NAPS.fetch_add(1, Ordering::Relaxed));
        Self { root, nap }
    }

    pub(crate) fn home(&self) -> PathBuf {
        self.root.path().join("home")
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.root.path().join("tmp").join(name)
    }

    pub(crate) fn places(&self) -> Places {
        Places { runtime: Some(self.root.path().join("runtime")), home: self.home() }
    }

    /// A program that knows nothing but this ground.
    pub(crate) fn command(&self, program: impl AsRef<Path>) -> Command {
        let mut command = Command::new(program.as_ref());
        command.env_clear().env("PATH", "/usr/local/bin:/usr/bin:/bin").env("HOME", self.home());
        command.env("XDG_RUNTIME_DIR", self.root.path().join("runtime")).env("TMPDIR", self.root.path().join("tmp"));
        command
            .env("TERM", "dumb")
            .env("SHELL", "/bin/bash")
            .env("CLIENT", part(CLIENT))
            .env("SWEEPER", part(SWEEPER))
            .env("NAP", &self.nap);
        command
    }

    /// The one that keeps a session.
    pub(crate) fn keeper(&self, arguments: &[&str]) -> Command {
        let mut command = self.command(this());
        command.args([KEEPER, "--name", &self.nap]).args(arguments);
        command
    }

    /// A session in a terminal.
    pub(crate) fn terminal(&self, arguments: &[&str]) -> PtySession {
        in_terminal(self.keeper(arguments))
    }

    /// The record of the one session that there is.
    pub(crate) fn record(&self) -> Record {
        let place = self.root.path().join("runtime/fanlight/break-glass");
        let mut found = None;
        eventually("a session is recorded", || {
            let entries = fs::read_dir(&place).into_iter().flatten().flatten();
            found = entries.filter_map(|entry| fs::read(entry.path().join("record.json")).ok()).find_map(|text| {
                assert!(!contains(&text, TOKEN.as_bytes()));
                serde_json::from_slice(&text).ok()
            });
            found.is_some()
        });
        found.expect("a record")
    }

    /// The files in which the token stands.
    pub(crate) fn files_with_token(&self) -> Vec<PathBuf> {
        let mut found = Vec::new();
        search(self.root.path(), &mut found);
        found
    }

    /// Processes of this ground that live, the keeper included.
    pub(crate) fn processes(&self) -> Vec<i32> {
        let home = [b"HOME=", self.home().as_os_str().as_encoded_bytes()].concat();
        let ours = |pid: &i32| {
            let words = |file: &str| fs::read(format!("/proc/{pid}/{file}")).unwrap_or_default();
            let has = |text: &[u8], word: &[u8]| text.split(|byte| *byte == 0).any(|part| part == word);
            has(&words("environ"), &home) || has(&words("cmdline"), self.nap.as_bytes())
        };
        pids().into_iter().filter(ours).collect()
    }

    /// Sees that nothing is left: no process, no file of a session, no token.
    pub(crate) fn assert_clean(&self) {
        eventually("every process is gone", || self.processes().is_empty());
        self.assert_no_files();
    }

    /// Sees that no file of a session is left, and no token anywhere.
    pub(crate) fn assert_no_files(&self) {
        assert_eq!(self.files_with_token(), Vec::<PathBuf>::new());
        let place = self.places().choose().expect("a place");
        let left: Vec<_> = fs::read_dir(place.path()).expect("a directory").flatten().map(|e| e.file_name()).collect();
        assert!(left.iter().all(|name| name == "lock"), "{left:?}");
    }

    /// Sees that the token is in no file, environment or command line, while a session runs.
    pub(crate) fn assert_no_leak(&self) {
        assert_eq!(self.files_with_token(), Vec::<PathBuf>::new());
        let processes = self.processes();
        assert!(processes.len() > 1, "the keeper and what it keeps: {processes:?}");
        for pid in processes {
            for file in ["environ", "cmdline"] {
                let text = fs::read(format!("/proc/{pid}/{file}")).unwrap_or_default();
                assert!(!contains(&text, TOKEN.as_bytes()), "/proc/{pid}/{file}");
            }
        }
    }

    /// Waits for a process of this ground that sleeps under its name.
    pub(crate) fn await_nap(&self) -> i32 {
        let cmdline = format!("sleep\0{}\0", self.nap);
        let sleeps = |pid: &i32| fs::read(format!("/proc/{pid}/cmdline")).is_ok_and(|text| text == cmdline.as_bytes());
        let mut found = None;
        eventually("somebody sleeps", || {
            found = pids().into_iter().find(sleeps);
            found.is_some()
        });
        found.expect("somebody")
    }
}

impl Drop for Ground {
    /// After a test that failed, whoever is left would sleep on.
    fn drop(&mut self) {
        if std::thread::panicking() {
            for pid in self.processes() {
                let _ = kill(Pid::from_raw(pid), Signal::SIGKILL);
            }
        }
    }
}

/// A terminal in which a program runs.
pub(crate) fn in_terminal(command: Command) -> PtySession {
    let limit = u64::try_from(PATIENCE.as_millis()).expect("a number");
    let mut terminal = rexpect::session::spawn_command(command, Some(limit)).expect("a terminal");
    terminal.process_mut().set_kill_timeout(Some(1000));
    terminal
}

/// This program.
pub(crate) fn this() -> PathBuf {
    env::current_exe().expect("a program")
}

/// What a shell runs to play a part.
fn part(name: &str) -> String {
    format!("{} {name}", this().display())
}

/// Waits until something holds.
pub(crate) fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let until = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < until, "in vain: {what}");
        std::thread::park_timeout(Duration::from_millis(20));
    }
}

pub(crate) fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

pub(crate) fn send(signal: Signal, pid: i32) {
    kill(Pid::from_raw(pid), signal).expect("somebody to signal");
}

fn pids() -> Vec<i32> {
    let entries = fs::read_dir("/proc").expect("processes").flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect()
}

fn search(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        let path = entry.path();
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => search(&path, found),
            Ok(kind) if kind.is_file() && fs::read(&path).is_ok_and(|text| contains(&text, TOKEN.as_bytes())) => {
                found.push(path);
            }
            _ => {}
        }
    }
}
