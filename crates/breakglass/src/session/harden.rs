use nix::sys::{
    prctl,
    resource::{Resource, setrlimit},
};

use super::SessionError;

/// Sees to it that no core dump of this process, or of one that it starts, ever holds a token.
pub fn forbid_core_dumps() -> Result<(), SessionError> {
    setrlimit(Resource::RLIMIT_CORE, 0, 0).map_err(SessionError::system("forbid core dumps"))
}

/// Keeps other processes of this user from reading the memory of this one, where the system allows it.
pub fn forbid_readers() -> Result<(), SessionError> {
    prctl::set_dumpable(false).map_err(SessionError::system("keep other processes from reading the token"))
}
