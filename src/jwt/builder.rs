//! The builder of JWT validators, whose type requires issuer, audience and keys.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use super::builder_state::{NeedsAudience, NeedsIssuer, NeedsKeys, Ready};
use super::config::JwtConfig;
use super::grants::Grants;
use super::issuer_rules::{AcceptedIssuers, AcceptedNames, Expiry, KeySource};
use super::issuers::IssuerTable;
use super::requirement::Requirement;
use super::tenant::{IssuerPattern, Tenant};
use super::validator::JwtValidator;
use crate::clock::{Clock, Leeway};
use crate::crypto::Algorithm;
use crate::environment::Environment;
use crate::error::ConfigError;
use crate::key::{KeySet, KeyStore};
use crate::principal::{Authority, ClaimValue, Claims};
use crate::validator::{SenderConstraint, names, shared};

/// Configures a [`JwtValidator`] for one issuer: first the issuer, then the audience, then the
/// keys, then optional settings.
///
/// `State` is what is missing: [`NeedsIssuer`], [`NeedsAudience`], [`NeedsKeys`] or, if nothing is,
/// [`Ready`]. Without optional settings a token must have `exp`, its `typ` must be absent, `JWT` or
/// `at+jwt`, and it must not have claims by which it is an ID token, a logout token or another kind
/// of token that is not an access token.
///
/// ```
/// use bearergate::JwtValidator;
/// use bearergate::crypto::Algorithm;
/// use bearergate::key::KeySet;
///
/// # fn build(jwks_json: &str) -> Result<(), bearergate::ConfigError> {
/// let validator = JwtValidator::builder()
///     .issuer("https://idp.example.com")
///     .audience("https://api.example.com")
///     .keys(KeySet::from_jwks(jwks_json)?)
///     .algorithms([Algorithm::Es256])
///     .rfc9068()
///     .build()?;
/// # let _ = validator;
/// # Ok(())
/// # }
/// ```
#[must_use]
pub struct JwtValidatorBuilder<State> {
    pub(super) config: Box<JwtConfig>,
    state: PhantomData<State>,
}

impl JwtValidator {
    /// Starts the configuration of a validator for one issuer. To trust several issuers, build a
    /// validator for each and [join](Self::join) them.
    pub fn builder() -> JwtValidatorBuilder<NeedsIssuer> {
        JwtValidatorBuilder {
            config: Box::new(JwtConfig::new()),
            state: PhantomData,
        }
    }
}

impl<S> JwtValidatorBuilder<S> {
    fn into_state<T>(self) -> JwtValidatorBuilder<T> {
        JwtValidatorBuilder {
            config: self.config,
            state: PhantomData,
        }
    }
}

impl JwtValidatorBuilder<NeedsIssuer> {
    /// Sets the issuer. A token is accepted only if its `iss` is equal to it, byte for byte: a
    /// slash at the end or an uppercase letter makes another issuer.
    pub fn issuer(self, issuer: impl Into<String>) -> JwtValidatorBuilder<NeedsAudience> {
        self.issuers([issuer])
    }

    /// Sets the names of one issuer that uses several, all with the same keys and rules. A token is
    /// accepted only if its `iss` is one of them; the first name is the [`Authority`] of its
    /// subjects, whichever name the token has.
    pub fn issuers<N: Into<String>>(
        mut self,
        issuers: impl IntoIterator<Item = N>,
    ) -> JwtValidatorBuilder<NeedsAudience> {
        self.config.issuers = AcceptedIssuers::OneOf(names(issuers));
        self.into_state()
    }

    /// Accepts the issuers of one provider that differ in one part of their name, such as
    /// `https://login.example.com/{tenant}/v2.0`, with the same keys and rules for all.
    ///
    /// `allow` is called for each token after its signature is verified, and returns the
    /// [`Authority`] of the tenant, or `None` to reject the token as
    /// [`IssuerMismatch`](crate::error::RejectionKind::IssuerMismatch). Two tenants must not share
    /// an authority, because their subjects would be the same. In a [joined](JwtValidator::join)
    /// validator, an issuer that is configured by its exact name is not matched by a pattern.
    ///
    /// ```
    /// use bearergate::JwtValidator;
    /// use bearergate::principal::Authority;
    ///
    /// const TENANTS: [&str; 2] = ["blue", "green"];
    /// let builder = JwtValidator::builder().issuer_pattern(
    ///     "https://login.example.com/{tenant}/v2.0",
    ///     |tenant| TENANTS.contains(&tenant.name()).then(|| Authority::from(tenant.issuer())),
    /// );
    /// ```
    pub fn issuer_pattern(
        mut self,
        pattern: &str,
        allow: impl Fn(Tenant<'_>) -> Option<Authority> + Send + Sync + 'static,
    ) -> JwtValidatorBuilder<NeedsAudience> {
        self.config.issuers = AcceptedIssuers::Like(IssuerPattern::new(pattern, allow));
        self.into_state()
    }

    /// Disables the check of the issuer. Every token that is signed with one of the keys is then
    /// trusted, whatever its `iss`, and all subjects have one [`Authority`].
    pub fn any_issuer(self) -> JwtValidatorBuilder<NeedsAudience> {
        self.into_state()
    }
}

impl JwtValidatorBuilder<NeedsAudience> {
    /// Sets the audience, which is the name of this service. A token is accepted only if its `aud`
    /// is equal to it, byte for byte, or is an array that contains it.
    pub fn audience(self, audience: impl Into<String>) -> JwtValidatorBuilder<NeedsKeys> {
        self.audiences([audience])
    }

    /// Sets several names of this service. A token is accepted only if one of them is in its `aud`,
    /// byte for byte. An empty list or name is an error of [`build`](JwtValidatorBuilder::build).
    pub fn audiences<N: Into<String>>(
        mut self,
        audiences: impl IntoIterator<Item = N>,
    ) -> JwtValidatorBuilder<NeedsKeys> {
        self.config.audiences = AcceptedNames::OneOf(names(audiences));
        self.into_state()
    }

    /// Disables the check of the audience. Tokens issued for other services are then accepted, and
    /// a service that receives one can replay it here. If the issuer sets no audience, restrict the
    /// clients with [`allow_clients`](JwtValidatorBuilder::allow_clients).
    pub fn any_audience(self) -> JwtValidatorBuilder<NeedsKeys> {
        self.into_state()
    }
}

impl JwtValidatorBuilder<NeedsKeys> {
    /// Sets the keys of the issuer, which stay the same while the validator lives. The result of a
    /// validation is then always ready.
    pub fn keys(mut self, keys: KeySet) -> JwtValidatorBuilder<Ready> {
        self.config.keys = Some(KeySource::Fixed(keys));
        self.into_state()
    }

    /// Sets the store of the issuer's keys, for example [`FetchedKeys`](crate::key::FetchedKeys).
    /// A validation waits if the store has to fetch a key. If it cannot, the token is rejected as
    /// [`Unavailable`](crate::error::RejectionKind::Unavailable).
    pub fn key_store(mut self, store: Arc<dyn KeyStore>) -> JwtValidatorBuilder<Ready> {
        self.config.keys = Some(KeySource::Store(store));
        self.into_state()
    }
}

impl JwtValidatorBuilder<Ready> {
    /// Restricts the algorithms to these. A key allows only the algorithms of its own kind, so this
    /// can remove algorithms and never add one.
    pub fn algorithms(mut self, algorithms: impl IntoIterator<Item = Algorithm>) -> Self {
        self.config.algorithms = Some(algorithms.into_iter().collect());
        self
    }

    /// Sets the tolerated difference between the issuer's clock and this one, by default 30
    /// seconds. A token is accepted for that long before its `nbf` and after its `exp`.
    pub fn leeway(mut self, leeway: Leeway) -> Self {
        self.config.leeway = leeway;
        self
    }

    /// Accepts tokens without `exp`. They never expire, so a leaked one can be used until it is
    /// revoked or its key is replaced.
    pub fn allow_missing_expiry(mut self) -> Self {
        self.config.expiry = Expiry::Optional;
        self
    }

    /// Reads the scopes from this claim in place of `scope`: a string of scopes separated by
    /// spaces, or an array of strings. The claim `scope` then gives the principal no scopes.
    pub fn scopes_from(mut self, claim: impl Into<String>) -> Self {
        self.config.scope_claim = Some(claim.into().into_boxed_str());
        self
    }

    /// Reads the client from this claim in place of `client_id` and `azp`, for issuers that name it
    /// otherwise, such as `cid` or `appid`. The claims are never merged: a token without this claim
    /// has no [client](crate::Principal::client).
    ///
    /// [`allow_clients`](Self::allow_clients), limits, records and revocations by client then use
    /// it. A value that is not a string, is empty or has a control character is
    /// [`ClaimInvalid`](crate::error::RejectionKind::ClaimInvalid); `client_id` and `azp` are held
    /// to the same rule as before. An empty name is an error of [`build`](Self::build).
    pub fn client_from(mut self, claim: impl Into<String>) -> Self {
        self.config.client_claim = Some(claim.into().into_boxed_str());
        self
    }

    /// Sets the [`Authority`] of the issuer's subjects, by default the first name of the issuer.
    /// Two issuers with one authority share their subjects.
    pub fn authority(mut self, authority: impl Into<Authority>) -> Self {
        self.config.authority = Some(authority.into());
        self
    }

    /// Requires a claim with exactly this value, of the same type. A missing claim is
    /// [`ClaimMissing`](crate::error::RejectionKind::ClaimMissing), another value
    /// [`ClaimInvalid`](crate::error::RejectionKind::ClaimInvalid).
    pub fn require_claim(mut self, name: impl Into<String>, value: impl Into<ClaimValue>) -> Self {
        let name = name.into().into_boxed_str();
        self.config
            .requirements
            .push(Requirement::Value(name, value.into()));
        self
    }

    /// Requires that the token was issued to one of these clients, by `client_id` or `azp`. If a
    /// token has both claims, both must be in the list. With [`client_from`](Self::client_from) the
    /// claim that it names is compared in their place.
    pub fn allow_clients<N: Into<String>>(mut self, clients: impl IntoIterator<Item = N>) -> Self {
        self.config.requirements.push(Requirement::Clients {
            claim: None,
            clients: names(clients),
        });
        self
    }

    /// Requires that the token is at most this old, by its `iat` and with leeway. An older token is
    /// [`TokenExpired`](crate::error::RejectionKind::TokenExpired), one without `iat`
    /// [`ClaimMissing`](crate::error::RejectionKind::ClaimMissing).
    pub fn max_age(mut self, age: Duration) -> Self {
        self.config.requirements.push(Requirement::MaxAge(age));
        self
    }

    /// Requires that the issuer made the token for at most this long, from `iat` to `exp`. A longer
    /// lifetime is [`ClaimInvalid`](crate::error::RejectionKind::ClaimInvalid).
    pub fn max_lifetime(mut self, span: Duration) -> Self {
        self.config
            .requirements
            .push(Requirement::MaxLifetime(span));
        self
    }

    /// Requires that `holds` returns true for the claims, whose signature is verified. Otherwise
    /// the token is [`ClaimInvalid`](crate::error::RejectionKind::ClaimInvalid), with `name` as its
    /// [`claim`](crate::error::Rejection::claim). It is called on every request, for tokens from a
    /// [cache](JwtValidator::cached) too.
    pub fn check(
        mut self,
        name: impl Into<String>,
        holds: impl Fn(Claims<'_>) -> bool + Send + Sync + 'static,
    ) -> Self {
        let name = name.into().into_boxed_str();
        self.config
            .requirements
            .push(Requirement::Check(name, Arc::new(holds)));
        self
    }

    /// Limits what the issuer may assert: these scopes, the registered claims and these other
    /// claims. All other scopes and claims of a token are left out of its principal.
    ///
    /// Use it if a service trusts several issuers. Without it one issuer can assert what only
    /// another one should, for example a scope `admin`.
    pub fn grants<S: Into<String>, C: Into<String>>(
        mut self,
        scopes: impl IntoIterator<Item = S>,
        claims: impl IntoIterator<Item = C>,
    ) -> Self {
        self.config.grants = Some(Grants {
            scopes: names(scopes),
            claims: names(claims),
        });
        self
    }

    /// Sets the largest size of a token in bytes, by default 16 KiB and at most
    /// [`limits::TOKEN_BYTES_MAX`](crate::limits::TOKEN_BYTES_MAX). A longer token is
    /// [`TokenTooLarge`](crate::error::RejectionKind::TokenTooLarge) before it is parsed.
    pub fn max_token_bytes(mut self, bytes: usize) -> Self {
        self.config.max_token_bytes = bytes;
        self
    }

    /// Sets the largest size of the decoded header in bytes, by default 4 KiB and at most
    /// [`limits::HEADER_BYTES_MAX`](crate::limits::HEADER_BYTES_MAX), for issuers that send a chain
    /// of certificates (`x5c`), which is never used. A longer header is
    /// [`TokenTooLarge`](crate::error::RejectionKind::TokenTooLarge).
    pub fn max_header_bytes(mut self, bytes: usize) -> Self {
        self.config.max_header_bytes = bytes;
        self
    }

    /// Sets the clock, by default the system's. It is used for credentials without a
    /// [time](crate::credential::PresentedCredential::now) of their own; a gate gives them one.
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.config.clock = Arc::new(clock);
        self
    }

    /// Takes the clock from an [`Environment`], if it has one; nothing else of it is used. Call it
    /// before [`clock`](Self::clock), because the later call wins.
    pub fn env(mut self, environment: &Environment) -> Self {
        environment.set_clock(&mut self.config.clock);
        self
    }

    /// Sets the check that the sender holds the key to which a token is bound (`cnf`). Without it a
    /// bound token is [`BindingRequired`](crate::error::RejectionKind::BindingRequired). A
    /// [`Gate`](crate::gate::Gate) calls it last, see [`SenderConstraint`].
    pub fn sender_constraint(mut self, constraint: impl SenderConstraint + 'static) -> Self {
        self.config.constraint = Some(shared(constraint));
        self
    }

    /// Builds the validator.
    ///
    /// # Errors
    ///
    /// [`Empty`](crate::error::ConfigErrorKind::Empty) for an empty list or name,
    /// [`ValueMalformed`](crate::error::ConfigErrorKind::ValueMalformed) for an issuer pattern
    /// without exactly one name in braces,
    /// [`AlgorithmUnusable`](crate::error::ConfigErrorKind::AlgorithmUnusable) for an algorithm
    /// that no key can serve, [`OutOfRange`](crate::error::ConfigErrorKind::OutOfRange) for the
    /// size of a token or header, [`Conflict`](crate::error::ConfigErrorKind::Conflict) for a type
    /// or claim of another purpose.
    pub fn build(self) -> Result<JwtValidator, ConfigError> {
        let config = *self.config;
        config.check()?;
        let (max_token_bytes, clock) = (config.max_token_bytes, Arc::clone(&config.clock));
        let max_header_bytes = config.max_header_bytes;
        let constraint = config.constraint.clone();
        #[cfg(feature = "jwe")]
        let decryption = config.decryption.clone().map(Arc::new);
        Ok(JwtValidator {
            issuers: IssuerTable::new(vec![config.into_rules()?])?,
            max_token_bytes,
            max_header_bytes,
            clock,
            constraint,
            #[cfg(feature = "jwe")]
            decryption,
            header_cache: Arc::default(),
            cache: None,
        })
    }
}

impl<S> fmt::Debug for JwtValidatorBuilder<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JwtValidatorBuilder")
            .field("issuers", &self.config.issuers)
            .field("audiences", &self.config.audiences)
            .finish_non_exhaustive()
    }
}
