//! The links that change the question: status, kind, namespace, owner, order.

use std::collections::BTreeMap;

use fanlight_model::{Sort, State, Workload, WorkloadFilter, Workloads};

use crate::{
    page::list::{Head, Link, Menu, Part, toggle},
    status::StatusView,
};

/// Of each menu so many choices at most.
const MOST: usize = 100;
/// The orders that are offered.
const ORDERS: [(Sort, &str); 5] = [
    (Sort::Status, "Worst first"),
    (Sort::Name, "By name"),
    (Sort::Namespace, "By namespace"),
    (Sort::Kind, "By kind"),
    (Sort::Since, "Newest first"),
];

/// The state strip: every state that is there or chosen, as a switch.
pub(super) fn strip(filter: &WorkloadFilter, all: &Workloads, to: &impl Fn(&WorkloadFilter) -> String) -> Vec<Part> {
    let mut counts = [0; State::ALL.len()];
    for row in all.rows.values().filter(|row| filter.wants_in_any_state(row)) {
        counts[row.state.index()] += 1;
    }
    let there = State::ALL.into_iter().filter(|state| counts[state.index()] > 0 || filter.states.contains(state));
    let part = |state: State| {
        let mut other = filter.clone();
        toggle(&mut other.states, state);
        Part {
            slug: state.slug(),
            class: StatusView::of(state).class,
            word: state.word(),
            count: counts[state.index()],
            link: to(&other),
            chosen: filter.states.contains(&state),
        }
    };
    there.map(part).collect()
}

/// The menus of kinds, namespaces, owners and orders.
pub(super) fn menus(filter: &WorkloadFilter, all: &Workloads, to: &impl Fn(&WorkloadFilter) -> String) -> Vec<Menu> {
    let kinds = counted(all, |row| Some(row.key.kind)).into_iter().map(|(kind, count)| {
        let mut other = filter.clone();
        toggle(&mut other.kinds, kind);
        choice(kind.to_string(), count, filter.kinds.contains(&kind), to(&other))
    });
    let namespaces = counted(all, |row| Some(row.key.namespace.to_string())).into_iter().map(|(name, count)| {
        let mut other = filter.clone();
        toggle(&mut other.namespaces, name.clone());
        let chosen = filter.namespaces.contains(&name);
        choice(name, count, chosen, to(&other))
    });
    let owners = counted(all, |row| row.owner.clone()).into_iter().map(|(owner, count)| {
        let mut other = filter.clone();
        toggle(&mut other.owners, owner.clone());
        let word = format!("{} {}/{}", owner.kind, owner.namespace, owner.name);
        choice(word, count, filter.owners.contains(&owner), to(&other))
    });
    let orders = ORDERS.into_iter().map(|(sort, word)| Link {
        word: word.to_owned(),
        count: None,
        link: to(&WorkloadFilter { sort, reversed: false, ..filter.clone() }),
        chosen: filter.sort == sort,
    });
    let order = ORDERS.iter().find(|(sort, _)| *sort == filter.sort).map_or("Order", |(_, word)| word);
    let menu = |name, title, class, choices: Vec<Link>| Menu { name, title, class, choices };
    vec![
        menu("kind", "Kind", "", kinds.collect()),
        menu("namespace", "Namespace", "", namespaces.take(MOST).collect()),
        menu("owner", "Applied by", "", owners.take(MOST).collect()),
        menu("order", order, "last", orders.collect()),
    ]
}

/// The active filters, each a link that removes it.
pub(super) fn chips(filter: &WorkloadFilter, to: &impl Fn(&WorkloadFilter) -> String) -> Vec<Link> {
    let words = (!filter.words.is_empty()).then(|| ("search", filter.words.join(" ")));
    let without = |removed: &(&'static str, String)| {
        let pairs = filter.pairs();
        let left = pairs.iter().filter(|pair| *pair != removed).map(|(name, value)| (*name, &**value));
        to(&WorkloadFilter::from_pairs(left))
    };
    let chip = |pair: (&'static str, String)| Link {
        word: format!("{}: {}", pair.0, pair.1),
        count: None,
        link: without(&pair),
        chosen: true,
    };
    filter.filters().into_iter().chain(words).map(chip).collect()
}

/// The heads of the columns; a second click on the sorted one turns the order around.
pub(super) fn heads(filter: &WorkloadFilter, to: &impl Fn(&WorkloadFilter) -> String) -> Vec<Head> {
    let sortable = |sort: Sort, word, class| {
        let current = filter.sort == sort;
        let reversed = current && !filter.reversed;
        let sorted = match (current, filter.reversed) {
            (false, _) => "none",
            (true, false) => "ascending",
            (true, true) => "descending",
        };
        Head { class, word, link: to(&WorkloadFilter { sort, reversed, ..filter.clone() }), sorted }
    };
    let ready = Head { class: "count", word: "Ready", link: String::new(), sorted: "none" };
    vec![
        sortable(Sort::Status, "Status", "status"),
        sortable(Sort::Name, "Name", "name"),
        sortable(Sort::Kind, "Kind", "kind"),
        sortable(Sort::Source, "Applied by", "from"),
        sortable(Sort::Found, "Images", "source"),
        ready,
        sortable(Sort::Since, "Age", "age"),
    ]
}

fn counted<K: Ord>(all: &Workloads, of: impl Fn(&Workload) -> Option<K>) -> BTreeMap<K, usize> {
    let mut counts = BTreeMap::new();
    for key in all.rows.values().filter_map(of) {
        *counts.entry(key).or_insert(0) += 1;
    }
    counts
}

fn choice(word: String, count: usize, chosen: bool, link: String) -> Link {
    Link { word, count: Some(count), link, chosen }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_chip_removes_its_own_filter_and_keeps_the_others() {
        let asked = [("kind", "Deployment"), ("namespace", "shop"), ("search", "cart web"), ("sort", "name")];
        let filter = WorkloadFilter::from_pairs(asked);
        let to = |filter: &WorkloadFilter| format!("{:?}", filter.pairs());
        let chips: Vec<_> = chips(&filter, &to).into_iter().map(|chip| (chip.word, chip.link)).collect();
        assert_eq!(chips.len(), 3, "{chips:?}");
        for (word, link) in &chips {
            let value = word.split_once(": ").expect("a value").1;
            assert!(!link.contains(value) && link.contains("sort"), "{word}: {link}");
        }
    }

    #[test]
    fn a_second_click_on_a_head_turns_the_order_around() {
        let to = |filter: &WorkloadFilter| format!("{}{}", filter.sort.slug(), filter.reversed);
        let by_name = WorkloadFilter { sort: Sort::Name, ..WorkloadFilter::default() };
        let heads = heads(&by_name, &to);
        let links: Vec<_> = heads.iter().map(|head| (&*head.link, head.sorted)).take(3).collect();
        assert_eq!(links, [("statusfalse", "none"), ("nametrue", "ascending"), ("kindfalse", "none")]);
    }
}
