//! A real Kubernetes control plane for tests and the demo.
//!
//! ```text
//!   ControlPlane ── etcd ◄── kube-apiserver ◄── kube-controller-manager     each under a Minder, which ends it
//!        │                     ▲   ▲    │                                    when its owner ends, however that ends
//!        │                     │   │    └─► AuditLog: who asked for what
//!        ├─ throttle: by its own priority and fairness it answers 429 to some
//!        ├─ Nodes: kube-scheduler, kwok in the place of kubelets, so that pods run; PodLogs: what they write
//!        ├─ Estate: a company's objects
//!        ├─ StandIn: answers and reports as Flux's controllers do
//!        └─ FanlightServer: the program under test, as its own account
//!               ▲
//!         SessionForge: signed-in people of any name
//!
//!   FaultProxy: the API server at another address, where one request goes wrong      Wire: a way there that can be cut
//!   Authorizer: another one that decides who may do what, and cannot list its rules
//!
//!   Keycloak: a provider as there are many          Issuer: a provider that misbehaves as a test wants it
//!   FleetRepo: clusters' credentials in Git, and an engineer with a key
//!   pages: what the documentation tells people to type
//!   Showcase: all of it together, for the demo, pictures and measurements        Browser: a real one, driven
//! ```

mod audit;
mod authorizer;
mod bearers;
mod browser;
mod certificates;
mod control_plane;
pub mod estate;
mod fanlight_server;
mod fault_proxy;
mod fleet_repo;
pub mod issuer;
mod keycloak;
mod minder;
mod nodes;
pub mod pages;
mod pod_logs;
mod privileged;
mod program;
pub mod rights;
mod round_robin;
pub mod secrets;
mod sessions;
mod showcase;
pub mod stand_in;
mod stream;
mod throttle;
mod wire;
pub mod yaml;

pub use audit::{AuditEntry, AuditLog, AuditStage};
pub use authorizer::{Authorizer, Ruling};
pub use bearers::TrustedIssuer;
pub use browser::{Browser, Look};
pub use control_plane::{ControlPlane, Options, tool};
pub use estate::{Estate, FluxObject};
pub use fanlight_server::FanlightServer;
pub use fault_proxy::{Fault, FaultProxy, When};
pub use fleet_repo::FleetRepo;
pub use issuer::Issuer;
pub use keycloak::Keycloak;
pub use pod_logs::PodLogs;
pub use privileged::{PrivilegedPath, Target};
pub use round_robin::RoundRobin;
pub use sessions::SessionForge;
pub use showcase::{Showcase, before_cluster};
pub use stand_in::StandIn;
pub use stream::{Stream, keys};
pub use wire::Wire;
