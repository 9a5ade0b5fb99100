use std::cmp::Ordering;

use crate::{Particulars, Row};

/// The order of a list. Ties are broken by namespace, name and kind, so that an order is always total.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Sort {
    /// Worst state first, then the newest change.
    #[default]
    Status,
    /// By name.
    Name,
    /// By namespace.
    Namespace,
    /// By kind.
    Kind,
    /// Newest change first.
    Since,
    /// What fits the search words best first, and among what fits as well as by status. Without words: by status.
    Match,
    /// By the object that it comes from, then by revision; as of all that follow, what has none comes last.
    Source,
    /// By [`Particulars::address`]; what has none, by the object that it comes from.
    Address,
    /// By [`Particulars::wanted`], then by revision.
    Wanted,
    /// By [`Particulars::found`], numbers as numbers.
    Found,
    /// The shortest interval first.
    Every,
    /// The newest [`Particulars::moment`] first.
    Moment,
    /// By what is said of it.
    Message,
}

impl Sort {
    /// Every order.
    pub const ALL: [Sort; 13] = [
        Sort::Status,
        Sort::Name,
        Sort::Namespace,
        Sort::Kind,
        Sort::Since,
        Sort::Match,
        Sort::Source,
        Sort::Address,
        Sort::Wanted,
        Sort::Found,
        Sort::Every,
        Sort::Moment,
        Sort::Message,
    ];
    /// The orders that pages ask for by themselves.
    pub const KEPT: [Sort; 5] = [Sort::Status, Sort::Name, Sort::Namespace, Sort::Kind, Sort::Since];

    /// The word in URLs.
    pub fn slug(self) -> &'static str {
        match self {
            Sort::Status => "status",
            Sort::Name => "name",
            Sort::Namespace => "namespace",
            Sort::Kind => "kind",
            Sort::Since => "since",
            Sort::Match => "match",
            Sort::Source => "source",
            Sort::Address => "address",
            Sort::Wanted => "wanted",
            Sort::Found => "found",
            Sort::Every => "every",
            Sort::Moment => "moment",
            Sort::Message => "message",
        }
    }

    /// The order with this [`Sort::slug`].
    pub fn by_slug(slug: &str) -> Option<Sort> {
        Sort::ALL.into_iter().find(|sort| sort.slug() == slug)
    }

    /// The order's place in [`Sort::ALL`].
    pub fn index(self) -> usize {
        self as usize
    }

    /// Which of two rows comes first; equal only for rows of the same object.
    pub fn compare(self, a: &Row, b: &Row) -> Ordering {
        let first = match self {
            Sort::Status | Sort::Match => a.state.cmp(&b.state).then_with(|| newest_first(a, b)),
            Sort::Name => a.key.name.cmp(&b.key.name),
            Sort::Namespace => Ordering::Equal,
            Sort::Kind => a.key.kind.info().name.cmp(b.key.kind.info().name),
            Sort::Since => newest_first(a, b),
            Sort::Source => by_source(a, b).then_with(|| by_text(&a.revision, &b.revision)),
            Sort::Address => by_own(a, b, |own| &own.address).then_with(|| by_source(a, b)),
            Sort::Wanted => by_own(a, b, |own| &own.wanted).then_with(|| by_text(&a.revision, &b.revision)),
            Sort::Found => by_own(a, b, |own| &own.found),
            Sort::Every => last_without(own(a).and_then(|own| own.every), own(b).and_then(|own| own.every), Ord::cmp),
            // Those without come last, since nothing is less than anything.
            Sort::Moment => own(b).and_then(|own| own.moment).cmp(&own(a).and_then(|own| own.moment)),
            Sort::Message => by_text(&a.sentence, &b.sentence),
        };
        first
            .then_with(|| a.key.namespace.cmp(&b.key.namespace))
            .then_with(|| a.key.name.cmp(&b.key.name))
            .then_with(|| a.key.kind.cmp(&b.key.kind))
    }
}

/// Rows without a time come last.
fn newest_first(a: &Row, b: &Row) -> Ordering {
    b.since.cmp(&a.since)
}

fn by_source(a: &Row, b: &Row) -> Ordering {
    last_without(a.source.as_ref(), b.source.as_ref(), |a, b| {
        (&a.name, &a.chart, &a.namespace, a.kind).cmp(&(&b.name, &b.chart, &b.namespace, b.kind))
    })
}

fn by_own(a: &Row, b: &Row, text: fn(&Particulars) -> &str) -> Ordering {
    by_text(own(a).map_or("", text), own(b).map_or("", text))
}

fn own(row: &Row) -> Option<&Particulars> {
    row.particulars.as_deref()
}

fn by_text(a: &str, b: &str) -> Ordering {
    let there = |text| Some(text).filter(|text: &&str| !text.is_empty());
    last_without(there(a), there(b), |a, b| as_counted(a, b))
}

fn last_without<T>(a: Option<T>, b: Option<T>, compare: impl FnOnce(&T, &T) -> Ordering) -> Ordering {
    match (a, b) {
        (Some(a), Some(b)) => compare(&a, &b),
        (a, b) => a.is_none().cmp(&b.is_none()),
    }
}

/// `9 tags` come before `12 tags`.
fn as_counted(a: &str, b: &str) -> Ordering {
    let counts = |text: &str| text.starts_with(|letter: char| letter.is_ascii_digit());
    let as_numbers = if counts(a) && counts(b) { number(a).cmp(&number(b)) } else { Ordering::Equal };
    as_numbers.then_with(|| a.cmp(b))
}

/// The number that a text begins with, however long: how many digits, and which.
fn number(text: &str) -> (usize, &str) {
    let digits = text.trim_start_matches('0');
    let end = digits.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(digits.len());
    (end, &digits[..end])
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{Facts, Kind, Links, ObjectKey, SourceLink, State};

    fn row(name: &str) -> Row {
        let key = ObjectKey::new(Kind::IMAGE_REPOSITORY, "apps", name);
        Row::new(key, 1, Links::default(), &Facts::new(Kind::IMAGE_REPOSITORY))
    }

    fn names(sort: Sort, mut rows: Vec<Row>) -> Vec<String> {
        rows.sort_by(|a, b| sort.compare(a, b));
        rows.iter().map(|row| row.key.name.to_string()).collect()
    }

    fn found(name: &str, found: &str) -> Row {
        let own = Particulars { found: found.into(), ..Particulars::default() };
        Row { particulars: Some(Box::new(own)), ..row(name) }
    }

    #[test]
    fn the_worst_come_first_and_among_them_the_newest() {
        let with = |name, state, since| Row { state, since, ..row(name) };
        let rows = vec![
            with("fine", State::Ready, Some(9)),
            with("old", State::Failed, Some(1)),
            with("unknown", State::Failed, None),
            with("new", State::Failed, Some(5)),
            with("held", State::Waiting, Some(7)),
        ];
        assert_eq!(names(Sort::Status, rows), ["new", "old", "unknown", "held", "fine"]);
    }

    #[test]
    fn numbers_are_sorted_as_people_count_and_what_has_nothing_to_show_comes_last() {
        let rows = vec![
            row("nothing"),
            found("empty", ""),
            found("many", "120 tags"),
            found("word", "none"),
            found("some", "12 tags"),
            found("few", "9 tags"),
            found("long", "99999999999999999999999"),
        ];
        assert_eq!(names(Sort::Found, rows), ["few", "some", "many", "long", "word", "empty", "nothing"]);
    }

    #[test]
    fn sources_are_sorted_by_their_names_then_charts_then_revisions() {
        let from = |name, source: &str, chart: Option<&str>, revision: &str| {
            let link = SourceLink {
                kind: Kind::HELM_REPOSITORY,
                namespace: "flux-system".into(),
                name: source.into(),
                chart: chart.map(Into::into),
            };
            Row { source: Some(link), revision: revision.into(), ..row(name) }
        };
        let rows = vec![
            row("none"),
            from("d", "fleet", None, ""),
            from("c", "fleet", None, "main@sha1:1"),
            from("b", "charts", Some("shop"), ""),
            from("a", "charts", Some("blog"), ""),
        ];
        assert_eq!(names(Sort::Source, rows), ["a", "b", "c", "d", "none"]);
    }

    #[test]
    fn the_shortest_interval_and_the_newest_moment_come_first() {
        let with = |name, every: Option<u64>, moment| {
            let own = Particulars { every: every.map(Duration::from_secs), moment, ..Particulars::default() };
            Row { particulars: Some(Box::new(own)), ..row(name) }
        };
        let rows =
            || vec![with("a", None, None), with("b", Some(600), Some(1)), with("c", Some(60), Some(9)), row("d")];
        assert_eq!(names(Sort::Every, rows()), ["c", "b", "a", "d"]);
        assert_eq!(names(Sort::Moment, rows()), ["c", "b", "a", "d"]);
    }

    #[test]
    fn every_order_is_found_by_its_word() {
        for (place, sort) in Sort::ALL.into_iter().enumerate() {
            assert_eq!((Sort::by_slug(sort.slug()), sort.index()), (Some(sort), place));
        }
    }
}
