//! Configuration that does not build.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::sync::Arc;

/// A configuration was refused when it was built.
///
/// `Display` names the field, what came and the remedy. It never shows a key or a secret.
#[derive(Clone)]
pub struct ConfigError(Box<Inner>);

#[derive(Clone)]
struct Inner {
    kind: ConfigErrorKind,
    field: &'static str,
    detail: Cow<'static, str>,
    source: Option<Arc<dyn Error + Send + Sync>>,
}

/// What is wrong with a configuration, as a stable code.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum ConfigErrorKind {
    /// A configured algorithm is one that no key can serve, or its name is unknown:
    /// `algorithm_unusable`.
    AlgorithmUnusable,
    /// Two parts of the configuration claim the same thing: `conflict`.
    Conflict,
    /// A part that must not be empty is empty or was left out: `empty`.
    Empty,
    /// A key is malformed or of a kind that is not supported: `key_malformed`.
    KeyMalformed,
    /// A private key was handed over where a public key belongs: `key_private`.
    KeyPrivate,
    /// A key is too weak, or not a valid key of its kind: `key_weak`.
    KeyWeak,
    /// None of the keys can be used: `no_usable_key`.
    NoUsableKey,
    /// A number or a size lies outside its range: `out_of_range`.
    OutOfRange,
    /// A store cannot be opened, or what is there is not this crate's: `store_unusable`.
    StoreUnusable,
    /// A source of the configuration could not be read: `unreadable`.
    Unreadable,
    /// A value is malformed: `value_malformed`.
    ValueMalformed,
}

impl ConfigErrorKind {
    /// Returns the stable snake-case code.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AlgorithmUnusable => "algorithm_unusable",
            Self::Conflict => "conflict",
            Self::Empty => "empty",
            Self::KeyMalformed => "key_malformed",
            Self::KeyPrivate => "key_private",
            Self::KeyWeak => "key_weak",
            Self::NoUsableKey => "no_usable_key",
            Self::OutOfRange => "out_of_range",
            Self::StoreUnusable => "store_unusable",
            Self::Unreadable => "unreadable",
            Self::ValueMalformed => "value_malformed",
        }
    }
}

impl ConfigError {
    /// Makes an error about `field`; `detail` says what came and what to do about it.
    pub fn new(
        kind: ConfigErrorKind,
        field: &'static str,
        detail: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self(Box::new(Inner {
            kind,
            field,
            detail: detail.into(),
            source: None,
        }))
    }

    /// Adds what went wrong below.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.0.source = Some(Arc::from(source.into()));
        self
    }

    /// Returns what is wrong, as a stable code.
    pub fn kind(&self) -> ConfigErrorKind {
        self.0.kind
    }

    /// Returns what came and what to do about it.
    pub(crate) fn detail(&self) -> &str {
        &self.0.detail
    }

    /// Returns the name of the field that is to blame.
    pub fn field(&self) -> &'static str {
        self.0.field
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`: {}", self.0.field, self.0.detail)
    }
}

impl fmt::Debug for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConfigError")
            .field("kind", &self.0.kind)
            .field("field", &self.0.field)
            .field("detail", &self.0.detail)
            .field("source", &self.0.source)
            .finish()
    }
}

impl Error for ConfigError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source.as_deref().map(|e| e as _)
    }
}
