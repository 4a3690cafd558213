//! Import of a single JSON Web Key (RFC 7517).

use std::borrow::Cow;

use super::draft::KeyDraft;
use super::secret_lint;
use crate::credential::base64url;
use crate::crypto::{Algorithm, Curve, Flaw, Material};
use crate::error::ConfigError;
use crate::json::{Object, Value};
use crate::limits;

/// Reads the text of one JWK; it may be a secret.
pub(super) fn single(text: &[u8]) -> Result<Result<KeyDraft, Flaw>, ConfigError> {
    let jwk = object(text, "jwk")?;
    Ok(draft(&jwk, JwkOrigin::Single))
}

/// Reads a member of a set; it must be a public key.
pub(super) fn member(jwk: Value<'_>) -> Result<KeyDraft, Flaw> {
    let jwk = jwk.as_object().ok_or(NOT_OBJECT)?;
    draft(&jwk, JwkOrigin::Set)
}

/// Parses a configured text as one JSON object.
pub(super) fn object<'j>(text: &'j [u8], field: &'static str) -> Result<Object<'j>, ConfigError> {
    if text.len() > limits::JWKS_BYTES {
        let range = ..=limits::JWKS_BYTES;
        return Err(ConfigError::size_out_of_range(
            field,
            text.len(),
            "bytes",
            range,
        ));
    }
    Object::parse(text).map_err(|error| {
        ConfigError::malformed(
            field,
            "expected one well-formed JSON object without duplicate members",
        )
        .with_source(error)
    })
}

/// Returns the `kid` of a member if it is a string that is short enough to be reported.
pub(super) fn reported_kid(jwk: Value<'_>) -> Option<Box<str>> {
    let kid = jwk.as_object()?.get("kid")?.as_str()?;
    (kid.len() <= limits::KEY_ID_BYTES).then(|| kid.into())
}

#[derive(Clone, Copy, Eq, PartialEq)]
enum JwkOrigin {
    Set,
    Single,
}

fn draft(jwk: &Object<'_>, origin: JwkOrigin) -> Result<KeyDraft, Flaw> {
    let material = material(jwk, origin)?;
    if text(jwk, "use")?.is_some_and(|purpose| purpose != "sig") {
        return Err(Flaw::malformed("`use` is not `sig`"));
    }
    check_operations(jwk)?;
    Ok(KeyDraft {
        material,
        algorithm: algorithm(jwk)?,
        kid: kid(jwk)?,
        is_member: origin == JwkOrigin::Set,
    })
}

fn material(jwk: &Object<'_>, origin: JwkOrigin) -> Result<Material, Flaw> {
    // RFC 7518 sections 6.2.2, 6.3.2 and 6.4.1, RFC 8037 section 2.
    const PRIVATE: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];
    let kty = text(jwk, "kty")?.ok_or(Flaw::malformed("`kty` is missing"))?;
    if kty == "oct" {
        return secret(jwk, origin);
    }
    if PRIVATE.iter().any(|name| jwk.get(name).is_some()) {
        return Err(Flaw::private(
            "expected a public key, found a private key; give its public members only",
        ));
    }
    match kty.as_ref() {
        "EC" => ec(jwk),
        "OKP" => match text(jwk, "crv")?.as_deref() {
            Some("Ed25519") => Material::ed25519(&bytes(jwk, "x")?),
            _ => Err(CURVE),
        },
        "RSA" => Material::rsa(&bytes(jwk, "n")?, &bytes(jwk, "e")?),
        _ => Err(Flaw::malformed("`kty` is not supported")),
    }
}

fn secret(jwk: &Object<'_>, origin: JwkOrigin) -> Result<Material, Flaw> {
    if origin == JwkOrigin::Set {
        return Err(Flaw::malformed("a symmetric key is not allowed in a set"));
    }
    let secret = bytes(jwk, "k")?;
    secret_lint::check_secret(&secret)?;
    Material::secret(secret.into())
}

fn ec(jwk: &Object<'_>) -> Result<Material, Flaw> {
    let curve = match text(jwk, "crv")?.as_deref() {
        Some("P-256") => Curve::P256,
        Some("P-384") => Curve::P384,
        _ => return Err(CURVE),
    };
    let (x, y) = (bytes(jwk, "x")?, bytes(jwk, "y")?);
    if x.len() != curve.len() || y.len() != curve.len() {
        return Err(Flaw::malformed("a coordinate is not of its curve's length"));
    }
    Material::ec(curve, [&[4], x.as_slice(), y.as_slice()].concat())
}

fn check_operations(jwk: &Object<'_>) -> Result<(), Flaw> {
    const FLAW: Flaw = Flaw::malformed("`key_ops` is not an array of strings with `verify`");
    let Some(operations) = jwk.get("key_ops") else {
        return Ok(());
    };
    let mut verifies = false;
    for operation in operations.elements().ok_or(FLAW)? {
        verifies |= operation.as_str().ok_or(FLAW)? == "verify";
    }
    if verifies { Ok(()) } else { Err(FLAW) }
}

fn algorithm(jwk: &Object<'_>) -> Result<Option<Algorithm>, Flaw> {
    let Some(name) = text(jwk, "alg")? else {
        return Ok(None);
    };
    let known = Algorithm::from_name(&name);
    known.map(Some).ok_or(Flaw::malformed(
        "`alg` is not a supported signature algorithm",
    ))
}

fn kid(jwk: &Object<'_>) -> Result<Option<Box<str>>, Flaw> {
    let kid = text(jwk, "kid")?;
    if kid
        .as_ref()
        .is_some_and(|kid| kid.len() > limits::KEY_ID_BYTES)
    {
        return Err(Flaw::malformed("`kid` is longer than 256 bytes"));
    }
    Ok(kid.map(Into::into))
}

/// Returns a member that must be a string if it is present.
fn text<'j>(jwk: &Object<'j>, name: &str) -> Result<Option<Cow<'j, str>>, Flaw> {
    let Some(value) = jwk.get(name) else {
        return Ok(None);
    };
    value.as_str().map(Some).ok_or(NOT_TEXT)
}

/// Returns a member that must be present, as the bytes of its base64url text.
fn bytes(jwk: &Object<'_>, name: &str) -> Result<Vec<u8>, Flaw> {
    let text = text(jwk, name)?.ok_or(INCOMPLETE)?;
    base64url::decode(text.as_bytes()).ok_or(NOT_BASE64URL)
}

const CURVE: Flaw = Flaw::malformed("`crv` is missing or not supported");
const INCOMPLETE: Flaw = Flaw::malformed("a member that the key's type requires is missing");
const NOT_BASE64URL: Flaw = Flaw::malformed("a member is not base64url without padding");
const NOT_OBJECT: Flaw = Flaw::malformed("expected a JSON object");
const NOT_TEXT: Flaw = Flaw::malformed("a member that must be a string has another type");
