//! The header of an encrypted token.

use std::borrow::Cow;

use super::algorithm::{ContentEncryption, KeyManagement};
use crate::credential::{base64url, without_application};
use crate::crypto::decrypt::AgreementCurve;
use crate::error::RejectionKind;
use crate::json::Value;

/// The members that are used. `jku`, `x5u`, `x5c` and `jwk` are never read.
pub(super) struct JweHeader<'j> {
    pub(super) algorithm: KeyManagement,
    pub(super) encryption: ContentEncryption,
    pub(super) kid: Option<Cow<'j, str>>,
    pub(super) is_jwt: bool,
    pub(super) epk: Option<Value<'j>>,
    pub(super) apu: Vec<u8>,
    pub(super) apv: Vec<u8>,
    /// Claims that are repeated in the header (RFC 7519 section 5.3).
    pub(super) repeated: Vec<(&'static str, Value<'j>)>,
}

/// Members whose meaning is not implemented, or is a weakness.
const REFUSED: [&str; 5] = ["crit", "zip", "p2c", "p2s", "b64"];

const REPEATED: [&str; 3] = ["iss", "sub", "aud"];

/// Longest `apu` and `apv`, in bytes.
const PARTY_BYTES: usize = 64;

impl<'j> JweHeader<'j> {
    /// Reads a decoded header.
    pub(super) fn read(text: &'j [u8]) -> Result<Self, RejectionKind> {
        const UNSUPPORTED: RejectionKind = RejectionKind::HeaderUnsupported;
        let header = Value::parse(text).map_err(|_| RejectionKind::TokenMalformed)?;
        let members = header.members().ok_or(RejectionKind::TokenMalformed)?;
        let (mut alg, mut enc) = (None, None);
        let mut own = Self {
            algorithm: KeyManagement::Dir,
            encryption: ContentEncryption::A128Gcm,
            kid: None,
            is_jwt: false,
            epk: None,
            apu: Vec::new(),
            apv: Vec::new(),
            repeated: Vec::new(),
        };
        for (name, value) in members {
            let text = || value.as_str().ok_or(UNSUPPORTED);
            let name = name.text();
            match &*name {
                "alg" => alg = Some(text()?),
                "enc" => enc = Some(text()?),
                "kid" => own.kid = Some(text()?),
                "cty" => {
                    own.is_jwt = without_application(&text()?).eq_ignore_ascii_case("JWT");
                }
                "epk" => own.epk = Some(value),
                "apu" => own.apu = party(value)?,
                "apv" => own.apv = party(value)?,
                name if REFUSED.contains(&name) => return Err(UNSUPPORTED),
                name => {
                    if let Some(known) = REPEATED.iter().find(|known| **known == name) {
                        own.repeated.push((known, value));
                    }
                }
            }
        }
        let alg = alg.ok_or(UNSUPPORTED)?;
        let enc = enc.ok_or(UNSUPPORTED)?;
        const UNKNOWN: RejectionKind = RejectionKind::AlgorithmNotAllowed;
        own.algorithm = KeyManagement::from_name(&alg).ok_or(UNKNOWN)?;
        own.encryption = ContentEncryption::from_name(&enc).ok_or(UNKNOWN)?;
        Ok(own)
    }

    /// Returns the public key of the sender, which must be on this curve.
    pub(super) fn sender_point(&self, curve: AgreementCurve) -> Result<Vec<u8>, RejectionKind> {
        let point = self.epk.and_then(|epk| point(epk, curve));
        point.ok_or(RejectionKind::HeaderUnsupported)
    }
}

fn party(value: Value<'_>) -> Result<Vec<u8>, RejectionKind> {
    let decoded = value.content().and_then(base64url::decode);
    let decoded = decoded.filter(|bytes| bytes.len() <= PARTY_BYTES);
    decoded.ok_or(RejectionKind::HeaderUnsupported)
}

fn point(epk: Value<'_>, curve: AgreementCurve) -> Option<Vec<u8>> {
    let (mut kty, mut crv, mut x, mut y) = (None, None, None, None);
    for (name, value) in epk.members()? {
        match &*name.text() {
            "kty" => kty = Some(value),
            "crv" => crv = Some(value),
            "x" => x = Some(value),
            "y" => y = Some(value),
            "d" => return None,
            _ => {}
        }
    }
    let (own_kty, own_crv) = curve.names();
    if !kty?.is_text(own_kty) || !crv?.is_text(own_crv) {
        return None;
    }
    let coordinate = |value: Option<Value<'_>>| {
        let bytes = base64url::decode(value?.content()?)?;
        (bytes.len() == curve.len()).then_some(bytes)
    };
    match curve {
        AgreementCurve::X25519 => coordinate(x),
        _ => Some([vec![4], coordinate(x)?, coordinate(y)?].concat()),
    }
}
