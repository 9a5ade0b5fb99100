use std::sync::Arc;

use crate::Row;

/// What somebody can tell of an object that another one names.
#[derive(Debug, Clone, PartialEq)]
pub enum Glimpse {
    /// They see it.
    Seen(Arc<Row>),
    /// They would see it, and it is not there.
    Absent,
    /// They may not list its kind where it is: it may be there or not.
    Hidden,
    /// Its kind is not installed.
    NotInstalled,
    /// Nobody has looked so far, or the API server has not said whether they may.
    Unknown,
}
