//! The rules for one provider's tokens, without its keys.

use std::fmt;
use std::sync::Arc;

use crate::error::ConfigError;
use crate::jwt::{JwtValidator, JwtValidatorBuilder, NeedsKeys, Ready};
use crate::key::{FetchedKeys, FetchedKeysBuilder, KeySet, KeyStore};

/// The rules for the tokens of one provider and the address of its keys, but not the keys.
///
/// The functions of [`providers`](crate::jwt::providers) return it. They use only the public
/// [`JwtValidatorBuilder`]; if a preset does not fit, write the rules on its page with the builder
/// and change them. Give it keys with [`build_with_keys`](Self::build_with_keys), or a store with
/// [`key_store`](Self::key_store), for example the one of [`key_source`](Self::key_source).
#[must_use]
pub struct Preset {
    pub(super) issuers: Vec<Issuer>,
    pub(super) audience: Recipient,
    pub(super) jwks_url: Option<String>,
    /// Whether the document at the address is an object of certificates.
    pub(super) has_certificates: bool,
    /// The file of the bearer token that the source of the keys requires.
    pub(super) bearer_file: Option<&'static str>,
    pub(super) customizations: Vec<Customization>,
    pub(super) error: Option<ConfigError>,
}

/// One issuer: its names, and what differs from the other issuers of the preset.
#[derive(Default)]
pub(super) struct Issuer {
    pub(super) names: Vec<String>,
    /// The authority, if it is not the first name.
    pub(super) authority: Option<String>,
    /// A claim that all its tokens must have.
    pub(super) claim: Option<(&'static str, String)>,
    /// The claim that names the client, if it is neither `client_id` nor `azp`.
    pub(super) client_claim: Option<&'static str>,
}

/// The recipient of the tokens.
#[derive(Debug)]
pub(super) enum Recipient {
    /// The tokens do not name one; another rule replaces the check.
    Any,
    Audiences(Vec<String>),
    /// An ID token of this client.
    Client(String),
}

pub(super) type Customization =
    Box<dyn Fn(JwtValidatorBuilder<Ready>) -> JwtValidatorBuilder<Ready> + Send + Sync>;

enum PresetKeys {
    Fixed(KeySet),
    Store(Arc<dyn KeyStore>),
}

impl Preset {
    pub(super) fn new(issuer: impl Into<String>, audience: Recipient) -> Self {
        Self::for_issuers([Issuer {
            names: vec![issuer.into()],
            ..Issuer::default()
        }])
        .for_recipient(audience)
    }

    pub(super) fn for_issuers(issuers: impl IntoIterator<Item = Issuer>) -> Self {
        Self {
            issuers: issuers.into_iter().collect(),
            audience: Recipient::Any,
            jwks_url: None,
            has_certificates: false,
            bearer_file: None,
            customizations: Vec::new(),
            error: None,
        }
    }

    pub(super) fn for_recipient(mut self, audience: Recipient) -> Self {
        self.audience = audience;
        self
    }

    pub(super) fn keys_at(mut self, url: impl Into<String>) -> Self {
        self.jwks_url = Some(url.into());
        self
    }

    /// Takes the keys from an object of certificates.
    pub(super) fn certificates_at(mut self, url: impl Into<String>) -> Self {
        self.has_certificates = true;
        self.keys_at(url)
    }

    pub(super) fn bearer_file(mut self, path: &'static str) -> Self {
        self.bearer_file = Some(path);
        self
    }

    /// Keeps the first error of the arguments, for the build.
    pub(super) fn with_error(mut self, error: Option<ConfigError>) -> Self {
        self.error = self.error.or(error);
        self
    }

    /// Adds settings of the [`JwtValidatorBuilder`]: requirements, a clock, a leeway. They apply to
    /// every issuer of the preset, after the preset's own.
    ///
    /// ```
    /// # use bearergate::jwt::providers;
    /// let preset = providers::github_actions("https://deploy.example.com")
    ///     .customize(|builder| builder.require_claim("repository_owner_id", "65"));
    /// # drop(preset);
    /// ```
    pub fn customize(
        mut self,
        customization: impl Fn(JwtValidatorBuilder<Ready>) -> JwtValidatorBuilder<Ready>
        + Send
        + Sync
        + 'static,
    ) -> Self {
        self.customizations.push(Box::new(customization));
        self
    }

    /// Accepts another audience in addition to the preset's. For a preset that checks no audience
    /// of the service the build then fails with
    /// [`Conflict`](crate::error::ConfigErrorKind::Conflict).
    pub fn or_audience(mut self, audience: impl Into<String>) -> Self {
        match &mut self.audience {
            Recipient::Audiences(audiences) => {
                audiences.push(audience.into());
                self
            }
            _ => {
                let detail = "expected a preset that checks an audience of the service, found one that \
                              does not; remove `or_audience`";
                self.with_error(Some(ConfigError::conflict("audience", detail)))
            }
        }
    }

    /// Returns the first issuer. If there is no [`jwks_url`](Self::jwks_url), its discovery
    /// document names the address of the keys.
    pub fn issuer(&self) -> Option<&str> {
        let first = self.issuers.first()?.names.first()?;
        Some(first)
    }

    /// Returns the address of the keys, a JWK Set (RFC 7517 section 5) unless the page of the preset
    /// says otherwise, for a provider that documents it, or
    /// `None` if it has to be discovered.
    pub fn jwks_url(&self) -> Option<&str> {
        self.jwks_url.as_deref()
    }

    /// Starts the store of the provider's keys: fetched from the [`jwks_url`](Self::jwks_url) or
    /// from the address in the discovery document, with a bearer token if the provider requires
    /// one.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use bearergate::{ConfigError, JwtValidator};
    /// use bearergate::environment::Environment;
    /// use bearergate::jwt::providers;
    ///
    /// # fn build(environment: &Environment)
    /// #     -> Result<JwtValidator, ConfigError> {
    /// let preset = providers::okta("https://example.okta.com/oauth2/default", "api://default");
    /// let keys = preset.key_source().env(environment).build()?;
    /// preset.key_store(Arc::new(keys))
    /// # }
    /// ```
    pub fn key_source(&self) -> FetchedKeysBuilder {
        let keys = match &self.jwks_url {
            Some(url) if self.has_certificates => FetchedKeys::certificate_map(url),
            Some(url) => FetchedKeys::jwks_url(url),
            None => FetchedKeys::discover(self.issuer().unwrap_or_default()),
        };
        match self.bearer_file {
            Some(path) => keys.bearer_file(path),
            None => keys,
        }
    }

    /// Builds the validator with these keys, which it uses for all issuers of the preset.
    ///
    /// # Errors
    ///
    /// [`ValueMalformed`](crate::error::ConfigErrorKind::ValueMalformed) for a malformed tenant,
    /// pool, domain or project, and the errors of [`JwtValidatorBuilder::build`] and
    /// [`JwtValidator::join`].
    pub fn build_with_keys(self, keys: KeySet) -> Result<JwtValidator, ConfigError> {
        self.build(&PresetKeys::Fixed(keys))
    }

    /// Builds the validator with a store of keys, which it uses for all issuers of the preset.
    ///
    /// # Errors
    ///
    /// Those of [`build_with_keys`](Self::build_with_keys).
    pub fn key_store(self, store: Arc<dyn KeyStore>) -> Result<JwtValidator, ConfigError> {
        self.build(&PresetKeys::Store(store))
    }

    fn build(self, keys: &PresetKeys) -> Result<JwtValidator, ConfigError> {
        if let Some(error) = self.error {
            return Err(error);
        }
        let validators = self.issuers.iter().map(|issuer| {
            let builder = self.audience.builder(issuer);
            let builder = match keys {
                PresetKeys::Fixed(keys) => builder.keys(keys.clone()),
                PresetKeys::Store(store) => builder.key_store(Arc::clone(store)),
            };
            self.customizations
                .iter()
                .fold(issuer.settings(builder), |builder, customize| {
                    customize(builder)
                })
                .build()
        });
        JwtValidator::join(validators.collect::<Result<Vec<_>, _>>()?)
    }
}

impl Issuer {
    /// Adds what differs from the other issuers.
    fn settings(&self, mut builder: JwtValidatorBuilder<Ready>) -> JwtValidatorBuilder<Ready> {
        if let Some(authority) = &self.authority {
            builder = builder.authority(authority.as_str());
        }
        if let Some((name, value)) = &self.claim {
            builder = builder.require_claim(*name, value.as_str());
        }
        match self.client_claim {
            Some(claim) => builder.client_from(claim),
            None => builder,
        }
    }
}

impl Recipient {
    fn builder(&self, issuer: &Issuer) -> JwtValidatorBuilder<NeedsKeys> {
        let builder = JwtValidator::builder().issuers(issuer.names.iter().map(String::as_str));
        match self {
            Self::Any => builder.any_audience(),
            Self::Audiences(names) => builder.audiences(names.iter().map(String::as_str)),
            Self::Client(client) => builder.id_token(client.as_str()),
        }
    }
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
