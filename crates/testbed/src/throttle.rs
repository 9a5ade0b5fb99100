//! Turning users away, as a busy API server does.

use std::time::Duration;

use anyhow::bail;
use k8s_openapi::api::core::v1::Namespace;
use kube::{
    Api, Client, Config,
    config::{KubeConfigOptions, Kubeconfig},
};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::ControlPlane;

impl ControlPlane {
    /// From now on the API server answers whatever these users ask with 429, by its own priority and fairness
    /// (`flowcontrol.apiserver.k8s.io/v1`): they have no seats, and no queue. Watches that are open stay open.
    ///
    /// The returned object can be deleted to let them in again.
    pub async fn throttle(&self, users: &[&str]) -> anyhow::Result<Value> {
        const VERSION: &str = "flowcontrol.apiserver.k8s.io/v1";
        self.apply(&json!({"apiVersion": VERSION, "kind": "PriorityLevelConfiguration",
            "metadata": {"name": "no-seats"},
            "spec": {"type": "Limited", "limited": {"nominalConcurrencyShares": 0, "lendablePercent": 0,
                "borrowingLimitPercent": 0, "limitResponse": {"type": "Reject"}}}}))
            .await?;
        let subjects: Vec<_> = users.iter().map(|user| json!({"kind": "User", "user": {"name": user}})).collect();
        let schema = json!({"apiVersion": VERSION, "kind": "FlowSchema", "metadata": {"name": "throttled"},
            "spec": {"priorityLevelConfiguration": {"name": "no-seats"}, "matchingPrecedence": 10, "rules": [
                {"subjects": subjects, "resourceRules": [{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"],
                    "clusterScope": true, "namespaces": ["*"]}]}]}});
        self.apply(&schema).await?;
        let deadline = Instant::now() + Duration::from_secs(60);
        for user in users {
            while !self.is_throttled(user).await? {
                if Instant::now() > deadline {
                    bail!("the API server still lets {user} in");
                }
                sleep(Duration::from_millis(100)).await;
            }
        }
        Ok(schema)
    }

    async fn is_throttled(&self, user: &str) -> anyhow::Result<bool> {
        let config = Kubeconfig::read_from(self.admin_kubeconfig())?;
        let mut config = Config::from_custom_kubeconfig(config, &KubeConfigOptions::default()).await?;
        config.auth_info.impersonate = Some(user.to_owned());
        let namespaces: Api<Namespace> = Api::all(Client::try_from(config)?);
        let answer = namespaces.get("default").await;
        Ok(matches!(answer, Err(kube::Error::Api(status)) if status.code == 429))
    }
}
