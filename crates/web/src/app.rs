use std::{collections::BTreeMap, sync::Arc, time::SystemTime};

use fanlight_identity::{EmergencyDesk, OidcDesk, Sessions};
use fanlight_live::Live;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::Objects;

/// Everything that pages work with; built once, shared by all requests.
pub struct App {
    /// The views.
    pub live: Live,
    /// The sealed sessions.
    pub sessions: Sessions,
    /// Where the emergency user signs in; `None` if that is switched off.
    pub emergency: Option<EmergencyDesk>,
    /// Where people sign in at the identity provider; `None` if that is switched off.
    pub oidc: Option<OidcDesk>,
    /// Single objects: reading them and acting on them.
    pub objects: Arc<dyn Objects>,
    /// What is known of the cluster.
    pub kubernetes: Kubernetes,
    /// Feature flags that the operator has set: public.
    pub features: BTreeMap<String, String>,
    /// Whether there is a page that shows every component.
    pub styleguide: bool,
    /// The route prefix: empty, or beginning with a slash and not ending with one.
    pub base: String,
    /// Whether browsers reach the server by https.
    pub https_outside: bool,
    /// Ends every stream.
    pub shutdown: CancellationToken,
    /// What time it is.
    pub clock: fn() -> SystemTime,
    /// Draws a random number, to tell one failure from the others in the log.
    pub draw: fn() -> u64,
}

/// What every page says of the cluster.
pub struct Kubernetes {
    /// The version, for example `v1.36.3`; `None` until known.
    pub version: watch::Receiver<Option<Arc<str>>>,
}
