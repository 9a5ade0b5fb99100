//! What the server's account may do, compared with what the server needs and with what it should never have.

use fanlight_cluster::rescue::{May, Question, Rescue, RescueError, Spot, Who};
use serde_json::Value;

use super::{Finding, Installed};

const ABOUT: &str = "rights";

/// Looks at the account of a dashboard.
pub(super) async fn look(cluster: &Rescue, server: &Installed, findings: &mut Vec<Finding>) {
    let (namespace, account) = (server.namespace(), server.account());
    let who = Who {
        user: format!("system:serviceaccount:{namespace}:{account}"),
        groups: ["system:serviceaccounts", "system:authenticated", &format!("system:serviceaccounts:{namespace}")]
            .map(ToOwned::to_owned)
            .to_vec(),
        extra: std::collections::BTreeMap::new(),
    };
    let looked = async {
        impersonation(cluster, &who, server, findings).await?;
        needs(cluster, &who, server, findings).await?;
        excess(cluster, &who, server, findings).await
    };
    if let Err(error) = looked.await {
        findings.push(Finding::unanswered(ABOUT, &error));
    }
}

/// A verb on a resource of the core group, everywhere.
fn core<'a>(verb: &'a str, resource: &'a str, namespace: &'a str, name: &'a str) -> Question<'a> {
    Question { verb, group: "", resource, subresource: "", namespace, name }
}

/// Whom it may impersonate. Not limited, its token is as good as a cluster administrator's.
async fn impersonation(
    cluster: &Rescue,
    who: &Who,
    server: &Installed,
    findings: &mut Vec<Finding>,
) -> Result<(), RescueError> {
    const IMPERSONATION: &str = "impersonation";
    const LIMIT: &str = "Name them in rbac.impersonationResourceNames, or set rbac.constrainedImpersonation.enabled";
    let mut unlimited = Vec::new();
    for resource in ["users", "groups"] {
        if cluster.may_other(who, &core("impersonate", resource, "", "")).await? == May::Yes {
            unlimited.push(resource);
        }
    }
    if !unlimited.is_empty() {
        let what = format!(
            "the server may impersonate all {}: whoever gets its token may do everything in the cluster",
            unlimited.join(" and all ")
        );
        findings.push(Finding::warning(IMPERSONATION, what, LIMIT));
    }
    if unlimited.contains(&"users") {
        return Ok(());
    }
    let limits = match limits(cluster, server).await {
        Ok(limits) => limits,
        Err(error) => {
            findings.push(Finding::unanswered(IMPERSONATION, &error));
            return Ok(());
        }
    };
    let constrained = Question { group: "authentication.k8s.io", ..core("impersonate:user-info", "users", "", "") };
    let is_constrained = cluster.may_other(who, &constrained).await? == May::Yes;
    findings.push(if is_constrained || !limits.is_empty() {
        let whom = if limits.is_empty() { "everybody".to_owned() } else { limits.join(", ") };
        let for_what = if is_constrained || limits.iter().any(|one| one.contains("(constrained)")) {
            ", for what Fanlight does alone"
        } else {
            ""
        };
        Finding::ok(IMPERSONATION, format!("the server may impersonate {whom}{for_what}"))
    } else {
        let remedy = "Kubernetes takes no groups without a user: have “users” in rbac.impersonationResources, and rbac.create on";
        Finding::failure(IMPERSONATION, "the server may impersonate no user: nobody will see anything", remedy)
    });
    Ok(())
}

/// The names to which impersonating is limited, from the cluster roles that are bound to the account.
async fn limits(cluster: &Rescue, server: &Installed) -> Result<Vec<String>, RescueError> {
    const RBAC: &str = "rbac.authorization.k8s.io/v1";
    let all = Spot { kind: "ClusterRoleBinding", api: RBAC, plural: "clusterrolebindings", namespace: "", name: "" };
    let bindings = cluster.objects(&all, "").await?;
    let is_ours = |subject: &Value| {
        subject["kind"] == "ServiceAccount"
            && subject["name"] == server.account()
            && subject["namespace"] == server.namespace()
    };
    let mine = bindings.iter().filter(|one| one["subjects"].as_array().is_some_and(|all| all.iter().any(is_ours)));
    let mut names = Vec::new();
    for role in mine.filter_map(|binding| binding["roleRef"]["name"].as_str()) {
        let spot = Spot { kind: "ClusterRole", api: RBAC, plural: "clusterroles", namespace: "", name: role };
        let role = cluster.object(&spot).await?;
        names.extend(role.iter().flat_map(whom));
    }
    Ok(names)
}

/// Users that a role lets its holder impersonate, with the groups.
fn whom(role: &Value) -> Vec<String> {
    let mut names = Vec::new();
    for rule in role["rules"].as_array().into_iter().flatten() {
        let list =
            |part: &str| rule[part].as_array().into_iter().flatten().filter_map(Value::as_str).collect::<Vec<_>>();
        let (verbs, resources) = (list("verbs"), list("resources"));
        let constrained = verbs.contains(&"impersonate:user-info");
        if !constrained && !verbs.contains(&"impersonate") && !verbs.contains(&"*") {
            continue;
        }
        let mark = if constrained { " (constrained)" } else { "" };
        let kinds: Vec<_> = resources.into_iter().filter(|one| matches!(*one, "users" | "groups" | "*")).collect();
        if kinds.contains(&"users") || kinds.contains(&"*") {
            names.extend(list("resourceNames").iter().map(|name| format!("{name}{mark}")));
        }
    }
    names
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
    if server.offers("token-passthrough") {
        needed.push(Question { group: "authentication.k8s.io", ..core("create", "tokenreviews", "", "") });
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn users_are_read_from_both_forms_of_impersonation() {
        let role = json!({"rules": [
            {"apiGroups": [""], "resources": ["users", "groups"], "verbs": ["impersonate"], "resourceNames": ["dana", "dev"]},
            {"apiGroups": ["authentication.k8s.io"], "resources": ["users"], "verbs": ["impersonate:user-info"],
                "resourceNames": ["kim"]},
            {"apiGroups": [""], "resources": ["groups"], "verbs": ["impersonate"], "resourceNames": ["ops"]},
            {"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"], "resourceNames": ["oidc-auth"]},
        ]});
        assert_eq!(whom(&role), ["dana", "dev", "kim (constrained)"]);
    }
}
