//! What runs: the workloads of Kubernetes that Flux applies, and what they make.
//!
//! ```text
//!   WorkloadKind ── WorkloadKey ── Workload (a row) ◄── health() ◄── an object as read
//!        │                            └── WorkloadFilter: filter, search, sort
//!        ├── WorkloadFamily (what it has made, by owner) ── Pod (PodUsage) ── Container ──► ContainerSummary
//!        └── WorkloadAction ──► refusals, merge patch, Job ──► what became of it
//! ```

mod action;
mod container;
mod family;
mod filter;
pub(crate) mod health;
pub(crate) mod images;
mod key;
mod kind;
pub(crate) mod owner;
mod pod;
mod row;
mod summary;
mod usage;

pub use action::{PodKey, WorkloadAction, job_of, roll_out};
pub(crate) use container::STARTING;
pub use container::{Container, ContainerState, Termination};
pub use family::{Listed, ReplicaSet, WorkloadFamily};
pub use filter::WorkloadFilter;
pub use key::WorkloadKey;
pub use kind::WorkloadKind;
pub use pod::Pod;
pub use row::{Workload, WorkloadPlace, Workloads};
pub use summary::ContainerSummary;
pub use usage::PodUsage;
