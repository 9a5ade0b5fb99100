use super::{Branch, Cause, Gap, Link, Lookup, Sight, Walk, words};
use crate::{Details, Kind, ObjectKey, Thing, cause::lookup::Builtin};
use words::Unhealthy;

impl Walk<'_> {
    /// How many of the objects that an application applied are looked at.
    const MEMBERS: usize = 8;

    /// The objects that a message names as not healthy; where it names none, those of the inventory that run something.
    pub(super) fn members(&mut self, details: &Details, message: &str) -> Option<Branch> {
        let mut named = words::unhealthy(message);
        for one in &mut named {
            let mut applied = details.inventory.iter();
            let entry = applied
                .find(|entry| entry.kind == one.kind && entry.name == one.name && entry.namespace == one.namespace);
            one.group = entry.map(|entry| entry.group.clone());
        }
        let is_named = !named.is_empty();
        let suspects = if is_named { named } else { running(details) };
        if suspects.is_empty() || !(is_named || speaks_of_health(message)) {
            return None;
        }
        if details.settings.remote {
            let first = suspects.first().map(|one| words::labelled(&one.kind, &one.namespace, &one.name))?;
            let known = format!("{first} is not healthy");
            return is_named.then(|| Branch::hidden(&known, Gap::new("it lies in another cluster")));
        }
        let mut branches = Vec::new();
        for suspect in suspects.iter().take(Self::MEMBERS) {
            branches.extend(self.member(suspect, is_named));
            if branches.last().is_some_and(Branch::is_certain) {
                break;
            }
        }
        Self::best(branches)
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

    fn member(&mut self, member: &Unhealthy, is_named: bool) -> Option<Branch> {
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
        let Some(builtin) = Builtin::by_name(kind, group.as_deref()) else { return unknown() };
        let lookup = Lookup::Object { kind: builtin, namespace: namespace.clone(), name: name.clone() };
        match self.see(lookup)? {
            Sight::There(object) => match &**kind {
                "Pod" => self.pod(object).map(|branch| branch.after(link())),
                "PersistentVolumeClaim" => self.claim(object),
                _ => self.workload(builtin, object, is_named),
            },
            // It may be of another group, where nobody has looked.
            Sight::Missing if group.is_none() => unknown(),
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

/// What of an inventory runs something or waits for something.
fn running(details: &Details) -> Vec<Unhealthy> {
    const RUNNING: [&str; 6] = ["Deployment", "StatefulSet", "DaemonSet", "Job", "Pod", "PersistentVolumeClaim"];
    let runs = details.inventory.iter().filter(|entry| {
        RUNNING.contains(&&*entry.kind) || Kind::APPLICATIONS.iter().any(|kind| kind.info().name == entry.kind)
    });
    runs.map(|entry| Unhealthy {
        kind: entry.kind.clone(),
        group: Some(entry.group.clone()),
        namespace: entry.namespace.clone(),
        name: entry.name.clone(),
    })
    .collect()
}

/// Whether a message is about what was applied not coming up, though it does not say what.
fn speaks_of_health(message: &str) -> bool {
    ["time", "deadline", "health", "not ready", "stalled", "wait"].iter().any(|word| message.contains(word))
}
