//! What the pages of objects say that only some kinds have.

use crate::{
    house::get,
    kinds::{company, words},
};

/// What else pages say, with a button for what is pasted elsewhere: each address with some of its words.
const TOLD: [(&str, &[&str]); 10] = [
    (
        "image_update/details?name=fleet&namespace=flux-system",
        &["flux@example.com", "Last push ba66396 Copy Last push", "Policies accounts"],
    ),
    (
        "image_policy/details?name=accounts&namespace=flux-system",
        &["Previous image registry.example.com/acme/accounts:1.4.1"],
    ),
    ("image_repo/details?name=accounts&namespace=flux-system", &["Latest tags 1.4.2 1.4.1 1.4.0"]),
    (
        "helm_release/details?name=push&namespace=mobile",
        &["Version asked for >=1.0.0", "Release push", "Storage namespace mobile"],
    ),
    ("git_repo/details?name=fleet&namespace=flux-system", &["Artifact Digest", "Size 4.0 KiB", "Last update"]),
    ("flux_instance/details?name=flux&namespace=flux-system", &["Cluster Type kubernetes Tenants kept apart"]),
    (
        "flux_report/details?name=flux&namespace=flux-system",
        &[
            "Kubernetes v1.36.3",
            "Ready helm-controller ghcr.io/fluxcd/helm-controller",
            "Kustomization 12 running, 1 failing",
        ],
    ),
    (
        "input_provider/details?name=pull-requests&namespace=flux-system",
        &["Exported inputs - branch: banner", "Next run"],
    ),
    ("resource_set/details?name=tenants&namespace=flux-system", &["Inputs - tenant: blue"]),
    ("helm_release/history?name=push&namespace=mobile", &["installed first", "helm history push -n mobile"]),
];

#[tokio::test]
async fn pages_say_what_only_some_kinds_have_and_lead_to_what_an_alert_is_about() -> anyhow::Result<()> {
    let (house, ada) = company().await?;
    for (address, told) in TOLD {
        let page = words(&get(&house, &ada, &format!("/{address}")).await?);
        for said in told {
            assert!(page.contains(said), "{address} does not say {said}: {page}");
        }
    }
    let alert = get(&house, &ada, "/alert/details?name=failures&namespace=flux-system").await?;
    let links = alert.matches("href=\"/applications?kind=").count();
    assert!(links > 0, "the objects that it is about are a list: {alert}");
    for kind in ["kustomization", "helm_release"] {
        let page = get(&house, &ada, &format!("/{kind}/violations?name=push&namespace=mobile")).await?;
        assert!(page.contains("Policies are not shown here"), "{kind}: {page}");
        assert!(page.contains(&format!("href=\"/{kind}/details?name=push")), "{kind} leads to the object: {page}");
    }
    Ok(())
}
