use std::{collections::HashSet, sync::Arc};

use super::Glimpse;
use crate::{ObjectKey, Row};

/// What one person sees of all objects.
pub trait Surroundings {
    /// What they can tell of these, in the same order.
    fn glimpses(&self, keys: &[ObjectKey]) -> Vec<Glimpse>;

    /// The rows in their sight of objects that need any of these.
    fn needing(&self, keys: &HashSet<ObjectKey>) -> Vec<Arc<Row>>;
}
