//! The program with the account that the chart gives it: who signs in, and what they see.

use anyhow::{Context, ensure};
use fanlight_testbed::{ControlPlane, FanlightServer, Stream, estate, rights::flux_rules};
use k8s_openapi::api::rbac::v1::{ClusterRole, PolicyRule};
use kube::{Api, api::PostParams};
use serde_json::{Value, json};
use tokio::time::{Duration, sleep, timeout};

use crate::install::{Release, hash, on_plane};

const APPS: &str = "Kustomization/apps/shop";
const DATA: &str = "Kustomization/data/shop";

/// What becomes of somebody who types the emergency user's name and password.
enum Becomes {
    /// They see these objects.
    Sees(&'static [&'static str]),
    /// They do not get in.
    Refused(u16),
}

/// The values with an emergency user `admin`, and more.
fn with_user(more: &str) -> anyhow::Result<String> {
    let user = "\"create\": true, \"username\": \"admin\"";
    Ok(format!("{{adminUser: {{{user}, passwordHash: '{}'{}", hash()?, if more.is_empty() { "}}" } else { more }))
}

async fn signed_in(server: &FanlightServer) -> anyhow::Result<Stream> {
    let client = server.sign_in("admin", "secret").await?;
    server.stream(&client).await
}

#[test]
fn whatever_values_change_rights_people_see_what_they_should() {
    use Becomes::{Refused, Sees};
    let both: &[&str] = &[APPS, DATA];
    let own = estate::kustomization("rights", "own");
    on_plane(async |plane| {
        for (more, becomes) in [
            ("", Sees(both)),
            (", createClusterRole: false}}", Sees(&["Kustomization/rights/own"])),
            (", secretName: glass}}", Sees(both)),
            ("}, rbac: {viewSecretsResourceNames: [cluster-user-auth]}}", Sees(both)),
            ("}, rbac: {viewSecretsResourceNames: [oidc-auth]}}", Refused(400)),
            ("}, rbac: {viewSecretsResourceNames: null, viewSecrets: [cluster-user-auth]}}", Sees(both)),
            ("}, rbac: {viewSecretsEnabled: false}}", Refused(400)),
            ("}, rbac: {secretsClusterWide: true}}", Sees(both)),
            ("}, rbac: {create: false}}", Refused(400)),
            ("}, rbac: {impersonationResourceNames: [admin, platform]}}", Sees(both)),
            ("}, rbac: {impersonationResources: [users], impersonationResourceNames: [wego-admin]}}", Refused(401)),
            ("}, rbac: {impersonationResources: [groups], impersonationResourceNames: [dev-team]}}", Refused(401)),
            ("}, rbac: {constrainedImpersonation: {enabled: true}}}", Sees(both)),
            ("}, serviceAccount: {name: somebody}}", Sees(both)),
            ("}, nameOverride: dashboard}", Sees(both)),
            ("}, fullnameOverride: rights}", Sees(both)),
        ] {
            let release = Release::new(plane, "rights");
            let values = with_user(more)?;
            release.put(&values).await.with_context(|| values.clone())?;
            plane.apply(&own).await?;
            let name = match more {
                _ if more.contains("fullnameOverride") => "rights",
                _ if more.contains("dashboard") => "rights-dashboard",
                _ => "rights-fanlight",
            };
            let server = release.run(name).await?;
            let outcome = async {
                match becomes {
                    Sees(rows) => {
                        let own = if rows.len() == 2 {
                            [rows, &["Kustomization/rights/own"]].concat()
                        } else {
                            rows.to_vec()
                        };
                        signed_in(&server).await?.until_rows(&own).await?;
                    }
                    Refused(code) => {
                        let answer = server.try_sign_in(&FanlightServer::client()?, "admin", "secret").await?;
                        ensure!(answer.status() == code, "{}", answer.status());
                    }
                }
                Ok(())
            };
            outcome.await.with_context(|| format!("{values}\n{}", server.log()))?;
            plane.delete(&own).await?;
            release.uninstall()?;
        }
        Ok(())
    });
}

/// What the API server says of somebody's rights.
async fn may(plane: &ControlPlane, who: &str, deed: &Value) -> anyhow::Result<bool> {
    plane.allows(&json!({"user": who, "resourceAttributes": deed})).await
}

/// Waits until it says so: the API server hears of new rights a moment after it has stored them.
async fn until_may(plane: &ControlPlane, who: &str, deed: &Value, wanted: bool) -> anyhow::Result<()> {
    let said = async {
        while may(plane, who, deed).await? != wanted {
            sleep(Duration::from_millis(50)).await;
        }
        anyhow::Ok(())
    };
    timeout(Duration::from_secs(60), said).await.with_context(|| format!("{who}, {deed}: never {wanted}"))?
}

#[test]
fn without_the_right_to_watch_namespaces_what_comes_in_a_new_one_shows_all_the_same() {
    const OWN: &str = "system:serviceaccount:unwatched:unwatched-fanlight";
    on_plane(async |plane| {
        let release = Release::new(plane, "unwatched");
        release.put(&with_user(", createClusterRole: false}}")?).await?;
        let own = estate::kustomization("unwatched", "own");
        plane.apply(&own).await?;
        let roles: Api<ClusterRole> = Api::all(plane.admin());
        let mut role = roles.get("unwatched-fanlight").await?;
        let of_namespaces = |rule: &&mut PolicyRule| rule.resources.iter().flatten().any(|one| one == "namespaces");
        for rule in role.rules.iter_mut().flatten().filter(of_namespaces) {
            rule.verbs.retain(|verb| verb != "watch");
        }
        roles.replace("unwatched-fanlight", &PostParams::default(), &role).await?;
        let watch = json!({"resource": "namespaces", "verb": "watch"});
        until_may(plane, OWN, &watch, false).await?;
        ensure!(may(plane, OWN, &json!({"resource": "namespaces", "verb": "list"})).await?);

        let audit = plane.audit().from_now()?;
        let server = release.run("unwatched-fanlight").await?;
        let mut stream = signed_in(&server).await?;
        let (mine, late) = ("Kustomization/unwatched/own", "Kustomization/unwatched-late/shop");
        stream.until_rows(&[mine]).await.with_context(|| server.log())?;
        plane.create_namespace("unwatched-late").await?;
        let binding = plane.grant_in("unwatched-late", "admin", flux_rules(&["get", "list", "watch"])).await?;
        let object = estate::kustomization("unwatched-late", "shop");
        plane.apply(&object).await?;
        stream.until_rows(&[mine, late]).await.with_context(|| server.log())?;
        let watched = audit.entries()?.into_iter().any(|entry| {
            let about = entry.object_ref.as_ref().is_some_and(|object| object.resource == "namespaces");
            about && entry.user.username == OWN && entry.verb == "watch" && entry.code() == Some(200)
        });
        ensure!(!watched, "it was not by a watch");
        for one in [&binding, &*object, &*own] {
            plane.delete(one).await?;
        }
        release.uninstall()
    });
}

#[test]
fn further_rules_are_the_emergency_users_and_not_the_servers() {
    on_plane(async |plane| {
        let release = Release::new(plane, "further");
        let rule = "{apiGroups: [notification.toolkit.fluxcd.io], resources: [receivers], verbs: [patch]}";
        release.put(&with_user(&format!("}}, rbac: {{additionalRules: [{rule}]}}}}"))?).await?;
        let deed = json!({"group": "notification.toolkit.fluxcd.io", "resource": "receivers", "verb": "patch"});
        until_may(plane, "admin", &deed, true).await?;
        ensure!(!may(plane, "system:serviceaccount:further:further-fanlight", &deed).await?);
        release.uninstall()
    });
}

#[test]
fn constrained_a_stolen_token_reads_no_secret_even_as_an_administrator() {
    on_plane(async |plane| {
        for (more, secrets) in [("}}", 200), ("}, rbac: {constrainedImpersonation: {enabled: true}}}", 403)] {
            let release = Release::new(plane, "stolen");
            release.put(&with_user(more)?).await?;
            let kubeconfig = plane.kubeconfig_for("stolen", "stolen-fanlight").await?;
            let code = |path: &str| {
                let kubectl = std::process::Command::new(fanlight_testbed::tool("kubectl")?)
                    .args(["--as=admin", "get", "--raw", path, "--kubeconfig"])
                    .arg(&kubeconfig)
                    .output()?;
                let said = String::from_utf8_lossy(&kubectl.stderr);
                anyhow::Ok(if kubectl.status.success() {
                    200
                } else if said.contains("Forbidden") {
                    403
                } else {
                    0
                })
            };
            ensure!(code("/api/v1/namespaces/stolen/secrets")? == secrets, "{more}: Secrets");
            ensure!(code("/apis/kustomize.toolkit.fluxcd.io/v1/kustomizations")? == 200, "{more}: Kustomizations");
            release.uninstall()?;
        }
        Ok(())
    });
}

#[test]
fn the_ready_made_roles_let_their_people_look_or_act() {
    on_plane(async |plane| {
        let release = Release::new(plane, "roles");
        let of = |role: &str, who: &str| format!("{role}: {{users: [{who}]}}");
        let roles =
            format!("create: true, {}, {}", of("viewer", "vera@example.com"), of("operator", "omar@example.com"));
        release.put(&format!("{{rbac: {{userRoles: {{{roles}}}}}}}")).await?;
        for (who, verb, resource, may) in [
            ("vera@example.com", "list", "kustomizations.kustomize.toolkit.fluxcd.io", true),
            ("vera@example.com", "patch", "kustomizations.kustomize.toolkit.fluxcd.io", false),
            ("vera@example.com", "get", "secrets", false),
            ("omar@example.com", "patch", "kustomizations.kustomize.toolkit.fluxcd.io", true),
            ("omar@example.com", "get", "secrets", false),
        ] {
            let kubectl = std::process::Command::new(fanlight_testbed::tool("kubectl")?)
                .args(["auth", "can-i", verb, resource, "--all-namespaces", "--as", who, "--kubeconfig"])
                .arg(plane.admin_kubeconfig())
                .output()?;
            ensure!(kubectl.status.success() == may, "{who} {verb} {resource}");
        }
        release.uninstall()
    });
}

#[test]
fn somebody_sees_exactly_what_they_were_granted_and_nothing_beside_it() {
    on_plane(async |plane| {
        let release = Release::new(plane, "nobody");
        release.put("{}").await?;
        plane.set_emergency_user("nobody", "stranger", "secret").await?;
        plane.grant_in("data", "stranger", flux_rules(&["get", "list", "watch"])).await?;
        let server = release.run("nobody-fanlight").await?;
        let client = server.sign_in("stranger", "secret").await?;
        server.stream(&client).await?.until_rows(&[DATA]).await?;
        release.uninstall()
    });
}
