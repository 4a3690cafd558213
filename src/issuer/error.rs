//! Errors of minting.

use std::borrow::Cow;

use crate::error::{InClaim, kinds};

/// Why no token was minted. It names the invalid claim, and never shows its value.
///
/// ```
/// # use bearergate::clock::{Clock, SystemClock};
/// # use bearergate::crypto::Algorithm;
/// # use bearergate::issuer::{JwtIssuer, SigningKeys, SigningKey};
/// # let now = SystemClock::default().now().ok_or("no time")?;
/// # let keys = SigningKeys::builder(SigningKey::generate(Algorithm::EdDsa)?).build(now)?;
/// # let issuer = JwtIssuer::builder("https://id.example.com", keys).build()?;
/// use bearergate::issuer::{AccessClaims, MintErrorKind};
///
/// let nobody = AccessClaims::new("", "shop", "https://api.example.com");
/// let error = issuer.mint(&nobody).unwrap_err();
/// assert_eq!(error.kind(), MintErrorKind::ClaimInvalid);
/// assert_eq!(error.claim(), Some("sub"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{kind}{}", InClaim(.claim.as_deref()))]
pub struct MintError {
    kind: MintErrorKind,
    claim: Option<Cow<'static, str>>,
}

kinds! {
    /// Why no token was minted, as a stable code.
    ///
    /// ```
    /// use bearergate::issuer::MintErrorKind;
    ///
    /// assert_eq!(MintErrorKind::TokenTooLarge.as_str(), "token_too_large");
    /// ```
    pub enum MintErrorKind {
        /// [`MintError::claim`] names it where one claim is the cause.
        ClaimInvalid = "claim_invalid", "a claim is empty, reserved, malformed or given twice";
        /// [`AccessClaims::not_after`](crate::issuer::AccessClaims::not_after), or the end of the
        /// grant, is not later than now.
        Expired = "expired", "the token would be expired when it is minted";
        /// The limit is 16 KiB.
        TokenTooLarge = "token_too_large", "the token would be longer than validators accept";
        /// No token is ever minted without a time, randomness and a key that signs now.
        Unavailable = "unavailable",
            "the clock, the random source or a signing key is not available";
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

    /// Returns the reason, whose [`as_str`](MintErrorKind::as_str) is a stable code. Only
    /// [`Unavailable`](MintErrorKind::Unavailable) may succeed with the same claims later.
    pub fn kind(&self) -> MintErrorKind {
        self.kind
    }

    /// Returns the name of the invalid claim, if the kind is
    /// [`ClaimInvalid`](MintErrorKind::ClaimInvalid) and one claim is the cause. Its value is not
    /// kept, because it may be personal data.
    pub fn claim(&self) -> Option<&str> {
        self.claim.as_deref()
    }
}
