mod errand;

use std::{collections::BTreeSet, sync::Arc};

use fanlight_model::{Guise, Identity, Kind};
use http::{HeaderValue, Request, Response, StatusCode, header};
use k8s_openapi::api::core::v1::Secret;
use kube::{
    Config,
    client::{Body, ConfigExt},
};
use serde::de::DeserializeOwned;
use tokio::{
    sync::{Semaphore, watch},
    time::{Instant, sleep, timeout},
};

pub(crate) use errand::{Answered, As, Errand, Order};

use crate::{
    ConnectError, ReadError, SecretData, connect,
    discover::Served,
    dress::Dress,
    inform::Facts,
    lanes::{Class, Lanes},
    limits::Limits,
    logs::LogDesk,
    members::Atlases,
    road::Road,
    seats::Seats,
    tally::{Tallied, Tally, classify},
};

use std::time::Duration;

/// One Kubernetes API server, to which every request is made as somebody. Cheap to clone.
#[derive(Clone)]
pub struct ApiServer(Arc<Inner>);

struct Inner {
    /// With the credential of the server's own account.
    own: Road,
    /// Without any: for those who bring theirs.
    bare: Road,
    /// The same connections, with the server's own token, if it has one.
    beside: Option<Road>,
    namespace: String,
    url: String,
    facts: Facts,
    tally: Tally,
    limits: Limits,
    /// Who follows Events.
    seats: Seats,
    /// The kinds that people were told of.
    atlases: Atlases,
    /// The right to read a page of a list of Events: such lists can be long, and many are asked for at once.
    event_lists: Semaphore,
    /// Who reads and follows logs.
    logs: LogDesk,
    /// The same for pages of workloads and pods, which are larger.
    long_lists: Semaphore,
}

impl ApiServer {
    const USER_AGENT: &str = concat!("fanlight-server/", env!("CARGO_PKG_VERSION"));
    /// How long a short request may take in all.
    const SHORT: Duration = Duration::from_secs(30);
    /// The longest wait that a busy API server is granted before a request is given up.
    const WAIT: Duration = Duration::from_secs(5);
    /// How many lists of Events are read at the same time, for all people together.
    const EVENT_LISTS: usize = 4;
    /// How many pages of workloads and pods are.
    const LONG_LISTS: usize = 16;

    /// Finds the API server in the order `KUBECONFIG`, service account of the pod, `~/.kube/config`.
    pub async fn from_environment() -> Result<Self, ConnectError> {
        Self::from_config(connect::from_environment().await?)
    }

    /// The API server that a configuration names.
    ///
    /// Nothing need be restarted when credentials change: a token file is read again every minute (by the layer that adds
    /// it), certificates and the CA with each new connection.
    pub fn from_config(config: Config) -> Result<Self, ConnectError> {
        // Said early: what is wrong with a certificate should stop the start, not the first request.
        config.rustls_client_config().map_err(|error| ConnectError::Setup(Box::new(error)))?;
        let bare = Road::without_credentials(&config)?;
        Ok(Self(Arc::new(Inner {
            own: Road::with_credentials(&config)?,
            beside: Road::beside(&bare, &config)?,
            bare,
            namespace: config.default_namespace,
            url: config.cluster_url.to_string(),
            facts: Facts::new(),
            tally: Tally::default(),
            limits: Limits::default(),
            seats: Seats::new(Self::EVENTS_FOLLOWED, usize::MAX),
            atlases: Atlases::default(),
            event_lists: Semaphore::new(Self::EVENT_LISTS),
            logs: LogDesk::default(),
            long_lists: Semaphore::new(Self::LONG_LISTS),
        })))
    }

    /// The server's own namespace: the service account's, or that of the kubeconfig's context.
    pub fn namespace(&self) -> &str {
        &self.0.namespace
    }

    /// The address, for people.
    pub fn url(&self) -> &str {
        &self.0.url
    }

    /// The kinds that are installed; `None` until known. Kept current by [`ApiServer::keep_informed`].
    pub fn installed(&self) -> watch::Receiver<Option<Arc<BTreeSet<Kind>>>> {
        self.0.facts.installed.subscribe()
    }

    /// The namespaces that exist, sorted; `None` until known. Kept current by [`ApiServer::keep_informed`].
    pub fn namespaces(&self) -> watch::Receiver<Option<Arc<[Arc<str>]>>> {
        self.0.facts.namespaces.subscribe()
    }

    /// The version that the API server reports, for example `v1.36.3`.
    pub fn kubernetes_version(&self) -> watch::Receiver<Option<Arc<str>>> {
        self.0.facts.version.subscribe()
    }

    /// When the API server last answered anything, be it a refusal; `None` if it never did. While
    /// [`ApiServer::keep_informed`] runs, it is asked something every 20 seconds.
    pub fn last_heard(&self) -> Option<Instant> {
        *self.0.facts.heard.borrow()
    }

    /// A Secret of the server's own namespace, read as the server itself; `None` if it does not exist.
    pub async fn secret(&self, name: &str) -> Result<Option<SecretData>, ReadError> {
        let what = format!("Secret {}/{name}", self.namespace());
        let path = format!("/api/v1/namespaces/{}/secrets/{name}", self.namespace());
        match self.run_beyond_doubt(&Errand::read(As::Itself, &what, &path)).await {
            Ok(answered) => Ok(Some(SecretData::new(decode::<Secret>(&what, &answered.body)?))),
            Err(ReadError::Refused { code, .. }) if code == http::StatusCode::NOT_FOUND => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// How many requests were made so far.
    pub fn requests(&self) -> Vec<(Tallied, u64)> {
        self.0.tally.counts()
    }

    /// How a kind is served, if it is.
    pub(crate) fn served(&self, kind: Kind) -> Option<Served> {
        self.0.facts.served(kind)
    }

    pub(crate) fn facts(&self) -> &Facts {
        &self.0.facts
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.0.limits
    }

    pub(crate) fn seats(&self) -> &Seats {
        &self.0.seats
    }

    pub(crate) fn atlases(&self) -> &Atlases {
        &self.0.atlases
    }

    pub(crate) fn event_lists(&self) -> &Semaphore {
        &self.0.event_lists
    }

    pub(crate) fn log_desk(&self) -> &LogDesk {
        &self.0.logs
    }

    pub(crate) fn long_lists(&self) -> &Semaphore {
        &self.0.long_lists
    }

    /// Whether the server's own account can make requests over the connections of those who bring their token.
    pub(crate) fn goes_beside(&self) -> bool {
        self.0.beside.is_some()
    }

    /// The connections that carry somebody's requests.
    pub(crate) fn lanes(&self, who: As<'_>) -> &Lanes {
        self.road(who).lanes()
    }

    fn road(&self, who: As<'_>) -> &Road {
        match who {
            As::Itself | As::Person(Identity::Impersonated(_)) => &self.0.own,
            As::Bearer(_) | As::Person(Identity::Holder(_)) => &self.0.bare,
            As::Beside => self.0.beside.as_ref().unwrap_or(&self.0.own),
        }
    }

    pub(crate) async fn get<T: DeserializeOwned>(&self, who: As<'_>, what: &str, path: &str) -> Result<T, ReadError> {
        let answered = self.run(&Errand::read(who, what, path)).await?;
        decode(what, &answered.body)
    }

    /// Runs an errand: waits a little for a busy API server, and never longer than [`ApiServer::SHORT`] in all.
    pub(crate) async fn run(&self, errand: &Errand<'_>) -> Result<Answered, ReadError> {
        let what = errand.what;
        let attempts = async {
            let mut waited = 0;
            let road = self.road(errand.who);
            let mut dress = self.dress(errand.who, what).await?;
            loop {
                match self.send(road, errand.request(&dress), what).await {
                    Err(error @ ReadError::NotImpersonated { .. }) => {
                        dress = self.another_dress(errand.who, &dress, error).await?;
                    }
                    // What took too long already is not asked for again.
                    Err(ReadError::Refused { code, retry_after: Some(pause), .. })
                        if code != StatusCode::GATEWAY_TIMEOUT && waited < 3 && pause <= Self::WAIT =>
                    {
                        waited += 1;
                        // Who was refused together must not come back together.
                        sleep(jitter(pause)).await;
                    }
                    Err(error) => return Err(error),
                    Ok(response) => {
                        let lane = response.extensions().get().copied();
                        let body = response.into_body().collect_bytes().await;
                        return match body {
                            Ok(body) => Ok(Answered { lane, body }),
                            Err(error) => Err(ReadError::unreachable(what, &error)),
                        };
                    }
                }
            }
        };
        timeout(Self::SHORT, attempts).await.unwrap_or_else(|_| {
            Err(ReadError::Unreachable { what: what.to_owned(), why: format!("no answer within {:?}", Self::SHORT) })
        })
    }

    /// Runs an errand in a guise that is given, once; what comes back is only whether it is taken.
    pub(crate) async fn ask_in(&self, guise: Guise, errand: &Errand<'_>) -> Result<(), ReadError> {
        let dress = Dress::Guise(Arc::new(guise));
        self.send(&self.0.own, errand.request(&dress), errand.what).await.map(drop)
    }

    /// Opens a watch.
    pub(crate) async fn stream(&self, who: As<'_>, what: &str, path: &str) -> Result<Response<Body>, ReadError> {
        self.open(who, what, path, Class::Watch).await
    }

    /// Asks for something whose answer may last.
    pub(crate) async fn open(
        &self,
        who: As<'_>,
        what: &str,
        path: &str,
        class: Class,
    ) -> Result<Response<Body>, ReadError> {
        let road = self.road(who);
        let mut dress = self.dress(who, what).await?;
        loop {
            match self.send(road, request(&dress, path, Errand::JSON, class), what).await {
                Err(error @ ReadError::NotImpersonated { .. }) => {
                    dress = self.another_dress(who, &dress, error).await?;
                }
                outcome => return outcome,
            }
        }
    }

    async fn send(&self, road: &Road, request: Request<Body>, what: &str) -> Result<Response<Body>, ReadError> {
        let (verb, resource) = classify(request.method(), request.uri());
        let response = road.send(request).await;
        let code = response.as_ref().map_or(0, |response| response.status().as_u16());
        self.0.tally.count(verb, resource, code);
        let response = response.map_err(|error| ReadError::unreachable(what, &error))?;
        let code = response.status();
        // Of an error one cannot tell whether it is the API server's own, or that of something in between.
        if !code.is_server_error() {
            self.0.facts.heard.send_replace(Some(Instant::now()));
        }
        if code.is_success() {
            return Ok(response);
        }
        let retry_after = retry_after(response.headers().get(header::RETRY_AFTER));
        let body = response.into_body().collect_bytes().await.unwrap_or_default();
        Err(ReadError::refused(what, code, retry_after, &body))
    }
}

/// Every request is built here: in a guise, by a token, or as the server itself.
fn request(dress: &Dress, path: &str, accept: &'static str, class: Class) -> Request<Body> {
    let mut request = Request::new(Body::empty());
    *request.uri_mut() = path.parse().unwrap_or_default();
    request.extensions_mut().insert(class);
    let headers = request.headers_mut();
    headers.insert(header::USER_AGENT, HeaderValue::from_static(ApiServer::USER_AGENT));
    headers.insert(header::ACCEPT, HeaderValue::from_static(accept));
    headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    dress.put_on(headers);
    request
}

/// `Retry-After` in seconds (RFC 9110 §10.2.3); Kubernetes never sends the other form, a date.
fn retry_after(value: Option<&HeaderValue>) -> Option<Duration> {
    value?.to_str().ok()?.trim().parse().ok().map(Duration::from_secs)
}

/// About as long: those who began together do not go on together.
pub(crate) fn jitter(pause: Duration) -> Duration {
    pause.mul_f64(1.0 + rand::random::<f64>() / 4.0)
}

pub(crate) fn decode<T: DeserializeOwned>(what: &str, body: &[u8]) -> Result<T, ReadError> {
    serde_json::from_slice(body).map_err(|error| ReadError::Nonsense { what: what.to_owned(), why: error.to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiting_is_understood_in_seconds_only() {
        let read = |text: &'static str| retry_after(Some(&HeaderValue::from_static(text)));
        assert_eq!(read("2"), Some(Duration::from_secs(2)));
        assert_eq!(read("Wed, 21 Oct 2026 07:28:00 GMT"), None);
        assert_eq!(retry_after(None), None);
    }
}
