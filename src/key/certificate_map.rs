//! Keys from an object of certificates, `{kid: PEM}`, each usable in the certificate's validity.

use std::ops::Range;

use super::certificate::Certificate;
use super::draft::KeyDraft;
use super::jwks::SetReader;
use super::set::KeySet;
use super::skipped::SkippedKey;
use super::verification_key::Key;
use super::{jwk, pem};
use crate::clock::UnixTime;
use crate::crypto::{Algorithm, Flaw, Material};
use crate::error::ConfigError;
use crate::json::{Object, Value};
use crate::limits;

/// The keys of certificates, with the time in which each may be used.
pub(super) struct CertificateKeys {
    keys: Box<[(Key, Range<UnixTime>)]>,
    skipped: Box<[SkippedKey]>,
}

const FIELD: &str = "certificates";

impl CertificateKeys {
    /// Reads an object of certificates; unusable members are skipped one by one and reported.
    pub(super) fn read(reader: &SetReader<'_>, text: &[u8]) -> Result<Self, ConfigError> {
        jwk::check_size(text, FIELD)?;
        let document = Object::parse(text).map_err(|error| jwk::not_json(FIELD, text, error))?;
        if document.len() > reader.max_keys {
            return Err(reader.too_many(document.len()));
        }
        let (mut keys, mut skipped) = (Vec::new(), Vec::new());
        for (index, (kid, certificate)) in document.members().enumerate() {
            match read_member(reader, &kid, certificate) {
                Ok(key) => keys.push(key),
                Err(Flaw(_, reason)) => {
                    let kid = (kid.len() <= limits::KEY_ID_BYTES).then(|| kid.as_ref().into());
                    skipped.push(reader.report(SkippedKey { index, kid, reason }));
                }
            }
        }
        let read = Self {
            keys: keys.into(),
            skipped: skipped.into(),
        };
        // The reasons are the same as for a JWK Set without a usable key.
        let all = read.keys.iter().map(|(key, _)| key.clone()).collect();
        KeySet::from_members(all, read.skipped.to_vec()).check_usable()?;
        Ok(read)
    }

    /// Returns the keys that may not be used at this time.
    pub(super) fn invalid_at(&self, now: UnixTime) -> impl Iterator<Item = &Key> {
        let others = self
            .keys
            .iter()
            .filter(move |(_, span)| !span.contains(&now));
        others.map(|(key, _)| key)
    }

    /// Returns the keys that may be used at this time, and until when and from when that is so.
    pub(super) fn valid_at(&self, now: UnixTime) -> (KeySet, Range<UnixTime>) {
        let valid = self.keys.iter().filter(|(_, span)| span.contains(&now));
        let keys = valid.map(|(key, _)| key.clone()).collect();
        let mut constant = UnixTime::from_secs(0)..UnixTime::from_secs(u64::MAX);
        for bound in self
            .keys
            .iter()
            .flat_map(|(_, span)| [span.start, span.end])
        {
            if bound <= now {
                constant.start = constant.start.max(bound);
            } else {
                constant.end = constant.end.min(bound);
            }
        }
        (KeySet::from_members(keys, self.skipped.to_vec()), constant)
    }
}

/// Reads one certificate. An RSA key is bound to RS256, the algorithm of the providers that publish
/// certificates; another key has the algorithms of its type.
fn read_member(
    reader: &SetReader<'_>,
    kid: &str,
    certificate: Value<'_>,
) -> Result<(Key, Range<UnixTime>), Flaw> {
    if kid.len() > limits::KEY_ID_BYTES {
        return Err(Flaw::malformed(
            "expected a key id of at most 256 bytes, found more; give the key a shorter one",
        ));
    }
    let text = certificate.as_str();
    let text = text.ok_or(Flaw::malformed(
        "expected a string with a certificate in PEM, found another type; publish PEM",
    ))?;
    let certificate = Certificate::read(&pem::certificate(text.as_bytes())?)?;
    let is_rsa = matches!(certificate.material, Material::Rsa(..));
    let draft = KeyDraft {
        algorithm: is_rsa.then_some(Algorithm::Rs256),
        kid: Some(kid.into()),
        is_member: true,
        ..KeyDraft::from(certificate.material)
    };
    let span = certificate.not_before..certificate.not_after;
    Ok((draft.prepare(reader.provider)?, span))
}
