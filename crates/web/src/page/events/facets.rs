//! The links that change the question: type, kind, namespace, reason.

use std::collections::BTreeMap;

use fanlight_model::EventFilter;

use super::Happened;
use crate::page::list::{Link, Menu, Part, toggle};

/// The menus, and the filters that are set, each a link that removes it.
pub(super) struct Facets {
    pub(super) menus: [Menu; 3],
    pub(super) chips: Vec<(String, String)>,
}

/// Warnings and others, each a switch.
pub(super) fn strip(filter: &EventFilter, happened: &Happened, to: &impl Fn(&EventFilter) -> String) -> [Part; 2] {
    let any = EventFilter { warnings: None, ..filter.clone() };
    [(true, "warning", "failed", "Warnings"), (false, "normal", "quiet", "Normal")].map(
        |(warning, slug, class, word)| {
            let chosen = filter.warnings == Some(warning);
            let count = happened.all().into_iter().filter(|event| any.wants(event) && event.warning == warning).count();
            let warnings = (!chosen).then_some(warning);
            let link = to(&EventFilter { warnings, ..filter.clone() });
            Part { slug, class, word, count, link, chosen }
        },
    )
}

impl Facets {
    /// Of each menu so many choices at most.
    const MOST: usize = 50;

    pub(super) fn of(filter: &EventFilter, happened: &Happened, to: &impl Fn(&EventFilter) -> String) -> Self {
        let (mut kinds, mut namespaces, mut reasons) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        for event in happened.all() {
            if let Some(kind) = event.about {
                *kinds.entry(kind).or_insert(0) += 1;
            }
            *namespaces.entry(&*event.namespace).or_insert(0) += 1;
            *reasons.entry(&*event.reason).or_insert(0) += 1;
        }
        let choice = |word: String, count: usize, chosen: bool, other: &EventFilter| {
            let link = to(other);
            Link { word, count: Some(count), link, chosen }
        };
        let menu = |name, title, choices| Menu { name, title, class: "", choices };
        let kinds = kinds.into_iter().map(|(kind, count)| {
            let mut other = filter.clone();
            toggle(&mut other.kinds, kind);
            choice(kind.to_string(), count, filter.kinds.contains(&kind), &other)
        });
        let texts = |counted: BTreeMap<&str, usize>, get: fn(&mut EventFilter) -> &mut Vec<String>| {
            let mut choices = Vec::new();
            for (word, count) in counted.into_iter().take(Self::MOST) {
                let mut other = filter.clone();
                let chosen = get(&mut other).iter().any(|one| one == word);
                toggle(get(&mut other), word.to_owned());
                choices.push(choice(word.to_owned(), count, chosen, &other));
            }
            choices
        };
        Self {
            menus: [
                menu("kind", "Kind", kinds.collect()),
                menu("namespace", "Namespace", texts(namespaces, |filter| &mut filter.namespaces)),
                menu("reason", "Reason", texts(reasons, |filter| &mut filter.reasons)),
            ],
            chips: chips(filter, to),
        }
    }
}

fn chips(filter: &EventFilter, to: &impl Fn(&EventFilter) -> String) -> Vec<(String, String)> {
    let mut chips = Vec::new();
    for (name, value) in filter.pairs() {
        let others = filter.pairs().into_iter().filter(|(other, text)| (*other, text) != (name, &value));
        let others: Vec<_> = others.collect();
        let other = EventFilter::from_pairs(others.iter().map(|(name, value)| (*name, &**value)));
        chips.push((format!("{name}: {value}"), to(&other)));
    }
    chips
}
