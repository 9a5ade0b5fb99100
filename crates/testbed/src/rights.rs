//! Rights for the server under test and for the people who use it.

use std::{path::Path, time::Duration};

use anyhow::bail;
use k8s_openapi::api::core::v1::Secret;
use kube::{
    Api, Client, Config,
    config::{KubeConfigOptions, Kubeconfig},
};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::{ControlPlane, secrets};

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

/// What the predecessor's documentation gives the server's own account.
pub fn documented_account() -> Value {
    let mut rules = sign_in_rules(&["cluster-user-auth", "oidc-auth"]);
    rules.push(json!({"apiGroups": [""], "resources": ["users", "groups"], "verbs": ["impersonate"]}));
    Value::from(rules)
}

/// What the server needs in its own name: namespaces, and Secrets of these names.
pub fn sign_in_rules(secrets: &[&str]) -> Vec<Value> {
    let namespaces = json!({"apiGroups": [""], "resources": ["namespaces"], "verbs": ["get", "list"]});
    let secrets = (!secrets.is_empty()).then(
        || json!({"apiGroups": [""], "resources": ["secrets"], "verbs": ["get", "list"], "resourceNames": secrets}),
    );
    [namespaces].into_iter().chain(secrets).collect()
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
        self.install_limited_account(namespace, &documented_account()).await
    }

    /// Creates the account of the server under test with exactly these rights, or replaces those that it has.
    pub async fn install_limited_account(&self, namespace: &str, rules: &Value) -> anyhow::Result<()> {
        self.create_namespace(namespace).await?;
        let named = |kind: &str| {
            json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": kind,
            "metadata": {"name": format!("fanlight-{namespace}")}})
        };
        self.apply(&json!({"apiVersion": "v1", "kind": "ServiceAccount",
            "metadata": {"name": "fanlight", "namespace": namespace}}))
            .await?;
        let mut role = named("ClusterRole");
        role["rules"] = rules.clone();
        self.apply(&role).await?;
        let mut binding = named("ClusterRoleBinding");
        binding["roleRef"] = json!({"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole",
            "name": format!("fanlight-{namespace}")});
        binding["subjects"] = json!([{"kind": "ServiceAccount", "name": "fanlight", "namespace": namespace}]);
        self.apply(&binding).await?;
        Ok(())
    }

    /// Makes the object in which replicas tell each other which sessions were ended, and lets the server's account use
    /// it as the chart does.
    pub async fn install_session_record(&self, namespace: &str) -> anyhow::Result<()> {
        let meta = json!({"name": "fanlight-sessions", "namespace": namespace});
        let role = json!({"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "fanlight-sessions"});
        let rules = json!([{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "watch", "update"],
            "resourceNames": ["fanlight-sessions"]}]);
        let api = "rbac.authorization.k8s.io/v1";
        self.apply(&json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta})).await?;
        self.apply(&json!({"apiVersion": api, "kind": "Role", "metadata": meta, "rules": rules})).await?;
        self.apply(&json!({"apiVersion": api, "kind": "RoleBinding", "metadata": meta, "roleRef": role,
            "subjects": [{"kind": "ServiceAccount", "name": "fanlight", "namespace": namespace}]}))
            .await?;
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

    /// Creates a service account that may do something in its own namespace.
    pub async fn install_robot(&self, namespace: &str, name: &str, rules: Value) -> anyhow::Result<()> {
        self.apply(&json!({"apiVersion": "v1", "kind": "ServiceAccount",
            "metadata": {"name": name, "namespace": namespace}}))
            .await?;
        let account = json!({"kind": "ServiceAccount", "name": name, "namespace": namespace});
        self.grant(Some(namespace), name, &account, rules).await.map(drop)
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

    /// Of a binding that was just written: returns once the API server decides by it, and by the role. It learns of both by
    /// watches, a moment after it has stored them.
    pub(crate) async fn until_bound(&self, binding: &Value) -> anyhow::Result<()> {
        if !matches!(binding["kind"].as_str(), Some("RoleBinding" | "ClusterRoleBinding")) {
            return Ok(());
        }
        let (named, namespace) = (&binding["roleRef"], &binding["metadata"]["namespace"]);
        let metadata = json!({"name": named["name"], "namespace": namespace});
        let role = json!({"apiVersion": binding["apiVersion"], "kind": named["kind"], "metadata": metadata});
        let role = self.api(&role).await?.get_opt(named["name"].as_str().unwrap_or_default()).await?;
        let rules = role.map(|mut role| role.data["rules"].take()).unwrap_or_default();
        let deeds: Vec<_> =
            rules.as_array().into_iter().flatten().filter_map(|rule| example(rule, namespace)).collect();
        for subject in binding["subjects"].as_array().into_iter().flatten() {
            for deed in &deeds {
                self.until_allowed(subject, deed).await?;
            }
        }
        Ok(())
    }

    async fn until_allowed(&self, subject: &Value, deed: &Value) -> anyhow::Result<()> {
        let name = subject["name"].as_str().unwrap_or_default();
        let mut asked = match subject["kind"].as_str() {
            Some("Group") => json!({"user": "anybody", "groups": [name]}),
            Some("ServiceAccount") => {
                let namespace = subject["namespace"].as_str().unwrap_or_default();
                json!({"user": format!("system:serviceaccount:{namespace}:{name}")})
            }
            _ => json!({"user": name}),
        };
        asked["resourceAttributes"] = deed.clone();
        let deadline = Instant::now() + Duration::from_secs(60);
        while !self.allows(&asked).await? {
            if Instant::now() > deadline {
                bail!("{subject} was bound, and still may not do {deed}");
            }
            sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    }

    /// Whether the API server allows what the `spec` of a `SubjectAccessReview` asks about.
    pub async fn allows(&self, spec: &Value) -> anyhow::Result<bool> {
        let review = json!({"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview", "spec": spec});
        let request = http::Request::post("/apis/authorization.k8s.io/v1/subjectaccessreviews")
            .header("content-type", "application/json")
            .body(serde_json::to_vec(&review)?)?;
        let answer: Value = self.admin().request(request).await?;
        Ok(answer["status"]["allowed"] == true)
    }

    /// Whether somebody with the credential of a kubeconfig can read a Secret by impersonating a user with a group.
    pub async fn reads_secret_as(
        &self,
        kubeconfig: &Path,
        namespace: &str,
        name: &str,
        user: &str,
        group: &str,
    ) -> anyhow::Result<bool> {
        let config = Kubeconfig::read_from(kubeconfig)?;
        let mut config = Config::from_custom_kubeconfig(config, &KubeConfigOptions::default()).await?;
        config.auth_info.impersonate = Some(user.to_owned());
        config.auth_info.impersonate_groups = Some(vec![group.to_owned()]);
        let secrets: Api<Secret> = Api::namespaced(Client::try_from(config)?, namespace);
        match secrets.get(name).await {
            Ok(_) => Ok(true),
            Err(kube::Error::Api(status)) if status.code == 403 => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Sets up the emergency user: the Secret with its name and the hash of its password.
    pub async fn set_emergency_user(&self, namespace: &str, name: &str, password: &str) -> anyhow::Result<()> {
        let hash = bcrypt::hash(password, 4)?;
        secrets::plant_password(password);
        secrets::plant(&hash);
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

/// Something that a rule allows, as it stands in a review; `None` if that is about no objects.
fn example(rule: &Value, namespace: &Value) -> Option<Value> {
    let last = |part: &str| rule[part].as_array().and_then(|all| all.last()?.as_str());
    let resource = last("resources")?;
    let (resource, part) = resource.split_once('/').unwrap_or((resource, ""));
    Some(
        json!({"namespace": namespace.as_str().unwrap_or_default(), "verb": last("verbs")?, "group": last("apiGroups")?,
        "resource": resource, "subresource": part, "name": last("resourceNames").unwrap_or_default()}),
    )
}

fn subject(kind: &str, name: &str) -> Value {
    json!({"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": name})
}
