//! Refresh tokens in the form that clients hold.

use ring::digest;
use ring::error::Unspecified;
use ring::rand::{SecureRandom, SystemRandom};
use zeroize::Zeroizing;

use crate::credential::base64url;
use crate::grant::store::TokenDigest;
use crate::secret::ShownOnce;

/// 128 random bits that all tokens of a family share, then 256 that are secret to each token: 64
/// characters of base64url.
///
/// A caller that knows the first part has held a token of the family. So every token that was ever
/// spent is distinguished from an invented one, with only a few digests per family in the store.
pub(crate) struct RefreshToken(Zeroizing<[u8; LEN]>);

const FAMILY: usize = 16;
const LEN: usize = FAMILY + SECRET_LEN;

/// The length of the secret part of a token.
pub(crate) const SECRET_LEN: usize = 32;

impl RefreshToken {
    /// Makes the first token of a new family.
    pub(crate) fn random() -> Result<Self, Unspecified> {
        let mut bytes = Zeroizing::new([0; LEN]);
        SystemRandom::new().fill(&mut *bytes)?;
        Ok(Self(bytes))
    }

    /// Makes another token of the same family.
    pub(crate) fn successor(&self) -> Result<Self, Unspecified> {
        let mut secret = Zeroizing::new([0; SECRET_LEN]);
        SystemRandom::new().fill(&mut *secret)?;
        Ok(self.sibling(&secret))
    }

    /// Returns the token of the same family with this secret part.
    pub(crate) fn sibling(&self, secret: &[u8; SECRET_LEN]) -> Self {
        let mut bytes = self.0.clone();
        let own = bytes.iter_mut().skip(FAMILY);
        own.zip(secret).for_each(|(to, from)| *to = *from);
        Self(bytes)
    }

    /// Reads a token; only the spelling that was issued is accepted.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut bytes = Zeroizing::new([0; LEN]);
        let len = base64url::decode_into(text.as_bytes(), &mut *bytes)?;
        (len == LEN).then_some(Self(bytes))
    }

    /// Returns the digest of the part that the family shares.
    pub(crate) fn family(&self) -> TokenDigest {
        let (family, _) = self.0.split_at(FAMILY);
        digest(b"bearergate refresh family 1\0", family)
    }

    /// Returns the digest of the token. It needs no salt: 256 random bits cannot be searched.
    pub(crate) fn digest(&self) -> TokenDigest {
        digest(b"bearergate refresh token 1\0", &*self.0)
    }

    /// Returns the secret part.
    pub(crate) fn secret(&self) -> &[u8] {
        self.0.split_at(FAMILY).1
    }

    /// Returns the text, to be sent to the client once.
    pub(crate) fn into_shown(self) -> ShownOnce {
        ShownOnce::new(Zeroizing::new(base64url::encode(*self.0)))
    }
}

fn digest(tag: &[u8], secret: &[u8]) -> TokenDigest {
    let mut context = digest::Context::new(&digest::SHA256);
    context.update(tag);
    context.update(secret);
    TokenDigest::of(context.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_has_one_spelling() {
        let token = RefreshToken::random().unwrap();
        let (family, digest) = (token.family(), token.digest());
        let text = token.into_shown().reveal();
        assert_eq!(text.len(), 64);
        let read = RefreshToken::parse(&text).unwrap();
        assert!(read.family() == family && read.digest() == digest);
        for other in [
            "",
            text.split_at(1).1,
            text.split_at(60).0,
            &format!("{text}AAAA"),
            &format!("{text}="),
        ] {
            assert!(RefreshToken::parse(other).is_none());
        }
    }

    #[test]
    fn a_successor_shares_only_the_family() {
        let token = RefreshToken::random().unwrap();
        let successor = token.successor().unwrap();
        assert_eq!(successor.family(), token.family());
        assert_ne!(successor.digest(), token.digest());
        assert_ne!(successor.secret(), token.secret());
        let other = RefreshToken::random().unwrap();
        assert_ne!(other.family(), token.family());
    }
}
