use serde_json::Value;

use super::{Branch, Cause, Link, Lookup, Sight, Walk, words};
use crate::{
    Details,
    cause::{lookup::Builtin, rules},
    details::reading::{each, seconds, text},
};

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
        let mut branches = Vec::new();
        for entry in details.inventory.iter().filter(|_| !details.settings.remote).take(Self::REMAINS) {
            // Of kinds that are not Kubernetes' own nobody has said how they are called in addresses.
            let Some(kind) = Builtin::by_name(&entry.kind, Some(&entry.group)) else { continue };
            let lookup = Lookup::Metadata { kind, namespace: entry.namespace.clone(), name: entry.name.clone() };
            let label = words::labelled(&entry.kind, &entry.namespace, &entry.name);
            match self.see(lookup) {
                Some(Sight::There(left)) => {
                    let metadata = &left["metadata"];
                    let held = foreign_finalizers(&metadata["finalizers"]);
                    if let Some(since) = seconds(&metadata["deletionTimestamp"])
                        && !held.is_empty()
                    {
                        let said = format!("To be deleted; held by {}", held.join(", "));
                        let link = Link::new(&entry.kind, &entry.namespace, &entry.name, said).since(Some(since));
                        let command = words::command(&[
                            "kubectl",
                            "get",
                            kind.plural,
                            &entry.name,
                            "--namespace",
                            &entry.namespace,
                            "--output",
                            "yaml",
                        ]);
                        branches.push(Branch::new(Cause::Finalizer, kept(&label, &held)).then(link).command(command));
                    }
                }
                Some(Sight::Hidden(gap)) => {
                    branches.push(Branch::hidden("something of what it applied may not be gone", gap));
                }
                Some(Sight::Missing) | None => {}
            }
        }
        let nothing = || {
            let because = "it is being deleted, and nothing that was found holds it";
            self.needs.is_empty().then(|| Branch::new(Cause::Unknown, because))
        };
        Self::best(branches).or_else(nothing)
    }
}

/// Finalizers that controllers other than those of Flux and of Kubernetes have to take away.
fn foreign_finalizers(finalizers: &Value) -> Vec<String> {
    const KNOWN: [&str; 3] = ["finalizers.fluxcd.io", "foregroundDeletion", "orphan"];
    let all = each(finalizers).map(text).filter(|name| !name.is_empty() && !KNOWN.contains(name));
    all.map(rules::plain).collect()
}

fn kept(label: &str, finalizers: &[String]) -> String {
    match finalizers {
        [one] => format!("{label} is not gone: its finalizer `{one}` was not taken away"),
        all => format!("{label} is not gone: its finalizers `{}` were not taken away", all.join("`, `")),
    }
}
