//! What names an API key.

use std::fmt;
use std::str::FromStr;

use super::base62;
use super::base62::RandomFailed;

/// The name of an API key: 16 letters and digits, 95 bits at random. It is no secret.
///
/// ```
/// use bearergate::api_key::ApiKeyId;
///
/// let id: ApiKeyId = "0123456789ABCDEF".parse()?;
/// assert_eq!(id.to_string(), "0123456789ABCDEF");
/// assert!("0123456789ABCDE-".parse::<ApiKeyId>().is_err());
/// # Ok::<(), bearergate::api_key::ApiKeyIdMalformed>(())
/// ```
// INVARIANT: letters and digits only.
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct ApiKeyId([u8; Self::LEN]);

impl ApiKeyId {
    /// Length of an id in bytes.
    pub const LEN: usize = 16;

    /// The first id of all, in their order.
    pub(crate) const LEAST: Self = Self([b'0'; Self::LEN]);

    /// Takes an id as it stands in a key; `None` unless all are letters and digits.
    pub(crate) fn from_bytes(bytes: [u8; Self::LEN]) -> Option<Self> {
        base62::is_text(&bytes).then_some(Self(bytes))
    }

    /// Makes a new id.
    pub(crate) fn random() -> Result<Self, RandomFailed> {
        let text = base62::random_text(Self::LEN)?;
        text.parse().map_err(|_| RandomFailed)
    }

    /// Returns the id as text.
    pub fn as_str(&self) -> &str {
        str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl FromStr for ApiKeyId {
    type Err = ApiKeyIdMalformed;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bytes = text.as_bytes().try_into().ok();
        bytes
            .and_then(Self::from_bytes)
            .ok_or(ApiKeyIdMalformed(()))
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

/// A text is not the id of an API key.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the id of an API key consists of 16 ASCII letters and digits")]
pub struct ApiKeyIdMalformed(());
