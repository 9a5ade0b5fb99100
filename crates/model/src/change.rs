//! What a list or a watch tells, in the words of the product.

use std::{sync::Arc, time::Duration};

use crate::{ObjectKey, Row};

/// A `resourceVersion` as a number.
///
/// All versions of one kind come from one counter and may be compared: Kubernetes promises that since KEP-5504, and
/// API servers backed by etcd have always kept it.
pub type Version = u64;

/// One event of a feed.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// The API server accepted the watch: what is known is current as of now.
    Opened,
    /// An object exists and looks like this.
    Applied(Arc<Row>),
    /// An object is gone since this version.
    Deleted(ObjectKey, Version),
    /// Everything up to this version has been told: a bookmark, good for resuming.
    Mark(Version),
    /// The initial list is complete as of this version: what it did not name does not exist.
    Synced(Version),
}

/// The answer to one list request, complete.
#[derive(Debug, Clone, PartialEq)]
pub struct Listing {
    /// Every object of the scope.
    pub rows: Vec<Arc<Row>>,
    /// The version that the list describes.
    pub version: Version,
}

/// Why a list or watch ended.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FeedError {
    /// The version to resume from is no longer kept (410): a new list is needed.
    #[error("the API server no longer keeps the version to resume from")]
    Gone,
    /// The API server refused this person (403), in its own words.
    #[error("the API server refused: {0}")]
    Forbidden(String),
    /// The kind is not served (404): its definition is not installed.
    #[error("the API server does not serve this kind")]
    NotServed,
    /// Too many requests (429): come back after this time.
    #[error("the API server asks to wait {0:?}")]
    Busy(Duration),
    /// The API server did not answer, or the connection broke.
    #[error("the API server cannot be reached: {0}")]
    Unreachable(String),
    /// Any other answer, in the API server's own words.
    #[error("the API server answered: {0}")]
    Unexpected(String),
}
