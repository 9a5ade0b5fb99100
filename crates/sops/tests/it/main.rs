//! Files go back and forth between this crate and the real `sops` and `age`, which `cargo xtask test` builds.

#![expect(clippy::unwrap_used, reason = "the bench is part of the tests")]

mod anything;
mod bench;
mod corpus;
mod forgeries;
mod handed_over;
mod keys;
mod policies;
mod selectors;
mod terminal;
mod written_by_sops;
mod written_here;
