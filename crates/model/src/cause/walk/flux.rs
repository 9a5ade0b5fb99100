use serde_json::Value;

use super::{Branch, Cause, Link, Lookup, Sight, Walk, words};
use crate::{
    Details, Family, Kind, ObjectKey, Row, State,
    cause::rules::{self, Rules},
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
            State::Failed | State::Stalled | State::Waiting => self.trouble(details, object),
            State::Suspended => {
                Some(Branch::new(Cause::Suspended, format!("{} is suspended", words::labelled_key(&row.key))))
            }
            State::Progressing | State::NotReconciled => {
                Some(Branch::new(Cause::AtWork, format!("{} is still at work", words::labelled_key(&row.key))))
            }
            State::Ready | State::Configured => {
                Some(Branch::new(Cause::Passing, format!("{} is ready by now", words::labelled_key(&row.key))))
            }
        };
        self.path.pop();
        branch.map(|branch| branch.after(link))
    }

    fn trouble(&mut self, details: &Details, object: &Value) -> Option<Branch> {
        let row = &details.row;
        let (reason, message) = words::told(details);
        if let Some((key, rest)) = words::dependency(details, message) {
            return self.dependency(details, &key, rest);
        }
        if let Some((kind, name)) = status::words::missing_object(message) {
            return Some(missing_source(row, kind, name));
        }
        if let Some(source) = awaited_source(row, reason, message) {
            return self.source(&source);
        }
        if let Some((cause, because)) = rules::read(tables(row.key.kind), message, &[]) {
            return Some(Branch::new(cause, because).command(command(&row.key, message)));
        }
        if row.key.kind == Kind::HELM_RELEASE {
            return self.release(details, object, reason, message);
        }
        self.members(details, message).or_else(|| self.needs.is_empty().then(|| unexplained(row)))
    }

    fn dependency(&mut self, details: &Details, key: &ObjectKey, rest: &str) -> Option<Branch> {
        let row = &details.row;
        let label = words::labelled_key(key);
        if self.path.contains(key) {
            let because = format!("{} waits for {label}, which waits for it in turn", words::labelled_key(&row.key));
            let mut branch = Branch::new(Cause::Dependency, because);
            branch.end.is_whole = true;
            return Some(branch);
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
        let mut branch = self.flux(&Details::read(key.kind, other), other)?;
        let is_certain = branch.is_certain();
        let end = &mut branch.end;
        match &mut end.awaited {
            _ if end.is_whole => {}
            Some((_, between)) => *between += 1,
            None if is_certain && end.cause != Cause::Suspended => {
                end.awaited = Some((label, 0));
            }
            None if end.cause == Cause::Passing => match ready_expression(details, key) {
                _ if rest.starts_with("revision") => {
                    end.because = format!("{label} has to apply the new revision first");
                }
                Some(expression) => {
                    end.cause = Cause::Dependency;
                    end.because = format!("{label} is ready, and not what `{expression}` demands of it");
                }
                None => end.because = format!("{label}, for which it waited, is ready by now; it looks again soon"),
            },
            None => end.because = format!("it waits for {label}: {}", end.because),
        }
        Some(branch)
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
        let mut branch = self.flux(&Details::read(key.kind, source), source)?;
        match branch.end.cause {
            Cause::Passing => branch.end.because = format!("source {label} is ready by now; it looks again soon"),
            Cause::Suspended => branch.end.because = format!("source {label} is suspended and has no artifact"),
            _ if branch.is_certain() && !branch.end.is_whole => {
                branch = branch.so(&format!("source {label} has no artifact"));
            }
            _ => {}
        }
        branch.end.is_whole = true;
        Some(branch)
    }
}

/// The expression that says when a dependency counts as ready, if it is not the usual.
fn ready_expression(details: &Details, key: &ObjectKey) -> Option<String> {
    let mut all = details.settings.depends_on.iter();
    let found = all.find(|one| one.key(details.row.key.kind) == *key && !one.ready_expr.is_empty())?;
    Some(rules::plain(&found.ready_expr))
}

/// What the words mean of which a kind's controller makes its messages.
fn tables(kind: Kind) -> &'static [Rules] {
    match kind {
        Kind::HELM_RELEASE => rules::RELEASE,
        _ if kind.info().family == Family::Source => rules::SOURCE,
        Kind::KUSTOMIZATION | Kind::RESOURCE_SET | Kind::FLUX_INSTANCE => rules::APPLIER,
        _ => rules::OTHER,
    }
}

fn missing_source(row: &Row, kind: &str, name: &str) -> Branch {
    let named = row.source.as_ref().filter(|link| &*link.name == name && link.kind.info().name == kind);
    let namespace = named.map_or(&row.key.namespace, |link| &link.namespace);
    let label = words::labelled(kind, namespace, name);
    let link = match Kind::by_name(kind) {
        Some(kind) => Link::flux(&ObjectKey::new(kind, &**namespace, name), "Does not exist"),
        None => Link::new(kind, namespace, name, "Does not exist"),
    };
    Branch::new(Cause::SourceMissing, format!("{label}, its source, does not exist")).then(link)
}

/// The source that an object waits for.
fn awaited_source(row: &Row, reason: &str, message: &str) -> Option<ObjectKey> {
    let waits = matches!(reason, "SourceNotReady" | "NoSourceArtifact")
        || message.starts_with("Source artifact not found")
        || message.starts_with("Source is not ready");
    if !waits {
        return None;
    }
    let named = || {
        let (kind, rest) = message.split_once(" '")?;
        let (namespace, name) = rest.split_once('\'')?.0.split_once('/')?;
        Some(ObjectKey::new(Kind::by_name(kind)?, namespace, name))
    };
    named().or_else(|| row.generated_chart()).or_else(|| row.source.as_ref().map(crate::SourceLink::key))
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
    let info = key.kind.info();
    let resource = format!("{}.{}", info.plural, info.group);
    words::command(&["kubectl", "describe", &resource, &key.name, "--namespace", &key.namespace])
}
