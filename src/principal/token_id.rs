//! Ids of tokens.

use std::fmt;

use ring::digest;

use super::authority::Authority;
use crate::credential::base64url;

/// The id of one token: SHA-256 of its authority and its signed part.
///
/// It does not depend on the signature, because every ECDSA signature has a second valid form.
/// Denylists and audit logs use it. It is not secret and does not reveal the token. `Display` writes
/// 64 hexadecimal digits in lower case.
#[derive(Clone, Copy, Eq, Hash, PartialEq)]
pub struct TokenId([u8; 32]);

impl TokenId {
    /// Computes the id of the JWT with this decoded header and payload.
    pub(super) fn of_jwt(authority: &Authority, header: &[u8], payload: &[u8]) -> Self {
        let name = authority.as_str().as_bytes();
        let mut context = digest::Context::new(&digest::SHA256);
        context.update(b"bearergate token id 1\0");
        context.update(&(name.len() as u64).to_be_bytes());
        context.update(name);
        // An accepted token has the only encoding of its parts, so encoding them again yields the
        // signed text.
        base64url::encode_chunks(header, |chunk| context.update(chunk));
        context.update(b".");
        base64url::encode_chunks(payload, |chunk| context.update(chunk));
        let mut id = [0; 32];
        id.iter_mut()
            .zip(context.finish().as_ref())
            .for_each(|(to, from)| *to = *from);
        Self(id)
    }

    /// Parses the output of `Display`, 64 hexadecimal digits in lower case; `None` for any other
    /// text.
    pub fn parse(text: &str) -> Option<Self> {
        let (pairs, rest) = text.as_bytes().as_chunks::<2>();
        if !rest.is_empty() || pairs.len() != 32 {
            return None;
        }
        let mut id = [0; 32];
        for (byte, [high, low]) in id.iter_mut().zip(pairs) {
            *byte = hex_digit(*high)? << 4 | hex_digit(*low)?;
        }
        Some(Self(id))
    }

    /// Creates an id from a keyed fingerprint, for tokens that are not signed or not parsed here.
    pub(crate) const fn of_fingerprint(fingerprint: [u8; 32]) -> Self {
        Self(fingerprint)
    }

    /// Returns the 32 bytes of the id. [`Revocation::token`](crate::revocation::Revocation::token)
    /// takes the id itself.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for TokenId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for TokenId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TokenId({self})")
    }
}

const fn hex_digit(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_displayed_ids_are_parsed() {
        let id = TokenId::of_jwt(&"idp".into(), b"{}", b"{}");
        let text = id.to_string();
        assert_eq!(TokenId::parse(&text), Some(id));
        let (_, rest) = text.split_at(1);
        let (long, short) = (format!("{text}00"), rest.to_owned());
        let strange = ["g", "A"].map(|digit| format!("{rest}{digit}"));
        for other in [long, short, String::new()].into_iter().chain(strange) {
            assert_eq!(TokenId::parse(&other), None, "{other}");
        }
    }
}
