//! Turning users away, as a busy API server does.

use std::{convert::Infallible, time::Duration};

use anyhow::{Context, bail};
use futures_util::stream;
use k8s_openapi::api::core::v1::Namespace;
use kube::{
    Api, Client, Config,
    config::{KubeConfigOptions, Kubeconfig},
};
use reqwest::{Body, Certificate};
use serde_json::{Value, json};
use tokio::{
    task::JoinHandle,
    time::{Instant, sleep},
};

use crate::ControlPlane;

/// While it lives the API server turns some users away.
#[derive(Debug)]
pub struct Throttle {
    schema: Value,
    occupant: JoinHandle<()>,
}

impl ControlPlane {
    /// From now on the API server answers whatever these users ask with 429, by its own priority and fairness
    /// (`flowcontrol.apiserver.k8s.io/v1`): all their requests may have one seat together, no queue, and somebody sits
    /// there. Watches that are open stay open. `namespace` is where the account `fanlight` is, which may impersonate.
    pub async fn throttle(&self, namespace: &str, users: &[&str]) -> anyhow::Result<Throttle> {
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
        let first = users.first().context("nobody")?;
        let throttle = Throttle { schema, occupant: self.occupy(namespace, first).await? };
        let deadline = Instant::now() + Duration::from_secs(60);
        for user in users {
            while !self.is_throttled(user).await? {
                if Instant::now() > deadline {
                    bail!("the API server still lets {user} in");
                }
                sleep(Duration::from_millis(100)).await;
            }
        }
        Ok(throttle)
    }

    /// Lets them in again.
    pub async fn relent(&self, throttle: Throttle) -> anyhow::Result<()> {
        self.delete(&throttle.schema).await
    }

    /// Takes the one seat by requests whose bodies never end.
    async fn occupy(&self, namespace: &str, user: &str) -> anyhow::Result<JoinHandle<()>> {
        let config = Kubeconfig::read_from(self.kubeconfig_for(namespace, "fanlight").await?)?;
        let user_info = config.auth_infos.into_iter().next().and_then(|named| named.auth_info);
        let token = user_info.and_then(|info| info.token).context("no token")?;
        let ca = Certificate::from_pem(&std::fs::read(self.folder().join("ca.crt"))?)?;
        let client = reqwest::Client::builder().tls_certs_only([ca]).build()?;
        let address = format!("{}/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", self.url());
        let request = client.post(address).header("impersonate-user", user).header("content-type", "application/json");
        let request = request.bearer_auth(secrecy::ExposeSecret::expose_secret(&token));
        Ok(tokio::spawn(async move {
            while let Some(again) = request.try_clone() {
                let never = stream::pending::<Result<Vec<u8>, Infallible>>();
                // It ends when the API server has waited long enough, or turns it away.
                let _ = again.body(Body::wrap_stream(never)).send().await;
                sleep(Duration::from_millis(50)).await;
            }
        }))
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

impl Drop for Throttle {
    fn drop(&mut self) {
        self.occupant.abort();
    }
}
