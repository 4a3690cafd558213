//! Why a key of another system cannot be imported.

use super::error::ApiKeyError;
use super::format::LegacyFormat;
use crate::credential::{Sources, charset};
use crate::error::ConfigError;
use crate::limits;

/// Why [`import`](crate::api_key::ApiKeyManager::import) refused a key, in the text of the error.
/// It shows no part of the key.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub(super) enum ImportFlaw {
    #[error(
        "character {at} of the key is {class}, which {} can carry; {}",
        .carriers.as_str(),
        .carriers.remedy()
    )]
    Character {
        at: usize,
        class: &'static str,
        carriers: Carriers,
    },
    #[error(
        "expected between {min} and {max} bytes, found {found}; give `LegacyFormat::new` the length \
         of the shortest key, or issue a new key in its place"
    )]
    Length {
        found: usize,
        min: usize,
        max: usize,
    },
    #[error("the legacy format takes no digests; call `with_imported_sha256`")]
    NoDigests,
    #[error("the scheme takes no keys of another format; give it one with `with_legacy`")]
    NoLegacyFormat,
    #[error(
        "the key begins with the prefix of the scheme, so it would never be looked up as imported; issue \
         a new key in its place"
    )]
    OwnPrefix,
}

/// Which places were looked at for one that carries the key.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Carriers {
    Any,
    Configured,
}

impl Carriers {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Any => "no place of a request",
            Self::Configured => "none of the configured places",
        }
    }

    const fn remedy(self) -> &'static str {
        match self {
            Self::Any => "issue a new key in its place",
            Self::Configured => "enable a header of its own for such keys",
        }
    }
}

impl ImportFlaw {
    /// Returns the first character that no place of a request can carry; of the given places, if
    /// there are some, else of any.
    pub(super) fn in_characters(key: &str, sources: Option<&Sources>) -> Option<Self> {
        let visible = charset::flaw(key, |b| b.is_ascii_graphic());
        let (flaw, carriers) = match (visible, sources) {
            (None, Some(sources)) => (sources.flaw(key), Carriers::Configured),
            (flaw, _) => (flaw, Carriers::Any),
        };
        let at = flaw?;
        // An empty key has the wrong length.
        let class = class(key.chars().nth(at)?);
        let at = at + 1;
        Some(Self::Character {
            at,
            class,
            carriers,
        })
    }

    pub(super) const fn length(key: &str, format: LegacyFormat) -> Self {
        Self::Length {
            found: key.len(),
            min: format.min_bytes(),
            max: limits::LEGACY_KEY_BYTES,
        }
    }
}

fn class(c: char) -> &'static str {
    match c {
        ' ' => "a space",
        c if c.is_control() => "a control character",
        c if c.is_ascii() => "punctuation",
        _ => "a character outside ASCII",
    }
}

impl From<ImportFlaw> for ApiKeyError {
    fn from(flaw: ImportFlaw) -> Self {
        Self::malformed(ConfigError::malformed("key", flaw.to_string()))
    }
}
