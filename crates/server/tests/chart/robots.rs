//! Service accounts that come by a token: one in which a provider names them, or one of their own.

use std::{collections::BTreeSet, process::Command, time::Duration};

use anyhow::{Context, ensure};
use fanlight_testbed::{ControlPlane, FanlightServer, estate, rights::flux_rules, tool};
use reqwest::header::ACCEPT;
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::{
    groups::{issuer, provider, values},
    install::{Release, on_plane},
};

const ROBOT: &str = "system:serviceaccount:robots:robot";
const SERVER: &str = "system:serviceaccount:robots:robots-fanlight";
const OWN: &str = "Kustomization/robots/own";

/// Checks that whoever brings the token sees their own and nothing else; and whether they may change it.
async fn uses(server: &FanlightServer, token: &str, acts: bool) -> anyhow::Result<()> {
    let client = FanlightServer::client()?;
    let known = async {
        loop {
            let page = client.get(format!("{}/applications", server.url())).bearer_auth(token).send().await?;
            let (code, page) = (page.status(), page.text().await?);
            // A page waits for what it asks no longer than people do.
            if !page.contains("not known at this moment") {
                return anyhow::Ok((code, page));
            }
        }
    };
    let (code, page) = timeout(Duration::from_secs(60), known).await.context("nothing was known within a minute")??;
    ensure!(page.contains(OWN) && !page.contains("Kustomization/data/shop"), "{code}: {page}");
    for action in ["suspend", "resume"].into_iter().take(if acts { 2 } else { 1 }) {
        let form = [("action", action), ("comment", "by a robot"), ("object", OWN)];
        let request = client.post(format!("{}/actions", server.url())).bearer_auth(token).form(&form);
        let told = request.header(ACCEPT, "application/x-ndjson").send().await?.error_for_status()?.text().await?;
        let last: Value = serde_json::from_str(told.lines().last().context("an answer")?)?;
        ensure!((last["word"] == "Done") == acts, "{action}: {told}");
    }
    Ok(())
}

/// Whether the server's token reads the Secrets that the robot may read, in the robot's name.
async fn reads_secrets(plane: &ControlPlane) -> anyhow::Result<bool> {
    let kubeconfig = plane.kubeconfig_for("robots", "robots-fanlight").await?;
    let mut kubectl = Command::new(tool("kubectl")?);
    kubectl.args(["get", "--raw", "/api/v1/namespaces/robots/secrets", "--as", ROBOT, "--kubeconfig"]);
    let output = kubectl.arg(kubeconfig).output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success() || said.contains("Forbidden"), "{said}");
    Ok(output.status.success())
}

#[test]
fn a_service_account_sees_and_changes_what_it_may_by_either_token_in_either_form_of_impersonation() {
    on_plane(async |plane| {
        let issuer = issuer(&[]).await?;
        issuer.behave(|manners| manners.claim("email", ROBOT));
        let constrained = json!({"enabled": true});
        let all = json!(["users", "groups", "serviceaccounts"]);
        for (rights, acts, secrets) in [
            (json!({"impersonationResources": all}), true, true),
            (json!({"impersonationResources": all, "constrainedImpersonation": constrained}), true, false),
            (
                json!({"impersonationResources": all, "impersonationResourceNames": ["robot"],
                    "constrainedImpersonation": {"enabled": true, "actions": false}}),
                false,
                false,
            ),
            // Which ones, a Role in their namespace says.
            (json!({"constrainedImpersonation": constrained}), true, false),
        ] {
            let by_role = rights.get("impersonationResources").is_none();
            let mut arguments = vec!["--auth-methods=user-account,oidc,token-passthrough"];
            arguments.extend(by_role.then_some("--oidc-service-accounts"));
            let more = json!({"rbac": rights, "additionalArgs": arguments});
            let release = Release::new(plane, "robots");
            release.put(&values(&issuer, &more)?).await?;
            plane.apply(&estate::kustomization("robots", "own")).await?;
            let mut rules = flux_rules(&["get", "list", "watch", "patch"]);
            let reading = json!({"apiGroups": [""], "resources": ["secrets"], "verbs": ["get", "list"]});
            rules.as_array_mut().context("rules")?.push(reading);
            plane.install_robot("robots", "robot", rules).await?;
            let may_be_one = json!([{"apiGroups": ["authentication.k8s.io"], "resources": ["serviceaccounts"],
                "resourceNames": ["robot"], "verbs": ["impersonate:serviceaccount"]}]);
            if by_role {
                plane.grant_in("robots", SERVER, may_be_one).await?;
            }
            let server = release.run("robots-fanlight").await?;
            provider(&server).await?;

            let audit = plane.audit().from_now()?;
            let outcome = async {
                uses(&server, &issuer.id_token()?, acts).await.context("named by a provider")?;
                // This one goes to the API server itself: whom the server may impersonate does not matter.
                uses(&server, &plane.token_of("robots", "robot").await?, true).await.context("by its own token")
            };
            outcome.await.with_context(|| format!("{more}\n{}", server.log()))?;
            let impersonated: BTreeSet<String> = audit
                .entries()?
                .into_iter()
                .filter(|entry| entry.user.username == SERVER && entry.is_of_flux() && entry.code() == Some(200))
                .filter_map(|entry| (entry.impersonated_user?.username == ROBOT).then_some(entry.verb))
                .collect();
            ensure!(impersonated.contains("watch") && impersonated.contains("patch") == acts, "{impersonated:?}");
            ensure!(reads_secrets(plane).await? == secrets, "{more}: Secrets by the server's token");
            drop(server);
            plane.delete(&estate::kustomization("robots", "own")).await?;
            release.uninstall()?;
        }
        Ok(())
    });
}
