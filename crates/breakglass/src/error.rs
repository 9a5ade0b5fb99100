use std::{io, path::PathBuf};

use fanlight_cluster::rescue::{RescueError, Trouble};

use crate::{BadClusterName, ClusterName, fleet::GitError};

/// How the program ends, the same for every command, so that scripts can tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// It was done.
    Done = 0,
    /// It failed for a reason that has no code of its own.
    Failed = 1,
    /// The command line, or the fleet that it names, makes no sense.
    Usage = 2,
    /// The cluster has no sealed credential yet.
    NotAdopted = 3,
    /// The sealed file cannot be opened with the keys that are here.
    CannotOpen = 4,
    /// The sealed file, its content or its recipients are not as they must be.
    BadSeal = 5,
    /// The API server cannot be reached, or not be trusted.
    Unreachable = 6,
    /// The API server does not take the credential, or it lacks a right.
    Rejected = 7,
    /// It is another cluster than it should be.
    WrongCluster = 8,
    /// Something is out of date, or not as the fleet says.
    Drift = 9,
    /// Somebody else is rotating this cluster's credential.
    Locked = 10,
    /// The new credential is sealed and the old one still valid: `rotate --finish` is due.
    OldStillValid = 11,
    /// A policy, a signature or the person said no.
    Refused = 12,
}

/// What went wrong, where, and the way out.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No fleet in any of the usual places.
    #[error(
        "no fleet repository was found: name it by --repo or $FANLIGHT_FLEET (or $KUBE_DC_FLEET), or clone it to \
        ~/.fanlight/fleet"
    )]
    NoFleet,
    /// The fleet that was named is none.
    #[error("{path} (from {by}) is no fleet repository: {why}", path = .path.display())]
    NoSuchFleet {
        /// Where it was said to be.
        path: PathBuf,
        /// The flag or variable.
        by: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// The text is no name of a cluster.
    #[error(transparent)]
    BadName(#[from] BadClusterName),
    /// The fleet has no folder for the cluster.
    #[error("the fleet has no cluster “{cluster}” ({folder} is missing); it has: {known}", folder = .folder.display())]
    NoSuchCluster {
        /// The cluster.
        cluster: ClusterName,
        /// The folder that should be there.
        folder: PathBuf,
        /// Those that are there.
        known: String,
    },
    /// The cluster has no sealed credential.
    #[error(
        "{cluster} has no sealed credential ({file} is missing): make one with `fanlight break-glass adopt {cluster}` while \
        you have another way into the cluster, or pull, if somebody else made it", file = .file.display()
    )]
    NotAdopted {
        /// The cluster.
        cluster: ClusterName,
        /// The file that should be there.
        file: PathBuf,
    },
    /// A file could not be read or written.
    #[error("cannot {operation} {file}: {source}", file = .file.display())]
    File {
        /// What was tried.
        operation: &'static str,
        /// The file.
        file: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The sealed file cannot be opened.
    #[error("cannot open {file}: {source}", file = .file.display())]
    CannotOpen {
        /// The file.
        file: PathBuf,
        /// What SOPS’ format or the keys said.
        source: Box<fanlight_sops::DecryptError>,
    },
    /// The fleet does not say for whom to seal.
    #[error("nothing says for whom {file} is to be sealed; nothing was written: {source}", file = .file.display())]
    NoRule {
        /// The file that was to be written.
        file: PathBuf,
        /// Why.
        source: Box<fanlight_sops::PolicyError>,
    },
    /// The content cannot be sealed.
    #[error("cannot seal {file}; nothing was written: {source}", file = .file.display())]
    CannotSeal {
        /// The file that was to be written.
        file: PathBuf,
        /// Why.
        source: Box<fanlight_sops::EncryptError>,
    },
    /// What was in the sealed file is not what may be there.
    #[error(
        "{file} opens, but is not safe to use: {why}. Somebody may have tampered with it: look at `git log -p` of the file, \
        and when you know, move it away and seal it anew with `fanlight break-glass adopt`", file = .file.display()
    )]
    Unsafe {
        /// The file.
        file: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// What was written is not what came back.
    #[error("{file} did not read back as it was sealed ({why}); the file in place is unchanged", file = .file.display())]
    ReadBack {
        /// The file.
        file: PathBuf,
        /// The difference.
        why: String,
    },
    /// The new credential is in place, the old one not revoked.
    #[error(
        "{cluster}: the new credential is sealed, and the old token stays valid: {why}. When that is mended: `fanlight \
        break-glass rotate {cluster} --finish`"
    )]
    OldStillValid {
        /// The cluster.
        cluster: ClusterName,
        /// What has to come first.
        why: String,
    },
    /// An address that cannot be that of an API server.
    #[error("{url:?} (from {from}) cannot be the API server’s address: {why}")]
    BadServer {
        /// What was given.
        url: String,
        /// The flag, file or context it is from.
        from: String,
        /// Why not.
        why: String,
    },
    /// Nobody says where the API server is.
    #[error(
        "nothing says where {cluster}’s API server is: give --server, or write KUBE_API_EXTERNAL_URL into its \
        cluster-config.env"
    )]
    NoServer {
        /// The cluster.
        cluster: ClusterName,
    },
    /// The cluster did not do what it was asked for.
    #[error("{cluster}: {source}. {hint}")]
    Cluster {
        /// The cluster.
        cluster: ClusterName,
        /// Operation, object, and what the API server said.
        source: Box<RescueError>,
        /// What holds now, and the way out.
        hint: String,
    },
    /// kube-controller-manager does not answer, so that a new token would never come.
    #[error(
        "{cluster}: kube-controller-manager has not been heard of since {since}, and without it no new token is made. \
        Nothing was changed: bring it up first; the present credential stays valid"
    )]
    ControllersDown {
        /// The cluster.
        cluster: ClusterName,
        /// Its last sign of life.
        since: jiff::Timestamp,
    },
    /// The credential that is there has to be published before another takes its place.
    #[error(
        "{cluster}: not rotated, the present token stays valid: its file has to be published first. Do so, or rotate with \
        --push"
    )]
    Unpublished {
        /// The cluster.
        cluster: ClusterName,
    },
    /// The token is taken, but it is not the one of break-glass, or lacks rights.
    #[error("{cluster}: the credential was answered, but {why}")]
    NotProven {
        /// The cluster.
        cluster: ClusterName,
        /// What is missing.
        why: String,
    },
    /// It is another cluster.
    #[error("{cluster}: this is another cluster than before: {why}. {way_out}")]
    WrongCluster {
        /// The cluster as named.
        cluster: ClusterName,
        /// What differs.
        why: String,
        /// What to do if it is right all the same.
        way_out: &'static str,
    },
    /// Somebody else is at it.
    #[error("{cluster}: {holder} is rotating this credential (since {since}). Wait, or look what became of them")]
    Locked {
        /// The cluster.
        cluster: ClusterName,
        /// Who.
        holder: String,
        /// Since when.
        since: String,
    },
    /// The commit is not signed by somebody who may.
    #[error(
        "{file} is not vouched for: {why}. If you know that it is right, use it with --accept-identity",
        file = .file.display()
    )]
    NotVouched {
        /// The file.
        file: PathBuf,
        /// What is missing.
        why: String,
    },
    /// The person, or a missing terminal to ask them at, said no.
    #[error("{0}")]
    Refused(String),
    /// Git said no where it was needed.
    #[error("{what}: {source}")]
    Git {
        /// What was to be done, and what holds now.
        what: String,
        /// What Git said.
        source: GitError,
    },
    /// The session of `use` could not be had.
    #[error(transparent)]
    Session(#[from] crate::session::SessionError),
}

impl Error {
    /// How the program ends because of it.
    pub fn exit(&self) -> Exit {
        match self {
            Self::NoFleet
            | Self::NoSuchFleet { .. }
            | Self::BadName(_)
            | Self::NoSuchCluster { .. }
            | Self::BadServer { .. }
            | Self::NoServer { .. } => Exit::Usage,
            Self::NotAdopted { .. } => Exit::NotAdopted,
            Self::CannotOpen { .. } => Exit::CannotOpen,
            Self::NoRule { .. } | Self::CannotSeal { .. } | Self::Unsafe { .. } | Self::ReadBack { .. } => {
                Exit::BadSeal
            }
            Self::Cluster { source, .. } => of_trouble(&source.trouble),
            Self::NotProven { .. } => Exit::Rejected,
            Self::WrongCluster { .. } => Exit::WrongCluster,
            Self::Locked { .. } => Exit::Locked,
            Self::Unpublished { .. } | Self::OldStillValid { .. } => Exit::OldStillValid,
            Self::NotVouched { .. } | Self::Refused(_) => Exit::Refused,
            Self::ControllersDown { .. } | Self::File { .. } | Self::Git { .. } | Self::Session(_) => Exit::Failed,
        }
    }
}

fn of_trouble(trouble: &Trouble) -> Exit {
    match trouble {
        Trouble::Unreachable { .. } | Trouble::TimedOut(_) | Trouble::Busy(_) | Trouble::Broken { .. } => {
            Exit::Unreachable
        }
        Trouble::Rejected(_) | Trouble::Credential(_) => Exit::Rejected,
        // Admission policies answer with this or that code.
        Trouble::Forbidden(_) | Trouble::Refused { .. } => Exit::Refused,
        Trouble::Locked { .. } => Exit::Locked,
        Trouble::Kubeconfig(_) => Exit::Usage,
        _ => Exit::Failed,
    }
}
