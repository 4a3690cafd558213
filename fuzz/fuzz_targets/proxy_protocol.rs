//! The PROXY protocol at the start of a connection.
//!
//! The input is the bytes of the connection; with a first byte of `2` the rest follows a signature of
//! version 2.
//!
//! Property: nothing panics; more bytes never change a result, except that of an incomplete one;
//! each part of a preface is incomplete; a preface that is written again, in each version, is read
//! as the same addresses.
#![no_main]

use std::net::{IpAddr, SocketAddr};

use bearergate::address::proxy_protocol::{PrefaceError, V2_BYTES, parse};
use libfuzzer_sys::fuzz_target;

const SIGNATURE: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";

fuzz_target!(|text: &[u8]| {
    match text {
        [b'2', rest @ ..] => check(&[SIGNATURE, rest].concat()),
        bytes => check(bytes),
    }
});

fn check(bytes: &[u8]) {
    let result = parse(bytes);
    if result != Err(PrefaceError::Incomplete) {
        assert_eq!(parse(&[bytes, b"\r\n"].concat()), result);
    }
    let Ok(preface) = result else {
        return;
    };
    assert!((15..=V2_BYTES).contains(&preface.len()) && preface.len() <= bytes.len());
    for end in [0, preface.len() / 2, preface.len() - 1] {
        assert_eq!(parse(&bytes[..end]), Err(PrefaceError::Incomplete));
    }
    assert_eq!(preface.source().is_some(), preface.destination().is_some());
    let addresses = preface.source().zip(preface.destination());
    let Some((source, destination)) = addresses else {
        return;
    };
    for written in [
        version_1(source, destination),
        version_2(source, destination),
    ] {
        let read = parse(&written).expect("a written preface is valid");
        assert_eq!(read.len(), written.len());
        assert_eq!(read.source(), Some(source));
        assert_eq!(read.destination(), Some(destination));
    }
}

fn version_1(source: SocketAddr, destination: SocketAddr) -> Vec<u8> {
    let family = if source.is_ipv4() { "TCP4" } else { "TCP6" };
    let (from, to) = (source.ip(), destination.ip());
    let ports = (source.port(), destination.port());
    format!("PROXY {family} {from} {to} {} {}\r\n", ports.0, ports.1).into_bytes()
}

fn version_2(source: SocketAddr, destination: SocketAddr) -> Vec<u8> {
    let octets = |address: SocketAddr| match address.ip() {
        IpAddr::V4(v4) => v4.octets().to_vec(),
        IpAddr::V6(v6) => v6.octets().to_vec(),
    };
    let ports = [
        source.port().to_be_bytes(),
        destination.port().to_be_bytes(),
    ];
    let block = [octets(source), octets(destination), ports.concat()].concat();
    let family = if source.is_ipv4() { 0x11 } else { 0x21 };
    let len = block.len() as u8;
    [SIGNATURE, &[0x21, family, 0, len], &block].concat()
}
