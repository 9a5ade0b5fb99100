//! The kept orders of all rows.

use fanlight_model::{Row, Sort};

/// For each [`Sort`] that rows have whatever is asked for, the numbers of all rows in that order; kept by binary insertion,
/// so that showing a page never sorts. Those that pages do not ask for by themselves are kept from when somebody first
/// asks.
#[derive(Debug)]
pub(super) struct Orders([Option<Vec<u32>>; Sort::ALL.len()]);

impl Default for Orders {
    fn default() -> Self {
        Self(Sort::ALL.map(|sort| Sort::KEPT.contains(&sort).then(Vec::new)))
    }
}

impl Orders {
    /// The numbers in this order; for one that is not kept, in that of what fits equally well.
    pub(super) fn get(&self, sort: Sort) -> &[u32] {
        let kept = self.0[sort.index()].as_deref();
        kept.or(self.0[Sort::Status.index()].as_deref()).unwrap_or_default()
    }

    /// Keeps this order from now on, if rows have it whatever is asked for; `row_of` knows all rows.
    pub(super) fn learn<'a>(&mut self, sort: Sort, row_of: impl Fn(u32) -> &'a Row) {
        if sort == Sort::Match || self.0[sort.index()].is_some() {
            return;
        }
        let mut order = self.get(Sort::Status).to_vec();
        order.sort_unstable_by(|a, b| sort.compare(row_of(*a), row_of(*b)));
        self.0[sort.index()] = Some(order);
    }

    /// Keeps no longer what was learnt: many rows are about to go, or have gone.
    pub(super) fn forget(&mut self) {
        for sort in Sort::ALL.into_iter().filter(|sort| !Sort::KEPT.contains(sort)) {
            self.0[sort.index()] = None;
        }
    }

    /// Adds `number`, whose row `row_of` must already know.
    pub(super) fn add<'a>(&mut self, number: u32, row: &Row, row_of: impl Fn(u32) -> &'a Row) {
        for (sort, order) in self.kept() {
            let place = order.partition_point(|other| sort.compare(row_of(*other), row).is_lt());
            order.insert(place, number);
        }
    }

    /// Removes `number`, whose row `row_of` must still know.
    pub(super) fn remove<'a>(&mut self, number: u32, row: &Row, row_of: impl Fn(u32) -> &'a Row) {
        for (sort, order) in self.kept() {
            let place = order.partition_point(|other| sort.compare(row_of(*other), row).is_lt());
            debug_assert_eq!(order.get(place), Some(&number), "{sort:?}");
            order.remove(place);
        }
    }

    fn kept(&mut self) -> impl Iterator<Item = (Sort, &mut Vec<u32>)> {
        Sort::ALL.into_iter().zip(&mut self.0).filter_map(|(sort, order)| Some((sort, order.as_mut()?)))
    }
}
