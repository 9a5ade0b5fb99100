//! Applying the two objects, and waiting until Flux has done with them what it should.

use std::time::Duration;

use anyhow::bail;
use fanlight_cluster::rescue::{Rescue, RescueError, Spot, Trouble};
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::{
    Admin, Arguments, advise,
    existing::{self, Found, Product, text},
    manifests::{Release, Served},
    tell,
};

/// How often an object is looked at.
const GLANCE: Duration = Duration::from_millis(500);

/// Installs the dashboard, or changes the one of this name.
pub(super) async fn install(arguments: &Arguments, admin: &Admin, files: &Value) -> anyhow::Result<()> {
    let deadline = Instant::now() + arguments.timeout;
    let cluster = arguments.way.connect(arguments.timeout, "create-dashboard").await?;
    let served = existing::flux(&cluster, &tell).await?;
    tell("✔ Flux is ready");
    let found = existing::dashboards(&cluster, &served, &arguments.namespace, &tell).await?;
    refuse_second(arguments, &found)?;
    let nothing = json!({});
    let spots = arguments.release(&nothing);
    let before = cluster.object(&spots.release_spot(&served)).await?;
    if let Some(before) = &before {
        refuse_foreign(arguments, before)?;
    }
    let values = admin.values(files, before.as_ref())?;
    advise(&values);
    apply(&cluster, &arguments.release(&values), &served, before.as_ref()).await?;
    await_ready(&cluster, &spots.source_spot(&served), deadline, arguments.timeout).await?;
    await_ready(&cluster, &spots.release_spot(&served), deadline, arguments.timeout).await?;
    farewell(arguments, &values);
    Ok(())
}

/// Two dashboards would share fixed names; and the predecessor's is not to be installed beside, but to be replaced.
fn refuse_second(arguments: &Arguments, found: &[Found]) -> anyhow::Result<()> {
    let is_this = |one: &&Found| one.namespace == arguments.namespace && one.name == arguments.name;
    let Some(other) = found.iter().find(|one| one.product != Product::Fanlight || !is_this(one)) else {
        return Ok(());
    };
    let Found { product, namespace, name, by_flux } = other;
    let chart = &arguments.chart;
    match (product, by_flux) {
        (Product::Weave, true) => bail!(
            "Weave GitOps is installed here by HelmRelease {namespace}/{name}. Nothing was changed.\n\
            Fanlight takes its place, with the same values, Secrets and users: in that HelmRelease (in Git, if it comes from \
            there) replace spec.chart by spec.chartRef, of an OCIRepository with the URL {chart}. \
            `fanlight create dashboard {name} --namespace {namespace} --export` prints both objects; copy the values."
        ),
        (Product::Weave, false) => bail!(
            "Weave GitOps is installed here by Helm, as release {namespace}/{name}. Nothing was changed.\n\
            Fanlight takes its place, with the same values, Secrets and users: \
            `helm get values {name} --namespace {namespace} --output yaml > values.yaml`, look through it, then \
            `helm upgrade {name} {chart} --namespace {namespace} --reset-values --values values.yaml`"
        ),
        (Product::WeaveEnterprise, _) => bail!(
            "Weave GitOps Enterprise is installed here, as {namespace}/{name}. Nothing was changed: Fanlight replaces the open \
            dashboard alone. Remove that one first"
        ),
        (Product::Fanlight, true) => bail!(
            "Fanlight is installed here already, by HelmRelease {namespace}/{name}. Nothing was changed: to change that one, say \
            `fanlight create dashboard {name} --namespace {namespace}`, with all of its values"
        ),
        (Product::Fanlight, false) => bail!(
            "Fanlight is installed here already by Helm, as release {namespace}/{name}. Nothing was changed: change it by \
            `helm upgrade`, or uninstall it first"
        ),
    }
}

/// A HelmRelease of this name that is another's is left alone, and so is one that comes from Git.
fn refuse_foreign(arguments: &Arguments, before: &Value) -> anyhow::Result<()> {
    let Arguments { name, namespace, .. } = arguments;
    let labels = &before["metadata"]["labels"];
    if let Some(owner) = labels["kustomize.toolkit.fluxcd.io/name"].as_str() {
        let place = labels["kustomize.toolkit.fluxcd.io/namespace"].as_str().unwrap_or_default();
        bail!(
            "HelmRelease {namespace}/{name} comes from Git, by Kustomization {place}/{owner}, which would undo a change here. \
            Nothing was changed: --export prints what to commit"
        );
    }
    if labels[super::manifests::PART_OF.0] != super::manifests::PART_OF.1 {
        bail!("HelmRelease {namespace}/{name} is something else. Nothing was changed: choose another name");
    }
    Ok(())
}

async fn apply(cluster: &Rescue, release: &Release<'_>, served: &Served, before: Option<&Value>) -> anyhow::Result<()> {
    let (source, mut wanted) = (release.source(served), release.release(served));
    if before.is_some_and(|before| ready(before).is_none_or(|ready| ready["status"] != "True")) {
        // One that gave up tries again only if it is asked.
        let now = Timestamp::now().to_string();
        for request in ["requestedAt", "resetAt"] {
            wanted["metadata"]["annotations"][format!("reconcile.fluxcd.io/{request}")] = json!(now);
        }
    }
    for (spot, object) in [(release.source_spot(served), &source), (release.release_spot(served), &wanted)] {
        match cluster.apply(&spot, object).await {
            Err(RescueError { trouble: Trouble::Conflict(words), .. }) => bail!(
                "{spot} has fields that others have set, and they stay: {words}. Change them where they are set, or take them \
                out there"
            ),
            applied => drop(applied?),
        }
        tell(&format!("✔ {spot} applied"));
    }
    Ok(())
}

/// Waits until the controller has dealt with the object as it is now, and all is well.
async fn await_ready(cluster: &Rescue, spot: &Spot<'_>, deadline: Instant, timeout: Duration) -> anyhow::Result<()> {
    tell(&format!("◎ waiting for {spot}"));
    let mut last = String::new();
    loop {
        let object = cluster.object(spot).await?;
        let Some(object) = object else { bail!("{spot} was deleted meanwhile") };
        match progress(&object) {
            Progress::Ready(message) => {
                tell(&format!("✔ {spot}: {message}"));
                return Ok(());
            }
            Progress::GaveUp(message) => {
                bail!("{spot}: {message}. Flux gave up: put right what is wrong, and say the same command again")
            }
            Progress::Waiting(message) if message != last => {
                tell(&format!("◎ {message}"));
                last = message;
            }
            Progress::Waiting(_) => {}
        }
        if Instant::now() + GLANCE >= deadline {
            let last = if last.is_empty() { "its controller has not said anything" } else { &last };
            bail!(
                "{spot} is not ready after {timeout:?}: {last}. Flux goes on trying; the same command waits again, \
                --timeout longer"
            );
        }
        sleep(GLANCE).await;
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Progress {
    Ready(String),
    Waiting(String),
    GaveUp(String),
}

fn progress(object: &Value) -> Progress {
    let generation = &object["metadata"]["generation"];
    let asked = &object["metadata"]["annotations"]["reconcile.fluxcd.io/requestedAt"];
    let answered = asked.is_null() || *asked == object["status"]["lastHandledReconcileAt"];
    let seen = object["status"]["observedGeneration"] == *generation;
    let message = |condition: &Value| text(condition, "/message").to_owned();
    if object["spec"]["suspend"] == true {
        return Progress::GaveUp("it is suspended".to_owned());
    }
    if let Some(stalled) =
        condition(object, "Stalled").filter(|stalled| stalled["status"] == "True" && seen && answered)
    {
        return Progress::GaveUp(message(stalled));
    }
    match ready(object) {
        Some(ready) if ready["status"] == "True" && seen && answered => Progress::Ready(message(ready)),
        Some(ready) => Progress::Waiting(message(ready)),
        None => Progress::Waiting(String::new()),
    }
}

fn ready(object: &Value) -> Option<&Value> {
    condition(object, "Ready")
}

fn condition<'a>(object: &'a Value, kind: &str) -> Option<&'a Value> {
    object["status"]["conditions"].as_array()?.iter().find(|condition| condition["type"] == kind)
}

fn farewell(arguments: &Arguments, values: &Value) {
    let Arguments { name, namespace, .. } = arguments;
    tell("✔ Fanlight is installed. Open a way to it, then http://127.0.0.1:9001/\n");
    tell(&format!(
        "    kubectl --namespace {namespace} port-forward \"$(kubectl --namespace {namespace} get service \
        --selector app.kubernetes.io/instance={name} --output name)\" 9001\n"
    ));
    match values["adminUser"]["username"].as_str() {
        Some(user) if values["adminUser"]["create"] == true => tell(&format!("Sign in as {user}.")),
        _ => tell(
            "No emergency user was asked for: nobody can sign in unless the Secret cluster-user-auth or oidc-auth is there. \
            `fanlight check` says so.",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(status: &str, seen: u32, extra: &Value) -> Value {
        let mut conditions = vec![json!({"type": "Ready", "status": status, "message": "words"})];
        conditions.extend(extra.as_array().into_iter().flatten().cloned());
        json!({"metadata": {"generation": 2}, "status": {"observedGeneration": seen, "conditions": conditions}})
    }

    #[test]
    fn what_a_controller_said_of_an_older_state_does_not_count() {
        let words = || "words".to_owned();
        assert_eq!(progress(&object("True", 2, &json!([]))), Progress::Ready(words()));
        assert_eq!(progress(&object("True", 1, &json!([]))), Progress::Waiting(words()));
        assert_eq!(progress(&object("False", 2, &json!([]))), Progress::Waiting(words()));
        let stalled = json!([{"type": "Stalled", "status": "True", "message": "out of retries"}]);
        assert_eq!(progress(&object("False", 2, &stalled)), Progress::GaveUp("out of retries".to_owned()));
        assert_eq!(progress(&object("False", 1, &stalled)), Progress::Waiting(words()));
        let mut asked = object("False", 2, &stalled);
        asked["metadata"]["annotations"] = json!({"reconcile.fluxcd.io/requestedAt": "now"});
        assert_eq!(progress(&asked), Progress::Waiting(words()), "it was asked to try again");
        assert_eq!(progress(&json!({"metadata": {"generation": 1}})), Progress::Waiting(String::new()));
    }
}
