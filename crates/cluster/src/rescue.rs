//! The operator's plain connection to one API server, in nobody's name but that of its own credential.
//!
//! ```text
//!   kubeconfig ───────────────┐                    ┌─ identity   which cluster is this?
//!   server + CA + token ──────┴─► Rescue ── call ──┼─ objects    the account and its binding
//!   (that CA only, no proxy,        │              ├─ tokens     its long-lived tokens, one Secret each
//!    nothing from around)           │              ├─ proof      who am I, what may I, am I still accepted?
//!                                   │              ├─ lock       one rotation at a time, wherever it runs
//!             a limit for each ─────┘              ├─ session    a token for one use only
//!             request and for all of them          ├─ events     what the cluster is told
//!                                                  └─ any        objects of any kind, and who may what
//! ```

mod any;
mod call;
mod connect;
mod error;
mod events;
mod identity;
mod lock;
mod objects;
mod proof;
mod read_secret;
mod secrets;
mod session;
mod tokens;

use std::{fmt, sync::Arc, time::Duration};

use http::HeaderValue;
use kube::Client;
use tokio::time::Instant;
use url::Url;

pub use any::Spot;
pub use connect::{Credential, Kubeconfig, Limits, is_loopback};
pub use error::{RescueError, Silence, Trouble};
pub use events::{Happening, Occasion};
pub use identity::Controllers;
pub use lock::Lock;
pub use objects::{ACCOUNT, ACCOUNT_USER, BINDING, Ensured, KUBE_DC_LAYER_LABEL, LAYER, LAYER_LABEL, NAMESPACE, ROLE};
pub use proof::{May, Question, Who};
pub use session::{Session, SessionRecord, SessionToken, Use};
pub use tokens::{FIRST_TOKEN, IssuedToken, TokenSecret};

/// A connection to one API server with a credential of its own. Cheap to clone.
#[derive(Clone)]
pub struct Rescue {
    link: Arc<Link>,
    deadline: Instant,
}

struct Link {
    client: Client,
    server: Url,
    context: Option<String>,
    verifies_tls: bool,
    user_agent: HeaderValue,
    /// How long one request may take.
    request: Duration,
}

impl Rescue {
    /// The same connection with a new limit for everything that is done over it from now on.
    #[must_use]
    pub fn within(&self, all: Duration) -> Self {
        Self { link: Arc::clone(&self.link), deadline: Instant::now() + all }
    }

    /// The address of the API server.
    pub fn server(&self) -> &Url {
        &self.link.server
    }

    /// The context of the kubeconfig, if the connection comes from one.
    pub fn context(&self) -> Option<&str> {
        self.link.context.as_deref()
    }

    /// Whether the API server is on this very machine (or reached through it, as by a tunnel), so that its address is of
    /// no use elsewhere.
    pub fn is_loopback(&self) -> bool {
        connect::is_loopback(&self.link.server)
    }

    /// Whether the API server's certificate is checked; a kubeconfig may say otherwise.
    pub fn verifies_tls(&self) -> bool {
        self.link.verifies_tls
    }
}

impl fmt::Debug for Rescue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Link { server, context, .. } = &*self.link;
        f.debug_struct("Rescue").field("server", &server.as_str()).field("context", context).finish_non_exhaustive()
    }
}
