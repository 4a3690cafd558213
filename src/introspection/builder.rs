//! The builder of introspection validators.

use std::fmt;
use std::marker::PhantomData;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ring::hmac;
use ring::rand::{SecureRandom, SystemRandom};

use super::cache::{AnswerCache, CacheLimits};
use super::endpoint::ProviderEndpoint;
use super::in_flight::Calls;
use super::shared::{DigestPrefixes, Shared};
use super::signed::SignedResponses;
use super::validator::IntrospectionValidator;
use crate::client_auth::ClientAuth;
use crate::clock::{Clock, Leeway, SystemClock};
use crate::crypto::Algorithm;
use crate::environment::Environment;
use crate::error::{ConfigError, ConfigErrorKind};
use crate::event::Observer;
use crate::http_client::{HttpClient, HttpSettings, Spawn};
use crate::jwt::{IntrospectionRules, NeedsAudience, Ready, TokenType};
use crate::key::KeyStore;
use crate::limits;
use crate::principal::Authority;
use crate::secret::Secret;
use crate::validator::{SenderConstraint, names, shared};

/// Configures an [`IntrospectionValidator`]: first the audience, then optional settings.
///
/// `State` is what is missing: [`NeedsAudience`] or, if nothing is, [`Ready`].
#[must_use]
pub struct IntrospectionValidatorBuilder<State> {
    config: Box<IntrospectionConfig>,
    state: PhantomData<State>,
}

struct IntrospectionConfig {
    endpoint: String,
    auth: ClientAuth,
    rules: IntrospectionRules,
    authority: Option<Authority>,
    signed: Option<(String, Arc<dyn KeyStore>)>,
    signed_algorithms: Option<Vec<Algorithm>>,
    cache: CacheLimits,
    max_token_bytes: usize,
    id_key: Option<Secret>,
    clock: Arc<dyn Clock>,
    observer: Option<Arc<dyn Observer>>,
    http: Option<Arc<dyn HttpClient>>,
    spawn: Option<Arc<dyn Spawn>>,
    settings: HttpSettings,
    constraint: Option<Arc<dyn SenderConstraint>>,
}

impl IntrospectionValidator {
    /// Starts the configuration of a validator for the endpoint at this address, at which this
    /// service authenticates with `auth`.
    pub fn builder(
        endpoint: &str,
        auth: ClientAuth,
    ) -> IntrospectionValidatorBuilder<NeedsAudience> {
        let config = IntrospectionConfig {
            endpoint: endpoint.to_owned(),
            auth,
            rules: IntrospectionRules::new("".into()),
            authority: None,
            signed: None,
            signed_algorithms: None,
            cache: CacheLimits {
                entries: limits::INTROSPECTION_ENTRIES,
                active_secs: limits::INTROSPECTION_FRESH.as_secs(),
            },
            max_token_bytes: limits::TOKEN_BYTES,
            id_key: None,
            clock: Arc::new(SystemClock),
            observer: None,
            http: None,
            spawn: None,
            settings: HttpSettings::new(),
            constraint: None,
        };
        IntrospectionValidatorBuilder {
            config: Box::new(config),
            state: PhantomData,
        }
    }
}

impl IntrospectionValidatorBuilder<NeedsAudience> {
    /// Sets the audience, which is the name of this service. A token is accepted only if `aud` in
    /// the response is equal to it, byte for byte, or is an array that contains it.
    pub fn audience(self, audience: impl Into<String>) -> IntrospectionValidatorBuilder<Ready> {
        self.audiences([audience])
    }

    /// Sets several names of this service. A token is accepted only if one of them is in `aud`,
    /// byte for byte. An empty list or name is an error of
    /// [`build`](IntrospectionValidatorBuilder::build).
    pub fn audiences<N: Into<String>>(
        mut self,
        audiences: impl IntoIterator<Item = N>,
    ) -> IntrospectionValidatorBuilder<Ready> {
        self.config.rules.require_audiences(names(audiences));
        self.into_ready()
    }

    /// Disables the check of the audience. Tokens issued for other services are then accepted, and
    /// a service that receives one can replay it here. Many servers return no `aud`; if so, check
    /// another claim in the policy.
    pub fn any_audience(self) -> IntrospectionValidatorBuilder<Ready> {
        self.into_ready()
    }

    fn into_ready(self) -> IntrospectionValidatorBuilder<Ready> {
        IntrospectionValidatorBuilder {
            config: self.config,
            state: PhantomData,
        }
    }
}

impl IntrospectionValidatorBuilder<Ready> {
    /// Sets the issuer. If the response has an `iss`, it must be equal to it, byte for byte. The
    /// issuer is the [`Authority`] of its subjects unless [`authority`](Self::authority) sets
    /// another.
    pub fn issuer(self, issuer: impl Into<String>) -> Self {
        self.issuers([issuer])
    }

    /// Sets several issuers. If the response has an `iss`, it must be one of them, byte for byte; a
    /// response without `iss` is accepted. The first one is the default
    /// [`authority`](Self::authority) of all subjects.
    pub fn issuers<N: Into<String>>(mut self, issuers: impl IntoIterator<Item = N>) -> Self {
        self.config.rules.require_issuers(names(issuers));
        self
    }

    /// Sets the [`Authority`] of the subjects, by default the first issuer, or the address of the
    /// endpoint if no issuer is set. Two validators with one authority share their subjects.
    pub fn authority(mut self, authority: impl Into<Authority>) -> Self {
        self.config.authority = Some(authority.into());
        self
    }

    /// Requires signed responses (RFC 9701) of this issuer, under one of these keys, with the
    /// client id of this service as their audience. After a response that is not signed the token
    /// is [`Unavailable`](crate::error::RejectionKind::Unavailable).
    pub fn signed(mut self, issuer: impl Into<String>, keys: Arc<dyn KeyStore>) -> Self {
        self.config.signed = Some((issuer.into(), keys));
        self
    }

    /// Sets the algorithms of [signed](Self::signed) responses: by default those of the keys.
    pub fn signed_algorithms(mut self, algorithms: impl IntoIterator<Item = Algorithm>) -> Self {
        self.config.signed_algorithms = Some(algorithms.into_iter().collect());
        self
    }

    /// Accepts active tokens whose response has no `token_type`. They must then have `exp`.
    ///
    /// Some servers return such responses for refresh tokens too, often without `exp`. A refresh
    /// token with `exp` would be accepted as an access token.
    pub fn accept_missing_token_type(mut self) -> Self {
        self.config.rules.token_type = TokenType::Optional;
        self
    }

    /// Reads the scopes from this member of the response in place of `scope`: a string of scopes
    /// separated by spaces, or an array of strings.
    pub fn scopes_from(mut self, member: impl Into<String>) -> Self {
        self.config.rules.scope_claim = Some(member.into().into_boxed_str());
        self
    }

    /// Limits what the endpoint may assert: these scopes, the registered claims and these other
    /// claims. All other scopes and claims are left out of the principal. Use it if a service
    /// trusts several authorities.
    pub fn grants<S: Into<String>, C: Into<String>>(
        mut self,
        scopes: impl IntoIterator<Item = S>,
        claims: impl IntoIterator<Item = C>,
    ) -> Self {
        self.config.rules.grant(names(scopes), names(claims));
        self
    }

    /// Sets the tolerated difference between the provider's clock and this one, by default 30
    /// seconds. A token is accepted for that long before its `nbf` and after its `exp`.
    pub fn leeway(mut self, leeway: Leeway) -> Self {
        self.config.rules.leeway = leeway;
        self
    }

    /// Sets how long an active token is cached, by default one minute and at most
    /// [`limits::INTROSPECTION_FRESH_MAX`](crate::limits::INTROSPECTION_FRESH_MAX). A token that is
    /// revoked at the provider can be accepted for that long. With zero the endpoint is called for
    /// every request.
    pub fn fresh_for(mut self, span: Duration) -> Self {
        let fraction = u64::from(span.subsec_nanos() > 0);
        self.config.cache.active_secs = span.as_secs().saturating_add(fraction);
        self
    }

    /// Sets how many tokens are cached, a tenth of them rejected ones: by default 10 000, at least
    /// 10 and at most
    /// [`limits::INTROSPECTION_ENTRIES_MAX`](crate::limits::INTROSPECTION_ENTRIES_MAX).
    pub fn max_entries(mut self, entries: usize) -> Self {
        self.config.cache.entries = entries;
        self
    }

    /// Sets the largest size of a token in bytes, by default 16 KiB and at most
    /// [`limits::TOKEN_BYTES_MAX`](crate::limits::TOKEN_BYTES_MAX). A longer token is
    /// [`TokenTooLarge`](crate::error::RejectionKind::TokenTooLarge) and is not sent.
    pub fn max_token_bytes(mut self, bytes: usize) -> Self {
        self.config.max_token_bytes = bytes;
        self
    }

    /// Sets the key from which a token's [`TokenId`](crate::principal::TokenId) is derived, at
    /// least 32 bytes. With one key in several processes a token has the same id in all of them, so
    /// that one can revoke it for the others. By default each process has its own random key.
    pub fn token_id_key(mut self, key: impl Into<Secret>) -> Self {
        self.config.id_key = Some(key.into());
        self
    }

    /// Sets the clock, by default the system's. It is used for credentials without a
    /// [time](crate::credential::PresentedCredential::now) of their own; a gate gives them one.
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.config.clock = Arc::new(clock);
        self
    }

    /// Takes the clock, the observer, the HTTP client and the spawner from an [`Environment`], as
    /// far as it has them. The client and the spawner are required, and can be set only here. Call
    /// it before [`clock`](Self::clock) and [`observer`](Self::observer), because the later call
    /// wins.
    pub fn env(mut self, environment: &Environment) -> Self {
        environment.set_clock(&mut self.config.clock);
        environment.set_observer(&mut self.config.observer);
        environment.set_network(&mut self.config.http, &mut self.config.spawn);
        environment.set_http_settings(&mut self.config.settings);
        self
    }

    /// Sets the `User-Agent`, the deadlines, and the hosts without TLS; by default those of
    /// [`HttpSettings::new`]. It replaces the settings of the [environment](Self::env) and of
    /// earlier calls.
    pub fn http_settings(mut self, settings: HttpSettings) -> Self {
        self.config.settings = settings;
        self
    }

    /// Allows `http` for the endpoint if it is at one of these hosts and has a private address, as
    /// [`HttpSettings::allow_plain_http`] does. Anyone on the network between can then read the
    /// credentials of this service and the tokens, and answer that a token is active. Call it after
    /// [`env`](Self::env) and [`http_settings`](Self::http_settings).
    pub fn allow_plain_http<H: Into<String>>(mut self, hosts: impl IntoIterator<Item = H>) -> Self {
        let settings = std::mem::take(&mut self.config.settings);
        self.config.settings = settings.allow_plain_http(hosts);
        self
    }

    /// Sets the observer of calls, cache hits and openings of the circuit
    /// ([`Event`](crate::event::Event)). It is called inside the request, so it must not block.
    pub fn observer(mut self, observer: impl Observer + 'static) -> Self {
        self.config.observer = Some(Arc::new(observer));
        self
    }

    /// Sets the check that the sender holds the key to which a token is bound (`cnf`). Without it a
    /// bound token is [`BindingRequired`](crate::error::RejectionKind::BindingRequired). A
    /// [`Gate`](crate::gate::Gate) calls it last, see [`SenderConstraint`].
    pub fn sender_constraint(mut self, constraint: impl SenderConstraint + 'static) -> Self {
        self.config.rules.is_constrained = true;
        self.config.constraint = Some(shared(constraint));
        self
    }

    /// Builds the validator. Nothing is sent before it validates the first token.
    ///
    /// Calls are made with the HTTP client of the [environment](Self::env), in tasks that its
    /// spawner runs, so that a cancelled request does not cancel a call that others wait for.
    ///
    /// # Errors
    ///
    /// [`ValueMalformed`](ConfigErrorKind::ValueMalformed) for the address of the endpoint,
    /// [`Empty`](ConfigErrorKind::Empty) for an empty list or name, or without an HTTP client or a
    /// spawner,
    /// [`OutOfRange`](ConfigErrorKind::OutOfRange) for a size, a duration or a deadline,
    /// [`Conflict`](ConfigErrorKind::Conflict) for signed responses if `auth` has no client id,
    /// [`KeyWeak`](ConfigErrorKind::KeyWeak) for a key of token ids with fewer than 32 bytes.
    pub fn build(self) -> Result<IntrospectionValidator, ConfigError> {
        let config = *self.config;
        config.check()?;
        let client = Environment::required_client(config.http.clone())?;
        let spawn = Environment::required_spawner(config.spawn.clone())?;
        let settings = config.settings.clone().check()?;
        let url = settings.endpoint(&config.endpoint)?;
        let plain = Some(url.host()).filter(|_| url.is_plain_http());
        Environment::report_plain_http(config.observer.as_deref(), &settings, plain);
        let signed = config.signed()?;
        let mut rules = config.rules;
        let named = config.authority;
        rules.authority = named.unwrap_or_else(|| match rules.first_issuer() {
            Some(issuer) => issuer.into(),
            None => url.to_string().into(),
        });
        let id_key = match &config.id_key {
            Some(key) => hmac::Key::new(hmac::HMAC_SHA256, key.expose()),
            None => hmac::Key::new(hmac::HMAC_SHA256, &random()?),
        };
        Ok(IntrospectionValidator(Arc::new(Shared {
            endpoint: ProviderEndpoint {
                url,
                auth: config.auth,
                client,
                settings,
            },
            rules,
            signed,
            spawn,
            clock: config.clock,
            observer: config.observer,
            constraint: config.constraint,
            cache: AnswerCache::new(config.cache),
            calls: Mutex::new(Calls::default()),
            prefixes: DigestPrefixes::new(&random()?),
            id_key,
            max_token_bytes: config.max_token_bytes,
        })))
    }
}

impl IntrospectionConfig {
    fn check(&self) -> Result<(), ConfigError> {
        self.rules.check_names()?;
        let most = limits::INTROSPECTION_FRESH_MAX.as_secs();
        in_range("fresh_for", self.cache.active_secs, (0, most))?;
        let most = limits::INTROSPECTION_ENTRIES_MAX as u64;
        in_range("max_entries", self.cache.entries as u64, (10, most))?;
        let most = limits::TOKEN_BYTES_MAX as u64;
        in_range("max_token_bytes", self.max_token_bytes as u64, (1, most))?;
        if self
            .id_key
            .as_ref()
            .is_some_and(|key| key.expose().len() < 32)
        {
            let detail = "expected at least 32 bytes, found fewer; use 32 random bytes";
            return Err(ConfigError::new(
                ConfigErrorKind::KeyWeak,
                "token_id_key",
                detail,
            ));
        }
        Ok(())
    }

    fn signed(&self) -> Result<Option<SignedResponses>, ConfigError> {
        let Some((issuer, keys)) = &self.signed else {
            return Ok(None);
        };
        let client = self.auth.client().ok_or_else(|| {
            let detail = "expected a client with an id, which signed responses name as their \
                          audience, found a bearer token; authenticate by id and secret or key";
            ConfigError::conflict("signed", detail)
        })?;
        let algorithms = self.signed_algorithms.as_deref();
        SignedResponses::new(issuer, Arc::clone(keys), client, algorithms).map(Some)
    }
}

fn in_range(field: &'static str, value: u64, (least, most): (u64, u64)) -> Result<(), ConfigError> {
    if (least..=most).contains(&value) {
        return Ok(());
    }
    Err(ConfigError::out_of_range(field, value, least..=most))
}

fn random() -> Result<[u8; 32], ConfigError> {
    let mut bytes = [0; 32];
    let filled = SystemRandom::new().fill(&mut bytes);
    filled.map_err(|_| ConfigError::no_random("instance"))?;
    Ok(bytes)
}

impl<S> fmt::Debug for IntrospectionValidatorBuilder<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IntrospectionValidatorBuilder")
            .field("auth", &self.config.auth)
            .field("rules", &self.config.rules)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http_client::{HttpError, HttpErrorKind, HttpRequest, HttpResponse};
    use crate::key::{Key, KeySet};
    use crate::now_or_later::NowOrLater;

    /// A client that cannot connect.
    #[derive(Debug)]
    struct NoNetwork;

    impl HttpClient for NoNetwork {
        fn send(&self, _: HttpRequest) -> NowOrLater<'_, Result<HttpResponse, HttpError>> {
            NowOrLater::now(Err(HttpErrorKind::Connect.into()))
        }
    }

    impl Spawn for NoNetwork {
        fn spawn(&self, _: NowOrLater<'static, ()>) {}
    }

    const URL: &str = "https://idp.example.com/introspect?k=s3cret";

    fn auth() -> ClientAuth {
        ClientAuth::secret_basic("me", "s3cret".to_owned()).unwrap()
    }

    fn builder() -> IntrospectionValidatorBuilder<Ready> {
        IntrospectionValidator::builder(URL, auth()).audience("https://api.example.com")
    }

    fn build(
        builder: IntrospectionValidatorBuilder<Ready>,
    ) -> Result<IntrospectionValidator, ConfigError> {
        let environment = Environment::new().http_client(NoNetwork).spawner(NoNetwork);
        builder.env(&environment).build()
    }

    fn refused(builder: IntrospectionValidatorBuilder<Ready>) -> (ConfigErrorKind, &'static str) {
        let error = build(builder).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("s3cret"));
        (error.kind(), error.field())
    }

    #[test]
    fn invalid_settings_do_not_build() {
        let at = |url: &str| IntrospectionValidator::builder(url, auth()).any_audience();
        let malformed = (ConfigErrorKind::ValueMalformed, "url");
        assert_eq!(refused(at("http://idp.example.com/a?k=s3cret")), malformed);
        assert_eq!(refused(at("introspect")), malformed);
        let empty = |field| (ConfigErrorKind::Empty, field);
        assert_eq!(refused(builder().issuer("")), empty("issuers"));
        assert_eq!(refused(builder().scopes_from("")), empty("scopes_from"));
        let out = |field| (ConfigErrorKind::OutOfRange, field);
        assert_eq!(refused(builder().max_entries(9)), out("max_entries"));
        assert_eq!(
            refused(builder().max_token_bytes(0)),
            out("max_token_bytes")
        );
        assert_eq!(
            refused(builder().fresh_for(Duration::MAX)),
            out("fresh_for")
        );
        let short = builder().token_id_key(vec![7; 31]);
        assert_eq!(refused(short), (ConfigErrorKind::KeyWeak, "token_id_key"));
        assert!(build(builder().token_id_key(vec![7; 32])).is_ok());
    }

    #[test]
    fn signed_responses_need_a_client_with_an_id() {
        let keys = || -> Arc<dyn KeyStore> {
            Arc::new(KeySet::from(Key::from_secret(vec![7; 32]).unwrap()))
        };
        let bearer = ClientAuth::bearer("s3cret".to_owned()).unwrap();
        let nameless = IntrospectionValidator::builder(URL, bearer).any_audience();
        let nameless = nameless.signed("https://idp.example.com", keys());
        assert_eq!(refused(nameless), (ConfigErrorKind::Conflict, "signed"));
        assert!(build(builder().signed("https://idp.example.com", keys())).is_ok());
    }

    #[test]
    fn authority_is_the_configured_one_the_issuer_or_the_endpoint() {
        let named = |builder| build(builder).unwrap().0.rules.authority.clone();
        assert_eq!(
            named(builder()).as_str(),
            "https://idp.example.com/introspect"
        );
        assert_eq!(named(builder().issuer("https://a")).as_str(), "https://a");
        let both = builder().issuer("https://a").authority("idp");
        assert_eq!(named(both).as_str(), "idp");
    }

    #[test]
    fn debug_shows_no_secret() {
        let validator = build(builder()).unwrap();
        let shown = format!("{validator:?} {:?}", builder());
        assert!(!shown.contains("s3cret"), "{shown}");
    }
}
