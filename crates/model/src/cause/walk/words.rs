//! What is read out of the words of a controller besides their meaning: names of other objects.

use super::super::{ApiResource, pattern, rules};
use crate::{ConditionStatus, Details, Kind, ObjectKey, Row, details::ConditionEntry, status::words};

/// An object that a message says is not healthy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::cause) struct Unhealthy {
    pub(in crate::cause) kind: String,
    /// Its API group, if that is known: kinds of several groups have one name.
    pub(in crate::cause) group: Option<String>,
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

/// Something that a `ResourceSet` waits for.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::cause) struct Awaited<'a> {
    pub(in crate::cause) group: &'a str,
    pub(in crate::cause) kind: &'a str,
    pub(in crate::cause) name: &'a str,
    /// What is said of it.
    pub(in crate::cause) rest: &'a str,
}

/// Reads `Retrying dependency check: dependency cert-manager.io/v1/Certificate/web not ready: status InProgress`.
pub(in crate::cause) fn awaited(message: &str) -> Option<Awaited<'_>> {
    const WORD: &str = "dependency ";
    let read = |at: usize| {
        let (id, rest) = message[at + WORD.len()..].split_once(' ')?;
        let (version_and_kind, name) = id.rsplit_once('/')?;
        let (version, kind) = version_and_kind.rsplit_once('/')?;
        let is_told = ["not ready", "not found"].iter().any(|word| rest.starts_with(word));
        let group = version.split_once('/').map_or("", |(group, _)| group);
        is_told.then_some(Awaited { group, kind, name, rest })
    };
    message.match_indices(WORD).find_map(|(at, _)| read(at))
}

/// Reads `dependency 'apps/db' is not ready`, and what is said besides; and the same of a `ResourceSet`, if it waits for an
/// object of Flux.
pub(in crate::cause) fn dependency<'a>(row: &Row, message: &'a str) -> Option<(ObjectKey, &'a str)> {
    if let Some(Awaited { group, kind, name, rest }) = awaited(message) {
        let kind = Kind::by_group_and_name(group, kind)?;
        let known = row.depends_on.iter().find(|key| key.kind == kind && &*key.name == name);
        return Some((known.cloned().unwrap_or_else(|| ObjectKey::new(kind, &*row.key.namespace, name)), rest));
    }
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
        return message.lines().filter_map(helms).collect();
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

/// Reads what Helm itself says, which is no namespace: `resource not ready, name: cart, kind: Deployment, status: InProgress`.
fn helms(line: &str) -> Option<Unhealthy> {
    let told = pattern::find("resource not ready, name: {name}, kind: {kind}, status: ", line)?;
    let [kind, name] = [told.get("kind")?, told.get("name")?].map(ToOwned::to_owned);
    Some(Unhealthy { kind, group: None, namespace: String::new(), name })
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

/// What `kubectl` does with one object of a kind.
pub(super) fn kubectl(verb: &str, kind: &ApiResource, namespace: &str, name: &str, end: &[&str]) -> Option<String> {
    // That would be taken for an option.
    if name.starts_with('-') {
        return None;
    }
    let resource = kind.full_name();
    let mut parts = vec!["kubectl", verb, &*resource, name];
    if kind.namespaced {
        parts.extend(["--namespace", namespace]);
    }
    parts.extend(end);
    command(&parts)
}

/// A command, if every name in it is one: what controllers say may be anything.
pub(super) fn command(parts: &[&str]) -> Option<String> {
    let harmless = |part: &&str| {
        !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._:/=@+".contains(&byte))
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
    fn what_helm_says_itself_is_read_line_by_line() {
        let message = "Helm upgrade failed for release shop/cart with chart cart@1.0.0: resource not ready, name: cart, \
            kind: Deployment, status: InProgress\nresource not ready, name: db, kind: StatefulSet, status: Failed\n\
            context deadline exceeded";
        let named: Vec<_> = unhealthy(message).into_iter().map(|one| (one.kind, one.name)).collect();
        assert_eq!(named, [("Deployment", "cart"), ("StatefulSet", "db")].map(|(a, b)| (a.to_owned(), b.to_owned())));
    }

    #[test]
    fn what_a_resource_set_waits_for_is_read_from_the_path_that_it_says() {
        let said = "Retrying dependency check: dependency apiextensions.k8s.io/v1/CustomResourceDefinition/a.b.io not found: x";
        let (group, kind, name) = ("apiextensions.k8s.io", "CustomResourceDefinition", "a.b.io");
        assert_eq!(awaited(said), Some(Awaited { group, kind, name, rest: "not found: x" }));
        let core = awaited("dependency v1/ConfigMap/a not ready: status InProgress").map(|one| (one.group, one.kind));
        assert_eq!(core, Some(("", "ConfigMap")));
        for other in ["dependency 'apps/db' is not ready", "dependency a/b not ready", "dependency v1/K/n is odd", ""] {
            assert_eq!(awaited(other), None, "{other}");
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
