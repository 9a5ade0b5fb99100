//! Files go back and forth between this crate and the real `sops` and `age`, which `cargo xtask test` builds.

#![expect(clippy::unwrap_used, reason = "the bench is part of the tests")]

mod bench;
mod written_here;
