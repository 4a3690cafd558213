//! The PROXY protocol, versions 1 and 2, at the start of a connection.
//!
//! For services that accept connections themselves, behind a proxy that does not speak HTTP.
//! [`Proxies::read_preface`](super::Proxies::read_preface) also checks that the peer is a trusted
//! proxy; [`parse`] reads bytes and nothing else. The protocol is
//! specified in [`proxy-protocol.txt`](https://www.haproxy.org/download/3.2/doc/proxy-protocol.txt).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// Longest preface of version 1, with its line end, in bytes.
pub const V1_BYTES: usize = 107;

/// Longest preface of version 2 that is read, with its extensions (TLVs), in bytes.
pub const V2_BYTES: usize = 4_096;

/// The preface of a connection: who connected to the proxy.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Preface {
    source: Option<SocketAddr>,
    destination: Option<SocketAddr>,
    len: usize,
}

impl Preface {
    const fn without_addresses(len: usize) -> Self {
        Self {
            source: None,
            destination: None,
            len,
        }
    }

    /// Returns the client of the proxy, or `None` if the proxy speaks for itself (`LOCAL`, such as a
    /// health check) or does not say it (`UNKNOWN`, `AF_UNSPEC`, Unix sockets).
    pub const fn source(&self) -> Option<SocketAddr> {
        self.source
    }

    /// Returns the address that the client connected to.
    pub const fn destination(&self) -> Option<SocketAddr> {
        self.destination
    }

    /// Returns the number of bytes of the preface. The bytes of the connection's own protocol begin
    /// there.
    #[expect(clippy::len_without_is_empty, reason = "a preface is never empty")]
    pub const fn len(&self) -> usize {
        self.len
    }
}

/// Why there is no preface.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PrefaceError {
    /// The bytes are the start of a preface. Read more and parse again, with a deadline.
    #[error("the preface of the PROXY protocol is not complete; read more")]
    Incomplete,
    /// The bytes are not a preface, and never become one.
    #[error("the connection does not begin with the PROXY protocol")]
    Missing,
    /// The preface does not have the syntax of its version.
    #[error("the preface of the PROXY protocol is malformed")]
    Malformed,
    /// The preface is longer than [`V1_BYTES`] or [`V2_BYTES`].
    #[error("the preface of the PROXY protocol is too long")]
    TooLong,
    /// The peer is not a trusted proxy. Only
    /// [`read_preface`](super::Proxies::read_preface) checks it.
    #[error("the peer is not a trusted proxy, so it must not send the PROXY protocol")]
    UntrustedPeer,
}

/// Parses the preface at the start of a connection, of version 1 or 2.
///
/// The bytes may be longer or shorter than the preface. Its addresses are claims of the peer: use
/// them only if the peer is a trusted proxy.
///
/// ```
/// use bearergate::address::proxy_protocol::{PrefaceError, parse};
///
/// let preface = parse(b"PROXY TCP4 192.0.2.7 10.0.0.1 4711 443\r\nGET / HTTP/1.1\r\n")?;
/// assert_eq!(preface.source(), Some("192.0.2.7:4711".parse()?));
/// assert_eq!(preface.len(), 40);
/// assert_eq!(parse(b"GET / HTTP/1.1\r\n"), Err(PrefaceError::Missing));
/// assert_eq!(parse(b"PROXY TCP4 192.0"), Err(PrefaceError::Incomplete));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// See [`PrefaceError`].
pub fn parse(bytes: &[u8]) -> Result<Preface, PrefaceError> {
    if begins(bytes, V2_SIGNATURE)? {
        return version_2(bytes);
    }
    if begins(bytes, V1_SIGNATURE)? {
        return version_1(bytes);
    }
    Err(PrefaceError::Missing)
}

/// Returns whether the bytes begin with a signature, or `Incomplete` while that is open.
fn begins(bytes: &[u8], signature: &[u8]) -> Result<bool, PrefaceError> {
    if bytes.len() < signature.len() && signature.starts_with(bytes) {
        return Err(PrefaceError::Incomplete);
    }
    Ok(bytes.starts_with(signature))
}

fn version_1(bytes: &[u8]) -> Result<Preface, PrefaceError> {
    let longest = bytes.get(..V1_BYTES).unwrap_or(bytes);
    let Some(end) = memchr::memmem::find(longest, b"\r\n") else {
        return Err(match bytes.len() < V1_BYTES {
            true => PrefaceError::Incomplete,
            false => PrefaceError::TooLong,
        });
    };
    let line = longest.get(V1_SIGNATURE.len()..end).unwrap_or_default();
    let len = end + 2;
    if line == b"UNKNOWN" || line.starts_with(b"UNKNOWN ") {
        return Ok(Preface::without_addresses(len));
    }
    let (source, destination) = text_addresses(line).ok_or(PrefaceError::Malformed)?;
    Ok(Preface {
        source: Some(source),
        destination: Some(destination),
        len,
    })
}

/// `TCP4 192.0.2.7 10.0.0.1 4711 443`, with single spaces.
fn text_addresses(line: &[u8]) -> Option<(SocketAddr, SocketAddr)> {
    let mut words = str::from_utf8(line).ok()?.split(' ');
    let family = words.next()?;
    let mut address = || {
        let word = words.next()?;
        match family {
            "TCP4" => word.parse().ok().map(IpAddr::V4),
            "TCP6" => word.parse().ok().map(IpAddr::V6),
            _ => None,
        }
    };
    let (source, destination) = (address()?, address()?);
    let (from, to) = (port(words.next()?)?, port(words.next()?)?);
    let is_complete = words.next().is_none();
    is_complete.then_some((
        SocketAddr::new(source, from),
        SocketAddr::new(destination, to),
    ))
}

/// A decimal number without signs and leading zeros.
fn port(word: &str) -> Option<u16> {
    let is_plain = word == "0" || !word.starts_with(['0', '+']);
    word.parse().ok().filter(|_| is_plain)
}

fn version_2(bytes: &[u8]) -> Result<Preface, PrefaceError> {
    let Some((head, rest)) = bytes.split_first_chunk::<V2_HEAD>() else {
        return Err(PrefaceError::Incomplete);
    };
    let [.., command, family, high, low] = *head;
    let block_len = usize::from(u16::from_be_bytes([high, low]));
    let len = V2_HEAD + block_len;
    // The version is checked first: another one may have a length of another form.
    if !matches!(command, LOCAL | PROXY) {
        return Err(PrefaceError::Malformed);
    }
    if len > V2_BYTES {
        return Err(PrefaceError::TooLong);
    }
    let block = rest.get(..block_len).ok_or(PrefaceError::Incomplete)?;
    if command == LOCAL {
        return Ok(Preface::without_addresses(len));
    }
    let (addresses, extensions) = match family {
        // AF_UNSPEC: there are no addresses, whatever the block has.
        0x00..=0x02 => return Ok(Preface::without_addresses(len)),
        0x11 | 0x12 => binary_v4(block).ok_or(PrefaceError::Malformed)?,
        0x21 | 0x22 => binary_v6(block).ok_or(PrefaceError::Malformed)?,
        0x31 | 0x32 => {
            let rest = block.get(UNIX_BYTES..).ok_or(PrefaceError::Malformed)?;
            (None, rest)
        }
        _ => return Err(PrefaceError::Malformed),
    };
    if !are_extensions(extensions) {
        return Err(PrefaceError::Malformed);
    }
    Ok(Preface {
        source: addresses.map(|(source, _)| source),
        destination: addresses.map(|(_, destination)| destination),
        len,
    })
}

/// The addresses of source and destination, and the bytes behind them.
type Addresses<'a> = (Option<(SocketAddr, SocketAddr)>, &'a [u8]);

fn binary_v4(block: &[u8]) -> Option<Addresses<'_>> {
    let (source, rest) = block.split_first_chunk::<4>()?;
    let (destination, rest) = rest.split_first_chunk::<4>()?;
    let (from, to, rest) = binary_ports(rest)?;
    let source = SocketAddr::new(Ipv4Addr::from(*source).into(), from);
    let destination = SocketAddr::new(Ipv4Addr::from(*destination).into(), to);
    Some((Some((source, destination)), rest))
}

fn binary_v6(block: &[u8]) -> Option<Addresses<'_>> {
    let (source, rest) = block.split_first_chunk::<16>()?;
    let (destination, rest) = rest.split_first_chunk::<16>()?;
    let (from, to, rest) = binary_ports(rest)?;
    let source = SocketAddr::new(Ipv6Addr::from(*source).into(), from);
    let destination = SocketAddr::new(Ipv6Addr::from(*destination).into(), to);
    Some((Some((source, destination)), rest))
}

fn binary_ports(bytes: &[u8]) -> Option<(u16, u16, &[u8])> {
    let (from, rest) = bytes.split_first_chunk::<2>()?;
    let (to, rest) = rest.split_first_chunk::<2>()?;
    Some((u16::from_be_bytes(*from), u16::from_be_bytes(*to), rest))
}

/// Returns whether the bytes are whole extensions: a type, a length of two bytes, a value.
fn are_extensions(mut bytes: &[u8]) -> bool {
    while let Some(([_, high, low], rest)) = bytes.split_first_chunk::<3>() {
        let len = usize::from(u16::from_be_bytes([*high, *low]));
        let Some(rest) = rest.get(len..) else {
            return false;
        };
        bytes = rest;
    }
    bytes.is_empty()
}

const V1_SIGNATURE: &[u8] = b"PROXY ";
const V2_SIGNATURE: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";

/// Signature, version and command, family, length.
const V2_HEAD: usize = 16;

const LOCAL: u8 = 0x20;
const PROXY: u8 = 0x21;

/// Two paths of Unix sockets.
const UNIX_BYTES: usize = 216;
