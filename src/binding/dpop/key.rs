//! The key in a proof: its members, its thumbprint, and the key itself.

use ring::digest;

use super::fault::Fault;
use crate::credential::base64url;
use crate::crypto::{Algorithm, Curve, EmbeddedKey};
use crate::json::Value;
use crate::limits;

/// The members of a `jwk` that are used.
pub(super) struct ProofKey<'j> {
    algorithm: Algorithm,
    /// `x`, or the modulus `n`.
    first: &'j [u8],
    /// `y`, or the exponent `e`; empty for Ed25519.
    second: &'j [u8],
}

/// Names of private members, which are refused whatever the type of the key.
const PRIVATE: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

/// A numbers of the key, decoded: a point with its first byte, or a modulus.
pub(super) struct KeyBytes {
    bytes: [u8; KEY_BYTES],
    length: usize,
    exponent: [u8; 8],
    exponent_length: usize,
}

const KEY_BYTES: usize = limits::PROOF_RSA_BITS_MAX / 8;

#[derive(Default)]
struct Members<'j> {
    kty: Option<Value<'j>>,
    crv: Option<Value<'j>>,
    x: Option<Value<'j>>,
    y: Option<Value<'j>>,
    n: Option<Value<'j>>,
    e: Option<Value<'j>>,
}

impl<'j> Members<'j> {
    fn read(jwk: Value<'j>, algorithm: Algorithm) -> Result<Self, &'static str> {
        let mut own = Self::default();
        for (count, (name, value)) in jwk.members().into_iter().flatten().enumerate() {
            if count >= limits::PROOF_KEY_MEMBERS {
                return Err("expected at most 32 members, found more");
            }
            if PRIVATE.iter().any(|private| name.is(private)) {
                return Err("expected a public key, found a private member");
            }
            let place = [
                ("kty", &mut own.kty),
                ("crv", &mut own.crv),
                ("x", &mut own.x),
                ("y", &mut own.y),
                ("n", &mut own.n),
                ("e", &mut own.e),
            ];
            match place.into_iter().find(|(known, _)| name.is(known)) {
                Some((_, place)) => *place = Some(value),
                None => check_purpose(name.text().as_ref(), value, algorithm)?,
            }
        }
        Ok(own)
    }
}

/// Checks the members that restrict the use of a key (RFC 7517 sections 4.2 to 4.4).
fn check_purpose(name: &str, value: Value<'_>, algorithm: Algorithm) -> Result<(), &'static str> {
    let is_good = match name {
        "use" => value.is_text("sig"),
        "key_ops" => value
            .elements()
            .is_some_and(|mut all| all.any(|operation| operation.is_text("verify"))),
        "alg" => {
            let own = value.as_str();
            own.as_deref().and_then(Algorithm::from_name) == Some(algorithm)
        }
        _ => true,
    };
    match is_good {
        true => Ok(()),
        false => Err(
            "expected a key that verifies under the `alg` of the header, found `use`, \
                      `key_ops` or `alg` that forbids it",
        ),
    }
}

impl<'j> ProofKey<'j> {
    /// Reads a `jwk`, whose type must fit the algorithm.
    pub(super) fn read(jwk: Value<'j>, algorithm: Algorithm) -> Result<Self, Fault> {
        let members = Members::read(jwk, algorithm);
        let members = members.map_err(|detail| Fault::invalid("jwk", detail))?;
        let is = |value: Option<Value<'_>>, text| value.is_some_and(|value| value.is_text(text));
        let (kty, crv) = types(algorithm);
        if !is(members.kty, kty) || !crv.is_none_or(|crv| is(members.crv, crv)) {
            let detail = "expected a key of the type and curve of `alg`, found another";
            return Err(Fault::invalid("jwk", detail));
        }
        let (first, second) = match kty {
            "RSA" => (members.n, members.e),
            "OKP" => (members.x, None),
            _ => (members.x, members.y),
        };
        let content = |value: Option<Value<'j>>| value.and_then(Value::content);
        let first = content(first);
        let second = match kty {
            "OKP" => Some(&[][..]),
            _ => content(second),
        };
        match (first, second) {
            (Some(first), Some(second)) => Ok(Self {
                algorithm,
                first,
                second,
            }),
            _ => Err(Fault::invalid(
                "jwk",
                "expected the coordinates of a key, found none",
            )),
        }
    }

    /// Decodes the numbers of the key.
    pub(super) fn decode(&self) -> Result<KeyBytes, Fault> {
        let decoded = match self.curve() {
            Some(curve) => self.point(curve),
            None if self.algorithm == Algorithm::EdDsa => self.encoded_point(),
            None => self.numbers(),
        };
        decoded.ok_or_else(|| {
            let detail = "expected the coordinates of a key in base64url, found others";
            Fault::invalid("jwk", detail)
        })
    }

    /// Makes the key of its decoded numbers.
    pub(super) fn key<'b>(&self, bytes: &'b KeyBytes) -> Result<EmbeddedKey<'b>, Fault> {
        let all = bytes.bytes.get(..bytes.length).unwrap_or_default();
        let key = match self.curve() {
            Some(curve) => EmbeddedKey::ec(curve, all),
            None if self.algorithm == Algorithm::EdDsa => EmbeddedKey::ed25519(all),
            None => {
                let exponent = bytes.exponent.get(..bytes.exponent_length);
                EmbeddedKey::rsa(all, exponent.unwrap_or_default())
            }
        };
        key.ok_or_else(|| {
            let detail = "expected a key of an accepted size, found another";
            Fault::invalid("jwk", detail)
        })
    }

    /// Returns the thumbprint (RFC 7638). The texts of the members are canonical when the numbers were
    /// decoded, so they are hashed as they stand.
    pub(super) fn thumbprint(&self) -> [u8; 32] {
        let mut hash = digest::Context::new(&digest::SHA256);
        let mut add = |parts: &[&[u8]]| parts.iter().for_each(|part| hash.update(part));
        let (_, crv) = types(self.algorithm);
        match (self.algorithm, crv) {
            (Algorithm::EdDsa, _) => add(&[
                br#"{"crv":"Ed25519","kty":"OKP","x":""#,
                self.first,
                br#""}"#,
            ]),
            (_, Some(crv)) => add(&[
                br#"{"crv":""#,
                crv.as_bytes(),
                br#"","kty":"EC","x":""#,
                self.first,
                br#"","y":""#,
                self.second,
                br#""}"#,
            ]),
            (_, None) => add(&[
                br#"{"e":""#,
                self.second,
                br#"","kty":"RSA","n":""#,
                self.first,
                br#""}"#,
            ]),
        }
        let mut thumbprint = [0; 32];
        thumbprint.copy_from_slice(hash.finish().as_ref());
        thumbprint
    }

    const fn curve(&self) -> Option<Curve> {
        match self.algorithm {
            Algorithm::Es256 => Some(Curve::P256),
            Algorithm::Es384 => Some(Curve::P384),
            _ => None,
        }
    }

    /// An uncompressed point: 4, and both coordinates in their full length.
    fn point(&self, curve: Curve) -> Option<KeyBytes> {
        let mut own = KeyBytes::new(1 + 2 * curve.len());
        let (first, rest) = own.bytes.split_first_mut()?;
        *first = 4;
        let (x, y) = rest.get_mut(..2 * curve.len())?.split_at_mut(curve.len());
        let is_whole = decode_exactly(self.first, x) && decode_exactly(self.second, y);
        is_whole.then_some(own)
    }

    fn encoded_point(&self) -> Option<KeyBytes> {
        let mut own = KeyBytes::new(32);
        decode_exactly(self.first, own.bytes.get_mut(..32)?).then_some(own)
    }

    fn numbers(&self) -> Option<KeyBytes> {
        let mut own = KeyBytes::new(0);
        own.length = base64url::decode_into(self.first, &mut own.bytes)?;
        own.exponent_length = base64url::decode_into(self.second, &mut own.exponent)?;
        Some(own)
    }
}

impl KeyBytes {
    const fn new(length: usize) -> Self {
        Self {
            bytes: [0; KEY_BYTES],
            length,
            exponent: [0; 8],
            exponent_length: 0,
        }
    }
}

fn decode_exactly(text: &[u8], out: &mut [u8]) -> bool {
    base64url::decode_into(text, out) == Some(out.len())
}

/// Returns `kty` and `crv` of the keys of an algorithm.
const fn types(algorithm: Algorithm) -> (&'static str, Option<&'static str>) {
    match algorithm {
        Algorithm::EdDsa => ("OKP", Some("Ed25519")),
        Algorithm::Es256 => ("EC", Some("P-256")),
        Algorithm::Es384 => ("EC", Some("P-384")),
        _ => ("RSA", None),
    }
}
