//! The record of uses in the fleet: one JSON line each, chained by hashes so that a line cannot be altered or taken out
//! unseen. It is written where it can be and never in the way.

use std::{
    collections::BTreeSet,
    fs::{self, File},
    io::{self, BufRead, BufReader, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use crate::{fingerprint::fingerprint, fleet::Fleet};

/// Where the ledger is, from the fleet's root.
pub(crate) const LEDGER: &str = "break-glass/ledger.jsonl";

/// How a session ended whose program was killed.
pub(crate) const KILLED: &str = "killed";

/// One use of a credential.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// When it began.
    pub began: jiff::Timestamp,
    /// The cluster.
    pub cluster: String,
    /// The session’s name, also that of its Secret and Event.
    pub session: String,
    /// Who, as Git and the system have them.
    pub person: String,
    /// The machine.
    pub host: String,
    /// Why, in their words.
    pub reason: String,
    /// `shell`, or the program that was run.
    pub work: String,
    /// `for this use` or `sealed`: which token the work was given.
    pub token: String,
    /// The credential’s generation, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generation: Option<u32>,
    /// How long it lasted, in seconds; unknown if the program was killed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds: Option<u64>,
    /// How it ended: `exit 0`, `time limit`, `signal 15`, `killed`.
    pub ended: String,
}

#[derive(Serialize, Deserialize)]
struct Line {
    #[serde(flatten)]
    entry: Entry,
    /// The hash of the line before, as text; empty in the first.
    previous: String,
}

/// The file of a fleet.
pub(crate) struct Ledger {
    file: PathBuf,
}

impl Ledger {
    pub(crate) fn of(fleet: &Fleet) -> Self {
        Self { file: fleet.root().join(LEDGER) }
    }

    /// Adds a line. Another program that is adding one is waited for by the lock of the file itself.
    pub(crate) fn add(&self, entry: &Entry) -> io::Result<()> {
        fs::create_dir_all(self.file.parent().unwrap_or(Path::new(".")))?;
        let attributes = self.file.with_file_name(".gitattributes");
        if !attributes.exists() {
            // Lines that were added in two places are both kept, without a conflict in the middle of an emergency.
            fs::write(attributes, "ledger.jsonl merge=union\n")?;
        }
        let mut file = File::options().read(true).append(true).create(true).open(&self.file)?;
        file.lock()?;
        let mut previous = String::new();
        let mut complete = true;
        let mut reader = BufReader::new(&file);
        let mut line = String::new();
        while reader.read_line(&mut line)? > 0 {
            complete = line.ends_with('\n');
            previous = fingerprint(line.trim_end().as_bytes());
            line.clear();
        }
        file.seek(SeekFrom::End(0))?;
        let line = Line { entry: entry.clone(), previous };
        // A line that was cut off by a full disk stays as it is, and must not swallow this one.
        let start = if complete { "" } else { "\n" };
        writeln!(file, "{start}{}", serde_json::to_string(&line).map_err(io::Error::other)?)?;
        file.sync_all()
    }

    /// The sessions of a cluster that were killed, and so could not end their own token.
    pub(crate) fn killed(&self, cluster: &str) -> BTreeSet<String> {
        let text = fs::read_to_string(&self.file).unwrap_or_default();
        let entries = text.lines().filter_map(|line| serde_json::from_str::<Line>(line).ok()).map(|line| line.entry);
        entries.filter(|entry| entry.cluster == cluster && entry.ended == KILLED).map(|entry| entry.session).collect()
    }

    /// Where the chain is broken: the numbers of lines that nothing before leads to, counted from one. Lines added in two
    /// places and merged both lead to the same one, which is as it should be.
    pub(crate) fn breaks(&self) -> io::Result<Vec<usize>> {
        let text = match fs::read_to_string(&self.file) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            text => text?,
        };
        // A ledger that was begun in two places has two first lines.
        let mut seen = BTreeSet::from([String::new()]);
        let mut breaks = Vec::new();
        for (number, line) in text.lines().enumerate() {
            let fits = serde_json::from_str::<Line>(line).is_ok_and(|line| seen.contains(&line.previous));
            if !fits {
                breaks.push(number + 1);
            }
            seen.insert(fingerprint(line.as_bytes()));
        }
        Ok(breaks)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(session: &str) -> Entry {
        Entry {
            began: jiff::Timestamp::UNIX_EPOCH,
            cluster: "prod".to_owned(),
            session: session.to_owned(),
            person: "Operator <operator@example.com>".to_owned(),
            host: "laptop".to_owned(),
            reason: "the provider is down\n“really”".to_owned(),
            work: "shell".to_owned(),
            token: "for this use".to_owned(),
            generation: Some(3),
            seconds: Some(60),
            ended: "exit 0".to_owned(),
        }
    }

    fn ledger(lines: usize) -> (tempfile::TempDir, Ledger) {
        let folder = tempfile::tempdir().unwrap();
        let ledger = Ledger { file: folder.path().join("break-glass/ledger.jsonl") };
        (0..lines).for_each(|number| ledger.add(&entry(&number.to_string())).unwrap());
        (folder, ledger)
    }

    fn edit(ledger: &Ledger, edit: impl Fn(Vec<String>) -> Vec<String>) {
        let lines = fs::read_to_string(&ledger.file).unwrap().lines().map(ToOwned::to_owned).collect();
        fs::write(&ledger.file, edit(lines).join("\n") + "\n").unwrap();
    }

    #[test]
    fn a_ledger_as_written_has_no_break() {
        let (_folder, ledger) = ledger(4);
        assert_eq!(ledger.breaks().unwrap(), Vec::<usize>::new());
    }

    #[test]
    fn an_altered_line_and_a_missing_line_break_the_chain() {
        let (_folder, altered) = ledger(4);
        edit(&altered, |mut lines| {
            lines[1] = lines[1].replace("exit 0", "exit 1");
            lines
        });
        assert_eq!(altered.breaks().unwrap(), [3]);
        for (taken_out, broken) in [(0, 1), (1, 2), (2, 3)] {
            let (_folder, missing) = ledger(4);
            edit(&missing, |mut lines| {
                lines.remove(taken_out);
                lines
            });
            assert_eq!(missing.breaks().unwrap(), [broken]);
        }
    }

    #[test]
    fn lines_of_two_places_that_were_merged_are_whole() {
        let (_folder, one) = ledger(2);
        let (_other, other) = ledger(2);
        other.add(&entry("elsewhere")).unwrap();
        one.add(&entry("here")).unwrap();
        let theirs = fs::read_to_string(&other.file).unwrap().lines().last().unwrap().to_owned();
        edit(&one, |mut lines| {
            lines.push(theirs.clone());
            lines
        });
        assert_eq!(one.breaks().unwrap(), Vec::<usize>::new());
    }

    #[test]
    fn a_line_cut_off_by_a_full_disk_does_not_swallow_the_next() {
        let (_folder, ledger) = ledger(1);
        let mut file = File::options().append(true).open(&ledger.file).unwrap();
        write!(file, "{{\"began\":").unwrap();
        ledger.add(&entry("after")).unwrap();
        assert_eq!(ledger.breaks().unwrap(), [2]);
        assert_eq!(fs::read_to_string(&ledger.file).unwrap().lines().count(), 3);
    }
}
