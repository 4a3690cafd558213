//! Challenge parameters of one refusal.

use std::time::Duration;

use crate::credential::charset;
use crate::error::ConfigError;
use crate::policy::Decision;

/// Parameters that one refusal adds to its challenge: scopes, authentication contexts, retry time
/// and nonce.
///
/// Every text is checked when it is added, so that it can be sent in a quoted string without an
/// escape. It must be a text of the service or its configuration, never of the request.
///
/// ```
/// use bearergate::http_response::ChallengeParams;
///
/// let params = ChallengeParams::new().with_scope("orders:read")?.with_scope("orders:write")?;
/// assert_eq!(params.scope(), Some("orders:read orders:write"));
/// assert!(ChallengeParams::new().with_scope("x\", error=\"").is_err());
/// # Ok::<(), bearergate::ConfigError>(())
/// ```
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct ChallengeParams {
    scope: Option<String>,
    acr_values: Option<String>,
    max_age: Option<Duration>,
    retry_after: Option<Duration>,
    dpop_nonce: Option<String>,
}

impl ChallengeParams {
    /// Creates parameters without any value. A refusal with them has the challenge of its kind and
    /// of the [`ResponseConfig`](super::ResponseConfig) only.
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads what a decision asks of the client; a value that a header cannot have is left out.
    pub(super) fn from_decision(decision: &Decision) -> Self {
        let mut params = Self::new();
        for scope in decision.missing_scopes() {
            params = params.clone().with_scope(scope).unwrap_or(params);
        }
        if let Some(values) = decision.acr_values() {
            params = params.clone().with_acr_values(values).unwrap_or(params);
        }
        params.max_age = decision.max_age();
        params
    }

    /// Adds scopes that the request needs, separated by single spaces. A repeated scope is sent
    /// once.
    ///
    /// # Errors
    ///
    /// [`Empty`](crate::error::ConfigErrorKind::Empty) if a scope is empty,
    /// [`ValueMalformed`](crate::error::ConfigErrorKind::ValueMalformed) if it has a character that
    /// RFC 6749 section 3.3 does not allow.
    pub fn with_scope(mut self, scope: &str) -> Result<Self, ConfigError> {
        check_words("scope", scope)?;
        let mut all = self.scope.unwrap_or_default();
        for word in scope.split(' ') {
            if all.split(' ').any(|known| known == word) {
                continue;
            }
            let space = if all.is_empty() { "" } else { " " };
            all.push_str(space);
            all.push_str(word);
        }
        self.scope = Some(all);
        Ok(self)
    }

    /// Sets the authentication contexts, separated by single spaces; the client needs one of them
    /// (`acr_values`, RFC 9470 section 3).
    ///
    /// # Errors
    ///
    /// Like [`with_scope`](Self::with_scope).
    pub fn with_acr_values(mut self, values: &str) -> Result<Self, ConfigError> {
        check_words("acr_values", values)?;
        self.acr_values = Some(values.to_owned());
        Ok(self)
    }

    /// Sets the largest allowed age of the authentication, sent in whole seconds (`max_age`, RFC
    /// 9470 section 3).
    #[must_use]
    pub const fn with_max_age(mut self, age: Duration) -> Self {
        self.max_age = Some(age);
        self
    }

    /// Sets after how long the client should retry, sent in `Retry-After` as whole seconds, rounded
    /// up, at least one. It replaces the time of the [`ResponseConfig`](super::ResponseConfig).
    #[must_use]
    pub const fn with_retry_after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self
    }

    /// Sets the nonce of the next DPoP proof, sent in `DPoP-Nonce` (RFC 9449 section 9).
    ///
    /// # Errors
    ///
    /// [`Empty`](crate::error::ConfigErrorKind::Empty) if it is empty,
    /// [`ValueMalformed`](crate::error::ConfigErrorKind::ValueMalformed) if it has a character that
    /// RFC 9449 section 8.1 does not allow.
    pub fn with_dpop_nonce(mut self, nonce: &str) -> Result<Self, ConfigError> {
        check_word("dpop_nonce", nonce)?;
        self.dpop_nonce = Some(nonce.to_owned());
        Ok(self)
    }

    /// Returns the scopes that the request needs, separated by single spaces and each of them once.
    /// They are sent with [`ScopeInsufficient`](crate::error::RejectionKind::ScopeInsufficient).
    pub fn scope(&self) -> Option<&str> {
        self.scope.as_deref()
    }

    /// Returns the authentication contexts of which the client needs one (`acr_values`, RFC 9470
    /// section 3), separated by single spaces.
    pub fn acr_values(&self) -> Option<&str> {
        self.acr_values.as_deref()
    }

    /// Returns the largest allowed age of the authentication (`max_age`, RFC 9470 section 3). The
    /// part below one second is not sent.
    pub const fn max_age(&self) -> Option<Duration> {
        self.max_age
    }

    /// Returns after how long the client should retry, or `None` for the time of the
    /// [`ResponseConfig`](super::ResponseConfig).
    pub const fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    /// Returns the nonce that the client has to put into its next DPoP proof (RFC 9449 section 9).
    pub fn dpop_nonce(&self) -> Option<&str> {
        self.dpop_nonce.as_deref()
    }
}

/// Requires words that are separated by single spaces.
pub(super) fn check_words(field: &'static str, words: &str) -> Result<(), ConfigError> {
    words
        .split(' ')
        .try_for_each(|word| check_word(field, word))
}

fn check_word(field: &'static str, word: &str) -> Result<(), ConfigError> {
    if word.is_empty() {
        let detail = "a value is empty; separate values by single spaces";
        return Err(ConfigError::missing(field, detail));
    }
    if !word.bytes().all(charset::is_nqchar) {
        let detail = "a value has a character that is not printable ASCII, or a space, a quote or a \
                      backslash; remove it";
        return Err(ConfigError::malformed(field, detail));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ConfigErrorKind;
    use crate::error::ConfigErrorKind::{Empty, ValueMalformed};

    fn scope(text: &str) -> Result<String, ConfigErrorKind> {
        match ChallengeParams::new().with_scope(text) {
            Ok(params) => Ok(params.scope().unwrap().to_owned()),
            Err(error) => Err(error.kind()),
        }
    }

    #[test]
    fn scopes_are_joined_without_repetition() {
        assert_eq!(scope("a b a"), Ok("a b".to_owned()));
        let params = ChallengeParams::new().with_scope("a b").unwrap();
        assert_eq!(params.with_scope("b c").unwrap().scope(), Some("a b c"));
    }

    #[test]
    fn values_that_would_break_the_header_are_rejected() {
        for bad in [
            "x\", error=\"",
            "a\\b",
            "a\r\nb: c",
            "a\tb",
            "\u{e4}",
            "a\0",
        ] {
            assert_eq!(scope(bad), Err(ValueMalformed), "{bad:?}");
            let acr = ChallengeParams::new().with_acr_values(bad);
            assert_eq!(acr.unwrap_err().kind(), ValueMalformed, "{bad:?}");
            let nonce = ChallengeParams::new().with_dpop_nonce(bad);
            assert_eq!(nonce.unwrap_err().kind(), ValueMalformed, "{bad:?}");
        }
        for empty in ["", " ", "a  b", " a", "a "] {
            assert_eq!(scope(empty), Err(Empty), "{empty:?}");
        }
        let nonce = ChallengeParams::new().with_dpop_nonce("a b");
        assert_eq!(nonce.unwrap_err().kind(), ValueMalformed);
    }
}
