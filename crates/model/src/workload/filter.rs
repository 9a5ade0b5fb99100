use std::cmp::Ordering;

use super::{Workload, WorkloadKind};
use crate::{ObjectKey, Query, Sort, State, text::is_name};

/// Which workloads somebody wants to see, and in which order, as the URL says.
///
/// Values of one sort add up (*or*), different sorts narrow each other (*and*); every word must be found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WorkloadFilter {
    /// Only of these kinds; empty for all.
    pub kinds: Vec<WorkloadKind>,
    /// Only in these namespaces; empty for all.
    pub namespaces: Vec<String>,
    /// Only in these states; empty for all.
    pub states: Vec<State>,
    /// Only what these objects of Flux apply; empty for all.
    pub owners: Vec<ObjectKey>,
    /// Words to find, in lower case.
    pub words: Vec<String>,
    /// By what to order.
    pub sort: Sort,
    /// Last first.
    pub reversed: bool,
}

impl WorkloadFilter {
    /// Of each sort so many values are read at most.
    const VALUES: usize = 20;
    /// The longest word, in bytes.
    const WORD: usize = 128;
    /// The orders that there are: by status, name, namespace, kind and age, by the owner, and by the images.
    const SORTS: [Sort; 7] =
        [Sort::Status, Sort::Name, Sort::Namespace, Sort::Kind, Sort::Since, Sort::Source, Sort::Found];

    /// Reads the parameters of a URL; what is not understood is left out.
    ///
    /// `kind=Deployment`, `namespace=shop`, `status=failed`, `owner=Kustomization/apps/shop`, each any number of times;
    /// `search=two words`, `sort=name`, `order=reversed`.
    pub fn from_pairs<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let mut filter = Self::default();
        for (name, value) in pairs {
            let value = value.trim();
            match name {
                "kind" => put(&mut filter.kinds, WorkloadKind::by_word(value)),
                "namespace" => put(&mut filter.namespaces, is_namespace(value).then(|| value.to_owned())),
                "status" => put(&mut filter.states, State::by_slug(value)),
                "owner" => put(&mut filter.owners, ObjectKey::parse(value)),
                "search" => value
                    .split_whitespace()
                    .take(Query::WORDS)
                    .filter(|word| word.len() <= Self::WORD)
                    .for_each(|word| put(&mut filter.words, Some(word.to_lowercase()))),
                "sort" => {
                    filter.sort = Sort::by_slug(value).filter(|sort| Self::SORTS.contains(sort)).unwrap_or_default();
                }
                "order" => filter.reversed = value == "reversed",
                _ => {}
            }
        }
        filter
    }

    /// The parameters that [`WorkloadFilter::from_pairs`] reads back to the same filter.
    pub fn pairs(&self) -> Vec<(&'static str, String)> {
        let mut pairs = self.filters();
        if !self.words.is_empty() {
            pairs.push(("search", self.words.join(" ")));
        }
        if self.sort != Sort::default() {
            pairs.push(("sort", self.sort.slug().to_owned()));
        }
        if self.reversed {
            pairs.push(("order", "reversed".to_owned()));
        }
        pairs
    }

    /// Those of them that leave something out, but for the words.
    pub fn filters(&self) -> Vec<(&'static str, String)> {
        let kinds = self.kinds.iter().map(|kind| ("kind", kind.name().to_owned()));
        let namespaces = self.namespaces.iter().map(|namespace| ("namespace", namespace.clone()));
        let states = self.states.iter().map(|state| ("status", state.slug().to_owned()));
        let owners = self.owners.iter().map(|owner| ("owner", owner.to_string()));
        kinds.chain(namespaces).chain(states).chain(owners).collect()
    }

    /// Whether anything is left out.
    pub fn is_narrow(&self) -> bool {
        !self.words.is_empty() || !self.filters().is_empty()
    }

    /// Whether a workload is wanted.
    pub fn wants(&self, row: &Workload) -> bool {
        self.wants_in_any_state(row) && (self.states.is_empty() || self.states.contains(&row.state))
    }

    /// The same, whatever its state.
    pub fn wants_in_any_state(&self, row: &Workload) -> bool {
        let key = &row.key;
        (self.kinds.is_empty() || self.kinds.contains(&key.kind))
            && (self.namespaces.is_empty() || self.namespaces.iter().any(|one| **one == *key.namespace))
            && (self.owners.is_empty() || row.owner.as_ref().is_some_and(|owner| self.owners.contains(owner)))
            && self.words.iter().all(|word| mentions(row, word))
    }

    /// Which of two workloads comes first; equal only for the same one.
    pub fn compare(&self, a: &Workload, b: &Workload) -> Ordering {
        let first = match self.sort {
            Sort::Name => a.key.name.cmp(&b.key.name),
            Sort::Namespace => a.key.namespace.cmp(&b.key.namespace),
            Sort::Kind => a.key.kind.cmp(&b.key.kind),
            Sort::Since => b.created.cmp(&a.created),
            Sort::Source => (a.owner.is_none(), &a.owner).cmp(&(b.owner.is_none(), &b.owner)),
            Sort::Found => (a.images.is_empty(), &a.images).cmp(&(b.images.is_empty(), &b.images)),
            _ => a.state.cmp(&b.state),
        };
        let order = first
            .then_with(|| a.key.namespace.cmp(&b.key.namespace))
            .then_with(|| a.key.name.cmp(&b.key.name))
            .then_with(|| a.key.kind.cmp(&b.key.kind));
        if self.reversed { order.reverse() } else { order }
    }
}

fn mentions(row: &Workload, word: &str) -> bool {
    let has = |text: &str| text.to_lowercase().contains(word);
    has(&row.key.to_string())
        || has(&row.sentence)
        || row.images.iter().any(|image| has(image))
        || row.owner.as_ref().is_some_and(|owner| has(&owner.name))
}

fn put<T: PartialEq>(values: &mut Vec<T>, value: Option<T>) {
    if let Some(value) = value.filter(|value| values.len() < WorkloadFilter::VALUES && !values.contains(value)) {
        values.push(value);
    }
}

/// Whether namespaces can be called that, and no path is taken apart by it.
fn is_namespace(text: &str) -> bool {
    text.len() <= 63 && !text.contains('.') && is_name(text)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn workload(kind: WorkloadKind, namespace: &str, name: &str, image: &str) -> Workload {
        let labels =
            json!({"kustomize.toolkit.fluxcd.io/name": "store", "kustomize.toolkit.fluxcd.io/namespace": "apps"});
        let metadata = json!({"namespace": namespace, "name": name, "labels": labels});
        let spec = json!({"template": {"spec": {"containers": [{"image": image}]}}});
        Workload::read(kind, &json!({"metadata": metadata, "spec": spec}))
    }

    fn filter(query: &[(&'static str, &'static str)]) -> WorkloadFilter {
        WorkloadFilter::from_pairs(query.iter().copied())
    }

    #[test]
    fn a_filter_reads_back_what_it_writes_and_leaves_out_what_makes_no_sense() {
        let asked = [
            ("kind", "Deployment"),
            ("kind", "cronjobs"),
            ("namespace", "shop"),
            ("status", "failed"),
            ("owner", "Kustomization/apps/store"),
            ("search", "Cart WEB"),
            ("sort", "name"),
            ("order", "reversed"),
        ];
        let read = filter(&asked);
        assert_eq!(read.words, ["cart", "web"]);
        let pairs = read.pairs();
        assert_eq!(WorkloadFilter::from_pairs(pairs.iter().map(|(name, value)| (*name, &**value))), read);
        let odd = [("kind", "Secret"), ("namespace", "../x"), ("status", "?"), ("owner", "Pod/a/b"), ("sort", "match")];
        assert_eq!(filter(&odd), WorkloadFilter::default());
        assert!(!filter(&odd).is_narrow() && read.is_narrow());
    }

    #[test]
    fn filters_of_one_sort_add_up_and_different_ones_narrow_each_other() {
        let cart = workload(WorkloadKind::Deployment, "shop", "cart", "acme/cart:1.2");
        let batch = workload(WorkloadKind::CronJob, "data", "batch", "acme/batch:1");
        for (asked, wanted) in [
            (&[][..], [true, true]),
            (&[("kind", "deployment")], [true, false]),
            (&[("kind", "deployment"), ("kind", "cronjob")], [true, true]),
            (&[("kind", "deployment"), ("namespace", "data")], [false, false]),
            (&[("search", "cart:1.2 shop")], [true, false]),
            (&[("search", "store")], [true, true]),
            (&[("owner", "HelmRelease/apps/store")], [false, false]),
            (&[("status", "progressing")], [true, false]),
        ] {
            assert_eq!([&cart, &batch].map(|row| filter(asked).wants(row)), wanted, "{asked:?}");
        }
    }

    #[test]
    fn every_order_is_total_and_can_be_turned_around() {
        let rows = [
            workload(WorkloadKind::Deployment, "shop", "cart", "a"),
            workload(WorkloadKind::CronJob, "shop", "cart", "a"),
            workload(WorkloadKind::Deployment, "data", "cart", "a"),
        ];
        for sort in WorkloadFilter::SORTS {
            for reversed in [false, true] {
                let filter = WorkloadFilter { sort, reversed, ..WorkloadFilter::default() };
                for (a, one) in rows.iter().enumerate() {
                    for (b, other) in rows.iter().enumerate() {
                        let order = filter.compare(one, other);
                        assert_eq!(order == Ordering::Equal, a == b, "{sort:?}");
                        assert_eq!(filter.compare(other, one), order.reverse(), "{sort:?}");
                    }
                }
            }
        }
    }
}
