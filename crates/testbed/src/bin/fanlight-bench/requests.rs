use std::time::Duration;

use fanlight_testbed::{AuditEntry, AuditLog, Showcase};

/// The requests of the server that the API server's log names since a certain moment.
#[derive(Debug)]
pub(crate) struct Requests(Vec<AuditEntry>);

impl Requests {
    pub(crate) fn in_log(log: &AuditLog) -> anyhow::Result<Self> {
        let account = format!("system:serviceaccount:{0}:fanlight", Showcase::NAMESPACE);
        let mut entries = log.entries()?;
        entries.retain(|entry| entry.user.username == account);
        Ok(Self(entries))
    }

    /// Those in people's names.
    pub(crate) fn for_people(&self) -> usize {
        self.0.iter().filter(|entry| entry.impersonated_user.is_some()).count()
    }

    /// Those in its own name: its own polls of namespaces and of the sign-in Secret, and which rights it has itself.
    pub(crate) fn own(&self) -> usize {
        self.0.len() - self.for_people()
    }

    /// Those in this person's name.
    pub(crate) fn of(&self, name: &str) -> usize {
        self.0.iter().filter(|entry| entry.name() == name).count()
    }
}

/// As many a minute as this many in some other time.
#[expect(clippy::cast_precision_loss, reason = "far fewer than 2⁵²")]
pub(crate) fn a_minute(count: usize, time: Duration) -> f64 {
    count as f64 * 60.0 / time.as_secs_f64()
}
