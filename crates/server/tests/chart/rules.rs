//! The rules that are rendered, against those that were promised to the predecessor's users.

use std::collections::BTreeSet;

use anyhow::{Context, ensure};
use fanlight_testbed::rights::documented_rules;
use serde_json::{Value, json};

use crate::helm::{find, objects, root, template};

/// API group, resource, verb and name of what may be done.
pub(crate) type Right = [String; 4];

/// All that the rules of some roles allow.
pub(crate) fn rights<'a>(roles: impl IntoIterator<Item = &'a Value>) -> BTreeSet<Right> {
    let texts = |value: &Value, or: &str| match value.as_array() {
        Some(all) if !all.is_empty() => all.iter().filter_map(|one| one.as_str().map(ToOwned::to_owned)).collect(),
        _ => vec![or.to_owned()],
    };
    let mut rights = BTreeSet::new();
    for rule in roles.into_iter().flat_map(|role| role["rules"].as_array().into_iter().flatten()) {
        for group in texts(&rule["apiGroups"], "") {
            for resource in texts(&rule["resources"], "") {
                for verb in texts(&rule["verbs"], "") {
                    for name in texts(&rule["resourceNames"], "*") {
                        rights.insert([group.clone(), resource.clone(), verb.clone(), name]);
                    }
                }
            }
        }
    }
    rights
}

/// The service account's, as documented for the predecessor.
fn of_the_account() -> Value {
    json!({"rules": [
        {"apiGroups": [""], "resources": ["users", "groups"], "verbs": ["impersonate"]},
        {"apiGroups": [""], "resources": ["secrets"], "verbs": ["get", "list"],
            "resourceNames": ["cluster-user-auth", "oidc-auth"]},
        {"apiGroups": [""], "resources": ["namespaces"], "verbs": ["get", "list"]},
    ]})
}

/// The emergency user's, as documented for the predecessor, with the API groups that the document has lost.
fn of_the_user() -> Value {
    let verbs = ["get", "list", "watch", "patch"];
    json!({"rules": [
        {"apiGroups": ["source.toolkit.fluxcd.io"], "verbs": verbs,
            "resources": ["buckets", "helmcharts", "gitrepositories", "helmrepositories", "ocirepositories"]},
        {"apiGroups": ["kustomize.toolkit.fluxcd.io"], "resources": ["kustomizations"], "verbs": verbs},
        {"apiGroups": ["helm.toolkit.fluxcd.io"], "resources": ["helmreleases"], "verbs": verbs},
        {"apiGroups": ["notification.toolkit.fluxcd.io"], "resources": ["providers", "alerts"], "verbs": verbs},
        {"apiGroups": ["infra.contrib.fluxcd.io"], "resources": ["terraforms"], "verbs": verbs},
        {"apiGroups": ["*"], "resources": ["*"], "verbs": ["get", "list", "watch"]},
    ]})
}

/// Checks that `rendered` is `promised` and what the documentation names besides, each with its reason.
fn is_promised_and(rendered: &BTreeSet<Right>, promised: &Value, besides: &[[&str; 4]]) -> anyhow::Result<()> {
    let promised = rights([promised]);
    let missing: Vec<_> = promised.difference(rendered).collect();
    ensure!(missing.is_empty(), "missing: {missing:?}");
    let besides: BTreeSet<Right> = besides.iter().map(|right| right.map(ToOwned::to_owned)).collect();
    let more: BTreeSet<Right> = rendered.difference(&promised).cloned().collect();
    ensure!(more == besides, "besides: {more:?}");
    let documented = std::fs::read_to_string(root().join("docs/rbac.md"))?;
    for [_, resource, verb, _] in besides {
        let named = documented
            .lines()
            .any(|line| line.contains(&format!("`{resource}`")) && line.contains(&format!("`{verb}`")));
        ensure!(named, "docs/rbac.md does not say why {verb} of {resource}");
    }
    Ok(())
}

#[test]
fn the_account_has_what_was_documented_and_what_the_documentation_gives_reasons_for() -> anyhow::Result<()> {
    for values in ["{}", "{rbac: {secretsClusterWide: true}}"] {
        let objects = objects(&template(values)?)?;
        let roles = ["ClusterRole", "Role"].map(|kind| find(&objects, kind, "fanlight").cloned().unwrap_or_default());
        is_promised_and(
            &rights(&roles),
            &of_the_account(),
            &[
                ["", "namespaces", "watch", "*"],
                ["", "configmaps", "get", "fanlight-sessions"],
                ["", "configmaps", "watch", "fanlight-sessions"],
                ["", "configmaps", "update", "fanlight-sessions"],
            ],
        )?;
        let in_cluster = rights(&roles[..1]).into_iter().any(|[_, resource, ..]| resource == "secrets");
        ensure!(in_cluster == values.contains("secretsClusterWide"), "{values}: Secrets of all namespaces");
    }
    Ok(())
}

#[test]
fn by_groups_alone_there_is_one_user_more_and_the_extra_that_tells_people_apart() -> anyhow::Result<()> {
    for (constrained, group, verb) in
        [(false, "", "impersonate"), (true, "authentication.k8s.io", "impersonate:user-info")]
    {
        let values = json!({"rbac": {"impersonationResources": ["groups"], "impersonationResourceNames": ["dev-team"],
            "constrainedImpersonation": {"enabled": constrained}}});
        let objects = objects(&template(&values.to_string())?)?;
        let rights = rights(find(&objects, "ClusterRole", "fanlight"));
        let impersonating: BTreeSet<_> = rights.into_iter().filter(|[_, _, asked, _]| asked == verb).collect();
        let wanted = [
            [group, "groups", verb, "dev-team"],
            [group, "users", verb, "fanlight:member"],
            ["authentication.k8s.io", "userextras/fanlight.dev/user", verb, "*"],
        ];
        ensure!(impersonating == wanted.map(|right| right.map(ToOwned::to_owned)).into(), "{impersonating:?}");
    }
    let documented = std::fs::read_to_string(root().join("docs/rbac.md"))?;
    for further in
        ["`impersonate` the one of the `users` that is called `fanlight:member`", "`userextras/fanlight.dev/user`"]
    {
        ensure!(documented.contains(further), "docs/rbac.md does not give a reason for {further}");
    }
    Ok(())
}

#[test]
fn the_emergency_user_has_what_was_documented_in_the_role_and_in_the_cluster_role() -> anyhow::Result<()> {
    let objects = objects(&template("{adminUser: {create: true, username: eve, passwordHash: x}}")?)?;
    let role = find(&objects, "Role", "wego-admin-role").context("a role")?;
    is_promised_and(&rights([role]), &of_the_user(), &[])?;
    let role = find(&objects, "ClusterRole", "wego-admin-cluster-role").context("a cluster role")?;
    let images = ["imagepolicies", "imagerepositories", "imageupdateautomations"];
    let verbs = ["get", "list", "watch", "patch"];
    let of_images = images.into_iter().flat_map(|kind| verbs.map(|verb| ["image.toolkit.fluxcd.io", kind, verb, "*"]));
    let definitions = ["list", "watch"].map(|verb| ["apiextensions.k8s.io", "customresourcedefinitions", verb, "*"]);
    let besides: Vec<_> = of_images.chain(definitions).collect();
    is_promised_and(&rights([role]), &of_the_user(), &besides)?;
    for (kind, name) in
        [("RoleBinding", "eve-user-read-resources"), ("ClusterRoleBinding", "eve-user-read-resources-cr")]
    {
        let binding = find(&objects, kind, name).context("a binding")?;
        ensure!(binding["subjects"][0]["name"] == "eve", "{binding}");
    }
    Ok(())
}

#[test]
fn the_emergency_user_may_whatever_the_documentation_gave_to_users() -> anyhow::Result<()> {
    let objects = objects(&template("{adminUser: {create: true, username: eve, passwordHash: x}}")?)?;
    for (kind, name) in [("Role", "wego-admin-role"), ("ClusterRole", "wego-admin-cluster-role")] {
        let given = rights(find(&objects, kind, name));
        let may = |[group, resource, verb, _]: &Right| {
            let fits = |pattern: &String, what: &String| pattern == what || pattern == "*";
            given.iter().any(|[a, b, c, _]| fits(a, group) && fits(b, resource) && fits(c, verb))
        };
        let promised = rights([&json!({"rules": documented_rules()})]);
        let missing: Vec<_> = promised.iter().filter(|right| !may(right)).collect();
        ensure!(promised.len() > 60 && missing.is_empty(), "{kind} {name} lacks {missing:?}");
    }
    Ok(())
}

#[test]
fn neither_ready_made_role_reads_secrets_and_only_the_operators_changes_anything() -> anyhow::Result<()> {
    let objects = objects(&template("{rbac: {userRoles: {create: true}}}")?)?;
    for (name, verbs) in [
        ("fanlight-viewer", BTreeSet::from(["get", "list", "watch"])),
        ("fanlight-operator", BTreeSet::from(["get", "list", "watch", "patch"])),
    ] {
        let rights = rights(find(&objects, "ClusterRole", name));
        ensure!(rights.iter().map(|[_, _, verb, _]| &**verb).collect::<BTreeSet<_>>() == verbs, "{name}");
        let everything =
            |right: &Right| right[1] == "secrets" || right[0] == "*" || (right[0].is_empty() && right[1] == "*");
        ensure!(!rights.iter().any(everything), "{name}");
    }
    Ok(())
}
