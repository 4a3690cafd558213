//! Private keys that sign access tokens.

use std::fmt;
use std::sync::Arc;

use jsonwebtoken::{EncodingKey, Header};
use ring::error::Unspecified;
use signature::Signer;
use zeroize::Zeroizing;

use crate::credential::base64url;
use crate::crypto::signing::Signing;
use crate::crypto::{Algorithm, Algorithms, Flaw, signing};
use crate::error::{ConfigError, ConfigErrorKind};
use crate::key::{Key, KeyImporter, pem};
use crate::limits;
use crate::secret::Secret;

/// A private key, or a secret, bound to one algorithm; cheap to clone.
///
/// Its `kid` is the RFC 7638 thumbprint of its public half, so that no two keys share one. The
/// private half is only returned inside
/// [`SigningKeys::to_secret`](crate::issuer::SigningKeys::to_secret); `Debug` shows algorithm and
/// `kid`.
///
/// ```
/// use bearergate::crypto::Algorithm;
/// use bearergate::issuer::SigningKey;
///
/// let key = SigningKey::generate(Algorithm::Es256)?;
/// assert_eq!(key.algorithm(), Algorithm::Es256);
/// assert_eq!(key.kid().len(), 43);
/// # Ok::<(), bearergate::ConfigError>(())
/// ```
#[derive(Clone)]
pub struct SigningKey(Arc<SigningKeyInner>);

struct SigningKeyInner {
    algorithm: Algorithm,
    signing: Signing,
    /// The private key in DER, or the secret.
    private: Secret,
    /// The public half, or the secret as a key.
    public: Key,
    /// What is published; `None` for a secret.
    jwk: Option<Box<str>>,
    header: Box<str>,
}

impl SigningKey {
    /// Generates a key for `ES256`, `ES384` or `EdDSA` from the system's random source.
    ///
    /// ```
    /// use bearergate::crypto::Algorithm;
    /// use bearergate::error::ConfigErrorKind;
    /// use bearergate::issuer::SigningKey;
    ///
    /// assert!(SigningKey::generate(Algorithm::EdDsa).is_ok());
    /// let error = SigningKey::generate(Algorithm::Rs256).unwrap_err();
    /// assert_eq!(error.kind(), ConfigErrorKind::AlgorithmUnusable);
    /// ```
    ///
    /// # Errors
    ///
    /// [`AlgorithmUnusable`](ConfigErrorKind::AlgorithmUnusable) for any other algorithm,
    /// [`NoUsableKey`](ConfigErrorKind::NoUsableKey) if the random source fails.
    pub fn generate(algorithm: Algorithm) -> Result<Self, ConfigError> {
        let Some(der) = signing::generate(algorithm) else {
            return Err(ConfigError::new(
                ConfigErrorKind::AlgorithmUnusable,
                "algorithm",
                format!(
                    "no key can be generated for {algorithm}; use ES256, ES384 or EdDSA, or read \
                     an RSA key from PEM"
                ),
            ));
        };
        let der = der.map_err(|_| ConfigError::no_random("algorithm"))?;
        Self::from_der(algorithm, Secret::new(der.to_vec()))
            .map_err(|flaw| flaw.in_field("algorithm"))
    }

    /// Reads a private key from one PEM block, with lines of text before it or none: an RSA key of 2048 to 8192 bits (`PRIVATE KEY` or `RSA PRIVATE KEY`), or a P-256, P-384 or Ed25519
    /// key (`PRIVATE KEY`, an EC key with its public half). The algorithm must be one of its type.
    ///
    /// ```
    /// use bearergate::crypto::Algorithm;
    /// use bearergate::issuer::SigningKey;
    ///
    /// // A test key. Read yours from where you keep secrets.
    /// let pem = include_str!("../../tests/keys/rsa-2048.private.pem");
    /// let key = SigningKey::from_pem(Algorithm::Ps256, pem)?;
    /// assert!(SigningKey::from_pem(Algorithm::Es256, pem).is_err());
    /// # Ok::<(), bearergate::ConfigError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`AlgorithmUnusable`](ConfigErrorKind::AlgorithmUnusable) for a MAC, whose secret cannot be
    /// published, and for `ES512`; [`KeyWeak`](ConfigErrorKind::KeyWeak); or
    /// [`KeyMalformed`](ConfigErrorKind::KeyMalformed) for any other text, also for a public or an
    /// encrypted key.
    pub fn from_pem(algorithm: Algorithm, pem: impl AsRef<[u8]>) -> Result<Self, ConfigError> {
        pem::private_key(pem.as_ref())
            .and_then(|der| Self::from_der(algorithm, Secret::new(der.to_vec())))
            .map_err(|flaw| flaw.in_field("pem"))
    }

    /// Makes an `HS256` key of a secret that the verifiers have too: at least 32 random bytes. **Every
    /// service that can verify its tokens can also mint them**, as any subject, so share it among
    /// your own services only, and prefer a key pair ([`generate`](Self::generate)).
    ///
    /// The key is never published: a JWK Set of the issuer leaves it out. A validator in the same
    /// process gets it from the [`JwtIssuer`](crate::issuer::JwtIssuer), and any other is given the
    /// secret by [`Key::from_secret`], with the [`kid`](Self::kid) if it has several.
    ///
    /// ```
    /// use bearergate::error::ConfigErrorKind;
    /// use bearergate::issuer::SigningKey;
    ///
    /// // A test secret. Read yours from where you keep secrets.
    /// let key = SigningKey::hs256_verifiers_can_mint(vec![7; 32])?;
    /// assert_eq!(key.algorithm().as_str(), "HS256");
    /// let error = SigningKey::hs256_verifiers_can_mint(vec![7; 31]).unwrap_err();
    /// assert_eq!(error.kind(), ConfigErrorKind::KeyWeak);
    /// # Ok::<(), bearergate::ConfigError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`KeyWeak`](ConfigErrorKind::KeyWeak) for a secret shorter than 32 bytes,
    /// [`OutOfRange`](ConfigErrorKind::OutOfRange) for one longer than 5 632, and
    /// [`KeyMalformed`](ConfigErrorKind::KeyMalformed) for bytes that look like a PEM, JWK, DER or SSH
    /// key.
    pub fn hs256_verifiers_can_mint(secret: impl Into<Secret>) -> Result<Self, ConfigError> {
        let (secret, range) = (secret.into(), ..=limits::PRIVATE_KEY_BYTES);
        let len = secret.expose().len();
        if !range.contains(&len) {
            return Err(ConfigError::size_out_of_range(
                "secret", len, "bytes", range,
            ));
        }
        Self::from_shared_secret(secret).map_err(|flaw| flaw.in_field("secret"))
    }

    /// Returns the algorithm of its signatures, the only one that the key is published for (`alg`
    /// of RFC 7517 section 4.4).
    pub fn algorithm(&self) -> Algorithm {
        self.0.algorithm
    }

    /// Returns the `kid` under which the public half is published, and which each token's header
    /// names: its RFC 7638 thumbprint, 43 characters of base64url. That of an `HS256` key is a MAC of
    /// a constant text under the secret, of the same form.
    pub fn kid(&self) -> &str {
        self.0.public.kid().unwrap_or_default()
    }

    /// Signs a message, or returns `None` if no random numbers are available.
    pub(crate) fn sign(&self, message: &[u8]) -> Option<Vec<u8>> {
        self.0.signing.try_sign(message).ok()
    }

    pub(super) fn public(&self) -> &Key {
        &self.0.public
    }

    /// Reads a secret that signs `HS256`.
    pub(super) fn from_shared_secret(secret: Secret) -> Result<Self, Flaw> {
        if secret.expose().len() > limits::PRIVATE_KEY_BYTES {
            return Err(UNFIT);
        }
        let algorithm = Algorithm::Hs256;
        let signing = Signing::hs256(secret.expose());
        let copy = Secret::new(secret.expose().to_vec());
        let key = KeyImporter::default().secret_signer(copy)?;
        let header = header(
            jsonwebtoken::Algorithm::HS256,
            key.kid().unwrap_or_default(),
        )?;
        Ok(Self(Arc::new(SigningKeyInner {
            algorithm,
            signing,
            private: secret,
            public: key,
            jwk: None,
            header,
        })))
    }

    /// Reads PKCS#8 or, for RSA, PKCS#1.
    pub(super) fn from_der(algorithm: Algorithm, der: Secret) -> Result<Self, Flaw> {
        if Algorithms::MAC.contains(algorithm) {
            return Err(MAC);
        }
        let signed = signing::to_jsonwebtoken(algorithm).ok_or(UNSIGNED)?;
        if der.expose().len() > limits::PRIVATE_KEY_BYTES {
            return Err(UNFIT);
        }
        let key = match algorithm {
            Algorithm::EdDsa => EncodingKey::from_ed_der(der.expose()),
            Algorithm::Es256 | Algorithm::Es384 => EncodingKey::from_ec_der(der.expose()),
            _ => EncodingKey::from_rsa_der(der.expose()),
        };
        let signing = Signing::new(&signed, &key).map_err(|_| UNFIT)?;
        let (public, jwk) = KeyImporter::default().signer(signing.public()?, algorithm)?;
        let header = header(signed, public.kid().unwrap_or_default())?;
        Ok(Self(Arc::new(SigningKeyInner {
            algorithm,
            signing,
            private: der,
            public,
            jwk: Some(jwk.into()),
            header,
        })))
    }

    /// Returns the private key in DER, or the secret.
    pub(super) fn private(&self) -> &Secret {
        &self.0.private
    }

    /// Returns true for a secret, which is never published.
    pub(super) fn is_shared_secret(&self) -> bool {
        self.0.jwk.is_none()
    }

    /// Returns the public half as the JWK to publish; a secret has none.
    pub(super) fn jwk(&self) -> Option<&str> {
        self.0.jwk.as_deref()
    }

    /// Returns the compact token with this payload.
    pub(super) fn token(&self, payload: &str) -> Result<Zeroizing<String>, Unspecified> {
        let mut token = Zeroizing::new(format!("{}.{}", self.0.header, base64url::encode(payload)));
        let signature = self.0.signing.try_sign(token.as_bytes());
        token.push('.');
        token.push_str(&base64url::encode(signature.map_err(|_| Unspecified)?));
        Ok(token)
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey")
            .field("algorithm", &self.algorithm())
            .field("kid", &self.kid())
            .finish_non_exhaustive()
    }
}

/// Returns the encoded header, the same for every token of a key (RFC 9068 section 2.1).
fn header(algorithm: jsonwebtoken::Algorithm, kid: &str) -> Result<Box<str>, Flaw> {
    let mut header = Header::new(algorithm);
    header.typ = Some("at+jwt".to_owned());
    header.kid = Some(kid.to_owned());
    let text = serde_json::to_vec(&header).map_err(|_| UNFIT)?;
    Ok(base64url::encode(text).into())
}

const MAC: Flaw = Flaw(
    ConfigErrorKind::AlgorithmUnusable,
    "a MAC secret cannot be published for others to verify; use ES256, ES384, EdDSA or RSA, or \
     `SigningKey::hs256_verifiers_can_mint` among your own services",
);
const UNSIGNED: Flaw = Flaw(
    ConfigErrorKind::AlgorithmUnusable,
    "ES512 can be verified, not signed; use ES256, ES384, EdDSA or RSA",
);
const UNFIT: Flaw = Flaw::malformed(
    "expected a private key of the algorithm's type; give PKCS#8 with the public half",
);

#[cfg(test)]
mod tests {
    use super::*;

    const RSA: &str = include_str!("../../tests/keys/rsa-2048.private.pem");

    fn pems() -> [(&'static str, &'static str, &'static [Algorithm]); 4] {
        use Algorithm::*;
        [
            (
                include_str!("../../tests/keys/ed25519.private.pem"),
                include_str!("../../tests/keys/ed25519.public.pem"),
                &[EdDsa],
            ),
            (
                include_str!("../../tests/keys/es256.private.pem"),
                include_str!("../../tests/keys/es256.public.pem"),
                &[Es256],
            ),
            (
                include_str!("../../tests/keys/es384.private.pem"),
                include_str!("../../tests/keys/es384.public.pem"),
                &[Es384],
            ),
            (
                RSA,
                include_str!("../../tests/keys/rsa-2048.public.pem"),
                &[Ps256, Ps384, Ps512, Rs256, Rs384, Rs512],
            ),
        ]
    }

    #[test]
    fn private_key_signs_only_with_algorithms_of_its_type() {
        for (private, public, served) in pems() {
            for algorithm in Algorithm::ALL {
                let key = SigningKey::from_pem(*algorithm, private);
                assert_eq!(key.is_ok(), served.contains(algorithm), "{algorithm}");
                let Ok(key) = key else { continue };
                let published = Key::from_pem(public).unwrap();
                assert_eq!(key.public().id(), published.id());
                assert_eq!(Some(key.kid()), published.thumbprint().as_deref());
                assert_eq!(key.public().algorithms(), (*algorithm).into());
            }
        }
    }

    #[test]
    fn published_jwk_is_the_public_half() {
        for (private, _, served) in pems() {
            for algorithm in served {
                let key = SigningKey::from_pem(*algorithm, private).unwrap();
                let read = Key::from_jwk(key.jwk().unwrap()).unwrap();
                assert_eq!(read.id(), key.public().id());
                assert_eq!(read.kid(), Some(key.kid()));
                assert_eq!(read.algorithms(), (*algorithm).into());
            }
        }
    }

    #[test]
    fn generated_keys_differ_and_match_their_algorithm() {
        for algorithm in Algorithm::ALL {
            let key = SigningKey::generate(*algorithm);
            let is_generated = matches!(
                algorithm,
                Algorithm::EdDsa | Algorithm::Es256 | Algorithm::Es384
            );
            assert_eq!(key.is_ok(), is_generated, "{algorithm}");
            let Ok(key) = key else { continue };
            let other = SigningKey::generate(*algorithm).unwrap();
            assert_ne!(key.kid(), other.kid());
            let token = key.token("{}").unwrap();
            let (message, signature) = token.rsplit_once('.').unwrap();
            let signature = base64url::decode(signature).unwrap();
            let verifies = |key: &SigningKey| {
                key.public()
                    .verify(*algorithm, message.as_bytes(), &signature)
            };
            assert!(verifies(&key) && !verifies(&other));
        }
    }

    #[test]
    fn mac_algorithms_are_rejected() {
        for algorithm in Algorithms::MAC.iter() {
            let error = SigningKey::from_pem(algorithm, RSA).unwrap_err();
            assert_eq!(error.kind(), ConfigErrorKind::AlgorithmUnusable);
        }
    }

    #[test]
    fn text_other_than_one_plain_private_key_is_rejected() {
        let kind = |pem: &str| {
            SigningKey::from_pem(Algorithm::Rs256, pem)
                .unwrap_err()
                .kind()
        };
        assert!(SigningKey::from_pem(Algorithm::Rs256, format!("\n{RSA}\n")).is_ok());
        let encrypted = RSA.replace("PRIVATE KEY", "ENCRYPTED PRIVATE KEY");
        for pem in [
            "",
            RSA.strip_prefix('-').unwrap(),
            &format!("{RSA}{RSA}"),
            &format!("x{RSA}"),
            &RSA.replace("PRIVATE KEY", "PUBLIC KEY"),
            &RSA.replace("PRIVATE KEY", "EC PRIVATE KEY"),
            &encrypted,
            &RSA.replace("\nMII", "\nMIJ"),
            include_str!("../../tests/keys/rsa-2048.public.pem"),
            include_str!("../../tests/keys/rsa-2048.certificate.pem"),
        ] {
            assert_eq!(kind(pem), ConfigErrorKind::KeyMalformed, "{pem}");
        }
    }
}
