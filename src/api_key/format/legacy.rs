//! Keys that others made.

use std::fmt;

use crate::error::ConfigError;
use crate::error::Rejection;
use crate::error::RejectionKind;
use crate::limits;

/// The form of API keys that an organisation issued before: any opaque text, looked up by its
/// digest.
///
/// There is no checksum and no id in it, so every text that is long enough is looked up. Foreign
/// keys take what no other judge takes.
///
/// ```
/// use bearergate::api_key::LegacyFormat;
///
/// let format = LegacyFormat::new(24)?;
/// assert!(format.parse("c0ffee00-7a11-4d0e-9f3b-2b1d").is_ok());
/// assert!(format.parse("c0ffee00-7a11").is_err());
/// # Ok::<(), bearergate::ConfigError>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct LegacyFormat {
    min_bytes: usize,
    takes_sha256: bool,
}

impl LegacyFormat {
    /// Takes keys of at least this many bytes, 16 to 1024: as many as the shortest key has that
    /// was issued. What is shorter is refused before any store is asked.
    ///
    /// # Errors
    ///
    /// [`OutOfRange`](crate::error::ConfigErrorKind::OutOfRange).
    pub fn new(min_bytes: usize) -> Result<Self, ConfigError> {
        let range = limits::LEGACY_KEY_BYTES_MIN..=limits::LEGACY_KEY_BYTES;
        if !range.contains(&min_bytes) {
            return Err(ConfigError::out_of_range("min_bytes", min_bytes, range));
        }
        Ok(Self {
            min_bytes,
            takes_sha256: false,
        })
    }

    /// Also takes keys of which only a plain SHA-256 digest was imported; each is digested anew
    /// under the current pepper at its first use.
    ///
    /// Until then whoever can write to the store can plant a key, and whoever can read it can try
    /// guesses. Leave this out again when the last such record is gone.
    #[must_use]
    pub const fn with_imported_sha256(mut self) -> Self {
        self.takes_sha256 = true;
        self
    }

    pub(crate) const fn takes_sha256(&self) -> bool {
        self.takes_sha256
    }

    /// Accepts a key. Succeeds only if it has between the least number of bytes and 1024, all
    /// visible ASCII characters.
    ///
    /// # Errors
    ///
    /// [`ApiKeyMalformed`](RejectionKind::ApiKeyMalformed) for everything else.
    pub fn parse<'k>(&self, key: &'k str) -> Result<LegacyKey<'k>, Rejection> {
        let is_long_enough = (self.min_bytes..=limits::LEGACY_KEY_BYTES).contains(&key.len());
        if !is_long_enough || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(RejectionKind::ApiKeyMalformed.into());
        }
        Ok(LegacyKey {
            text: key.as_bytes(),
            may_be_sha256: self.takes_sha256,
        })
    }
}

/// A foreign key that is long enough, and nothing more is known of it. `Debug` does not show it.
#[derive(Clone, Copy)]
pub struct LegacyKey<'k> {
    text: &'k [u8],
    may_be_sha256: bool,
}

impl LegacyKey<'_> {
    pub(super) const fn text(&self) -> &[u8] {
        self.text
    }

    pub(super) const fn may_be_sha256(&self) -> bool {
        self.may_be_sha256
    }
}

impl fmt::Debug for LegacyKey<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LegacyKey([redacted])")
    }
}
