use serde_json::Value;

use super::{Branch, Cause, Gap, Link, Lookup, Served, Sight, Walk, namespace, words};
use crate::{
    Details, InventoryEntry, Kind, ObjectKey, State, Thing,
    cause::{ApiResource, rules},
    details::reading::{each, seconds, text},
};

/// What is certain of an object whose members may hold it.
const KNOWN: &str = "something of what it applied may not be gone";

impl Walk<'_> {
    /// How many of the objects that an application applied are looked at.
    const REMAINS: usize = 12;

    /// Why an object that is to be deleted is still there.
    pub(super) fn deletion(&mut self, details: &Details, object: &Value) -> Option<Branch> {
        let row = &details.row;
        let own = foreign_finalizers(&object["metadata"]["finalizers"]);
        if !own.is_empty() {
            let label = words::labelled_key(&row.key);
            return Some(Branch::new(Cause::Finalizer, kept(&label, &own)));
        }
        let (_, message) = words::told(details);
        if let Some((cause, because)) = rules::read(rules::RELEASE, message, &[]) {
            return Some(Branch::new(cause, because));
        }
        let mut entries: Vec<_> = details.inventory.iter().collect();
        if details.settings.remote && !entries.is_empty() {
            return Some(Branch::hidden(KNOWN, Gap::new("it lies in another cluster")));
        }
        entries.retain(|entry| !ApiResource::is_secret(&entry.group, &entry.kind));
        // Kubernetes' own kinds are seldom held.
        entries.sort_by_key(|entry| {
            ApiResource::builtin(&entry.kind, Some(&entry.group)).is_some_and(|kind| kind.namespaced)
        });
        let found: Vec<_> = entries.iter().take(Self::REMAINS).filter_map(|entry| self.remains(entry)).collect();
        let branch = Branch::of_the_first(Self::best(found), KNOWN, (Self::REMAINS, entries.len()));
        let nothing = || {
            let because = "it is being deleted, and nothing that was found holds it";
            self.needs.is_empty().then(|| Branch::new(Cause::Unknown, because))
        };
        branch.or_else(nothing)
    }

    /// Why one of the objects that it applied is still there.
    fn remains(&mut self, entry: &InventoryEntry) -> Option<Branch> {
        if let Some(flux) = Kind::by_group_and_name(&entry.group, &entry.kind) {
            return self.nested_remains(&ObjectKey::new(flux, entry.namespace.as_str(), entry.name.as_str()));
        }
        let kind = match self.served(Some(&entry.group), &entry.kind)? {
            Served::As(kind) => kind,
            Served::Not => return None,
            Served::Hidden(gap) => return Some(Branch::hidden(KNOWN, gap)),
        };
        let (namespace, name) = (entry.namespace.clone(), entry.name.clone());
        // Of a namespace the status tells what is left in it.
        let lookup = if namespace::is_one(&kind) {
            Lookup::Object { kind: kind.clone(), namespace, name }
        } else {
            Lookup::Metadata { kind: kind.clone(), namespace, name }
        };
        match self.see(lookup)? {
            Sight::There(left) => leftover(&kind, left),
            Sight::Hidden(gap) => Some(Branch::hidden(KNOWN, gap)),
            Sight::Missing => None,
        }
    }

    /// The same of an object of Flux, which may be held by what it applied in turn.
    fn nested_remains(&mut self, key: &ObjectKey) -> Option<Branch> {
        if self.path.contains(key) || self.path.len() >= Self::DEPTH {
            return None;
        }
        match self.see(Lookup::Flux(key.clone()))? {
            Sight::There(object) => {
                let details = Details::read(key.kind, object);
                if details.row.state != State::Deleting {
                    return None;
                }
                let branch = self.flux(&details, object)?;
                Some(branch.so(&format!("{} is not gone", words::labelled_key(key))))
            }
            Sight::Hidden(gap) => Some(Branch::hidden(KNOWN, gap)),
            Sight::Missing => None,
        }
    }
}

/// Why an object of any kind is still there; nothing if it is not to be deleted, or if nothing holds it.
pub(super) fn leftover(kind: &ApiResource, object: &Value) -> Option<Branch> {
    let metadata = &object["metadata"];
    let since = seconds(&metadata["deletionTimestamp"])?;
    let [space, name] = ["namespace", "name"].map(|field| text(&metadata[field]));
    let label = words::labelled(&kind.kind, space, name);
    let own = namespace::is_one(kind).then(|| &object["spec"]["finalizers"]);
    let held: Vec<_> = std::iter::once(&metadata["finalizers"]).chain(own).flat_map(foreign_finalizers).collect();
    let thing = || Thing::new(&kind.group, &kind.kind, space, name);
    let link = |said: String| Link::about(thing(), said).since(Some(since));
    let branch = if !held.is_empty() {
        let link = link(format!("To be deleted; held by {}", held.join(", ")));
        Branch::new(Cause::Finalizer, kept(&label, &held)).then(link)
    } else if namespace::is_one(kind) {
        namespace::left(object, &label)?.after(link("To be deleted".to_owned()))
    } else {
        return None;
    };
    Some(branch.command(words::kubectl("get", kind, space, name, &["--output", "yaml"])))
}

/// Finalizers that controllers other than those of Flux and of Kubernetes have to take away.
fn foreign_finalizers(finalizers: &Value) -> Vec<String> {
    const KNOWN: [&str; 4] = ["finalizers.fluxcd.io", "foregroundDeletion", "orphan", "kubernetes"];
    let all = each(finalizers).map(text).filter(|name| !name.is_empty() && !KNOWN.contains(name));
    all.map(rules::plain).collect()
}

fn kept(label: &str, finalizers: &[String]) -> String {
    match finalizers {
        [one] => {
            let known = rules::FINALIZERS.iter().find(|(name, _)| name == one);
            let why = known.map(|(_, why)| format!(": {why}")).unwrap_or_default();
            format!("{label} is not gone: its finalizer `{one}` was not taken away{why}")
        }
        all => format!("{label} is not gone: its finalizers `{}` were not taken away", all.join("`, `")),
    }
}
