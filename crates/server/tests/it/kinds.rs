//! Every kind that Flux knows: its list, its pages, its actions.

use std::collections::BTreeMap;

use fanlight_testbed::{Estate, Options, StandIn, Stream, estate, keys, stand_in};
use reqwest::{
    Client,
    header::{ACCEPT, LOCATION},
};
use serde_json::{Value, json};

use crate::house::{House, all, get, get_until, plane};

const ADA: &str = "ada@example.com";
const BEN: &str = "ben@example.com";

/// A company's cluster in which Ada may do everything.
pub(crate) async fn company() -> anyhow::Result<(House, Client)> {
    let plane = plane(Options::default()).await?;
    Estate::company()?.apply(&plane).await?;
    plane.grant_everywhere(ADA, all(&["get", "list", "watch", "patch"])).await?;
    let house = House::before(plane).await?;
    let ada = house.client(ADA, &[])?;
    Ok((house, ada))
}

/// What people read in some HTML, with single spaces.
pub(crate) fn words(html: &str) -> String {
    let texts = html.split('<').map(|part| part.split_once('>').map_or(part, |(_, text)| text));
    let text = texts.collect::<Vec<_>>().join(" ").replace("&#62;", ">").replace("&#34;", "\"");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A condition on a list: it has this row, and nothing is to be read any more.
fn has(page: &str, key: &str) -> bool {
    keys(page).iter().any(|shown| shown == key) && !page.contains("Still loading")
}

/// A row of a list.
fn html_row<'a>(page: &'a str, key: &str) -> &'a str {
    let found = page.split("<tbody").find(|row| row.contains(&format!("data-key=\"{key}\"")));
    found.unwrap_or_else(|| panic!("{key} is not on the page: {page}"))
}

/// What a row says.
fn row(page: &str, key: &str) -> String {
    words(&format!("<{}", html_row(page, key)))
}

#[tokio::test]
async fn every_list_shows_what_its_kinds_have_and_keeps_itself_current() -> anyhow::Result<()> {
    let (house, ada) = company().await?;
    for (path, key, said) in [
        ("sources", "GitRepository/flux-system/fleet", "git.example.com/flux-system/fleet.git main main@ba66396 1m"),
        ("sources", "OCIRepository/mobile/base", "registry.example.com/mobile/base tags >=1.0.0 1.4.2@83ba9c2 5m"),
        ("sources", "HelmChart/flux-system/mobile-push", "HelmChart flux-system/charts/push >=1.0.0 1.4.2 10m"),
        ("sources", "ExternalArtifact/mobile/gateway", "ExternalArtifact mobile/gateway main@ba66396"),
        ("sources", "ArtifactGenerator/mobile/gateway", "ArtifactGenerator flux-system/fleet"),
        (
            "image_automation/repositories",
            "ImageRepository/flux-system/accounts",
            "registry.example.com/acme/accounts 31 tags 5m",
        ),
        (
            "image_automation/policies",
            "ImagePolicy/flux-system/accounts",
            "1.4.2 registry.example.com/acme/accounts semver 1.x flux-system/accounts",
        ),
        (
            "image_automation/updates",
            "ImageUpdateAutomation/flux-system/fleet",
            "ba66396 ./apps flux-system/fleet main 30m",
        ),
        ("notifications/providers", "Provider/flux-system/chat", "slack hooks.example.com deployments"),
        (
            "notifications/alerts",
            "Alert/flux-system/all-deployments",
            "flux-system/chat info Kustomization *, HelmRelease edge/*",
        ),
        ("notifications/receivers", "Receiver/flux-system/fleet-push", "github /hook/fa8784f6c912b45e"),
        ("terraform", "Terraform/identity/mail-domain", "plan-main-ba66396785 waits to be approved"),
        ("operator", "FluxInstance/flux-system/flux", "2.9.x → v2.9.4"),
        ("operator", "ResourceSetInputProvider/flux-system/pull-requests", "GitHubPullRequest → 2 inputs"),
    ] {
        let row = row(&get_until(&house, &ada, &format!("/{path}"), |page| has(page, key)).await?, key);
        assert!(row.contains(said), "{path}: {row}");
    }
    let sources = get(&house, &ada, "/sources").await?;
    let signed = html_row(&sources, "OCIRepository/mobile/base");
    assert!(signed.contains("Its signature was verified"), "{signed}");
    let found = keys(&get(&house, &ada, "/image_automation/policies?search=1.4.2&status=ready").await?);
    assert_eq!(found.len(), 2, "policies are found by the image that they chose: {found:?}");

    let events = format!("{}/sources/events", house.server.url());
    let mut stream = Stream::of(ada.get(events).send().await?.error_for_status()?);
    stream.until(|view| view.contains("Bucket/")).await?;
    house
        .plane
        .apply(&estate::git_repository("apps", "late").failed("GitOperationFailed", "authentication required"))
        .await?;
    stream
        .until(|view| view.contains("data-key=\"GitRepository/apps/late\"") && view.contains("authentication required"))
        .await?;

    let answer = ada.get(format!("{}/image_automation?filters=status: Ready_", house.server.url())).send().await?;
    assert_eq!(answer.headers()[LOCATION], "/image_automation/repositories?filters=status:%20Ready_");
    Ok(())
}

#[tokio::test]
async fn every_object_has_a_page_under_its_old_and_its_short_address_with_tabs_that_are_links() -> anyhow::Result<()> {
    let (house, ada) = company().await?;
    for (short, address, said) in [
        ("ks/payments/payments-api", "kustomization/details?name=payments-api&namespace=payments", "Depends on"),
        ("hr/edge/ingress-gateway", "helm_release/details?name=ingress-gateway&namespace=edge", "ingress-gateway"),
        ("gitrepo/flux-system/fleet", "git_repo/details?name=fleet&namespace=flux-system", "Used by"),
        ("OCIRepository/mobile/base", "oci/details?name=base&namespace=mobile", "Signature verified"),
        (
            "helmrepo/flux-system/charts",
            "helm_repo/details?name=charts&namespace=flux-system",
            "mobile/push HelmRelease",
        ),
        ("hc/flux-system/mobile-push", "helm_chart/details?name=mobile-push&namespace=flux-system", "Used by"),
        (
            "ea/mobile/gateway",
            "external_artifact/details?name=gateway&namespace=mobile",
            "mobile/gateway Kustomization",
        ),
        ("ag/mobile/gateway", "artifact_generator/details?name=gateway&namespace=mobile", "Made from"),
        (
            "imgrepo/flux-system/accounts",
            "image_repo/details?name=accounts&namespace=flux-system",
            "flux-system/accounts ImagePolicy",
        ),
        (
            "imgpol/flux-system/accounts",
            "image_policy/details?name=accounts&namespace=flux-system",
            "Latest image registry.example.com/acme/accounts:1.4.2",
        ),
        ("imgauto/flux-system/fleet", "image_update/details?name=fleet&namespace=flux-system", "Last push ba66396"),
        (
            "provider/flux-system/chat",
            "provider/details?name=chat&namespace=flux-system",
            "flux-system/all-deployments Alert",
        ),
        ("alert/flux-system/failures", "alert/details?name=failures&namespace=flux-system", "Severity error"),
        (
            "receivers/flux-system/fleet-push",
            "receiver/details?name=fleet-push&namespace=flux-system",
            "Webhook path /hook/fa87",
        ),
        (
            "tf/identity/mail-domain",
            "terraform_object/details?name=mail-domain&namespace=identity",
            "Plans to be approved",
        ),
        ("fluxinstance/flux-system/flux", "flux_instance/details?name=flux&namespace=flux-system", "Version v2.9.4"),
        ("fluxreport/flux-system/flux", "flux_report/details?name=flux&namespace=flux-system", "Version v2.9.4"),
        (
            "rset/flux-system/previews",
            "resource_set/details?name=previews&namespace=flux-system",
            "flux-system/pull-requests ResourceSetInputProvider",
        ),
        (
            "rsip/flux-system/pull-requests",
            "input_provider/details?name=pull-requests&namespace=flux-system",
            "flux-system/previews ResourceSet",
        ),
    ] {
        let answer = ada.get(format!("{}/o/{short}", house.server.url())).send().await?;
        assert_eq!(answer.headers()[LOCATION], format!("/{address}"), "{short}");
        // What it has to do with is read in the background.
        let page = get_until(&house, &ada, &format!("/{address}"), |page| words(page).contains(said)).await?;
        for tab in ["details", "events", "yaml"] {
            let link = format!("/{}", address.replacen("/details", &format!("/{tab}"), 1));
            assert!(
                page.contains(&format!("href=\"{}\"", link.replace('&', "&amp;")))
                    || page.contains(&format!("href=\"{}\"", link.replace('&', "&#38;"))),
                "{link} is no link"
            );
            get(&house, &ada, &link).await?;
        }
    }
    Ok(())
}

#[tokio::test]
async fn events_history_and_values_are_told_and_what_secrets_hold_is_not() -> anyhow::Result<()> {
    let (house, ada) = company().await?;
    let foreign = json!({"apiVersion": "v1", "kind": "Event", "metadata": {"name": "foreign", "namespace": "payments"},
        "involvedObject": {"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization",
            "namespace": "payments", "name": "payments-api"},
        "type": "Normal", "reason": "BuiltElsewhere", "message": "of another API group"});
    house.plane.apply(&foreign).await?;
    let events = get(&house, &ada, "/kustomization/events?name=payments-api&namespace=payments").await?;
    assert!(
        words(&events).contains("Normal DependencyNotReady") && words(&events).contains("times within"),
        "{events}"
    );
    assert!(!events.contains("BuiltElsewhere"), "{events}");
    let history = words(&get(&house, &ada, "/kustomization/history?name=catalog&namespace=catalog").await?);
    assert!(history.contains("Applied main@ba66396 Copy the revision took"), "{history}");
    let history = words(&get(&house, &ada, "/helm_release/history?name=ingress-gateway&namespace=edge").await?);
    assert!(history.contains("Deployed ingress-gateway 4.12.0 Copy the revision revision 4"), "{history}");

    let map = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "defaults", "namespace": "apps"},
        "data": {"values.yaml": "replicas: 3\n"}});
    let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "db", "namespace": "apps"},
        "stringData": {"password": "hunter2"}});
    let release =
        estate::helm_release("apps", "billing").with_spec(json!({"values": {"ingress": true}, "valuesFrom": [
        {"kind": "ConfigMap", "name": "defaults"}, {"kind": "Secret", "name": "db", "valuesKey": "password"},
        {"kind": "ConfigMap", "name": "missing", "optional": true}]}));
    for object in [&map, &secret, &*release] {
        house.plane.apply(object).await?;
    }
    let page = get(&house, &ada, "/helm_release/values?name=billing&namespace=apps").await?;
    let values = words(&page);
    for said in [
        "replicas: 3",
        "ingress: true",
        "Secret db, key password Hidden",
        "There is no such ConfigMap, which is allowed.",
    ] {
        assert!(values.contains(said), "{said}: {values}");
    }
    assert!(!page.contains("hunter2") && !page.contains("aHVudGVyMg"), "{page}");

    // Who may see the object alone is told what is missing.
    let flux = json!([{"apiGroups": ["helm.toolkit.fluxcd.io"], "resources": ["helmreleases"], "verbs": ["get", "list", "watch"]}]);
    house.plane.grant_in("apps", BEN, flux).await?;
    let ben = house.client(BEN, &[])?;
    let values = get(&house, &ben, "/helm_release/values?name=billing&namespace=apps").await?;
    assert!(
        values.contains("cannot get resource &#34;configmaps&#34;")
            || values.contains("cannot get resource \"configmaps\""),
        "{values}"
    );
    assert!(values.contains("/user_info?verb=get&amp;resource=configmaps&amp;namespace=apps&amp;name="), "{values}");
    let events = get(&house, &ben, "/helm_release/events?name=billing&namespace=apps").await?;
    assert!(events.contains("An administrator can grant “list” on events."), "{events}");
    assert!(events.contains("/user_info?verb=list&amp;resource=events&amp;namespace=apps#may"), "{events}");
    Ok(())
}

#[tokio::test]
async fn the_runtime_page_names_controllers_and_definitions_or_the_right_that_is_missing() -> anyhow::Result<()> {
    let (house, ada) = company().await?;
    // The page does not wait for long for the controllers.
    let page = get_until(&house, &ada, "/flux_runtime", |page| words(page).contains("Flux v2.9.2:")).await?;
    let page = words(&page);
    assert!(page.contains("Flux v2.9.2:") && page.contains("ghcr.io/fluxcd/source-controller:v1.9.1"), "{page}");
    assert!(page.contains("OCIRepository v1") && page.contains("terraforms.infra.contrib.fluxcd.io"), "{page}");
    for old in ["/runtime", "/flux_runtime/crds", "/runtime/controllers"] {
        let answer = ada.get(format!("{}{old}", house.server.url())).send().await?;
        assert_eq!(answer.headers()[LOCATION], "/flux_runtime", "{old}");
    }
    for old in ["/policies", "/policy_details?id=x", "/policy_violation?id=x"] {
        assert!(get(&house, &ada, old).await?.contains("Policies are not shown here"), "{old}");
    }
    let ben = house.client(BEN, &[])?;
    let refused = "An administrator can grant “list” on deployments in flux-system.";
    let page = get_until(&house, &ben, "/flux_runtime", |page| page.contains(refused)).await?;
    assert!(page.contains("An administrator can grant “list” on deployments in flux-system."), "{page}");
    assert!(page.contains("An administrator can grant “get” on customresourcedefinitions."), "{page}");
    assert_eq!(page.matches("/user_info?verb=").count(), 2, "what is missing: {page}");
    Ok(())
}

#[tokio::test]
async fn a_list_of_kinds_that_are_not_installed_or_not_allowed_says_so_and_what_to_do() -> anyhow::Result<()> {
    let plane = plane(Options::default()).await?;
    plane.grant_everywhere(ADA, all(&["get", "list", "watch"])).await?;
    for name in ["terraforms.infra.contrib.fluxcd.io", "imagepolicies.image.toolkit.fluxcd.io"] {
        let definition = json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": name}});
        plane.delete(&definition).await?;
        plane.gone(&definition).await?;
    }
    let house = House::before(plane).await?;
    let (ada, ben) = (house.client(ADA, &[])?, house.client(BEN, &[])?);
    let events = format!("{}/image_automation/policies/events", house.server.url());
    let mut stream = Stream::of(ada.get(events).send().await?.error_for_status()?);
    stream
        .until(|view| view.contains("Image policies not installed") && view.contains("image-reflector-controller"))
        .await?;
    let page = get_until(&house, &ada, "/terraform", |page| page.contains("not installed")).await?;
    assert!(page.contains("Terraform objects not installed") && page.contains("tofu-controller"), "{page}");
    let none = get_until(&house, &ada, "/notifications/alerts", |page| page.contains("no alerts yet")).await?;
    assert!(none.contains("There are no alerts yet"), "{none}");
    assert!(!none.contains("href=\"/terraform\"") && none.contains("href=\"/operator\""), "the rail: {none}");
    let refused = |page: &str| page.contains("You may not list any");
    let receivers = get_until(&house, &ben, "/notifications/receivers", refused).await?;
    assert!(
        receivers.contains("You may not list any receivers") && receivers.contains("resources: [receivers]"),
        "{receivers}"
    );
    let sources = get_until(&house, &ben, "/sources", refused).await?;
    assert!(sources.contains("resources: [artifactgenerators]"), "{sources}");
    Ok(())
}

#[tokio::test]
async fn each_kind_is_reconciled_suspended_and_resumed_in_its_own_way_or_says_why_not() -> anyhow::Result<()> {
    let (house, ada) = company().await?;
    let _controllers = StandIn::start(house.plane.admin(), stand_in::Options::quick()).await?;
    let objects = [
        "OCIRepository/mobile/base",
        "HelmChart/flux-system/mobile-push",
        "ArtifactGenerator/mobile/gateway",
        "ImageRepository/flux-system/accounts",
        "ImagePolicy/flux-system/accounts",
        "ImageUpdateAutomation/flux-system/fleet",
        "Receiver/flux-system/fleet-push",
        "Terraform/identity/user-pool",
        "ResourceSet/flux-system/previews",
        "FluxInstance/flux-system/flux",
    ];
    let act = async |action: &str, objects: &[&str]| -> anyhow::Result<BTreeMap<String, String>> {
        let fields = objects.iter().map(|object| ("object", *object)).chain([("action", action)]);
        let request = ada.post(format!("{}/actions", house.server.url())).form(&fields.collect::<Vec<_>>());
        let lines = request.header(ACCEPT, "application/x-ndjson").send().await?.error_for_status()?.text().await?;
        let mut ends = BTreeMap::new();
        for line in lines.lines() {
            let step: Value = serde_json::from_str(line)?;
            if step["final"] == true {
                let text = |field: &str| step[field].as_str().unwrap_or_default();
                ends.insert(text("object").to_owned(), format!("{}: {}", text("word"), text("text")));
            }
        }
        Ok(ends)
    };
    for (action, said) in [("sync", "Done: Reconciled"), ("suspend", "Done: Suspended"), ("resume", "Done: Resumed")] {
        let ends = act(action, &objects).await?;
        assert_eq!(ends.len(), objects.len());
        assert!(ends.values().all(|end| end.starts_with(said)), "{action}: {ends:#?}");
    }
    let more = [("force", "forceAt"), ("reset-with-source", "resetAt"), ("force-reset", "forceAt resetAt")];
    for (action, annotations) in more {
        let ends = act(action, &["HelmRelease/mobile/push", "Kustomization/mobile/gateway"]).await?;
        assert!(ends["HelmRelease/mobile/push"].starts_with("Done: Reconciled"), "{ends:?}");
        let refused = "Refused: Kustomization objects can be neither forced nor reset";
        assert_eq!(ends["Kustomization/mobile/gateway"], refused);
        let manifest = get(&house, &ada, "/helm_release/yaml?name=push&namespace=mobile").await?;
        let value = |name: &str| {
            let start = format!("reconcile.fluxcd.io/{name}: ");
            manifest.split(&start).nth(1).and_then(|rest| rest.lines().next()).map(ToOwned::to_owned)
        };
        for annotation in annotations.split(' ') {
            assert!(value(annotation).is_some() && value(annotation) == value("requestedAt"), "{action}: {manifest}");
        }
    }
    let silent = ["Alert/flux-system/failures", "Provider/flux-system/chat"];
    assert!(act("sync", &silent).await?.values().all(|end| end.starts_with("Refused: Cannot be synced")));
    assert!(act("suspend", &silent).await?.values().all(|end| end == "Done: Suspended"));
    let made = act("suspend", &["ExternalArtifact/mobile/gateway"]).await?;
    assert!(made.values().all(|end| end.contains("cannot be suspended")), "{made:?}");

    let suspended = ["Alert/flux-system/failures", "Alert/payments/payments-oncall"];
    let path = "/notifications/alerts?status=suspended";
    let alerts = get_until(&house, &ada, path, |page| keys(page) == suspended).await?;
    let button = |page: &str, value: &str| page.contains(&format!("value=\"{value}\""));
    assert!(!button(&alerts, "sync") && button(&alerts, "resume"), "alerts are never reconciled");
    let artifact = get(&house, &ada, "/external_artifact/details?name=gateway&namespace=mobile").await?;
    assert!(!button(&artifact, "sync") && !button(&artifact, "suspend"), "nothing can be done to what others make");
    Ok(())
}

#[tokio::test]
async fn an_application_shows_whether_its_source_was_verified_to_whoever_may_list_that_source() -> anyhow::Result<()> {
    const CARRIERS: &str = "Kustomization/logistics/carriers";
    const VERIFIED: &str = "The signature of its source was verified";
    let (house, ada) = company().await?;
    let applications =
        json!([{"apiGroups": ["kustomize.toolkit.fluxcd.io"], "resources": ["*"], "verbs": ["get", "list", "watch"]}]);
    house.plane.grant_in("logistics", BEN, applications).await?;
    let mut guest = house.guest(ADA).await?;
    // The sources are read beside the applications.
    let vouched = |view: &str| has(view, CARRIERS) && html_row(view, CARRIERS).contains(VERIFIED);
    let view = guest.stream.until(vouched).await?;
    assert!(!html_row(&view, "Kustomization/logistics/parcels").contains("shield"), "nobody asked for it: {view}");
    let page = get(&house, &ada, "/applications?namespace=logistics").await?;
    assert!(html_row(&page, CARRIERS).contains(VERIFIED), "{page}");
    let page = get(&house, &ada, "/kustomization/details?namespace=logistics&name=carriers").await?;
    assert!(words(&page).contains("Source’s signature verified"), "{page}");
    let found = get(&house, &ada, "/search?q=logistics/carriers").await?;
    assert!(html_row(&found, CARRIERS).contains(VERIFIED), "{found}");

    let mut wrong: Value = (*estate::oci_repository("mobile", "base")).clone();
    wrong["spec"]["verify"] = json!({"provider": "cosign"});
    wrong["status"]["conditions"].as_array_mut().expect("conditions").push(json!({"type": "SourceVerified",
        "status": "False", "reason": "VerificationError", "message": "no", "lastTransitionTime": "2026-01-01T00:00:00Z"}));
    house.plane.apply(&wrong).await?;
    guest.stream.until(|view| html_row(view, CARRIERS).contains("could not be verified")).await?;

    let ben = house.client(BEN, &[])?;
    let page = get_until(&house, &ben, "/applications", |page| has(page, CARRIERS)).await?;
    assert!(!html_row(&page, CARRIERS).contains("shield") && !page.contains("GitRepository"), "{page}");
    Ok(())
}
