//! One rotation at a time, wherever it runs: a Lease that names who holds it.

use std::fmt;

use http::Method;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    NAMESPACE, Rescue, RescueError, Trouble,
    call::Call,
    objects::{FIELD_MANAGER, new_labels},
};

/// The name of the lease.
const LEASE: &str = "break-glass-rotate";
/// Where leases are.
const LEASES: &str = "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases";

/// The lock while it is held. It ends by [`Lock::release`], or by itself some minutes after the last [`Lock::renew`].
pub struct Lock {
    rescue: Rescue,
    holder: String,
    since: Timestamp,
    resource_version: String,
}

#[derive(Deserialize)]
struct Lease {
    metadata: Metadata,
    #[serde(default)]
    spec: Spec,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    resource_version: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Spec {
    #[serde(default)]
    holder_identity: String,
    #[serde(default)]
    lease_duration_seconds: i64,
    acquire_time: Option<Timestamp>,
    renew_time: Option<Timestamp>,
}

impl Lock {
    /// How long a lock holds without being renewed, in seconds.
    pub const SECONDS: i64 = 300;

    /// Holds it for [`Lock::SECONDS`] more; fails with [`Trouble::Conflict`] if somebody has taken it over.
    pub async fn renew(&mut self) -> Result<(), RescueError> {
        let doing = format!("renewing Lease {NAMESPACE}/{LEASE}");
        let now = self.rescue.server_time(&doing).await?;
        let lease = body(&self.holder, self.since, now, Some(&self.resource_version));
        let written = match self.rescue.write_lease(&doing, &lease).await {
            // It may be one's own: written, and the answer lost.
            Err(error) if matches!(error.trouble, Trouble::Conflict(_)) => {
                let now: Lease = self.rescue.get(&doing, &format!("{LEASES}/{LEASE}")).await?;
                if now.spec.holder_identity == self.holder { Ok(now.metadata.resource_version) } else { Err(error) }
            }
            written => written,
        };
        self.resource_version = written?;
        Ok(())
    }

    /// Gives it up. If somebody has taken it over meanwhile, it stays theirs.
    pub async fn release(self) -> Result<(), RescueError> {
        let doing = format!("releasing Lease {NAMESPACE}/{LEASE}");
        let options = json!({"apiVersion": "v1", "kind": "DeleteOptions",
            "preconditions": {"resourceVersion": self.resource_version}});
        match self.rescue.delete(&doing, &format!("{LEASES}/{LEASE}"), &options).await {
            Err(RescueError { trouble: Trouble::Conflict(_), .. }) => Ok(()),
            outcome => outcome,
        }
    }

    /// The same lock, renewed and released over another connection from now on: for when the credential by which it was
    /// taken goes.
    #[must_use]
    pub fn over(self, rescue: &Rescue) -> Self {
        Self { rescue: rescue.clone(), ..self }
    }

    /// Who holds it.
    pub fn holder(&self) -> &str {
        &self.holder
    }
}

impl fmt::Debug for Lock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lock").field("holder", &self.holder).finish_non_exhaustive()
    }
}

impl Rescue {
    /// Takes the lock for rotating. If somebody else holds it, [`Trouble::Locked`] tells who and since when; a lock that
    /// its holder has let lapse is taken over, and so is one of a holder that is known to be gone.
    ///
    /// `holder` is for people and must be of one run only: a second run of the same person is somebody else.
    pub async fn lock(&self, holder: &str, is_gone: impl Fn(&str) -> bool) -> Result<Lock, RescueError> {
        let doing = format!("taking Lease {NAMESPACE}/{LEASE}");
        let path = format!("{LEASES}/{LEASE}");
        let call = Call { doing: &doing, method: Method::GET, path: &path, body: None };
        // Two may find it free at once: only one of them writes it, the other finds it taken in the second round.
        for _ in 0..3 {
            let (version, now) = match self.call(&call).await {
                Ok(answer) => {
                    let Lease { metadata, spec } = answer.read(&doing)?;
                    if let Some(since) = spec.held_against(holder, answer.now)
                        && !is_gone(&spec.holder_identity)
                    {
                        let trouble = Trouble::Locked { holder: spec.holder_identity, since };
                        return Err(RescueError::new(doing, trouble));
                    }
                    (Some(metadata.resource_version), answer.now)
                }
                Err(error) if error.is_missing() => (None, self.server_time(&doing).await?),
                Err(error) => return Err(error),
            };
            let lease = body(holder, now, now, version.as_deref());
            let written = match &version {
                Some(_) => self.write_lease(&doing, &lease).await,
                None => self.create_lease(&doing, &lease).await,
            };
            match written {
                Ok(resource_version) => {
                    return Ok(Lock { rescue: self.clone(), holder: holder.to_owned(), since: now, resource_version });
                }
                Err(RescueError { trouble: Trouble::Conflict(_) | Trouble::Missing(_), .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Err(RescueError::new(doing, Trouble::Conflict("several others want it at this moment".to_owned())))
    }

    async fn write_lease(&self, doing: &str, lease: &Value) -> Result<String, RescueError> {
        let path = format!("{LEASES}/{LEASE}?fieldManager={FIELD_MANAGER}");
        let lease: Lease = self.put(doing, &path, lease).await?;
        Ok(lease.metadata.resource_version)
    }

    async fn create_lease(&self, doing: &str, lease: &Value) -> Result<String, RescueError> {
        let path = format!("{LEASES}?fieldManager={FIELD_MANAGER}");
        let lease: Lease = self.post(doing, &path, lease).await?;
        Ok(lease.metadata.resource_version)
    }

    /// What time it is at the API server, to the second. Machines that share a lock need not agree on the time.
    async fn server_time(&self, doing: &str) -> Result<Timestamp, RescueError> {
        let call = Call { doing, method: Method::GET, path: "/version", body: None };
        Ok(self.call(&call).await?.now)
    }
}

impl Spec {
    /// Since when somebody else holds it, if so.
    fn held_against(&self, holder: &str, now: Timestamp) -> Option<Timestamp> {
        let renewed = self.renew_time.or(self.acquire_time)?;
        let ends = renewed.saturating_add(SignedDuration::from_secs(self.lease_duration_seconds)).ok()?;
        let is_held = !self.holder_identity.is_empty() && self.holder_identity != holder && ends > now;
        is_held.then(|| self.acquire_time.unwrap_or(renewed))
    }
}

fn body(holder: &str, since: Timestamp, now: Timestamp, version: Option<&str>) -> Value {
    let mut lease = json!({
        "apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
        "metadata": {"name": LEASE, "namespace": NAMESPACE, "labels": new_labels()},
        "spec": {"holderIdentity": holder, "leaseDurationSeconds": Lock::SECONDS,
            "acquireTime": format!("{since:.6}"), "renewTime": format!("{now:.6}")},
    });
    if let Some(version) = version {
        lease["metadata"]["resourceVersion"] = json!(version);
    }
    lease
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a time")
    }

    #[test]
    fn a_lock_holds_against_others_until_it_lapses() {
        let spec = Spec {
            holder_identity: "dana@desk".to_owned(),
            lease_duration_seconds: 300,
            acquire_time: Some(at("2026-05-01T03:00:00Z")),
            renew_time: Some(at("2026-05-01T03:04:00Z")),
        };
        let since = Some(at("2026-05-01T03:00:00Z"));
        assert_eq!(spec.held_against("lee@desk", at("2026-05-01T03:08:59Z")), since);
        assert_eq!(spec.held_against("lee@desk", at("2026-05-01T03:09:00Z")), None, "it has lapsed");
        assert_eq!(spec.held_against("dana@desk", at("2026-05-01T03:05:00Z")), None, "it is their own");
        assert_eq!(Spec::default().held_against("lee@desk", at("2026-05-01T03:05:00Z")), None, "nobody holds it");
    }
}
