//! From an object that is not ready to the first thing that explains it.
//!
//! ```text
//!   object ── explain() ──► Inquiry::Needs(Lookup, …) ── read in the viewer's name ──► Evidence ─┐
//!                ▲                                                                               │
//!                └───────────────────────────────────────────────────────────────────────────────┘
//!                └────────► Inquiry::Done(Explanation): a sentence, the chain behind it, what could not be seen
//!
//!   walk: flux ─► dependency, source ─► flux …        rules: what controllers' and kubelets' words mean, as data
//!              └► member ─► workload ─► ReplicaSet ─► pod ─► container ─► Event, last line of its log
//! ```
//!
//! `glance` goes the same way as far as rows lead: it needs nothing to be looked up, and often is enough.

use walk::Branch;

mod api_resource;
mod clue;
mod evidence;
mod explanation;
mod gap;
mod glance;
mod link;
mod lookup;
mod pattern;
mod reason;
mod rules;
mod walk;

pub use api_resource::ApiResource;
pub use clue::Clue;
pub use evidence::{Evidence, Finding};
pub use explanation::{Explanation, Inquiry, explain};
pub use gap::Gap;
pub use glance::{Hearsay, glance, leads_further};
pub use link::{Link, Subject};
pub use lookup::Lookup;
pub use reason::Cause;
