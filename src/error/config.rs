//! Configuration that does not build.

use std::borrow::Cow;
use std::error::Error;
use std::ops::RangeBounds;

use super::cause::Cause;
use super::quantity::Quantity;
use super::shown::shown;
use super::{kinds, quantity};

/// A configuration was refused when it was built.
///
/// `Display` names the field, what was found and what to do. It never shows a key or a secret.
#[derive(Clone, Debug, thiserror::Error)]
#[error(transparent)]
pub struct ConfigError(Box<Inner>);

#[derive(Clone, Debug, thiserror::Error)]
#[error("`{field}`{}{detail}", join.as_str())]
struct Inner {
    kind: ConfigErrorKind,
    field: &'static str,
    join: Join,
    detail: Cow<'static, str>,
    source: Option<Cause>,
}

/// How the text goes on after the field's name.
#[derive(Clone, Copy, Debug)]
enum Join {
    /// "`limit`: expected .."
    Sentence,
    /// "`limit` is .."
    Verb,
}

impl Join {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Sentence => ": ",
            Self::Verb => " ",
        }
    }
}

kinds! {
    /// What is wrong with a configuration, as a stable code. `Display` of the [`ConfigError`] has
    /// the details; compare only this code.
    pub enum ConfigErrorKind {
        /// Give a key for it, or name only algorithms that the configured keys can serve.
        AlgorithmUnusable = "algorithm_unusable", "an algorithm is unknown, or no key can serve it";
        /// For example two validators that take credentials of one shape, or a place that is
        /// enabled twice. Remove one of them.
        Conflict = "conflict", "two parts of the configuration contradict each other";
        /// For example a gate without a validator, or an empty name. Nothing is taken by default in
        /// its place.
        Empty = "empty", "a required part is empty or missing";
        /// For example a certificate in place of a public key, or PEM that was given as a secret.
        KeyMalformed = "key_malformed", "a key is malformed or of a kind that is not supported";
        /// Do not give private keys to a service that only verifies; `openssl pkey -pubout`
        /// extracts the public key.
        KeyPrivate = "key_private", "a private key was given where a public key is expected";
        /// For example an RSA modulus under 2048 bits, or a secret that is shorter than its hash
        /// (RFC 7518 section 3.2).
        KeyWeak = "key_weak", "a key is too weak, or not a valid key of its kind";
        /// The text gives the reason for each key that was skipped. A failing random source, where
        /// a key or an id is generated, is reported with this kind too.
        NoUsableKey = "no_usable_key", "none of the keys can be used";
        /// The text shows the value and the range; both ends of the range are allowed.
        OutOfRange = "out_of_range", "a number or a size is outside its range";
        /// The text says what was found, and what to do. A file of another program is not changed.
        StoreUnusable = "store_unusable",
            "a store cannot be opened, or its file is not a store of this crate";
        /// A file or an environment variable is missing, or a closure failed;
        /// [`source`](Error::source) has the reason, if there is more.
        Unreadable = "unreadable", "a source of the configuration cannot be read";
        /// A URL, a name, a certificate or a JSON text cannot be parsed. The text shows what was
        /// expected.
        ValueMalformed = "value_malformed", "a value is malformed";
    }
}

impl ConfigError {
    /// Makes an error about `field`; `detail` says what was expected and found, and what to do.
    ///
    /// For builders outside this crate that report errors in the same form. `detail` must not hold
    /// a key or a secret.
    pub fn new(
        kind: ConfigErrorKind,
        field: &'static str,
        detail: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self::joined(kind, field, Join::Sentence, detail.into())
    }

    fn joined(
        kind: ConfigErrorKind,
        field: &'static str,
        join: Join,
        detail: Cow<'static, str>,
    ) -> Self {
        Self(Box::new(Inner {
            kind,
            field,
            join,
            detail,
            source: None,
        }))
    }

    /// "`field` is empty; remedy".
    pub(crate) fn empty(field: &'static str, remedy: &str) -> Self {
        let detail = format!("is empty; {remedy}");
        Self::joined(ConfigErrorKind::Empty, field, Join::Verb, detail.into())
    }

    /// "`field`: detail", where something required was not configured.
    pub(crate) fn missing(field: &'static str, detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ConfigErrorKind::Empty, field, detail)
    }

    /// "`field`: detail", where two parts contradict each other.
    pub(crate) fn conflict(field: &'static str, detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ConfigErrorKind::Conflict, field, detail)
    }

    /// "`field`: detail", where a value has the wrong form.
    pub(crate) fn malformed(field: &'static str, detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ConfigErrorKind::ValueMalformed, field, detail)
    }

    /// "`field`: expected a, found `b`; remedy", where a text has the wrong form. The text that was
    /// found is bounded and escaped; it must not be a secret.
    pub(crate) fn unexpected(
        field: &'static str,
        expected: &str,
        found: &str,
        remedy: &str,
    ) -> Self {
        let found = match found {
            "" => "an empty text".to_owned(),
            found => format!("`{}`", shown(found)),
        };
        Self::malformed(
            field,
            format!("expected {expected}, found {found}; {remedy}"),
        )
    }

    /// "`field` is 20; it must be between 1 and 10".
    pub(crate) fn out_of_range<T: Quantity>(
        field: &'static str,
        given: T,
        range: impl RangeBounds<T>,
    ) -> Self {
        let (given, range) = (given.text(), quantity::range_text(&range));
        let detail = format!("is {given}; it must be {range}");
        let kind = ConfigErrorKind::OutOfRange;
        Self::joined(kind, field, Join::Verb, detail.into())
    }

    /// "`field` has 20 bytes; it must have between 1 and 10".
    pub(crate) fn size_out_of_range(
        field: &'static str,
        given: usize,
        unit: &str,
        range: impl RangeBounds<usize>,
    ) -> Self {
        let range = quantity::range_text(&range);
        let detail = format!("has {given} {unit}; it must have {range}");
        let kind = ConfigErrorKind::OutOfRange;
        Self::joined(kind, field, Join::Verb, detail.into())
    }

    /// Reports that the random source failed while `field` was made.
    pub(crate) fn no_random(field: &'static str) -> Self {
        let detail = "the random source of the system failed; try again";
        Self::new(ConfigErrorKind::NoUsableKey, field, detail)
    }

    /// Adds what failed below. Errors of this crate have a source where another library reported
    /// one; it must not hold a key or a secret.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.0.source = Some(Cause::new(source));
        self
    }

    /// Names the field that the user set, where another part of the crate found the error.
    pub(crate) fn in_field(mut self, field: &'static str) -> Self {
        self.0.field = field;
        self
    }

    /// Returns what is wrong, as a stable code. Programs compare it; people read the text of
    /// `Display`.
    pub fn kind(&self) -> ConfigErrorKind {
        self.0.kind
    }

    /// Returns the text after the field's name, for an error that names the place otherwise.
    #[cfg(feature = "policy-file")]
    pub(crate) fn after_field(&self) -> String {
        format!("{}{}", self.0.join.as_str(), self.0.detail)
    }

    /// Returns the name of the field that is wrong: usually the builder method or the argument that
    /// set it.
    pub fn field(&self) -> &'static str {
        self.0.field
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn texts_say_what_was_found_and_what_is_expected() {
        for (error, text) in [
            (
                ConfigError::out_of_range("limit", 20_usize, 1..=10),
                "`limit` is 20; it must be between 1 and 10",
            ),
            (
                ConfigError::out_of_range("bytes", 1_usize, 2..),
                "`bytes` is 1; it must be at least 2",
            ),
            (
                ConfigError::size_out_of_range("prefix", 40, "bytes", 1..=32),
                "`prefix` has 40 bytes; it must have between 1 and 32",
            ),
            (
                ConfigError::empty("name", "give the URL of the issuer"),
                "`name` is empty; give the URL of the issuer",
            ),
            (
                ConfigError::unexpected("host", "a host", "https://a\n", "give only the host"),
                r"`host`: expected a host, found `https://a\n`; give only the host",
            ),
            (
                ConfigError::unexpected("host", "a host", "", "give one").in_field("proxy"),
                "`proxy`: expected a host, found an empty text; give one",
            ),
            (
                ConfigError::missing("validator", "no validator is configured"),
                "`validator`: no validator is configured",
            ),
        ] {
            assert_eq!(error.to_string(), text);
        }
    }
    #[test]
    fn spans_are_shown_in_the_largest_whole_unit() {
        let day = Duration::from_secs(24 * 60 * 60);
        for (given, shown) in [
            (Duration::ZERO, "0 seconds"),
            (Duration::from_millis(500), "500ms"),
            (Duration::from_secs(1), "1 second"),
            (Duration::from_secs(90), "90 seconds"),
            (Duration::from_secs(120), "2 minutes"),
            (day, "1 day"),
        ] {
            let error = ConfigError::out_of_range("idle", given, Duration::ZERO..=day * 400);
            let text = format!("`idle` is {shown}; it must be between 0 seconds and 400 days");
            assert_eq!(error.to_string(), text);
        }
    }
}
