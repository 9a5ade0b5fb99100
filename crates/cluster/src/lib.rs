//! Talking to one Kubernetes API server *as somebody*.
//!
//! ```text
//!   ApiServer ── as somebody impersonated (Persona) ─► limits: their Guise ──┐
//!       │                                                                    ├─► Road: own token ─► Lanes ═══► API server
//!       ├─────── as the server itself ───────────────────────────────────────┘                (HTTP/2, counted streams)
//!       └─────── by somebody's own token (Holder) ─────────────────────────────► Road: nothing ─► Lanes ═══► API server
//!       │
//!       ├─ watch, list    → model::Change, model::Listing   (wire: narrow structs, straight to rows)
//!       ├─ may, rules     → model::Answer, model::Rules     (believed only from an API server known to be ready)
//!       ├─ object, act    → JSON, model::Step               (as the person; merge patches by field manager “fanlight”)
//!       ├─ workloads      → model::Workloads, WorkloadFamily (what runs; act_on_workload: Stage)
//!       ├─ look_up        → model::Finding                  (what lies behind an object that is not ready)
//!       ├─ members        → model::Yield                    (what an object applied: how it is, never what it holds)
//!       ├─ read_logs, follow_logs → model::LogNews          (lines of containers, so many and no more)
//!       └─ installed, namespaces, version                   (kept current by keep_informed)
//!
//!   rescue::Rescue ── with a credential of its own ──────────────────────────────────────────────────► API server
//! ```

mod access;
mod act;
mod api_server;
mod config_map;
mod connect;
mod discover;
mod doubt;
mod dress;
mod error;
mod events;
mod evidence;
mod impersonation;
mod inform;
mod lanes;
mod limits;
mod lines;
mod logs;
mod members;
mod namespaces;
mod object;
mod others;
mod pages;
pub mod rescue;
mod road;
mod runtime;
mod seats;
mod secret;
mod tally;
mod texts;
mod watch;
mod who;
mod wire;
mod workloads;

pub use api_server::ApiServer;
pub use config_map::ConfigMapData;
pub use error::{ConnectError, ReadError};
pub use secret::SecretData;
pub use tally::Tallied;
