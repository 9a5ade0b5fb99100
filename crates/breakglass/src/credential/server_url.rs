use std::fmt;

use fanlight_cluster::rescue::is_loopback;
use url::Url;

/// The address of an API server: https, a host, and nothing that could send a token elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerUrl(Url);

impl ServerUrl {
    /// Takes an address, or says why it cannot be one.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let url = Url::parse(text.trim()).map_err(|_| "it is no URL; give it as https://host:port")?;
        if url.scheme() != "https" {
            return Err("it must begin with https://");
        }
        if url.host().is_none() {
            return Err("it has no host");
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err("it must not hold a user name or password");
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err("it must not hold a query or fragment");
        }
        Ok(Self(url))
    }

    /// The address without the slash that parsing adds.
    pub fn as_str(&self) -> &str {
        self.0.as_str().trim_end_matches('/')
    }

    /// The address as a URL.
    pub fn url(&self) -> &Url {
        &self.0
    }

    /// Whether it means this machine, which is another one wherever the file is opened.
    pub fn is_loopback(&self) -> bool {
        is_loopback(&self.0)
    }
}

impl fmt::Display for ServerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_https_addresses_are_taken() {
        for good in ["https://a.example:6443", "https://10.0.0.1", "https://[fd00::1]:6443/k8s/clusters/c-1"] {
            assert_eq!(ServerUrl::parse(good).unwrap().as_str(), good);
        }
        for bad in
            ["", "a.example:6443", "http://a.example", "https://", "https://u:p@a", "https://a?x=1", "https://a#x"]
        {
            assert!(ServerUrl::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn every_way_to_say_this_machine_is_known() {
        for here in [
            "https://127.0.0.1:6443",
            "https://127.9.9.9",
            "https://localhost",
            "https://[::1]:6443",
            "https://0.0.0.0",
            "https://[::ffff:127.0.0.1]",
            "https://x.localhost.",
            "https://LOCALHOST",
        ] {
            assert!(ServerUrl::parse(here).unwrap().is_loopback(), "{here}");
        }
        assert!(!ServerUrl::parse("https://10.0.0.1").unwrap().is_loopback());
    }
}
