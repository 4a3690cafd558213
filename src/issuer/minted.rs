//! Minted tokens.

use std::fmt;

use zeroize::Zeroizing;

use crate::clock::UnixTime;

/// A new access token: not printable, wiped from memory when dropped. Nothing about it is stored, so
/// it has no record: its client gets all there is.
///
/// ```
/// use bearergate::clock::{FakeClock, UnixTime};
/// use bearergate::crypto::Algorithm;
/// use bearergate::issuer::{AccessClaims, JwtIssuer, SigningKeys, SigningKey};
///
/// let now = UnixTime::from_secs(1_800_000_000);
/// let keys = SigningKeys::builder(SigningKey::generate(Algorithm::EdDsa)?).build(now)?;
/// let issuer = JwtIssuer::builder("https://id.example.com", keys)
///     .clock(FakeClock::at(now))
///     .build()?;
/// let token = issuer.mint(&AccessClaims::new("alice", "shop", "https://api.example.com"))?;
/// assert_eq!(token.expires_in(), 300);
/// assert_eq!(token.expose().split('.').count(), 3);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct MintedToken {
    pub(super) text: Zeroizing<String>,
    pub(super) jti: String,
    pub(super) issued_at: UnixTime,
    pub(super) expires_at: UnixTime,
}

impl MintedToken {
    /// Returns the compact text of the token (RFC 7515 section 3.1), for its client only: anyone
    /// who has it can use it until it expires, unless it is
    /// [bound](crate::issuer::AccessClaims::bound_to) to a key.
    pub fn expose(&self) -> &str {
        &self.text
    }

    /// Returns the `jti` (RFC 7519 section 4.1.7): 128 random bits as text. It is not secret: log
    /// it to find out later which token was used.
    pub fn id(&self) -> &str {
        &self.jti
    }

    /// Returns when the token expires, the claim `exp`: after the issuer's lifetime, or at an
    /// earlier [`not_after`](crate::issuer::AccessClaims::not_after).
    pub fn expires_at(&self) -> UnixTime {
        self.expires_at
    }

    /// Returns the lifetime in seconds from the minting on, for `expires_in` of a token response
    /// (RFC 6749 section 5.1). It does not decrease as time passes.
    pub fn expires_in(&self) -> u64 {
        let (end, start) = (self.expires_at.as_secs(), self.issued_at.as_secs());
        end.saturating_sub(start)
    }
}

impl fmt::Debug for MintedToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MintedToken")
            .field("id", &self.jti)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}
