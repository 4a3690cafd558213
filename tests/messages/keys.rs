//! Mistakes with keys.

use bearergate::ConfigError;
use bearergate::crypto::Algorithm;
use bearergate::issuer::SigningKey;
use bearergate::key::{Key, KeySet};

use crate::table::{CANARY, Row, refused, row};

const CERTIFICATE: &str = include_str!("../keys/rsa-2048.certificate.pem");
const ES256: &str = include_str!("../keys/es256.public.pem");
const ES384: &str = include_str!("../keys/es384.public.pem");
const PRIVATE: &str = include_str!("../keys/es256.private.pem");
const SHORT: &str = include_str!("../keys/rsa-1024.public.pem");

pub(crate) fn rows() -> Vec<Row> {
    let rows = [sets(), documents(), single(), members(), secrets()];
    rows.into_iter().flatten().collect()
}

fn set(text: &str) -> String {
    refused(KeySet::from_jwks(text))
}

fn pem(text: &str) -> String {
    refused(Key::from_pem(text))
}

fn jwk(text: &str) -> String {
    refused(Key::from_jwk(text))
}

fn sets() -> Vec<Row> {
    const EXPECTED: &str = "expected an object with an array `keys`";
    let escaped = CERTIFICATE.trim().replace('\n', "\\n");
    vec![
        row(
            "a single JWK as a set",
            set(r#"{"kty":"OKP","crv":"Ed25519"}"#),
            [EXPECTED, "found a single JWK", "`Key::from_jwk`"],
        ),
        row(
            "a discovery document as a set",
            set(
                r#"{"issuer":"https://idp.example.com","jwks_uri":"https://idp.example.com/jwks"}"#,
            ),
            [EXPECTED, "found a discovery document", "its `jwks_uri`"],
        ),
        row(
            "an object of certificates as a set",
            set(&format!(r#"{{"key-1":"{escaped}"}}"#)),
            [
                EXPECTED,
                "found certificates by key id",
                "`FetchedKeys::certificate_map`",
            ],
        ),
        row(
            "`keys` of a set is an object",
            set(r#"{"keys":{}}"#),
            [
                "expected an array `keys`",
                "found another type",
                "give a JWK Set",
            ],
        ),
        row(
            "an error document as a set",
            set(r#"{"error":"not_found"}"#),
            [EXPECTED, "found an error answer", "check the address"],
        ),
        row(
            "an empty object as a set",
            set("{}"),
            [EXPECTED, "found an empty object", "give a JWK Set"],
        ),
        row(
            "a set without keys",
            set(r#"{"keys":[]}"#),
            [
                "at least one key",
                "found an empty set",
                "give or publish a key",
            ],
        ),
    ]
}

fn documents() -> Vec<Row> {
    const EXPECTED: &str = "expected one well-formed JSON object";
    vec![
        row(
            "a JWKS that is an HTML page",
            set("<!DOCTYPE html><html><title>Sign in</title></html>"),
            [EXPECTED, "found HTML or XML", "check the address"],
        ),
        row(
            "a JWKS that is the path of a file",
            set("/etc/keys/jwks.json"),
            [EXPECTED, "found what looks like a path", "read the file"],
        ),
        row(
            "a JWKS that is a URL",
            set("https://idp.example.com/jwks"),
            [EXPECTED, "found a URL", "`FetchedKeys`"],
        ),
        row(
            "a JWKS that is PEM",
            set(ES256),
            [EXPECTED, "found PEM", "`Key::from_pem`"],
        ),
        row(
            "a JWKS that is empty",
            set(" "),
            [EXPECTED, "found nothing", "give the text of the keys"],
        ),
        row(
            "a JWKS that was encoded twice",
            set(r#""{\"keys\":[]}""#),
            [EXPECTED, "found a JSON string", "the text inside it"],
        ),
        row(
            "a JWKS that is only the array",
            set("[]"),
            [EXPECTED, "found an array", "whose member `keys`"],
        ),
        row(
            "a JWKS that was cut off",
            set(r#"{"keys":["#),
            [EXPECTED, "found other text", "check that the text is whole"],
        ),
    ]
}

fn single() -> Vec<Row> {
    const PUBLIC: &str = "expected a public key";
    vec![
        row(
            "a path in place of a PEM text",
            pem("/etc/keys/issuer.pem"),
            [
                "expected a PEM block",
                "found what looks like a path",
                "read the file",
            ],
        ),
        row(
            "a private key for verification, as PEM",
            pem(PRIVATE),
            [PUBLIC, "found a private key", "`openssl pkey -pubout`"],
        ),
        row(
            "a private key for verification, as a JWK",
            jwk(
                r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","d":"s3cret"}"#,
            ),
            [
                PUBLIC,
                "found a private key",
                "give its public members only",
            ],
        ),
        row(
            "a certificate in place of a public key",
            pem(CERTIFICATE),
            [
                PUBLIC,
                "found a certificate",
                "`openssl x509 -pubkey -noout`",
            ],
        ),
        row(
            "a JWK as PEM",
            pem(r#"{"kty":"OKP"}"#),
            ["expected a PEM block", "found JSON", "`Key::from_jwk`"],
        ),
        row(
            "PEM with `\\n` in place of line ends",
            pem(&ES256.trim().replace('\n', "\\n")),
            [
                "expected a PEM block",
                "the two characters `\\n`",
                "replace each by a line end",
            ],
        ),
        row(
            "two PEM blocks in one text",
            pem(&format!("{ES256}{ES384}")),
            [
                "expected one PEM block",
                "found several",
                "give one key per constructor",
            ],
        ),
        row(
            "a PEM block of another label",
            pem("-----BEGIN OPENSSH THING-----\nAAAA\n-----END OPENSSH THING-----\n"),
            [
                "expected the PEM label",
                "found another",
                "`openssl pkey -pubout`",
            ],
        ),
        row(
            "a public key for signing",
            refused(SigningKey::from_pem(Algorithm::Es256, ES256)),
            [
                "expected a private key",
                "found a public key",
                "give the PEM",
            ],
        ),
        row(
            "an RSA key of 1024 bits",
            pem(SHORT),
            ["at least 2048 bits", "found fewer", "make a new key"],
        ),
        row(
            "PEM as DER",
            refused(Key::from_der(ES256)),
            ["expected a DER public key", "found PEM", "`Key::from_pem`"],
        ),
        row(
            "a JWK Set as a single JWK",
            jwk(r#"{"keys":[]}"#),
            ["expected one JWK", "found a JWK Set", "`KeySet::from_jwks`"],
        ),
    ]
}

fn members() -> Vec<Row> {
    let ed25519 = |more: &str| {
        jwk(&format!(
            r#"{{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"{more}}}"#
        ))
    };
    vec![
        row(
            "a JWK without `kty`",
            jwk(r#"{"crv":"Ed25519"}"#),
            ["expected `kty`", "found none", "give"],
        ),
        row(
            "a JWK for encryption",
            ed25519(r#","use":"enc""#),
            [
                "expected `use` to be `sig`",
                "found another",
                "give the signing key",
            ],
        ),
        row(
            "a JWK with an algorithm of another type",
            ed25519(r#","alg":"RS256""#),
            [
                "expected an `alg` of the key's type",
                "found that of another",
                "correct",
            ],
        ),
        row(
            "a JWK with an unknown algorithm",
            ed25519(r#","alg":"XX99""#),
            [
                "expected a supported signature algorithm",
                "found another",
                "remove `alg`",
            ],
        ),
        row(
            "a JWK that lacks a coordinate",
            jwk(r#"{"kty":"OKP","crv":"Ed25519"}"#),
            [
                "expected all members",
                "found one missing",
                "give the whole key",
            ],
        ),
        row(
            "a set whose only key is symmetric",
            set(r#"{"keys":[{"kty":"oct","k":"s3cret"}]}"#),
            ["at least one key", "symmetric", "`Key::from_secret`"],
        ),
    ]
}

fn secrets() -> Vec<Row> {
    let secret = |secret: &[u8]| -> Result<Key, ConfigError> { Key::from_secret(secret.to_vec()) };
    let key = Key::from_pem(ES256).unwrap();
    vec![
        row(
            "a secret that is too short",
            refused(secret(CANARY.as_bytes())),
            ["at least 32 bytes", "found fewer", "use 32 random bytes"],
        ),
        row(
            "a public key as a secret",
            refused(secret(ES256.as_bytes())),
            [
                "expected a MAC secret",
                "found what looks like a PEM",
                "use the constructor",
            ],
        ),
        row(
            "a path as a secret",
            refused(secret(b"/run/secrets/keys/issuer/signing/current.key")),
            [
                "expected a MAC secret",
                "found what looks like a path",
                "read the file",
            ],
        ),
        row(
            "an algorithm that the key cannot serve",
            refused(key.with_algorithms([Algorithm::Rs256])),
            [
                "expected algorithms that a key can serve",
                "found {RS256}",
                "ES256",
            ],
        ),
    ]
}
