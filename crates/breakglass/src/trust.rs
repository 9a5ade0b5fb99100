//! Whether a sealed file is from somebody who may seal it. Anybody who can write to the fleet can seal one for its public
//! recipients, so that it opens says nothing of who made it.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use crate::{
    Conversation, Error, Surroundings,
    fingerprint::fingerprint,
    fleet::{Fleet, Git, GitError, Place},
    pins::{Pin, Pins},
};

/// Where a fleet keeps the SSH keys of those who may sign, in the format of ssh-keygen's ALLOWED SIGNERS.
const SIGNERS: [&str; 2] = ["break-glass/allowed_signers", "allowed_signers"];

/// The fleet's list of those who may sign, if it has one.
pub(crate) fn signers(fleet: &Fleet) -> Option<PathBuf> {
    SIGNERS.iter().map(|path| fleet.root().join(path)).find(|path| path.exists())
}

/// What may be taken for granted about a file.
enum Vouched {
    /// The commit is signed by an allowed signer, and the file is as in the commit.
    Signed,
    /// The fleet has no list of signers.
    NoSigners,
    /// It has one, and this file is not signed by any of them.
    Not(String),
    /// It has one, and Git cannot be asked: an emergency does not wait for that.
    Unknown(String),
}

/// Makes sure that a credential leads where it led before, or that somebody who may says otherwise.
pub(crate) struct Trust<'a> {
    pub(crate) fleet: &'a Fleet,
    pub(crate) place: &'a Place,
    pub(crate) around: &'a Surroundings,
    pub(crate) talk: &'a dyn Conversation,
    /// The sealed file as it was read and opened, which may not be what is on the disk by now.
    pub(crate) sealed: &'a str,
    /// The person takes another identity on their own account.
    pub(crate) accept: bool,
}

/// What may stand in the way of vouching.
enum Doubt {
    /// It was looked at, and is not as it must be.
    Refuted(String),
    /// It could not be looked at.
    Unasked(String),
}

impl Trust<'_> {
    /// Stops for a credential that leads elsewhere than before, or that nobody vouches for where signatures are wanted.
    /// Whatever fails while finding out is told, and does not stop.
    pub(crate) async fn check(&self, pin: &Pin) -> Result<(), Error> {
        let known = match Pins::of(self.around, self.fleet, &self.place.name).known() {
            Err(_) if self.accept => None,
            known => known?,
        };
        let change = known.as_ref().and_then(|known| known.differs(pin));
        match (self.vouched().await, known.is_some(), change) {
            _ if self.accept => {}
            (_, true, None) | (Vouched::Signed, _, None) => {}
            (Vouched::Signed, _, Some(change)) => {
                self.talk.tell(&format!("The signed commit moves {}: {change}.", self.place.name));
            }
            (Vouched::NoSigners, false, None) => self.talk.tell(&format!(
                "First use of {} on this machine: {} with CA {:.16}… is remembered.",
                self.place.name, pin.server, pin.ca
            )),
            (Vouched::Unknown(why), false, None) => self.talk.tell(&format!(
                "Warning: nobody can tell whether {} is signed by who may ({why}). First use on this machine: {} with CA \
                {:.16}… is remembered.",
                self.place.name, pin.server, pin.ca
            )),
            (Vouched::Not(why), false, None) => return Err(Error::NotVouched { file: self.place.sealed(), why }),
            (_, _, Some(why)) => {
                return Err(Error::WrongCluster {
                    cluster: self.place.name.clone(),
                    why,
                    way_out: "If you know that it was moved, use it with --accept-identity",
                });
            }
        }
        Ok(())
    }

    async fn vouched(&self) -> Vouched {
        let pinned = self.pinned_signers();
        let Some(signers) = signers(self.fleet) else {
            let gone = "the fleet’s list of allowed signers was taken away since the last use on this machine";
            return if pinned.exists() { Vouched::Not(gone.to_owned()) } else { Vouched::NoSigners };
        };
        let git = match Git::of(self.fleet).await {
            Ok(git) => git,
            Err(error) => return Vouched::Unknown(error.to_string()),
        };
        match self.signed(&git, &signers, &pinned).await {
            Ok(()) => Vouched::Signed,
            Err(Doubt::Unasked(why)) => Vouched::Unknown(why),
            Err(Doubt::Refuted(why)) => {
                self.talk.tell(&format!("Warning: {} is not vouched for: {why}", self.place.sealed().display()));
                Vouched::Not(why)
            }
        }
    }

    async fn signed(&self, git: &Git, signers: &Path, pinned: &Path) -> Result<(), Doubt> {
        self.renew_signers(git, signers, pinned).await?;
        self.signed_as_committed(git, &self.place.sealed(), self.sealed.as_bytes(), pinned).await
    }

    /// The list itself may have changed: the change counts if one of those who were on it before signed it.
    async fn renew_signers(&self, git: &Git, signers: &Path, pinned: &Path) -> Result<(), Doubt> {
        let io = |error: io::Error| Doubt::Unasked(format!("the list of allowed signers: {error}"));
        let now = fs::read(signers).map_err(io)?;
        match fs::read(pinned) {
            Ok(before) if before == now => return Ok(()),
            Ok(_) => self.signed_as_committed(git, signers, &now, pinned).await?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(io(error)),
        }
        crate::pins::replace(pinned, &now).map_err(io)
    }

    /// Whether a file’s content is that of its last commit, and that commit signed by one of the list.
    async fn signed_as_committed(&self, git: &Git, file: &Path, content: &[u8], signers: &Path) -> Result<(), Doubt> {
        let unasked = |error: GitError| Doubt::Unasked(error.to_string());
        let relative = self.fleet.relative(file).to_owned();
        let refuted = |why: &str| Doubt::Refuted(format!("{} {why}", relative.display()));
        let commit = git.last_commit(&relative).await.map_err(unasked)?;
        let commit = commit.ok_or_else(|| refuted("was never committed"))?;
        if git.is_cut_off_at(&commit).await.map_err(unasked)? {
            return Err(Doubt::Unasked("the clone is shallow, and does not know who committed it".to_owned()));
        }
        let committed = git.content(&commit, &relative).await;
        let committed = committed.ok_or_else(|| Doubt::Unasked(format!("commit {commit:.10} cannot be read")))?;
        if committed != content {
            return Err(refuted("differs from its last commit"));
        }
        let unsigned = |error: GitError| {
            Doubt::Refuted(format!("commit {commit:.10} is not signed by an allowed signer: {error}"))
        };
        git.verify(&commit, signers).await.map_err(unsigned)
    }

    fn pinned_signers(&self) -> PathBuf {
        let fleet = fingerprint(self.fleet.root().as_os_str().as_encoded_bytes());
        self.around.own_folder().join(format!("signers-{fleet:.16}"))
    }
}
