//! Private keys in the form of a JWK.

use zeroize::Zeroizing;

use super::signing_key::SigningKey;
use crate::credential::base64url;
use crate::crypto::pkcs8::{ec_pkcs8, ed25519_pkcs8, rsa_pkcs8};
use crate::crypto::{Algorithm, Curve};
use crate::error::ConfigError;
use crate::json::Value;
use crate::secret::Secret;

const FIELD: &str = "jwk";

impl SigningKey {
    /// Imports a private JWK (RFC 7517) that names its algorithm in `alg`. Its [`kid`](Self::kid) is the
    /// thumbprint, whatever `kid` the JWK has.
    ///
    /// # Errors
    ///
    /// [`ValueMalformed`](crate::error::ConfigErrorKind::ValueMalformed) if it is no such key,
    /// and the errors of [`from_pem`](Self::from_pem).
    pub fn from_jwk(jwk: impl AsRef<[u8]>) -> Result<Self, ConfigError> {
        let value = Value::parse(jwk.as_ref());
        let jwk =
            Jwk(value
                .map_err(|error| malformed("expected a JWK, found no JSON").with_source(error))?);
        let alg = jwk.member("alg").and_then(Value::as_str);
        let algorithm = alg.as_deref().and_then(Algorithm::from_name);
        let algorithm =
            algorithm.ok_or_else(|| malformed("expected the algorithm of the key as `alg`"))?;
        let der = jwk.pkcs8(algorithm);
        let der =
            der.ok_or_else(|| malformed("expected a private key for its `alg`, found another"))?;
        let key = Self::from_der(algorithm, Secret::new(der.to_vec()));
        key.map_err(|flaw| flaw.in_field(FIELD))
    }
}

struct Jwk<'j>(Value<'j>);

impl<'j> Jwk<'j> {
    fn member(&self, name: &str) -> Option<Value<'j>> {
        let mut members = self.0.members()?;
        Some(members.find(|(own, _)| own.is(name))?.1)
    }

    fn bytes(&self, name: &str) -> Option<Vec<u8>> {
        base64url::decode(self.member(name)?.content()?)
    }

    fn is(&self, name: &str, text: &str) -> bool {
        self.member(name).is_some_and(|value| value.is_text(text))
    }

    fn pkcs8(&self, algorithm: Algorithm) -> Option<Zeroizing<Vec<u8>>> {
        let curve = match algorithm {
            Algorithm::Es256 => Curve::P256,
            Algorithm::Es384 => Curve::P384,
            Algorithm::EdDsa => {
                let is_own = self.is("kty", "OKP") && self.is("crv", "Ed25519");
                let seed = self.bytes("d").filter(|seed| is_own && seed.len() == 32)?;
                return Some(ed25519_pkcs8(&seed));
            }
            _ if self.is("kty", "RSA") => return self.rsa(),
            _ => return None,
        };
        let is_own = self.is("kty", "EC") && self.is("crv", curve.name());
        let private = self
            .bytes("d")
            .filter(|d| is_own && d.len() == curve.len())?;
        let point = [vec![4], self.bytes("x")?, self.bytes("y")?].concat();
        ec_pkcs8(curve, &private, &point)
    }

    fn rsa(&self) -> Option<Zeroizing<Vec<u8>>> {
        let mut numbers: [Vec<u8>; 8] = Default::default();
        let names = ["n", "e", "d", "p", "q", "dp", "dq", "qi"];
        for (number, name) in numbers.iter_mut().zip(names) {
            *number = self.bytes(name)?;
        }
        Some(rsa_pkcs8(&numbers))
    }
}

fn malformed(detail: &'static str) -> ConfigError {
    ConfigError::malformed(FIELD, detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    // RFC 8037 appendix A.1, RFC 7517 appendix A.2, RFC 7515 appendix A.2.
    const ED: &str = r#"{"kty":"OKP","crv":"Ed25519","alg":"EdDSA",
        "d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
        "x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
    const EC: &str = r#"{"kty":"EC","crv":"P-256","alg":"ES256",
        "x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        "y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
        "d":"jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"}"#;

    #[test]
    fn private_keys_are_read_and_sign() {
        for jwk in [ED, EC] {
            let key = SigningKey::from_jwk(jwk).unwrap();
            let signature = key.sign(b"message").unwrap();
            assert!(key.public().verify(key.algorithm(), b"message", &signature));
        }
    }

    #[test]
    fn what_is_no_private_key_for_its_algorithm_is_refused() {
        for bad in [
            "",
            "{}",
            &ED.replace("EdDSA", "ES256"),
            &EC.replace("ES256", "EdDSA"),
            &EC.replace("ES256", "HS256"),
            &EC.replace(r#""d":"#, r#""e":"#),
            &ED.replace("nWGx", "nW"),
            &EC.replace("P-256", "P-384"),
        ] {
            assert!(SigningKey::from_jwk(bad).is_err(), "{bad}");
        }
    }
}
