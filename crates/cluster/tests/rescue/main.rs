//! The operator's plain connection, before a real API server.

#![allow(clippy::expect_used, reason = "a test ends where something is not as expected")]

mod adopting;
mod using;

use std::{collections::BTreeMap, time::Duration};

use fanlight_cluster::rescue::{Credential, IssuedToken, Kubeconfig, Limits, Rescue, RescueError, TokenSecret};
use fanlight_testbed::ControlPlane;

pub(crate) const LIMITS: Limits = Limits { request: Duration::from_secs(10), all: Duration::from_secs(120) };
pub(crate) const WAIT: Duration = Duration::from_secs(60);

pub(crate) async fn administrator(plane: &ControlPlane) -> Result<Rescue, RescueError> {
    let kubeconfig = Kubeconfig { file: Some(plane.admin_kubeconfig()), context: None };
    Rescue::from_kubeconfig(&kubeconfig, LIMITS, "fanlight-test/1").await
}

/// A control plane with the account in it, and the administrator's connection.
pub(crate) async fn adopted() -> anyhow::Result<(ControlPlane, Rescue)> {
    let plane = ControlPlane::start().await?;
    let admin = administrator(&plane).await?;
    admin.ensure_account(false).await?;
    admin.ensure_binding(false).await?;
    Ok((plane, admin))
}

pub(crate) async fn issue(admin: &Rescue, name: &str, generation: u32) -> Result<TokenSecret, RescueError> {
    let created = admin.create_token_secret(name, generation, &BTreeMap::new(), false).await?;
    admin.await_token(&created, WAIT).await
}

/// A connection with nothing but what is sealed: address, CA, token.
pub(crate) fn with(admin: &Rescue, issued: &IssuedToken) -> Rescue {
    let IssuedToken { token, ca_pem } = issued.clone();
    let credential = Credential { server: admin.server().clone(), ca_pem, token };
    Rescue::with_token(&credential, LIMITS, "fanlight-break-glass-verify/1").expect("a connection")
}

pub(crate) fn issued(secret: &TokenSecret) -> &IssuedToken {
    secret.issued.as_ref().expect("a token")
}
