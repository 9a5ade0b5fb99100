//! What is read out of the words of a controller besides their meaning: names of other objects.

use super::super::rules;
use crate::{ConditionStatus, Details, ObjectKey, Row, details::ConditionEntry, status::words};

/// An object that a message says is not healthy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::cause) struct Unhealthy {
    pub(in crate::cause) kind: String,
    /// Its API group, if that is known: kinds of several groups have one name.
    pub(super) group: Option<String>,
    pub(in crate::cause) namespace: String,
    pub(in crate::cause) name: String,
}

/// The words of a controller that tell of the trouble: of a release that was rolled back not those on the rollback.
pub(super) fn told(details: &Details) -> (&str, &str) {
    let find = |kind: &str| details.conditions.iter().find(|condition| condition.kind == kind);
    let ready = find("Ready");
    let failed = |condition: &&ConditionEntry| condition.status == ConditionStatus::False;
    let released = find("Released").filter(failed);
    let rolled_back = ready.is_some_and(|ready| {
        ["RollbackSucceeded", "UninstallSucceeded"].contains(&&*ready.reason) && released.is_some()
    });
    let teller = if rolled_back { released } else { ready.or_else(|| find("Stalled")) };
    teller.map_or(("", ""), |condition| (&condition.reason, &condition.message))
}

/// Reads `dependency 'apps/db' is not ready`, and what is said besides.
pub(in crate::cause) fn dependency<'a>(row: &Row, message: &'a str) -> Option<(ObjectKey, &'a str)> {
    let (name, rest) = words::quoted(message.strip_prefix("dependency")?)?;
    let own = &row.key;
    let (namespace, name) = name.split_once('/').unwrap_or((&own.namespace, name));
    let mut known = row.depends_on.iter();
    let known = known.find(|key| &*key.namespace == namespace && &*key.name == name);
    Some((known.cloned().unwrap_or_else(|| ObjectKey::new(own.kind, namespace, name)), rest.trim()))
}

/// Reads `[Deployment/apps/cart status: 'Failed', Job/apps/migrate status: 'InProgress']`.
pub(in crate::cause) fn unhealthy(message: &str) -> Vec<Unhealthy> {
    let Some((list, _)) = message.split_once('[').and_then(|(_, rest)| rest.split_once(']')) else {
        return Vec::new();
    };
    let read = |entry: &str| {
        let (id, _) = entry.split_once(" status: ")?;
        let mut parts = id.trim().splitn(3, '/');
        let (kind, second) = (parts.next()?, parts.next()?);
        let (namespace, name) = parts.next().map_or(("", second), |name| (second, name));
        let [kind, namespace, name] = [kind, namespace, name].map(ToOwned::to_owned);
        Some(Unhealthy { kind, group: None, namespace, name })
    };
    list.split(", ").filter_map(read).collect()
}

/// The beginning of what is said of an object that is not healthy, in a sentence.
pub(super) fn labelled(kind: &str, namespace: &str, name: &str) -> String {
    match namespace {
        "" => format!("{} `{}`", rules::plain(kind), rules::plain(name)),
        namespace => format!("{} `{}/{}`", rules::plain(kind), rules::plain(namespace), rules::plain(name)),
    }
}

/// The same of an object of Flux.
pub(in crate::cause) fn labelled_key(key: &ObjectKey) -> String {
    labelled(key.kind.info().name, &key.namespace, &key.name)
}

/// A command, if every name in it is one: what controllers say may be anything.
pub(super) fn command(parts: &[&str]) -> Option<String> {
    let harmless = |part: &&str| {
        !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._:/=".contains(&byte))
    };
    parts.iter().all(harmless).then(|| parts.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_that_are_not_healthy_are_read_from_what_controllers_say() {
        let message = "timeout waiting for: [Deployment/apps/cart status: 'InProgress', Namespace/x status: 'Unknown']";
        let names: Vec<_> =
            unhealthy(message).into_iter().map(|one| format!("{} {} {}", one.kind, one.namespace, one.name)).collect();
        assert_eq!(names, ["Deployment apps cart", "Namespace  x"]);
        for nothing in ["", "[]", "[never closed", "[a, b]", "no list"] {
            assert_eq!(unhealthy(nothing), [], "{nothing}");
        }
    }

    #[test]
    fn no_command_has_anything_but_names() {
        assert_eq!(command(&["kubectl", "get", "secret", "a.b-1"]).as_deref(), Some("kubectl get secret a.b-1"));
        for odd in ["a b", "$(rm)", "a;b", "", "a\nb", "`x`", "ä"] {
            assert_eq!(command(&["kubectl", odd]), None, "{odd}");
        }
    }
}
