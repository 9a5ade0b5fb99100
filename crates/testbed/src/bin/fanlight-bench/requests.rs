use std::{collections::BTreeMap, time::Duration};

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

    /// Those in people's names, by what they are.
    pub(crate) fn by_errand(&self) -> BTreeMap<&'static str, usize> {
        let all = ["access reviews", "rules reviews", "lists", "watches", "others"];
        let mut counts: BTreeMap<_, _> = all.into_iter().map(|errand| (errand, 0)).collect();
        for entry in self.0.iter().filter(|entry| entry.impersonated_user.is_some()) {
            let errand = match (entry.verb.as_str(), entry.uri.as_str()) {
                (_, uri) if uri.contains("/selfsubjectaccessreviews") => "access reviews",
                (_, uri) if uri.contains("/selfsubjectrulesreviews") => "rules reviews",
                ("list", _) => "lists",
                ("watch", _) => "watches",
                _ => "others",
            };
            *counts.entry(errand).or_default() += 1;
        }
        counts
    }

    /// Those in its own name about this resource.
    pub(crate) fn own_about(&self, resource: &str) -> usize {
        let about = |entry: &&AuditEntry| {
            entry.impersonated_user.is_none()
                && entry.object_ref.as_ref().is_some_and(|object| object.resource == resource)
        };
        self.0.iter().filter(about).count()
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
