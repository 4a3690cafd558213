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
    /// Returns the text of the token, for its client only.
    pub fn expose(&self) -> &str {
        &self.text
    }

    /// Returns the `jti`: 128 random bits, not secret.
    pub fn id(&self) -> &str {
        &self.jti
    }

    /// Returns when the token expires.
    pub fn expires_at(&self) -> UnixTime {
        self.expires_at
    }

    /// Returns the lifetime in seconds, for `expires_in` of a token response (RFC 6749 section 5.1).
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
