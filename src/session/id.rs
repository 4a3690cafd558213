//! The secret ids of sessions.

use ring::digest;
use ring::error::Unspecified;
use ring::rand::{SecureRandom, SystemRandom};
use zeroize::Zeroizing;

use crate::credential::base64url;
use crate::grant::store::TokenDigest;
use crate::secret::ShownOnce;

/// 256 random bits, written as 43 characters of base64url.
pub(crate) struct SessionId(Zeroizing<[u8; 32]>);

impl SessionId {
    /// Generates an id from the system's random source.
    pub(crate) fn random() -> Result<Self, Unspecified> {
        let mut bytes = Zeroizing::new([0; 32]);
        SystemRandom::new().fill(&mut *bytes)?;
        Ok(Self(bytes))
    }

    /// Parses an id; it has only the spelling that was issued.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut bytes = Zeroizing::new([0; 32]);
        let len = base64url::decode_into(text.as_bytes(), &mut *bytes)?;
        (len == bytes.len()).then_some(Self(bytes))
    }

    /// Returns the digest that is stored. It needs no salt: 256 random bits cannot be searched.
    pub(crate) fn digest(&self) -> TokenDigest {
        let mut context = digest::Context::new(&digest::SHA256);
        context.update(b"bearergate session id 1\0");
        context.update(&*self.0);
        TokenDigest::of(context.finish())
    }

    /// Converts it into the secret that is shown once.
    pub(crate) fn into_shown(self) -> ShownOnce {
        ShownOnce::new(Zeroizing::new(base64url::encode(*self.0)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_has_one_spelling() {
        let id = SessionId::random().unwrap();
        let digest = id.digest();
        let text = id.into_shown().reveal();
        assert_eq!(text.len(), 43);
        assert_eq!(SessionId::parse(&text).unwrap().digest(), digest);
        let (rest, _) = text.split_at(42);
        let last = text.as_bytes()[42];
        for stray in 1..4 {
            let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
            let at = alphabet.iter().position(|b| *b == last).unwrap();
            let other = format!("{rest}{}", char::from(alphabet[at ^ stray]));
            assert!(SessionId::parse(&other).is_none(), "{stray}");
        }
        for other in ["", rest, &format!("{text}A"), &format!("{text}=")] {
            assert!(SessionId::parse(other).is_none());
        }
    }

    #[test]
    fn no_two_ids_share_a_digest() {
        let digest = || SessionId::random().unwrap().digest();
        assert_ne!(digest(), digest());
    }
}
