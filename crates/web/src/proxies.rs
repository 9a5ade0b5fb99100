//! Where a request comes from, where proxies stand in between.

use std::{
    net::IpAddr,
    str::FromStr,
    sync::atomic::{AtomicBool, Ordering},
};

use axum::http::HeaderMap;
use ipnet::IpNet;

const FORWARDED_FOR: &str = "x-forwarded-for";
const FORWARDED_PROTO: &str = "x-forwarded-proto";

/// The proxies whose word is believed on where a request comes from.
///
/// Anybody can send `X-Forwarded-For`, and each proxy only adds to it on the right. So it is read from there: as long as
/// the address that is reached is a proxy's, what that proxy says is believed, and no further.
#[derive(Debug, Default)]
pub struct Proxies {
    networks: Vec<ProxyNetwork>,
    /// Whether it was said that somebody else sends such headers.
    told: AtomicBool,
}

/// A network of proxies, or the address of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProxyNetwork(IpNet);

/// Who made a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Caller {
    pub(crate) address: IpAddr,
    /// Whether a proxy says that it was asked by plain HTTP.
    pub(crate) is_plain: bool,
}

impl Proxies {
    /// So many proxies may stand one behind the other.
    const HOPS: usize = 32;

    /// Those in `networks`.
    pub fn new(networks: Vec<ProxyNetwork>) -> Self {
        Self { networks, told: AtomicBool::new(false) }
    }

    /// Whether there is a proxy at an address.
    pub fn trusts(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.networks.iter().any(|network| network.0.contains(&address))
    }

    /// Who made the request with these headers, which came over a connection from `peer`.
    pub(crate) fn caller(&self, peer: IpAddr, headers: &HeaderMap) -> Caller {
        let peer = peer.to_canonical();
        if !self.trusts(peer) {
            if headers.contains_key(FORWARDED_FOR) && !self.told.swap(true, Ordering::Relaxed) {
                tracing::warn!(
                    %peer,
                    "a request brings X-Forwarded-For, which is not believed: if this address is your proxy's, name it in \
                     --trusted-proxies, since all people behind it count as one so far"
                );
            }
            return Caller { address: peer, is_plain: false };
        }
        let mut address = peer;
        for hop in hops(headers).take(Self::HOPS) {
            // What cannot be read ends the chain: nobody knows who is behind it.
            let Some(hop) = hop else { break };
            address = hop;
            if !self.trusts(address) {
                break;
            }
        }
        Caller { address, is_plain: is_plain(headers) }
    }
}

impl FromStr for ProxyNetwork {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let network = text.parse().or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
        let network: IpNet =
            network.map_err(|_| format!("“{text}” is neither an address nor a network such as 10.0.0.0/8"))?;
        if network.prefix_len() == 0 {
            return Err(format!("{text} would believe everybody on what address they come from: name your proxies"));
        }
        Ok(Self(network.trunc()))
    }
}

/// The addresses that the proxies have noted, the nearest first; `None` where there is something else.
fn hops(headers: &HeaderMap) -> impl Iterator<Item = Option<IpAddr>> {
    let values = headers.get_all(FORWARDED_FOR).into_iter().rev();
    let hops = values.flat_map(|value| value.as_bytes().rsplit(|byte| *byte == b','));
    hops.map(|hop| address(std::str::from_utf8(hop).ok()?.trim()))
}

/// An address as proxies write it: some add the port, and brackets.
fn address(text: &str) -> Option<IpAddr> {
    let alone = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    let with_port = || text.parse().map(|address: std::net::SocketAddr| address.ip());
    let address: IpAddr = alone.parse().or_else(|_| with_port()).ok()?;
    Some(address.to_canonical())
}

/// Where several proxies say how they were asked, one that was asked by HTTPS is enough.
fn is_plain(headers: &HeaderMap) -> bool {
    let values = headers.get_all(FORWARDED_PROTO).iter().filter_map(|value| value.to_str().ok());
    let mut words = values.flat_map(|value| value.split(',')).map(str::trim).peekable();
    words.peek().is_some() && words.all(|word| word.eq_ignore_ascii_case("http"))
}

#[cfg(test)]
mod tests;
