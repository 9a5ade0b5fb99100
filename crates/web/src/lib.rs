//! HTTP in; HTML, server-sent events and JSON out.
//!
//! ```text
//!   request ─► guard (headers, cross-site), measure ─► router ─► page::list ─────────┐
//!                                                        │       stream ─────────────┼─► live::Visit ─► List
//!                                                        │       sign_in ─► identity │
//!                                                        └─────► assets              └─► askama templates
//! ```

mod action;
mod allowance;
mod app;
mod assets;
mod audit;
mod bearer;
mod browser;
mod causes;
mod crowd;
mod density;
mod due;
mod farewell;
mod frame;
mod guard;
mod image;
mod lately;
mod manifest;
mod measure;
mod metrics;
mod oauth2;
mod objects;
mod page;
mod place;
mod previews;
mod prose;
mod proxies;
mod rail;
mod ready;
mod refusal;
mod remedy;
mod request;
mod rights;
mod router;
mod sign_in;
mod sign_out;
mod signed;
mod status;
mod stream;
mod theme;
mod trees;
mod underway;
mod versions;
mod when;
mod workload_action;

pub use app::{App, Kubernetes};
pub use audit::{Audit, AuditLog, AuditTarget};
pub use causes::Causes;
pub use crowd::Crowd;
pub use farewell::farewell;
pub use guard::answer_headers;
pub use lately::Lately;
pub use measure::Full;
pub use metrics::{Metrics, metrics_router};
pub use objects::{ObjectError, Objects};
pub use previews::Previews;
pub use proxies::{Proxies, ProxyNetwork};
pub use rights::Rights;
pub use router::router;
pub use trees::Trees;
pub use underway::Underway;
pub use versions::Versions;
