//! The settings of a builder that say which tokens are made for this service's purpose.

use std::sync::Arc;

use super::absent::Blank;
use super::access_token::AccessMark;
use super::builder::JwtValidatorBuilder;
use super::builder_state::{NeedsAudience, NeedsKeys, Ready};
use super::claim_name::ClaimName;
use super::id_token::IdTokenRules;
use super::issuer_rules::{AcceptedTypes, Expiry, Purpose, RequiredType};
use super::requirement::Requirement;
use crate::limits;
use crate::principal::Claims;
use crate::validator::names;

impl JwtValidatorBuilder<NeedsAudience> {
    /// Validates ID tokens of OpenID Connect for this client in place of access tokens (OpenID
    /// Connect Core 1.0 section 3.1.3.7).
    ///
    /// The audience is the client; another audience in the same token must be one of the
    /// [`trusted_audiences`](JwtValidatorBuilder::trusted_audiences). `sub` and `iat` are required.
    /// `azp` must be the client, or one of
    /// [`presented_by`](JwtValidatorBuilder::presented_by), if it is present, and must be present if
    /// there are several audiences. `typ` must be absent or `JWT`. The `nonce` is not checked:
    /// compare it with [`require_claim`](JwtValidatorBuilder::require_claim).
    pub fn id_token(mut self, client: impl Into<String>) -> JwtValidatorBuilder<NeedsKeys> {
        let client = client.into();
        self.config.purpose = Purpose::IdToken(Box::new(IdTokenRules::new(&client)));
        self.config.types = AcceptedTypes::IdToken;
        self.require_all([ClaimName::Sub, ClaimName::Iat]);
        self.audiences([client])
    }

    /// Validates transaction tokens of this trust domain in place of access tokens (draft OAuth
    /// Transaction Tokens): what a call at the edge of the domain was made for, which its services pass on
    /// unchanged from one to the next.
    ///
    /// The audience is the trust domain, and `typ` must be `txntoken+jwt`. `iat`, `exp`, `sub`, `txn`,
    /// `scope` and `req_wl` are required, the last three as strings, and the lifetime is at most
    /// [`limits::TRANSACTION_LIFETIME`](crate::limits::TRANSACTION_LIFETIME). Such a token authenticates no
    /// caller: services send it again and again, and nothing notices a replay. So require a credential of
    /// the calling workload too, as the application of a gate:
    ///
    /// ```
    /// use bearergate::credential::Sources;
    /// use bearergate::key::KeySet;
    /// use bearergate::{Gate, JwtValidator, TokenValidator, require_scope};
    ///
    /// # fn build(
    /// #     keys: KeySet, workloads: impl TokenValidator + 'static,
    /// # ) -> Result<Gate, bearergate::ConfigError> {
    /// let transactions = JwtValidator::builder()
    ///     .issuer("https://txn.example.com")
    ///     .transaction_token("https://trust.example.com")
    ///     .keys(keys)
    ///     .build()?;
    /// Gate::builder()
    ///     .validator(transactions)
    ///     .sources(Sources::builder().without_bearer().header("txn-token").build()?)
    ///     .client_validator(workloads)
    ///     .client_sources(Sources::default())
    ///     .authorizer(require_scope("orders.read"))
    ///     .build()
    /// # }
    /// ```
    pub fn transaction_token(
        mut self,
        trust_domain: impl Into<String>,
    ) -> JwtValidatorBuilder<NeedsKeys> {
        self.config.purpose = Purpose::TransactionToken;
        self.require_all([ClaimName::Sub, ClaimName::Iat]);
        self.config.types = AcceptedTypes::Only(required("txntoken+jwt"));
        let lifetime = Requirement::MaxLifetime(limits::TRANSACTION_LIFETIME);
        let texts = ["txn", "scope", "req_wl"].map(|name| {
            let is_text = move |claims: Claims<'_>| {
                let text = claims.value(name).and_then(|value| value.as_str());
                text.is_some_and(|text| !text.is_empty())
            };
            Requirement::Check(name.into(), Arc::new(is_text))
        });
        self.config.requirements.push(lifetime);
        self.config.requirements.extend(texts);
        self.audiences([trust_domain.into()])
    }
}

impl<S> JwtValidatorBuilder<S> {
    /// Accepts ID tokens that the provider issued to one of these clients for the client of
    /// [`id_token`](JwtValidatorBuilder::id_token): their `azp` may be one of them. By default it
    /// must be the client itself.
    ///
    /// Use it for an app that requests tokens for its server under a client id of its own, as with
    /// Google on Android. Each of these clients can then obtain tokens that are accepted here, so
    /// name only your own. The audience is not relaxed. An empty list or name, and a builder without
    /// `id_token`, are errors of [`build`](JwtValidatorBuilder::build).
    pub fn presented_by<N: Into<String>>(mut self, clients: impl IntoIterator<Item = N>) -> Self {
        self.config.presenters = Some(names(clients));
        self
    }

    /// Accepts ID tokens for several audiences if each is the client of
    /// [`id_token`](JwtValidatorBuilder::id_token) or one of these (OpenID Connect Core 1.0 section
    /// 3.1.3.7, step 3). By default a token with any other audience is
    /// [`AudienceMismatch`](crate::error::RejectionKind::AudienceMismatch).
    ///
    /// Each of these services receives such tokens too and can present them here. The client must
    /// still be one of the audiences, and `azp` must be present. An empty list or name, and a
    /// builder without `id_token`, are errors of [`build`](JwtValidatorBuilder::build).
    pub fn trusted_audiences<N: Into<String>>(
        mut self,
        audiences: impl IntoIterator<Item = N>,
    ) -> Self {
        self.config.trusted_audiences = Some(names(audiences));
        self
    }

    pub(super) fn require_all(&mut self, names: impl IntoIterator<Item = ClaimName>) {
        let requirements = names.into_iter().map(Requirement::Present);
        self.config.requirements.extend(requirements);
    }
}

impl JwtValidatorBuilder<Ready> {
    /// Requires an access token of RFC 9068: its `typ` is `at+jwt`, and it has the claims that
    /// section 2.2 requires (`exp`, `sub`, `client_id`, `iat`, `jti`). Use it if the issuer follows
    /// that profile: no ID token is then mistaken for an access token.
    pub fn rfc9068(mut self) -> Self {
        self.require_all([
            ClaimName::Sub,
            ClaimName::ClientId,
            ClaimName::Iat,
            ClaimName::Jti,
        ]);
        self.config.expiry = Expiry::Required;
        self.require_type("at+jwt")
    }

    /// Requires this `typ` in the header; by default it must be absent, `JWT` or `at+jwt`. Case and
    /// a prefix `application/` are ignored (RFC 7515 section 4.1.9).
    ///
    /// The claims that mark a token of another purpose are refused under every `typ` except
    /// `at+jwt`. A `typ` that names another purpose, such as `logout+jwt`, is an error of
    /// [`build`](JwtValidatorBuilder::build).
    pub fn require_type(mut self, typ: impl AsRef<str>) -> Self {
        self.config.types = AcceptedTypes::Only(required(typ));
        self
    }

    /// Requires one of these values of `typ` in the header, in place of the default set: a token
    /// without `typ` is then rejected, and so is `JWT` unless it is named. Values are compared as
    /// with [`require_type`](Self::require_type), and the same are refused by
    /// [`build`](JwtValidatorBuilder::build), as is an empty list or value.
    ///
    /// ```
    /// # use bearergate::{ConfigError, JwtValidator};
    /// # fn build(keys: bearergate::key::KeySet) -> Result<JwtValidator, ConfigError> {
    /// // SPIFFE allows both values.
    /// JwtValidator::builder()
    ///     .issuer("https://spire.example.org")
    ///     .audience("https://api.example.com")
    ///     .keys(keys)
    ///     .accept_types(["JWT", "JOSE"])
    ///     .build()
    /// # }
    /// ```
    pub fn accept_types<T: AsRef<str>>(mut self, types: impl IntoIterator<Item = T>) -> Self {
        self.config.types = AcceptedTypes::OneOf(types.into_iter().map(required).collect());
        self
    }

    /// Names a claim that only the access tokens of this issuer have, for issuers that copy the
    /// `nonce` of the login into their access tokens. A token without it, or with `null`, is
    /// [`TypeMismatch`](crate::error::RejectionKind::TypeMismatch); a token with it may have a
    /// `nonce`, which marks an ID token otherwise.
    ///
    /// Find the claim by comparing an access token with an ID token of the same login: an ID token
    /// that has it is accepted here. All other marks of another purpose are still refused. A claim
    /// that ID tokens have too (`iss`, `sub`, `aud`, `exp`, `iat`, `nonce`), one that marks another
    /// purpose, and an empty name are errors of [`build`](JwtValidatorBuilder::build), as is a mark
    /// with [`id_token`](JwtValidatorBuilder::id_token).
    pub fn access_mark(mut self, claim: impl Into<String>) -> Self {
        self.config.access_mark = Some(AccessMark {
            claim: claim.into().into_boxed_str(),
            value: None,
        });
        self
    }

    /// Like [`access_mark`](Self::access_mark), and the claim must be a string with exactly this
    /// value: a number, an array that has it, or another case is not equal.
    pub fn access_mark_value(mut self, claim: impl Into<String>, value: impl Into<String>) -> Self {
        self.config.access_mark = Some(AccessMark {
            claim: claim.into().into_boxed_str(),
            value: Some(value.into().into_boxed_str()),
        });
        self
    }

    /// Takes these claims as absent where they are the empty string; by default it is
    /// [`ClaimInvalid`](crate::error::RejectionKind::ClaimInvalid). Allowed are `sub`, `azp`,
    /// `client_id`, `jti` and `scope`; any other name and an empty list are errors of
    /// [`build`](JwtValidatorBuilder::build).
    ///
    /// Use it for issuers that write a missing value as `""`. All other values are checked as
    /// before, and a requirement of the claim is not met.
    /// [`Principal::claims`](crate::Principal::claims) has the claims as they are in the token.
    pub fn absent_if_empty<C: Into<String>>(mut self, claims: impl IntoIterator<Item = C>) -> Self {
        self.config.absent.push((Blank::Empty, names(claims)));
        self
    }

    /// Takes these claims as absent where they are `null`; by default it is
    /// [`ClaimInvalid`](crate::error::RejectionKind::ClaimInvalid). See
    /// [`absent_if_empty`](Self::absent_if_empty): the same names are allowed, and neither does the
    /// work of the other.
    pub fn absent_if_null<C: Into<String>>(mut self, claims: impl IntoIterator<Item = C>) -> Self {
        self.config.absent.push((Blank::Null, names(claims)));
        self
    }

    /// Validates responses of introspection endpoints (RFC 9701) in place of access tokens.
    #[cfg(feature = "introspection")]
    pub(crate) fn introspection_response(mut self) -> Self {
        self.config.purpose = Purpose::IntrospectionAnswer;
        self.require_type("token-introspection+jwt")
    }
}

fn required(typ: impl AsRef<str>) -> RequiredType {
    RequiredType::new(typ.as_ref())
}
