mod folding;
mod view;

pub(super) use folding::{Folding, query as folding_query};
pub(super) use view::TreeView;
