//! The PROXY protocol.

use std::net::SocketAddr;

use bearergate::address::Proxies;
use bearergate::address::proxy_protocol::PrefaceError::{
    self, Incomplete, Malformed, Missing, TooLong, UntrustedPeer,
};
use bearergate::address::proxy_protocol::{Preface, V1_BYTES, V2_BYTES, parse};
use proptest::prelude::*;

use crate::common::{headers, locate, proxies};

const SIGNATURE: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";

/// A preface of version 2.
fn v2(command: u8, family: u8, block: &[u8]) -> Vec<u8> {
    let len = u16::try_from(block.len()).unwrap().to_be_bytes();
    [SIGNATURE, &[command, family], &len, block].concat()
}

/// `192.0.2.7:4711` to `10.0.0.1:443`.
const V4_BLOCK: &[u8] = &[192, 0, 2, 7, 10, 0, 0, 1, 0x12, 0x67, 0x01, 0xbb];

fn v6_block() -> Vec<u8> {
    let addresses = ["2001:db8::7", "2001:db8::1"];
    let addresses = addresses.map(|text| text.parse::<std::net::Ipv6Addr>().unwrap().octets());
    [&addresses.concat()[..], &[0x12, 0x67, 0x01, 0xbb]].concat()
}

fn socket(text: &str) -> Option<SocketAddr> {
    Some(text.parse().unwrap())
}

#[track_caller]
fn assert_source(bytes: &[u8], source: Option<SocketAddr>) -> Preface {
    let preface = parse(bytes).unwrap();
    assert_eq!(preface.source(), source);
    assert_eq!(preface.destination().is_some(), source.is_some());
    assert_eq!(preface.len(), bytes.len());
    // What follows is not read.
    let followed = [bytes, b"GET / HTTP/1.1\r\n\r\n"].concat();
    assert_eq!(parse(&followed), Ok(preface));
    // Every part of it is incomplete.
    for end in 0..bytes.len() {
        assert_eq!(parse(&bytes[..end]), Err(Incomplete), "{end}");
    }
    preface
}

#[test]
fn version_1_is_read() {
    let preface = assert_source(
        b"PROXY TCP4 192.0.2.7 10.0.0.1 4711 443\r\n",
        socket("192.0.2.7:4711"),
    );
    assert_eq!(preface.destination(), socket("10.0.0.1:443"));
    assert_source(
        b"PROXY TCP6 2001:db8::7 2001:db8::1 65535 0\r\n",
        socket("[2001:db8::7]:65535"),
    );
    let long = "ffff:f:ffff:ffff:ffff:ffff:ffff:ffff";
    let text = format!("PROXY TCP6 {long} {long} 65535 65535\r\n");
    assert_source(
        text.as_bytes(),
        Some(format!("[{long}]:65535").parse().unwrap()),
    );
    assert_source(b"PROXY UNKNOWN\r\n", None);
    assert_source(b"PROXY UNKNOWN 192.0.2.7 10.0.0.1 4711 443\r\n", None);
    assert_source(b"PROXY UNKNOWN \xff junk\r\n", None);
}

#[test]
fn a_line_of_version_1_has_exactly_its_words() {
    for line in [
        "PROXY TCP4 192.0.2.7 10.0.0.1 4711",
        "PROXY TCP4 192.0.2.7 10.0.0.1 4711 443 1",
        "PROXY TCP4 192.0.2.7 10.0.0.1 4711 443 ",
        "PROXY TCP4  192.0.2.7 10.0.0.1 4711 443",
        "PROXY  TCP4 192.0.2.7 10.0.0.1 4711 443",
        "PROXY tcp4 192.0.2.7 10.0.0.1 4711 443",
        "PROXY UDP4 192.0.2.7 10.0.0.1 4711 443",
        "PROXY TCP4 192.0.2.07 10.0.0.1 4711 443",
        "PROXY TCP4 2001:db8::7 2001:db8::1 4711 443",
        "PROXY TCP6 192.0.2.7 10.0.0.1 4711 443",
        "PROXY TCP6 fe80::1%1 2001:db8::1 4711 443",
        "PROXY TCP4 192.0.2.7 10.0.0.1 65536 443",
        "PROXY TCP4 192.0.2.7 10.0.0.1 +1 443",
        "PROXY TCP4 192.0.2.7 10.0.0.1 01 443",
        "PROXY TCP4 192.0.2.7 10.0.0.1 4711 443\n",
        "PROXY UNKNOWNS",
        "PROXY ",
    ] {
        let line = format!("{line}\r\n");
        assert_eq!(parse(line.as_bytes()), Err(Malformed), "{line:?}");
    }
    let filled = |len: usize| format!("PROXY UNKNOWN {}\r\n", "x".repeat(len - 16));
    assert_eq!(filled(V1_BYTES).len(), V1_BYTES);
    assert_source(filled(V1_BYTES).as_bytes(), None);
    assert_eq!(parse(filled(V1_BYTES + 1).as_bytes()), Err(TooLong));
}

#[test]
fn version_2_is_read() {
    for family in [0x11, 0x12] {
        let preface = assert_source(&v2(0x21, family, V4_BLOCK), socket("192.0.2.7:4711"));
        assert_eq!(preface.destination(), socket("10.0.0.1:443"));
    }
    for family in [0x21, 0x22] {
        let preface = assert_source(&v2(0x21, family, &v6_block()), socket("[2001:db8::7]:4711"));
        assert_eq!(preface.destination(), socket("[2001:db8::1]:443"));
    }
    assert_source(&v2(0x21, 0x31, &[0; 216]), None);
    let extended = [V4_BLOCK, &[4, 0, 2, 1, 2, 0xe0, 0, 0]].concat();
    assert_source(&v2(0x21, 0x11, &extended), socket("192.0.2.7:4711"));
}

#[test]
fn local_and_unspecified_give_no_address_whatever_the_block_has() {
    for block in [&[][..], V4_BLOCK, &v6_block(), b"junk"] {
        for family in [0x00, 0x11, 0x21, 0x31, 0xff] {
            assert_source(&v2(0x20, family, block), None);
        }
        assert_source(&v2(0x21, 0x00, block), None);
        assert_source(&v2(0x21, 0x01, block), None);
    }
    assert_source(&v2(0x21, 0x11, V4_BLOCK), socket("192.0.2.7:4711"));
}

#[test]
fn other_versions_families_and_blocks_are_malformed() {
    for (command, family, block) in [
        (0x11, 0x11, V4_BLOCK),
        (0x31, 0x11, V4_BLOCK),
        (0x22, 0x11, V4_BLOCK),
        (0x2f, 0x11, V4_BLOCK),
        (0x21, 0x10, V4_BLOCK),
        (0x21, 0x13, V4_BLOCK),
        (0x21, 0x41, V4_BLOCK),
        (0x21, 0x03, V4_BLOCK),
        (0x21, 0x11, &V4_BLOCK[..11]),
        (0x21, 0x21, V4_BLOCK),
        (0x21, 0x31, V4_BLOCK),
    ] {
        let bytes = v2(command, family, block);
        assert_eq!(parse(&bytes), Err(Malformed), "{command:x} {family:x}");
    }
    // An extension that ends behind the block.
    for extension in [&[4][..], &[4, 0], &[4, 0, 1], &[4, 0, 1, 9, 4]] {
        let block = [V4_BLOCK, extension].concat();
        assert_eq!(
            parse(&v2(0x21, 0x11, &block)),
            Err(Malformed),
            "{extension:?}"
        );
    }
}

#[test]
fn a_preface_of_version_2_is_bounded() {
    let filled = |len: usize| v2(0x20, 0, &vec![0; len - 16]);
    assert_source(&filled(V2_BYTES), None);
    assert_eq!(parse(&filled(V2_BYTES + 1)), Err(TooLong));
    // The length is known from the head.
    assert_eq!(parse(&filled(V2_BYTES + 1)[..16]), Err(TooLong));
}

#[test]
fn other_protocols_have_no_preface() {
    for bytes in [
        &b"GET / HTTP/1.1\r\n"[..],
        b"P0",
        b"\r\nGET",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\x16\x03\x01",
        b"proxy TCP4",
    ] {
        assert_eq!(parse(bytes), Err(Missing), "{bytes:?}");
    }
    for bytes in [&b""[..], b"P", b"PR", b"PROXY", b"\r", b"\r\n"] {
        assert_eq!(parse(bytes), Err(Incomplete), "{bytes:?}");
    }
}

#[test]
fn only_a_trusted_peer_may_send_a_preface() {
    let bytes = v2(0x21, 0x11, V4_BLOCK);
    let read = |proxies: &Proxies, peer: &str| {
        let preface = proxies.read_preface(peer.parse().unwrap(), &bytes)?;
        Ok::<_, PrefaceError>(preface.source())
    };
    assert_eq!(read(&proxies(), "10.0.0.1:1"), Ok(socket("192.0.2.7:4711")));
    assert_eq!(read(&proxies(), "192.0.2.9:1"), Err(UntrustedPeer));
    assert_eq!(read(&Proxies::none(), "10.0.0.1:1"), Err(UntrustedPeer));
    let every = Proxies::trust_every_peer().hops(1);
    assert_eq!(read(&every, "192.0.2.9:1"), Ok(socket("192.0.2.7:4711")));
    // The source is the peer of the requests: no proxy, so its headers are not read.
    let claims = headers(&[("x-forwarded-for", "127.0.0.1")]);
    let origin = locate(&proxies(), Some("192.0.2.7:4711"), &claims);
    assert_eq!(origin.address(), Some("192.0.2.7".parse().unwrap()));
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic_and_more_bytes_change_nothing(
        head in 0_usize..4,
        tail in proptest::collection::vec(any::<u8>(), 0..80),
        more in proptest::collection::vec(any::<u8>(), 0..80),
    ) {
        let heads: [&[u8]; 4] = [b"", b"PROXY ", SIGNATURE, b"\r\n\r\n\0\r\nQUIT\n\x21\x11\x00\x0c"];
        let bytes = [heads[head], &tail].concat();
        match parse(&bytes) {
            Err(Incomplete) => {}
            known => {
                prop_assert_eq!(parse(&[&bytes[..], &more].concat()), known);
            }
        }
        if let Ok(preface) = parse(&bytes) {
            prop_assert!(preface.len() <= bytes.len());
            prop_assert_eq!(parse(&bytes[..preface.len() - 1]), Err(Incomplete));
        }
    }
}
