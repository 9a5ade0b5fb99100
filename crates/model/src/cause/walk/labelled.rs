use serde_json::Value;

use super::{
    Branch, Gap, Sight, Walk,
    members::speaks_of_health,
    workload::{Workload, is_cut, labelled},
};
use crate::{
    Applier, Details,
    cause::ApiResource,
    details::reading::{each, text},
};

impl Walk<'_> {
    /// How many of the workloads of a release that are not healthy are looked into.
    const LABELLED: usize = 2;

    /// Of a release that does not say what it consists of, as before Flux 2.8: the workloads that bear its name.
    pub(super) fn labelled(&mut self, details: &Details, object: &Value, message: &str) -> Option<Branch> {
        const KINDS: [&str; 4] = ["Deployment", "StatefulSet", "DaemonSet", "Job"];
        const KNOWN: &str = "something of what it released may not be healthy";
        let status = &object["status"];
        if status["inventory"].is_object() || details.settings.remote || !speaks_of_health(message) {
            return None;
        }
        let key = &details.row.key;
        let tried = text(&status["history"][0]["namespace"]);
        let namespace =
            [tried, &details.settings.target_namespace, &key.namespace].into_iter().find(|one| !one.is_empty())?;
        let selector = Applier::selector_of(key)?;
        let kinds = KINDS.iter().filter_map(|kind| ApiResource::builtin(kind, None));
        // All are asked for at once.
        let seen: Vec<_> = kinds.map(|kind| (kind, self.see(labelled(kind, namespace, &selector)))).collect();
        let (mut branches, mut suspects, mut more) = (Vec::new(), Vec::new(), None);
        for (kind, sight) in seen {
            match sight? {
                Sight::There(list) => {
                    let items = each(&list["items"]);
                    suspects.extend(
                        items
                            .filter(|item| Workload::read(kind, item).is_some_and(|one| !one.is_healthy()))
                            .map(|item| (kind, item)),
                    );
                    if is_cut(list) {
                        more = Some(Gap::new(format!("not all {} of it were looked at", kind.plural)));
                    }
                }
                Sight::Hidden(gap) => branches.push(Branch::hidden(KNOWN, gap)),
                Sight::Missing => {}
            }
        }
        for (kind, item) in suspects.iter().take(Self::LABELLED) {
            branches.extend(self.workload(kind, item, false));
            if branches.last().is_some_and(Branch::is_certain) {
                break;
            }
        }
        let best = Branch::of_the_first(Self::best(branches), KNOWN, (Self::LABELLED, suspects.len()));
        best.or_else(|| more.map(|gap| Branch::hidden(KNOWN, gap)))
    }
}
