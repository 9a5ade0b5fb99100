//! The links that change the question: state strip, menus, chips, heads of columns.

use std::sync::Arc;

use fanlight_live::List;
use fanlight_model::{Query, Sort, State, listing};

use super::ListPage;
use crate::{place, status::StatusView};

/// A part of the state strip.
pub(crate) struct Part {
    pub(crate) slug: &'static str,
    pub(crate) class: &'static str,
    pub(crate) word: &'static str,
    pub(crate) count: usize,
    pub(crate) link: String,
    pub(crate) chosen: bool,
}

/// A menu of questions.
pub(crate) struct Menu {
    pub(crate) name: &'static str,
    pub(crate) title: &'static str,
    pub(crate) class: &'static str,
    pub(crate) choices: Vec<Link>,
}

/// A link that asks another question.
pub(crate) struct Link {
    pub(crate) word: String,
    pub(crate) count: Option<usize>,
    pub(crate) link: String,
    pub(crate) chosen: bool,
}

/// The head of a column.
pub(crate) struct Head {
    pub(crate) class: &'static str,
    pub(crate) word: &'static str,
    pub(crate) link: String,
    pub(crate) sorted: &'static str,
}

/// The orders that are offered, as the menu and as the heads of columns call them.
const ORDERS: [(Sort, &str); 6] = [
    (Sort::Match, "Best match first"),
    (Sort::Status, "Worst first"),
    (Sort::Since, "Newest change first"),
    (Sort::Name, "By name"),
    (Sort::Namespace, "By namespace"),
    (Sort::Kind, "By kind"),
];

/// The state strip: every state that is there or chosen, as a switch.
pub(super) fn strip(query: &Query, list: &List, to: &impl Fn(&Query) -> String) -> Vec<Part> {
    let there = State::ALL.into_iter().filter(|state| list.states[state.index()] > 0 || query.states.contains(state));
    there
        .map(|state| {
            let mut other = first_page(query);
            toggle(&mut other.states, state);
            Part {
                slug: state.slug(),
                class: StatusView::of(state).class,
                word: state.word(),
                count: list.states[state.index()],
                link: to(&other),
                chosen: query.states.contains(&state),
            }
        })
        .collect()
}

/// The menus of kinds, namespaces, tenants if there are any, and orders; a page of one kind has none of kinds.
pub(super) fn menus(page: &ListPage, query: &Query, list: &List, to: &impl Fn(&Query) -> String) -> Vec<Menu> {
    let kinds = list.kinds.iter().map(|(kind, count)| {
        let mut other = first_page(query);
        toggle(&mut other.kinds, *kind);
        Link { word: kind.to_string(), count: Some(*count), link: to(&other), chosen: query.kinds.contains(kind) }
    });
    let namespaces = names(query, &list.namespaces, |query| &mut query.namespaces, to);
    let tenants = names(query, &list.tenants, |query| &mut query.tenants, to);
    let several = page.kinds.len() > 1;
    let makes_sense = |sort: Sort| match sort {
        Sort::Kind => several,
        Sort::Match => page.is_search() && !query.words.is_empty(),
        _ => true,
    };
    let orders = ORDERS.into_iter().filter(|(sort, _)| makes_sense(*sort)).map(|(sort, word)| Link {
        word: word.to_owned(),
        count: None,
        link: to(&Query { sort, reversed: false, ..first_page(query) }),
        chosen: query.sort == sort,
    });
    let order = ORDERS.iter().find(|(sort, _)| *sort == query.sort).map_or("Order", |(_, word)| word);
    // What a search has found has its kinds in sight.
    let kinds = (several && !page.is_search()).then(|| Menu {
        name: "kind",
        title: "Kind",
        class: "",
        choices: kinds.collect(),
    });
    let tenants =
        (!tenants.is_empty()).then_some(Menu { name: "tenant", title: "Tenant", class: "", choices: tenants });
    let namespaces = Menu { name: "namespace", title: "Namespace", class: "", choices: namespaces };
    let order = Menu { name: "order", title: order, class: "last", choices: orders.collect() };
    kinds.into_iter().chain([namespaces]).chain(tenants).chain([order]).collect()
}

/// The choices of a menu of names, each with how many have it; `field` is what of the query they are.
fn names(
    query: &Query,
    all: &[(Arc<str>, usize)],
    field: fn(&mut Query) -> &mut Vec<String>,
    to: &impl Fn(&Query) -> String,
) -> Vec<Link> {
    // Labels are whatever anybody writes, and as many.
    const MOST: usize = 500;
    let choice = |(name, count): &(Arc<str>, usize)| {
        let mut other = first_page(query);
        let chosen = field(&mut other).iter().any(|wanted| **wanted == **name);
        toggle(field(&mut other), name.to_string());
        Link { word: name.to_string(), count: Some(*count), link: to(&other), chosen }
    };
    all.iter().map(choice).enumerate().filter(|(at, link)| *at < MOST || link.chosen).map(|(_, link)| link).collect()
}

/// The active filters, each a link that removes it.
pub(super) fn chips(query: &Query, to: &impl Fn(&Query) -> String) -> Vec<Link> {
    let mut chips = Vec::new();
    let mut chip = |word: String, other: &Query| chips.push(Link { word, count: None, link: to(other), chosen: true });
    for kind in &query.kinds {
        let mut other = first_page(query);
        toggle(&mut other.kinds, *kind);
        chip(format!("kind: {kind}"), &other);
    }
    for namespace in &query.namespaces {
        let mut other = first_page(query);
        toggle(&mut other.namespaces, namespace.clone());
        chip(format!("namespace: {namespace}"), &other);
    }
    for tenant in &query.tenants {
        let mut other = first_page(query);
        toggle(&mut other.tenants, tenant.clone());
        chip(format!("tenant: {tenant}"), &other);
    }
    for state in &query.states {
        let mut other = first_page(query);
        toggle(&mut other.states, *state);
        chip(format!("status: {state}"), &other);
    }
    if !query.words.is_empty() {
        chip(format!("search: {}", query.words.join(" ")), &Query { words: Vec::new(), ..first_page(query) });
    }
    chips
}

/// What shows the same in a terminal. Kinds of which nothing is in sight may not even be installed; and of what a search
/// finds there are too many.
pub(super) fn command(page: &ListPage, query: &Query, list: &List) -> String {
    let there = list.kinds.iter().map(|(kind, _)| *kind).filter(|kind| query.wants_kind(*kind));
    if page.is_search() { String::new() } else { listing(&there.collect::<Vec<_>>(), query) }
}

/// The heads of the columns; a second click on the sorted one turns the order around.
pub(super) fn heads(page: &ListPage, query: &Query, to: &impl Fn(&Query) -> String) -> Vec<Head> {
    let sortable = |sort: Sort, word, class| {
        let current = query.sort == sort;
        let reversed = current && !query.reversed;
        let sorted = match (current, query.reversed) {
            (false, _) => "none",
            (true, false) => "ascending",
            (true, true) => "descending",
        };
        Head { class, word, link: to(&Query { sort, reversed, ..first_page(query) }), sorted }
    };
    let pick = Head { class: "pick", word: "", link: String::new(), sorted: "none" };
    let first = [pick, sortable(Sort::Status, "Status", "status"), sortable(Sort::Name, "Name", "name")];
    let own = page.columns.iter().map(|column| {
        let (class, word, sort) = column.head();
        sortable(sort, word, class)
    });
    first.into_iter().chain(own).chain([sortable(Sort::Since, "Since", "age")]).collect()
}

/// Whether a parameter must be sent along by the form that asks for words. That words are best sorted by how well they fit
/// follows from the words.
pub(super) fn is_hidden((name, value): &(&'static str, String)) -> bool {
    !matches!((*name, &**value), ("search" | "page", _) | ("sort", "match"))
}

/// The address of the answer to a question.
pub(crate) fn address(base: &str, path: &str, query: &Query) -> String {
    place::asking(base, path, query.pairs())
}

pub(super) fn first_page(query: &Query) -> Query {
    Query { page: 0, ..query.clone() }
}

/// Adds what is not there, or takes it out.
pub(crate) fn toggle<T: PartialEq>(list: &mut Vec<T>, value: T) {
    match list.iter().position(|entry| *entry == value) {
        Some(index) => drop(list.remove(index)),
        None => list.push(value),
    }
}
