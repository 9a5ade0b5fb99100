//! How a command gets to the cluster: the flags for it, named as `kubectl` names them.

use std::{path::PathBuf, time::Duration};

use fanlight_cluster::rescue::{Kubeconfig, Limits, Rescue, RescueError};

/// The kubeconfig and the context in it.
#[derive(clap::Args)]
pub(crate) struct Way {
    /// Context of the kubeconfig; otherwise its current one.
    #[arg(long, value_name = "CONTEXT", alias = "kube-context")]
    context: Option<String>,
    /// The kubeconfig; otherwise $KUBECONFIG or ~/.kube/config.
    #[arg(long, value_name = "FILE")]
    kubeconfig: Option<PathBuf>,
}

impl Way {
    /// The longest that one request may take.
    const REQUEST: Duration = Duration::from_secs(10);

    /// Connects; everything that is done over the connection may take `all` together.
    pub(crate) async fn connect(&self, all: Duration, command: &str) -> Result<Rescue, RescueError> {
        let which = Kubeconfig { file: self.kubeconfig.clone(), context: self.context.clone() };
        let agent = format!("fanlight-{command}/{}", env!("CARGO_PKG_VERSION"));
        Rescue::from_kubeconfig(&which, Limits { request: Self::REQUEST.min(all), all }, &agent).await
    }
}

/// The name of a namespace (an RFC 1123 label).
pub(crate) fn namespace(text: &str) -> Result<String, String> {
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let is_label = text.len() <= 63 && text.bytes().all(fits) && !text.starts_with('-') && !text.ends_with('-');
    if is_label && !text.is_empty() {
        return Ok(text.to_owned());
    }
    Err(format!("{text:?} is no namespace: at most 63 lower-case letters, digits and hyphens, none at the ends"))
}
