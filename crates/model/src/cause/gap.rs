use crate::Deed;

/// Something that might have told more, and was not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gap {
    /// Why: ``you may not read pods in `shop` ``.
    pub said: String,
    /// What the person would have to be allowed, if that is what is missing.
    pub right: Option<Deed>,
}

impl Gap {
    pub(super) fn new(said: impl Into<String>) -> Self {
        Self { said: said.into(), right: None }
    }
}
