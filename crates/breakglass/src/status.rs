//! What the fleet says of its credentials, without touching a cluster, an audit log or, in clear, the disk.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::PathBuf,
};

use serde::Serialize;

use crate::{
    ClusterName, Error, Keys,
    fleet::{Changes, Fleet, Git, LastCommit, Place},
    sealed::{self, Sealed},
};

/// One cluster's credential as the fleet has it.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Status {
    /// The cluster.
    pub cluster: String,
    /// The sealed file, from the fleet's root.
    pub file: PathBuf,
    /// Whether it is there.
    pub adopted: bool,
    /// Its size in bytes, sealed.
    pub size: Option<u64>,
    /// When it changed on this disk, which is the time of the checkout in a fresh clone.
    pub modified: Option<jiff::Timestamp>,
    /// When it was committed last.
    pub committed: Option<jiff::Timestamp>,
    /// By whom.
    pub committed_by: Option<String>,
    /// When it was sealed.
    pub sealed: Option<jiff::Timestamp>,
    /// The API server's address, if the file could be opened.
    pub server: Option<String>,
    /// The fingerprint of the CA.
    pub ca_sha256: Option<String>,
    /// The uid of `kube-system`, where the file tells.
    pub cluster_uid: Option<String>,
    /// How many rotations the credential has seen, where the file tells.
    pub generation: Option<u32>,
    /// For whom it is sealed.
    pub recipients: Vec<String>,
    /// Whether it agrees with what was pushed: `committed`, `uncommitted`, `unpushed`, `behind`, `unknown`.
    pub git: &'static str,
    /// What is not as it should be, worst first; empty if all is well.
    pub problems: Vec<String>,
}

/// What all clusters of a fleet are compared with, asked once.
struct Background {
    commits: BTreeMap<PathBuf, LastCommit>,
    changes: Option<Changes>,
    no_git: Option<String>,
}

/// Looks at one cluster, or at all of them.
pub async fn status(fleet: &Fleet, only: Option<&ClusterName>, keys: &Keys) -> Result<Vec<Status>, Error> {
    let places = match only {
        Some(cluster) => vec![fleet.place(cluster)?],
        None => fleet.places(),
    };
    let background = Background::of(fleet, &places).await;
    Ok(places.iter().map(|place| look(fleet, place, keys, &background)).collect())
}

impl Background {
    async fn of(fleet: &Fleet, places: &[Place]) -> Self {
        let files: Vec<PathBuf> = places.iter().map(|place| fleet.relative(&place.sealed()).to_owned()).collect();
        let asked = async {
            let git = Git::of(fleet).await?;
            let (commits, changes) = tokio::join!(git.last_commits(&files), git.changes());
            Ok::<_, crate::fleet::GitError>((commits.unwrap_or_default(), changes?))
        };
        match asked.await {
            Ok((commits, changes)) => Self { commits, changes: Some(changes), no_git: None },
            Err(error) => Self { commits: BTreeMap::new(), changes: None, no_git: Some(error.to_string()) },
        }
    }

    fn standing(&self, file: &PathBuf) -> &'static str {
        let Some(changes) = &self.changes else { return "unknown" };
        let among = |files: &BTreeSet<PathBuf>| files.contains(file);
        match () {
            () if among(&changes.uncommitted) => "uncommitted",
            () if among(&changes.behind) => "behind",
            () if among(&changes.unpushed) => "unpushed",
            () if self.commits.contains_key(file) && !changes.has_upstream => "no upstream",
            () if self.commits.contains_key(file) => "committed",
            () => "unknown",
        }
    }
}

fn look(fleet: &Fleet, place: &Place, keys: &Keys, background: &Background) -> Status {
    let file = fleet.relative(&place.sealed()).to_owned();
    let data = fs::metadata(place.sealed()).ok();
    let modified = data.as_ref().and_then(|data| data.modified().ok());
    let commit = background.commits.get(&file);
    let mut status = Status {
        cluster: place.name.to_string(),
        adopted: data.is_some(),
        size: data.map(|data| data.len()),
        modified: modified.and_then(|at| jiff::Timestamp::try_from(at).ok()),
        committed: commit.map(|commit| commit.at),
        committed_by: commit.map(|commit| commit.author.clone()),
        sealed: None,
        server: None,
        ca_sha256: None,
        cluster_uid: None,
        generation: None,
        recipients: Vec::new(),
        git: background.standing(&file),
        problems: Vec::new(),
        file,
    };
    match Sealed::of(place) {
        Err(Error::NotAdopted { .. }) => match status.git {
            "behind" => status.problems.push("sealed upstream: pull".to_owned()),
            "uncommitted" => status.problems.push("the file was removed here: restore it with Git".to_owned()),
            _ => status.problems.push("no sealed credential".to_owned()),
        },
        Err(error) => status.problems.push(error.to_string()),
        Ok(sealed) => status.read(fleet, place, &sealed, keys),
    }
    if status.adopted {
        status.judge(background);
    }
    status
}

impl Status {
    fn read(&mut self, fleet: &Fleet, place: &Place, sealed: &Sealed, keys: &Keys) {
        match sealed.header() {
            Err(error) => return self.problems.push(error.to_string()),
            Ok(header) => {
                self.sealed = Some(header.last_modified());
                self.recipients = sealed::names(header.recipients());
            }
        }
        match sealed.open(&place.name, &keys.identities) {
            Err(error) => self.problems.push(error.to_string()),
            Ok(opened) => {
                let credential = &opened.credential;
                self.server = Some(credential.server.to_string());
                self.ca_sha256 = Some(credential.ca_hash());
                self.cluster_uid = credential.origin.as_ref().map(|origin| origin.cluster_uid.clone());
                self.generation = credential.generation();
                if opened.partly_clear {
                    self.problems.push(sealed::PARTLY_CLEAR.to_owned());
                }
                if credential.server.is_loopback() {
                    self.problems.push("the server is this machine, wherever the file is opened".to_owned());
                }
            }
        }
        match sealed::rule(fleet, place) {
            Err(error) => self.problems.push(error.to_string()),
            Ok(rule) => {
                let (wanted, sealed_for) = (set(sealed::names(rule.recipients())), set(self.recipients.clone()));
                let list = |recipients: Vec<&String>| recipients.into_iter().cloned().collect::<Vec<_>>().join(", ");
                let missing = list(wanted.difference(&sealed_for).collect());
                let extra = list(sealed_for.difference(&wanted).collect());
                if !extra.is_empty() {
                    let why = format!("can be opened by {extra}, whom .sops.yaml no longer names: rotate");
                    self.problems.push(why);
                }
                if !missing.is_empty() {
                    self.problems.push(format!("cannot be opened by {missing}: adopt again or rotate"));
                }
            }
        }
    }

    fn judge(&mut self, background: &Background) {
        match self.git {
            "uncommitted" => self.problems.push("not committed: others have an older file or none".to_owned()),
            "unpushed" => self.problems.push("not pushed: others have an older file or none".to_owned()),
            "behind" => self.problems.push("changed upstream: pull, this file’s token may be revoked".to_owned()),
            _ => {}
        }
        if let Some(why) = &background.no_git {
            self.problems.push(format!("Git cannot be asked: {why}"));
        }
    }
}

fn set(recipients: Vec<String>) -> BTreeSet<String> {
    recipients.into_iter().collect()
}
