use std::{collections::BTreeMap, sync::Arc, time::SystemTime};

use fanlight_identity::{EmergencyDesk, OidcDesk, Repeats, Revocations, Sessions, TokenDesk, Whereabouts};
use fanlight_live::Live;
use fanlight_model::Identity;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::{Audit, Causes, Crowd, Lately, Metrics, Objects, Previews, Proxies, Rights, Trees, Underway, Versions};

/// Everything that pages work with; built once, shared by all requests.
pub struct App {
    /// The views.
    pub live: Live,
    /// The sealed sessions.
    pub sessions: Sessions,
    /// Those that were ended before their time.
    pub revocations: Revocations,
    /// Where people are signed in.
    pub whereabouts: Whereabouts,
    /// Where the emergency user signs in; `None` if that is switched off.
    pub emergency: Option<EmergencyDesk>,
    /// Whether the emergency user has to give a reason.
    pub emergency_reason: bool,
    /// Where people sign in at the identity provider; `None` if that is switched off.
    pub oidc: Option<OidcDesk>,
    /// Where tokens are known that go on to the API server with the requests of whoever brings them; `None` if that is
    /// switched off.
    pub tokens: Option<TokenDesk>,
    /// Whether the ID tokens of those who signed in at the provider go on to the API server, instead of their being
    /// impersonated; and where it is said beforehand that it takes them.
    pub id_tokens_go_on: Option<TokenDesk>,
    /// Who everybody is without signing in; `None` if people have to.
    pub everybody: Option<Identity>,
    /// Single objects: reading them and acting on them.
    pub objects: Arc<dyn Objects>,
    /// Why objects are not ready, as far as that was found out a moment ago.
    pub causes: Causes,
    /// What objects applied, as far as that was read a moment ago.
    pub trees: Trees,
    /// As whom people go before the API server, and what it lets them do.
    pub rights: Arc<dyn Rights>,
    /// How often people have had their rights asked about anew.
    pub repeats: Repeats,
    /// Who previews an action.
    pub previews: Previews,
    /// What was read in people's names a moment ago.
    pub lately: Lately,
    /// What was seen of objects whose pages were open.
    pub versions: Arc<Versions>,
    /// What is known of the cluster.
    pub kubernetes: Kubernetes,
    /// The account of who did and saw what.
    pub audit: Audit,
    /// The counters.
    pub metrics: Metrics,
    /// Feature flags that the operator has set: public.
    pub features: BTreeMap<String, String>,
    /// Whether there is a page that shows every component.
    pub styleguide: bool,
    /// The route prefix: empty, or beginning with a slash and not ending with one.
    pub base: String,
    /// Where browsers reach the server, if that is known; without the route prefix.
    pub external_url: Option<Url>,
    /// Whether browsers reach the server by https.
    pub https_outside: bool,
    /// Whose word on where requests come from is believed.
    pub proxies: Arc<Proxies>,
    /// The requests that are being answered.
    pub crowd: Crowd,
    /// The actions that are under way.
    pub underway: Underway,
    /// What is missing before requests should be sent here, in words that anybody may read.
    pub lacks: Box<dyn Fn() -> Vec<&'static str> + Send + Sync>,
    /// Ends every stream, and has new ones and new actions sent elsewhere.
    pub shutdown: CancellationToken,
    /// What time it is.
    pub clock: fn() -> SystemTime,
    /// Draws a random number, to tell one request from the others.
    pub draw: fn() -> u64,
}

/// What every page says of the cluster.
pub struct Kubernetes {
    /// The version, for example `v1.36.3`; `None` until known.
    pub version: watch::Receiver<Option<Arc<str>>>,
}
