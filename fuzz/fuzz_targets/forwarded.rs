//! The headers `Forwarded` (RFC 7239) and `X-Forwarded-For` from a trusted proxy.
//!
//! The input is the lines of the header, which are given as each of both. `10.0.0.0/8` is trusted.
//!
//! Property: nothing panics; a client is located exactly if a second grammar reads the header up to
//! the client from the right, for `Forwarded` also all its other elements, and then it is the
//! address that the second grammar finds.
#![no_main]

#[path = "../../tests/addresses/forwarded_grammar.rs"]
mod grammar;

use std::net::{IpAddr, SocketAddr};
use std::sync::LazyLock;

use bearergate::address::{ForwardedBy, OriginProblem, Proxies};
use bearergate::limits::{FORWARDED_BYTES, FORWARDED_ENTRIES};
use bearergate::request::RequestFacts;
use http::{HeaderMap, HeaderValue, Method, Uri};
use libfuzzer_sys::fuzz_target;

static LISTED: LazyLock<Proxies> =
    LazyLock::new(|| Proxies::trust(["10.0.0.0/8"]).expect("the network is valid"));
static FORWARDED: LazyLock<Proxies> =
    LazyLock::new(|| LISTED.clone().header(ForwardedBy::Forwarded));

const PEER: &str = "10.255.255.255:4711";

type Located = Result<IpAddr, OriginProblem>;

fuzz_target!(|text: &[u8]| {
    let lines: Vec<_> = text.split(|byte| *byte == b'\n').collect();
    let Some(found) = locate(&FORWARDED, "forwarded", &lines) else {
        return;
    };
    let expected = by_grammar(&lines);
    // The first fault is reported, of whichever kind.
    let is_both = expected == Err(OriginProblem::HeaderMalformed)
        && found == Err(OriginProblem::HeaderTooLong);
    assert!(found == expected || is_both, "{found:?} {expected:?}");
    let found = locate(&LISTED, "x-forwarded-for", &lines);
    assert_eq!(found, Some(by_list(&lines)));
});

fn locate(proxies: &Proxies, name: &'static str, lines: &[&[u8]]) -> Option<Located> {
    let mut headers = HeaderMap::new();
    for line in lines {
        headers.append(name, HeaderValue::from_bytes(line).ok()?);
    }
    let (method, uri) = (Method::GET, Uri::from_static("/"));
    let peer: SocketAddr = PEER.parse().expect("the address is valid");
    let facts = RequestFacts::new(&method, &uri, &headers).with_peer(peer);
    let origin = proxies.locate(&facts);
    assert_eq!(origin.via(), Some(peer.ip()));
    Some(match (origin.address(), origin.problem()) {
        (Some(address), None) => Ok(address),
        (None, Some(problem)) => Err(problem),
        both => panic!("{both:?}"),
    })
}

/// The client in `Forwarded`, by the second grammar.
fn by_grammar(lines: &[&[u8]]) -> Located {
    if is_too_long(lines) {
        return Err(OriginProblem::HeaderTooLong);
    }
    let elements = lines.iter().map(|line| grammar::elements(line));
    let elements = elements.collect::<Option<Vec<_>>>();
    let elements = elements.ok_or(OriginProblem::HeaderMalformed)?.concat();
    if elements.len() > FORWARDED_ENTRIES {
        return Err(OriginProblem::HeaderTooLong);
    }
    walk(elements.iter().rev().map(grammar::address))
}

/// The client in `X-Forwarded-For`, by the parsers of the standard library.
fn by_list(lines: &[&[u8]]) -> Located {
    let joined = lines.join(&b',');
    let entries: Vec<_> = joined.split(|byte| *byte == b',').collect();
    if is_too_long(lines) || entries.len() > FORWARDED_ENTRIES {
        return Err(OriginProblem::HeaderTooLong);
    }
    walk(entries.into_iter().rev().map(entry))
}

fn entry(entry: &[u8]) -> Option<IpAddr> {
    let text = String::from_utf8(entry.to_vec()).ok()?;
    let text = text.trim_matches([' ', '\t']);
    let bare = text
        .strip_prefix('[')
        .and_then(|text| text.strip_suffix(']'));
    if let Some(bare) = bare {
        return bare.parse().ok().map(IpAddr::V6);
    }
    if let Ok(address) = text.parse() {
        return Some(address);
    }
    let (_, port) = text.rsplit_once(':')?;
    let socket: SocketAddr = text.parse().ok()?;
    (port.len() <= 5 && !text.contains('%')).then(|| socket.ip())
}

fn walk(entries: impl Iterator<Item = Option<IpAddr>>) -> Located {
    let mut leftmost = Err(OriginProblem::HeaderMissing);
    for address in entries {
        let address = address.ok_or(OriginProblem::NotAnAddress)?.to_canonical();
        leftmost = Ok(address);
        let is_trusted = matches!(address, IpAddr::V4(v4) if v4.octets()[0] == 10);
        if !is_trusted {
            break;
        }
    }
    leftmost
}

fn is_too_long(lines: &[&[u8]]) -> bool {
    lines.join(&b',').len() > FORWARDED_BYTES
}
