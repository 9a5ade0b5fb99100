use http::{Request, Response};
use kube::{
    Client, Config,
    client::{Body, ConfigExt},
    config::AuthInfo,
};
use tower::ServiceBuilder;

use crate::{ConnectError, lanes::Lanes};

/// A way to the API server: connections of its own, with the server's credential or without any.
pub(crate) struct Road {
    client: Client,
    lanes: Lanes,
}

impl Road {
    /// With the credential that a configuration has.
    pub(crate) fn with_credentials(config: &Config) -> Result<Self, ConnectError> {
        let lanes = Lanes::new(config.clone());
        let service = ServiceBuilder::new()
            .layer(config.base_uri_layer())
            .option_layer(config.auth_layer().map_err(|error| ConnectError::Setup(Box::new(error)))?)
            .service(lanes.clone());
        Ok(Self { client: Client::new(service, config.default_namespace.clone()), lanes })
    }

    /// Without it: neither token nor client certificate. Over a connection with a client certificate the API server
    /// would take everybody for its owner, whatever token comes with a request.
    pub(crate) fn without_credentials(config: &Config) -> Result<Self, ConnectError> {
        let mut bare = config.clone();
        bare.auth_info = AuthInfo::default();
        Self::with_credentials(&bare)
    }

    /// Over the connections of another one, with the credential that a configuration has; `None` if that is no token, but
    /// a client certificate, which belongs to connections.
    pub(crate) fn beside(other: &Self, config: &Config) -> Result<Option<Self>, ConnectError> {
        let auth = config.auth_layer().map_err(|error| ConnectError::Setup(Box::new(error)))?;
        Ok(auth.map(|auth| {
            let lanes = other.lanes.clone();
            let service = ServiceBuilder::new().layer(config.base_uri_layer()).layer(auth).service(lanes.clone());
            Self { client: Client::new(service, config.default_namespace.clone()), lanes }
        }))
    }

    /// Sends a request.
    pub(crate) async fn send(&self, request: Request<Body>) -> Result<Response<Body>, kube::Error> {
        self.client.send(request).await
    }

    /// The connections.
    pub(crate) fn lanes(&self) -> &Lanes {
        &self.lanes
    }
}
