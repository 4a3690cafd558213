//! New API keys.

use std::fmt;

use zeroize::Zeroizing;

use super::base62::RandomFailed;
use super::id::ApiKeyId;
use super::parsed::ParsedKey;
use super::{base62, checksum};
use crate::secret::ShownOnce;

/// The whole text of a new key; `Debug` shows only its id.
pub(crate) struct MintedKey {
    id: ApiKeyId,
    text: Zeroizing<String>,
}

impl MintedKey {
    pub(super) fn new(prefix: &str, secret_len: usize) -> Result<Self, RandomFailed> {
        let id = ApiKeyId::random()?;
        let secret = base62::random_text(secret_len)?;
        let len = prefix.len() + ApiKeyId::LEN + 1 + secret_len + checksum::LEN;
        // Allocated in full, so that growing leaves no part of the secret in a freed buffer.
        let mut text = Zeroizing::new(String::with_capacity(len));
        text.extend([prefix, id.as_str(), "_", &secret]);
        let sum = checksum::crc32(text.as_bytes());
        text.extend(sum.map(char::from));
        Ok(Self { id, text })
    }

    /// Returns the key's id.
    pub(crate) const fn id(&self) -> ApiKeyId {
        self.id
    }

    /// Returns the key as a validator parses it, to make its digest.
    pub(crate) fn parsed(&self) -> ParsedKey<'_> {
        let end = self.text.len() - checksum::LEN;
        let signed = self.text.as_bytes().get(..end).unwrap_or_default();
        ParsedKey::new(self.id, signed)
    }

    /// Returns the text, to be shown to the owner.
    pub(crate) fn into_shown(self) -> ShownOnce {
        ShownOnce::new(self.text)
    }
}

impl fmt::Debug for MintedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MintedKey")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use crate::api_key::format::ApiKeyFormat;

    #[test]
    fn new_key_has_the_parts_of_its_format() {
        for (bits, len) in [(128, 22), (256, 43), (512, 86)] {
            let format = ApiKeyFormat::new("acme_live").unwrap();
            let key = format.with_secret_bits(bits).unwrap().mint().unwrap();
            let format = ApiKeyFormat::new("acme_live").unwrap();
            let parsed = format.parse(&key.text).unwrap();
            assert_eq!(parsed.id(), key.id());
            assert_eq!(parsed.signed(), key.parsed().signed());
            assert_eq!(key.text.len(), 10 + 16 + 1 + len + 6);
        }
    }

    #[test]
    fn new_key_is_revealed_whole_and_debug_shows_only_its_id() {
        let key = ApiKeyFormat::new("acme").unwrap().mint().unwrap();
        let (shown, text) = (format!("{key:?}"), key.text.clone());
        let secret = text.rsplit('_').next().unwrap();
        assert!(shown.contains(key.id().as_str()) && !shown.contains(secret));
        let once = key.into_shown();
        assert_eq!(format!("{once:?}"), "ShownOnce([redacted])");
        assert_eq!(once.reveal(), *text);
    }
}
