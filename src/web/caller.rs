//! Which address a request came from: the peer, or what a trusted proxy says.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use axum::extract::{ConnectInfo, FromRequestParts, Request, State};
use axum::http::HeaderMap;
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::Response;
use ipnet::IpNet;

use super::WebState;

const FORWARDED_FOR: &str = "x-forwarded-for";

/// The address that a request came from. None in tests that have no connection.
#[derive(Debug, Clone, Copy)]
pub struct CallerAddress(pub Option<IpAddr>);

impl<S: Send + Sync> FromRequestParts<S> for CallerAddress {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(parts
            .extensions
            .get::<Self>()
            .copied()
            .unwrap_or(Self(None)))
    }
}

/// What counts as one address: the whole /64 of IPv6, which any household has to itself.
pub(super) fn block_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let network = u128::from(address) & !u128::from(u64::MAX);
            IpAddr::V6(Ipv6Addr::from(network))
        }
        v4 => v4,
    }
}

/// Puts the [`CallerAddress`] into the request.
pub(super) async fn find(
    State(state): State<WebState>,
    mut request: Request,
    next: Next,
) -> Response {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
    let peer = peer.map(|ConnectInfo(address)| address.ip().to_canonical());
    let address =
        peer.map(|peer| address_of(peer, request.headers(), &state.settings.trusted_proxies));
    request.extensions_mut().insert(CallerAddress(address));
    next.run(request).await
}

/// The last address of the chain that is no proxy of ours: those before it anybody can write. A
/// place of the chain that is no address ends it: the nearest that can be believed is the one that
/// wrote it.
fn address_of(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let is_trusted = |address: &IpAddr| trusted.iter().any(|range| range.contains(address));
    let mut address = peer;
    let hops = headers
        .get_all(FORWARDED_FOR)
        .iter()
        // What is no text is a place of the chain, too: who left it out would believe the one before.
        .flat_map(|value| value.as_bytes().split(|byte| *byte == b','))
        .map(|hop| String::from_utf8_lossy(hop.trim_ascii()))
        .filter(|hop| !hop.is_empty());
    for hop in hops.collect::<Vec<_>>().into_iter().rev() {
        if !is_trusted(&address) {
            break;
        }
        match address_in(&hop) {
            Some(hop) => address = hop.to_canonical(),
            None => break,
        }
    }
    address
}

/// An address as proxies write it: also with a port, in brackets or in quotes.
fn address_in(hop: &str) -> Option<IpAddr> {
    let hop = hop.trim_matches('"');
    let with_port = || hop.parse::<SocketAddr>().map(|address| address.ip());
    let in_brackets = || hop.strip_prefix('[')?.strip_suffix(']')?.parse().ok();
    hop.parse()
        .or_else(|_| with_port())
        .ok()
        .or_else(in_brackets)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_64_of_ipv6_is_one_address() {
        for (address, block) in [
            ("203.0.113.9", "203.0.113.9"),
            ("::ffff:203.0.113.9", "203.0.113.9"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
            ("2001:db8:1:2:ffff::", "2001:db8:1:2::"),
            ("2001:db8:1:3::", "2001:db8:1:3::"),
        ] {
            assert_eq!(block_of(address.parse().unwrap()).to_string(), block);
        }
    }

    #[test]
    fn only_a_trusted_proxy_is_believed() {
        let trusted: Vec<IpNet> = vec!["10.0.0.0/8".parse().unwrap()];
        for (peer, forwarded, expected) in [
            ("203.0.113.9", "198.51.100.1", "203.0.113.9"),
            ("10.0.0.1", "198.51.100.1", "198.51.100.1"),
            ("10.0.0.1", "6.6.6.6, 198.51.100.1", "198.51.100.1"),
            (
                "10.0.0.1",
                "6.6.6.6, 198.51.100.1, 10.0.0.2",
                "198.51.100.1",
            ),
            ("10.0.0.1", "nonsense", "10.0.0.1"),
            ("10.0.0.1", "6.6.6.6, nonsense, 10.0.0.2", "10.0.0.2"),
            ("10.0.0.1", "2001:db8::1", "2001:db8::1"),
            ("10.0.0.1", "6.6.6.6, 198.51.100.1:4711", "198.51.100.1"),
            ("10.0.0.1", "6.6.6.6, [2001:db8::1]:443", "2001:db8::1"),
            ("10.0.0.1", "6.6.6.6, \"[2001:db8::1]\"", "2001:db8::1"),
            ("10.0.0.1", "198.51.100.1,, ", "198.51.100.1"),
            ("10.0.0.1", "6.6.6.6, unknown", "10.0.0.1"),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(FORWARDED_FOR, forwarded.parse().unwrap());
            let address = address_of(peer.parse().unwrap(), &headers, &trusted);
            assert_eq!(address.to_string(), expected, "{peer} {forwarded}");
        }
    }

    #[test]
    fn a_place_that_is_no_text_is_not_passed_over() {
        let trusted: Vec<IpNet> = vec!["10.0.0.0/8".parse().unwrap()];
        let mut headers = HeaderMap::new();
        headers.append(FORWARDED_FOR, "6.6.6.6".parse().unwrap());
        let odd = axum::http::HeaderValue::from_bytes(b"\xff\xfe").unwrap();
        headers.append(FORWARDED_FOR, odd);
        let address = address_of("10.0.0.1".parse().unwrap(), &headers, &trusted);
        assert_eq!(address.to_string(), "10.0.0.1");
    }
}
