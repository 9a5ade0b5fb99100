//! Namespaces that are to be deleted: their status tells what is left in them.

use serde_json::Value;

use super::{Branch, Link};
use crate::{
    cause::{ApiResource, rules},
    details::reading::{each, seconds, text},
};

/// Whether the kind is that of namespaces.
pub(super) fn is_one(kind: &ApiResource) -> bool {
    kind.group.is_empty() && kind.kind == "Namespace"
}

/// What holds a namespace, called `label`, that is to be deleted.
pub(super) fn left(namespace: &Value, label: &str) -> Option<Branch> {
    let holding = each(&namespace["status"]["conditions"]).filter(|one| one["status"] == "True");
    let said: Vec<_> = holding.map(|one| (one, format!("{}: {}", text(&one["type"]), text(&one["message"])))).collect();
    let all: Vec<_> = said.iter().map(|(_, said)| &**said).collect();
    let (cause, because) = rules::read(&[rules::NAMESPACE], &all.join("\n"), &[])?;
    let mut branch = Branch::new(cause, format!("{label} is not gone: {because}"));
    for (condition, _) in &said {
        let quote = Link::quote("Condition", text(&condition["message"]));
        branch = branch.then(quote.since(seconds(&condition["lastTransitionTime"])));
    }
    Some(branch)
}
