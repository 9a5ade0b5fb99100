use std::time::SystemTime;

use askama::Template;
use fanlight_model::{EventEntry, Events, OtherKind};
use serde_json::json;

use super::{
    Asked, Content,
    asked::{Called, Came, Found},
};
use crate::{frame::Frame, when};

/// The page of a Secret that a Kustomization applied, for the style guide.
pub(in crate::page) fn specimen(frame: &Frame, now: SystemTime) -> String {
    let at = when::timestamp(now - std::time::Duration::from_secs(240));
    let [group, version, plural, name] = ["", "v1", "secrets", "Secret"].map(ToOwned::to_owned);
    let kind = OtherKind { group: group.clone(), version, plural, name: name.clone(), namespaced: true };
    let labels =
        json!({"kustomize.toolkit.fluxcd.io/name": "orders", "kustomize.toolkit.fluxcd.io/namespace": "styleguide"});
    let object = json!({"apiVersion": "v1", "kind": "Secret", "data": {"password": "aHVudGVyMg=="},
        "metadata": {"namespace": "styleguide", "name": "database", "creationTimestamp": at, "labels": labels}});
    let event =
        EventEntry::read(&json!({"type": "Warning", "reason": "Rotated", "message": "the password is another one",
        "lastTimestamp": at, "source": {"component": "rotator"}}));
    let events = Ok(Events { entries: vec![event], more: false });
    let asked = Asked {
        kind: Called::Named { group, kind: name },
        namespace: "styleguide".to_owned(),
        name: "database".to_owned(),
    };
    let came = Came { kind: Some(kind), found: Ok(Found::Object(object, events)) };
    Content::new(frame, &asked, &came, now).render().unwrap_or_default()
}
