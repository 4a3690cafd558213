//! Configures where tokens are asked about and what is believed.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use ring::hmac;
use ring::rand::SecureRandom;
use ring::rand::SystemRandom;

use super::Inner;
use super::IntrospectionValidator;
use super::Prefixes;
use super::cache::Capacity;
use super::cache::Memory;
use super::endpoint::Caller;
use super::in_flight::State;
use super::signed::Signed;
use crate::client_auth::ClientAuth;
use crate::clock::Clock;
use crate::clock::Leeway;
use crate::clock::SystemClock;
use crate::error::ConfigError;
use crate::error::ConfigErrorKind;
use crate::event::Observer;
use crate::http_client::Endpoint;
use crate::http_client::HttpClient;
use crate::http_client::Spawn;
use crate::jwt::IntrospectionRules;
use crate::jwt::NeedsAudience;
use crate::jwt::Ready;
use crate::jwt::TokenType;
use crate::key::KeyStore;
use crate::limits;
use crate::principal::Authority;
use crate::secret::Secret;
use crate::validator::SenderConstraint;
use crate::validator::names;

/// Puts an [`IntrospectionValidator`] together: first the audience, then what else is wanted.
#[must_use]
pub struct IntrospectionValidatorBuilder<State> {
    draft: Box<Draft>,
    state: PhantomData<State>,
}

struct Draft {
    endpoint: String,
    auth: ClientAuth,
    rules: IntrospectionRules,
    authority: Option<Authority>,
    signed: Option<(String, Arc<dyn KeyStore>)>,
    capacity: Capacity,
    max_token_bytes: usize,
    id_key: Option<Secret>,
    clock: Arc<dyn Clock>,
    observer: Option<Arc<dyn Observer>>,
    constraint: Option<Arc<dyn SenderConstraint>>,
}

impl IntrospectionValidatorBuilder<NeedsAudience> {
    pub(super) fn new(endpoint: &str, auth: ClientAuth) -> Self {
        let draft = Draft {
            endpoint: endpoint.to_owned(),
            auth,
            rules: IntrospectionRules::new("".into()),
            authority: None,
            signed: None,
            capacity: Capacity {
                entries: limits::INTROSPECTION_ENTRIES,
                span: limits::INTROSPECTION_FRESH.as_secs(),
            },
            max_token_bytes: limits::TOKEN_BYTES,
            id_key: None,
            clock: Arc::new(SystemClock),
            observer: None,
            constraint: None,
        };
        Self {
            draft: Box::new(draft),
            state: PhantomData,
        }
    }

    /// Names the audience, this service: `aud` must be equal to it, or have it as a member.
    pub fn audience(self, audience: impl Into<String>) -> IntrospectionValidatorBuilder<Ready> {
        self.audiences([audience])
    }

    /// Names several audiences, of which the token must have one.
    pub fn audiences<N: Into<String>>(
        mut self,
        audiences: impl IntoIterator<Item = N>,
    ) -> IntrospectionValidatorBuilder<Ready> {
        self.draft.rules.require_audiences(names(audiences));
        self.into_ready()
    }

    /// Gives up the check of the audience: tokens that are meant for other services are accepted
    /// too, and these services can replay what they receive.
    pub fn any_audience(self) -> IntrospectionValidatorBuilder<Ready> {
        self.into_ready()
    }

    fn into_ready(self) -> IntrospectionValidatorBuilder<Ready> {
        IntrospectionValidatorBuilder {
            draft: self.draft,
            state: PhantomData,
        }
    }
}

impl IntrospectionValidatorBuilder<Ready> {
    /// Names the issuer: `iss`, where the answer has one, must be equal to it byte for byte. It is
    /// the [`Authority`] unless another is named.
    pub fn issuer(self, issuer: impl Into<String>) -> Self {
        self.issuers([issuer])
    }

    /// Names several issuers, of which `iss` must be one where it is present.
    pub fn issuers<N: Into<String>>(mut self, issuers: impl IntoIterator<Item = N>) -> Self {
        self.draft.rules.require_issuers(names(issuers));
        self
    }

    /// Sets the name under which subjects are known; by default the first issuer, or the
    /// endpoint.
    pub fn authority(mut self, authority: impl Into<Authority>) -> Self {
        self.draft.authority = Some(authority.into());
        self
    }

    /// Demands signed answers (RFC 9701), of this issuer, under one of these keys, addressed to
    /// the client that asks. What is not signed is then no answer.
    pub fn signed(mut self, issuer: impl Into<String>, keys: Arc<dyn KeyStore>) -> Self {
        self.draft.signed = Some((issuer.into(), keys));
        self
    }

    /// Accepts active tokens whose `token_type` is not said; they must have `exp` then.
    ///
    /// Several servers answer in this way for refresh tokens too.
    pub fn accept_missing_token_type(mut self) -> Self {
        self.draft.rules.token_type = TokenType::Optional;
        self
    }

    /// Reads the scopes from this member in place of `scope`.
    pub fn scopes_from(mut self, member: impl Into<String>) -> Self {
        self.draft.rules.scope_claim = Some(member.into().into_boxed_str());
        self
    }

    /// Says what the endpoint may assert: these scopes and, beside the registered claims, these
    /// claims. Whatever else it says is left out of the principal.
    pub fn grants<S: Into<String>, C: Into<String>>(
        mut self,
        scopes: impl IntoIterator<Item = S>,
        claims: impl IntoIterator<Item = C>,
    ) -> Self {
        self.draft.rules.grant(names(scopes), names(claims));
        self
    }

    /// Sets the clock skew to forgive.
    pub fn leeway(mut self, leeway: Leeway) -> Self {
        self.draft.rules.leeway = leeway;
        self
    }

    /// Sets how long an active token is remembered at most, up to
    /// [`limits::INTROSPECTION_FRESH_MAX`](crate::limits::INTROSPECTION_FRESH_MAX); as long a
    /// token that was revoked elsewhere may still pass. Zero asks anew each time.
    pub fn fresh_for(mut self, span: Duration) -> Self {
        let fraction = u64::from(span.subsec_nanos() > 0);
        self.draft.capacity.span = span.as_secs().saturating_add(fraction);
        self
    }

    /// Sets how many tokens are remembered, a tenth of them refused ones.
    pub fn max_entries(mut self, entries: usize) -> Self {
        self.draft.capacity.entries = entries;
        self
    }

    /// Sets the longest token in bytes, at most
    /// [`limits::TOKEN_BYTES_MAX`](crate::limits::TOKEN_BYTES_MAX).
    pub fn max_token_bytes(mut self, bytes: usize) -> Self {
        self.draft.max_token_bytes = bytes;
        self
    }

    /// Sets the key under which tokens are named by their [`TokenId`](crate::principal::TokenId), at least
    /// 32 bytes, so that several processes give one token one name. Without it the names are
    /// other ones in each process.
    pub fn token_id_key(mut self, key: impl Into<Secret>) -> Self {
        self.draft.id_key = Some(key.into());
        self
    }

    /// Sets the clock that is asked where the request brings no time.
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.draft.clock = Arc::new(clock);
        self
    }

    /// Tells this observer of calls, of verdicts that are remembered and of an endpoint that is
    /// left alone.
    pub fn observer(mut self, observer: impl Observer + 'static) -> Self {
        self.draft.observer = Some(Arc::new(observer));
        self
    }

    /// Sets what checks possession of the key that a token is bound to. Without it bound tokens
    /// are refused.
    pub fn sender_constraint(mut self, constraint: impl SenderConstraint + 'static) -> Self {
        self.draft.rules.is_constrained = true;
        self.draft.constraint = Some(Arc::new(constraint));
        self
    }

    /// Makes the validator. Nothing is sent before the first token.
    ///
    /// # Errors
    ///
    /// `value_malformed` for the endpoint, `empty` for an empty list or name, `out_of_range` for
    /// a size or a span, `conflict` for signed answers to a client without an id, `key_weak` for
    /// a key of token ids that is too short.
    pub fn build(
        self,
        client: Arc<dyn HttpClient>,
        spawn: Arc<dyn Spawn>,
    ) -> Result<IntrospectionValidator, ConfigError> {
        let draft = *self.draft;
        draft.check()?;
        let endpoint = Endpoint::parse(&draft.endpoint)?;
        let signed = draft.signed()?;
        let mut rules = draft.rules;
        let named = draft.authority;
        rules.authority = named.unwrap_or_else(|| match rules.first_issuer() {
            Some(issuer) => issuer.into(),
            None => endpoint.to_string().into(),
        });
        let id_key = match &draft.id_key {
            Some(key) => hmac::Key::new(hmac::HMAC_SHA256, key.expose()),
            None => hmac::Key::new(hmac::HMAC_SHA256, &random()?),
        };
        Ok(IntrospectionValidator(Arc::new(Inner {
            caller: Caller {
                endpoint,
                auth: draft.auth,
                client,
            },
            rules,
            signed,
            spawn,
            clock: draft.clock,
            observer: draft.observer,
            constraint: draft.constraint,
            memory: Memory::new(draft.capacity),
            state: Mutex::new(State::default()),
            prefixes: Prefixes::new(&random()?),
            id_key,
            max_token_bytes: draft.max_token_bytes,
        })))
    }
}

impl Draft {
    fn check(&self) -> Result<(), ConfigError> {
        let has_empty_scope = self.rules.scope_claim.as_deref() == Some("");
        if self.rules.has_empty_names() || has_empty_scope {
            let detail = "found an empty list or name; give at least one name, none of them empty";
            let field = if has_empty_scope {
                "scopes_from"
            } else {
                "names"
            };
            return Err(ConfigError::missing(field, detail));
        }
        let most = limits::INTROSPECTION_FRESH_MAX.as_secs();
        in_range("fresh_for", self.capacity.span, (0, most))?;
        let most = limits::INTROSPECTION_ENTRIES_MAX as u64;
        in_range("max_entries", self.capacity.entries as u64, (10, most))?;
        let most = limits::TOKEN_BYTES_MAX as u64;
        in_range("max_token_bytes", self.max_token_bytes as u64, (1, most))?;
        if self
            .id_key
            .as_ref()
            .is_some_and(|key| key.expose().len() < 32)
        {
            let detail = "the key has fewer than 32 bytes; use 32 random bytes";
            return Err(ConfigError::new(
                ConfigErrorKind::KeyWeak,
                "token_id_key",
                detail,
            ));
        }
        Ok(())
    }

    fn signed(&self) -> Result<Option<Signed>, ConfigError> {
        let Some((issuer, keys)) = &self.signed else {
            return Ok(None);
        };
        let client = self.auth.client().ok_or_else(|| {
            let detail = "signed responses name the client as audience, and a bearer token has no \
                          client id; authenticate by id and secret or key";
            ConfigError::conflict("signed", detail)
        })?;
        Signed::new(issuer, Arc::clone(keys), client).map(Some)
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
            .field("auth", &self.draft.auth)
            .field("rules", &self.draft.rules)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http_client::HttpError;
    use crate::http_client::HttpErrorKind;
    use crate::http_client::HttpRequest;
    use crate::http_client::HttpResponse;
    use crate::key::Key;
    use crate::key::KeySet;
    use crate::now_or_later::NowOrLater;

    /// Reaches nobody.
    #[derive(Debug)]
    struct Nobody;

    impl HttpClient for Nobody {
        fn send(&self, _: HttpRequest) -> NowOrLater<'_, Result<HttpResponse, HttpError>> {
            NowOrLater::now(Err(HttpErrorKind::Connect.into()))
        }
    }

    impl Spawn for Nobody {
        fn spawn(&self, _: NowOrLater<'static, ()>) {}
    }

    const URL: &str = "https://idp.example.com/introspect?k=s3cret";

    fn auth() -> ClientAuth {
        ClientAuth::secret_basic("me", "s3cret".to_owned()).unwrap()
    }

    fn builder() -> IntrospectionValidatorBuilder<Ready> {
        IntrospectionValidatorBuilder::new(URL, auth()).audience("https://api.example.com")
    }

    fn build(
        builder: IntrospectionValidatorBuilder<Ready>,
    ) -> Result<IntrospectionValidator, ConfigError> {
        builder.build(Arc::new(Nobody), Arc::new(Nobody))
    }

    fn refused(builder: IntrospectionValidatorBuilder<Ready>) -> (ConfigErrorKind, &'static str) {
        let error = build(builder).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("s3cret"));
        (error.kind(), error.field())
    }

    #[test]
    fn what_cannot_work_does_not_build() {
        let at = |url: &str| IntrospectionValidatorBuilder::new(url, auth()).any_audience();
        let malformed = (ConfigErrorKind::ValueMalformed, "url");
        assert_eq!(refused(at("http://idp.example.com/a?k=s3cret")), malformed);
        assert_eq!(refused(at("introspect")), malformed);
        let empty = |field| (ConfigErrorKind::Empty, field);
        assert_eq!(refused(builder().issuer("")), empty("names"));
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
    fn signed_answers_need_a_client_that_has_an_id() {
        let keys = || -> Arc<dyn KeyStore> {
            Arc::new(KeySet::from(Key::from_secret(vec![7; 32]).unwrap()))
        };
        let bearer = ClientAuth::bearer("s3cret".to_owned()).unwrap();
        let nameless = IntrospectionValidatorBuilder::new(URL, bearer).any_audience();
        let nameless = nameless.signed("https://idp.example.com", keys());
        assert_eq!(refused(nameless), (ConfigErrorKind::Conflict, "signed"));
        assert!(build(builder().signed("https://idp.example.com", keys())).is_ok());
    }

    #[test]
    fn the_authority_is_the_name_the_issuer_or_the_endpoint() {
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
