//! A question as somebody types it: words, and prefixes that say what a word is about.

use super::{Query, Sort, is_plausible, push_new};
use crate::{Kind, Row, State, row::Fit};

impl Query {
    /// Reads `ns:apps kind:hr status:failed tenant:blue two words`. Several values of a prefix have commas between; a prefix whose
    /// value makes no sense is a word, so that nobody takes an answer for one to what they asked.
    pub(super) fn read_text(&mut self, text: &str) {
        text.split_whitespace().for_each(|part| {
            if !self.read_prefixed(part) {
                self.read_word(part);
            }
        });
        if self.sort == Sort::default() && !self.words.is_empty() {
            self.sort = Sort::Match;
        }
    }

    /// Whether that was a filter.
    fn read_prefixed(&mut self, part: &str) -> bool {
        let Some((prefix, values)) = part.split_once(':') else { return false };
        let values = || values.split(',').filter(|value| !value.is_empty());
        if values().next().is_none() {
            return false;
        }
        match &*prefix.to_ascii_lowercase() {
            "ns" | "namespace" if values().all(is_plausible) => {
                values().for_each(|value| self.read("namespace", value));
                true
            }
            "tenant" if values().all(is_plausible) => {
                values().for_each(|value| self.read("tenant", value));
                true
            }
            "kind" => push_all(&mut self.kinds, values().map(Kind::by_word)),
            "status" => push_all(&mut self.states, values().map(State::by_slug)),
            _ => false,
        }
    }

    /// Whether whatever this finds is also found by `wider`, as when somebody types on.
    pub fn narrows(&self, wider: &Query) -> bool {
        // A word with a slash is also looked for where one without is not.
        let within = |part: &str, word: &str| word.contains(part) && (part.contains('/') || !word.contains('/'));
        let covers = |part: &String| self.words.iter().any(|word| within(part, word));
        !wider.has_too_many_words() && wider.words.iter().all(covers)
    }

    /// How well a row that was found fits the words: the lower, the better.
    pub fn rank(&self, row: &Row) -> u8 {
        self.words.iter().map(|word| row.fit(word)).min().unwrap_or(Fit::Elsewhere) as u8
    }
}

/// Adds the values if every one of them makes sense; whether that is so.
fn push_all<T: PartialEq>(list: &mut Vec<T>, values: impl Iterator<Item = Option<T>>) -> bool {
    let Some(values) = values.collect::<Option<Vec<_>>>() else { return false };
    values.into_iter().for_each(|value| push_new(list, Some(value)));
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Facts, Links, ObjectKey};

    fn asked(text: &str) -> Query {
        Query::from_pairs([("q", text)])
    }

    #[test]
    fn prefixes_are_filters_and_the_rest_are_words() {
        let query = asked("ns:apps,data Kind:hr kind:GitRepositories STATUS:Failed tenant:blue shop team=blue");
        assert_eq!((query.namespaces, query.tenants), (vec!["apps".into(), "data".into()], vec!["blue".into()]));
        assert_eq!(query.kinds, [Kind::HELM_RELEASE, Kind::GIT_REPOSITORY]);
        assert_eq!(query.states, [State::Failed]);
        assert_eq!((query.words, query.sort), (vec!["shop".to_owned(), "team=blue".to_owned()], Sort::Match));
    }

    #[test]
    fn a_prefix_that_makes_no_sense_is_a_word_and_never_left_out() {
        for text in ["kind:gizmo", "status:odd", "kind:hr,gizmo", "ns:", "sha256:0f", "a:b"] {
            let query = asked(text);
            assert_eq!(query.words, [text], "{text}");
            assert!(query.kinds.is_empty() && query.states.is_empty() && query.namespaces.is_empty(), "{text}");
        }
    }

    #[test]
    fn an_order_that_was_chosen_stays_and_without_words_nothing_fits_best() {
        let query = Query::from_pairs([("sort", "name"), ("q", "shop")]);
        assert_eq!(query.sort, Sort::Name);
        assert_eq!(asked("ns:apps").sort, Sort::Status);
    }

    #[test]
    fn the_name_itself_fits_best_then_its_beginning_then_its_inside() {
        let row = |namespace: &str, name: &str| {
            let key = ObjectKey::new(Kind::KUSTOMIZATION, namespace, name);
            Row::new(key, 1, Links::default(), &Facts::new(Kind::KUSTOMIZATION))
        };
        let names = ["shop", "shop-next", "old-shop", "blog"];
        let ranks = names.map(|name| asked("Shop").rank(&row("apps", name)));
        assert!(ranks.is_sorted_by(|a, b| a < b), "{ranks:?}");
        let place = |text| asked(text).rank(&row("apps", "shop"));
        assert_eq!(place("apps/shop"), Fit::Exact as u8);
        assert_eq!(place("kustomization/apps/sh"), Fit::Start as u8);
        assert_eq!(place("data/shop"), Fit::Elsewhere as u8);
        assert_eq!(place("nothing shop"), Fit::Exact as u8, "the best of the words counts");
    }

    #[test]
    fn whatever_a_search_finds_is_found_by_the_searches_that_it_narrows() {
        let key = ObjectKey::new(Kind::HELM_RELEASE, "apps", "shop");
        let row = Row::new(key, 1, Links::default(), &Facts::new(Kind::HELM_RELEASE));
        let row = Row { labels: Row::labels([("team", "blue"), ("tier", "web")]), ..row };
        for word in ["helmrelease/apps/shop", "apps/shop", "team=blue", "web"] {
            assert!(asked(word).finds(&row), "{word}");
            for from in 0..word.len() {
                for to in from + 1..=word.len() {
                    let part = asked(&word[from..to]);
                    assert!(part.finds(&row) || !asked(word).narrows(&part), "{part:?} of {word}");
                }
            }
        }
        assert!(!asked("data/shop").finds(&row) && !asked("team=red").finds(&row));
        assert!(asked("shop blue").narrows(&asked("sho")) && !asked("sho").narrows(&asked("shop")));
        assert!(!asked("helmrelease/apps").narrows(&asked("helmrelease")));
    }
}
