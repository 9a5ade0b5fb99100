use std::{io, path::PathBuf};

use nix::errno::Errno;

/// Why there is no session, or why it could not be cleaned up.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// Neither the environment nor the system knows the user's home.
    #[error("the home directory of this user is not known; set HOME")]
    NoHome,
    /// A directory that is to be private may be somebody else's.
    #[error("{} is no place for a credential: {why}", path.display())]
    Unsafe {
        /// The directory.
        path: PathBuf,
        /// What is wrong with it, and the way out.
        why: &'static str,
    },
    /// A file or directory could not be made, read or removed.
    #[error("cannot {doing} {}", path.display())]
    File {
        /// What was to be done.
        doing: &'static str,
        /// With what.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A path cannot be written into a kubeconfig.
    #[error("{} is not UTF-8, which a kubeconfig needs", .0.display())]
    NotText(PathBuf),
    /// The system did not let the process look after its own.
    #[error("cannot {doing}")]
    System {
        /// What was to be done.
        doing: &'static str,
        /// Why not.
        source: Errno,
    },
    /// The signals that end a session could not be listened to.
    #[error("cannot listen to signals")]
    Signals(#[source] io::Error),
    /// The broker has no socket.
    #[error("cannot hand out tokens at {}", socket.display())]
    Broker {
        /// Where.
        socket: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// There is no token to write into the kubeconfig.
    #[error("there is no token for the kubeconfig of {cluster}: {why}")]
    NoToken {
        /// The cluster.
        cluster: String,
        /// The source's own words.
        why: String,
    },
    /// Shell or command could not be started.
    #[error("cannot start {program}")]
    CannotStart {
        /// The program.
        program: String,
        /// Why not.
        source: io::Error,
    },
}

impl SessionError {
    /// The exit status that says this as shells say it: 127 for a program that is not there, 126 for one that cannot be
    /// run, none for everything else.
    pub fn exit_status(&self) -> Option<u8> {
        match self {
            Self::CannotStart { source, .. } if source.kind() == io::ErrorKind::NotFound => Some(127),
            Self::CannotStart { .. } => Some(126),
            _ => None,
        }
    }

    /// A failure with a file, for `map_err`.
    pub(super) fn file(doing: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { doing, path, source }
    }

    /// A failure of the system, for `map_err`.
    pub(super) fn system(doing: &'static str) -> impl FnOnce(Errno) -> Self {
        move |source| Self::System { doing, source }
    }
}
