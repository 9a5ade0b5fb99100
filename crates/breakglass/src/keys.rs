use std::sync::Arc;

use fanlight_sops::{Identities, Nobody, Prompter, Terminal};

use crate::Surroundings;

/// The person's age keys, wherever `sops` would look for them, and what sealing needs to know of their machine.
pub struct Keys {
    pub(crate) identities: Identities,
    pub(crate) around: fanlight_sops::Surroundings,
}

impl Keys {
    /// Looks for them. If somebody is there they may be asked for passphrases and PINs.
    pub fn gather(around: &Surroundings, attended: bool) -> Self {
        let prompter: Arc<dyn Prompter> = if attended { Arc::new(Terminal) } else { Arc::new(Nobody) };
        let configured = around.variable("XDG_CONFIG_HOME").map_or_else(|| around.home.join(".config"), Into::into);
        let ours = |(name, value): (&String, &String)| (name.clone(), value.into());
        let around = fanlight_sops::Surroundings {
            home: Some(around.home.clone()),
            config_dir: Some(configured),
            path: around.variable("PATH").map(Into::into),
            variables: around.variables.iter().filter(|(name, _)| name.starts_with("SOPS_")).map(ours).collect(),
            prompter,
        };
        Self { identities: Identities::gather(&around), around }
    }
}
