//! Import of keys that decrypt, each for one algorithm.

use std::fmt;

use super::algorithm::{ContentEncryption, KeyManagement};
use super::key::{DecryptionKey, KeyMaterial};
use crate::credential::base64url;
use crate::crypto::decrypt::{AgreementCurve, AgreementKey, RsaDecryptionKey};
use crate::crypto::pkcs8::rsa_pkcs8;
use crate::error::ConfigError;
use crate::json::Value;
use crate::limits;
use crate::secret::Secret;

const FIELD: &str = "decryption_key";

impl DecryptionKey {
    /// Imports a private or symmetric JWK (RFC 7517) for the algorithm that it names. For `dir` the JWK
    /// may name the algorithm of the content, and then decrypts no other content.
    ///
    /// # Errors
    ///
    /// [`ValueMalformed`](crate::error::ConfigErrorKind::ValueMalformed) if it is no such key, names no
    /// algorithm or one that does not exist here, or if its `use` or `key_ops` forbid it;
    /// [`KeyWeak`](crate::error::ConfigErrorKind::KeyWeak) for an RSA key under 2 048 bits.
    pub fn from_jwk(jwk: impl AsRef<[u8]>) -> Result<Self, ConfigError> {
        Self::read(jwk.as_ref(), None)
    }

    /// Imports a JWK like [`from_jwk`](Self::from_jwk), for an algorithm that it need not name.
    ///
    /// # Errors
    ///
    /// As [`from_jwk`](Self::from_jwk), and if it names another algorithm.
    pub fn from_jwk_for(
        jwk: impl AsRef<[u8]>,
        algorithm: KeyManagement,
    ) -> Result<Self, ConfigError> {
        Self::read(jwk.as_ref(), Some(algorithm))
    }

    /// Imports a private key in PEM (PKCS#8) for one algorithm.
    ///
    /// # Errors
    ///
    /// As [`from_jwk`](Self::from_jwk).
    pub fn from_pem(algorithm: KeyManagement, pem: impl AsRef<[u8]>) -> Result<Self, ConfigError> {
        let text = str::from_utf8(pem.as_ref()).unwrap_or_default();
        let body = text
            .trim()
            .strip_prefix("-----BEGIN PRIVATE KEY-----")
            .and_then(|rest| rest.strip_suffix("-----END PRIVATE KEY-----"));
        let body: String = body.unwrap_or_default().split_ascii_whitespace().collect();
        let der = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, body);
        let der =
            der.map_err(|_| malformed("expected one PEM block `PRIVATE KEY`, found another text"))?;
        let material = match algorithm.oaep() {
            Some(_) => rsa(&der)?,
            None => {
                KeyMaterial::Agreement(AgreementKey::from_pkcs8(&der).ok_or_else(|| {
                    malformed("expected a key on P-256, P-384 or X25519 in PKCS#8")
                })?)
            }
        };
        if algorithm.oaep().is_none() && !algorithm.is_agreement() {
            return Err(malformed(
                "expected an algorithm of private keys, found one of secrets",
            ));
        }
        Ok(Self::new(None, algorithm, material))
    }

    /// Takes a shared secret that is the key of the content (`dir`).
    ///
    /// # Errors
    ///
    /// [`KeyWeak`](crate::error::ConfigErrorKind::KeyWeak) if no algorithm has keys of this length.
    pub fn direct(secret: impl Into<Secret>) -> Result<Self, ConfigError> {
        let secret = secret.into();
        check_direct(&secret)?;
        Ok(Self::new(
            None,
            KeyManagement::Dir,
            KeyMaterial::Secret(secret),
        ))
    }

    fn read(jwk: &[u8], wanted: Option<KeyManagement>) -> Result<Self, ConfigError> {
        let value = Value::parse(jwk);
        let jwk =
            value.map_err(|error| malformed("expected a JWK, found no JSON").with_source(error))?;
        let jwk = Jwk(jwk);
        jwk.check_purpose()?;
        let algorithm = jwk.algorithm(wanted)?;
        let kid = match jwk.get("kid") {
            None => None,
            Some(kid) => {
                let kid = kid
                    .as_str()
                    .ok_or_else(|| malformed("expected a string as `kid`"))?;
                Some(kid.into_owned())
            }
        };
        let material = match (&*jwk.text("kty")?, algorithm) {
            ("RSA", own) if own.oaep().is_some() => jwk.rsa()?,
            ("EC" | "OKP", own) if own.is_agreement() => jwk.agreement()?,
            ("oct", KeyManagement::Dir) => jwk.direct()?,
            ("oct", own) if !own.is_agreement() && own.oaep().is_none() => jwk.wrapping(own)?,
            _ => {
                return Err(malformed(
                    "expected a key of the type of its algorithm, found another",
                ));
            }
        };
        let content = jwk.content();
        Ok(Self::new(kid, algorithm, material).of_content(content))
    }
}

struct Jwk<'j>(Value<'j>);

impl<'j> Jwk<'j> {
    fn get(&self, name: &str) -> Option<Value<'j>> {
        let mut members = self.0.members()?;
        Some(members.find(|(own, _)| own.is(name))?.1)
    }

    fn text(&self, name: &'static str) -> Result<std::borrow::Cow<'j, str>, ConfigError> {
        let text = self.get(name).and_then(Value::as_str);
        text.ok_or_else(|| malformed(format!("expected a string as `{name}`, found none")))
    }

    fn bytes(&self, name: &'static str) -> Result<Vec<u8>, ConfigError> {
        let decoded = self
            .get(name)
            .and_then(|value| base64url::decode(value.content()?));
        decoded.ok_or_else(|| malformed(format!("expected base64url as `{name}`, found none")))
    }

    /// Checks `use` and `key_ops`: a key that signs must not decrypt.
    fn check_purpose(&self) -> Result<(), ConfigError> {
        let is_for_encryption = self.get("use").is_none_or(|value| value.is_text("enc"));
        let operations = ["decrypt", "unwrapKey", "deriveKey", "deriveBits"];
        let is_allowed = self.get("key_ops").is_none_or(|all| {
            let mut all = all.elements().into_iter().flatten();
            all.any(|own| operations.iter().any(|known| own.is_text(known)))
        });
        match is_for_encryption && is_allowed {
            true => Ok(()),
            false => Err(malformed(
                "expected a key that decrypts, found a `use` or `key_ops` that forbids it",
            )),
        }
    }

    fn algorithm(&self, wanted: Option<KeyManagement>) -> Result<KeyManagement, ConfigError> {
        let Some(alg) = self.get("alg") else {
            return wanted.ok_or_else(|| malformed("expected the algorithm of the key as `alg`"));
        };
        let alg = alg.as_str().unwrap_or_default();
        // A shared key of the content may name the algorithm of the content.
        let own = KeyManagement::from_name(&alg)
            .or_else(|| ContentEncryption::from_name(&alg).map(|_| KeyManagement::Dir));
        let own = own.ok_or_else(|| malformed("expected an algorithm of this crate as `alg`"))?;
        match wanted {
            Some(wanted) if wanted != own => Err(malformed(format!(
                "expected a key for `{wanted}`, found one for `{own}`"
            ))),
            _ => Ok(own),
        }
    }

    /// Returns the algorithm of the content that a shared key names as its own.
    fn content(&self) -> Option<ContentEncryption> {
        let alg = self.get("alg").and_then(Value::as_str)?;
        ContentEncryption::from_name(&alg)
    }

    fn rsa(&self) -> Result<KeyMaterial, ConfigError> {
        let mut numbers: [Vec<u8>; 8] = Default::default();
        let names = ["n", "e", "d", "p", "q", "dp", "dq", "qi"];
        for (number, name) in numbers.iter_mut().zip(names) {
            *number = self.bytes(name)?;
        }
        rsa(&rsa_pkcs8(&numbers))
    }

    fn agreement(&self) -> Result<KeyMaterial, ConfigError> {
        let (kty, crv) = (self.text("kty")?, self.text("crv")?);
        let curve = AgreementCurve::from_names(&kty, &crv);
        let curve = curve.ok_or_else(|| malformed("expected P-256, P-384 or X25519 as `crv`"))?;
        let key = AgreementKey::new(curve, &self.bytes("d")?);
        let key = key.ok_or_else(|| malformed("expected a private key of its curve as `d`"))?;
        Ok(KeyMaterial::Agreement(key))
    }

    fn direct(&self) -> Result<KeyMaterial, ConfigError> {
        let secret = Secret::new(self.bytes("k")?);
        check_direct(&secret)?;
        if self
            .content()
            .is_some_and(|own| own.lengths().0 != secret.expose().len())
        {
            return Err(malformed(
                "expected a secret of the length of its algorithm",
            ));
        }
        Ok(KeyMaterial::Secret(secret))
    }

    fn wrapping(&self, algorithm: KeyManagement) -> Result<KeyMaterial, ConfigError> {
        let secret = Secret::new(self.bytes("k")?);
        match algorithm.wrapping_bytes() == Some(secret.expose().len()) {
            true => Ok(KeyMaterial::Secret(secret)),
            false => Err(malformed(
                "expected a secret of the length of its algorithm",
            )),
        }
    }
}

fn check_direct(secret: &Secret) -> Result<(), ConfigError> {
    let length = secret.expose().len();
    let fits = |own: &ContentEncryption| own.lengths().0 == length;
    match ContentEncryption::ALL.iter().any(fits) {
        true => Ok(()),
        false => Err(ConfigError::new(
            crate::error::ConfigErrorKind::KeyWeak,
            FIELD,
            "expected a secret of 16, 32 or 64 bytes, found another length; make a new one",
        )),
    }
}

fn rsa(der: &[u8]) -> Result<KeyMaterial, ConfigError> {
    let key = RsaDecryptionKey::from_pkcs8(der);
    let key = key.ok_or_else(|| malformed("expected a private RSA key of 2048 to 8192 bits"))?;
    let range = limits::RSA_BITS_MIN..=limits::RSA_BITS_MAX;
    if !range.contains(&key.bits()) {
        return Err(ConfigError::out_of_range(FIELD, key.bits(), range));
    }
    Ok(KeyMaterial::Rsa(key))
}

fn malformed(detail: impl fmt::Display) -> ConfigError {
    ConfigError::malformed(FIELD, detail.to_string())
}
