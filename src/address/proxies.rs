//! The proxies between the clients and the service.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use http::header::GetAll;
use http::{HeaderMap, HeaderName, HeaderValue};
use ipnet::IpNet;

use super::forwarded::{Elements, is_encrypted};
use super::list::AddressList;
use super::origin::{Origin, OriginProblem};
use super::proxy_protocol::{self, Preface, PrefaceError};
use super::{entry, ranges::AddressSet};
use crate::error::ConfigError;
use crate::limits;
use crate::network;
use crate::request::RequestFacts;

/// Who is between the clients and this service.
///
/// The client of a request is located by these rules:
///
/// 1. If the peer of the connection is not a trusted proxy, it is the client. No header is read.
/// 2. Else the one configured [header](ForwardedBy) is read, all its lines joined, from the right:
///    each proxy appends the address that it received the request from. The first entry that is not
///    a trusted proxy is the client; if all are trusted, the leftmost is. With
///    [`hops`](Self::hops) the client is at a fixed place from the right.
/// 3. If the header is missing, has more than
///    [`FORWARDED_ENTRIES`](crate::limits::FORWARDED_ENTRIES) entries or
///    [`FORWARDED_BYTES`](crate::limits::FORWARDED_BYTES) bytes, or an entry up to the client cannot
///    be read, the client is unknown, and the [origin](Origin) says [why](OriginProblem). The
///    address of the proxy is never used in its place.
///
/// What is to the left of the client was written by the client itself. It is not read, except that
/// `Forwarded` must have the syntax of RFC 7239 as a whole.
///
/// A mapped IPv6 address is an IPv4 address, in connections, headers and networks. Cloning is cheap,
/// and [`locate`](Self::locate) does not allocate.
///
/// ```
/// use bearergate::address::{ForwardedBy, Proxies};
///
/// let nobody = Proxies::none();
/// let nginx = Proxies::trust(["10.0.0.0/8", "2001:db8:1::/48"])?;
/// let cdn = Proxies::trust(["198.51.100.0/24"])?
///     .header(ForwardedBy::Single("cf-connecting-ip".parse()?));
/// let platform = Proxies::trust_every_peer().hops(1);
/// # let _ = (nobody, nginx, cdn, platform);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Proxies {
    trusted: Trusted,
    header: ForwardedBy,
    hops: Option<u8>,
    /// The upper 96 bits of the prefix.
    translated: Option<u128>,
}

#[derive(Clone, Debug)]
enum Trusted {
    Nobody,
    Networks(Arc<AddressSet>),
    EveryPeer,
}

/// The header in which trusted proxies report the address of the client. No other one is read.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum ForwardedBy {
    /// `X-Forwarded-For`, to which each proxy appends an address, with or without a port. Whether
    /// the client's connection is encrypted is the rightmost value of `X-Forwarded-Proto`.
    XForwardedFor,
    /// `Forwarded` (RFC 7239), to which each proxy appends an element. Whether the client's
    /// connection is encrypted is the `proto` of the element of the client.
    Forwarded,
    /// A header that the proxy sets to the address of the client, such as `cf-connecting-ip`: one
    /// line with one address, without port and brackets. `X-Forwarded-Proto` is read as above.
    ///
    /// The proxy must replace what the client sent under this name.
    Single(HeaderName),
}

impl Proxies {
    /// Nobody is between the clients and this service: the peer of a connection is the client, and
    /// every header is ignored.
    pub const fn none() -> Self {
        Self::new(Trusted::Nobody)
    }

    /// The proxies are in these networks. Headers of every other peer are ignored.
    ///
    /// Trust only networks in which clients cannot be: who connects from one can claim any address.
    ///
    /// # Errors
    ///
    /// For field `proxies`: [`Empty`](crate::error::ConfigErrorKind::Empty) without a network, and
    /// the errors of [`AddressList::from_networks`].
    pub fn trust<S: AsRef<str>>(
        networks: impl IntoIterator<Item = S>,
    ) -> Result<Self, ConfigError> {
        let list = AddressList::from_networks(networks);
        let list = list.map_err(|error| error.in_field(FIELD))?;
        if list.is_empty() {
            let detail = "expected the networks of the proxies, found none; list them, or use \
                          `Proxies::none()` if there is no proxy";
            return Err(ConfigError::missing(FIELD, detail));
        }
        Ok(Self::new(Trusted::Networks(list.into_set())))
    }

    /// Every peer is a proxy: for platforms whose routers have no fixed addresses.
    ///
    /// Sound only if nobody else can connect to the port, because such a peer can claim any
    /// address. It needs [`hops`](Self::hops), or a header with a
    /// [single](ForwardedBy::Single) address; without, every client is unknown, with the problem
    /// [`TooFewHops`](OriginProblem::TooFewHops).
    pub const fn trust_every_peer() -> Self {
        Self::new(Trusted::EveryPeer)
    }

    const fn new(trusted: Trusted) -> Self {
        Self {
            trusted,
            header: ForwardedBy::XForwardedFor,
            hops: None,
            translated: None,
        }
    }

    /// Sets the header that is read, by default `X-Forwarded-For`. A header that the proxies do not
    /// write must not be set here, because they pass on what the client sent.
    #[must_use]
    pub fn header(mut self, from: ForwardedBy) -> Self {
        self.header = from;
        self
    }

    /// Sets how many entries of the header the proxies have added, at least 1 and at most
    /// [`FORWARDED_HOPS`](crate::limits::FORWARDED_HOPS). By default entries are compared with the
    /// trusted networks.
    ///
    /// The client is the entry at this place from the right, whether or not it is in a trusted
    /// network. A number that is too high believes what the client wrote.
    #[must_use]
    pub const fn hops(mut self, count: u8) -> Self {
        self.hops = Some(count);
        self
    }

    /// Sets the prefix under which IPv4 clients are represented by a translator (NAT64, SIIT; RFC
    /// 6052 section 2) in front of this service or its proxies, such as `64:ff9b::/96`. By default
    /// such addresses stay IPv6.
    ///
    /// Addresses under it become IPv4 addresses wherever they are read, so only a prefix whose
    /// translator is yours may be set: who can use it otherwise can claim any IPv4 address.
    ///
    /// # Errors
    ///
    /// [`ValueMalformed`](crate::error::ConfigErrorKind::ValueMalformed) for anything but an IPv6
    /// network with a prefix length of 96, without host bits and not that of mapped addresses.
    pub fn translated(mut self, prefix: &str) -> Result<Self, ConfigError> {
        let network = network::read(prefix);
        let network = network.map_err(|unreadable| unreadable.into_error("translated", None))?;
        match network {
            IpNet::V6(network) if network.prefix_len() == TRANSLATED_BITS => {
                self.translated = Some(network.addr().to_bits() >> V4_BITS);
                Ok(self)
            }
            _ => Err(ConfigError::unexpected(
                "translated",
                "an IPv6 network with a prefix length of 96",
                prefix,
                "give the prefix of the translator, such as 64:ff9b::/96",
            )),
        }
    }

    /// Checks that the settings fit together. Call it where you call [`locate`](Self::locate)
    /// yourself.
    ///
    /// # Errors
    ///
    /// For field `hops`: [`OutOfRange`](crate::error::ConfigErrorKind::OutOfRange) for a number that
    /// is not allowed, [`Empty`](crate::error::ConfigErrorKind::Empty) where
    /// [every peer](Self::trust_every_peer) is trusted without it, and
    /// [`Conflict`](crate::error::ConfigErrorKind::Conflict) without a proxy or for a header with a
    /// single address, which has no entries to count.
    pub fn check_settings(&self) -> Result<(), ConfigError> {
        let is_single = matches!(self.header, ForwardedBy::Single(_));
        match (self.hops, &self.trusted) {
            (None, Trusted::EveryPeer) if !is_single => Err(ConfigError::missing(
                "hops",
                "expected the number of proxies, because every peer is trusted, found none; call \
                 `hops`",
            )),
            (None, _) => Ok(()),
            (Some(count), _) if !(1..=limits::FORWARDED_HOPS).contains(&count) => {
                let range = 1..=u32::from(limits::FORWARDED_HOPS);
                Err(ConfigError::out_of_range("hops", u32::from(count), range))
            }
            (Some(_), Trusted::Nobody) => Err(ConfigError::conflict(
                "hops",
                "expected no number of proxies, because no proxy is trusted, found one; remove \
                 `hops`, or trust the proxies",
            )),
            (Some(_), _) if is_single => Err(ConfigError::conflict(
                "hops",
                "expected no number of proxies, because the header has a single address, found \
                 one; remove `hops`",
            )),
            (Some(_), _) => Ok(()),
        }
    }

    /// Returns whether a peer is a trusted proxy.
    pub fn trusts(&self, peer: IpAddr) -> bool {
        self.is_proxy(self.one_spelling(peer))
    }

    /// Parses the PROXY protocol at the start of a connection, for services that accept connections
    /// themselves. The peer must be a trusted proxy.
    ///
    /// Where the protocol is enabled it is required: close the connection on every error but
    /// [`Incomplete`](PrefaceError::Incomplete). The peer of the requests is
    /// [`Preface::source`], or the peer of the connection where it has none.
    ///
    /// # Errors
    ///
    /// [`UntrustedPeer`](PrefaceError::UntrustedPeer) before anything is read, and the errors of
    /// [`proxy_protocol::parse`].
    pub fn read_preface(&self, peer: SocketAddr, bytes: &[u8]) -> Result<Preface, PrefaceError> {
        if !self.trusts(peer.ip()) {
            return Err(PrefaceError::UntrustedPeer);
        }
        proxy_protocol::parse(bytes)
    }

    /// Locates the client of a request.
    ///
    /// The address is known only if the [peer](RequestFacts::peer) is set and is either no proxy, or
    /// a trusted one that sent a usable header. It does not allocate and never fails: what cannot be
    /// read is an unknown address with its [problem](Origin::problem).
    pub fn locate(&self, facts: &RequestFacts<'_>) -> Origin {
        let Some(peer) = facts.peer() else {
            return Origin::unknown(None, OriginProblem::NoPeer);
        };
        let peer = self.one_spelling(peer.ip());
        if !self.is_proxy(peer) {
            return Origin::known(peer, None);
        }
        let headers = facts.headers();
        let (located, is_encrypted) = match &self.header {
            ForwardedBy::Forwarded => match self.in_forwarded(headers) {
                Ok((address, is_encrypted)) => (Ok(address), is_encrypted),
                Err(problem) => (Err(problem), None),
            },
            ForwardedBy::XForwardedFor => (self.in_list(headers), forwarded_proto(headers)),
            ForwardedBy::Single(name) => (self.in_single(headers, name), forwarded_proto(headers)),
        };
        let origin = match located {
            Ok(address) => Origin::known(address, Some(peer)),
            Err(problem) => Origin::unknown(Some(peer), problem),
        };
        origin.encrypted(is_encrypted)
    }

    fn in_list(&self, headers: &HeaderMap) -> Result<IpAddr, OriginProblem> {
        let lines = headers.get_all(&X_FORWARDED_FOR);
        let commas = bounded(&lines)?;
        if commas >= limits::FORWARDED_ENTRIES {
            return Err(OriginProblem::HeaderTooLong);
        }
        let entries = lines
            .iter()
            .rev()
            .flat_map(|line| line.as_bytes().rsplit(|byte| *byte == b','));
        let (address, _) = self.walk(entries, |entry| entry::list_entry(entry))?;
        Ok(address)
    }

    fn in_forwarded(&self, headers: &HeaderMap) -> Result<(IpAddr, Option<bool>), OriginProblem> {
        bounded(&headers.get_all(http::header::FORWARDED))?;
        let elements = Elements::parse(headers)?;
        let (address, element) = self.walk(elements.iter_rev(), |element| element.address())?;
        Ok((address, element.is_encrypted()))
    }

    fn in_single(&self, headers: &HeaderMap, name: &HeaderName) -> Result<IpAddr, OriginProblem> {
        let mut lines = headers.get_all(name).iter();
        match (lines.next(), lines.next()) {
            (None, _) => Err(OriginProblem::HeaderMissing),
            (Some(_), Some(_)) => Err(OriginProblem::HeaderMalformed),
            (Some(line), None) => {
                let address = entry::single(line.as_bytes()).ok_or(OriginProblem::NotAnAddress)?;
                Ok(self.one_spelling(address))
            }
        }
    }

    /// Walks over entries from the right, to the one of the client. An entry that cannot be read
    /// stops the walk.
    fn walk<T>(
        &self,
        entries: impl Iterator<Item = T>,
        address: impl Fn(&T) -> Option<IpAddr>,
    ) -> Result<(IpAddr, T), OriginProblem> {
        if self.hops.is_none() && matches!(self.trusted, Trusted::EveryPeer) {
            return Err(OriginProblem::TooFewHops);
        }
        let mut leftmost = None;
        for (place, entry) in (1..).zip(entries) {
            let address = address(&entry).ok_or(OriginProblem::NotAnAddress)?;
            let address = self.one_spelling(address);
            let is_client = match self.hops {
                Some(hops) => place == usize::from(hops),
                None => !self.is_proxy(address),
            };
            if is_client {
                return Ok((address, entry));
            }
            leftmost = Some((address, entry));
        }
        let leftmost = leftmost.filter(|_| self.hops.is_none());
        leftmost.ok_or(OriginProblem::TooFewHops)
    }

    fn is_proxy(&self, address: IpAddr) -> bool {
        match &self.trusted {
            Trusted::Nobody => false,
            Trusted::Networks(networks) => networks.contains(address),
            Trusted::EveryPeer => true,
        }
    }

    /// Returns the address in canonical form, and one under the prefix of the translator as the IPv4
    /// address that it represents.
    fn one_spelling(&self, address: IpAddr) -> IpAddr {
        match address.to_canonical() {
            IpAddr::V6(v6) if self.translated == Some(v6.to_bits() >> V4_BITS) => {
                IpAddr::V4(Ipv4Addr::from_bits(v6.to_bits() as u32))
            }
            address => address,
        }
    }
}

/// Returns the number of commas in the header, only if it is there and is not too long. Each line
/// after the first counts with the comma that joins it.
fn bounded(lines: &GetAll<'_, HeaderValue>) -> Result<usize, OriginProblem> {
    let (mut bytes, mut commas, mut is_missing) = (0, 0, true);
    for line in lines {
        let joint = usize::from(!is_missing);
        bytes += joint + line.len();
        if bytes > limits::FORWARDED_BYTES {
            return Err(OriginProblem::HeaderTooLong);
        }
        commas += joint + memchr::memchr_iter(b',', line.as_bytes()).count();
        is_missing = false;
    }
    match is_missing {
        true => Err(OriginProblem::HeaderMissing),
        false => Ok(commas),
    }
}

/// Reads the rightmost value of `X-Forwarded-Proto`, which the peer set.
fn forwarded_proto(headers: &HeaderMap) -> Option<bool> {
    let line = headers.get_all(&X_FORWARDED_PROTO).iter().next_back()?;
    let value = line.as_bytes().rsplit(|byte| *byte == b',').next()?;
    is_encrypted(entry::trimmed(value))
}

static X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
static X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

const FIELD: &str = "proxies";
const TRANSLATED_BITS: u8 = 96;
const V4_BITS: u32 = 32;
