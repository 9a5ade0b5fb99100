use serde_json::Value;

use super::{
    Branch, Cause, Link, Lookup, Sight, Walk,
    release::remediated,
    words::{self, Awaited, Unhealthy},
};
use crate::{
    Details, Kind, ObjectKey, Row, State, Thing,
    cause::{clue::Clue, rules},
    details::reading::{each, text},
    status,
};

impl Walk<'_> {
    /// Why an object of Flux is not ready.
    pub(in crate::cause) fn flux(&mut self, details: &Details, object: &Value) -> Option<Branch> {
        let row = &details.row;
        self.path.push(row.key.clone());
        let link = Link::flux(&row.key, &*row.sentence).since(row.since);
        let branch = match row.state {
            State::Deleting => self.deletion(details, object),
            _ => match without_trouble(row) {
                Some(branch) => Some(branch),
                None => self.trouble(details, object),
            },
        };
        self.path.pop();
        branch.map(|branch| branch.after(link))
    }

    fn trouble(&mut self, details: &Details, object: &Value) -> Option<Branch> {
        let row = &details.row;
        let (reason, message) = words::told(details);
        match Clue::read(row, reason, message) {
            Clue::Waits { on, rest } => self.dependency(details, &on, &rest),
            Clue::SourceMissing { kind, name } => Some(missing_source(row, &kind, &name)),
            Clue::Foreign => self.foreign(details, object, message),
            Clue::Source(source) => self.source(&source),
            Clue::Means(cause, because) => {
                let branch = Branch::new(cause, because).command(command(&row.key, message));
                Some(remediated(details, branch))
            }
            Clue::Others(_) if row.key.kind == Kind::HELM_RELEASE => self.release(details, object, reason, message),
            Clue::Others(_) => {
                self.members(details, message).or_else(|| self.needs.is_empty().then(|| unexplained(row)))
            }
        }
    }

    fn dependency(&mut self, details: &Details, key: &ObjectKey, rest: &str) -> Option<Branch> {
        let row = &details.row;
        let label = words::labelled_key(key);
        if self.path.contains(key) {
            return Some(circle(row, &label));
        }
        if self.path.len() >= Self::DEPTH {
            return Some(Branch::new(Cause::Unknown, format!("it waits for {label}, which waits for others in turn")));
        }
        let other = match self.see(Lookup::Flux(key.clone()))? {
            Sight::There(other) => other,
            Sight::Missing => {
                let because = format!("{label}, on which {} depends, does not exist", words::labelled_key(&row.key));
                return Some(Branch::new(Cause::Dependency, because).then(Link::flux(key, "Does not exist")));
            }
            Sight::Hidden(gap) => {
                return Some(Branch::hidden(&format!("it waits for {label}, which is not ready"), gap));
            }
        };
        let branch = self.flux(&Details::read(key.kind, other), other)?;
        Some(branch.awaited(label, rest, ready_expression(details, key)))
    }

    /// A `ResourceSet` waits for something that is not Flux's.
    fn foreign(&mut self, details: &Details, object: &Value, message: &str) -> Option<Branch> {
        let Awaited { group, kind, name, rest } = words::awaited(message)?;
        let mut wanted = each(&object["spec"]["dependsOn"]);
        let wanted = wanted.find(|one| one["kind"] == kind && one["name"] == name);
        let namespace = wanted.map_or("", |one| text(&one["namespace"]));
        let label = words::labelled(kind, namespace, name);
        let absent = || {
            let because =
                format!("{label}, on which {} depends, does not exist", words::labelled_key(&details.row.key));
            let link = Link::about(Thing::new(group, kind, namespace, name), "Does not exist");
            Branch::new(Cause::Dependency, because).then(link)
        };
        if let Some(why) = rest.strip_prefix("not found: ") {
            let read = || rules::read(rules::APPLIER, why, &[]).map(|(cause, because)| Branch::new(cause, because));
            return Some(if why.ends_with("not found") { absent() } else { read().unwrap_or_else(absent) });
        }
        let [own_kind, space, own_name] = [kind, namespace, name].map(ToOwned::to_owned);
        let member = Unhealthy { kind: own_kind, group: Some(group.to_owned()), namespace: space, name: own_name };
        let demand = rest.strip_prefix("not ready: expression ").map(rules::plain);
        let branch = self.member(&member, true)?;
        // It was there when the controller looked.
        let branch = if branch.end.cause == Cause::MemberMissing { absent() } else { branch };
        Some(branch.awaited(label, rest, demand))
    }

    fn source(&mut self, key: &ObjectKey) -> Option<Branch> {
        let label = words::labelled_key(key);
        if self.path.contains(key) || self.path.len() >= Self::DEPTH {
            return Some(Branch::new(Cause::Unknown, format!("it waits for source {label}")));
        }
        let source = match self.see(Lookup::Flux(key.clone()))? {
            Sight::There(source) => source,
            Sight::Missing => {
                let because = format!("{label}, its source, does not exist");
                return Some(Branch::new(Cause::SourceMissing, because).then(Link::flux(key, "Does not exist")));
            }
            Sight::Hidden(gap) => return Some(Branch::hidden(&format!("source {label} has nothing for it"), gap)),
        };
        let branch = self.flux(&Details::read(key.kind, source), source)?;
        Some(branch.of_source(&label))
    }
}

/// Of an object that is not in trouble, why whoever waits for it still waits; nothing of one that is.
pub(in crate::cause) fn without_trouble(row: &Row) -> Option<Branch> {
    let (cause, standing) = match row.state {
        State::Suspended => (Cause::Suspended, "is suspended"),
        State::Progressing | State::NotReconciled => (Cause::AtWork, "is still at work"),
        State::Ready | State::Configured => (Cause::Passing, "is ready by now"),
        State::Failed | State::Stalled | State::Waiting | State::Deleting => return None,
    };
    Some(Branch::new(cause, format!("{} {standing}", words::labelled_key(&row.key))))
}

/// An object waits for one that waits for it.
pub(in crate::cause) fn circle(row: &Row, awaited: &str) -> Branch {
    let because = format!("{} waits for {awaited}, which waits for it in turn", words::labelled_key(&row.key));
    let mut branch = Branch::new(Cause::Dependency, because);
    branch.end.is_whole = true;
    branch
}

/// The expression that says when a dependency counts as ready, if it is not the usual.
fn ready_expression(details: &Details, key: &ObjectKey) -> Option<String> {
    let mut all = details.settings.depends_on.iter();
    let found = all.find(|one| one.key(details.row.key.kind) == *key && !one.ready_expr.is_empty())?;
    Some(rules::plain(&found.ready_expr))
}

pub(in crate::cause) fn missing_source(row: &Row, kind: &str, name: &str) -> Branch {
    let named = row.source.as_ref().filter(|link| &*link.name == name && link.kind.info().name == kind);
    let namespace = named.map_or(&row.key.namespace, |link| &link.namespace);
    let label = words::labelled(kind, namespace, name);
    let link = match Kind::by_name(kind) {
        Some(kind) => Link::flux(&ObjectKey::new(kind, &**namespace, name), "Does not exist"),
        None => Link::new(kind, namespace, name, "Does not exist"),
    };
    Branch::new(Cause::SourceMissing, format!("{label}, its source, does not exist")).then(link)
}

/// Where no rule fits: the controller's own words are all there is.
pub(super) fn unexplained(row: &Row) -> Branch {
    let words = match &*row.sentence {
        "" => "the controller gives no reason",
        sentence => sentence,
    };
    Branch::new(Cause::Unknown, status::words::lower_first(words).replace('`', "'"))
}

/// What to type to see more of what a message is about.
fn command(key: &ObjectKey, message: &str) -> Option<String> {
    if let Some(user) = message.split_once("User \"").and_then(|(_, rest)| rest.split_once("\" cannot ")) {
        let (user, rest) = user;
        let (verb, rest) = rest.split_once(" resource \"")?;
        let (resource, rest) = rest.split_once("\" in API group \"")?;
        let (group, rest) = rest.split_once('"')?;
        let resource = if group.is_empty() { resource.to_owned() } else { format!("{resource}.{group}") };
        let namespace = rest.split_once("in the namespace \"").and_then(|(_, rest)| rest.split_once('"'));
        let mut parts = vec!["kubectl", "auth", "can-i", verb, &resource, "--as", user];
        if let Some((namespace, _)) = namespace {
            parts.extend(["--namespace", namespace]);
        }
        return words::command(&parts);
    }
    words::command(&["kubectl", "describe", &key.kind.full_name(), &key.name, "--namespace", &key.namespace])
}
