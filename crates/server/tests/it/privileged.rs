//! What the server does in its own name.

use anyhow::{Context, ensure};
use fanlight_testbed::{ControlPlane, FanlightServer, Options, PrivilegedPath, SessionForge, rights::sign_in_rules};
use serde_json::{Value, json};

use crate::shared::{PROGRAM, until};

const OWN: [&str; 2] = ["fanlight", "fanlight"];

/// A server whose account may do what the chart lets it in its own name, and be the emergency user.
async fn server(plane: &ControlPlane) -> anyhow::Result<(FanlightServer, SessionForge)> {
    let [namespace, _] = OWN;
    let mut rules = sign_in_rules(&["cluster-user-auth", "oidc-auth"]);
    rules
        .push(json!({"apiGroups": [""], "resources": ["users"], "resourceNames": ["admin"], "verbs": ["impersonate"]}));
    rules.push(json!({"apiGroups": [""], "resources": ["namespaces"], "verbs": ["watch"]}));
    plane.install_limited_account(namespace, &Value::from(rules)).await?;
    plane.set_emergency_user(namespace, "admin", "secret").await?;
    let forge = SessionForge::new(plane, namespace, "admin", "secret").await?;
    let key = forge.argument();
    let arguments: Vec<_> = SessionForge::PROVIDER.into_iter().chain([key.as_str()]).collect();
    Ok((FanlightServer::start(PROGRAM.as_ref(), plane, namespace, &arguments).await?, forge))
}

#[tokio::test]
async fn every_line_of_the_list_of_privileged_paths_is_something_that_the_server_does() -> anyhow::Result<()> {
    let plane = ControlPlane::with(Options::default()).await?;
    let (server, forge) = server(&plane).await?;
    server.sign_in("admin", "secret").await?;
    let dana = forge.member(&server, "dana@example.com", &[])?;
    let page = dana.get(format!("{}/applications", server.url())).send().await?;
    ensure!(page.status() == 403, "{}", page.status());
    let mut unused = Vec::new();
    let done = until(async || {
        unused = PrivilegedPath::unused(&plane.audit().entries()?, OWN);
        // The API server keeps no record of the one; the other takes ended sessions, and is tried where they are.
        unused.retain(|path| !path.contains("/readyz") && !path.contains("configmaps"));
        Ok(unused.is_empty())
    })
    .await;
    done.with_context(|| format!("nothing of {unused:?}"))
}
