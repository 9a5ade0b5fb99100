//! Finding the API server and the credentials for it.

use std::{env, path::Path, time::Duration};

use kube::{Config, config::KubeConfigOptions};

use crate::ConnectError;

/// The order of the predecessor: the variable `KUBECONFIG`, the pod's service account, `~/.kube/config`.
pub(crate) async fn from_environment() -> Result<Config, ConnectError> {
    let asked_for = env::var_os("KUBECONFIG").is_some_and(|paths| !paths.is_empty());
    if !asked_for && Path::new("/var/run/secrets/kubernetes.io/serviceaccount/token").exists() {
        return Config::incluster().map(with_timeouts).map_err(ConnectError::InCluster);
    }
    Config::from_kubeconfig(&KubeConfigOptions::default())
        .await
        .map(with_timeouts)
        .map_err(|error| ConnectError::Kubeconfig(Box::new(error)))
}

fn with_timeouts(mut config: Config) -> Config {
    config.connect_timeout = Some(Duration::from_secs(5));
    config
}
