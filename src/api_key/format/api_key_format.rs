//! The format of API keys.

use std::ops::RangeInclusive;

use super::base62::RandomFailed;
use super::id::ApiKeyId;
use super::minted::MintedKey;
use super::parsed::ParsedKey;
use super::{base62, checksum};
use crate::error::{ConfigError, Rejection, RejectionKind};
use crate::limits;

/// The format of the API keys that a service issues:
/// `<prefix>_<key id>_<secret><checksum>`.
///
/// The prefix distinguishes the keys of the service from all other credentials, for the gate and
/// for scanners that look for leaked secrets. Id and secret are letters and digits from the
/// system's random source. The checksum is the CRC-32 of the text before it, in six letters and
/// digits: it keeps mistyped keys away from the store, and proves nothing.
///
/// ```
/// use bearergate::RejectionKind;
/// use bearergate::api_key::ApiKeyFormat;
///
/// let format = ApiKeyFormat::new("acme_live")?;
/// let key = "acme_live_0123456789ABCDEF_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefg3GTem3";
/// assert_eq!(format.key_id(key)?.as_str(), "0123456789ABCDEF");
///
/// let typo = key.replace("_0", "_O");
/// assert_eq!(format.key_id(&typo).unwrap_err().kind(), RejectionKind::ApiKeyMalformed);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct ApiKeyFormat {
    /// Includes the underscore at its end.
    prefix: String,
    secret_len: usize,
}

impl ApiKeyFormat {
    /// Makes the format with this prefix, given without the underscore that follows it in a key:
    /// 1 to 32 ASCII letters, digits and underscores. Use one that no other service has.
    ///
    /// # Errors
    ///
    /// [`Empty`](crate::error::ConfigErrorKind::Empty), [`OutOfRange`](crate::error::ConfigErrorKind::OutOfRange)
    /// if it is too long, or [`ValueMalformed`](crate::error::ConfigErrorKind::ValueMalformed) for another
    /// character or an underscore at its end.
    pub fn new(prefix: impl AsRef<str>) -> Result<Self, ConfigError> {
        let prefix = prefix.as_ref();
        if prefix.is_empty() {
            return Err(ConfigError::empty("prefix", "choose one like `acme_live`"));
        }
        if prefix.len() > limits::API_KEY_PREFIX_BYTES {
            let range = ..=limits::API_KEY_PREFIX_BYTES;
            return Err(ConfigError::size_out_of_range(
                "prefix",
                prefix.len(),
                "bytes",
                range,
            ));
        }
        let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        if !prefix.bytes().all(is_word) {
            let expected = "ASCII letters, digits and `_`";
            let remedy = "remove the other characters";
            return Err(ConfigError::unexpected("prefix", expected, prefix, remedy));
        }
        if prefix.ends_with('_') {
            let expected = "a prefix without `_` at its end, since every key has one after it";
            return Err(ConfigError::unexpected(
                "prefix",
                expected,
                prefix,
                "remove it",
            ));
        }
        Ok(Self {
            prefix: format!("{prefix}_"),
            secret_len: base62::len_for(limits::API_KEY_SECRET_BITS),
        })
    }

    /// Sets the entropy of the secrets of new keys: 128 to 512 bits, by default 256. Keys that were
    /// made with another entropy in that range stay valid.
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

    /// Returns the text that every key begins with: the prefix and the underscore after it. A
    /// scanner for leaked secrets can search for it.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// Reads the id of a key, for example to revoke one that was found in a leak. Succeeds only if
    /// prefix, lengths, characters and checksum are those of this format. The id is untrusted:
    /// anyone can write such a text, and whether the key exists is not known here.
    ///
    /// # Errors
    ///
    /// [`ApiKeyMalformed`](RejectionKind::ApiKeyMalformed) for any other text.
    pub fn key_id(&self, key: &str) -> Result<ApiKeyId, Rejection> {
        self.parse(key).map(|key| key.id())
    }

    /// Parses a key, under the conditions of [`key_id`](Self::key_id).
    pub(crate) fn parse<'k>(&self, key: &'k str) -> Result<ParsedKey<'k>, Rejection> {
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
        (is_secret && checksum::crc32(signed) == *sum).then(|| ParsedKey::new(id, signed))
    }

    /// Makes a new key from the system's random source.
    pub(crate) fn mint(&self) -> Result<MintedKey, RandomFailed> {
        MintedKey::new(&self.prefix, self.secret_len)
    }
}

const SECRET_LENS: RangeInclusive<usize> = base62::len_for(limits::API_KEY_SECRET_BITS_MIN)
    ..=base62::len_for(limits::API_KEY_SECRET_BITS_MAX);
