//! API keys as text and at rest: their format, their digests, and the peppers behind these.

mod base62;
mod checksum;
mod digest;
mod id;
mod legacy;
mod minted;
mod pepper;

pub(crate) use base62::RandomFailed;
pub use digest::KeyDigest;
pub use digest::PepperVersion;
pub use digest::PepperedDigest;
pub use id::ApiKeyId;
pub use id::ApiKeyIdMalformed;
pub use legacy::LegacyFormat;
pub use legacy::LegacyKey;
pub(crate) use minted::MintedKey;
pub(crate) use pepper::Match;
pub use pepper::PepperSet;

use std::fmt;
use std::ops::RangeInclusive;

use crate::error::ConfigError;
use crate::error::Rejection;
use crate::error::RejectionKind;
use crate::limits;

/// The form of the API keys that a service issues:
/// `<prefix>_<key id>_<secret><checksum>`.
///
/// The prefix is the service's own and tells its keys from all others, for the router and for
/// scanners that look for leaked secrets. Key id and secret are letters and digits from the
/// system's random source, the checksum is the CRC-32 of all that stands before it, in six
/// letters and digits. It keeps typos away from the store; it proves nothing.
///
/// ```
/// use bearergate::RejectionKind;
/// use bearergate::api_key::ApiKeyFormat;
///
/// let format = ApiKeyFormat::new("acme_live")?;
/// let key = "acme_live_0123456789ABCDEF_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefg3GTem3";
/// assert_eq!(format.parse(key)?.id().as_str(), "0123456789ABCDEF");
///
/// let typo = key.replace("_0", "_O");
/// assert_eq!(format.parse(&typo).unwrap_err().kind(), RejectionKind::ApiKeyMalformed);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct ApiKeyFormat {
    /// With the underscore that ends it.
    prefix: String,
    secret_len: usize,
}

impl ApiKeyFormat {
    /// Takes the prefix, without the underscore that follows it in a key: 1 to 32 ASCII letters,
    /// digits and underscores.
    ///
    /// # Errors
    ///
    /// [`Empty`](crate::error::ConfigErrorKind::Empty), [`OutOfRange`](crate::error::ConfigErrorKind::OutOfRange)
    /// if it is too long, or [`ValueMalformed`](crate::error::ConfigErrorKind::ValueMalformed) for another
    /// character or an underscore at its end.
    pub fn new(prefix: impl AsRef<str>) -> Result<Self, ConfigError> {
        let prefix = prefix.as_ref();
        check_prefix(prefix)?;
        Ok(Self {
            prefix: format!("{prefix}_"),
            secret_len: base62::len_for(limits::API_KEY_SECRET_BITS),
        })
    }

    /// Sets the entropy of the secrets of new keys: 128 to 512 bits, 256 unless set. Keys made
    /// before with another entropy in that range stay good.
    ///
    /// # Errors
    ///
    /// [`OutOfRange`](crate::error::ConfigErrorKind::OutOfRange).
    pub fn with_secret_bits(mut self, bits: u32) -> Result<Self, ConfigError> {
        let range = limits::API_KEY_SECRET_BITS_MIN..=limits::API_KEY_SECRET_BITS_MAX;
        if !range.contains(&bits) {
            return Err(ConfigError::out_of_range("secret_bits", bits, range));
        }
        self.secret_len = base62::len_for(bits);
        Ok(self)
    }

    /// Returns what every key begins with: the prefix and the underscore after it.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// Takes a key apart. Succeeds only if prefix, lengths, characters and checksum are those of
    /// this format; whether the key exists, and whether its secret is right, is not known here.
    ///
    /// # Errors
    ///
    /// [`ApiKeyMalformed`](RejectionKind::ApiKeyMalformed) for everything else.
    pub fn parse<'k>(&self, key: &'k str) -> Result<ParsedKey<'k>, Rejection> {
        let parsed = self.split(key.as_bytes());
        parsed.ok_or_else(|| RejectionKind::ApiKeyMalformed.into())
    }

    fn split<'k>(&self, key: &'k [u8]) -> Option<ParsedKey<'k>> {
        let rest = key.strip_prefix(self.prefix.as_bytes())?;
        let (id, rest) = rest.split_first_chunk()?;
        let (secret, _) = rest
            .strip_prefix(b"_")?
            .split_last_chunk::<{ checksum::LEN }>()?;
        let is_secret = SECRET_LENS.contains(&secret.len()) && base62::is_text(secret);
        let (signed, sum) = key.split_last_chunk()?;
        let id = ApiKeyId::from_bytes(*id)?;
        (is_secret && checksum::of(signed) == *sum).then_some(ParsedKey { id, signed })
    }

    /// Makes a new key.
    pub(crate) fn mint(&self) -> Result<MintedKey, RandomFailed> {
        MintedKey::new(&self.prefix, self.secret_len)
    }
}

/// An API key that has the form of one, and nothing more is known of it.
///
/// `Debug` shows the id, which is no secret.
#[derive(Clone, Copy)]
pub struct ParsedKey<'k> {
    id: ApiKeyId,
    /// All before the checksum.
    signed: &'k [u8],
}

impl ParsedKey<'_> {
    /// Returns the id that the key claims to have: untrusted.
    pub const fn id(&self) -> ApiKeyId {
        self.id
    }

    /// What the digest is made of: prefix, id and secret, so that none stands without the others.
    pub(crate) const fn signed(&self) -> &[u8] {
        self.signed
    }
}

impl fmt::Debug for ParsedKey<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ParsedKey")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

fn check_prefix(prefix: &str) -> Result<(), ConfigError> {
    const FIELD: &str = "prefix";
    if prefix.is_empty() {
        return Err(ConfigError::empty(FIELD, "choose one like `acme_live`"));
    }
    if prefix.len() > limits::API_KEY_PREFIX_BYTES {
        let range = ..=limits::API_KEY_PREFIX_BYTES;
        return Err(ConfigError::size_out_of_range(
            FIELD,
            prefix.len(),
            "bytes",
            range,
        ));
    }
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    if !prefix.bytes().all(is_word) {
        let detail = "expected ASCII letters, digits and `_`; remove the other characters";
        return Err(ConfigError::malformed(FIELD, detail));
    }
    if prefix.ends_with('_') {
        let detail = "it ends with `_`; remove that, since every key has one after its prefix";
        return Err(ConfigError::malformed(FIELD, detail));
    }
    Ok(())
}

const SECRET_LENS: RangeInclusive<usize> = base62::len_for(limits::API_KEY_SECRET_BITS_MIN)
    ..=base62::len_for(limits::API_KEY_SECRET_BITS_MAX);
