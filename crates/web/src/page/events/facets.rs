//! The links that change the question: type, kind, namespace, reason.

use std::collections::BTreeMap;

use fanlight_model::EventFilter;

use super::Happened;

/// A link that asks another question.
pub(super) struct Choice {
    pub(super) id: &'static str,
    /// Colour and icon.
    pub(super) class: &'static str,
    pub(super) word: String,
    pub(super) count: usize,
    pub(super) link: String,
    pub(super) chosen: bool,
}

/// A menu of questions.
pub(super) struct Menu {
    pub(super) name: &'static str,
    pub(super) title: &'static str,
    pub(super) choices: Vec<Choice>,
}

/// The menus, and the filters that are set, each a link that removes it.
pub(super) struct Facets {
    pub(super) menus: [Menu; 3],
    pub(super) chips: Vec<(String, String)>,
}

/// Warnings and others, each a switch.
pub(super) fn strip(filter: &EventFilter, happened: &Happened, to: &impl Fn(&EventFilter) -> String) -> [Choice; 2] {
    let any = EventFilter { warnings: None, ..filter.clone() };
    [(true, "warning", "failed", "Warnings"), (false, "normal", "quiet", "Normal")].map(|(warning, id, class, word)| {
        let chosen = filter.warnings == Some(warning);
        let count = happened.all().into_iter().filter(|event| any.wants(event) && event.warning == warning).count();
        let warnings = (!chosen).then_some(warning);
        let link = to(&EventFilter { warnings, ..filter.clone() });
        Choice { id, class, word: word.to_owned(), count, link, chosen }
    })
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
        let choice = |word: String, count: usize, chosen: bool, other: &EventFilter| Choice {
            id: "",
            class: "",
            word,
            count,
            link: to(other),
            chosen,
        };
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
                Menu { name: "kind", title: "Kind", choices: kinds.collect() },
                Menu {
                    name: "namespace",
                    title: "Namespace",
                    choices: texts(namespaces, |filter| &mut filter.namespaces),
                },
                Menu { name: "reason", title: "Reason", choices: texts(reasons, |filter| &mut filter.reasons) },
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

fn toggle<T: PartialEq>(list: &mut Vec<T>, value: T) {
    match list.iter().position(|entry| *entry == value) {
        Some(index) => drop(list.remove(index)),
        None => list.push(value),
    }
}
