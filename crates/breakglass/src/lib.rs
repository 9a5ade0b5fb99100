//! A way into the cluster that is always there: emergency credentials, sealed in Git.
//!
//! ```text
//!   adopt   rotate   use_cluster   verify   status   doctor   sweep         one file each: what a command does
//!     └───────┴──────────┴───────────┴────────┴────────┘
//!                       Operator: fleet, keys, machine, conversation
//!        ┌─────────────────┼──────────────────┬─────────────────┐
//!      fleet             sealed             trust            session
//!   where, Git      Credential ⇄ file    pins, signers     shell, broker, time
//!                          │
//!                     credential: the kubeconfig, read strictly       generations: what a rotation does next
//! ```

mod adopt;
mod cluster_name;
mod conversation;
mod credential;
mod doctor;
mod error;
mod fingerprint;
mod fleet;
pub mod generations;
mod keys;
mod ledger;
mod operator;
mod pins;
mod rotate;
mod sealed;
pub mod session;
mod status;
mod surroundings;
mod sweep;
mod trust;
mod use_cluster;
mod verify;

pub use adopt::{AdoptOptions, Adopted, adopt};
pub use cluster_name::{BadClusterName, ClusterName};
pub use conversation::Conversation;
pub use credential::{Credential, Origin, ServerUrl};
pub use doctor::{Finding, Health, doctor};
pub use error::{Error, Exit};
pub use fleet::{Fleet, GitError, Place};
pub use keys::Keys;
pub use ledger::Entry;
pub use operator::{Access, Operator, Publish};
pub use rotate::{Course, RotateOptions, Rotated, rotate};
pub use status::{Status, status};
pub use surroundings::Surroundings;
pub use sweep::{Sweeping, sweep};
pub use use_cluster::{UseOptions, Used, use_cluster};
pub use verify::{Verified, verify};
