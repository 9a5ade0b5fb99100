//! What a list shows of some kinds and not of others.

mod reading;

use std::time::Duration;

use crate::ObjectKey;

/// What one object has to show that applications do not have. Absent texts are empty.
///
/// | kind | `address` | `wanted` | `found` | `moment` |
/// |---|---|---|---|---|
/// | sources | where it is fetched from | branch, tag, version range, prefix | | artifact made |
/// | `ArtifactGenerator` | | | how many artifacts | |
/// | `ImageRepository` | the image | | how many tags | scanned |
/// | `ImagePolicy` | | the rule | the chosen image | |
/// | `ImageUpdateAutomation` | the path that is updated | the branches | the last commit pushed | last run |
/// | `Provider` | host | type | channel | |
/// | `Alert` | | severity | of which objects | |
/// | `Receiver` | path of the webhook | type | which objects it has reconciled | |
/// | `Terraform` | path | how plans are approved | a plan that waits, the last one applied | |
/// | `FluxInstance`, `FluxReport` | registry | version that is asked for | version that runs | |
/// | `ResourceSet` | | how many inputs | how many objects | |
/// | `ResourceSetInputProvider` | what it asks | type | how many inputs | |
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Particulars {
    /// Where it looks, or is found.
    pub address: Box<str>,
    /// What is wanted from there.
    pub wanted: Box<str>,
    /// What came of it.
    pub found: Box<str>,
    /// When that was, in seconds since 1970.
    pub moment: Option<i64>,
    /// How often the controller looks.
    pub every: Option<Duration>,
    /// Whether the content's signature is right; `None` where nobody asked.
    pub verified: Option<Verification>,
    /// Objects that it takes its content from, beside the one of [`crate::Row::source`].
    pub uses: Box<[ObjectKey]>,
}

/// What became of the check of a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verification {
    /// The signature is right.
    Right,
    /// It is wrong, or there is none.
    Wrong,
    /// Nothing was checked so far.
    Pending,
}

impl Particulars {
    /// The longest text kept, in bytes.
    pub const LIMIT: usize = 256;
    /// The most objects kept that something takes its content from.
    pub const USES: usize = 32;

    /// What can be searched.
    pub(crate) fn texts(&self) -> [&str; 3] {
        [&self.address, &self.wanted, &self.found]
    }
}

#[cfg(test)]
mod tests;
