use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use crate::session::Places;

/// What the program finds around it: the home folder and the variables.
#[derive(Debug, Clone)]
pub struct Surroundings {
    /// The person's home folder.
    pub home: PathBuf,
    /// The environment's variables, those that are text.
    pub variables: BTreeMap<String, String>,
}

impl Surroundings {
    /// A variable that is set to something.
    pub fn variable(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// A path with a leading `~/` led home, since shells leave it alone in `--repo=~/fleet`.
    pub(crate) fn expand(&self, path: &Path) -> PathBuf {
        path.strip_prefix("~").map_or_else(|_| path.to_owned(), |rest| self.home.join(rest))
    }

    /// The folders in which sessions may lie.
    pub(crate) fn places(&self) -> Places {
        Places { runtime: self.variable("XDG_RUNTIME_DIR").map(Into::into), home: self.home.clone() }
    }

    /// Where this program keeps what belongs to this machine and person, never secrets.
    pub(crate) fn own_folder(&self) -> PathBuf {
        self.home.join(".fanlight/break-glass")
    }
}

/// The machine's name.
pub(crate) fn host() -> String {
    nix::unistd::gethostname().ok().and_then(|name| name.into_string().ok()).unwrap_or_else(|| "unknown".to_owned())
}
