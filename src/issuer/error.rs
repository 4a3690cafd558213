//! A token that was not minted.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;

/// No token was minted, and why.
///
/// It names what is to blame, never its value.
///
/// ```
/// # use bearergate::clock::{Clock, SystemClock};
/// # use bearergate::crypto::Algorithm;
/// # use bearergate::issuer::{JwtIssuer, SigningKeys, SigningKey};
/// # let now = SystemClock::default().now().ok_or("no time")?;
/// # let ring = SigningKeys::builder(SigningKey::generate(Algorithm::EdDsa)?).build(now)?;
/// # let issuer = JwtIssuer::builder("https://id.example.com", ring).build()?;
/// use bearergate::issuer::{AccessClaims, MintErrorKind};
///
/// let nobody = AccessClaims::new("", "shop", "https://api.example.com");
/// let error = issuer.mint(&nobody).unwrap_err();
/// assert_eq!(error.kind(), MintErrorKind::ClaimInvalid);
/// assert_eq!(error.claim(), Some("sub"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct MintError {
    kind: MintErrorKind,
    claim: Option<Cow<'static, str>>,
}

/// Why no token was minted, as a stable code.
///
/// ```
/// use bearergate::issuer::MintErrorKind;
///
/// assert_eq!(MintErrorKind::TokenTooLarge.as_str(), "token_too_large");
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum MintErrorKind {
    /// A claim is not one that a strict verifier accepts: `claim_invalid`.
    ClaimInvalid,
    /// The token would be over when it is minted: `expired`.
    Expired,
    /// The token would be longer than 16 KiB:
    /// `token_too_large`.
    TokenTooLarge,
    /// There is no time, no random number or no key to sign with: `unavailable`.
    Unavailable,
}

impl MintErrorKind {
    /// Returns the stable snake-case code.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ClaimInvalid => "claim_invalid",
            Self::Expired => "expired",
            Self::TokenTooLarge => "token_too_large",
            Self::Unavailable => "unavailable",
        }
    }

    const fn text(self) -> &'static str {
        match self {
            Self::ClaimInvalid => "a claim is empty, reserved, malformed or given twice",
            Self::Expired => "the token would be over when it is minted",
            Self::TokenTooLarge => "the token would be too long for its verifiers",
            Self::Unavailable => "there is no time, no random number or no key to sign with",
        }
    }
}

impl MintError {
    pub(super) const fn new(kind: MintErrorKind) -> Self {
        Self { kind, claim: None }
    }

    pub(super) fn claim_invalid(name: impl Into<Cow<'static, str>>) -> Self {
        Self {
            kind: MintErrorKind::ClaimInvalid,
            claim: Some(name.into()),
        }
    }

    /// Returns why, as a stable code.
    pub fn kind(&self) -> MintErrorKind {
        self.kind
    }

    /// Returns the name of the claim that is to blame, if one is.
    pub fn claim(&self) -> Option<&str> {
        self.claim.as_deref()
    }
}

impl fmt::Display for MintError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind.text())?;
        match self.claim() {
            Some(name) => write!(f, " (claim `{name}`)"),
            None => Ok(()),
        }
    }
}

impl Error for MintError {}
