//! Who may change something, by the rights that the chart gives.

use anyhow::{Context, ensure};
use fanlight_testbed::{ControlPlane, FanlightServer, estate};
use reqwest::{Client, header::ACCEPT};
use serde_json::Value;

use crate::install::{Release, hash, on_plane};

const OWN: &str = "Kustomization/acting/own";
const SHOP: &str = "Kustomization/apps/shop";

#[test]
fn whatever_values_change_rights_people_change_what_they_may_and_nothing_else() {
    on_plane(async |plane| {
        let user = format!("create: true, username: admin, passwordHash: '{}'", hash()?);
        for (values, outcomes) in [
            (format!("{{adminUser: {{{user}}}}}"), [(OWN, "Done"), (SHOP, "Done")]),
            (format!("{{adminUser: {{{user}, createClusterRole: false}}}}"), [(OWN, "Done"), (SHOP, "Refused")]),
            (
                format!("{{adminUser: {{{user}}}, rbac: {{constrainedImpersonation: {{enabled: true}}}}}}"),
                [(OWN, "Done"), (SHOP, "Done")],
            ),
            (
                format!(
                    "{{adminUser: {{{user}}}, rbac: {{constrainedImpersonation: {{enabled: true, actions: false}}}}}}"
                ),
                [(OWN, "Refused"), (SHOP, "Refused")],
            ),
        ] {
            let release = Release::new(plane, "acting");
            release.put(&values).await.with_context(|| values.clone())?;
            for (namespace, name) in [("acting", "own"), ("apps", "shop")] {
                plane.apply(&estate::kustomization(namespace, name)).await?;
            }
            let server = release.run("acting-fanlight").await?;
            let admin = server.sign_in("admin", "secret").await?;
            for (object, wanted) in outcomes {
                let form = [("action", "suspend"), ("comment", "a try"), ("object", object)];
                let (last, answer) = act(&server, &admin, "/actions", &form).await?;
                ensure!(last["word"] == wanted, "{values}: {object}: {answer}\n{}", server.log());
                let seen = object_of(plane, object).await?;
                ensure!((seen["spec"]["suspend"] == true) == (wanted == "Done"), "{values}: {seen}");
            }
            drop(server);
            plane.delete(&estate::kustomization("acting", "own")).await?;
            // As the other tests want to find it.
            plane.delete(&estate::kustomization("apps", "shop")).await?;
            plane.apply(&estate::kustomization("apps", "shop")).await?;
            release.uninstall()?;
        }
        Ok(())
    });
}

#[test]
fn what_runs_is_acted_upon_only_where_the_chart_is_told_to_allow_it() {
    const WEB: &str = "Deployment/acting-on/web";
    on_plane(async |plane| {
        let user = format!("adminUser: {{create: true, username: admin, passwordHash: '{}'}}", hash()?);
        let of_the_user = "additionalRules: [{apiGroups: [apps], resources: [deployments], verbs: [patch]}]";
        for (rights, outcome, words) in [
            (String::new(), "Refused", "cannot patch resource"),
            ("workloadActions: true".to_owned(), "Done", "Rolled out"),
            (format!("constrainedImpersonation: {{enabled: true}}, {of_the_user}"), "Refused", "impersonate-on"),
            ("constrainedImpersonation: {enabled: true}, workloadActions: true".to_owned(), "Done", "Rolled out"),
        ] {
            let release = Release::new(plane, "acting-on");
            let values = format!("{{{user}, rbac: {{{rights}}}}}");
            release.put(&values).await.with_context(|| values.clone())?;
            plane.apply(&estate::deployment("acting-on", "web", "web:1", 0)).await?;
            let server = release.run("acting-on-fanlight").await?;
            let admin = server.sign_in("admin", "secret").await?;
            let form = [("action", "restart"), ("object", WEB)];
            let (last, answer) = act(&server, &admin, "/workloads/act", &form).await?;
            let said = last["text"].as_str().unwrap_or_default();
            ensure!(last["word"] == outcome && said.contains(words), "{values}: {answer}\n{}", server.log());
            drop(server);
            release.uninstall()?;
        }
        Ok(())
    });
}

/// Acts as the page's script does; the last of what is told, and all of it.
async fn act(
    server: &FanlightServer,
    who: &Client,
    path: &str,
    form: &[(&str, &str)],
) -> anyhow::Result<(Value, String)> {
    let request = who.post(format!("{}{path}", server.url())).form(form);
    let answer = request.header(ACCEPT, "application/x-ndjson").send().await?.error_for_status()?.text().await?;
    let last = serde_json::from_str(answer.lines().last().context("an answer")?)?;
    Ok((last, answer))
}

async fn object_of(plane: &ControlPlane, object: &str) -> anyhow::Result<Value> {
    let [_, namespace, name] = object.split('/').collect::<Vec<_>>()[..] else { anyhow::bail!("{object}") };
    let path = format!("/apis/kustomize.toolkit.fluxcd.io/v1/namespaces/{namespace}/kustomizations/{name}");
    Ok(plane.admin().request(http::Request::get(path).body(Vec::new())?).await?)
}
