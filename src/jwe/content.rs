//! The key of the content: derived, unwrapped or shared; and the content.

use ring::digest;
use ring::rand::{SecureRandom, SystemRandom};
use zeroize::Zeroizing;

use super::algorithm::{ContentEncryption, KeyManagement};
use super::header::JweHeader;
use super::key::{DecryptionKey, KeyMaterial};
use crate::crypto::decrypt::{open_cbc, open_gcm, unwrap_key};
use crate::error::RejectionKind;

/// The decoded parts of an encrypted token behind its header.
pub(super) struct Sealed<'t> {
    /// The encoded header, which is authenticated.
    pub(super) aad: &'t [u8],
    pub(super) key: Vec<u8>,
    pub(super) iv: Vec<u8>,
    pub(super) text: Vec<u8>,
    pub(super) tag: Vec<u8>,
}

type Plaintext = Zeroizing<Vec<u8>>;

/// The one answer for everything from the encrypted key to the tag.
const FAILED: RejectionKind = RejectionKind::DecryptionFailed;

/// Opens the content with a key. A fault of the encrypted key is not told apart from one of the
/// content.
pub(super) fn open(
    header: &JweHeader<'_>,
    key: &DecryptionKey,
    sealed: &Sealed<'_>,
) -> Result<Plaintext, RejectionKind> {
    let (key_bytes, iv_bytes, tag_bytes) = header.encryption.lengths();
    let content_key = content_key(header, key, &sealed.key, key_bytes)?;
    let is_whole = sealed.iv.len() == iv_bytes && sealed.tag.len() == tag_bytes;
    let open = match header.encryption {
        ContentEncryption::A128Gcm | ContentEncryption::A256Gcm => open_gcm,
        ContentEncryption::A128CbcHs256 | ContentEncryption::A256CbcHs512 => open_cbc,
    };
    let opened = open(
        &content_key,
        &sealed.iv,
        sealed.aad,
        &sealed.text,
        &sealed.tag,
    );
    opened.filter(|_| is_whole).ok_or(FAILED)
}

fn content_key(
    header: &JweHeader<'_>,
    key: &DecryptionKey,
    encrypted: &[u8],
    length: usize,
) -> Result<Plaintext, RejectionKind> {
    let found = match key.material() {
        KeyMaterial::Rsa(rsa) => {
            let hash = header.algorithm.oaep().ok_or(FAILED)?;
            let is_whole = encrypted.len() * 8 == rsa.bits();
            let found = rsa.decrypt(hash, encrypted).filter(|_| is_whole);
            // RFC 7516 section 11.5: go on with a random key, so that time does not tell.
            return match found.filter(|found| found.len() == length) {
                Some(found) => Ok(found),
                None => random(length),
            };
        }
        KeyMaterial::Agreement(own) => {
            let point = header.sender_point(own.curve)?;
            let shared = own.agree(&point).ok_or(FAILED)?;
            match header.algorithm.wrapping_bytes() {
                None if encrypted.is_empty() => derive(header, &shared, length),
                None => None,
                Some(kek) => {
                    let kek = derive(header, &shared, kek);
                    kek.and_then(|kek| unwrap_key(&kek, encrypted))
                }
            }
        }
        KeyMaterial::Secret(secret) if header.algorithm == KeyManagement::Dir => {
            let own = Zeroizing::new(secret.expose().to_vec());
            encrypted.is_empty().then_some(own)
        }
        KeyMaterial::Secret(secret) => unwrap_key(secret.expose(), encrypted),
    };
    found.filter(|found| found.len() == length).ok_or(FAILED)
}

fn random(length: usize) -> Result<Plaintext, RejectionKind> {
    let mut key = Zeroizing::new(vec![0; length]);
    let filled = SystemRandom::new().fill(&mut key);
    filled.map_err(|_| RejectionKind::Unavailable)?;
    Ok(key)
}

/// Derives a key of this length (RFC 7518 section 4.6.2).
fn derive(header: &JweHeader<'_>, shared: &[u8], length: usize) -> Option<Plaintext> {
    let id = match header.algorithm {
        KeyManagement::EcdhEs => header.encryption.as_str(),
        wrapping => wrapping.as_str(),
    };
    let bits = u32::try_from(length * 8).ok()?;
    let mut derived = Zeroizing::new(Vec::with_capacity(length + 32));
    for round in 1_u32.. {
        let mut hash = digest::Context::new(&digest::SHA256);
        hash.update(&round.to_be_bytes());
        hash.update(shared);
        for part in [id.as_bytes(), &header.apu, &header.apv] {
            hash.update(&u32::try_from(part.len()).ok()?.to_be_bytes());
            hash.update(part);
        }
        hash.update(&bits.to_be_bytes());
        derived.extend_from_slice(hash.finish().as_ref());
        if derived.len() >= length {
            break;
        }
    }
    derived.truncate(length);
    Some(derived)
}
