//! Configuration that does not build.

use std::borrow::Cow;
use std::error::Error;

use super::cause::Cause;
use super::kinds;

/// A configuration was refused when it was built.
///
/// `Display` names the field, what came and the remedy. It never shows a key or a secret.
#[derive(Clone, Debug, thiserror::Error)]
#[error(transparent)]
pub struct ConfigError(Box<Inner>);

#[derive(Clone, Debug, thiserror::Error)]
#[error("`{field}`: {detail}")]
struct Inner {
    kind: ConfigErrorKind,
    field: &'static str,
    detail: Cow<'static, str>,
    source: Option<Cause>,
}

kinds! {
    /// What is wrong with a configuration, as a stable code.
    pub enum ConfigErrorKind {
        AlgorithmUnusable = "algorithm_unusable", "an algorithm is unknown, or no key can serve it";
        Conflict = "conflict", "two parts of the configuration contradict each other";
        Empty = "empty", "a required part is empty or missing";
        KeyMalformed = "key_malformed", "a key is malformed or of a kind that is not supported";
        KeyPrivate = "key_private", "a private key was given where a public key is expected";
        KeyWeak = "key_weak", "a key is too weak, or not a valid key of its kind";
        NoUsableKey = "no_usable_key", "none of the keys can be used";
        OutOfRange = "out_of_range", "a number or a size is outside its range";
        StoreUnusable = "store_unusable",
            "a store cannot be opened, or its file is not a store of this crate";
        Unreadable = "unreadable", "a source of the configuration cannot be read";
        ValueMalformed = "value_malformed", "a value is malformed";
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
        self.0.source = Some(Cause::new(source));
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
