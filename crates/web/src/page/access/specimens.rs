use fanlight_live::{Extent, KindAccess};
use fanlight_model::Kind;

use super::{AccessPage, Asked, Line, Reply, Standing};
use crate::frame::Frame;

/// What somebody may do, and what they ask, with their titles, for the style guide.
pub(in crate::page) fn specimens(frame: &Frame) -> Vec<(&'static str, String)> {
    let places = |names: &[&str]| Extent::Namespaces(names.iter().map(|name| (*name).into()).collect());
    let access = |kind, see, change| KindAccess { kind, see, change };
    let kinds = [
        access(Kind::KUSTOMIZATION, Extent::Everywhere, places(&["orders", "web"])),
        access(Kind::HELM_RELEASE, places(&["billing", "catalog", "orders", "search", "web"]), Extent::Some),
        access(Kind::GIT_REPOSITORY, Extent::Unknown, Extent::Nothing),
    ];
    let asked = Asked {
        verb: "delete".to_owned(),
        resource: "pods".to_owned(),
        namespace: "web".to_owned(),
        ..Asked::default()
    };
    let reply = Reply {
        class: "failed",
        sentence: "No, you may not delete pods in web.".to_owned(),
        reason: "no RBAC policy matched".to_owned(),
        remedy: "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role".to_owned(),
    };
    let page = AccessPage {
        frame: frame.clone(),
        method: "at the identity provider",
        groups: Vec::new(),
        notices: Vec::new(),
        guise: Standing::default(),
        kinds: kinds.into_iter().map(Line::new).collect(),
        gains: None,
        asked,
        reply: Some(reply),
        known: vec!["kustomizations.kustomize.toolkit.fluxcd.io".to_owned()],
    };
    vec![("What you may do", page.as_rights().to_string()), ("May I …?", page.as_question().to_string())]
}
