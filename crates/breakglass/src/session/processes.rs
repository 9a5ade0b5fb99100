use std::{collections::HashMap, ffi::OsStr, fs, os::unix::ffi::OsStrExt};

use nix::unistd::geteuid;

/// A process as `/proc/<pid>/stat` tells of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stat {
    pub(super) pid: i32,
    pub(super) parent: i32,
    pub(super) started: u64,
    /// Whether it has ended and only its parent has not noticed yet.
    pub(super) is_zombie: bool,
}

impl Stat {
    /// That of `pid`, unless there is no such process.
    pub(super) fn of(pid: i32) -> Option<Self> {
        Self::parse(pid, &fs::read(format!("/proc/{pid}/stat")).ok()?)
    }

    /// The program's name stands in brackets and may contain anything, so the fields are counted from its end.
    fn parse(pid: i32, line: &[u8]) -> Option<Self> {
        let name_ends = line.iter().rposition(|byte| *byte == b')')?;
        let fields: Vec<&str> =
            std::str::from_utf8(line.get(name_ends + 1..)?).ok()?.split_ascii_whitespace().collect();
        let (state, parent, started) = (*fields.first()?, fields.get(1)?, fields.get(19)?);
        Some(Self {
            pid,
            parent: parent.parse().ok()?,
            started: started.parse().ok()?,
            is_zombie: matches!(state, "Z" | "X"),
        })
    }
}

/// All processes there are.
pub(super) fn all() -> Vec<Stat> {
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    let pids = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter_map(Stat::of).collect()
}

/// Those below `root`, children and children's children.
pub(super) fn below(root: i32, all: &[Stat]) -> Vec<Stat> {
    let mut children: HashMap<i32, Vec<Stat>> = HashMap::new();
    for process in all {
        children.entry(process.parent).or_default().push(*process);
    }
    let mut found = children.remove(&root).unwrap_or_default();
    let mut next = 0;
    while let Some(process) = found.get(next).copied() {
        found.extend(children.remove(&process.pid).unwrap_or_default());
        next += 1;
    }
    found
}

/// Those above `pid`, itself included.
pub(super) fn above(pid: i32, all: &[Stat]) -> Vec<i32> {
    let parents: HashMap<i32, i32> = all.iter().map(|process| (process.pid, process.parent)).collect();
    let mut found = vec![pid];
    while let Some(parent) = found.last().and_then(|pid| parents.get(pid)).filter(|parent| !found.contains(parent)) {
        found.push(*parent);
    }
    found
}

/// The value that a variable had when a process of this user was started.
pub(super) fn variable(pid: i32, name: &str) -> Option<Vec<u8>> {
    use std::os::unix::fs::MetadataExt;
    let environment = format!("/proc/{pid}/environ");
    if fs::metadata(&environment).ok()?.uid() != geteuid().as_raw() {
        return None;
    }
    let environment = fs::read(environment).ok()?;
    let value = |entry: &[u8]| Some(entry.strip_prefix(name.as_bytes())?.strip_prefix(b"=")?.to_vec());
    environment.split(|byte| *byte == 0).find_map(value)
}

/// The words that a process was started with.
pub(super) fn words(pid: i32) -> Vec<Vec<u8>> {
    let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    line.split(|byte| *byte == 0).filter(|word| !word.is_empty()).map(<[u8]>::to_vec).collect()
}

/// The last part of the program's path.
pub(super) fn program(words: &[Vec<u8>]) -> Option<&OsStr> {
    std::path::Path::new(OsStr::from_bytes(words.first()?)).file_name()
}

#[cfg(test)]
mod tests {
    use std::{
        io::{Read, Write},
        process::{Command, Stdio},
    };

    use super::*;

    fn process(pid: i32, parent: i32) -> Stat {
        Stat { pid, parent, started: 0, is_zombie: false }
    }

    #[test]
    fn a_name_with_brackets_and_spaces_does_not_shift_the_fields() {
        let line = b"7 (a) Z 1 (b) S 3 7 7 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 12345 0 0";
        let stat = Stat { pid: 7, parent: 3, started: 12345, is_zombie: false };
        assert_eq!(Stat::parse(7, line), Some(stat));
        assert_eq!(Stat::parse(7, b"7 (a) S 3"), None);
    }

    #[test]
    fn a_family_is_found_to_the_last_member_and_upwards_too() {
        let all = [process(1, 0), process(2, 1), process(5, 3), process(3, 2), process(4, 1)];
        let pids: Vec<i32> = below(2, &all).iter().map(|process| process.pid).collect();
        assert_eq!(pids, [3, 5]);
        assert_eq!(above(5, &all), [5, 3, 2, 1, 0]);
    }

    #[test]
    fn a_process_is_asked_for_what_it_was_started_with() {
        let mut cat = Command::new("cat");
        let mut child =
            cat.env("MARKED", "yes").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("a program");
        // Once it answers, it is what was started, and no longer a copy of this process.
        let (mut input, mut output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        input.write_all(b"x").unwrap();
        output.read_exact(&mut [0]).unwrap();
        let pid = child.id().cast_signed();
        assert_eq!(variable(pid, "MARKED").as_deref(), Some(&b"yes"[..]));
        assert_eq!(variable(pid, "MARK"), None);
        assert_eq!(program(&words(pid)), Some(OsStr::new("cat")));
        drop(input);
        child.wait().unwrap();
        assert_eq!(Stat::of(pid), None);
    }
}
