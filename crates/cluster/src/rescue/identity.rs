use std::collections::BTreeMap;

use http::Method;
use jiff::{Timestamp, ToSpan};
use serde::Deserialize;

use super::{NAMESPACE, Rescue, RescueError, Trouble, call::Call};

/// Whether kube-controller-manager, whose token controller fills token Secrets, gives signs of life.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Controllers {
    /// It renews its lease.
    Alive,
    /// It has not renewed its lease for long.
    Down {
        /// Since when.
        since: Timestamp,
    },
    /// There is no lease to see (it elects no leader), or it may not be read.
    Unknown,
}

#[derive(Deserialize)]
struct Named {
    metadata: Uid,
}

#[derive(Deserialize)]
struct Uid {
    uid: String,
}

#[derive(Deserialize)]
struct Map {
    #[serde(default)]
    data: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Version {
    git_version: String,
}

#[derive(Deserialize)]
struct Election {
    spec: ElectionSpec,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ElectionSpec {
    renew_time: Option<Timestamp>,
    lease_duration_seconds: Option<i64>,
}

impl Rescue {
    /// What tells this cluster from every other: the UID of its namespace `kube-system`, which cannot be deleted.
    pub async fn cluster_uid(&self) -> Result<String, RescueError> {
        let path = format!("/api/v1/namespaces/{NAMESPACE}");
        let namespace: Named = self.get(&format!("reading Namespace {NAMESPACE}"), &path).await?;
        Ok(namespace.metadata.uid)
    }

    /// The cluster's CA in PEM, as it is handed to every pod (ConfigMap `kube-root-ca.crt`).
    pub async fn cluster_ca(&self) -> Result<String, RescueError> {
        const KEY: &str = "ca.crt";
        let doing = format!("reading ConfigMap {NAMESPACE}/kube-root-ca.crt");
        let path = format!("/api/v1/namespaces/{NAMESPACE}/configmaps/kube-root-ca.crt");
        let mut map: Map = self.get(&doing, &path).await?;
        map.data.remove(KEY).ok_or_else(|| RescueError::new(doing, Trouble::Malformed(format!("there is no {KEY}"))))
    }

    /// The version of the API server, for example `v1.36.3`.
    pub async fn server_version(&self) -> Result<String, RescueError> {
        let version: Version = self.get("reading the version", "/version").await?;
        Ok(version.git_version)
    }

    /// Whether kube-controller-manager is there: looked at before anything is changed, since without it no new token
    /// Secret is ever filled.
    pub async fn controllers(&self) -> Result<Controllers, RescueError> {
        let doing = format!("reading Lease {NAMESPACE}/kube-controller-manager");
        let path = format!("/apis/coordination.k8s.io/v1/namespaces/{NAMESPACE}/leases/kube-controller-manager");
        let call = Call { doing: &doing, method: Method::GET, path: &path, body: None };
        let answer = match self.call(&call).await {
            Ok(answer) => answer,
            Err(RescueError { trouble: Trouble::Missing(_) | Trouble::Forbidden(_), .. }) => {
                return Ok(Controllers::Unknown);
            }
            Err(error) => return Err(error),
        };
        let ElectionSpec { renew_time, lease_duration_seconds } = answer.read::<Election>(&doing)?.spec;
        let (Some(since), Some(seconds)) = (renew_time, lease_duration_seconds) else {
            return Ok(Controllers::Unknown);
        };
        Ok(life(since, seconds, answer.now))
    }
}

/// The margin covers a change of leaders and clocks that differ: being wrong here would forbid a rotation.
fn life(renewed: Timestamp, seconds: i64, now: Timestamp) -> Controllers {
    const MARGIN: i64 = 30;
    let limit = renewed.saturating_add((seconds.clamp(0, 3600) + MARGIN).seconds());
    match limit {
        Ok(limit) if limit < now => Controllers::Down { since: renewed },
        _ => Controllers::Alive,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_is_stale_only_well_after_its_end() {
        let at = |text: &str| text.parse::<Timestamp>().expect("a time");
        let renewed = at("2026-05-01T03:00:00Z");
        assert_eq!(life(renewed, 15, at("2026-05-01T03:00:44Z")), Controllers::Alive);
        assert_eq!(life(renewed, 15, at("2026-05-01T03:00:46Z")), Controllers::Down { since: renewed });
        assert_eq!(life(renewed, 15, at("2026-05-01T02:00:00Z")), Controllers::Alive, "its clock is ahead of ours");
    }
}
