//! A proof as it was presented: three parts, decoded into buffers on the stack.

use super::fault::Fault;
use crate::credential::{base64url, without_application};
use crate::crypto::{Algorithm, Algorithms};
use crate::json::Value;
use crate::limits;

/// The parts of a proof that are not decoded yet.
pub(super) struct Parts<'p> {
    header: &'p [u8],
    claims: &'p [u8],
    signature: &'p [u8],
    /// Header and claims, which are signed.
    pub(super) message: &'p [u8],
}

/// A decoded part: a JSON object of at most [`limits::PROOF_PART_BYTES`]. The usual ones are decoded on
/// the stack, which is cleared for each proof and is therefore short.
pub(super) struct Buffer {
    usual: [u8; USUAL_BYTES],
    long: Vec<u8>,
}

/// The header with an RSA key of 4 096 bits has 800 bytes.
const USUAL_BYTES: usize = 1_024;

impl Buffer {
    pub(super) const fn new() -> Self {
        Self {
            usual: [0; USUAL_BYTES],
            long: Vec::new(),
        }
    }

    /// Decodes a part that must be a JSON object.
    fn object<'b>(&'b mut self, encoded: &[u8]) -> Option<Value<'b>> {
        let bytes: &mut [u8] = match encoded.len() / 4 * 3 + 3 <= USUAL_BYTES {
            true => &mut self.usual,
            false => {
                self.long.resize(limits::PROOF_PART_BYTES, 0);
                &mut self.long
            }
        };
        let length = base64url::decode_into(encoded, bytes)?;
        let value = Value::parse(bytes.get(..length)?).ok()?;
        value.members().is_some().then_some(value)
    }
}

/// The longest signature: of an RSA key of 4 096 bits.
const SIGNATURE_BYTES: usize = limits::PROOF_RSA_BITS_MAX / 8;

/// A decoded signature.
pub(super) struct Signature {
    bytes: [u8; SIGNATURE_BYTES],
    length: usize,
}

impl Signature {
    pub(super) fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }
}

impl<'p> Parts<'p> {
    /// Splits the value of the one header field.
    pub(super) fn split(text: &'p [u8]) -> Result<Self, Fault> {
        if text.len() > limits::PROOF_BYTES {
            let detail = "expected at most 8192 bytes, found more";
            return Err(Fault::invalid("form", detail));
        }
        // Other bytes that are not legal are found where the parts are decoded.
        let mut found = memchr::memchr2_iter(b'.', b',', text);
        let dots = (found.next(), found.next(), found.next());
        let parts = match dots {
            (Some(first), Some(second), None) => text
                .get(..first)
                .zip(text.get(first + 1..second))
                .zip(text.get(second + 1..))
                .filter(|_| text.get(first) == text.get(second) && text.get(first) == Some(&b'.')),
            _ => None,
        };
        let Some(((header, claims), signature)) = parts else {
            let detail = "expected one compact JWS of three parts, found another text or a list";
            return Err(Fault::invalid("form", detail));
        };
        Ok(Self {
            header,
            claims,
            signature,
            message: text
                .get(..header.len() + 1 + claims.len())
                .unwrap_or_default(),
        })
    }

    /// Reads the header.
    pub(super) fn header<'b>(
        &self,
        buffer: &'b mut Buffer,
        allowed: Algorithms,
    ) -> Result<ProofHeader<'b>, Fault> {
        let header = buffer.object(self.header);
        let header = header.ok_or_else(|| {
            Fault::invalid(
                "header",
                "expected a JSON object in base64url, found another text",
            )
        })?;
        ProofHeader::read(header, allowed)
    }

    /// Decodes the claims.
    pub(super) fn claims<'b>(&self, buffer: &'b mut Buffer) -> Result<Value<'b>, Fault> {
        buffer.object(self.claims).ok_or_else(|| {
            Fault::invalid(
                "claims",
                "expected a JSON object in base64url, found another text",
            )
        })
    }

    /// Decodes the signature.
    pub(super) fn signature(&self) -> Result<Signature, Fault> {
        let mut bytes = [0; SIGNATURE_BYTES];
        match base64url::decode_into(self.signature, &mut bytes) {
            Some(length) => Ok(Signature { bytes, length }),
            None => Err(Fault::invalid(
                "signature",
                "expected base64url, found another text",
            )),
        }
    }
}

/// The members of the header that are used.
pub(super) struct ProofHeader<'b> {
    pub(super) algorithm: Algorithm,
    pub(super) jwk: Value<'b>,
}

impl<'b> ProofHeader<'b> {
    fn read(header: Value<'b>, allowed: Algorithms) -> Result<Self, Fault> {
        let (mut typ, mut alg, mut jwk) = (None, None, None);
        for (name, value) in header.members().into_iter().flatten() {
            if name.is("typ") {
                typ = Some(value);
            } else if name.is("alg") {
                alg = Some(value);
            } else if name.is("jwk") {
                jwk = Some(value);
            } else if ["crit", "b64", "enc"]
                .iter()
                .any(|refused| name.is(refused))
            {
                let detail = "expected no `crit`, `b64` and `enc`, found one of them";
                return Err(Fault::invalid("header", detail));
            }
        }
        let typ = typ.and_then(Value::as_str);
        let is_dpop = |typ: &str| without_application(typ).eq_ignore_ascii_case("dpop+jwt");
        if !typ.as_deref().is_some_and(is_dpop) {
            let detail = "expected `typ` `dpop+jwt`, found another or none";
            return Err(Fault::invalid("header", detail));
        }
        let alg = alg.and_then(Value::as_str);
        let algorithm = alg.as_deref().and_then(Algorithm::from_name);
        let Some(algorithm) = algorithm.filter(|own| allowed.contains(*own)) else {
            let detail = format!("expected an algorithm of {allowed:?}, found another or none");
            return Err(Fault::invalid("alg", detail));
        };
        let jwk = jwk.filter(|value| value.members().is_some());
        let Some(jwk) = jwk else {
            return Err(Fault::invalid(
                "jwk",
                "expected an object `jwk`, found none",
            ));
        };
        Ok(Self { algorithm, jwk })
    }
}
