//! Identities of keys, and the JWKs of public keys.

use ring::{digest, hmac};

use crate::credential::base64url;
use crate::crypto::{Algorithm, Material};
use crate::principal::KeyId;

/// Returns the identity of key material: the RFC 7638 thumbprint of a public key, and for a secret
/// a MAC of a constant text under it.
pub(super) fn identity(material: &Material) -> KeyId {
    match material {
        Material::Secret(secret) => {
            // The signed text of a JWS has no zero byte, so this MAC is never the signature of a
            // token.
            const LABEL: &[u8] = b"bearergate\0key id";
            let key = hmac::Key::new(hmac::HMAC_SHA256, secret.expose());
            of_bytes(hmac::sign(&key, LABEL).as_ref())
        }
        public => of_text(&members(public)),
    }
}

/// Returns the public key as the JWK to publish (RFC 7517 section 4), with its thumbprint as `kid`.
pub(super) fn public_jwk(material: &Material, algorithm: Algorithm) -> String {
    let members = members(material);
    let kid = base64url::encode(of_text(&members).as_bytes());
    let members = members.strip_suffix('}').unwrap_or_default();
    format!(r#"{members},"use":"sig","alg":"{algorithm}","kid":"{kid}"}}"#)
}

fn of_text(text: &str) -> KeyId {
    of_bytes(digest::digest(&digest::SHA256, text.as_bytes()).as_ref())
}

fn of_bytes(hash: &[u8]) -> KeyId {
    let mut id = [0; 32];
    id.iter_mut().zip(hash).for_each(|(to, from)| *to = *from);
    KeyId::new(id)
}

/// Returns the required members in the order of RFC 7638 section 3.2, without white space; no
/// members for a secret.
fn members(material: &Material) -> String {
    match material {
        Material::Ed25519(x) => {
            let x = base64url::encode(x);
            format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#)
        }
        Material::Ec(curve, point) => {
            let both = point.get(1..).unwrap_or_default();
            let (x, y) = both.split_at_checked(curve.len()).unwrap_or_default();
            let (crv, x, y) = (curve.name(), base64url::encode(x), base64url::encode(y));
            format!(r#"{{"crv":"{crv}","kty":"EC","x":"{x}","y":"{y}"}}"#)
        }
        Material::Rsa(n, e) => {
            let (n, e) = (base64url::encode(n), base64url::encode(e));
            format!(r#"{{"e":"{e}","kty":"RSA","n":"{n}"}}"#)
        }
        Material::Secret(_) => "{}".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::key::{Key, test_samples};

    /// RFC 7638 section 3.1.
    const N: &str = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_\
                     BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR\
                     0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFT\
                     WhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw";

    #[test]
    fn thumbprint_of_the_rfc_7638_example() {
        let jwk = json!({
            "kty": "RSA", "n": N, "e": "AQAB", "alg": "RS256", "kid": "2011-04-29",
        });
        let key = Key::from_jwk(jwk.to_string()).unwrap();
        let expected = "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs";
        assert_eq!(key.thumbprint().unwrap(), expected);
    }

    #[test]
    fn thumbprint_of_the_rfc_8037_example() {
        let jwk = json!({
            "kty": "OKP", "crv": "Ed25519",
            "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
        });
        let key = Key::from_jwk(jwk.to_string()).unwrap();
        let expected = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k";
        assert_eq!(key.thumbprint().unwrap(), expected);
    }

    #[test]
    fn thumbprint_does_not_depend_on_form_order_or_other_members() {
        for pem in [
            test_samples::RSA,
            test_samples::ES256,
            test_samples::ES384,
            test_samples::ED25519,
        ] {
            let plain = Key::from_pem(pem).unwrap();
            let jwk = test_samples::jwk_with(pem, json!({"zzz": 1, "kid": "k", "use": "sig"}));
            let jwk = Key::from_jwk(jwk.to_string()).unwrap();
            let der = Key::from_der(test_samples::der(pem)).unwrap();
            assert_eq!(plain.thumbprint(), jwk.thumbprint());
            assert_eq!(plain.thumbprint(), der.thumbprint());
            assert_eq!(plain.id(), jwk.id());
        }
    }

    #[test]
    fn leading_zeros_of_a_modulus_do_not_change_the_thumbprint() {
        let plain = json!({"kty": "RSA", "n": N, "e": "AQAB"});
        let bytes = [vec![0], crate::credential::base64url::decode(N).unwrap()].concat();
        let padded =
            json!({"kty": "RSA", "n": crate::credential::base64url::encode(bytes), "e": "AAEAAQ"});
        let thumbprint =
            |jwk: serde_json::Value| Key::from_jwk(jwk.to_string()).unwrap().thumbprint();
        assert_eq!(thumbprint(plain), thumbprint(padded));
    }

    #[test]
    fn a_secret_has_an_identity_but_no_thumbprint() {
        let key = Key::from_secret(vec![7; 32]).unwrap();
        assert_eq!(key.thumbprint(), None);
        assert_eq!(key.id(), Key::from_secret(vec![7; 32]).unwrap().id());
        assert_ne!(key.id(), Key::from_secret(vec![8; 32]).unwrap().id());
        let hash = ring::digest::digest(&ring::digest::SHA256, &[7; 32]);
        assert_ne!(key.id().as_bytes(), hash.as_ref());
        assert_eq!(format!("{:?}", key.id()), "KeyId([redacted])");
    }
}
