//! Pseudonyms of callers and addresses, and how much of an address is recorded.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;
use ring::rand::SystemRandom;

use crate::error::{ConfigError, ConfigErrorKind};
use crate::secret_source::SecretSource;

/// The key under which subjects, clients and addresses get pseudonyms in the audit trail.
///
/// A pseudonym is `p<version>:` and 22 characters: the first 16 bytes of HMAC-SHA-256 over the
/// kind, the authority and the value. One value has one pseudonym under one key, so records of a
/// caller can still be counted and joined. This is pseudonymisation, not anonymity: who has the key
/// can compute the pseudonym of a known value ([`pseudonym`](Self::pseudonym)), for example to find
/// the records of a person who asks for them. Destroying all copies of the key ends that link. Give
/// a new key a new version, so that pseudonyms under both are told apart.
///
/// ```
/// use bearergate::audit::{PseudonymKey, PseudonymKind};
/// use bearergate::secret::Secret;
/// use bearergate::secret_source::SecretSource;
///
/// # let read = || -> Result<Secret, std::io::Error> { Ok(Secret::new(vec![7; 32])) };
/// let key = PseudonymKey::new(1, &SecretSource::from_fn("vault", read))?;
/// let alice = key.pseudonym(PseudonymKind::Subject, "https://idp.example", "alice");
/// assert_eq!(alice.as_str().len(), 25);
/// assert!(alice.as_str().starts_with("p1:"));
/// # Ok::<(), bearergate::ConfigError>(())
/// ```
#[derive(Clone)]
pub struct PseudonymKey {
    version: u32,
    mac: Arc<hmac::Key>,
}

impl PseudonymKey {
    /// Reads a key: exactly 32 random bytes. Versions start at 1.
    ///
    /// # Errors
    ///
    /// [`OutOfRange`](ConfigErrorKind::OutOfRange) for version 0 or another number of bytes, or the
    /// error of the source.
    pub fn new(version: u32, source: &SecretSource) -> Result<Self, ConfigError> {
        if version == 0 {
            return Err(ConfigError::out_of_range(FIELD, version, 1..));
        }
        let secret = source.read().map_err(|error| error.in_field(FIELD))?;
        let len = secret.expose().len();
        if len != KEY_BYTES {
            let detail = format!(
                "expected {KEY_BYTES} bytes, found {len} in {source}; \
                 give {KEY_BYTES} random bytes, without encoding"
            );
            return Err(ConfigError::new(ConfigErrorKind::OutOfRange, FIELD, detail));
        }
        Ok(Self {
            version,
            mac: Arc::new(hmac::Key::new(hmac::HMAC_SHA256, secret.expose())),
        })
    }

    /// Returns the version, which is in each pseudonym.
    pub const fn version(&self) -> u32 {
        self.version
    }

    /// Returns the pseudonym of a value, without allocation.
    ///
    /// Addresses have no authority: give an empty text, and the canonical text of the address
    /// (RFC 5952).
    pub fn pseudonym(&self, kind: PseudonymKind, authority: &str, value: &str) -> Pseudonym {
        let tag = tagged_mac(&self.mac, kind.tag(), authority, value.as_bytes());
        let mac: [u8; PSEUDONYM_BYTES] = tag.as_ref().first_chunk().copied().unwrap_or_default();
        let mut text = Pseudonym::empty();
        text.push(b"p");
        text.push_number(self.version);
        text.push(b":");
        let mut encoded = [0; PSEUDONYM_CHARS];
        // 16 bytes have exactly 22 characters.
        let _ = URL_SAFE_NO_PAD.encode_slice(mac, &mut encoded);
        text.push(&encoded);
        text
    }

    /// Returns the pseudonym of an address.
    pub(crate) fn of_address(&self, address: IpAddr) -> Pseudonym {
        let mut text = AddressText::default();
        // An address has at most 45 characters, which `AddressText` holds.
        let _ = fmt::Write::write_fmt(&mut text, format_args!("{}", address.to_canonical()));
        self.pseudonym(PseudonymKind::Address, "", text.as_str())
    }
}

impl fmt::Debug for PseudonymKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PseudonymKey")
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}

/// What a [`Pseudonym`] is of. Equal values of different kinds have different pseudonyms.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum PseudonymKind {
    /// The subject of an authority.
    Subject,
    /// A client of an authority.
    Client,
    /// An address.
    Address,
}

impl PseudonymKind {
    const fn tag(self) -> u8 {
        match self {
            Self::Subject => b's',
            Self::Client => b'c',
            Self::Address => b'a',
        }
    }
}

/// A pseudonym, such as `p1:3q2-7wAAAAAAAAAAAAAAAA`.
#[derive(Clone, Copy, Eq, Hash, PartialEq)]
pub struct Pseudonym {
    bytes: [u8; PSEUDONYM_MAX],
    len: u8,
}

impl Pseudonym {
    const fn empty() -> Self {
        Self {
            bytes: [0; PSEUDONYM_MAX],
            len: 0,
        }
    }

    /// Returns the text.
    pub fn as_str(&self) -> &str {
        let text = self.bytes.get(..usize::from(self.len));
        text.and_then(|text| str::from_utf8(text).ok())
            .unwrap_or_default()
    }

    fn push(&mut self, bytes: &[u8]) {
        for byte in bytes {
            if let Some(place) = self.bytes.get_mut(usize::from(self.len)) {
                *place = *byte;
                self.len += 1;
            }
        }
    }

    fn push_number(&mut self, number: u32) {
        let mut unit = 1_000_000_000;
        while unit > 1 && number < unit {
            unit /= 10;
        }
        while unit > 0 {
            let digit = number / unit % 10;
            self.push(&[b'0'.wrapping_add(digit.to_le_bytes()[0])]);
            unit /= 10;
        }
    }
}

impl fmt::Debug for Pseudonym {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pseudonym({self})")
    }
}

impl fmt::Display for Pseudonym {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How much of the client's address is recorded.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum AddressDetail {
    /// The whole address and the port.
    #[default]
    Full,
    /// The first address of its IPv4 /24 or IPv6 /48, and no port.
    Prefix,
    /// A pseudonym under the [`PseudonymKey`], and no port.
    Keyed,
    /// Nothing.
    None,
}

impl AddressDetail {
    /// Returns what is recorded of an address. [`Keyed`](Self::Keyed) without a key records nothing;
    /// a builder does not allow that.
    pub(crate) fn detailed(
        self,
        address: IpAddr,
        key: Option<&PseudonymKey>,
    ) -> Option<DetailedAddress> {
        match self {
            Self::Full => Some(DetailedAddress::Address(address.to_canonical())),
            Self::Prefix => Some(DetailedAddress::Address(first_of_prefix(address))),
            Self::Keyed => key.map(|key| DetailedAddress::Keyed(key.of_address(address))),
            Self::None => None,
        }
    }

    /// Returns whether the port is recorded. Behind a shared address the port identifies a client.
    pub(crate) const fn has_port(self) -> bool {
        matches!(self, Self::Full)
    }
}

/// An address in the detail that is configured.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum DetailedAddress {
    Address(IpAddr),
    Keyed(Pseudonym),
}

/// The key of the hashes of identities that were claimed and not verified.
///
/// With a [`PseudonymKey`] the hashes of one identity are equal in all starts, without one only
/// within a start.
#[derive(Clone)]
pub(crate) struct ClaimedKey(Arc<hmac::Key>);

impl ClaimedKey {
    /// Creates the key from the key of pseudonyms, or a random one.
    ///
    /// # Errors
    ///
    /// [`ConfigErrorKind::Unreadable`] if the system has no random numbers.
    pub(crate) fn new(key: Option<&PseudonymKey>) -> Result<Self, ConfigError> {
        if let Some(key) = key {
            return Ok(Self(Arc::clone(&key.mac)));
        }
        let random = hmac::Key::generate(hmac::HMAC_SHA256, &SystemRandom::new());
        match random {
            Ok(key) => Ok(Self(Arc::new(key))),
            Err(_) => Err(ConfigError::no_random("audit")),
        }
    }

    /// Returns the hash of a claimed identity: the first 8 bytes of HMAC-SHA-256 over the authority
    /// and the value. No allocation.
    pub(crate) fn claimed_id(&self, authority: &str, value: &[u8]) -> [u8; 8] {
        let tag = tagged_mac(&self.0, b'?', authority, value);
        tag.as_ref().first_chunk().copied().unwrap_or_default()
    }
}

impl fmt::Debug for ClaimedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClaimedKey([redacted])")
    }
}

/// A MAC over texts that cannot run into each other: each is preceded by its length or the last.
fn tagged_mac(key: &hmac::Key, tag: u8, authority: &str, value: &[u8]) -> hmac::Tag {
    let mut mac = hmac::Context::with_key(key);
    mac.update(DOMAIN);
    mac.update(&[tag]);
    mac.update(&(authority.len() as u64).to_be_bytes());
    mac.update(authority.as_bytes());
    mac.update(value);
    mac.sign()
}

fn first_of_prefix(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => Ipv4Addr::from_bits(address.to_bits() & (u32::MAX << 8)).into(),
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 80)).into(),
    }
}

/// The text of an address on the stack.
struct AddressText {
    bytes: [u8; ADDRESS_CHARS],
    len: usize,
}

impl Default for AddressText {
    fn default() -> Self {
        Self {
            bytes: [0; ADDRESS_CHARS],
            len: 0,
        }
    }
}

impl AddressText {
    fn as_str(&self) -> &str {
        let text = self.bytes.get(..self.len);
        text.and_then(|text| str::from_utf8(text).ok())
            .unwrap_or_default()
    }
}

impl fmt::Write for AddressText {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let end = self.len + text.len();
        let space = self.bytes.get_mut(self.len..end).ok_or(fmt::Error)?;
        space.copy_from_slice(text.as_bytes());
        self.len = end;
        Ok(())
    }
}

const FIELD: &str = "pseudonyms";
const KEY_BYTES: usize = 32;
const DOMAIN: &[u8] = b"bearergate audit pseudonym\0";
const ADDRESS_CHARS: usize = 45;
const PSEUDONYM_BYTES: usize = 16;
const PSEUDONYM_CHARS: usize = 22;
/// `p`, ten digits, a colon.
const PSEUDONYM_MAX: usize = 12 + PSEUDONYM_CHARS;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::Secret;

    fn source(bytes: Vec<u8>) -> SecretSource {
        let read = move || Ok::<_, std::io::Error>(Secret::new(bytes.clone()));
        SecretSource::from_fn("test", read)
    }

    fn key(version: u32, byte: u8) -> PseudonymKey {
        PseudonymKey::new(version, &source(vec![byte; 32])).unwrap()
    }

    fn error(version: u32, len: usize) -> (ConfigErrorKind, &'static str) {
        let error = PseudonymKey::new(version, &source(vec![7; len])).unwrap_err();
        (error.kind(), error.field())
    }

    #[test]
    fn a_key_has_32_bytes_and_a_version_from_1() {
        for len in [1, 31, 33, 64] {
            assert_eq!(error(1, len), (ConfigErrorKind::OutOfRange, "pseudonyms"));
        }
        assert_eq!(error(1, 0), (ConfigErrorKind::Empty, "pseudonyms"));
        assert_eq!(error(0, 32), (ConfigErrorKind::OutOfRange, "pseudonyms"));
        assert_eq!(key(1, 7).version(), 1);
        assert_eq!(key(u32::MAX, 7).version(), u32::MAX);
    }

    #[test]
    fn a_pseudonym_is_its_version_and_22_characters() {
        for (version, start) in [(1, "p1:"), (40, "p40:"), (u32::MAX, "p4294967295:")] {
            let text = key(version, 7).pseudonym(PseudonymKind::Subject, "idp", "alice");
            let encoded = text.as_str().strip_prefix(start).unwrap();
            assert_eq!(encoded.len(), 22);
            assert_eq!(URL_SAFE_NO_PAD.decode(encoded).unwrap().len(), 16);
            assert_eq!(text.to_string(), text.as_str());
        }
    }

    #[test]
    fn it_is_the_hmac_of_kind_authority_and_value() {
        let mut message = b"bearergate audit pseudonym\0s".to_vec();
        message.extend(3_u64.to_be_bytes());
        message.extend(b"idpalice");
        let mac = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &[7; 32]), &message);
        let expected = format!("p1:{}", URL_SAFE_NO_PAD.encode(&mac.as_ref()[..16]));
        let made = key(1, 7).pseudonym(PseudonymKind::Subject, "idp", "alice");
        assert_eq!(made.as_str(), expected);
    }

    #[test]
    fn what_differs_in_one_part_has_another_pseudonym() {
        let made = |byte, kind, authority, value| key(1, byte).pseudonym(kind, authority, value);
        let first = made(7, PseudonymKind::Subject, "idp", "alice");
        assert_eq!(made(7, PseudonymKind::Subject, "idp", "alice"), first);
        for other in [
            made(8, PseudonymKind::Subject, "idp", "alice"),
            made(7, PseudonymKind::Client, "idp", "alice"),
            made(7, PseudonymKind::Address, "idp", "alice"),
            made(7, PseudonymKind::Subject, "idp2", "alice"),
            made(7, PseudonymKind::Subject, "idp", "bob"),
            made(7, PseudonymKind::Subject, "idpa", "lice"),
            made(7, PseudonymKind::Subject, "", "idpalice"),
        ] {
            assert_ne!(other, first);
        }
    }

    #[test]
    fn the_key_is_not_shown() {
        assert_eq!(
            format!("{:?}", key(3, 7)),
            "PseudonymKey { version: 3, .. }"
        );
        let claimed = ClaimedKey::new(Some(&key(3, 7))).unwrap();
        assert_eq!(format!("{claimed:?}"), "ClaimedKey([redacted])");
    }

    #[test]
    fn an_address_is_recorded_in_the_detail_that_is_configured() {
        let key = key(1, 7);
        let text = |detail: AddressDetail, address: &str| {
            let address = address.parse().unwrap();
            let detailed = detail.detailed(address, Some(&key));
            detailed.map(|detailed| match detailed {
                DetailedAddress::Address(address) => address.to_string(),
                DetailedAddress::Keyed(name) => name.to_string(),
            })
        };
        for (address, full, prefix) in [
            ("203.0.113.77", "203.0.113.77", "203.0.113.0"),
            ("::ffff:203.0.113.77", "203.0.113.77", "203.0.113.0"),
            (
                "2001:db8:1:2:3:4:5:6",
                "2001:db8:1:2:3:4:5:6",
                "2001:db8:1::",
            ),
            ("255.255.255.255", "255.255.255.255", "255.255.255.0"),
            ("::1", "::1", "::"),
        ] {
            assert_eq!(text(AddressDetail::Full, address).unwrap(), full);
            assert_eq!(text(AddressDetail::Prefix, address).unwrap(), prefix);
            assert_eq!(text(AddressDetail::None, address), None);
            let expected = key.pseudonym(PseudonymKind::Address, "", full);
            assert_eq!(
                text(AddressDetail::Keyed, address).unwrap(),
                expected.as_str()
            );
        }
        let longest = "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff";
        let expected = key.pseudonym(PseudonymKind::Address, "", longest);
        assert_eq!(
            text(AddressDetail::Keyed, longest).unwrap(),
            expected.as_str()
        );
        let address = "203.0.113.77".parse().unwrap();
        assert_eq!(AddressDetail::Keyed.detailed(address, None), None);
        for (detail, has_port) in [
            (AddressDetail::Full, true),
            (AddressDetail::Prefix, false),
            (AddressDetail::Keyed, false),
            (AddressDetail::None, false),
        ] {
            assert_eq!(detail.has_port(), has_port);
        }
        assert_eq!(AddressDetail::default(), AddressDetail::Full);
    }

    #[test]
    fn a_claimed_identity_has_a_keyed_hash_of_8_bytes() {
        let of = |key: &ClaimedKey, authority, value: &[u8]| key.claimed_id(authority, value);
        let first = ClaimedKey::new(Some(&key(1, 7))).unwrap();
        let same = ClaimedKey::new(Some(&key(1, 7))).unwrap();
        assert_eq!(of(&first, "idp", b"k1"), of(&same, "idp", b"k1"));
        assert_ne!(of(&first, "idp", b"k1"), of(&first, "idp", b"k2"));
        assert_ne!(of(&first, "idp", b"k1"), of(&first, "idpk", b"1"));
        let random = [
            ClaimedKey::new(None).unwrap(),
            ClaimedKey::new(None).unwrap(),
        ];
        let [one, other] = &random;
        assert_eq!(of(one, "idp", b"k1"), of(one, "idp", b"k1"));
        assert_ne!(of(one, "idp", b"k1"), of(other, "idp", b"k1"));
    }

    #[test]
    fn pseudonyms_and_hashes_allocate_nothing() {
        let key = key(1, 7);
        let claimed = ClaimedKey::new(Some(&key)).unwrap();
        let address = "2001:db8:1:2:3:4:5:6".parse().unwrap();
        let allocated = allocation_counter::measure(|| {
            key.pseudonym(PseudonymKind::Subject, "https://idp.example", "alice");
            AddressDetail::Keyed.detailed(address, Some(&key));
            claimed.claimed_id("keys", b"3f0c9f5b7a3d4e21");
        });
        assert_eq!(allocated.count_total, 0);
    }
}
