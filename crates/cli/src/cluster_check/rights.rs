//! What the server's account may do, compared with what the server needs and with what it should never have.

use fanlight_cluster::rescue::{May, Question, Rescue, RescueError, Who};

use super::{Finding, Installed, impersonation};

const ABOUT: &str = "rights";

/// Looks at the account of a dashboard.
pub(super) async fn look(cluster: &Rescue, server: &Installed, findings: &mut Vec<Finding>) {
    let who = who(server);
    let looked = async {
        impersonation::look(cluster, &who, server, findings).await?;
        needs(cluster, &who, server, findings).await?;
        excess(cluster, &who, server, findings).await
    };
    if let Err(error) = looked.await {
        findings.push(Finding::unanswered(ABOUT, &error));
    }
}

/// The account, as the API server knows it.
pub(super) fn who(server: &Installed) -> Who {
    let (namespace, account) = (server.namespace(), server.account());
    Who {
        user: format!("system:serviceaccount:{namespace}:{account}"),
        groups: ["system:serviceaccounts", "system:authenticated", &format!("system:serviceaccounts:{namespace}")]
            .map(ToOwned::to_owned)
            .to_vec(),
        extra: std::collections::BTreeMap::new(),
    }
}

/// A verb on a resource of the core group, everywhere.
fn core<'a>(verb: &'a str, resource: &'a str, namespace: &'a str, name: &'a str) -> Question<'a> {
    Question { verb, group: "", resource, subresource: "", namespace, name }
}

/// What the server cannot do its work without.
async fn needs(
    cluster: &Rescue,
    who: &Who,
    server: &Installed,
    findings: &mut Vec<Finding>,
) -> Result<(), RescueError> {
    let namespace = server.namespace();
    let map = super::sign_in::sessions_map(server);
    let mut needed = vec![core("list", "namespaces", "", "")];
    if server.offers("user-account") {
        needed.push(core("get", "secrets", namespace, super::sign_in::emergency_secret(server)));
    }
    if server.offers("oidc") {
        needed.push(core("get", "secrets", namespace, super::sign_in::oidc_secret(server)));
    }
    let mut lacking = Vec::new();
    for question in needed {
        if cluster.may_other(who, &question).await? != May::Yes {
            lacking.push(question.to_string());
        }
    }
    if lacking.is_empty() {
        findings.push(Finding::ok(ABOUT, "the server may read the namespaces and what it needs for signing in"));
    } else {
        let remedy = "Set rbac.create, and name the Secrets in rbac.viewSecretsResourceNames; or grant it by hand";
        findings.push(Finding::failure(ABOUT, format!("the server may not {}", lacking.join(", not ")), remedy));
    }
    for verb in ["get", "watch", "update"] {
        if cluster.may_other(who, &core(verb, "configmaps", namespace, map)).await? != May::Yes {
            let what = format!(
                "the server may not {verb} ConfigMap {namespace}/{map}: a session is ended on one replica alone"
            );
            findings.push(Finding::warning(ABOUT, what, "Have the chart make its Role (rbac.create)"));
            break;
        }
    }
    Ok(())
}

/// What the server should not be able to do.
async fn excess(
    cluster: &Rescue,
    who: &Who,
    server: &Installed,
    findings: &mut Vec<Finding>,
) -> Result<(), RescueError> {
    let namespace = server.namespace();
    let remedy = "Name those that it needs in rbac.viewSecretsResourceNames";
    if cluster.may_other(who, &core("get", "secrets", "", "")).await? == May::Yes {
        findings.push(Finding::warning(ABOUT, "the server may read every Secret of the cluster", remedy));
    } else if cluster.may_other(who, &core("get", "secrets", namespace, "")).await? == May::Yes {
        findings.push(Finding::warning(ABOUT, format!("the server may read every Secret in {namespace}"), remedy));
    }
    Ok(())
}
