//! API keys whose text is well formed.

use std::fmt;

use super::id::ApiKeyId;

/// The parts of a text that has the format of an API key; nothing else is known about it. `Debug`
/// shows the id, which is no secret.
#[derive(Clone, Copy)]
pub(crate) struct ParsedKey<'k> {
    id: ApiKeyId,
    /// All before the checksum.
    signed: &'k [u8],
}

impl<'k> ParsedKey<'k> {
    pub(super) const fn new(id: ApiKeyId, signed: &'k [u8]) -> Self {
        Self { id, signed }
    }

    /// Returns the id that the text contains: untrusted.
    pub(crate) const fn id(&self) -> ApiKeyId {
        self.id
    }

    /// The input of the digest: prefix, id and secret, so that none of them can be exchanged.
    pub(super) const fn signed(&self) -> &[u8] {
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

#[cfg(test)]
mod tests {
    use crate::api_key::format::ApiKeyFormat;

    #[test]
    fn debug_shows_only_the_id() {
        const KEY: &str =
            "acme_live_0123456789ABCDEF_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefg3GTem3";
        let format = ApiKeyFormat::new("acme_live").unwrap();
        assert_eq!(
            format!("{:?}", format.parse(KEY).unwrap()),
            "ParsedKey { id: ApiKeyId(0123456789ABCDEF), .. }"
        );
    }
}
