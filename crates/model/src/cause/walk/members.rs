use super::{Branch, Cause, Gap, Link, Lookup, Served, Sight, Walk, deletion::leftover, words};
use crate::{Details, InventoryEntry, Kind, ObjectKey, Thing, cause::ApiResource};
use words::Unhealthy;

/// The kinds of Kubernetes that run something, or wait for something.
const RUNNING: [&str; 6] = ["Deployment", "StatefulSet", "DaemonSet", "Job", "Pod", "PersistentVolumeClaim"];

impl Walk<'_> {
    /// How many of the objects that an application applied are looked at.
    const MEMBERS: usize = 8;

    /// The objects that a message names as not healthy; where it names none, those of the inventory that run something.
    pub(super) fn members(&mut self, details: &Details, message: &str) -> Option<Branch> {
        let mut named = words::unhealthy(message);
        named.iter_mut().for_each(|one| identify(one, details));
        let is_named = !named.is_empty();
        let suspects = if is_named { named.into_iter().map(|one| (0, one)).collect() } else { running(details) };
        if suspects.is_empty() || !(is_named || speaks_of_health(message)) {
            return None;
        }
        if details.settings.remote {
            let first = suspects.first().map(|(_, one)| words::labelled(&one.kind, &one.namespace, &one.name))?;
            let known = format!("{first} is not healthy");
            return is_named.then(|| Branch::hidden(&known, Gap::new("it lies in another cluster")));
        }
        let (mut branches, mut explained_by) = (Vec::new(), 0);
        for (rank, suspect) in suspects.iter().take(Self::MEMBERS) {
            // What explains less is looked at only if it is known that nothing else explains more.
            let is_open = !self.needs.is_empty() || branches.iter().any(|one: &Branch| one.end.cause == Cause::Hidden);
            if *rank > explained_by && is_open {
                break;
            }
            explained_by = *rank;
            branches.extend(self.member(suspect, is_named));
            if branches.last().is_some_and(Branch::is_certain) {
                break;
            }
        }
        if !is_named && branches.is_empty() && self.needs.is_empty() && is_rolled_back(details) {
            branches.extend(self.tried(&suspects));
        }
        let known = "something of what it applied may not be healthy";
        Branch::of_the_first(Self::best(branches), known, (Self::MEMBERS, suspects.len()))
    }

    /// Of a release that was rolled back, where Helm does not say what was not healthy: the first Deployment of which Events
    /// still tell.
    fn tried(&mut self, suspects: &[(u8, Unhealthy)]) -> Option<Branch> {
        const MOST: usize = 2;
        let deployments = suspects.iter().map(|(_, one)| one).filter(|one| one.kind == "Deployment");
        let told = deployments.take(MOST).filter_map(|one| self.member(one, true));
        told.collect::<Vec<_>>().into_iter().find(Branch::is_certain)
    }

    /// Of an application that waits for what it applied: what will hardly become healthy by waiting.
    pub(in crate::cause) fn under_way(&mut self, details: &Details) -> Option<Branch> {
        let row = &details.row;
        let mut messages = details.conditions.iter().map(|condition| &*condition.message);
        let waits = messages.find(|message| message.starts_with("Running '") || message.contains("health checks"))?;
        if !Kind::APPLICATIONS.contains(&row.key.kind) {
            return None;
        }
        let branch = self.members(details, waits)?;
        let link = Link::flux(&row.key, &*row.sentence).since(row.since);
        branch.end.cause.outlasts_waiting().then(|| branch.after(link))
    }

    pub(super) fn member(&mut self, member: &Unhealthy, is_named: bool) -> Option<Branch> {
        let Unhealthy { kind, group, namespace, name } = member;
        let is_of = |own: &str| group.as_ref().is_none_or(|group| group == own);
        if let Some(flux) = Kind::by_name(kind)
            .filter(|flux| is_of(flux.info().group) && (group.is_some() || Kind::APPLICATIONS.contains(flux)))
        {
            return self.nested(&ObjectKey::new(flux, namespace.as_str(), name.as_str()));
        }
        let label = words::labelled(kind, namespace, name);
        let known = format!("{label} is not healthy");
        let link = || match group {
            Some(group) => Link::about(Thing::new(group, kind, namespace, name), "Not healthy"),
            None => Link::new(kind, namespace, name, "Not healthy"),
        };
        let unknown = || is_named.then(|| Branch::new(Cause::Unknown, known.clone()).then(link()));
        let resource = match (self.served(group.as_deref(), kind)?, group) {
            (Served::As(resource), _) => resource,
            (Served::Hidden(gap), _) => return is_named.then(|| Branch::hidden(&known, gap).then(link())),
            (Served::Not, Some(group)) if is_named && !ApiResource::is_secret(group, kind) => {
                let because = format!("the kind {kind} of `{group}`, of which {label} is, is not installed");
                return Some(Branch::new(Cause::DefinitionMissing, because).then(link()));
            }
            (Served::Not, _) => return unknown(),
        };
        if let Some(flux) = Kind::by_group_and_name(&resource.group, kind) {
            return self.nested(&ObjectKey::new(flux, namespace.as_str(), name.as_str()));
        }
        let lookup = Lookup::Object { kind: resource.clone(), namespace: namespace.clone(), name: name.clone() };
        match self.see(lookup)? {
            Sight::There(object) => {
                let held = if is_named { leftover(&resource, object) } else { None };
                held.or_else(|| match (&*resource.group, &**kind) {
                    ("", "Pod") => self.pod(object).map(|branch| branch.after(link())),
                    ("", "PersistentVolumeClaim") => self.claim(object),
                    _ => self.workload(&resource, object, is_named),
                })
            }
            // It may be of another group, where nobody has looked.
            Sight::Missing if group.is_none() => unknown(),
            // A release that was taken back leaves much behind that is not there.
            Sight::Missing if !is_named && !RUNNING.contains(&&**kind) => None,
            Sight::Missing => {
                let because = format!("{label}, which it applied, does not exist any more");
                Some(
                    Branch::new(Cause::MemberMissing, because)
                        .then(Link { said: "Does not exist".to_owned(), ..link() }),
                )
            }
            Sight::Hidden(gap) if is_named => Some(Branch::hidden(&known, gap).then(link())),
            Sight::Hidden(gap) => {
                let known = format!("something of what it applied, such as {label}, may not be healthy");
                Some(Branch::hidden(&known, gap).then(link()))
            }
        }
    }

    /// An application that another one applied.
    fn nested(&mut self, key: &ObjectKey) -> Option<Branch> {
        let label = words::labelled_key(key);
        if self.path.contains(key) || self.path.len() >= Self::DEPTH {
            return None;
        }
        match self.see(Lookup::Flux(key.clone()))? {
            Sight::There(object) => {
                let branch = self.flux(&Details::read(key.kind, object), object)?;
                Some(branch.so(&format!("{label} is not ready")))
            }
            Sight::Missing => {
                let because = format!("{label}, which it applied, does not exist any more");
                Some(Branch::new(Cause::MemberMissing, because).then(Link::flux(key, "Does not exist")))
            }
            Sight::Hidden(gap) => {
                Some(Branch::hidden(&format!("{label} is not ready"), gap).then(Link::flux(key, "Not ready")))
            }
        }
    }
}

/// Notes of an object that is named what the name alone does not tell: its group, and where Helm does not say it, its
/// namespace.
fn identify(named: &mut Unhealthy, details: &Details) {
    let is_it = |entry: &&InventoryEntry| {
        entry.kind == named.kind
            && entry.name == named.name
            && (named.namespace.is_empty() || entry.namespace == named.namespace)
    };
    if let Some(entry) = details.inventory.iter().find(is_it) {
        named.group = Some(entry.group.clone());
        named.namespace.clone_from(&entry.namespace);
    } else if named.namespace.is_empty() && details.row.key.kind == Kind::HELM_RELEASE && named.kind != "Namespace" {
        let target = &details.settings.target_namespace;
        named.namespace = if target.is_empty() { details.row.key.namespace.to_string() } else { target.clone() };
    }
}

/// What of an inventory runs something or waits for something: workloads first, which explain most, then objects of kinds
/// that neither Kubernetes nor Flux has.
fn running(details: &Details) -> Vec<(u8, Unhealthy)> {
    let is_release = details.row.key.kind == Kind::HELM_RELEASE;
    let rank = |entry: &InventoryEntry| match &*entry.kind {
        kind if RUNNING.contains(&kind) || Kind::APPLICATIONS.iter().any(|own| own.info().name == kind) => Some(0),
        // Helm waits for addresses.
        "Service" if is_release && entry.group.is_empty() => Some(1),
        _ if entry.group.contains('.') && !entry.group.ends_with(".k8s.io") => Some(2),
        _ => None,
    };
    let mut runs: Vec<_> = details.inventory.iter().filter_map(|entry| Some((rank(entry)?, entry))).collect();
    runs.sort_by_key(|(rank, _)| *rank);
    let suspect = |entry: &InventoryEntry| Unhealthy {
        kind: entry.kind.clone(),
        group: Some(entry.group.clone()),
        namespace: entry.namespace.clone(),
        name: entry.name.clone(),
    };
    runs.into_iter().map(|(rank, entry)| (rank, suspect(entry))).collect()
}

fn is_rolled_back(details: &Details) -> bool {
    details.conditions.iter().any(|condition| condition.kind == "Ready" && condition.reason == "RollbackSucceeded")
}

/// Whether a message is about what was applied not coming up, though it does not say what.
pub(super) fn speaks_of_health(message: &str) -> bool {
    ["time", "deadline", "health", "not ready", "stalled", "wait"].iter().any(|word| message.contains(word))
}
