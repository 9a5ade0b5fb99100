//! The parts of the company that were not recorded: three more teams, images, infrastructure, the Flux Operator.

use serde_json::{Value, json};

use super::{
    FluxObject, config_map, deployment, git_repository, helm_chart, helm_release, helm_repository, image_policy,
    image_repository, image_update_automation, kustomization, oci_repository, resource_set, terraform,
};

/// All of it.
pub(super) fn objects() -> Vec<Value> {
    let mut all: Vec<Value> = ["identity", "logistics", "mobile"].map(namespace).into();
    all.extend([
        git_repository("flux-system", "fleet").finalized().into(),
        helm_repository("flux-system", "charts").finalized().into(),
    ]);
    all.extend(identity());
    all.extend(logistics());
    all.extend(mobile());
    all.extend(images());
    all.extend(operator());
    all
}

fn namespace(name: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name,
        "labels": {"kustomize.toolkit.fluxcd.io/name": "tenants", "kustomize.toolkit.fluxcd.io/namespace": "flux-system"}}})
}

/// Everything well, infrastructure by Terraform.
fn identity() -> Vec<Value> {
    let runs = [
        deployment("identity", "accounts", "accounts:5.3.0", 3),
        deployment("identity", "accounts-mailer", "mailer:2.0.4", 1),
        config_map("identity", "accounts-settings", &json!({"session-hours": "12"})),
    ];
    let mut all = application(kustomization("identity", "accounts"), &runs);
    all.extend(release("identity", "directory", "directory:1.4.2"));
    all.push(terraform("identity", "user-pool").into());
    let plan = "Plan generated: set approvePlan: \"plan-main-ba66396785\" to approve this plan.";
    let waiting = [("Ready", "Unknown", "TerraformPlannedWithChanges", plan)];
    all.push(
        terraform("identity", "mail-domain")
            .with_spec(json!({"approvePlan": ""}))
            .with_conditions(&waiting)
            .with_status(json!({"plan": {"pending": "plan-main-ba66396785"}}))
            .into(),
    );
    all
}

/// A release in the middle of a roll-out, and infrastructure that fails.
fn logistics() -> Vec<Value> {
    let runs =
        [deployment("logistics", "routing", "routing:3.1.0", 2), deployment("logistics", "labels", "labels:1.9.9", 1)];
    let mut all = application(kustomization("logistics", "parcels").after(&["carriers"]), &runs);
    all.extend(application(
        // Signed, in a namespace of others.
        kustomization("logistics", "carriers")
            .with_spec(json!({"sourceRef": {"kind": "OCIRepository", "name": "base", "namespace": "mobile"}})),
        &[deployment("logistics", "carriers", "carriers:0.8.1", 2)],
    ));
    all.extend(release("logistics", "stock", "stock:1.4.2"));
    let denied = "error running Plan: rpc error: code = Internal desc = exit status 1: Error: creating S3 Bucket \
        (parcel-labels): AccessDenied";
    all.push(terraform("logistics", "label-store").failed("TFExecPlanFailed", denied).into());
    all.push(terraform("logistics", "queues").suspended().into());
    all
}

/// Artifacts composed from several sources; a build that was never pushed.
fn mobile() -> Vec<Value> {
    let runs = [deployment("mobile", "gateway", "mobile-gateway:7.0.2", 2)];
    let mut all = application(
        kustomization("mobile", "gateway").with_spec(json!({"sourceRef": {"kind": "ExternalArtifact",
            "name": "gateway", "namespace": "mobile"}})),
        &runs,
    );
    all.extend(release("mobile", "push", "push:1.4.2"));
    let commit = git_repository("mobile", "x")["status"]["artifact"].clone();
    let composed = "source.extensions.fluxcd.io/v1beta1";
    let spec = json!({"sources": [{"alias": "git", "kind": "GitRepository", "name": "fleet", "namespace": "flux-system"}],
        "artifacts": [{"name": "gateway", "copy": [{"from": "@git/mobile/**", "to": "@artifact/"}]}]});
    all.push(
        FluxObject::new(composed, "ArtifactGenerator", "mobile", "gateway", spec)
            .ready("Succeeded", "reconciliation succeeded, generated 1 artifact(s)")
            .with_status(json!({"inventory": [{"name": "gateway", "namespace": "mobile",
                "digest": commit["digest"], "filename": "gateway.tar.gz"}]}))
            .into(),
    );
    all.push(
        FluxObject::new(
            "source.toolkit.fluxcd.io/v1",
            "ExternalArtifact",
            "mobile",
            "gateway",
            json!({"sourceRef":
            {"apiVersion": composed, "kind": "ArtifactGenerator", "name": "gateway", "namespace": "mobile"}}),
        )
        .ready("Succeeded", "Artifact is ready")
        .with_status(json!({"artifact": commit}))
        .into(),
    );
    let signed = "verified signature of digest sha256:83ba9c28d7f4";
    let stored =
        "stored artifact for digest '1.4.2@sha256:83ba9c28d7f46c60b9cd5645a3eb4d826048a36d984e026119906f2668a5f182'";
    all.push(
        oci_repository("mobile", "base")
            .with_spec(json!({"verify": {"provider": "cosign"}}))
            .with_conditions(&[
                ("Ready", "True", "Succeeded", stored),
                ("SourceVerified", "True", "Succeeded", signed),
                ("ArtifactInStorage", "True", "Succeeded", stored),
            ])
            .into(),
    );
    let missing = "failed to determine artifact digest: GET https://registry.example.com/v2/mobile/app-config/tags/list: \
        NAME_UNKNOWN: repository name not known to registry";
    all.push(oci_repository("mobile", "app-config").waiting("OCIArtifactPullFailed", missing).into());
    all
}

fn images() -> Vec<Value> {
    let scanned = |name: &str| [image_repository("flux-system", name).into(), image_policy("flux-system", name).into()];
    let mut all: Vec<Value> = ["accounts", "routing"].into_iter().flat_map(scanned).collect();
    let denied = "GET https://registry.example.com/v2/acme/labels/tags/list: UNAUTHORIZED: authentication required";
    all.push(image_repository("flux-system", "labels").failed("ReadOperationFailed", denied).into());
    let nothing = "no image found for policy: version list argument cannot be empty";
    all.push(image_policy("flux-system", "labels").failed("Failure", nothing).into());
    all.push(image_update_automation("flux-system", "fleet").into());
    all
}

fn operator() -> Vec<Value> {
    let version = "fluxcd.controlplane.io/v1";
    let controllers = ["source", "kustomize", "helm", "notification"];
    let component = |name: &str| {
        json!({"name": format!("{name}-controller"), "ready": true, "status": "Current Deployment is available. Replicas: 1",
            "image": format!("ghcr.io/fluxcd/{name}-controller")})
    };
    let instance = json!({"distribution": {"version": "2.9.x", "registry": "ghcr.io/fluxcd"},
        "components": controllers.map(|name| format!("{name}-controller")),
        "cluster": {"type": "kubernetes", "multitenant": true}});
    let report = json!({"cluster": {"serverVersion": "v1.36.3", "platform": "linux/amd64", "nodes": 3},
        "components": controllers.map(component),
        "distribution": {"version": "v2.9.4", "status": "Installed", "entitlement": "Issued by controlplane",
            "managedBy": "flux-operator"},
        "reconcilers": [{"apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization",
            "stats": {"running": 12, "failing": 1, "suspended": 2}}],
        "sync": {"id": "kustomization/flux-system", "path": "clusters/production", "ready": true,
            "source": "https://git.example.com/platform/fleet.git", "status": "Applied revision: main"}});
    let inputs = json!({"type": "GitHubPullRequest", "url": "https://git.example.com/shop/apps",
        "filter": {"labels": ["preview"]}});
    let sets = resource_set("flux-system", "previews")
        .with_spec(json!({"inputsFrom": [{"kind": "ResourceSetInputProvider", "name": "pull-requests"}]}));
    vec![
        FluxObject::new(version, "FluxInstance", "flux-system", "flux", instance)
            .ready("ReconciliationSucceeded", "Reconciliation finished in 4s")
            .with_status(json!({"lastAppliedRevision": "v2.9.4", "lastAttemptedRevision": "v2.9.4"}))
            .into(),
        FluxObject::new(version, "FluxReport", "flux-system", "flux", report)
            .ready("ReportingSucceeded", "Reporting finished in 80ms")
            .into(),
        sets.into(),
        resource_set("flux-system", "tenants").failed("BuildFailed", "template: inputs.tenant: missing key").into(),
        FluxObject::new(version, "ResourceSetInputProvider", "flux-system", "pull-requests", inputs)
            .ready("ReconciliationSucceeded", "Reconciliation finished in 310ms")
            .with_status(
                json!({"exportedInputs": [{"id": "102", "branch": "banner"}, {"id": "103", "branch": "sizes"}],
                    "nextSchedule": {"cron": "0 8 * * 1-5", "timeZone": "UTC", "when": "2026-01-06T08:00:00Z", "window": "0s"}}),
            )
            .into(),
    ]
}

/// A Kustomization with what it applied.
fn application(kustomization: FluxObject, runs: &[Value]) -> Vec<Value> {
    let (namespace, name) = (kustomization["metadata"]["namespace"].clone(), kustomization["metadata"]["name"].clone());
    let mut all = labelled(runs, "kustomize", &namespace, &name);
    all.push(kustomization.finalized().having_applied(runs).into());
    all
}

/// A HelmRelease with its chart and what it installed: one Deployment of `image`.
fn release(namespace: &str, name: &str, image: &str) -> Vec<Value> {
    let runs = [deployment(namespace, name, image, 2)];
    let mut all = labelled(&runs, "helm", &json!(namespace), &json!(name));
    all.push(helm_chart(namespace, name).finalized().into());
    all.push(helm_release(namespace, name).finalized().having_applied(&runs).into());
    all
}

/// The objects with the labels of the applier that owns them.
fn labelled(objects: &[Value], tool: &str, namespace: &Value, name: &Value) -> Vec<Value> {
    let mut all = objects.to_vec();
    for object in &mut all {
        object["metadata"]["labels"][format!("{tool}.toolkit.fluxcd.io/name")] = name.clone();
        object["metadata"]["labels"][format!("{tool}.toolkit.fluxcd.io/namespace")] = namespace.clone();
    }
    all
}
