//! The key of a chain, and the keys that are derived from it.

use std::fmt;

use ring::{digest, hmac};
use zeroize::Zeroizing;

use super::member::Link;
use crate::error::{ConfigError, ConfigErrorKind};
use crate::secret_source::SecretSource;

/// The key under which the lines of an audit trail are chained and verified.
///
/// Each start of a service derives a key of its own from it, and replaces that key by its hash at
/// each checkpoint. A process that reads the key once, from a place that it cannot read later, can
/// then not change what it wrote before its last checkpoint, even if it is taken over.
///
/// A trail has one key: begin a new directory or name with a new key.
///
/// ```
/// use bearergate::audit::ChainKey;
/// use bearergate::secret::Secret;
/// use bearergate::secret_source::SecretSource;
///
/// # let read = || -> Result<Secret, std::io::Error> { Ok(Secret::new(vec![7; 32])) };
/// let key = ChainKey::new(&SecretSource::from_fn("vault", read))?;
/// assert_eq!(format!("{key:?}"), "ChainKey([redacted])");
/// # Ok::<(), bearergate::ConfigError>(())
/// ```
#[derive(Clone)]
pub struct ChainKey(Zeroizing<[u8; KEY_BYTES]>);

impl ChainKey {
    /// Reads a key: exactly 32 random bytes, without encoding.
    ///
    /// # Errors
    ///
    /// [`OutOfRange`](ConfigErrorKind::OutOfRange) for another number of bytes, or the error of the
    /// source.
    pub fn new(source: &SecretSource) -> Result<Self, ConfigError> {
        let secret = source.read().map_err(|error| error.in_field(FIELD))?;
        let Ok(bytes) = <[u8; KEY_BYTES]>::try_from(secret.expose()) else {
            let detail = format!(
                "expected {KEY_BYTES} bytes, found {} in {source}; \
                 give {KEY_BYTES} random bytes, without encoding",
                secret.expose().len()
            );
            return Err(ConfigError::new(ConfigErrorKind::OutOfRange, FIELD, detail));
        };
        Ok(Self(Zeroizing::new(bytes)))
    }

    /// Returns the tag of a trail under this key: two bytes from its name, and two that tell
    /// whether lines belong to this key, which they do not reveal.
    pub(crate) fn trail(&self, name: &str) -> u32 {
        let name = digest::digest(&digest::SHA256, name.as_bytes());
        let [high, low] = name.as_ref().first_chunk().copied().unwrap_or_default();
        u32::from_be_bytes([high, low, 0, 0]) | self.tag()
    }

    /// Returns whether a tag was made under this key, or by chance looks so.
    pub(crate) fn is_of(&self, trail: u32) -> bool {
        trail & 0xffff == self.tag()
    }

    fn tag(&self) -> u32 {
        let root = hmac::Key::new(hmac::HMAC_SHA256, &*self.0);
        let [.., high, low] = bytes_of(&hmac::sign(&root, TAG));
        u32::from_be_bytes([0, 0, high, low])
    }
}

impl fmt::Debug for ChainKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ChainKey([redacted])")
    }
}

/// The key of one start in one epoch, which is the time between two checkpoints.
#[derive(Clone)]
pub(crate) struct StartKey {
    mac: hmac::Key,
    epoch: u64,
}

impl StartKey {
    /// Derives the key of the first epoch of a start.
    pub(crate) fn new(key: &ChainKey, trail: u32, starts: u64, boot: u64) -> Self {
        let root = hmac::Key::new(hmac::HMAC_SHA256, &*key.0);
        let mut context = hmac::Context::with_key(&root);
        context.update(START);
        context.update(&trail.to_be_bytes());
        context.update(&starts.to_be_bytes());
        context.update(&boot.to_be_bytes());
        Self::from_bytes(&Zeroizing::new(bytes_of(&context.sign())), 0)
    }

    fn from_bytes(bytes: &[u8; KEY_BYTES], epoch: u64) -> Self {
        Self {
            mac: hmac::Key::new(hmac::HMAC_SHA256, bytes),
            epoch,
        }
    }

    /// Returns how often the key was replaced.
    pub(crate) const fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Replaces the key by one from which it cannot be computed.
    pub(crate) fn ratchet(&mut self) {
        let next = Zeroizing::new(bytes_of(&hmac::sign(&self.mac, RATCHET)));
        // The old key is overwritten in place; the bytes of the next one are wiped.
        *self = Self::from_bytes(&next, self.epoch.saturating_add(1));
    }

    /// Returns the MAC of a line, given as its parts before and after the digits of the MAC.
    pub(crate) fn mac(&self, previous: &Link, before: &[u8], after: &[u8]) -> Link {
        let mut context = hmac::Context::with_key(&self.mac);
        context.update(previous);
        context.update(before);
        context.update(after);
        bytes_of(&context.sign())
    }
}

impl fmt::Debug for StartKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StartKey([redacted], epoch {})", self.epoch)
    }
}

fn bytes_of(tag: &hmac::Tag) -> [u8; KEY_BYTES] {
    tag.as_ref().first_chunk().copied().unwrap_or_default()
}

const KEY_BYTES: usize = 32;
const FIELD: &str = "chain_key";
const TAG: &[u8] = b"bearergate audit key";
const START: &[u8] = b"bearergate audit start";
const RATCHET: &[u8] = b"bearergate audit ratchet";
