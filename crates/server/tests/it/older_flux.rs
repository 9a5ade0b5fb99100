//! Flux 2.5, and clusters in which only some kinds are new or there at all.

use std::time::Duration;

use anyhow::Context;
use fanlight_testbed::{Options, Stream, estate, tool, yaml};
use kube::{
    Api,
    api::{ApiResource, DynamicObject, GroupVersionKind, Patch, PatchParams},
};
use reqwest::Client;
use serde_json::{Value, json};

use crate::{
    house::{House, all, follow, get, plane},
    overview::is_read,
    shared::until_within,
};

const ADA: &str = "ada@example.com";

/// The object at another version of its API, with these fields in its status in place of what it has there.
fn at(version: &str, object: &Value, status: Option<Value>) -> Value {
    let mut object = object.clone();
    let group = object["apiVersion"].as_str().and_then(|version| version.split('/').next()).unwrap_or_default();
    object["apiVersion"] = json!(format!("{group}/{version}"));
    if let Some(Value::Object(fields)) = status {
        let conditions = object["status"]["conditions"].clone();
        object["status"] = json!(fields);
        object["status"]["conditions"] = conditions;
    }
    object
}

/// One object of each kind that Flux 2.5 has, as that stores it.
fn estate_of_old() -> Vec<Value> {
    let policy = json!({"latestImage": "registry.example.com/acme/web:1.4.2", "observedPreviousImage": "registry.example.com/acme/web:1.4.1"});
    let bucket = json!({"apiVersion": "source.toolkit.fluxcd.io/v1beta2", "kind": "Bucket",
        "metadata": {"name": "files", "namespace": "apps"},
        "spec": {"interval": "5m", "endpoint": "s3.example.com", "bucketName": "files"}});
    let provider = json!({"apiVersion": "notification.toolkit.fluxcd.io/v1beta3", "kind": "Provider",
        "metadata": {"name": "chat", "namespace": "apps"}, "spec": {"type": "slack", "channel": "deployments"}});
    let alert = json!({"apiVersion": "notification.toolkit.fluxcd.io/v1beta3", "kind": "Alert",
        "metadata": {"name": "all", "namespace": "apps"}, "spec": {"providerRef": {"name": "chat"},
            "eventSources": [{"kind": "Kustomization", "name": "*"}]}});
    let receiver = json!({"apiVersion": "notification.toolkit.fluxcd.io/v1", "kind": "Receiver",
        "metadata": {"name": "push", "namespace": "apps"}, "spec": {"type": "github", "secretRef": {"name": "token"},
            "resources": [{"kind": "GitRepository", "name": "fleet"}]}});
    vec![
        (*estate::helm_release("apps", "billing")).clone(),
        (*estate::git_repository("apps", "fleet")).clone(),
        (*estate::helm_repository("apps", "charts")).clone(),
        (*estate::helm_chart("apps", "web")).clone(),
        at("v1beta2", &estate::oci_repository("apps", "base"), None),
        at("v1beta2", &estate::image_repository("apps", "web"), None),
        at("v1beta2", &estate::image_policy("apps", "web"), Some(policy)),
        at("v1beta2", &estate::image_update_automation("apps", "fleet"), None),
        bucket,
        provider,
        alert,
        receiver,
    ]
}

/// Waits until a page shows this, kept current by its stream.
async fn until(house: &House, client: &Client, list: &str, said: &str) -> anyhow::Result<()> {
    let address = format!("{}/{list}/events", house.server.url());
    let mut stream = Stream::of(client.get(address).send().await?.error_for_status()?);
    stream.until(|view| view.contains(said)).await.map(drop)
}

#[tokio::test]
async fn with_flux_2_5_every_list_and_page_shows_what_is_there_and_says_what_is_not() -> anyhow::Result<()> {
    let plane = plane(Options { old_flux: true, ..Options::default() }).await?;
    plane.create_namespace("flux-system").await?;
    for object in estate_of_old() {
        plane.apply(&object).await?;
    }
    plane.grant_everywhere(ADA, all(&["get", "list", "watch"])).await?;
    let house = House::before(plane).await?;
    let ada = house.client(ADA, &[])?;
    for (list, key, page, said) in [
        ("applications", "Kustomization/apps/shop", "ks/apps/shop", "main@ba66396"),
        ("applications", "HelmRelease/apps/billing", "hr/apps/billing", "1.4.2"),
        ("sources", "GitRepository/apps/fleet", "gitrepo/apps/fleet", "git.example.com/apps/fleet.git"),
        ("sources", "OCIRepository/apps/base", "ocirepo/apps/base", "1.4.2@83ba9c2"),
        ("sources", "HelmRepository/apps/charts", "helmrepo/apps/charts", "charts.example.com/apps"),
        ("sources", "HelmChart/flux-system/apps-web", "hc/flux-system/apps-web", "1.4.2"),
        ("sources", "Bucket/apps/files", "bucket/apps/files", "s3.example.com/files"),
        ("image_automation/repositories", "ImageRepository/apps/web", "imgrepo/apps/web", "31 tags"),
        ("image_automation/policies", "ImagePolicy/apps/web", "imgpol/apps/web", "1.4.2"),
        ("image_automation/updates", "ImageUpdateAutomation/apps/fleet", "imgauto/apps/fleet", "ba66396"),
        ("notifications/providers", "Provider/apps/chat", "provider/apps/chat", "slack"),
        ("notifications/alerts", "Alert/apps/all", "alert/apps/all", "Kustomization *"),
        ("notifications/receivers", "Receiver/apps/push", "receiver/apps/push", "github"),
    ] {
        until(&house, &ada, list, &format!("data-key=\"{key}\"")).await?;
        let shown = get(&house, &ada, &format!("/{list}")).await?;
        let row = shown.split("<tbody").find(|row| row.contains(&format!("data-key=\"{key}\""))).unwrap_or_default();
        assert!(row.contains(said), "{list} says of {key}: {row}");
        let address = ada.get(format!("{}/o/{page}", house.server.url())).send().await?;
        let address = address.headers()["location"].to_str()?.to_owned();
        let details = get(&house, &ada, &address).await?;
        let name = key.rsplit('/').next().unwrap_or_default();
        assert!(details.contains(&format!("<h1>{name}</h1>")), "{address}: {details}");
        let views = details.split_once("<nav class=\"tabs\"").and_then(|(_, rest)| rest.split_once("</nav>"));
        let views =
            views.map_or("", |(views, _)| views).split("href=\"").skip(1).filter_map(|link| link.split('"').next());
        let views: Vec<_> = views.map(|link| link.replace("&#38;", "&").replace("&amp;", "&")).collect();
        assert!(views.len() > 3 && views.iter().any(|view| view.contains("/yaml?")), "{views:?}");
        for view in views {
            let shown = get(&house, &ada, &view).await?;
            assert!(shown.contains(&format!("<h1>{name}</h1>")), "{view}: {shown}");
            assert!(!view.contains("/yaml?") || shown.contains("apiVersion: "), "{shown}");
            follow(&house, &ada, &view).await?.until_event(|piece| !piece.is_empty()).await?;
        }
        let preview = get(&house, &ada, &format!("/{list}/act?action=suspend&namespace=apps")).await?;
        assert!(preview.contains(name) || name.starts_with("apps-"), "{list}: {preview}");
    }
    // The first page may come before all lists are read.
    let mut open = follow(&house, &ada, "/search?q=apps/web").await?;
    open.until(|view| view.contains("ImagePolicy/apps/web") && view.contains("ImageRepository/apps/web")).await?;
    let overview = follow(&house, &ada, "/overview").await?.until(is_read).await?;
    for kind in ["HelmRelease", "OCIRepository", "ImagePolicy", "Alert"] {
        assert!(overview.contains(&format!("id=\"count-{kind}\"")), "{kind}: {overview}");
    }
    let workloads = get(&house, &ada, "/workloads").await?;
    assert!(workloads.contains("Nothing runs"), "{workloads}");
    let events = get(&house, &ada, "/events").await?;
    assert!(events.contains("id=\"rows\""), "{events}");
    let found = get(&house, &ada, "/search?q=apps/web").await?;
    assert!(found.contains("ImagePolicy/apps/web") && found.contains("ImageRepository/apps/web"), "{found}");
    let runtime = get(&house, &ada, "/flux_runtime").await?;
    let oci = runtime.split("<tbody").find(|row| row.contains("ocirepositories")).unwrap_or_default();
    assert!(oci.contains("v1beta2") && !runtime.contains("externalartifacts"), "{oci}");
    let missing = get(&house, &ada, "/o/ea/apps/none").await;
    assert!(missing.is_err(), "a redirect is not followed");
    let missing =
        ada.get(format!("{}/external_artifact/details?name=none&namespace=apps", house.server.url())).send().await?;
    assert_eq!(missing.status(), 404);
    assert!(missing.text().await?.contains("Not installed"));
    Ok(())
}

/// One object at the version that Flux 2.5 has, as its controller sees it.
struct Old<'a> {
    house: &'a House,
    api: Api<DynamicObject>,
    kind: &'static str,
    name: &'static str,
}

impl<'a> Old<'a> {
    fn of(house: &'a House, group: &str, kind: &'static str, plural: &str, name: &'static str) -> Self {
        let of = GroupVersionKind::gvk(group, "v1beta2", kind);
        let resource = ApiResource::from_gvk_with_plural(&of, plural);
        Self { house, api: Api::namespaced_with(house.plane.admin(), "apps", &resource), kind, name }
    }

    async fn read(&self) -> anyhow::Result<Value> {
        Ok(serde_json::to_value(self.api.get(self.name).await?)?)
    }

    /// Asks for something as the button of the page does; what became of it.
    async fn act(&self, who: &Client, action: &str) -> anyhow::Result<String> {
        let object = format!("{}/apps/{}", self.kind, self.name);
        let form = [("action", action), ("comment", "an old one"), ("object", &object)];
        let answer = who.post(format!("{}/actions", self.house.server.url())).form(&form).send().await?;
        Ok(answer.error_for_status()?.text().await?)
    }

    /// Does as a controller that is asked to reconcile.
    async fn handle(&self) -> anyhow::Result<()> {
        let handled = until_within(Duration::from_secs(60), async || {
            let asked = self.read().await?["metadata"]["annotations"]["reconcile.fluxcd.io/requestedAt"].clone();
            if asked.is_string() {
                let status = json!({"status": {"lastHandledReconcileAt": asked}});
                self.api.patch_status(self.name, &PatchParams::default(), &Patch::Merge(&status)).await?;
            }
            Ok(asked.is_string())
        });
        handled.await.with_context(|| format!("nobody asks {} {}", self.kind, self.name))
    }
}

#[tokio::test]
async fn objects_of_flux_2_5_are_reconciled_suspended_and_resumed_at_the_version_that_they_have() -> anyhow::Result<()>
{
    let plane = plane(Options { old_flux: true, ..Options::default() }).await?;
    for object in estate_of_old() {
        if object["metadata"]["namespace"] == "apps" {
            plane.apply(&object).await?;
        }
    }
    plane.grant_everywhere(ADA, all(&["get", "list", "watch", "patch"])).await?;
    let house = House::before(plane).await?;
    let ada = house.client(ADA, &[])?;
    let images = "image.toolkit.fluxcd.io";
    for old in [
        Old::of(&house, "source.toolkit.fluxcd.io", "OCIRepository", "ocirepositories", "base"),
        Old::of(&house, images, "ImageRepository", "imagerepositories", "web"),
        Old::of(&house, images, "ImageUpdateAutomation", "imageupdateautomations", "fleet"),
    ] {
        let (outcome, handled) = tokio::join!(old.act(&ada, "sync"), old.handle());
        handled?;
        let outcome = outcome?;
        assert!(outcome.contains(">Done</b>"), "{}: {outcome}", old.kind);
        let outcome = old.act(&ada, "suspend").await?;
        assert!(outcome.contains(">Done</b>"), "{}: {outcome}", old.kind);
        let object = old.read().await?;
        assert_eq!(object["spec"]["suspend"], true, "{object}");
        assert_eq!(object["metadata"]["annotations"]["metadata.weave.works/suspended-comment"], "an old one");
        let outcome = old.act(&ada, "resume").await?;
        assert!(outcome.contains(">Done</b>") || outcome.contains(">Asked</b>"), "{}: {outcome}", old.kind);
        assert_ne!(old.read().await?["spec"]["suspend"], true);
    }
    // In Flux 2.5 a policy is reconciled whenever its repository is, and is no object to act on.
    let policy = Old::of(&house, images, "ImagePolicy", "imagepolicies", "web").act(&ada, "suspend").await?;
    assert!(policy.contains(">Refused</b>"), "{policy}");
    Ok(())
}

#[tokio::test]
async fn kinds_that_go_come_back_at_another_version_or_are_added_later_are_shown_as_they_are() -> anyhow::Result<()> {
    let plane = plane(Options { old_flux: true, ..Options::default() }).await?;
    plane.apply(&at("v1beta2", &estate::image_repository("apps", "web"), None)).await?;
    plane.grant_everywhere(ADA, all(&["get", "list", "watch"])).await?;
    let house = House::before(plane).await?;
    let ada = house.client(ADA, &[])?;
    until(&house, &ada, "image_automation/repositories", "31 tags").await?;
    let name = "imagerepositories.image.toolkit.fluxcd.io";
    let definition = json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": name}});
    house.plane.delete(&definition).await?;
    until(&house, &ada, "image_automation/repositories", "Image repositories not installed").await?;
    until(&house, &ada, "image_automation/policies", "There are no image policies yet").await?;
    for file in ["image.toolkit.fluxcd.io_imagerepositories", "source.toolkit.fluxcd.io_externalartifacts"] {
        let text = std::fs::read_to_string(tool("crds")?.join(format!("{file}.yaml")))?;
        for definition in yaml::documents(&text)? {
            house.plane.apply(&definition).await?;
        }
    }
    house.plane.established().await?;
    house.plane.apply(&estate::image_repository("apps", "web")).await?;
    until(&house, &ada, "image_automation/repositories", "31 tags").await?;
    let artifact = json!({"apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "ExternalArtifact",
        "metadata": {"name": "made", "namespace": "apps"}, "spec": {}});
    house.plane.apply(&artifact).await?;
    until(&house, &ada, "sources", "ExternalArtifact/apps/made").await?;
    Ok(())
}
