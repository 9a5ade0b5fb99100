//! Rights for the server under test and for the people who use it.

use serde_json::{Value, json};

use crate::ControlPlane;

/// The API groups of Flux.
pub const FLUX: [&str; 5] = [
    "kustomize.toolkit.fluxcd.io",
    "helm.toolkit.fluxcd.io",
    "source.toolkit.fluxcd.io",
    "notification.toolkit.fluxcd.io",
    "image.toolkit.fluxcd.io",
];

/// A role that may use these verbs on every Flux object.
pub fn flux_rules(verbs: &[&str]) -> Value {
    json!([{"apiGroups": FLUX, "resources": ["*"], "verbs": verbs}])
}

/// What the predecessor's documentation gives its users, word by word: they may list, not watch.
pub fn documented_rules() -> Value {
    let read = ["get", "list"];
    let act = ["get", "list", "patch"];
    json!([
        {"apiGroups": ["kustomize.toolkit.fluxcd.io"], "resources": ["kustomizations"], "verbs": act},
        {"apiGroups": ["helm.toolkit.fluxcd.io"], "resources": ["helmreleases"], "verbs": act},
        {"apiGroups": ["source.toolkit.fluxcd.io"], "verbs": act,
            "resources": ["buckets", "helmcharts", "gitrepositories", "helmrepositories", "ocirepositories"]},
        {"apiGroups": ["notification.toolkit.fluxcd.io"], "resources": ["providers", "alerts"], "verbs": read},
        {"apiGroups": ["infra.contrib.fluxcd.io"], "resources": ["terraforms"], "verbs": act},
        {"apiGroups": [""], "verbs": read, "resources": ["configmaps", "secrets", "pods", "services", "namespaces",
            "persistentvolumes", "persistentvolumeclaims"]},
        {"apiGroups": ["apps"], "resources": ["deployments", "replicasets", "statefulsets"], "verbs": read},
        {"apiGroups": ["batch"], "resources": ["jobs", "cronjobs"], "verbs": read},
        {"apiGroups": ["autoscaling"], "resources": ["horizontalpodautoscalers"], "verbs": read},
        {"apiGroups": ["rbac.authorization.k8s.io"], "verbs": read,
            "resources": ["roles", "clusterroles", "rolebindings", "clusterrolebindings"]},
        {"apiGroups": ["networking.k8s.io"], "resources": ["ingresses"], "verbs": read},
        {"apiGroups": [""], "resources": ["events"], "verbs": ["get", "watch", "list"]},
    ])
}

impl ControlPlane {
    /// Creates a namespace.
    pub async fn create_namespace(&self, name: &str) -> anyhow::Result<()> {
        self.apply(&json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})).await?;
        Ok(())
    }

    /// Creates the account of the server under test with exactly the rights that the predecessor's documentation
    /// lists: impersonate users and groups, read the two sign-in Secrets, get and list namespaces.
    pub async fn install_server_account(&self, namespace: &str) -> anyhow::Result<()> {
        self.create_namespace(namespace).await?;
        let named = |kind: &str| {
            json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": kind,
            "metadata": {"name": format!("fanlight-{namespace}")}})
        };
        self.apply(&json!({"apiVersion": "v1", "kind": "ServiceAccount",
            "metadata": {"name": "fanlight", "namespace": namespace}}))
            .await?;
        let mut role = named("ClusterRole");
        role["rules"] = json!([
            {"apiGroups": [""], "resources": ["users", "groups"], "verbs": ["impersonate"]},
            {"apiGroups": [""], "resources": ["secrets"], "verbs": ["get", "list"],
                "resourceNames": ["cluster-user-auth", "oidc-auth"]},
            {"apiGroups": [""], "resources": ["namespaces"], "verbs": ["get", "list"]},
        ]);
        self.apply(&role).await?;
        let mut binding = named("ClusterRoleBinding");
        binding["roleRef"] = json!({"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole",
            "name": format!("fanlight-{namespace}")});
        binding["subjects"] = json!([{"kind": "ServiceAccount", "name": "fanlight", "namespace": namespace}]);
        self.apply(&binding).await?;
        Ok(())
    }

    /// Lets the server's account watch namespaces, as the predecessor's chart does.
    pub async fn let_server_watch_namespaces(&self, namespace: &str) -> anyhow::Result<()> {
        let account = json!({"kind": "ServiceAccount", "name": "fanlight", "namespace": namespace});
        let rules = json!([{"apiGroups": [""], "resources": ["namespaces"], "verbs": ["watch"]}]);
        self.grant(None, "namespace-watcher", &account, rules).await?;
        Ok(())
    }

    /// Lets a user do something in the whole cluster; the returned binding can be deleted to take it back.
    pub async fn grant_everywhere(&self, user: &str, rules: Value) -> anyhow::Result<Value> {
        self.grant(None, user, &subject("User", user), rules).await
    }

    /// The same for a group.
    pub async fn grant_group_everywhere(&self, group: &str, rules: Value) -> anyhow::Result<Value> {
        self.grant(None, group, &subject("Group", group), rules).await
    }

    /// Lets a user do something in one namespace; the returned binding can be deleted to take it back.
    pub async fn grant_in(&self, namespace: &str, user: &str, rules: Value) -> anyhow::Result<Value> {
        self.grant(Some(namespace), user, &subject("User", user), rules).await
    }

    async fn grant(&self, namespace: Option<&str>, name: &str, subject: &Value, rules: Value) -> anyhow::Result<Value> {
        let mut metadata = json!({"name": format!("of-{name}")});
        let (role, binding) = match namespace {
            Some(namespace) => {
                metadata["namespace"] = json!(namespace);
                ("Role", "RoleBinding")
            }
            None => ("ClusterRole", "ClusterRoleBinding"),
        };
        let version = "rbac.authorization.k8s.io/v1";
        self.apply(&json!({"apiVersion": version, "kind": role, "metadata": metadata, "rules": rules})).await?;
        let bound = json!({"apiVersion": version, "kind": binding, "metadata": metadata,
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": role, "name": format!("of-{name}")},
            "subjects": [subject]});
        self.apply(&bound).await?;
        Ok(bound)
    }

    /// Sets up the emergency user: the Secret with its name and the hash of its password.
    pub async fn set_emergency_user(&self, namespace: &str, name: &str, password: &str) -> anyhow::Result<()> {
        let hash = bcrypt::hash(password, 4)?;
        self.set_emergency_secret(namespace, &json!({"username": name, "password": hash})).await
    }

    /// Writes the emergency user's Secret as it is given, whether it is of any use or not.
    pub async fn set_emergency_secret(&self, namespace: &str, data: &Value) -> anyhow::Result<()> {
        self.apply(&json!({"apiVersion": "v1", "kind": "Secret",
            "metadata": {"name": "cluster-user-auth", "namespace": namespace}, "stringData": data}))
            .await?;
        Ok(())
    }
}

fn subject(kind: &str, name: &str) -> Value {
    json!({"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": name})
}
