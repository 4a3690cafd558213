//! The successor of a spent refresh token, encrypted so that only the spent one decrypts it.

use ring::aead::{Aad, LessSafeKey, Nonce, UnboundKey};
use ring::error::Unspecified;
use ring::rand::{SecureRandom, SystemRandom};
use ring::{aead, hkdf};
use zeroize::Zeroizing;

use super::family::RefreshFamily;
use super::token::{RefreshToken, SECRET_LEN};

/// Encrypts the secret part of `successor` under a key derived from `spent`, bound to the client and
/// the key of this family. Returns nonce, ciphertext and tag.
pub(crate) fn seal(
    spent: &RefreshToken,
    successor: &RefreshToken,
    family: &RefreshFamily,
) -> Result<Vec<u8>, Unspecified> {
    let mut nonce = [0; aead::NONCE_LEN];
    SystemRandom::new().fill(&mut nonce)?;
    let mut text = Zeroizing::new(successor.secret().to_vec());
    let sealing = key(spent)?;
    let unique = Nonce::assume_unique_for_key(nonce);
    let tag = sealing.seal_in_place_separate_tag(unique, bound_to(family), &mut text)?;
    Ok([&nonce, text.as_slice(), tag.as_ref()].concat())
}

/// Decrypts the result of [`seal`]; `None` if anything differs from then.
pub(crate) fn open(spent: &RefreshToken, family: &RefreshFamily) -> Option<RefreshToken> {
    let (nonce, sealed) = family.sealed.split_first_chunk()?;
    let mut sealed = Zeroizing::new(sealed.to_vec());
    let unique = Nonce::assume_unique_for_key(*nonce);
    let opened = key(spent).ok()?;
    let opened = opened
        .open_in_place(unique, bound_to(family), &mut sealed)
        .ok()?;
    let secret: &[u8; SECRET_LEN] = (&*opened).try_into().ok()?;
    Some(spent.sibling(secret))
}

fn key(spent: &RefreshToken) -> Result<LessSafeKey, Unspecified> {
    let salt = hkdf::Salt::new(hkdf::HKDF_SHA256, b"bearergate refresh seal 1");
    let secret = salt.extract(spent.secret());
    let key = secret.expand(&[], &aead::AES_256_GCM)?;
    Ok(LessSafeKey::new(UnboundKey::from(key)))
}

fn bound_to(family: &RefreshFamily) -> Aad<Vec<u8>> {
    let client = family.grant.client().unwrap_or_default().as_bytes();
    let thumbprint = family.thumbprint.as_ref().map_or(&[][..], |t| t.as_slice());
    let mut text = family.id.as_bytes().to_vec();
    for part in [client, thumbprint] {
        text.extend_from_slice(&(part.len() as u64).to_be_bytes());
        text.extend_from_slice(part);
    }
    Aad::from(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::UnixTime;
    use crate::grant::Grant;

    const NOW: UnixTime = UnixTime::from_secs(1_700_000_000);

    fn family(token: &RefreshToken, client: &str) -> RefreshFamily {
        let grant = Grant::new("a", "s", NOW).with_client(Some(client.to_owned()));
        RefreshFamily::new(token.family(), token.digest(), grant)
    }

    fn with(mut family: RefreshFamily, sealed: &[u8]) -> RefreshFamily {
        family.sealed = sealed.to_vec();
        family
    }

    fn bound(mut family: RefreshFamily, thumbprint: [u8; 32]) -> RefreshFamily {
        family.thumbprint = Some(thumbprint);
        family
    }

    #[test]
    fn only_the_spent_token_decrypts_its_successor() {
        let spent = RefreshToken::random().unwrap();
        let successor = spent.successor().unwrap();
        let family = family(&spent, "c");
        let sealed = seal(&spent, &successor, &family).unwrap();
        let family = with(family, &sealed);
        let opened = open(&spent, &family).unwrap();
        assert_eq!(opened.digest(), successor.digest());
        assert!(open(&successor, &family).is_none());
        assert!(open(&spent.successor().unwrap(), &family).is_none());
    }

    #[test]
    fn the_ciphertext_is_bound_to_client_and_key() {
        let spent = RefreshToken::random().unwrap();
        let successor = spent.successor().unwrap();
        let own = bound(family(&spent, "c"), [7; 32]);
        let sealed = seal(&spent, &successor, &own).unwrap();
        assert!(open(&spent, &with(own.clone(), &sealed)).is_some());
        let other_key = bound(own, [8; 32]);
        assert!(open(&spent, &with(other_key, &sealed)).is_none());
        let other_client = bound(family(&spent, "d"), [7; 32]);
        assert!(open(&spent, &with(other_client, &sealed)).is_none());
    }

    #[test]
    fn a_changed_ciphertext_is_not_decrypted() {
        let spent = RefreshToken::random().unwrap();
        let own = family(&spent, "c");
        let sealed = seal(&spent, &spent.successor().unwrap(), &own).unwrap();
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(open(&spent, &with(own.clone(), &changed)).is_none(), "{at}");
            assert!(
                open(&spent, &with(own.clone(), &sealed[..at])).is_none(),
                "{at}"
            );
        }
        assert!(open(&spent, &with(own, &sealed)).is_some());
    }

    #[test]
    fn the_successor_is_not_in_the_ciphertext() {
        let spent = RefreshToken::random().unwrap();
        let successor = spent.successor().unwrap();
        let sealed = seal(&spent, &successor, &family(&spent, "c")).unwrap();
        let secret = successor.secret();
        assert!(!sealed.windows(4).any(|part| part == &secret[..4]));
    }
}
