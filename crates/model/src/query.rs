//! What a viewer asks of a list: filters, words to find, order, page. All of it lives in the URL.

mod sort;
mod text;

pub use sort::Sort;

use crate::{Kind, Row, State};

/// The question that a list page answers.
///
/// Filters of one sort add up (*or*), different sorts narrow each other (*and*); every search word must be found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Query {
    /// Only these kinds; empty for all of the page.
    pub kinds: Vec<Kind>,
    /// Only these namespaces; empty for all.
    pub namespaces: Vec<String>,
    /// Only of these tenants; empty for all, and for what has none.
    pub tenants: Vec<String>,
    /// Only these states; empty for all.
    pub states: Vec<State>,
    /// Words to find, in lower case; one more than may be asked for if there were too many.
    pub words: Vec<String>,
    /// By what to order.
    pub sort: Sort,
    /// Last first.
    pub reversed: bool,
    /// Which page, from 0.
    pub page: usize,
}

impl Query {
    /// How many rows a page has.
    pub const PAGE: usize = 100;

    /// How many words may be asked for.
    pub const WORDS: usize = 16;

    const VALUES: usize = 100;
    const WORD_BYTES: usize = 128;

    /// Reads the parameters of a URL; what is not understood is left out, so that an old link still shows a list.
    ///
    /// `kind=HelmRelease` (or `hr`), `namespace=apps`, `tenant=blue`, `status=failed`, each any number of times; `search=two words`;
    /// `q=ns:apps two words`, which asks for the best match first; `sort=name`, `order=reversed`, `page=2` (from 1). The
    /// predecessor's `filters=` and `search=` are read too.
    pub fn from_pairs<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Query {
        let mut query = Query::default();
        for (name, value) in pairs {
            query.read(name, value.trim());
        }
        query
    }

    fn read(&mut self, name: &str, value: &str) {
        match name {
            "kind" => push_new(&mut self.kinds, Kind::by_name(value).or_else(|| Kind::by_short(value))),
            "namespace" => {
                push_new(&mut self.namespaces, is_plausible(value).then(|| value.to_owned()));
            }
            "tenant" => push_new(&mut self.tenants, is_plausible(value).then(|| value.to_owned())),
            "status" => push_new(&mut self.states, State::by_slug(value)),
            "search" => self.read_words(value),
            "q" => self.read_text(value),
            "filters" => value.split('_').for_each(|filter| self.read_old_filter(filter)),
            "sort" => self.sort = Sort::by_slug(value).unwrap_or_default(),
            "order" => self.reversed = value == "reversed",
            "page" => self.page = value.parse::<usize>().unwrap_or(1).clamp(1, 1_000_000) - 1,
            _ => {}
        }
    }

    /// Words end in a space, or in an underscore as the predecessor's links have it (`search=shop_billing_`).
    fn read_words(&mut self, value: &str) {
        let old = value.ends_with('_');
        value
            .split(|letter: char| letter.is_whitespace() || (old && letter == '_'))
            .for_each(|word| self.read_word(word));
    }

    /// No word is ever left out: less would be asked than somebody typed, and more be acted upon than they meant.
    fn read_word(&mut self, word: &str) {
        let mut word = word.to_lowercase();
        word.truncate(word.floor_char_boundary(Query::WORD_BYTES));
        if !word.is_empty() && !self.has_too_many_words() {
            push_new(&mut self.words, Some(word));
        }
    }

    /// One `key: value` of the predecessor's `filters=type: HelmRelease_status: Not Ready_`.
    fn read_old_filter(&mut self, filter: &str) {
        let Some((key, value)) = filter.split_once(": ") else { return };
        let states: &[State] = match value.trim() {
            "Ready" => &[State::Ready, State::Configured],
            "Not Ready" => &[State::Failed, State::Stalled, State::Waiting, State::NotReconciled],
            "Reconciling" => &[State::Progressing],
            "Suspended" => &[State::Suspended],
            _ => &[],
        };
        match key.trim() {
            "type" | "kind" => self.read("kind", value.trim()),
            name @ ("namespace" | "tenant") => self.read(name, value.trim()),
            "status" => states.iter().for_each(|state| push_new(&mut self.states, Some(*state))),
            _ => {}
        }
    }

    /// The parameters that [`Query::from_pairs`] reads back to the same question; nothing for what is the default.
    pub fn pairs(&self) -> Vec<(&'static str, String)> {
        let mut pairs = Vec::new();
        pairs.extend(self.kinds.iter().map(|kind| ("kind", kind.info().name.to_owned())));
        pairs.extend(self.namespaces.iter().map(|namespace| ("namespace", namespace.clone())));
        pairs.extend(self.tenants.iter().map(|tenant| ("tenant", tenant.clone())));
        pairs.extend(self.states.iter().map(|state| ("status", state.slug().to_owned())));
        if !self.words.is_empty() {
            pairs.push(("search", self.words.join(" ")));
        }
        if self.sort != Sort::default() {
            pairs.push(("sort", self.sort.slug().to_owned()));
        }
        if self.reversed {
            pairs.push(("order", "reversed".to_owned()));
        }
        if self.page > 0 {
            pairs.push(("page", (self.page + 1).to_string()));
        }
        pairs
    }

    /// Whether anything is filtered away.
    pub fn is_filtered(&self) -> bool {
        let filters =
            [self.kinds.len(), self.namespaces.len(), self.tenants.len(), self.states.len(), self.words.len()];
        filters.iter().any(|values| *values > 0)
    }

    /// Whether the kind is one of those wanted.
    pub fn wants_kind(&self, kind: Kind) -> bool {
        self.kinds.is_empty() || self.kinds.contains(&kind)
    }

    /// Whether the state is one of those wanted.
    pub fn wants_state(&self, state: State) -> bool {
        self.states.is_empty() || self.states.contains(&state)
    }

    /// Whether more words were asked for than are looked for; then nothing is found.
    pub fn has_too_many_words(&self) -> bool {
        self.words.len() > Query::WORDS
    }

    /// Whether every search word is found in the row.
    pub fn finds(&self, row: &Row) -> bool {
        !self.has_too_many_words() && self.words.iter().all(|word| row.mentions(word))
    }
}

/// Whether a namespace or a tenant may have that name, as far as its length goes.
fn is_plausible(name: &str) -> bool {
    (1..=253).contains(&name.len())
}

fn push_new<T: PartialEq>(list: &mut Vec<T>, value: Option<T>) {
    if let Some(value) = value
        && list.len() < Query::VALUES
        && !list.contains(&value)
    {
        list.push(value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Facts, Links, ObjectKey};

    fn row(namespace: &str, name: &str, state: State, since: Option<i64>) -> Row {
        let key = ObjectKey::new(Kind::KUSTOMIZATION, namespace, name);
        let bare = Row::new(key, 1, Links::default(), &Facts::new(Kind::KUSTOMIZATION));
        Row { state, since, message: "Applied revision: Main".into(), revision: "main@sha1:abc".into(), ..bare }
    }

    #[test]
    fn a_query_is_read_back_from_what_it_writes() {
        let query = Query {
            kinds: vec![Kind::HELM_RELEASE],
            namespaces: vec!["apps".into(), "data".into()],
            tenants: vec!["blue".into()],
            states: vec![State::Failed, State::NotReconciled],
            words: vec!["shop".into(), "main".into()],
            sort: Sort::Since,
            reversed: true,
            page: 3,
        };
        let pairs = query.pairs();
        let read = Query::from_pairs(pairs.iter().map(|(name, value)| (*name, value.as_str())));
        assert_eq!(read, query);
        assert!(Query::default().pairs().is_empty());
    }

    #[test]
    fn nonsense_in_a_link_still_shows_a_list() {
        let pairs =
            [("kind", "Gizmo"), ("page", "-1"), ("sort", "colour"), ("status", ""), ("x", "y"), ("namespace", "")];
        assert_eq!(Query::from_pairs(pairs), Query::default());
    }

    #[test]
    fn links_of_the_predecessor_still_ask_the_same_question() {
        let old = Query::from_pairs([
            ("filters", "type: HelmRelease_namespace: apps_status: Not Ready_tenant: x_"),
            ("search", "Shop_billing_"),
        ]);
        assert_eq!((old.kinds, old.namespaces), (vec![Kind::HELM_RELEASE], vec!["apps".to_owned()]));
        assert_eq!(old.tenants, ["x"]);
        assert_eq!(old.words, ["shop", "billing"]);
        assert!(old.states.contains(&State::Failed) && !old.states.contains(&State::Ready));
        assert_eq!(Query::from_pairs([("search", "snake_case")]).words, ["snake_case"]);
    }

    #[test]
    fn the_number_of_filters_and_words_in_a_link_is_bounded() {
        let many: Vec<String> = (0..1000).map(|n| format!("ns-{n}")).collect();
        let query = Query::from_pairs(many.iter().map(|name| ("namespace", name.as_str())));
        assert_eq!(query.namespaces.len(), Query::VALUES);
        let query = Query::from_pairs([("search", many.join(" ").as_str())]);
        assert_eq!(query.words.len(), Query::WORDS + 1);
    }

    #[test]
    fn a_word_too_long_is_cut_and_with_words_too_many_nothing_is_found() {
        let shop = row("apps", "shop", State::Ready, None);
        for name in ["search", "q"] {
            let image = format!("registry.example.com/ä{}@sha256:{}", "/team".repeat(17), "0f".repeat(32));
            let asked = Query::from_pairs([(name, image.as_str())]);
            assert!(asked.words.iter().all(|word| image.starts_with(word) && (125..=128).contains(&word.len())));
            assert!(asked.is_filtered() && !asked.finds(&shop), "{asked:?}");
            assert!(Query::from_pairs([(name, "shop ".repeat(40).as_str())]).finds(&shop), "one word, often");

            let many = format!("{} billing", "s sh sho shop h ho hop o op p a ap app apps pp pps");
            let (asked, fewer) =
                (Query::from_pairs([(name, &*many)]), Query::from_pairs([(name, &many[..many.len() - 8])]));
            assert!(fewer.finds(&shop) && !asked.finds(&shop) && asked.has_too_many_words());
            let pairs = asked.pairs();
            let again = Query::from_pairs(pairs.iter().map(|(name, value)| (*name, value.as_str())));
            assert!(again.has_too_many_words(), "the link of an action asks the same");
        }
        let long = format!("ns:{}", "n".repeat(254));
        assert!(!Query::from_pairs([("q", &*long)]).finds(&shop), "no such namespace is no filter, but a word");
    }

    #[test]
    fn every_word_must_be_found_somewhere_whatever_its_case() {
        let row = row("apps", "shop", State::Ready, None);
        let search = |text| Query::from_pairs([("search", text)]).finds(&row);
        assert!(search("SHOP apps"));
        assert!(search("abc applied"));
        assert!(!search("shop billing"));
    }
}
