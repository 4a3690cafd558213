//! The format of API keys that another system issued.

use std::fmt;

use crate::error::{ConfigError, Rejection, RejectionKind};
use crate::limits;

/// The format of API keys that another system issued: any opaque text, found by its digest.
///
/// Such a text has no checksum and no id, so every text of the right length is looked up in the
/// store. A validator takes legacy keys from its own header, or without a header where no other
/// validator takes the credential.
///
/// ```
/// use bearergate::api_key::{ApiKeyScheme, LegacyFormat};
///
/// # fn configure(scheme: ApiKeyScheme) -> Result<ApiKeyScheme, bearergate::ConfigError> {
/// // The other system's keys are UUIDs: 36 characters.
/// let scheme = scheme.with_legacy(LegacyFormat::new(36)?);
/// # Ok(scheme)
/// # }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct LegacyFormat {
    min_bytes: usize,
    takes_sha256: bool,
}

impl LegacyFormat {
    /// Makes the format of keys of at least this many bytes, 16 to 1024: give the length of the
    /// shortest key that was issued. Shorter texts are rejected before the store is asked, and so
    /// are texts over 1024 bytes or with anything but visible ASCII characters.
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

    /// Accepts keys too of which only a plain SHA-256 digest was imported. Each gets a digest under
    /// the current pepper at its first use.
    ///
    /// Until then, anyone who can write to the store can add a key, and anyone who can read it can
    /// try guesses. Remove this option as soon as the last such record is gone.
    #[must_use]
    pub const fn with_imported_sha256(mut self) -> Self {
        self.takes_sha256 = true;
        self
    }

    pub(crate) const fn min_bytes(&self) -> usize {
        self.min_bytes
    }

    pub(crate) const fn takes_sha256(&self) -> bool {
        self.takes_sha256
    }

    /// Parses a key. Succeeds only for the least number of bytes up to 1024, all visible ASCII
    /// characters; any other text is `api_key_malformed`.
    pub(crate) fn parse<'k>(&self, key: &'k str) -> Result<LegacyKey<'k>, Rejection> {
        let has_length = (self.min_bytes..=limits::LEGACY_KEY_BYTES).contains(&key.len());
        if !has_length || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(RejectionKind::ApiKeyMalformed.into());
        }
        Ok(LegacyKey {
            text: key.as_bytes(),
            may_be_sha256: self.takes_sha256,
        })
    }
}

/// A text that has the length and the characters of a legacy key; nothing else is known about it.
/// `Debug` does not show it.
#[derive(Clone, Copy)]
pub(crate) struct LegacyKey<'k> {
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn legacy_key_has_the_least_length_and_visible_characters() {
        let format = LegacyFormat::new(20).unwrap();
        let text = |len: usize| "k".repeat(len);
        for valid in [text(20), text(1024), format!("{}!~", text(18))] {
            assert!(format.parse(&valid).is_ok(), "{valid}");
        }
        let spaced = format!("{} {}", text(10), text(10));
        let accented = format!("{}\u{e9}", text(20));
        for malformed in [
            text(0),
            text(19),
            text(1025),
            text(1 << 20),
            spaced,
            accented,
        ] {
            let kind = format.parse(&malformed).unwrap_err().kind();
            assert_eq!(kind, RejectionKind::ApiKeyMalformed, "{malformed:.40}");
        }
    }

    #[test]
    fn debug_does_not_show_the_key() {
        let format = LegacyFormat::new(16).unwrap();
        let key = format.parse("c4naRy-Zq7vX2pLw9KtB5nMs8JhDf3GyR6").unwrap();
        assert_eq!(format!("{key:?}"), "LegacyKey([redacted])");
    }

    proptest! {
        #[test]
        fn any_text_is_parsed_without_a_panic(text in any::<String>()) {
            let _ = LegacyFormat::new(16).unwrap().parse(&text);
        }
    }
}
