//! The builder: issuer, audience and keys are demanded by the type.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use super::JwtValidator;
use super::config::Draft;
use super::demand::Demand;
use super::grants::Grants;
use super::header::without_application;
use super::issuer_rules::Expiry;
use super::issuer_rules::Issuers;
use super::issuer_rules::Keys;
use super::issuer_rules::Names;
use super::issuer_rules::Purpose;
use super::issuer_rules::Types;
use super::issuer_rules::Wanted;
use super::issuers::IssuerLookup;
use super::names::Name;
use super::tenant::Pattern;
use super::tenant::Tenant;
use crate::clock::Clock;
use crate::clock::Leeway;
use crate::crypto::Algorithm;
use crate::error::ConfigError;
use crate::key::KeySet;
use crate::key::KeyStore;
use crate::principal::Authority;
use crate::principal::ClaimValue;
use crate::principal::Claims;
use crate::validator::SenderConstraint;
use crate::validator::names;

/// The issuer is still to be named.
#[derive(Debug)]
#[non_exhaustive]
pub struct NeedsIssuer;

/// The audience is still to be named.
#[derive(Debug)]
#[non_exhaustive]
pub struct NeedsAudience;

/// The keys are still to be given.
#[derive(Debug)]
#[non_exhaustive]
pub struct NeedsKeys;

/// Everything that must be said was said.
#[derive(Debug)]
#[non_exhaustive]
pub struct Ready;

/// Puts a [`JwtValidator`] for one issuer together: first the issuer, then the audience, then
/// the keys, then what else is wanted.
#[must_use]
pub struct JwtValidatorBuilder<State> {
    draft: Box<Draft>,
    state: PhantomData<State>,
}

impl<S> JwtValidatorBuilder<S> {
    fn into_state<T>(self) -> JwtValidatorBuilder<T> {
        JwtValidatorBuilder {
            draft: self.draft,
            state: PhantomData,
        }
    }
}

impl JwtValidatorBuilder<NeedsIssuer> {
    pub(super) fn new() -> Self {
        Self {
            draft: Box::new(Draft::new()),
            state: PhantomData,
        }
    }

    /// Names the issuer: `iss` must be equal to it byte for byte.
    pub fn issuer(self, issuer: impl Into<String>) -> JwtValidatorBuilder<NeedsAudience> {
        self.issuers([issuer])
    }

    /// Names one issuer that goes by several names, all with the same keys and rules; the first
    /// one is its [`Authority`].
    pub fn issuers<N: Into<String>>(
        mut self,
        issuers: impl IntoIterator<Item = N>,
    ) -> JwtValidatorBuilder<NeedsAudience> {
        self.draft.issuers = Issuers::OneOf(names(issuers));
        self.into_state()
    }

    /// Trusts issuers of one provider that differ in one part of their name, such as
    /// `https://login.example.com/{tenant}/v2.0`: all are judged by the same keys and rules.
    ///
    /// `allow` is asked after the signature is verified, and says as whom the tenant is trusted:
    /// subjects of two tenants must not share an [`Authority`]. `None` is `issuer_mismatch`. Where
    /// several validators are joined, an issuer that one of them names exactly is that one's.
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
        self.draft.issuers = Issuers::Like(Pattern::new(pattern, allow));
        self.into_state()
    }

    /// Gives up the check of the issuer: whoever signs with one of the keys is trusted.
    pub fn any_issuer(self) -> JwtValidatorBuilder<NeedsAudience> {
        self.into_state()
    }
}

impl JwtValidatorBuilder<NeedsAudience> {
    /// Names the audience, this service: `aud` must be equal to it, or have it as a member.
    pub fn audience(self, audience: impl Into<String>) -> JwtValidatorBuilder<NeedsKeys> {
        self.audiences([audience])
    }

    /// Names several audiences, of which the token must have one.
    pub fn audiences<N: Into<String>>(
        mut self,
        audiences: impl IntoIterator<Item = N>,
    ) -> JwtValidatorBuilder<NeedsKeys> {
        self.draft.audiences = Names::OneOf(names(audiences));
        self.into_state()
    }

    /// Gives up the check of the audience: tokens that the issuer made for other services are
    /// accepted too, and these services can replay what they receive.
    pub fn any_audience(self) -> JwtValidatorBuilder<NeedsKeys> {
        self.into_state()
    }

    /// Judges ID tokens of OpenID Connect for this client, not access tokens.
    ///
    /// Audience is the client; `sub` and `iat` are required; `azp` must be the client where it is
    /// present, and present where there are several audiences. `typ` must be absent or `JWT`. The
    /// `nonce` is the caller's to compare, with [`require_claim`](JwtValidatorBuilder::require_claim).
    pub fn id_token(mut self, client: impl Into<String>) -> JwtValidatorBuilder<NeedsKeys> {
        let client = client.into();
        self.draft.purpose = Purpose::IdToken(client.as_str().into());
        self.draft.types = Types::IdToken;
        self.demand_all([Name::Sub, Name::Iat]);
        self.audiences([client])
    }
}

impl<S> JwtValidatorBuilder<S> {
    fn demand_all(&mut self, names: impl IntoIterator<Item = Name>) {
        let demands = names.into_iter().map(Demand::Present);
        self.draft.demands.extend(demands);
    }
}

impl JwtValidatorBuilder<NeedsKeys> {
    /// Gives the keys of the issuer.
    pub fn keys(mut self, keys: KeySet) -> JwtValidatorBuilder<Ready> {
        self.draft.keys = Some(Keys::Fixed(keys));
        self.into_state()
    }

    /// Gives a store that brings the keys of the issuer.
    pub fn key_store(mut self, store: Arc<dyn KeyStore>) -> JwtValidatorBuilder<Ready> {
        self.draft.keys = Some(Keys::Store(store));
        self.into_state()
    }
}

impl JwtValidatorBuilder<Ready> {
    /// Demands an access token of RFC 9068: `typ` `at+jwt`, and the claims that its section 2.2
    /// requires.
    pub fn rfc9068(mut self) -> Self {
        self.demand_all([Name::Sub, Name::ClientId, Name::Iat, Name::Jti]);
        self.draft.expiry = Expiry::Required;
        self.require_type("at+jwt")
    }

    /// Demands this `typ` and no other, in any case, with or without `application/`.
    pub fn require_type(mut self, typ: impl AsRef<str>) -> Self {
        self.draft.types = Types::Only(Wanted::new(without_application(typ.as_ref())));
        self
    }

    /// Allows these algorithms alone. They restrict what the keys allow and add nothing.
    pub fn algorithms(mut self, algorithms: impl IntoIterator<Item = Algorithm>) -> Self {
        self.draft.algorithms = Some(algorithms.into_iter().collect());
        self
    }

    /// Sets the clock skew to forgive.
    pub fn leeway(mut self, leeway: Leeway) -> Self {
        self.draft.leeway = leeway;
        self
    }

    /// Accepts tokens without `exp`, which never end.
    pub fn allow_missing_expiry(mut self) -> Self {
        self.draft.expiry = Expiry::Optional;
        self
    }

    /// Reads the scopes from this claim in place of `scope`.
    pub fn scopes_from(mut self, claim: impl Into<String>) -> Self {
        self.draft.scope_claim = Some(claim.into().into_boxed_str());
        self
    }

    /// Sets the name under which subjects of this issuer are known; by default its first name.
    pub fn authority(mut self, authority: impl Into<Authority>) -> Self {
        self.draft.authority = Some(authority.into());
        self
    }

    /// Demands that a claim has exactly this value, of the same type.
    pub fn require_claim(mut self, name: impl Into<String>, value: impl Into<ClaimValue>) -> Self {
        let name = name.into().into_boxed_str();
        self.draft.demands.push(Demand::Value(name, value.into()));
        self
    }

    /// Demands that the token was issued to one of these clients, by `client_id` or `azp`; where
    /// a token has both, both must be on the list.
    pub fn allow_clients<N: Into<String>>(mut self, clients: impl IntoIterator<Item = N>) -> Self {
        self.draft.demands.push(Demand::Clients(names(clients)));
        self
    }

    /// Demands that `iat` lies no further back than this, leeway aside: `token_expired`.
    pub fn max_age(mut self, age: Duration) -> Self {
        self.draft.demands.push(Demand::MaxAge(age));
        self
    }

    /// Demands that `exp` lies no further behind `iat` than this: `claim_invalid`.
    pub fn max_lifetime(mut self, span: Duration) -> Self {
        self.draft.demands.push(Demand::MaxLifetime(span));
        self
    }

    /// Demands that `holds` returns true for the verified claims; `name` is what
    /// [`Rejection::claim`](crate::error::Rejection::claim) says otherwise.
    pub fn check(
        mut self,
        name: impl Into<String>,
        holds: impl Fn(Claims<'_>) -> bool + Send + Sync + 'static,
    ) -> Self {
        let name = name.into().into_boxed_str();
        self.draft
            .demands
            .push(Demand::Check(name, Arc::new(holds)));
        self
    }

    /// Says what this issuer may assert: these scopes and, beside the registered claims, these
    /// claims. Whatever else a token says is left out of its principal, of its claim `scope` too.
    ///
    /// For services that trust several issuers: without it one may assert what only another one
    /// should.
    pub fn grants<S: Into<String>, C: Into<String>>(
        mut self,
        scopes: impl IntoIterator<Item = S>,
        claims: impl IntoIterator<Item = C>,
    ) -> Self {
        self.draft.grants = Some(Grants {
            scopes: names(scopes),
            claims: names(claims),
        });
        self
    }

    /// Sets the longest token in bytes, at most [`limits::TOKEN_BYTES_MAX`](crate::limits::TOKEN_BYTES_MAX).
    pub fn max_token_bytes(mut self, bytes: usize) -> Self {
        self.draft.max_token_bytes = bytes;
        self
    }

    /// Sets the clock that is asked where the request brings no time.
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.draft.clock = Arc::new(clock);
        self
    }

    /// Sets what checks possession of the key that a token is bound to. Without it bound tokens
    /// are refused.
    pub fn sender_constraint(mut self, constraint: impl SenderConstraint + 'static) -> Self {
        self.draft.constraint = Some(Arc::new(constraint));
        self
    }

    /// Makes the validator.
    ///
    /// # Errors
    ///
    /// `empty` for an empty list or name, `algorithm_unusable` for an algorithm that no key
    /// serves, `out_of_range` for the token size.
    pub fn build(self) -> Result<JwtValidator, ConfigError> {
        let draft = *self.draft;
        draft.check()?;
        let (max_token_bytes, clock) = (draft.max_token_bytes, Arc::clone(&draft.clock));
        let constraint = draft.constraint.clone();
        Ok(JwtValidator {
            issuers: IssuerLookup::new(vec![draft.into_trust()?])?,
            max_token_bytes,
            clock,
            constraint,
            memo: Arc::default(),
            share: None,
        })
    }
}

impl<S> fmt::Debug for JwtValidatorBuilder<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JwtValidatorBuilder")
            .field("issuers", &self.draft.issuers)
            .field("audiences", &self.draft.audiences)
            .finish_non_exhaustive()
    }
}
