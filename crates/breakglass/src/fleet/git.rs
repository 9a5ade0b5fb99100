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
        git.text(&["rev-parse", "--is-inside-work-tree"]).await?;
        Ok(git)
    }

    /// The last commit of each of these files, of those that have one.
    pub(crate) async fn last_commits(&self, files: &[PathBuf]) -> Result<BTreeMap<PathBuf, LastCommit>, GitError> {
        if files.is_empty() {
            return Ok(BTreeMap::new());
        }
        let options = ["log", "--format=%x01%H%x02%at%x02%an", "--name-only", "--no-renames", "--relative", "--"];
        let log = self.run(&with_files(&options, files), QUICK).await?;
        let mut last = BTreeMap::new();
        for commit in String::from_utf8_lossy(&log).split('\u{1}').skip(1) {
            let mut lines = commit.lines();
            let Some(found) = lines.next().and_then(parse) else { continue };
            for file in lines.filter(|line| !line.is_empty()) {
                last.entry(PathBuf::from(file)).or_insert_with(|| found.clone());
            }
        }
        Ok(last)
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
        let one_off = "-c".as_ref();
        self.run(&[one_off, &signers, one_off, trust, "verify-commit".as_ref(), commit.as_ref()], QUICK).await.map(drop)
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
        git.arg("-C").arg(&self.root).arg("--literal-pathspecs").args(arguments);
        git.env("GIT_OPTIONAL_LOCKS", "0").env("LC_ALL", "C");
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

fn parse(line: &str) -> Option<LastCommit> {
    let mut parts = line.split('\u{2}');
    let (hash, at, author) = (parts.next()?, parts.next()?, parts.next()?);
    let at = jiff::Timestamp::from_second(at.parse().ok()?).ok()?;
    Some(LastCommit { hash: hash.to_owned(), at, author: author.to_owned() })
}

/// A path from the top of the work tree as one from the fleet's folder, which may lie below.
fn below(prefix: &str, file: &str) -> PathBuf {
    PathBuf::from(file.strip_prefix(prefix).unwrap_or(file))
}
