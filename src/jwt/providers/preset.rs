//! A provider's rules, before its keys are there.

use std::fmt;
use std::sync::Arc;

use crate::error::ConfigError;
use crate::jwt::JwtValidator;
use crate::jwt::builder::JwtValidatorBuilder;
use crate::jwt::builder::NeedsKeys;
use crate::jwt::builder::Ready;
use crate::key::FetchedKeys;
use crate::key::FetchedKeysBuilder;
use crate::key::KeySet;
use crate::key::KeyStore;

/// What the tokens of one provider must show, and where its keys are: everything but the keys.
///
/// BuiltFacts by the functions beside it, which use the public builder alone; where one does not fit,
/// write out what its page says and change it.
#[must_use]
pub struct Preset {
    pub(super) issuers: Vec<Issuer>,
    pub(super) audience: Recipient,
    pub(super) jwks_url: Option<String>,
    /// What the source of the keys wants to see.
    pub(super) bearer_file: Option<&'static str>,
    pub(super) demands: Vec<Demand>,
    pub(super) flaw: Option<ConfigError>,
}

/// One authority: its names, and a claim that all its tokens have.
pub(super) struct Issuer {
    pub(super) names: Vec<String>,
    pub(super) claim: Option<(&'static str, String)>,
}

/// Whom the tokens are for.
#[derive(Debug)]
pub(super) enum Recipient {
    /// Nobody says: other demands stand for it.
    Any,
    Audiences(Vec<String>),
    /// An ID token of this client.
    Client(String),
}

pub(super) type Demand =
    Box<dyn Fn(JwtValidatorBuilder<Ready>) -> JwtValidatorBuilder<Ready> + Send + Sync>;

enum Keys {
    Fixed(KeySet),
    Store(Arc<dyn KeyStore>),
}

impl Preset {
    pub(super) fn new(issuer: impl Into<String>, audience: Recipient) -> Self {
        Self::of([Issuer {
            names: vec![issuer.into()],
            claim: None,
        }])
        .to(audience)
    }

    pub(super) fn of(issuers: impl IntoIterator<Item = Issuer>) -> Self {
        Self {
            issuers: issuers.into_iter().collect(),
            audience: Recipient::Any,
            jwks_url: None,
            bearer_file: None,
            demands: Vec::new(),
            flaw: None,
        }
    }

    pub(super) fn to(mut self, audience: Recipient) -> Self {
        self.audience = audience;
        self
    }

    pub(super) fn keys_at(mut self, url: impl Into<String>) -> Self {
        self.jwks_url = Some(url.into());
        self
    }

    pub(super) fn bearer_file(mut self, path: &'static str) -> Self {
        self.bearer_file = Some(path);
        self
    }

    /// Keeps the first thing that is wrong with what was given.
    pub(super) fn flawed(mut self, flaw: Option<ConfigError>) -> Self {
        self.flaw = self.flaw.or(flaw);
        self
    }

    /// Adds demands, a clock, a leeway or what else the builder takes.
    ///
    /// ```
    /// # use bearergate::jwt::providers;
    /// let preset = providers::github_actions("https://deploy.example.com")
    ///     .with(|judge| judge.require_claim("repository_owner_id", "65"));
    /// # drop(preset);
    /// ```
    pub fn with(
        mut self,
        demand: impl Fn(JwtValidatorBuilder<Ready>) -> JwtValidatorBuilder<Ready>
        + Send
        + Sync
        + 'static,
    ) -> Self {
        self.demands.push(Box::new(demand));
        self
    }

    /// Accepts another audience too, where the preset goes by the audience.
    pub fn or_audience(mut self, audience: impl Into<String>) -> Self {
        match &mut self.audience {
            Recipient::Audiences(audiences) => {
                audiences.push(audience.into());
                self
            }
            _ => self.flawed(Some(no_audience())),
        }
    }

    /// Returns the first issuer; where there is no [`jwks_url`](Self::jwks_url), its discovery
    /// document says where the keys are.
    pub fn issuer(&self) -> Option<&str> {
        let first = self.issuers.first()?.names.first()?;
        Some(first)
    }

    /// Returns where the keys are, for a provider that has them at a fixed place.
    pub fn jwks_url(&self) -> Option<&str> {
        self.jwks_url.as_deref()
    }

    /// Starts the store of its keys, as the provider's documents say where they are: at a fixed
    /// place or where the discovery document says, with a bearer token where one is wanted.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use bearergate::{ConfigError, JwtValidator};
    /// use bearergate::http_client::{HttpClient, Spawn};
    /// use bearergate::jwt::providers;
    ///
    /// # fn build(client: Arc<dyn HttpClient>, spawn: Arc<dyn Spawn>)
    /// #     -> Result<JwtValidator, ConfigError> {
    /// let preset = providers::okta("https://example.okta.com/oauth2/default", "api://default");
    /// let keys = preset.key_source().build(client, spawn)?;
    /// preset.key_store(Arc::new(keys))
    /// # }
    /// ```
    pub fn key_source(&self) -> FetchedKeysBuilder {
        let keys = match &self.jwks_url {
            Some(url) => FetchedKeys::jwks_url(url),
            None => FetchedKeys::discover(self.issuer().unwrap_or_default()),
        };
        match self.bearer_file {
            Some(path) => keys.bearer_file(path),
            None => keys,
        }
    }

    /// Makes the judge with these keys.
    ///
    /// # Errors
    ///
    /// `value_malformed` for a tenant, pool, domain or project that is none, and what
    /// [`JwtValidatorBuilder::build`] refuses.
    pub fn keys(self, keys: KeySet) -> Result<JwtValidator, ConfigError> {
        self.build(&Keys::Fixed(keys))
    }

    /// Makes the judge with a store that brings the keys.
    ///
    /// # Errors
    ///
    /// As [`keys`](Self::keys).
    pub fn key_store(self, store: Arc<dyn KeyStore>) -> Result<JwtValidator, ConfigError> {
        self.build(&Keys::Store(store))
    }

    fn build(self, keys: &Keys) -> Result<JwtValidator, ConfigError> {
        if let Some(flaw) = self.flaw {
            return Err(flaw);
        }
        let judges = self.issuers.iter().map(|issuer| {
            let judge = self.audience.of(issuer);
            let judge = match keys {
                Keys::Fixed(keys) => judge.keys(keys.clone()),
                Keys::Store(store) => judge.key_store(Arc::clone(store)),
            };
            let judge = match &issuer.claim {
                Some((name, value)) => judge.require_claim(*name, value.as_str()),
                None => judge,
            };
            let demands = self.demands.iter();
            demands.fold(judge, |judge, demand| demand(judge)).build()
        });
        JwtValidator::join(judges.collect::<Result<Vec<_>, _>>()?)
    }
}

impl Recipient {
    fn of(&self, issuer: &Issuer) -> JwtValidatorBuilder<NeedsKeys> {
        let builder = JwtValidator::builder().issuers(issuer.names.iter().map(String::as_str));
        match self {
            Self::Any => builder.any_audience(),
            Self::Audiences(names) => builder.audiences(names.iter().map(String::as_str)),
            Self::Client(client) => builder.id_token(client.as_str()),
        }
    }
}

fn no_audience() -> ConfigError {
    let detail = "this preset does not check an audience of the service; remove `or_audience`";
    ConfigError::conflict("audience", detail)
}

impl fmt::Debug for Preset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.issuers.iter().map(|issuer| &issuer.names).collect();
        f.debug_struct("Preset")
            .field("issuers", &names)
            .field("audience", &self.audience)
            .field("jwks_url", &self.jwks_url)
            .finish_non_exhaustive()
    }
}
