use std::{
    collections::BTreeMap,
    ffi::{OsStr, OsString},
    fmt,
    path::PathBuf,
    sync::Arc,
};

use crate::{error::EncryptError, prompter::Prompter};

/// Variables by which sops takes other recipients than those of the policy, silently.
pub(crate) const OVERRIDES: [&str; 8] = [
    "SOPS_AGE_RECIPIENTS",
    "SOPS_AZURE_KEYVAULT_URLS",
    "SOPS_CONFIG",
    "SOPS_GCP_KMS_IDS",
    "SOPS_HUAWEICLOUD_KMS_IDS",
    "SOPS_KMS_ARN",
    "SOPS_PGP_FP",
    "SOPS_VAULT_URIS",
];

/// What is around the program that matters to sops: where keys may lie, and whom to ask.
#[derive(Clone)]
pub struct Surroundings {
    /// The home directory, whose `.ssh` is looked into.
    pub home: Option<PathBuf>,
    /// The user's directory of configuration, whose `sops/age/keys.txt` is read.
    pub config_dir: Option<PathBuf>,
    /// Where programs are looked for: the value of `PATH`.
    pub path: Option<OsString>,
    /// The variables of the environment that begin with `SOPS_`.
    pub variables: BTreeMap<String, OsString>,
    /// Whom to ask for passphrases and what plugins want.
    pub prompter: Arc<dyn Prompter>,
}

impl Surroundings {
    /// Those of this process.
    pub fn of_process(prompter: Arc<dyn Prompter>) -> Self {
        let home = std::env::home_dir().filter(|home| !home.as_os_str().is_empty());
        let configured = std::env::var_os("XDG_CONFIG_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
        let usual = if cfg!(target_os = "macos") { "Library/Application Support" } else { ".config" };
        let ours = |(name, value): (OsString, OsString)| Some((name.into_string().ok()?, value));
        Self {
            config_dir: configured.or_else(|| home.as_ref().map(|home| home.join(usual))),
            home,
            path: std::env::var_os("PATH"),
            variables: std::env::vars_os().filter_map(ours).filter(|(name, _)| name.starts_with("SOPS_")).collect(),
            prompter,
        }
    }

    /// Refuses an environment in which another sops would encrypt to others than the policy names.
    pub fn check_overrides(&self) -> Result<(), EncryptError> {
        match OVERRIDES.iter().find(|name| self.variable(name).is_some_and(|value| !value.is_empty())) {
            Some(name) => Err(EncryptError::Override((*name).to_owned())),
            None => Ok(()),
        }
    }

    pub(crate) fn variable(&self, name: &str) -> Option<&OsStr> {
        self.variables.get(name).map(OsString::as_os_str)
    }
}

/// Names the variables and shows none: keys may be in them.
impl fmt::Debug for Surroundings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { home, config_dir, path, variables, prompter: _ } = self;
        let variables: Vec<&String> = variables.keys().collect();
        f.debug_struct("Surroundings")
            .field("home", home)
            .field("config_dir", config_dir)
            .field("path", path)
            .field("variables", &variables)
            .finish_non_exhaustive()
    }
}
