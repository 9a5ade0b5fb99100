use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::{OsStr, OsString},
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use tokio::{process::Command, time::timeout};

use crate::Fleet;

/// No question to the repository may keep a person waiting longer than this.
const QUICK: Duration = Duration::from_secs(10);
/// A push goes over the network and may ask for a passphrase.
const NETWORK: Duration = Duration::from_secs(120);
/// A fetch only makes sure, and must not hold an emergency up for long when there is no network.
const FETCH: Duration = Duration::from_secs(30);

/// What is committed must not decide what is run: neither a repository that lies within the fleet as files, nor the
/// configuration in it.
const GUARDS: [&str; 5] = ["--literal-pathspecs", "-c", "safe.bareRepository=explicit", "-c", "core.fsmonitor=false"];
/// What leads Git to another repository than the fleet's, as hooks and tools leave it in the environment.
const ELSEWHERE: [&str; 6] = [
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_COMMON_DIR",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
];

/// The Git work tree that the fleet is, asked by the `git` program.
#[derive(Debug, Clone)]
pub(crate) struct Git {
    root: PathBuf,
}

/// Why Git did not do what it was asked for.
#[derive(Debug, Clone, thiserror::Error)]
#[error("`git {command}` failed: {why}")]
pub struct GitError {
    /// The command, without what it was about.
    pub command: String,
    /// What Git said, or why it could not be run.
    pub why: String,
}

/// The last commit that touched a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LastCommit {
    /// Its hash.
    pub(crate) hash: String,
    /// When its author made it.
    pub(crate) at: jiff::Timestamp,
    /// Who.
    pub(crate) author: String,
}

/// The files, from the repository's root, whose content differs from place to place.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Changes {
    /// Changed here and not committed, or not known to Git.
    pub(crate) uncommitted: BTreeSet<PathBuf>,
    /// Committed here and not pushed.
    pub(crate) unpushed: BTreeSet<PathBuf>,
    /// Changed upstream, as last fetched, and not here.
    pub(crate) behind: BTreeSet<PathBuf>,
    /// Whether the branch follows one elsewhere.
    pub(crate) has_upstream: bool,
}

impl Git {
    /// The work tree that the fleet's folder belongs to.
    pub(crate) async fn of(fleet: &Fleet) -> Result<Self, GitError> {
        let git = Self { root: fleet.root().to_owned() };
        let inside = git.text(&["rev-parse", "--is-inside-work-tree"]).await?;
        if inside.trim() == "true" {
            return Ok(git);
        }
        Err(GitError { command: "rev-parse".to_owned(), why: "the fleet is in no work tree".to_owned() })
    }

    /// The last commit of each of these files, of those that have one.
    pub(crate) async fn last_commits(&self, files: &[PathBuf]) -> Result<BTreeMap<PathBuf, LastCommit>, GitError> {
        if files.is_empty() {
            return Ok(BTreeMap::new());
        }
        let format = "--format=%x00%H%x00%at%x00%an%x00";
        let options = ["log", format, "--no-show-signature", "--name-only", "--no-renames", "--relative", "--"];
        let log = self.run(&with_files(&options, files), QUICK).await?;
        // Nothing that a person can put into a commit holds a zero: hash, time and author, then the names of files.
        let log = String::from_utf8_lossy(&log);
        let mut parts = log.split('\0').skip(1);
        let mut last = BTreeMap::new();
        while let (Some(hash), Some(at), Some(author), Some(names)) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        {
            let Some(found) = parse(hash, at, author) else { continue };
            for file in names.lines().filter(|line| !line.is_empty()) {
                last.entry(PathBuf::from(file)).or_insert_with(|| found.clone());
            }
        }
        Ok(last)
    }

    /// The hash of the last commit that touched a file, if there is one.
    pub(crate) async fn last_commit(&self, file: &Path) -> Result<Option<String>, GitError> {
        let options = ["log", "-1", "--format=%H", "--no-show-signature", "--"];
        let file = [file.to_owned()];
        let hash = self.run(&with_files(&options, &file), QUICK).await?;
        let hash = String::from_utf8_lossy(&hash).trim().to_owned();
        Ok((!hash.is_empty()).then_some(hash))
    }

    /// Whether the history is cut off at a commit, so that it seems to have touched every file.
    pub(crate) async fn is_cut_off_at(&self, commit: &str) -> Result<bool, GitError> {
        if self.text(&["rev-parse", "--is-shallow-repository"]).await?.trim() != "true" {
            return Ok(false);
        }
        Ok(self.text(&["rev-list", "--parents", "-1", commit]).await?.split_whitespace().count() < 2)
    }

    /// Whether there is anywhere to push to.
    pub(crate) async fn has_remotes(&self) -> Result<bool, GitError> {
        Ok(!self.text(&["remote"]).await?.trim().is_empty())
    }

    /// How work tree, commits and upstream differ.
    pub(crate) async fn changes(&self) -> Result<Changes, GitError> {
        let status = ["status", "--porcelain=v1", "-z", "--untracked-files=all", "--no-renames", "--", "."];
        let prefix = self.text(&["rev-parse", "--show-prefix"]).await?.trim().to_owned();
        let status = self.text(&status).await?;
        let uncommitted =
            status.split('\0').filter_map(|entry| entry.get(3..)).map(|file| below(&prefix, file)).collect();
        let mut changes = Changes { uncommitted, ..Changes::default() };
        if self.knows("@{upstream}").await {
            changes.has_upstream = true;
            changes.unpushed = self.differing("@{upstream}...HEAD").await?;
            changes.behind = self.differing("HEAD...@{upstream}").await?;
        }
        Ok(changes)
    }

    async fn differing(&self, between: &str) -> Result<BTreeSet<PathBuf>, GitError> {
        let names = self.text(&["diff", "--name-only", "--no-renames", "--relative", "-z", between, "--", "."]).await?;
        Ok(names.split('\0').filter(|name| !name.is_empty()).map(PathBuf::from).collect())
    }

    /// The content of a file in a commit, if it is there.
    pub(crate) async fn content(&self, commit: &str, file: &Path) -> Option<Vec<u8>> {
        let mut name = OsString::from(format!("{commit}:./"));
        name.push(file);
        self.run(&["show".as_ref(), "--no-textconv".as_ref(), name.as_ref()], QUICK).await.ok()
    }

    /// Commits these files and no other change; says whether there was a change in them.
    pub(crate) async fn commit(&self, files: &[PathBuf], message: &str) -> Result<bool, GitError> {
        self.run(&with_files(&["add", "--"], files), QUICK).await?;
        if self.run(&with_files(&["diff", "--cached", "--quiet", "HEAD", "--"], files), QUICK).await.is_ok() {
            return Ok(false);
        }
        let options = ["commit", "--quiet", "--only", "-m", message, "--"];
        self.run(&with_files(&options, files), NETWORK).await.map(|_| true)
    }

    /// Pushes the branch to where it belongs.
    pub(crate) async fn push(&self) -> Result<(), GitError> {
        self.run(&["push".as_ref(), "--quiet".as_ref()], NETWORK).await.map(drop)
    }

    /// Fetches what others pushed.
    pub(crate) async fn fetch(&self) -> Result<(), GitError> {
        self.run(&["fetch".as_ref(), "--quiet".as_ref()], FETCH).await.map(drop)
    }

    /// Whether there is such a commit.
    pub(crate) async fn knows(&self, commit: &str) -> bool {
        self.text(&["rev-parse", "--verify", "--quiet", &format!("{commit}^{{commit}}")]).await.is_ok()
    }

    /// Whether a commit carries a valid SSH signature of somebody in the file of allowed signers.
    pub(crate) async fn verify(&self, commit: &str, allowed_signers: &Path) -> Result<(), GitError> {
        let mut signers = OsString::from("gpg.ssh.allowedSignersFile=");
        signers.push(allowed_signers);
        // Without a least trust, Git takes a good signature of anybody.
        let trust = "gpg.minTrustLevel=fully".as_ref();
        let one_off: &OsStr = "-c".as_ref();
        // A commit names the kind of its signature: only SSH's is asked for, whatever keys of other kinds the person trusts.
        let mut arguments =
            vec![one_off, signers.as_ref(), one_off, trust, one_off, "gpg.ssh.program=ssh-keygen".as_ref()];
        for other in ["gpg.program=false", "gpg.openpgp.program=false", "gpg.x509.program=false"] {
            arguments.extend([one_off, other.as_ref()]);
        }
        arguments.extend::<[&OsStr; 2]>(["verify-commit".as_ref(), commit.as_ref()]);
        self.run(&arguments, QUICK).await.map(drop)
    }

    /// The person's name and address as Git has them.
    pub(crate) async fn person(&self) -> Option<String> {
        let ident = self.text(&["var", "GIT_AUTHOR_IDENT"]).await.ok()?;
        ident.rsplit_once('>').map(|(person, _)| format!("{person}>"))
    }

    async fn text(&self, arguments: &[&str]) -> Result<String, GitError> {
        let output = self.run(&with_files(arguments, &[]), QUICK).await?;
        Ok(String::from_utf8_lossy(&output).into_owned())
    }

    async fn run(&self, arguments: &[&OsStr], limit: Duration) -> Result<Vec<u8>, GitError> {
        let mut words = arguments.iter().map(|each| each.to_string_lossy());
        let command = words.find(|word| word != "-c" && !word.contains('=')).unwrap_or_default().into_owned();
        let failed = |why: String| GitError { command: command.clone(), why };
        let mut git = Command::new("git");
        git.arg("-C").arg(&self.root).args(GUARDS).args(arguments);
        git.env("GIT_OPTIONAL_LOCKS", "0").env("GIT_NO_REPLACE_OBJECTS", "1").env("LC_ALL", "C");
        for elsewhere in ELSEWHERE {
            git.env_remove(elsewhere);
        }
        git.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        let output = match timeout(limit, git.output()).await {
            Err(_) => return Err(failed(format!("it took longer than {} s", limit.as_secs()))),
            Ok(Err(error)) => return Err(failed(error.to_string())),
            Ok(Ok(output)) => output,
        };
        if output.status.success() {
            return Ok(output.stdout);
        }
        let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        Err(failed(if said.is_empty() { output.status.to_string() } else { said }))
    }
}

fn with_files<'a>(arguments: &[&'a str], files: &'a [PathBuf]) -> Vec<&'a OsStr> {
    let arguments = arguments.iter().map(|&argument| argument.as_ref());
    arguments.chain(files.iter().map(|file| file.as_os_str())).collect()
}

fn parse(hash: &str, at: &str, author: &str) -> Option<LastCommit> {
    let at = jiff::Timestamp::from_second(at.parse().ok()?).ok()?;
    Some(LastCommit { hash: hash.to_owned(), at, author: author.to_owned() })
}

/// A path from the top of the work tree as one from the fleet's folder, which may lie below.
fn below(prefix: &str, file: &str) -> PathBuf {
    PathBuf::from(file.strip_prefix(prefix).unwrap_or(file))
}
