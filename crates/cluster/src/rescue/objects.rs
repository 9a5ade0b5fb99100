//! The account that the emergency tokens belong to, and the binding that makes it an administrator.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Rescue, RescueError, Trouble, call::APPLY};

/// Where everything is: the one namespace that cannot be deleted.
pub const NAMESPACE: &str = "kube-system";
/// The service account.
pub const ACCOUNT: &str = "break-glass";
/// What the API server calls the account.
pub const ACCOUNT_USER: &str = "system:serviceaccount:kube-system:break-glass";
/// The cluster role binding.
pub const BINDING: &str = "break-glass";
/// The role it binds.
pub const ROLE: &str = "cluster-admin";

/// The label by which everything of this is known.
pub const LAYER_LABEL: &str = "fanlight.dev/identity-layer";
/// The label by which kube-dc knows it.
pub const KUBE_DC_LAYER_LABEL: &str = "kube-dc.com/identity-layer";
/// The value of both labels.
pub const LAYER: &str = "break-glass";

/// The label that says by what something is managed.
const MANAGED_BY: &str = "app.kubernetes.io/managed-by";
/// The name under which Kubernetes notes who owns a field.
pub(super) const FIELD_MANAGER: &str = "fanlight";

/// Whether an object was there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ensured {
    /// It was made.
    Created,
    /// It was there, and is as it should be now.
    Kept,
}

#[derive(Debug, Default, Deserialize)]
struct Existing {
    #[serde(default)]
    metadata: Metadata,
    #[serde(rename = "roleRef")]
    role: Option<Role>,
    #[serde(default)]
    subjects: Vec<Value>,
}

#[derive(Debug, Default, Deserialize)]
struct Metadata {
    #[serde(default)]
    labels: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize)]
struct Role {
    kind: String,
    name: String,
}

impl Rescue {
    /// Makes sure that there is the account; with `dry_run` the API server only checks that it could be.
    pub async fn ensure_account(&self, dry_run: bool) -> Result<Ensured, RescueError> {
        let what = format!("ServiceAccount {NAMESPACE}/{ACCOUNT}");
        let path = format!("/api/v1/namespaces/{NAMESPACE}/serviceaccounts/{ACCOUNT}");
        let existing = self.existing(&what, &path).await?;
        let account = json!({
            "apiVersion": "v1", "kind": "ServiceAccount",
            "metadata": {"name": ACCOUNT, "namespace": NAMESPACE, "labels": labels(existing.as_ref())},
            // No pod has any business with it.
            "automountServiceAccountToken": false,
        });
        self.applied(&what, &path, &account, dry_run).await?;
        Ok(ensured(existing.as_ref()))
    }

    /// Makes sure that the account is bound to [`ROLE`]. A binding of that name to another role is left as it is: a role
    /// cannot be changed in place, and somebody meant it.
    pub async fn ensure_binding(&self, dry_run: bool) -> Result<Ensured, RescueError> {
        let what = format!("ClusterRoleBinding {BINDING}");
        let path = format!("/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/{BINDING}");
        let existing = self.existing(&what, &path).await?;
        if let Some(Role { kind, name }) = existing.as_ref().and_then(|existing| existing.role.as_ref())
            && (kind.as_str(), name.as_str()) != ("ClusterRole", ROLE)
        {
            let trouble = Trouble::Foreign(format!("it binds {kind} {name}, not ClusterRole {ROLE}"));
            return Err(RescueError::new(format!("applying {what}"), trouble));
        }
        // The list is one field: what is not in it any more loses its rights.
        let mut subjects = existing.as_ref().map(|existing| existing.subjects.clone()).unwrap_or_default();
        if !subjects.iter().any(is_account) {
            subjects.push(json!({"kind": "ServiceAccount", "name": ACCOUNT, "namespace": NAMESPACE}));
        }
        let binding = json!({
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding",
            "metadata": {"name": BINDING, "labels": labels(existing.as_ref())},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": ROLE},
            "subjects": subjects,
        });
        self.applied(&what, &path, &binding, dry_run).await?;
        Ok(ensured(existing.as_ref()))
    }

    async fn existing(&self, what: &str, path: &str) -> Result<Option<Existing>, RescueError> {
        match self.get(&format!("reading {what}"), path).await {
            Ok(existing) => Ok(Some(existing)),
            Err(error) if error.is_missing() => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn applied(&self, what: &str, path: &str, object: &Value, dry_run: bool) -> Result<(), RescueError> {
        let dry = if dry_run { "&dryRun=All" } else { "" };
        let path = format!("{path}?fieldManager={FIELD_MANAGER}&force=true{dry}");
        self.patch::<Value>(&format!("applying {what}"), &path, APPLY, object).await.map(drop)
    }
}

/// The labels that an object of ours has. Who manages it stays as it was: an object of kube-dc remains kube-dc's.
fn labels(existing: Option<&Existing>) -> Value {
    let manager = existing.and_then(|existing| existing.metadata.labels.get(MANAGED_BY));
    let manager = manager.map_or(FIELD_MANAGER, String::as_str);
    json!({MANAGED_BY: manager, LAYER_LABEL: LAYER, KUBE_DC_LAYER_LABEL: LAYER})
}

/// The labels of something new of ours.
pub(super) fn new_labels() -> Value {
    labels(None)
}

fn is_account(subject: &Value) -> bool {
    subject["kind"] == "ServiceAccount" && subject["name"] == ACCOUNT && subject["namespace"] == NAMESPACE
}

fn ensured(existing: Option<&Existing>) -> Ensured {
    if existing.is_some() { Ensured::Kept } else { Ensured::Created }
}
