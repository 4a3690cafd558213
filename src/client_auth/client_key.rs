//! Client assertions, signed with a private key (RFC 7523, OpenID Connect Core section 9).

use std::fmt;
use std::time::Duration;

use jsonwebtoken::EncodingKey;
use ring::rand::{SecureRandom, SystemRandom};
use serde_json::json;
use signature::Signer;
use zeroize::Zeroizing;

use crate::clock::UnixTime;
use crate::credential::base64url;
use crate::crypto::signing::Signing;
use crate::crypto::{Algorithm, Algorithms, Flaw, signing};
use crate::error::ConfigError;
use crate::key::pem;

/// A private key with which this service signs assertions of its identity, for
/// [`ClientAuth::private_key_jwt`](crate::client_auth::ClientAuth::private_key_jwt).
///
/// Each assertion is valid for one minute and has a random `jti`. `Debug` shows the algorithm and
/// the key id only.
///
/// ```
/// use bearergate::client_auth::{ClientAuth, ClientKey};
/// use bearergate::crypto::Algorithm;
///
/// // A test key. Read the real one from a secret store.
/// let pem = include_str!("../../tests/keys/rsa-2048.private.pem");
/// let key = ClientKey::from_pem(Algorithm::Rs256, pem)?.key_id("orders-api-1");
/// let auth = ClientAuth::private_key_jwt("orders-api", key)?;
/// assert_eq!(auth.client(), Some("orders-api"));
/// # Ok::<(), bearergate::ConfigError>(())
/// ```
pub struct ClientKey {
    algorithm: Algorithm,
    signing: Signing,
    kid: Option<Box<str>>,
    audience: Option<Box<str>>,
}

impl ClientKey {
    /// Imports a private key from one PEM block, to sign under this algorithm.
    ///
    /// It is an RSA key of 2048 to 8192 bits (`PRIVATE KEY` or `RSA PRIVATE KEY`), or a P-256,
    /// P-384 or Ed25519 key (`PRIVATE KEY`). The algorithm must fit the type of the key.
    ///
    /// # Errors
    ///
    /// [`KeyWeak`](crate::error::ConfigErrorKind::KeyWeak) for a weak RSA key, and
    /// [`KeyMalformed`](crate::error::ConfigErrorKind::KeyMalformed) for anything else, including a
    /// secret and a public key.
    pub fn from_pem(algorithm: Algorithm, pem: impl AsRef<[u8]>) -> Result<Self, ConfigError> {
        Self::read(algorithm, pem.as_ref()).map_err(|flaw| flaw.in_field("client_key"))
    }

    fn read(algorithm: Algorithm, pem: &[u8]) -> Result<Self, Flaw> {
        if Algorithms::MAC.contains(algorithm) {
            return Err(UNFIT);
        }
        let signed = signing::to_jsonwebtoken(algorithm).ok_or(UNFIT)?;
        let der = pem::private_key(pem)?;
        let key = match algorithm {
            Algorithm::EdDsa => EncodingKey::from_ed_der(&der),
            Algorithm::Es256 | Algorithm::Es384 => EncodingKey::from_ec_der(&der),
            _ => EncodingKey::from_rsa_der(&der),
        };
        let signing = Signing::new(&signed, &key).map_err(|_| UNFIT)?;
        signing.public()?;
        Ok(Self {
            algorithm,
            signing,
            kid: None,
            audience: None,
        })
    }

    /// Sets the `kid` of the assertions: the key id under which the provider registered the key. By
    /// default there is none.
    #[must_use]
    pub fn key_id(mut self, kid: impl Into<Box<str>>) -> Self {
        self.kid = Some(kid.into());
        self
    }

    /// Sets the `aud` of the assertions; by default it is the URL that they are sent to.
    ///
    /// Many providers demand their issuer or their token endpoint here, and refuse other values.
    #[must_use]
    pub fn audience(mut self, audience: impl Into<Box<str>>) -> Self {
        self.audience = Some(audience.into());
        self
    }

    /// Signs a new assertion. Returns `None` if no random numbers are available.
    pub(crate) fn assertion(&self, claims: &AssertionClaims<'_>) -> Option<Zeroizing<String>> {
        let mut id = [0; 16];
        SystemRandom::new().fill(&mut id).ok()?;
        let mut header = json!({"alg": self.algorithm.as_str(), "typ": "JWT"});
        if let (Some(kid), Some(members)) = (&self.kid, header.as_object_mut()) {
            members.insert("kid".to_owned(), (**kid).into());
        }
        let payload = json!({
            "iss": claims.client,
            "sub": claims.client,
            "aud": self.audience.as_deref().unwrap_or(claims.endpoint),
            "iat": claims.now.as_secs(),
            "exp": claims.now.saturating_add(LIFETIME).as_secs(),
            "jti": base64url::encode(id),
        });
        let (header, payload) = (header.to_string(), payload.to_string());
        let mut token = base64url::encode(header);
        token.push('.');
        token.push_str(&base64url::encode(payload));
        let signature = self.signing.try_sign(token.as_bytes()).ok()?;
        token.push('.');
        token.push_str(&base64url::encode(signature));
        Some(Zeroizing::new(token))
    }
}

/// The claims of an assertion that depend on the request.
pub(crate) struct AssertionClaims<'a> {
    pub(crate) client: &'a str,
    pub(crate) endpoint: &'a str,
    pub(crate) now: UnixTime,
}

const LIFETIME: Duration = Duration::from_secs(60);

const UNFIT: Flaw = Flaw::malformed(
    "expected a private key for the algorithm, found another; give the PEM of an RSA, P-256, P-384 or Ed25519 \
     key and an algorithm of its type",
);

impl fmt::Debug for ClientKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientKey")
            .field("algorithm", &self.algorithm)
            .field("key_id", &self.kid)
            .finish_non_exhaustive()
    }
}
