//! Which rows the words were found in that somebody searched for lately.

use std::{collections::VecDeque, mem};

use fanlight_model::{Query, Row};

/// The last searches. A page that shows a search looks through all texts once, and from then on only through those of
/// rows that change.
#[derive(Debug, Default)]
pub(super) struct Searches(VecDeque<Search>);

#[derive(Debug)]
struct Search {
    /// Its words are what counts.
    query: Query,
    /// A bit for each row by its number; what it says of numbers without a row means nothing.
    found: Vec<u64>,
}

impl Searches {
    /// How many searches are remembered: as many as may be on the pages of a team at the same time.
    const MANY: usize = 32;

    /// A row has come under this number.
    pub(super) fn put(&mut self, number: u32, row: &Row) {
        self.0.iter_mut().for_each(|search| search.look(number, row));
    }

    /// The rows that have the words of the query, out of `rows`; `None` if it has none.
    pub(super) fn of<'a>(&mut self, query: &Query, rows: impl Iterator<Item = (u32, &'a Row)>) -> Option<Found<'_>> {
        if query.words.is_empty() {
            return None;
        }
        let known = self.0.iter().position(|search| search.query.words == query.words);
        let search = known.and_then(|index| self.0.remove(index)).unwrap_or_else(|| {
            let mut search = Search { query: query.clone(), found: Vec::new() };
            // Somebody who types on looks only at what was found so far.
            let wider = self.0.iter().filter(|other| query.narrows(&other.query)).min_by_key(|other| other.count());
            let worth = |number: u32| wider.is_none_or(|wider| Found(&wider.found).has(number));
            rows.filter(|(number, _)| worth(*number)).for_each(|(number, row)| search.look(number, row));
            search
        });
        // The last one used is the first, and the one that is longest unused is forgotten.
        self.0.push_front(search);
        self.0.truncate(Self::MANY);
        self.0.front().map(|search| Found(&search.found))
    }
}

impl Search {
    /// About how many rows have its words.
    fn count(&self) -> u32 {
        self.found.iter().map(|bits| bits.count_ones()).sum()
    }

    fn look(&mut self, number: u32, row: &Row) {
        let (word, bit) = place(number);
        if self.found.len() <= word {
            self.found.resize(word + 1, 0);
        }
        let has = self.query.finds(row);
        let bits = mem::take(&mut self.found[word]);
        self.found[word] = if has { bits | bit } else { bits & !bit };
    }
}

/// In which rows the words are.
#[derive(Debug, Clone, Copy)]
pub(super) struct Found<'a>(&'a [u64]);

impl Found<'_> {
    pub(super) fn has(self, number: u32) -> bool {
        let (word, bit) = place(number);
        self.0.get(word).is_some_and(|bits| bits & bit != 0)
    }
}

fn place(number: u32) -> (usize, u64) {
    (number as usize / 64, 1 << (number % 64))
}
