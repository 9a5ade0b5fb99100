//! What a line of Flux's controllers says about one object.

use std::fmt::Write;

use serde_json::{Map, Value};

use super::LogLine;
use crate::{ObjectKey, cut, details::reading::text};

/// The fields that say when, where and of whom a line is: what is left says something.
const FRAME: [&str; 14] = [
    "level",
    "ts",
    "logger",
    "msg",
    "controller",
    "controllerGroup",
    "controllerKind",
    "reconciler group",
    "reconciler kind",
    "reconcilerGroup",
    "reconcilerKind",
    "namespace",
    "name",
    "reconcileID",
];

/// The line as people read it, if it is about this object.
pub(super) fn about(line: LogLine, key: &ObjectKey) -> Option<LogLine> {
    let Ok(fields) = serde_json::from_str::<Map<String, Value>>(&line.text) else {
        return mentions(&line.text, key).then_some(line);
    };
    is_about(&fields, key).then(|| LogLine { text: told(&fields, key), ..line })
}

/// Plain text, such as a panic, may name it in one of two ways.
fn mentions(line: &str, key: &ObjectKey) -> bool {
    let name = format!("{}/{}", key.namespace, key.name);
    let goes_on = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '.');
    line.match_indices(&name)
        .any(|(at, _)| !line[..at].ends_with(goes_on) && !line[at + name.len()..].starts_with(goes_on))
}

fn is_about(fields: &Map<String, Value>, key: &ObjectKey) -> bool {
    let kind = key.kind.info().name;
    let is_named = |one: &Value| text(&one["name"]) == &*key.name && text(&one["namespace"]) == &*key.namespace;
    if fields.get(kind).is_some_and(is_named) {
        return true;
    }
    for field in ["object", "involvedObject", "eventInvolvedObject"] {
        if fields.get(field).is_some_and(|one| is_named(one) && text(&one["kind"]) == kind) {
            return true;
        }
    }
    let field = |name: &str| fields.get(name).map(text).unwrap_or_default();
    // As old controllers say it.
    let is_requested = field("request") == format!("{}/{}", key.namespace, key.name);
    if !is_requested && (field("name") != &*key.name || field("namespace") != &*key.namespace) {
        return false;
    }
    let kinds = ["controllerKind", "reconciler kind", "reconcilerKind"].map(field);
    match kinds.into_iter().find(|said| !said.is_empty()) {
        Some(said) => said == kind,
        None => field("controller").eq_ignore_ascii_case(kind),
    }
}

/// What happened, the error, and whatever else it says.
fn told(fields: &Map<String, Value>, key: &ObjectKey) -> String {
    /// How much of a field is told that is neither the message nor the error.
    const FIELD: usize = 400;
    let field = |name: &str| fields.get(name).map(text).unwrap_or_default().trim();
    let (message, error) = (field("msg"), field("error"));
    let mut said = match (message, error) {
        ("", error) => error.to_owned(),
        (message, "") => message.to_owned(),
        (message, error) => format!("{message}: {error}"),
    };
    for (name, value) in fields {
        if FRAME.contains(&&**name) || name == "error" || *name == key.kind.info().name || name == "request" {
            continue;
        }
        let value = match value {
            Value::String(value) => value.clone(),
            value => value.to_string(),
        };
        let _ = write!(said, " {name}={}", cut(value.trim(), FIELD));
    }
    // A field may have had line breaks, escaped in the line.
    LogLine::read(said.replace('\n', " ⏎ ").as_bytes(), 0).text
}

#[cfg(test)]
mod tests {
    use crate::Kind;

    use super::*;

    fn shown(line: &str) -> Option<String> {
        let key = ObjectKey::new(Kind::KUSTOMIZATION, "apps", "shop");
        about(LogLine::read(line.as_bytes(), 0), &key).map(|line| line.text)
    }

    #[test]
    fn a_line_about_the_object_is_told_in_words() {
        let line = r#"{"level":"error","ts":"2026-11-30T09:41:02.123Z","msg":"Reconciliation failed after 1s, next try in 2m0s","controller":"kustomization","controllerGroup":"kustomize.toolkit.fluxcd.io","controllerKind":"Kustomization","Kustomization":{"name":"shop","namespace":"apps"},"namespace":"apps","name":"shop","reconcileID":"0b1c","revision":"main@sha1:4f1c","error":"Deployment/shop/web dry-run failed:\nspec.replicas: -1"}"#;
        assert_eq!(
            shown(line).as_deref(),
            Some(
                "Reconciliation failed after 1s, next try in 2m0s: Deployment/shop/web dry-run failed: ⏎ spec.replicas: -1 revision=main@sha1:4f1c"
            )
        );
        let old = r#"{"level":"info","logger":"controller.kustomization","msg":"done","reconciler kind":"Kustomization","name":"shop","namespace":"apps"}"#;
        assert_eq!(shown(old).as_deref(), Some("done"));
        let oldest = r#"{"msg":"done","controller":"kustomization","request":"apps/shop"}"#;
        assert_eq!(shown(oldest).as_deref(), Some("done"));
        let event =
            r#"{"msg":"dispatching","eventInvolvedObject":{"kind":"Kustomization","name":"shop","namespace":"apps"}}"#;
        assert!(shown(event).is_some());
    }

    #[test]
    fn a_line_about_another_object_is_not_shown_however_much_it_looks_alike() {
        for line in [
            r#"{"msg":"done","controllerKind":"HelmRelease","HelmRelease":{"name":"shop","namespace":"apps"},"name":"shop","namespace":"apps"}"#,
            r#"{"msg":"done","controllerKind":"Kustomization","name":"shop","namespace":"data"}"#,
            r#"{"msg":"done","controllerKind":"Kustomization","name":"shop-2","namespace":"apps"}"#,
            r#"{"msg":"apps/shop","name":"shop","namespace":"apps"}"#,
            r#"{"msg":"Kustomization apps/shop"}"#,
            r#"{"object":{"kind":"HelmRelease","name":"shop","namespace":"apps"}}"#,
            "goroutine 1 for apps/shop-2",
            "my-apps/shop",
        ] {
            assert_eq!(shown(line), None, "{line}");
        }
        assert!(shown("panic: while reconciling apps/shop: nil").is_some(), "plain text that names it");
    }
}
