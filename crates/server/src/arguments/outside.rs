use std::str::FromStr;

use anyhow::bail;
use clap::Args;
use fanlight_web::ProxyNetwork;
use url::Url;

/// What lies between the server and browsers.
#[derive(Args)]
#[command(next_help_heading = "Server")]
pub(crate) struct Outside {
    #[arg(
        long,
        value_name = "URL",
        help = "Address that browsers use, such as https://flux.example.com; without it that of --oidc-redirect-url \
                counts, or of the Secret's redirectURL"
    )]
    pub(crate) external_url: Option<ExternalUrl>,
    /// Networks or addresses of proxies that are believed, by X-Forwarded-For, on where requests come from.
    #[arg(long, value_name = "NETWORKS", value_delimiter = ',')]
    pub(crate) trusted_proxies: Vec<ProxyNetwork>,
}

/// The address that browsers use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ExternalUrl(Url);

impl ExternalUrl {
    /// The address without a path.
    pub(crate) fn origin(&self) -> Url {
        origin(&self.0)
    }

    /// Finds a path that contradicts the route prefix.
    pub(super) fn check(&self, base: &str) -> anyhow::Result<()> {
        let path = self.0.path().trim_end_matches('/');
        if path.is_empty() || path == base {
            return Ok(());
        }
        let prefix = if base.is_empty() { "none is given" } else { base };
        bail!("--external-url ends in {path}, which can only be that of --route-prefix, and {prefix}");
    }
}

impl FromStr for ExternalUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let url: Url = text.parse().map_err(|_| "not a URL such as https://flux.example.com".to_owned())?;
        let wrong = match () {
            () if !matches!(url.scheme(), "https" | "http") => "it must begin with https:// or http://",
            () if !url.username().is_empty() || url.password().is_some() => "it must not hold a user or a password",
            () if url.query().is_some() || url.fragment().is_some() => {
                "it must end after the host, or the route prefix"
            }
            () => return Ok(Self(url)),
        };
        Err(wrong.to_owned())
    }
}

/// An address without what follows the host.
pub(crate) fn origin(url: &Url) -> Url {
    let mut origin = url.clone();
    origin.set_path("/");
    origin.set_query(None);
    origin.set_fragment(None);
    origin
}
