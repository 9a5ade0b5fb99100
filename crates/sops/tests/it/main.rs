//! Files go back and forth between this crate and the real `sops` and `age`, which `cargo xtask test` builds.

#![expect(clippy::unwrap_used, reason = "the bench is part of the tests")]

mod bench;
mod corpus;
mod forgeries;
mod selectors;
mod written_by_sops;
mod written_here;
