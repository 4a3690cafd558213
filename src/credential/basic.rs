//! API keys in `Authorization: Basic` (RFC 7617).

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::charset;
use crate::error::{ConfigError, RejectionKind};
use crate::limits;

/// Which part of `Authorization: Basic` has the API key, and what the other part must be.
///
/// For [`SourcesBuilder::basic`](crate::credential::SourcesBuilder::basic). The header is read
/// strictly: base64 of the standard alphabet with its padding, split at the first colon. The key has
/// visible ASCII characters only; as a user name it has no colon.
///
/// ```
/// use bearergate::credential::{BasicKey, Sources};
/// use bearergate::request::RequestFacts;
///
/// // curl -u key-1: https://api.example.com/
/// let sources = Sources::builder().basic(BasicKey::user_name()).build()?;
/// let request = http::Request::get("/").header("authorization", "Basic a2V5LTE6").body(())?;
/// let facts = RequestFacts::from(&request);
/// assert_eq!(sources.extract(&facts)?.credential().expose(), "key-1");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
#[must_use]
pub struct BasicKey {
    part: Part,
    other: Other,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Part {
    UserName,
    Password,
}

#[derive(Clone, Debug, Eq, PartialEq)]
enum Other {
    Exactly(Arc<str>),
    Ignored,
}

impl BasicKey {
    /// The user name is the key and the password is empty, as in `curl -u KEY:`. A request with a
    /// password is malformed, unless [`with_other_part`](Self::with_other_part) or
    /// [`ignoring_other_part`](Self::ignoring_other_part) says what it may be.
    pub fn user_name() -> Self {
        Self::new(Part::UserName)
    }

    /// The password is the key and the user name is empty, as in `curl -u :KEY`. A request with a
    /// user name is malformed, unless [`with_other_part`](Self::with_other_part) or
    /// [`ignoring_other_part`](Self::ignoring_other_part) says what it may be.
    pub fn password() -> Self {
        Self::new(Part::Password)
    }

    /// Requires this text as the other part, for example the user name `api`, or the password `X`.
    /// By default the other part must be empty. It is no secret: it is compared byte by byte,
    /// and shown in errors of the configuration.
    pub fn with_other_part(mut self, text: impl Into<Arc<str>>) -> Self {
        self.other = Other::Exactly(text.into());
        self
    }

    /// Accepts any text as the other part, for clients that send a user name of their own. It is
    /// dropped, so nothing may be concluded from it. By default the other part must be empty.
    pub fn ignoring_other_part(mut self) -> Self {
        self.other = Other::Ignored;
        self
    }

    fn new(part: Part) -> Self {
        let other = Other::Exactly("".into());
        Self { part, other }
    }

    pub(super) fn check(&self) -> Result<(), ConfigError> {
        let Other::Exactly(text) = &self.other else {
            return Ok(());
        };
        let has_colon = self.part == Part::Password && text.contains(':');
        if has_colon || text.chars().any(char::is_control) {
            let detail = format!(
                "expected a text that the other part of `Authorization: Basic` can be, found \
                 {text:?}; remove control characters, and from a user name colons"
            );
            return Err(ConfigError::malformed("basic", detail));
        }
        Ok(())
    }

    /// Decodes the token of the header and returns the key.
    pub(super) fn parse(&self, token: &[u8]) -> Result<String, RejectionKind> {
        if token.len() > TOKEN_BYTES {
            return Err(RejectionKind::TokenTooLarge);
        }
        self.find(token).ok_or(RejectionKind::CredentialMalformed)
    }

    fn find(&self, token: &[u8]) -> Option<String> {
        let decoded = Zeroizing::new(STANDARD.decode(token).ok()?);
        let at = memchr::memchr(b':', &decoded)?;
        let (user_name, rest) = decoded.split_at_checked(at)?;
        let password = rest.get(1..)?;
        let (key, other) = match self.part {
            Part::UserName => (user_name, password),
            Part::Password => (password, user_name),
        };
        let is_expected = match &self.other {
            Other::Exactly(text) => text.as_bytes() == other,
            Other::Ignored => !other.iter().any(u8::is_ascii_control),
        };
        if !is_expected || !charset::is_visible(key) {
            return None;
        }
        str::from_utf8(key).ok().map(str::to_owned)
    }

    /// Returns the position of the first character that a key here cannot have.
    pub(super) fn flaw(&self, key: &str) -> Option<usize> {
        let has_no_colon = self.part == Part::UserName;
        let is_legal = |b: u8| b.is_ascii_graphic() && !(has_no_colon && b == b':');
        charset::flaw(key, is_legal)
    }
}

/// Longest token: base64 of the longest credential that can be configured, and of 1 KiB for the
/// other part.
const TOKEN_BYTES: usize = (limits::TOKEN_BYTES_MAX + 1024) / 3 * 4;
