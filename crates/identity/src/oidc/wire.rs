use std::{error::Error, io, time::Duration};

use futures_util::future::BoxFuture;
use openidconnect::{AsyncHttpClient, HttpRequest, HttpResponse, http};
use reqwest::{Certificate, Client, redirect::Policy};

/// Requests to the provider: with a limit on time and size, following no redirect, through the proxy that the usual
/// variables name.
#[derive(Debug, Clone)]
pub(crate) struct Wire(Client);

/// Why the provider gave no answer. Never says anything of what was sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    /// The certificates that are to be trusted are no certificates.
    #[error("the CA bundle cannot be read: {0}")]
    CaBundle(String),
    /// No connection can be made from here at all.
    #[error("no connections can be made: {0}")]
    Client(String),
    /// Its certificate is by nobody who is trusted here, or for another name.
    #[error("its certificate is not trusted: {0}")]
    Untrusted(String),
    /// It takes too long.
    #[error("it did not answer within {} seconds", Wire::PATIENCE.as_secs())]
    Timeout,
    /// The answer is longer than any reasonable one.
    #[error("its answer is longer than {} bytes", Wire::LONGEST)]
    TooLong,
    /// No connection came about, or it broke.
    #[error("{0}")]
    Broken(String),
}

impl Wire {
    const CONNECT: Duration = Duration::from_secs(5);
    const PATIENCE: Duration = Duration::from_secs(10);
    const LONGEST: usize = 1 << 20;

    pub(crate) fn new(ca_bundle: Option<&[u8]>) -> Result<Self, WireError> {
        let certificates = Certificate::from_pem_bundle(ca_bundle.unwrap_or_default());
        let certificates = certificates.map_err(|error| WireError::CaBundle(words(&error)))?;
        if ca_bundle.is_some() && certificates.is_empty() {
            return Err(WireError::CaBundle("there is no certificate in it".to_owned()));
        }
        let client = Client::builder()
            .tls_certs_merge(certificates)
            .redirect(Policy::none())
            .connect_timeout(Self::CONNECT)
            .timeout(Self::PATIENCE)
            .user_agent("fanlight");
        Ok(Self(client.build().map_err(|error| WireError::Client(words(&error)))?))
    }

    /// Makes one request.
    pub(crate) async fn send(&self, request: HttpRequest) -> Result<HttpResponse, WireError> {
        let request = request.try_into().map_err(|error: reqwest::Error| broken(error))?;
        let mut answer = self.0.execute(request).await.map_err(broken)?;
        let mut response = http::Response::new(Vec::new());
        *response.status_mut() = answer.status();
        *response.headers_mut() = answer.headers().clone();
        while let Some(chunk) = answer.chunk().await.map_err(broken)? {
            if response.body().len() + chunk.len() > Self::LONGEST {
                return Err(WireError::TooLong);
            }
            response.body_mut().extend_from_slice(&chunk);
        }
        Ok(response)
    }
}

impl<'c> AsyncHttpClient<'c> for Wire {
    type Error = WireError;
    type Future = BoxFuture<'c, Result<HttpResponse, WireError>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.send(request))
    }
}

fn broken(error: reqwest::Error) -> WireError {
    if error.is_timeout() {
        return WireError::Timeout;
    }
    let error = error.without_url();
    let words = words(&error);
    if is_about_certificate(&error) { WireError::Untrusted(words) } else { WireError::Broken(words) }
}

/// The innermost cause says what is wrong, the outer ones only where. The system's number for it says nothing to people.
fn words(error: &(dyn Error + 'static)) -> String {
    let words = innermost(error).to_string();
    words.split_once(" (os error").map_or(words.as_str(), |(words, _)| words).to_owned()
}

fn innermost<'a>(error: &'a (dyn Error + 'static)) -> &'a (dyn Error + 'static) {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost
}

fn is_about_certificate(error: &(dyn Error + 'static)) -> bool {
    let mut cause = innermost(error);
    // An IO error does not name what it carries as its cause, and that may be another one.
    while let Some(carried) = cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        cause = carried;
    }
    matches!(cause.downcast_ref(), Some(rustls::Error::InvalidCertificate(_)))
}
