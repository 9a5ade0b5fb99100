//! The kept orders of all rows.

use fanlight_model::{Row, Sort};

/// For each [`Sort`] that rows have whatever is asked for, the numbers of all rows in that order; kept by binary insertion,
/// so that showing a page never sorts.
#[derive(Debug, Default)]
pub(super) struct Orders([Vec<u32>; Sort::KEPT.len()]);

impl Orders {
    /// The numbers in this order; for one that is not kept, in that of what fits equally well.
    pub(super) fn get(&self, sort: Sort) -> &[u32] {
        self.0.get(sort.index()).unwrap_or(&self.0[Sort::Status.index()])
    }

    /// Adds `number`, whose row `row_of` must already know.
    pub(super) fn add<'a>(&mut self, number: u32, row: &Row, row_of: impl Fn(u32) -> &'a Row) {
        for sort in Sort::KEPT {
            let order = &mut self.0[sort.index()];
            let place = order.partition_point(|other| sort.compare(row_of(*other), row).is_lt());
            order.insert(place, number);
        }
    }

    /// Removes `number`, whose row `row_of` must still know.
    pub(super) fn remove<'a>(&mut self, number: u32, row: &Row, row_of: impl Fn(u32) -> &'a Row) {
        for sort in Sort::KEPT {
            let order = &mut self.0[sort.index()];
            let place = order.partition_point(|other| sort.compare(row_of(*other), row).is_lt());
            debug_assert_eq!(order.get(place), Some(&number), "{sort:?}");
            order.remove(place);
        }
    }
}
