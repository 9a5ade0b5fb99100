use fanlight_model::Kind;
use tokio::time::Instant;

use crate::{Sight, grant::Reach};

/// What one viewer may see of one kind.
#[derive(Debug)]
pub(crate) struct Sightline {
    pub(crate) kind: Kind,
    pub(crate) installed: bool,
    pub(crate) reach: Reach,
    /// In how many namespaces more they saw it until an answer became too old.
    pub(crate) overdue: usize,
    /// When the reach becomes another, unless it is confirmed.
    pub(crate) until: Option<Instant>,
}

impl Sightline {
    /// Whether objects in this namespace are in sight.
    pub(super) fn reaches(&self, namespace: &str) -> bool {
        match &self.reach {
            Reach::Everywhere => true,
            Reach::Namespaces(namespaces) => namespaces.iter().any(|one| &**one == namespace),
            Reach::Nothing | Reach::Unknown => false,
        }
    }

    /// The same in a word.
    pub(crate) fn sight(&self) -> Sight {
        match &self.reach {
            _ if !self.installed => Sight::NotInstalled,
            Reach::Everywhere => Sight::Everywhere,
            Reach::Namespaces(namespaces) => Sight::Namespaces(namespaces.len()),
            Reach::Nothing => Sight::Nothing,
            Reach::Unknown => Sight::Unknown,
        }
    }
}

#[cfg(test)]
impl Sightline {
    /// What is known for sure, for ever.
    pub(super) fn of(kind: Kind, reach: Reach) -> Self {
        Self { kind, installed: true, reach, overdue: 0, until: None }
    }
}
