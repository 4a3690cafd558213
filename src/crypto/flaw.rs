//! The reason why key material is refused.

use crate::error::{ConfigError, ConfigErrorKind};

/// Why key material is refused: the kind, and constant text without any of the material.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Flaw(pub(crate) ConfigErrorKind, pub(crate) &'static str);

impl Flaw {
    pub(crate) const OFF_CURVE: Self =
        Self::malformed("expected a point on the key's curve, found another; copy the key again");

    /// Names the field that the key was given in.
    pub(crate) fn in_field(self, field: &'static str) -> ConfigError {
        ConfigError::new(self.0, field, self.1)
    }

    pub(crate) const fn malformed(text: &'static str) -> Self {
        Self(ConfigErrorKind::KeyMalformed, text)
    }

    pub(crate) const fn private(text: &'static str) -> Self {
        Self(ConfigErrorKind::KeyPrivate, text)
    }

    pub(crate) const fn weak(text: &'static str) -> Self {
        Self(ConfigErrorKind::KeyWeak, text)
    }
}
