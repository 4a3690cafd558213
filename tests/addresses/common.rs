//! Requests over a connection, with header lines.

use std::net::{IpAddr, SocketAddr};

use bearergate::address::{ForwardedBy, Origin, OriginProblem, Proxies};
use bearergate::request::RequestFacts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};

/// A trusted proxy.
pub(crate) const PROXY: &str = "10.0.0.1:4711";

/// Trusts `10.0.0.0/8` and `2001:db8:ffff::/48`.
pub(crate) fn proxies() -> Proxies {
    Proxies::trust(["10.0.0.0/8", "2001:db8:ffff::/48"]).unwrap()
}

pub(crate) fn by_forwarded() -> Proxies {
    proxies().header(ForwardedBy::Forwarded)
}

pub(crate) fn by_single() -> Proxies {
    let name = HeaderName::from_static("cf-connecting-ip");
    proxies().header(ForwardedBy::Single(name))
}

/// Header lines, in order.
pub(crate) fn headers<V: AsRef<[u8]>>(lines: &[(&str, V)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in lines {
        let name: HeaderName = name.parse().unwrap();
        let value = HeaderValue::from_bytes(value.as_ref()).unwrap();
        headers.append(name, value);
    }
    headers
}

/// Locates the client of a request from this peer.
pub(crate) fn locate(proxies: &Proxies, peer: Option<&str>, headers: &HeaderMap) -> Origin {
    let (method, uri) = (Method::GET, Uri::from_static("/orders"));
    let facts = RequestFacts::new(&method, &uri, headers);
    match peer {
        Some(peer) => {
            let peer: SocketAddr = peer.parse().unwrap();
            proxies.locate(&facts.with_peer(peer))
        }
        None => proxies.locate(&facts),
    }
}

/// Locates the client of a request from the trusted proxy with these lines of one header.
pub(crate) fn from_proxy<V: AsRef<[u8]>>(proxies: &Proxies, name: &str, lines: &[V]) -> Origin {
    let lines: Vec<_> = lines.iter().map(|value| (name, value)).collect();
    locate(proxies, Some(PROXY), &headers(&lines))
}

pub(crate) fn address(text: &str) -> IpAddr {
    text.parse().unwrap()
}

/// Asserts that the client is known, and who was the peer.
#[track_caller]
pub(crate) fn assert_client(origin: Origin, expected: &str) {
    assert_eq!(origin.address(), Some(address(expected)), "{origin:?}");
    assert_eq!(origin.problem(), None);
    assert_eq!(origin.via(), Some(address("10.0.0.1")));
    assert!(origin.source().is_known());
}

/// Asserts that the client is unknown, and never the proxy.
#[track_caller]
pub(crate) fn assert_unknown(origin: Origin, problem: OriginProblem) {
    assert_eq!(origin.problem(), Some(problem), "{origin:?}");
    assert_eq!(origin.address(), None);
    assert!(!origin.source().is_known());
}
