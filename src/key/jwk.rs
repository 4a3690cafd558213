//! Import of a single JSON Web Key (RFC 7517).

use std::borrow::Cow;

use super::draft::KeyDraft;
use super::{mistake, secret_lint};
use crate::credential::base64url;
use crate::crypto::{Algorithm, Curve, Flaw, Material};
use crate::error::ConfigError;
use crate::json::{JsonError, JsonErrorKind, Kind, Object, Value};
use crate::limits;

/// Reads the text of one JWK; it may be a secret.
pub(super) fn single(text: &[u8]) -> Result<Result<KeyDraft, Flaw>, ConfigError> {
    check_size(text, "jwk")?;
    let jwk = Object::parse(text).map_err(|error| not_json("jwk", text, error))?;
    if jwk.get("kty").is_none() && jwk.get("keys").is_some() {
        return Ok(Err(SET));
    }
    Ok(JwkReader::single(&jwk).draft())
}

/// Reads a member of a set for this purpose; it must be a public key.
pub(super) fn member(jwk: Value<'_>, purpose: SetPurpose) -> Result<KeyDraft, Flaw> {
    if jwk.kind() != Kind::Object {
        return Err(NOT_OBJECT);
    }
    let jwk = jwk.to_object().map_err(|error| match error.kind() {
        JsonErrorKind::DuplicateMember => DUPLICATE,
        _ => NOT_OBJECT,
    })?;
    JwkReader::member(&jwk, purpose).draft()
}

/// Refuses a text that is too long for a set.
pub(super) fn check_size(text: &[u8], field: &'static str) -> Result<(), ConfigError> {
    let (len, range) = (text.len(), ..=limits::JWKS_BYTES);
    if range.contains(&len) {
        return Ok(());
    }
    Err(ConfigError::size_out_of_range(field, len, "bytes", range))
}

/// Reports a configured text that is not one JSON object, and names the remedy for what it looks
/// like.
pub(super) fn not_json(field: &'static str, text: &[u8], error: JsonError) -> ConfigError {
    const EXPECTED: &str = "expected one well-formed JSON object without duplicate members";
    let detail = match mistake::in_place_of_json(text) {
        Some(found) => format!("{EXPECTED}, {found}"),
        None => format!("{EXPECTED}, found other text; check that the text is whole"),
    };
    ConfigError::malformed(field, detail).with_source(error)
}

/// Returns the `kid` of a member if it is a string that is short enough to be reported.
pub(super) fn reported_kid(jwk: Value<'_>) -> Option<Box<str>> {
    let kid = jwk.as_object()?.get("kid")?.as_str()?;
    (kid.len() <= limits::KEY_ID_BYTES).then(|| kid.into())
}

/// Which members of a set are keys for verifying tokens.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) enum SetPurpose {
    /// A JWK Set: `use` is absent or `sig`.
    #[default]
    Signatures,
    /// A SPIFFE bundle: `use` is `jwt-svid`.
    SpiffeBundle,
}

#[derive(Clone, Copy, Eq, PartialEq)]
enum JwkOrigin {
    Set(SetPurpose),
    Single,
}

/// The members of a JWK, and how they are spelled.
///
/// Those of a set come from a provider: a `null` member is absent, numbers may lack leading zero
/// bytes or have more of them, and either alphabet of base64 is read, with or without padding. The
/// checks of the key follow; they do not depend on the spelling.
struct JwkReader<'o, 'j> {
    jwk: &'o Object<'j>,
    origin: JwkOrigin,
}

impl<'o, 'j> JwkReader<'o, 'j> {
    const fn single(jwk: &'o Object<'j>) -> Self {
        let origin = JwkOrigin::Single;
        Self { jwk, origin }
    }

    const fn member(jwk: &'o Object<'j>, purpose: SetPurpose) -> Self {
        let origin = JwkOrigin::Set(purpose);
        Self { jwk, origin }
    }

    fn draft(&self) -> Result<KeyDraft, Flaw> {
        let material = self.material()?;
        self.check_use()?;
        self.check_operations()?;
        Ok(KeyDraft {
            material,
            algorithm: self.algorithm()?,
            kid: self.kid()?,
            is_member: self.is_member(),
        })
    }

    fn material(&self) -> Result<Material, Flaw> {
        // RFC 7518 sections 6.2.2, 6.3.2 and 6.4.1, RFC 8037 section 2.
        const PRIVATE: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];
        let kty = self.text("kty")?.ok_or(Flaw::malformed(
            "expected `kty`, found none; give the whole JWK",
        ))?;
        if kty == "oct" {
            return self.secret();
        }
        if PRIVATE.iter().any(|name| self.get(name).is_some()) {
            return Err(Flaw::private(
                "expected a public key, found a private key; give its public members only",
            ));
        }
        match kty.as_ref() {
            "EC" => self.ec(),
            "OKP" => match self.text("crv")?.as_deref() {
                Some("Ed25519") => Material::ed25519(&self.bytes("x")?),
                _ => Err(CURVE),
            },
            "RSA" => Material::rsa(&self.bytes("n")?, &self.bytes("e")?),
            _ => Err(Flaw::malformed(
                "expected `kty` to be `RSA`, `EC` or `OKP`, found another; use a key of one of these types",
            )),
        }
    }

    fn secret(&self) -> Result<Material, Flaw> {
        if self.is_member() {
            return Err(Flaw::malformed(
                "expected a public key, found a symmetric one; configure it with `Key::from_secret`, and do not publish it",
            ));
        }
        let secret = self.bytes("k")?;
        secret_lint::check_secret(&secret)?;
        Material::secret(secret.into())
    }

    fn ec(&self) -> Result<Material, Flaw> {
        let name = self.text("crv")?;
        let curve = name.and_then(|name| Curve::from_name(&name)).ok_or(CURVE)?;
        let mut point = vec![4];
        for name in ["x", "y"] {
            let coordinate = self.coordinate(name, curve)?;
            point.resize(point.len() + curve.len() - coordinate.len(), 0);
            point.extend_from_slice(&coordinate);
        }
        Material::ec(curve, point)
    }

    /// Returns a coordinate that is at most as long as those of the curve.
    fn coordinate(&self, name: &str, curve: Curve) -> Result<Vec<u8>, Flaw> {
        const LENGTH: Flaw = Flaw::malformed(
            "expected a coordinate of its curve's length, found another; copy the key again",
        );
        let mut bytes = self.bytes(name)?;
        if bytes.is_empty() || !self.is_member() && bytes.len() != curve.len() {
            return Err(LENGTH);
        }
        let surplus = bytes.len().saturating_sub(curve.len());
        if bytes.drain(..surplus).any(|byte| byte != 0) {
            return Err(LENGTH);
        }
        Ok(bytes)
    }

    fn check_use(&self) -> Result<(), Flaw> {
        let found = self.text("use")?;
        match (self.origin, found.as_deref()) {
            (JwkOrigin::Set(SetPurpose::SpiffeBundle), Some(JWT_SVID)) => Ok(()),
            (JwkOrigin::Set(SetPurpose::SpiffeBundle), _) => Err(Flaw::malformed(
                "expected `use` to be `jwt-svid`, found another or none; publish the key for JWT-SVIDs",
            )),
            (_, None | Some("sig")) => Ok(()),
            (JwkOrigin::Set(_), Some(JWT_SVID)) => Err(Flaw::malformed(
                "expected `use` to be `sig` or absent, found `jwt-svid`; read a SPIFFE bundle with \
                 `KeyImporter::spiffe_bundle`",
            )),
            _ => Err(Flaw::malformed(
                "expected `use` to be `sig` or absent, found another; give the signing key",
            )),
        }
    }

    fn check_operations(&self) -> Result<(), Flaw> {
        const FLAW: Flaw = Flaw::malformed(
            "expected `key_ops` to be an array of strings with `verify`, found another; give the signing key",
        );
        let Some(operations) = self.get("key_ops") else {
            return Ok(());
        };
        let mut verifies = false;
        for operation in operations.elements().ok_or(FLAW)? {
            verifies |= operation.as_str().ok_or(FLAW)? == "verify";
        }
        if verifies { Ok(()) } else { Err(FLAW) }
    }

    fn algorithm(&self) -> Result<Option<Algorithm>, Flaw> {
        let Some(name) = self.text("alg")? else {
            return Ok(None);
        };
        let known = Algorithm::from_name(&name);
        known.map(Some).ok_or(Flaw::malformed(
            "expected a supported signature algorithm in `alg`, found another; \
             correct it, or remove `alg`",
        ))
    }

    /// Returns the key id. In a set, one that is not a string is no key id (RFC 7517 section 4.5),
    /// and the key is good without it.
    fn kid(&self) -> Result<Option<Box<str>>, Flaw> {
        let kid = match self.get("kid") {
            Some(value) if self.is_member() => value.as_str(),
            _ => self.text("kid")?,
        };
        let is_long = |kid: &Cow<'_, str>| kid.len() > limits::KEY_ID_BYTES;
        if kid.as_ref().is_some_and(is_long) {
            return Err(Flaw::malformed(
                "expected a `kid` of at most 256 bytes, found more; give the key a shorter one",
            ));
        }
        Ok(kid.map(Into::into))
    }

    fn is_member(&self) -> bool {
        self.origin != JwkOrigin::Single
    }

    fn get(&self, name: &str) -> Option<Value<'j>> {
        let is_there = |value: &Value<'_>| !self.is_member() || value.kind() != Kind::Null;
        self.jwk.get(name).filter(is_there)
    }

    /// Returns a member that must be a string if it is present.
    fn text(&self, name: &str) -> Result<Option<Cow<'j, str>>, Flaw> {
        let Some(value) = self.get(name) else {
            return Ok(None);
        };
        value.as_str().map(Some).ok_or(NOT_TEXT)
    }

    /// Returns a member that must be present, as the bytes of its base64url text.
    fn bytes(&self, name: &str) -> Result<Vec<u8>, Flaw> {
        let text = self.text(name)?.ok_or(INCOMPLETE)?;
        if self.is_member() {
            return either_base64(&text).ok_or(NOT_BASE64);
        }
        base64url::decode(text.as_bytes()).ok_or(NOT_BASE64URL)
    }
}

/// Decodes either alphabet of base64 (RFC 4648 sections 4 and 5), with full padding or none. No two
/// results are possible, because each character has one value.
fn either_base64(text: &str) -> Option<Vec<u8>> {
    let dense = text.trim_end_matches('=');
    let padding = text.len() - dense.len();
    if padding > 2 || padding > 0 && !text.len().is_multiple_of(4) {
        return None;
    }
    let url: Vec<u8> = dense
        .bytes()
        .map(|byte| match byte {
            b'+' => b'-',
            b'/' => b'_',
            other => other,
        })
        .collect();
    base64url::decode(url)
}

/// The `use` of the keys of a SPIFFE bundle that verify JWTs (SPIFFE Trust Domain and Bundle
/// section 4.2.2).
const JWT_SVID: &str = "jwt-svid";

const CURVE: Flaw = Flaw::malformed(
    "expected a supported curve in `crv`, found another or none; use P-256, P-384 or Ed25519",
);
const DUPLICATE: Flaw =
    Flaw::malformed("expected each member of the key once, found two of one name; remove one");
const INCOMPLETE: Flaw = Flaw::malformed(
    "expected all members that the key's type requires, found one missing; give the whole key",
);
const NOT_BASE64: Flaw =
    Flaw::malformed("expected base64 in a member, found other text; copy the key again");
const NOT_BASE64URL: Flaw = Flaw::malformed(
    "expected base64url without padding in a member, found other text; copy the key again",
);
const NOT_OBJECT: Flaw =
    Flaw::malformed("expected a JSON object, found another type; give the key as an object");
const NOT_TEXT: Flaw = Flaw::malformed(
    "expected a string in a member of the key, found another type; write it as a string",
);
const SET: Flaw =
    Flaw::malformed("expected one JWK, found a JWK Set; read it with `KeySet::from_jwks`");
