//! Whom the server's account may impersonate. Not limited, its token is as good as a cluster administrator's.

use std::collections::BTreeSet;

use fanlight_cluster::rescue::{May, Question, Rescue, RescueError, Spot, Who};
use serde_json::Value;

use super::{Finding, Installed};

const ABOUT: &str = "impersonation";
/// The API group of what is impersonated, where what for is said too.
const CONSTRAINED: &str = "authentication.k8s.io";
/// As whom people go before the API server by their groups alone.
const MEMBER: &str = "fanlight:member";
/// Where it stands then who they are.
const EXTRA: &str = "fanlight.dev/user";

/// The two forms that Kubernetes knows: API group and verb.
const FORMS: [(&str, &str); 2] = [("", "impersonate"), (CONSTRAINED, "impersonate:user-info")];

/// The resources that stand for whom, each with the verb of the form that is limited to what Fanlight does.
const WHOM: [(&str, &str); 3] =
    [("users", FORMS[1].1), ("groups", FORMS[1].1), (ACCOUNTS, "impersonate:serviceaccount")];

const ACCOUNTS: &str = "serviceaccounts";

/// Whom an account may impersonate.
#[derive(Debug, Default, PartialEq, Eq)]
struct Reach {
    /// `users`, `groups`, `serviceaccounts`: of what everybody, whatever for.
    unlimited: Vec<&'static str>,
    /// The same, but only for what Fanlight does.
    constrained: Vec<&'static str>,
    users: BTreeSet<String>,
    groups: BTreeSet<String>,
    /// Whether there are service accounts among them.
    accounts: bool,
    /// Of the names, some are only for what Fanlight does.
    some_constrained: bool,
}

/// Looks at the account of a dashboard.
pub(super) async fn look(
    cluster: &Rescue,
    who: &Who,
    server: &Installed,
    findings: &mut Vec<Finding>,
) -> Result<(), RescueError> {
    let mut reach = Reach::default();
    for (resource, verb) in WHOM {
        if may_all(cluster, who, FORMS[0], resource).await? {
            reach.unlimited.push(resource);
        } else if may_all(cluster, who, (CONSTRAINED, verb), resource).await? {
            reach.constrained.push(resource);
        }
    }
    findings.extend(reach.excess());
    if reach.unlimited.contains(&"users") {
        return Ok(());
    }
    let roles = match roles(cluster, server).await {
        Ok(roles) => roles,
        Err(error) => {
            findings.push(Finding::unanswered(ABOUT, &error));
            return Ok(());
        }
    };
    roles.iter().for_each(|role| reach.add(role));
    let tells_apart = reach.users.contains(MEMBER) && may_tell_apart(cluster, who).await?;
    findings.push(reach.finding(tells_apart));
    Ok(())
}

/// Whether one user may be impersonated.
pub(super) async fn may(cluster: &Rescue, who: &Who, user: &str) -> Result<bool, RescueError> {
    for (group, verb) in FORMS {
        let question = Question { verb, group, resource: "users", subresource: "", namespace: "", name: user };
        if cluster.may_other(who, &question).await? == May::Yes {
            return Ok(true);
        }
    }
    Ok(false)
}

async fn may_all(cluster: &Rescue, who: &Who, form: (&str, &str), resource: &str) -> Result<bool, RescueError> {
    let (group, verb) = form;
    let question = Question { verb, group, resource, subresource: "", namespace: "", name: "" };
    Ok(cluster.may_other(who, &question).await? == May::Yes)
}

/// Whether it may say in the extra who a member is.
async fn may_tell_apart(cluster: &Rescue, who: &Who) -> Result<bool, RescueError> {
    for (_, verb) in FORMS {
        let question =
            Question { verb, group: CONSTRAINED, resource: "userextras", subresource: EXTRA, namespace: "", name: "" };
        if cluster.may_other(who, &question).await? == May::Yes {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The cluster roles that are bound to the account.
async fn roles(cluster: &Rescue, server: &Installed) -> Result<Vec<Value>, RescueError> {
    const RBAC: &str = "rbac.authorization.k8s.io/v1";
    let all = Spot { kind: "ClusterRoleBinding", api: RBAC, plural: "clusterrolebindings", namespace: "", name: "" };
    let bindings = cluster.objects(&all, "").await?;
    let is_ours = |subject: &Value| {
        subject["kind"] == "ServiceAccount"
            && subject["name"] == server.account()
            && subject["namespace"] == server.namespace()
    };
    let mine = bindings.iter().filter(|one| one["subjects"].as_array().is_some_and(|all| all.iter().any(is_ours)));
    let mut roles = Vec::new();
    for role in mine.filter_map(|binding| binding["roleRef"]["name"].as_str()) {
        let spot = Spot { kind: "ClusterRole", api: RBAC, plural: "clusterroles", namespace: "", name: role };
        roles.extend(cluster.object(&spot).await?);
    }
    Ok(roles)
}

impl Reach {
    /// Takes in whom a role names.
    fn add(&mut self, role: &Value) {
        for rule in role["rules"].as_array().into_iter().flatten() {
            let list =
                |part: &str| rule[part].as_array().into_iter().flatten().filter_map(Value::as_str).collect::<Vec<_>>();
            let (verbs, resources) = (list("verbs"), list("resources"));
            let constrained = WHOM.iter().any(|(_, verb)| verbs.contains(verb));
            if !constrained && !verbs.contains(&FORMS[0].1) && !verbs.contains(&"*") {
                continue;
            }
            let names = || list("resourceNames").into_iter().map(ToOwned::to_owned);
            let has = |resource: &str| resources.iter().any(|one| [resource, "*"].contains(one));
            if has("users") {
                self.users.extend(names());
            }
            if has("groups") {
                self.groups.extend(names());
            }
            self.accounts |= has(ACCOUNTS);
            self.some_constrained |= constrained && (has("users") || has("groups"));
        }
    }

    /// What should not be.
    fn excess(&self) -> Option<Finding> {
        if self.unlimited.is_empty() {
            return None;
        }
        let what = format!(
            "the server may impersonate all {}: whoever gets its token may do everything in the cluster",
            self.unlimited.join(" and all ").replace(ACCOUNTS, "service accounts")
        );
        let remedy = "Name them in rbac.impersonationResourceNames, or set rbac.constrainedImpersonation.enabled";
        Some(Finding::warning(ABOUT, what, remedy))
    }

    fn how_to_tell_apart() -> String {
        format!(
            "Kubernetes takes no groups without a user: have the chart make the rules for {MEMBER} and userextras/{EXTRA} \
             (docs/rbac.md), or “users” in rbac.impersonationResources"
        )
    }

    /// What there is instead.
    fn finding(&self, tells_apart: bool) -> Finding {
        const NOBODY: &str = "the server may impersonate no user: nobody will see anything";
        let named: BTreeSet<&str> = self.users.iter().map(String::as_str).filter(|name| *name != MEMBER).collect();
        let groups = self.groups.iter().map(String::as_str).filter(|name| *name != MEMBER);
        let is_constrained = !self.constrained.is_empty() || self.some_constrained;
        let for_what = if is_constrained { ", for what Fanlight does alone" } else { "" };
        if self.constrained.contains(&"users") {
            return Finding::ok(ABOUT, format!("the server may impersonate everybody{for_what}"));
        }
        if !named.is_empty() {
            // One rule names users and groups alike, and only whoever wrote it knows which is which.
            let all: BTreeSet<&str> = named.into_iter().chain(groups).collect();
            let all = all.into_iter().collect::<Vec<_>>().join(", ");
            let what = format!("the server may impersonate {all}{for_what}");
            return match (self.users.contains(MEMBER), tells_apart) {
                (false, _) => Finding::ok(ABOUT, what),
                (true, true) => {
                    Finding::ok(ABOUT, format!("{what}; whoever is not named goes by their groups, as {MEMBER}"))
                }
                (true, false) => Finding::failure(
                    ABOUT,
                    format!("{what}; whoever is not named is kept out"),
                    Self::how_to_tell_apart(),
                ),
            };
        }
        let all_groups = [&self.unlimited, &self.constrained].iter().any(|all| all.contains(&"groups"));
        if self.groups.is_empty() && !all_groups && self.accounts {
            let what = "the server may impersonate service accounts alone: no person will see anything";
            return Finding::warning(
                ABOUT,
                what,
                "Add “users” or “groups” to rbac.impersonationResources, if that is not meant",
            );
        }
        if self.groups.is_empty() && !all_groups {
            let remedy = "Have rbac.create on, and “users” or “groups” in rbac.impersonationResources";
            return Finding::failure(ABOUT, NOBODY, remedy);
        }
        if !tells_apart {
            return Finding::failure(ABOUT, NOBODY, Self::how_to_tell_apart());
        }
        let whom = if all_groups { "all".to_owned() } else { groups.collect::<Vec<_>>().join(", ") };
        Finding::ok(ABOUT, format!("people go by their groups alone, as {MEMBER}: {whom}{for_what}"))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::cluster_check::Health;

    fn reach(rules: &Value) -> Reach {
        let mut reach = Reach::default();
        reach.add(&json!({"rules": rules}));
        reach
    }

    #[test]
    fn users_and_groups_are_read_from_both_forms_of_impersonation() {
        let reach = reach(&json!([
            {"apiGroups": [""], "resources": ["users", "groups"], "verbs": ["impersonate"], "resourceNames": ["dana", "dev"]},
            {"apiGroups": ["authentication.k8s.io"], "resources": ["users"], "verbs": ["impersonate:user-info"],
                "resourceNames": ["kim"]},
            {"apiGroups": [""], "resources": ["groups"], "verbs": ["impersonate"], "resourceNames": ["ops"]},
            {"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"], "resourceNames": ["oidc-auth"]},
        ]));
        let finding = reach.finding(false);
        assert_eq!(finding.text, "the server may impersonate dana, dev, kim, ops, for what Fanlight does alone");
    }

    #[test]
    fn where_service_accounts_are_all_there_is_people_are_missed_and_all_of_them_are_too_many() {
        for (verb, group) in [("impersonate", ""), ("impersonate:serviceaccount", "authentication.k8s.io")] {
            let rule = json!({"apiGroups": [group], "resources": ["serviceaccounts"], "verbs": [verb]});
            let finding = reach(&json!([rule])).finding(false);
            assert_eq!(finding.health, Health::Warning, "{finding:?}");
        }
        let reach = Reach { unlimited: vec!["groups", "serviceaccounts"], ..Reach::default() };
        let excess = reach.excess().expect("a finding");
        assert!(excess.text.contains("all groups and all service accounts"), "{excess:?}");
    }

    #[test]
    fn groups_alone_need_the_one_user_and_the_extra() {
        let groups = json!({"resources": ["groups"], "verbs": ["impersonate"], "resourceNames": ["dev", "ops"]});
        let member = json!({"resources": ["users"], "verbs": ["impersonate"], "resourceNames": ["fanlight:member"]});
        let finding = reach(&json!([groups, member])).finding(true);
        assert_eq!(finding.text, "people go by their groups alone, as fanlight:member: dev, ops");
        let without = reach(&json!([groups])).finding(false);
        assert_eq!(without.health, Health::Failure);
        assert!(without.remedy.is_some_and(|remedy| remedy.contains("fanlight:member")));
        assert_eq!(reach(&json!([])).finding(false).health, Health::Failure);
        let names = ["admin", "dev", "fanlight:member"];
        let both = json!({"resources": ["users", "groups"], "verbs": ["impersonate"], "resourceNames": names});
        let finding = reach(&json!([both])).finding(true);
        assert!(
            finding.text.contains("impersonate admin, dev; whoever is not named goes by their groups"),
            "{finding:?}"
        );
        assert_eq!(reach(&json!([both])).finding(false).health, Health::Failure);
    }
}
