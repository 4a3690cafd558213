//! Claims that count as absent if their value is empty or `null`.

use super::claim_name::{ClaimName, Slots};
use crate::error::{ConfigError, shown};
use crate::json::Document;

/// The claims for which one value, that no subject, client or scope can have, means that the issuer
/// has none.
#[derive(Clone, Debug, Default)]
pub(super) struct AbsentClaims(Vec<(ClaimName, Blank)>);

/// A value that an issuer writes in place of leaving a claim out.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Blank {
    /// The string `""`.
    Empty,
    Null,
}

/// The claims for which it can be configured.
const ALLOWED: [ClaimName; 5] = [
    ClaimName::Sub,
    ClaimName::Azp,
    ClaimName::ClientId,
    ClaimName::Jti,
    ClaimName::Scope,
];

impl Blank {
    /// The method that configures it.
    const fn method(self) -> &'static str {
        match self {
            Self::Empty => "absent_if_empty",
            Self::Null => "absent_if_null",
        }
    }

    const fn raw(self) -> &'static [u8] {
        match self {
            Self::Empty => b"\"\"",
            Self::Null => b"null",
        }
    }
}

impl AbsentClaims {
    /// Returns the configured claims.
    ///
    /// # Errors
    ///
    /// `Empty` for an empty list, `ValueMalformed` for a name that is not allowed.
    pub(super) fn new(lists: &[(Blank, Vec<Box<str>>)]) -> Result<Self, ConfigError> {
        let mut claims = Vec::new();
        for (blank, names) in lists {
            if names.is_empty() {
                return Err(ConfigError::empty(
                    blank.method(),
                    "name at least one claim",
                ));
            }
            for name in names {
                let allowed = ClaimName::known(name).filter(|n| ALLOWED.contains(n));
                let allowed = allowed.ok_or_else(|| {
                    let detail = format!(
                        "expected `sub`, `azp`, `client_id`, `jti` or `scope`, found `{}`; \
                         remove it",
                        shown(name)
                    );
                    ConfigError::malformed(blank.method(), detail)
                })?;
                claims.push((allowed, *blank));
            }
        }
        Ok(Self(claims))
    }

    /// Removes the places of the claims that count as absent.
    #[inline]
    pub(super) fn remove(&self, document: &Document, slots: &mut Slots) {
        for (name, blank) in &self.0 {
            let value = document.value(slots.piece(*name));
            if value.is_some_and(|v| v.bytes() == blank.raw()) {
                slots.remove(*name);
            }
        }
    }
}
