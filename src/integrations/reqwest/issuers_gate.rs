//! A gate for the tokens of several issuers.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use super::issuer_gate::{check_issuer, completed};
use crate::environment::Environment;
use crate::error::ConfigError;
use crate::gate::{Gate, GateBuilder};
use crate::jwt::{JwtValidator, JwtValidatorBuilder, NeedsAudience, Ready};
use crate::key::{FetchedKeys, FetchedKeysBuilder};
use crate::policy::Authorizer;

impl Gate {
    /// Returns a builder for a gate that accepts the tokens of several issuers for one audience
    /// (feature `reqwest`).
    ///
    /// The keys of each are fetched as by [`issuer`](Self::issuer), and verify only its own tokens.
    /// The gate needs an audience; an authorizer or the explicit
    /// [`allow_any_authenticated`](IssuersGateBuilder::allow_any_authenticated); and for each of
    /// several issuers what it may [assert](IssuersGateBuilder::grants), or the explicit
    /// [`all_authorities_equal`](IssuersGateBuilder::all_authorities_equal).
    ///
    /// Issuers with audiences or rules of their own are joined by
    /// [`JwtValidator::join`](crate::JwtValidator::join).
    ///
    /// ```
    /// use bearergate::{Gate, require_scope};
    ///
    /// let gate = Gate::issuers(["https://idp.example.com", "https://login.partner.example"])
    ///     .audience("https://api.example.com")
    ///     .grants("https://idp.example.com", ["orders:read", "orders:admin"], ["tenant", "roles"])
    ///     .grants("https://login.partner.example", ["orders:read"], ["tenant"])
    ///     .authorizer(require_scope("orders:read"))
    ///     .build()?;
    /// # Ok::<(), bearergate::ConfigError>(())
    /// ```
    pub fn issuers<I: Into<String>>(
        issuers: impl IntoIterator<Item = I>,
    ) -> IssuersGateBuilder<NeedsAudience> {
        IssuersGateBuilder {
            issuers: issuers.into_iter().map(Into::into).collect(),
            audiences: Vec::new(),
            grants: Vec::new(),
            environment: Environment::new(),
            keys: Vec::new(),
            tokens: Vec::new(),
            gate: Self::builder(),
            state: PhantomData,
        }
    }
}

/// A builder for a [`Gate`] that accepts the tokens of several issuers; see [`Gate::issuers`].
///
/// The audience comes first, because the builder does not build without one.
#[must_use]
pub struct IssuersGateBuilder<State> {
    issuers: Vec<String>,
    audiences: Vec<String>,
    grants: Vec<Grants>,
    environment: Environment,
    keys: Vec<Adjust<FetchedKeysBuilder>>,
    tokens: Vec<Adjust<JwtValidatorBuilder<Ready>>>,
    gate: GateBuilder,
    state: PhantomData<State>,
}

/// What one issuer may assert.
struct Grants {
    issuer: String,
    scopes: Vec<String>,
    claims: Vec<String>,
}

type Adjust<B> = Box<dyn Fn(&str, B) -> B>;

impl IssuersGateBuilder<NeedsAudience> {
    /// Sets the audience, which names this service: a token of any of the issuers is accepted only
    /// if its `aud` is equal to it byte for byte, or is an array with such a member.
    pub fn audience(self, audience: impl Into<String>) -> IssuersGateBuilder<Ready> {
        self.audiences([audience])
    }

    /// Sets several audiences: a token is accepted only if its `aud` has at least one of them.
    ///
    /// They are compared byte for byte. A token for another service is accepted too if one of them
    /// names that service.
    pub fn audiences<A: Into<String>>(
        self,
        audiences: impl IntoIterator<Item = A>,
    ) -> IssuersGateBuilder<Ready> {
        IssuersGateBuilder {
            issuers: self.issuers,
            audiences: audiences.into_iter().map(Into::into).collect(),
            grants: self.grants,
            environment: self.environment,
            keys: self.keys,
            tokens: self.tokens,
            gate: self.gate,
            state: PhantomData,
        }
    }
}

impl IssuersGateBuilder<Ready> {
    /// Limits what one of the issuers may assert: these scopes, the registered claims and these
    /// other claims, as [`JwtValidatorBuilder::grants`] does. Everything else of its tokens is left
    /// out of their principals.
    ///
    /// By default an issuer may assert everything, and then the gate is built only if it is the only
    /// one, or if all are [equal](Self::all_authorities_equal). A later call for an issuer replaces
    /// an earlier one.
    pub fn grants<S: Into<String>, C: Into<String>>(
        mut self,
        issuer: &str,
        scopes: impl IntoIterator<Item = S>,
        claims: impl IntoIterator<Item = C>,
    ) -> Self {
        self.grants.push(Grants {
            issuer: issuer.to_owned(),
            scopes: scopes.into_iter().map(Into::into).collect(),
            claims: claims.into_iter().map(Into::into).collect(),
        });
        self
    }

    /// Trusts all issuers equally, as [`GateBuilder::all_authorities_equal`] does: each may then
    /// assert any scope and any claim, also one that the service expects from another, and an id of
    /// one counts as that of all.
    pub fn all_authorities_equal(self) -> Self {
        self.gate(GateBuilder::all_authorities_equal)
    }

    /// Sets the authorizer, which decides what an authenticated caller may do.
    ///
    /// The gate does not build without one, unless
    /// [`allow_any_authenticated`](Self::allow_any_authenticated) is called in its place.
    pub fn authorizer(self, authorizer: impl Authorizer + 'static) -> Self {
        self.gate(|builder| builder.authorizer(authorizer))
    }

    /// Allows every request with a valid token of one of the issuers for this audience.
    ///
    /// Every user and every application of all issuers may then do anything that the service itself
    /// does not forbid.
    pub fn allow_any_authenticated(self) -> Self {
        self.gate(GateBuilder::allow_any_authenticated)
    }

    /// Takes the clock, the observer, the HTTP client and the spawner of the keys, the validators and
    /// the gate from an [`Environment`]: for example a client that trusts a private CA.
    ///
    /// Without a client it is [`Client::new`](super::Client::new), without a spawner
    /// [`TokioSpawner`](crate::integrations::tokio::TokioSpawner). Call it before
    /// [`gate`](Self::gate).
    pub fn env(mut self, environment: &Environment) -> Self {
        self.environment.take_from(environment);
        self.gate(|builder| builder.env(environment))
    }

    /// Changes how the keys of each issuer, which is the first argument, are fetched, with the
    /// methods of [`FetchedKeysBuilder`].
    ///
    /// The changes are made in [`build`](Self::build), in the order of the calls and after the
    /// [environment](Self::env).
    pub fn keys(
        mut self,
        adjust: impl Fn(&str, FetchedKeysBuilder) -> FetchedKeysBuilder + 'static,
    ) -> Self {
        self.keys.push(Box::new(adjust));
        self
    }

    /// Changes which tokens of each issuer, which is the first argument, are valid, with the methods
    /// of [`JwtValidatorBuilder`].
    ///
    /// The changes are made in [`build`](Self::build), in the order of the calls and after issuer,
    /// audience, keys, [environment](Self::env) and [grants](Self::grants).
    pub fn tokens(
        mut self,
        adjust: impl Fn(&str, JwtValidatorBuilder<Ready>) -> JwtValidatorBuilder<Ready> + 'static,
    ) -> Self {
        self.tokens.push(Box::new(adjust));
        self
    }

    /// Changes the gate, with the methods of [`GateBuilder`]: for example where credentials are
    /// found in a request, or how refusals are written.
    pub fn gate(mut self, adjust: impl FnOnce(GateBuilder) -> GateBuilder) -> Self {
        self.gate = adjust(self.gate);
        self
    }

    /// Builds the gate. Nothing is sent before the first token, or before
    /// [`warm_up`](Gate::warm_up).
    ///
    /// # Errors
    ///
    /// [`Empty`](crate::error::ConfigErrorKind::Empty) without an issuer, or for the field
    /// `authorizer` if neither an authorizer nor
    /// [`allow_any_authenticated`](Self::allow_any_authenticated) was given;
    /// [`Conflict`](crate::error::ConfigErrorKind::Conflict) for several issuers of which one is
    /// without [`grants`](Self::grants), unless
    /// [`all_authorities_equal`](Self::all_authorities_equal) was called, for an issuer that is
    /// listed twice, and for grants of one that is not listed. Also the errors of
    /// [`IssuerGateBuilder::build`](super::IssuerGateBuilder::build).
    pub fn build(mut self) -> Result<Gate, ConfigError> {
        self.check_issuers()?;
        let environment = completed(std::mem::take(&mut self.environment))?;
        let validators = self
            .issuers
            .iter()
            .map(|issuer| self.validator(issuer, &environment));
        let validators = validators.collect::<Result<Vec<_>, _>>()?;
        self.gate.validator(JwtValidator::join(validators)?).build()
    }

    fn check_issuers(&self) -> Result<(), ConfigError> {
        if self.issuers.is_empty() {
            return Err(ConfigError::empty("issuers", "name at least one issuer"));
        }
        self.issuers
            .iter()
            .try_for_each(|issuer| check_issuer(issuer))?;
        let is_known = |grants: &&Grants| self.issuers.contains(&grants.issuer);
        match self.grants.iter().find(|grants| !is_known(grants)) {
            None => Ok(()),
            Some(grants) => {
                let detail = format!(
                    "expected one of the issuers `{}`, found `{}`; write it as in `Gate::issuers`, or \
                     add it there",
                    self.issuers.join("`, `"),
                    grants.issuer
                );
                Err(ConfigError::conflict("grants", detail))
            }
        }
    }

    fn validator(
        &self,
        issuer: &str,
        environment: &Environment,
    ) -> Result<JwtValidator, ConfigError> {
        let keys = FetchedKeys::discover(issuer).env(environment);
        let adjust = |keys, adjust: &Adjust<FetchedKeysBuilder>| adjust(issuer, keys);
        let keys = self.keys.iter().fold(keys, adjust).build()?;
        let mut tokens = JwtValidator::builder()
            .issuer(issuer)
            .audiences(self.audiences.iter().cloned())
            .key_store(Arc::new(keys))
            .env(environment);
        for grants in self.grants.iter().filter(|grants| grants.issuer == issuer) {
            tokens = tokens.grants(grants.scopes.iter().cloned(), grants.claims.iter().cloned());
        }
        let adjust = |tokens, adjust: &Adjust<JwtValidatorBuilder<Ready>>| adjust(issuer, tokens);
        self.tokens.iter().fold(tokens, adjust).build()
    }
}

impl<S> fmt::Debug for IssuersGateBuilder<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IssuersGateBuilder")
            .field("issuers", &self.issuers)
            .field("audiences", &self.audiences)
            .finish_non_exhaustive()
    }
}
