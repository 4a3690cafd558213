//! The issuer of access tokens.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use super::access_claims::{AccessClaims, IssuerClaims};
use super::endpoint_response::EndpointResponse;
use super::error::{MintError, MintErrorKind};
use super::minted::MintedToken;
use super::random_id::random_id;
use super::schedule;
use super::signing_keys::SigningKeys;
use crate::clock::{Clock, SystemClock, UnixTime};
use crate::environment::Environment;
use crate::error::{ConfigError, Rejection, RejectionKind};
use crate::key::{KeyHint, KeySet, KeyStatus, KeyStore};
use crate::limits;
use crate::now_or_later::NowOrLater;
use crate::principal::KeyId;

/// An issuer of short-lived access tokens in the form of RFC 9068. It signs with the current key of
/// its [`SigningKeys`]; clones share them.
///
/// It is also a [`KeyStore`] for its own tokens: a validator in the same process needs no network
/// to get the published keys.
///
/// ```
/// use std::sync::Arc;
/// use bearergate::{JwtValidator, TokenValidator};
/// use bearergate::clock::{Clock, SystemClock};
/// use bearergate::credential::PresentedCredential;
/// use bearergate::crypto::Algorithm;
/// use bearergate::issuer::{AccessClaims, JwtIssuer, SigningKeys, SigningKey};
///
/// let now = SystemClock::default().now().ok_or("no time")?;
/// let keys = SigningKeys::builder(SigningKey::generate(Algorithm::Es256)?).build(now)?;
/// let issuer = JwtIssuer::builder("https://id.example.com", keys).build()?;
/// let token = issuer.mint(&AccessClaims::new("alice", "shop", "https://api.example.com"))?;
///
/// let validator = JwtValidator::builder()
///     .issuer("https://id.example.com")
///     .audience("https://api.example.com")
///     .key_store(Arc::new(issuer))
///     .rfc9068()
///     .build()?;
/// let presented = PresentedCredential::bearer(token.expose())?;
/// let alice = validator.validate(&presented).try_now().expect("own keys are ready")?;
/// assert_eq!(alice.subject(), Some("alice"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct JwtIssuer(Arc<IssuerInner>);

struct IssuerInner {
    name: Box<str>,
    lifetime: Duration,
    clock: Arc<dyn Clock>,
    state: RwLock<IssuerState>,
}

struct IssuerState {
    signing: Arc<SigningKeys>,
    published: Option<Published>,
}

/// The published key set, and the times between which it does not change.
#[derive(Clone)]
struct Published {
    keys: Arc<KeySet>,
    from: UnixTime,
    until: Option<UnixTime>,
}

impl JwtIssuer {
    /// Starts the configuration of an issuer with its name, the `iss` of its tokens, and its keys.
    /// Validators compare the name byte for byte; use the URL of the service.
    pub fn builder(name: impl Into<String>, keys: SigningKeys) -> JwtIssuerBuilder {
        JwtIssuerBuilder {
            name: name.into(),
            keys,
            lifetime: limits::ACCESS_LIFETIME,
            clock: Arc::new(SystemClock),
        }
    }

    /// Mints a token.
    ///
    /// Until it expires, the token is accepted by a [`JwtValidator`](crate::JwtValidator) with
    /// [`rfc9068`](crate::jwt::JwtValidatorBuilder::rfc9068) that trusts this issuer's name and
    /// published keys and expects its audience.
    ///
    /// # Errors
    ///
    /// [`ClaimInvalid`](MintErrorKind::ClaimInvalid) for a claim that a strict validator would
    /// reject, [`Expired`](MintErrorKind::Expired), [`TokenTooLarge`](MintErrorKind::TokenTooLarge),
    /// or [`Unavailable`](MintErrorKind::Unavailable) if the clock, the random source or a signing
    /// key is not available.
    pub fn mint(&self, claims: &AccessClaims) -> Result<MintedToken, MintError> {
        let unavailable = || MintError::new(MintErrorKind::Unavailable);
        let now = self.now().ok_or_else(unavailable)?;
        let signing = self.current();
        let key = signing.signing_key(now).ok_or_else(unavailable)?;
        let expires_at = claims.expires_at(now.saturating_add(self.0.lifetime));
        if expires_at <= now {
            return Err(MintError::new(MintErrorKind::Expired));
        }
        if expires_at.as_secs() > limits::TIME_MAX {
            return Err(unavailable());
        }
        let jti = random_id().map_err(|_| unavailable())?;
        let payload = claims.payload(&IssuerClaims {
            issuer: &self.0.name,
            jti: &jti,
            issued_at: now,
            expires_at,
        })?;
        let text = key.token(&payload).map_err(|_| unavailable())?;
        if text.len() > limits::TOKEN_BYTES {
            return Err(MintError::new(MintErrorKind::TokenTooLarge));
        }
        Ok(MintedToken {
            text,
            jti,
            issued_at: now,
            expires_at,
        })
    }

    /// Returns the answer to a request for the public keys (RFC 7517 section 5). It may be cached for
    /// half the time for which keys are announced, at most an hour.
    ///
    /// Serve it at the URL that the issuer's metadata names as `jwks_uri`. If the clock has no time,
    /// it is a 503.
    pub fn jwks(&self) -> EndpointResponse {
        let Some(now) = self.now() else {
            return EndpointResponse::unavailable(RejectionKind::Unavailable.into());
        };
        let signing = self.current();
        let age = signing.schedule().announce / 2;
        EndpointResponse::jwks(signing.jwks(now), age.min(Duration::from_secs(60 * 60)))
    }

    /// Replaces the signing keys by a later revision that was stored, by this node or another one.
    ///
    /// ```
    /// # use bearergate::ConfigError;
    /// # use bearergate::clock::{Clock, SystemClock};
    /// # use bearergate::crypto::Algorithm;
    /// # use bearergate::issuer::{JwtIssuer, SigningKeys, SigningKey};
    /// # use bearergate::secret::Secret;
    /// # fn swap(_: u64, _: &Secret) -> bool { true }
    /// # fn load() -> Secret { Secret::new(Vec::new()) }
    /// /// Run regularly, on every node.
    /// fn maintain(issuer: &JwtIssuer) -> Result<(), ConfigError> {
    ///     issuer.adopt(SigningKeys::from_secret(&load())?)?;
    ///     let (keys, Some(now)) = (issuer.keys(), SystemClock::default().now()) else {
    ///         return Ok(());
    ///     };
    ///     if keys.is_rotation_due(now) {
    ///         let next = keys.schedule_next(SigningKey::generate(Algorithm::EdDsa)?, now)?;
    ///         // Stores it only if the stored revision is still the one it was made from.
    ///         if swap(keys.revision(), &next.to_secret()) {
    ///             issuer.adopt(next)?;
    ///         }
    ///     }
    ///     Ok(())
    /// }
    /// # let _ = maintain;
    /// ```
    ///
    /// # Errors
    ///
    /// [`Conflict`](crate::error::ConfigErrorKind::Conflict) for keys of another origin, of a lower
    /// revision than the present ones, or of the same revision without a key that signed valid tokens
    /// here (two nodes changed the same revision);
    /// [`OutOfRange`](crate::error::ConfigErrorKind::OutOfRange) if they do not allow the configured
    /// lifetime. The present keys are then kept.
    pub fn adopt(&self, keys: SigningKeys) -> Result<(), ConfigError> {
        check_lifetime(self.0.lifetime, &keys)?;
        let mut state = self.0.state.write().unwrap_or_else(PoisonError::into_inner);
        let now = self.now();
        if !now.is_some_and(|now| state.signing.is_continued_by(&keys, now)) {
            let detail = format!(
                "revision {} does not continue revision {}; read the stored keys again",
                keys.revision(),
                state.signing.revision(),
            );
            return Err(ConfigError::conflict("keys", detail));
        }
        *state = IssuerState {
            signing: Arc::new(keys),
            published: None,
        };
        Ok(())
    }

    /// Returns the present signing keys, to see whether the [next key is
    /// due](SigningKeys::is_rotation_due) and to make the next revision. A change of them has no
    /// effect here before it is [adopted](Self::adopt).
    pub fn keys(&self) -> SigningKeys {
        SigningKeys::clone(&self.current())
    }

    /// Returns the name of the issuer: the `iss` of its tokens, and the authority of their subjects
    /// where a [`JwtValidator`](crate::JwtValidator) accepts them.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    pub(super) fn now(&self) -> Option<UnixTime> {
        self.0.clock.now()
    }

    fn current(&self) -> Arc<SigningKeys> {
        let state = self.0.state.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&state.signing)
    }

    fn published(&self) -> Result<Arc<KeySet>, Rejection> {
        let now = self.now().ok_or(RejectionKind::Unavailable)?;
        let state = self.0.state.read().unwrap_or_else(PoisonError::into_inner);
        let is_current =
            |own: &&Published| own.from <= now && own.until.is_none_or(|end| now < end);
        if let Some(ready) = state.published.as_ref().filter(is_current) {
            return Ok(Arc::clone(&ready.keys));
        }
        let signing = Arc::clone(&state.signing);
        drop(state);
        let published = Published::new(&signing, now)?;
        let keys = Arc::clone(&published.keys);
        let mut state = self.0.state.write().unwrap_or_else(PoisonError::into_inner);
        if Arc::ptr_eq(&state.signing, &signing) {
            state.published = Some(published);
        }
        Ok(keys)
    }
}

impl Published {
    fn new(signing: &SigningKeys, now: UnixTime) -> Result<Self, Rejection> {
        let unavailable =
            |error: ConfigError| Rejection::new(RejectionKind::Unavailable).with_source(error);
        Ok(Self {
            keys: Arc::new(signing.keys(now).map_err(unavailable)?),
            from: now,
            until: signing.next_end(now),
        })
    }
}

impl KeyStore for JwtIssuer {
    fn find<'a>(&'a self, _hint: KeyHint<'a>) -> NowOrLater<'a, Result<Arc<KeySet>, Rejection>> {
        NowOrLater::now(self.published())
    }

    fn status(&self, key: &KeyId) -> KeyStatus {
        match self.published() {
            Ok(keys) => keys.status(key),
            Err(_) => KeyStatus::Unknown,
        }
    }
}

impl fmt::Debug for JwtIssuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JwtIssuer")
            .field("name", &self.0.name)
            .field("lifetime", &self.0.lifetime)
            .field("clock", &self.0.clock)
            .field("keys", &self.current())
            .finish()
    }
}

/// Builds a [`JwtIssuer`].
///
/// ```
/// use std::time::Duration;
/// use bearergate::clock::UnixTime;
/// use bearergate::crypto::Algorithm;
/// use bearergate::error::ConfigErrorKind;
/// use bearergate::issuer::{JwtIssuer, SigningKeys, SigningKey};
///
/// let now = UnixTime::from_secs(1_800_000_000);
/// let keys = SigningKeys::builder(SigningKey::generate(Algorithm::EdDsa)?).build(now)?;
/// let builder = JwtIssuer::builder("https://id.example.com", keys);
/// let error = builder.lifetime(Duration::from_secs(7 * 24 * 60 * 60)).build().unwrap_err();
/// assert_eq!(error.kind(), ConfigErrorKind::OutOfRange);
/// # Ok::<(), bearergate::ConfigError>(())
/// ```
#[must_use]
#[derive(Debug)]
pub struct JwtIssuerBuilder {
    name: String,
    keys: SigningKeys,
    lifetime: Duration,
    clock: Arc<dyn Clock>,
}

impl JwtIssuerBuilder {
    /// Sets the lifetime of tokens in whole seconds: by default 5 minutes, at most
    /// [`SigningKeys::longest_lifetime`]. A validator that does not ask for revocations accepts a
    /// token until it expires, so keep this short.
    pub fn lifetime(mut self, span: Duration) -> Self {
        self.lifetime = span;
        self
    }

    /// Sets the clock; by default it is the system's. It decides which key signs and when tokens
    /// expire; while it has no time, no token is minted.
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Takes the clock from an [`Environment`]; without one there, the present clock stays. Call it
    /// before [`clock`](Self::clock) if the issuer's differs.
    pub fn env(mut self, environment: &Environment) -> Self {
        environment.set_clock(&mut self.clock);
        self
    }

    /// Builds the issuer.
    ///
    /// # Errors
    ///
    /// [`Empty`](crate::error::ConfigErrorKind::Empty) for an empty name,
    /// [`ValueMalformed`](crate::error::ConfigErrorKind::ValueMalformed) for one with control
    /// characters, [`OutOfRange`](crate::error::ConfigErrorKind::OutOfRange) for a lifetime that the
    /// signing keys do not allow.
    pub fn build(self) -> Result<JwtIssuer, ConfigError> {
        if self.name.is_empty() {
            let remedy = "give the URL that validators are configured with";
            return Err(ConfigError::empty("name", remedy));
        }
        if self.name.chars().any(char::is_control) {
            let detail = "the issuer's name has control characters; give a URL without any";
            return Err(ConfigError::malformed("name", detail));
        }
        check_lifetime(self.lifetime, &self.keys)?;
        Ok(JwtIssuer(Arc::new(IssuerInner {
            name: self.name.into(),
            lifetime: self.lifetime,
            clock: self.clock,
            state: RwLock::new(IssuerState {
                signing: Arc::new(self.keys),
                published: None,
            }),
        })))
    }
}

fn check_lifetime(lifetime: Duration, keys: &SigningKeys) -> Result<(), ConfigError> {
    let range = Duration::from_secs(1)..=keys.longest_lifetime();
    schedule::check_span("lifetime", lifetime, range)
}
