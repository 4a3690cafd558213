//! Who mints.

use std::fmt;
use std::sync::Arc;
use std::sync::PoisonError;
use std::sync::RwLock;
use std::time::Duration;

use super::access_claims::AccessClaims;
use super::access_claims::Frame;
use super::endpoint_response::EndpointResponse;
use super::error::MintError;
use super::error::MintErrorKind;
use super::minted::MintedToken;
use super::schedule;
use super::signing_keys::SigningKeys;
use crate::clock::Clock;
use crate::clock::SystemClock;
use crate::clock::UnixTime;
use crate::environment::Environment;
use crate::error::ConfigError;
use crate::error::Rejection;
use crate::error::RejectionKind;
use crate::key::KeyHint;
use crate::key::KeySet;
use crate::key::KeyStatus;
use crate::key::KeyStore;
use crate::limits;
use crate::now_or_later::NowOrLater;
use crate::principal::KeyId;

/// Mints short-lived access tokens in the form of RFC 9068, under the key of a [`SigningKeys`] that
/// signs now. Clones share one ring.
///
/// It is a [`KeyStore`] of its own tokens too: where they are judged in the same process, the
/// published keys need no way over the network.
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
/// let ring = SigningKeys::builder(SigningKey::generate(Algorithm::Es256)?).build(now)?;
/// let issuer = JwtIssuer::builder("https://id.example.com", ring).build()?;
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
pub struct JwtIssuer(Arc<Inner>);

struct Inner {
    name: Box<str>,
    lifetime: Duration,
    clock: Arc<dyn Clock>,
    state: RwLock<State>,
}

struct State {
    ring: Arc<SigningKeys>,
    published: Option<Published>,
}

/// The published set, and while it is the one to publish.
#[derive(Clone)]
struct Published {
    keys: Arc<KeySet>,
    from: UnixTime,
    until: Option<UnixTime>,
}

impl JwtIssuer {
    /// Starts an issuer: its name, the `iss` of its tokens, and its keys.
    pub fn builder(name: impl Into<String>, ring: SigningKeys) -> JwtIssuerBuilder {
        JwtIssuerBuilder {
            name: name.into(),
            ring,
            lifetime: limits::ACCESS_LIFETIME,
            clock: Arc::new(SystemClock),
        }
    }

    /// Mints a token.
    ///
    /// What it says is accepted by a [`JwtValidator`](crate::jwt::JwtValidator) with
    /// [`rfc9068`](crate::jwt::JwtValidatorBuilder::rfc9068) that trusts this issuer's name and published keys,
    /// from now until the token's end.
    ///
    /// # Errors
    ///
    /// `claim_invalid` for a claim that no strict verifier would accept, `expired`,
    /// `token_too_large`, or `unavailable` without a time, a random number or a key.
    pub fn mint(&self, claims: &AccessClaims) -> Result<MintedToken, MintError> {
        let unavailable = || MintError::new(MintErrorKind::Unavailable);
        let now = self.now().ok_or_else(unavailable)?;
        let ring = self.current();
        let key = ring.signing_key(now).ok_or_else(unavailable)?;
        let expires_at = claims.expires_at(now.saturating_add(self.0.lifetime));
        if expires_at <= now {
            return Err(MintError::new(MintErrorKind::Expired));
        }
        if expires_at.as_secs() > limits::TIME_MAX {
            return Err(unavailable());
        }
        let jti = super::random_id().map_err(|_| unavailable())?;
        let payload = claims.payload(&Frame {
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

    /// Returns the answer to a request for the public keys (RFC 7517 section 5), with the time for
    /// which it may be cached: half the time of an announcement, at most an hour.
    ///
    /// Its address is what metadata call `jwks_uri`. Without a time it is a 503.
    pub fn jwks(&self) -> EndpointResponse {
        let Some(now) = self.now() else {
            return EndpointResponse::unavailable(RejectionKind::Unavailable.into());
        };
        let ring = self.current();
        let age = ring.schedule().announce / 2;
        EndpointResponse::jwks(ring.jwks(now), age.min(Duration::from_secs(60 * 60)))
    }

    /// Takes over a ring that was changed and stored, by this node or another.
    ///
    /// ```
    /// # use bearergate::ConfigError;
    /// # use bearergate::clock::{Clock, SystemClock};
    /// # use bearergate::crypto::Algorithm;
    /// # use bearergate::issuer::{JwtIssuer, SigningKeys, SigningKey};
    /// # use bearergate::secret::Secret;
    /// # fn swap(_: u64, _: &Secret) -> bool { true }
    /// # fn load() -> Secret { Secret::new(Vec::new()) }
    /// /// Run now and then, on every node.
    /// fn maintain(issuer: &JwtIssuer) -> Result<(), ConfigError> {
    ///     issuer.adopt(SigningKeys::from_secret(&load())?)?;
    ///     let (ring, Some(now)) = (issuer.ring(), SystemClock::default().now()) else {
    ///         return Ok(());
    ///     };
    ///     if ring.is_rotation_due(now) {
    ///         let next = ring.announce(SigningKey::generate(Algorithm::EdDsa)?, now)?;
    ///         // Only if the stored revision is still the one that this one was made from.
    ///         if swap(ring.revision(), &next.to_secret()) {
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
    /// `conflict` for a ring of another origin, of a lower revision than the present one, or of the
    /// same revision without a key under which valid tokens were minted here (two nodes have
    /// changed the same ring); `out_of_range` if it does not allow the configured lifetime. Then
    /// the present ring stays.
    pub fn adopt(&self, ring: SigningKeys) -> Result<(), ConfigError> {
        check_lifetime(self.0.lifetime, &ring)?;
        let mut state = self.0.state.write().unwrap_or_else(PoisonError::into_inner);
        let now = self.now();
        if !now.is_some_and(|now| state.ring.is_continued_by(&ring, now)) {
            let detail = format!(
                "revision {} does not continue revision {}; read the stored ring again",
                ring.revision(),
                state.ring.revision(),
            );
            return Err(ConfigError::conflict("ring", detail));
        }
        *state = State {
            ring: Arc::new(ring),
            published: None,
        };
        Ok(())
    }

    /// Returns the present ring, to ask whether the next key is due and to make the next revision.
    pub fn ring(&self) -> SigningKeys {
        SigningKeys::clone(&self.current())
    }

    /// Returns the issuer's name, the authority of the subjects in its tokens.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    pub(super) fn now(&self) -> Option<UnixTime> {
        self.0.clock.now()
    }

    fn current(&self) -> Arc<SigningKeys> {
        let state = self.0.state.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&state.ring)
    }

    fn published(&self) -> Result<Arc<KeySet>, Rejection> {
        let now = self.now().ok_or(RejectionKind::Unavailable)?;
        let state = self.0.state.read().unwrap_or_else(PoisonError::into_inner);
        let ready = state.published.as_ref().filter(|p| p.holds(now));
        if let Some(ready) = ready {
            return Ok(Arc::clone(&ready.keys));
        }
        let ring = Arc::clone(&state.ring);
        drop(state);
        let published = Published::of(&ring, now)?;
        let keys = Arc::clone(&published.keys);
        let mut state = self.0.state.write().unwrap_or_else(PoisonError::into_inner);
        if Arc::ptr_eq(&state.ring, &ring) {
            state.published = Some(published);
        }
        Ok(keys)
    }
}

impl Published {
    fn of(ring: &SigningKeys, now: UnixTime) -> Result<Self, Rejection> {
        let unavailable =
            |error: ConfigError| Rejection::new(RejectionKind::Unavailable).with_source(error);
        Ok(Self {
            keys: Arc::new(ring.keys(now).map_err(unavailable)?),
            from: now,
            until: ring.next_end(now),
        })
    }

    fn holds(&self, now: UnixTime) -> bool {
        self.from <= now && self.until.is_none_or(|until| now < until)
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
            .field("ring", &self.current())
            .finish()
    }
}

/// Puts a [`JwtIssuer`] together.
///
/// ```
/// use std::time::Duration;
/// use bearergate::clock::UnixTime;
/// use bearergate::crypto::Algorithm;
/// use bearergate::error::ConfigErrorKind;
/// use bearergate::issuer::{JwtIssuer, SigningKeys, SigningKey};
///
/// let now = UnixTime::from_secs(1_800_000_000);
/// let ring = SigningKeys::builder(SigningKey::generate(Algorithm::EdDsa)?).build(now)?;
/// let builder = JwtIssuer::builder("https://id.example.com", ring);
/// let error = builder.lifetime(Duration::from_secs(7 * 24 * 60 * 60)).build().unwrap_err();
/// assert_eq!(error.kind(), ConfigErrorKind::OutOfRange);
/// # Ok::<(), bearergate::ConfigError>(())
/// ```
#[must_use]
#[derive(Debug)]
pub struct JwtIssuerBuilder {
    name: String,
    ring: SigningKeys,
    lifetime: Duration,
    clock: Arc<dyn Clock>,
}

impl JwtIssuerBuilder {
    /// Sets how long a token lives: whole seconds, 5 minutes by default, at most what the ring
    /// allows ([`SigningKeys::longest_lifetime`]).
    pub fn lifetime(mut self, span: Duration) -> Self {
        self.lifetime = span;
        self
    }

    /// Sets the clock.
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Takes the clock from an [`Environment`]. Call it before a setter that differs from it.
    pub fn env(mut self, environment: &Environment) -> Self {
        environment.set_clock(&mut self.clock);
        self
    }

    /// Makes the issuer.
    ///
    /// # Errors
    ///
    /// `empty` for an empty name, `value_malformed` for one with control characters,
    /// `out_of_range` for a lifetime that the ring does not allow.
    pub fn build(self) -> Result<JwtIssuer, ConfigError> {
        check_name(&self.name)?;
        check_lifetime(self.lifetime, &self.ring)?;
        Ok(JwtIssuer(Arc::new(Inner {
            name: self.name.into(),
            lifetime: self.lifetime,
            clock: self.clock,
            state: RwLock::new(State {
                ring: Arc::new(self.ring),
                published: None,
            }),
        })))
    }
}

fn check_name(name: &str) -> Result<(), ConfigError> {
    if name.is_empty() {
        let remedy = "give the URL that validators are configured with";
        return Err(ConfigError::empty("name", remedy));
    }
    if name.chars().any(char::is_control) {
        let detail = "the issuer's name has control characters; give a URL without any";
        return Err(ConfigError::malformed("name", detail));
    }
    Ok(())
}

fn check_lifetime(lifetime: Duration, ring: &SigningKeys) -> Result<(), ConfigError> {
    let range = Duration::from_secs(1)..=ring.longest_lifetime();
    schedule::check("lifetime", lifetime, range)
}
