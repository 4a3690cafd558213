//! Ids of API keys.

use std::fmt;
use std::str::FromStr;

use super::base62;
use super::base62::RandomFailed;
use crate::error::ConfigError;

/// The id of an API key: 16 ASCII letters and digits with 95 bits of randomness. It is part of the
/// key's text and no secret: it may be logged, and is what an operator revokes a key by.
///
/// ```
/// use bearergate::api_key::ApiKeyId;
///
/// let id: ApiKeyId = "0123456789ABCDEF".parse()?;
/// assert_eq!(id.to_string(), "0123456789ABCDEF");
/// assert!("0123456789ABCDE-".parse::<ApiKeyId>().is_err());
/// # Ok::<(), bearergate::ConfigError>(())
/// ```
// INVARIANT: ASCII letters and digits only.
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct ApiKeyId([u8; Self::LEN]);

impl ApiKeyId {
    /// Length of an id in bytes, which are as many characters.
    pub const LEN: usize = 16;

    /// The smallest id.
    pub(crate) const LEAST: Self = Self([b'0'; Self::LEN]);

    /// Makes an id of its bytes; `None` unless all are letters and digits.
    pub(crate) fn from_bytes(bytes: [u8; Self::LEN]) -> Option<Self> {
        base62::is_text(&bytes).then_some(Self(bytes))
    }

    /// Makes a new id from the system's random source.
    pub(crate) fn random() -> Result<Self, RandomFailed> {
        let text = base62::random_text(Self::LEN)?;
        text.parse().map_err(|_| RandomFailed)
    }

    /// Returns the id as text, as it is in the key: [`LEN`](Self::LEN) ASCII letters and digits. It
    /// may be logged.
    pub fn as_str(&self) -> &str {
        str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl FromStr for ApiKeyId {
    type Err = ConfigError;

    /// Reads an id. Succeeds only for exactly 16 ASCII letters and digits; the error is
    /// [`ValueMalformed`](crate::error::ConfigErrorKind::ValueMalformed).
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bytes = text.as_bytes().try_into().ok();
        bytes.and_then(Self::from_bytes).ok_or_else(|| {
            // It may be a whole key, so the text is not shown.
            let found = match text.chars().count() {
                Self::LEN => "other characters among them".to_owned(),
                count => format!("{count} characters"),
            };
            let detail = format!(
                "expected 16 ASCII letters and digits, found {found}; copy the id from the record, or \
                 read it from a key with `ApiKeyFormat::key_id`"
            );
            ConfigError::malformed("id", detail)
        })
    }
}

impl fmt::Display for ApiKeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for ApiKeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ApiKeyId({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn error_of_an_id_counts_the_characters_and_does_not_show_them() {
        const KEY: &str = "acme_live_0123456789ABCDEF_c4naRyc4naRy";
        let text = |id: &str| id.parse::<ApiKeyId>().unwrap_err().to_string();
        assert!("0123456789ABCDEF".parse::<ApiKeyId>().is_ok());
        let whole = text(KEY);
        assert!(
            whole.contains("found 39 characters; copy the id"),
            "{whole}"
        );
        assert!(!whole.contains("c4naRy"), "{whole}");
        assert!(text("0123456789ABCDE_").contains("found other characters among them"));
        assert!(text("").contains("found 0 characters"));
    }
}
