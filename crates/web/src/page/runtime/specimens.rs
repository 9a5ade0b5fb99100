use fanlight_model::{Controller, Definition, Kind};
use serde_json::{Value, json};

use super::{Found, Runtime};
use crate::frame::Frame;

/// Both tables of the page with their titles, for the style guide.
pub(in crate::page) fn specimens(frame: &Frame) -> Vec<(&'static str, String)> {
    let controllers = [("kustomize-controller", 1), ("source-controller", 0)].map(controller);
    let definitions = [
        Definition::read(Kind::KUSTOMIZATION, &definition(&["v1"])),
        Definition::read(Kind::IMAGE_POLICY, &definition(&["v1", "v1beta2"])),
    ];
    let found = Found { controllers: Ok(controllers.into()), definitions: Ok(definitions.into()) };
    let page = Runtime::new(frame, &found);
    vec![
        ("Controllers", page.as_controllers().to_string()),
        ("Definitions of kinds", page.as_definitions().to_string()),
    ]
}

/// A controller of which so many pods are available.
fn controller((name, available): (&str, u8)) -> Controller {
    Controller::read(&json!({
        "metadata": {"name": name, "namespace": "flux-system", "labels": {"app.kubernetes.io/version": "v2.9.4"}},
        "spec": {"replicas": 1, "template": {"spec": {"containers": [{"image": format!("ghcr.io/fluxcd/{name}:v1.9.2")}]}}},
        "status": {"replicas": 1, "updatedReplicas": 1, "availableReplicas": available}}))
}

/// A definition with these versions: the first is stored, the others are deprecated.
fn definition(versions: &[&str]) -> Value {
    let version = |(number, name): (usize, &&str)| json!({"name": name, "served": true, "storage": number == 0, "deprecated": number > 0});
    let all: Vec<_> = versions.iter().enumerate().map(version).collect();
    json!({"spec": {"versions": all}, "status": {"storedVersions": versions}})
}
