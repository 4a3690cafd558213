//! The builder of API key validators.

use std::fmt;
use std::sync::Arc;

use http::HeaderName;

use super::api_key_validator::{ApiKeyValidator, Decoy};
use crate::api_key::scheme::ApiKeyScheme;
use crate::api_key::store::contract::ApiKeyStore;
use crate::clock::{Clock, SystemClock};
use crate::credential::Place;
use crate::environment::Environment;
use crate::error::{ConfigError, excerpt};
use crate::event::Observer;
use crate::validator::Shape;

/// Builds an [`ApiKeyValidator`].
///
/// By default the validator takes the header `x-api-key` and the prefix of its scheme, reads the
/// system's clock, and checks the addresses of restricted keys.
#[must_use]
pub struct ApiKeyValidatorBuilder {
    scheme: ApiKeyScheme,
    store: Arc<dyn ApiKeyStore>,
    header: Option<String>,
    in_basic: bool,
    clock: Arc<dyn Clock>,
    observer: Option<Arc<dyn Observer>>,
    checks_addresses: bool,
}

/// The header in which most services expect their keys.
const HEADER: &str = "x-api-key";

impl ApiKeyValidator {
    /// Starts the configuration of a validator for the keys of this scheme, whose records are in
    /// this store.
    pub fn builder(scheme: ApiKeyScheme, store: Arc<dyn ApiKeyStore>) -> ApiKeyValidatorBuilder {
        ApiKeyValidatorBuilder {
            scheme,
            store,
            header: Some(HEADER.to_owned()),
            in_basic: false,
            clock: Arc::new(SystemClock),
            observer: None,
            checks_addresses: true,
        }
    }
}

impl ApiKeyValidatorBuilder {
    /// Sets the header whose whole value is a key; by default it is `x-api-key`. Every value in it
    /// is validated as a key, also without the prefix of the scheme.
    pub fn header(mut self, name: impl Into<String>) -> Self {
        self.header = Some(name.into());
        self
    }

    /// Binds the validator to `Authorization: Basic` too. Every key in it is validated, also without
    /// the prefix of the scheme. By default the validator is not bound to it.
    ///
    /// The gate's [`Sources`](crate::credential::Sources) must enable the place with
    /// [`basic`](crate::credential::SourcesBuilder::basic), and the
    /// [header](Self::header) unless it is disabled:
    ///
    /// ```
    /// use bearergate::api_key::{ApiKeyScheme, ApiKeyStore};
    /// use bearergate::credential::{BasicKey, Sources};
    /// use bearergate::{ApiKeyValidator, Gate};
    ///
    /// # use std::sync::Arc;
    /// # fn configure(
    /// #     scheme: ApiKeyScheme,
    /// #     store: Arc<dyn ApiKeyStore>,
    /// # ) -> Result<Gate, bearergate::ConfigError> {
    /// let sources = Sources::builder().basic(BasicKey::user_name()); // curl -u KEY:
    /// let validator = ApiKeyValidator::builder(scheme, store).without_header().basic();
    /// let gate = Gate::builder()
    ///     .validator(validator.build()?)
    ///     .sources(sources.build()?)
    ///     .allow_any_authenticated()
    ///     .build()?;
    /// # Ok(gate)
    /// # }
    /// ```
    pub fn basic(mut self) -> Self {
        self.in_basic = true;
        self
    }

    /// Binds the validator to no header: keys are recognised by their prefix only, wherever they
    /// are found, and keys of the other format are taken where no other validator takes the
    /// credential, or from [`basic`](Self::basic) only.
    pub fn without_header(mut self) -> Self {
        self.header = None;
        self
    }

    /// Sets the clock for credentials without a
    /// [time](crate::credential::PresentedCredential::now); by default it is the system's. While it
    /// has no time, such a key is rejected as [`Unavailable`](crate::RejectionKind::Unavailable).
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Takes the clock and the observer from an [`Environment`]; a part that is not there stays as
    /// it is. Call it before [`clock`](Self::clock) or [`observer`](Self::observer) if one of the
    /// validator's differs.
    pub fn env(mut self, environment: &Environment) -> Self {
        environment.set_clock(&mut self.clock);
        environment.set_observer(&mut self.observer);
        self
    }

    /// Sets the observer that failures are reported to which do not change the result, such as
    /// [`Event::RehashFailed`](crate::event::Event::RehashFailed). By default they are not
    /// reported.
    pub fn observer(mut self, observer: impl Observer + 'static) -> Self {
        self.observer = Some(Arc::new(observer));
        self
    }

    /// Disables the check of the addresses that a key may be used from. A key is then accepted
    /// from every address, unless the service checks the list in the
    /// [`ApiKeyDetails`](crate::api_key::store::ApiKeyDetails) of the principal.
    ///
    /// Without this the address of the client must be on the list: the
    /// [`ClientAddress`](crate::request::ClientAddress), or without one the
    /// [`PeerAddress`](crate::request::PeerAddress), which behind a proxy is the address of the
    /// proxy.
    pub fn addresses_checked_by_caller(mut self) -> Self {
        self.checks_addresses = false;
        self
    }

    /// Builds the validator. The store is not asked; only the configuration is checked.
    ///
    /// # Errors
    ///
    /// [`ValueMalformed`](crate::error::ConfigErrorKind::ValueMalformed) if a header cannot have
    /// that name, or no record can have the authority of the scheme.
    pub fn build(self) -> Result<ApiKeyValidator, ConfigError> {
        let header = self.header.as_deref().map(header).transpose()?;
        let prefix = self.scheme.format().prefix().to_owned();
        let mut shapes = vec![Shape::Prefix(prefix.into())];
        if self.scheme.legacy().is_some() && header.is_none() && !self.in_basic {
            shapes.push(Shape::Opaque);
        }
        let basic = self.in_basic.then_some(Place::Basic);
        shapes.extend(
            header
                .map(Place::Header)
                .into_iter()
                .chain(basic)
                .map(Shape::Place),
        );
        Ok(ApiKeyValidator {
            decoy: Decoy::new(&self.scheme)?,
            scheme: self.scheme,
            store: self.store,
            shapes,
            clock: self.clock,
            observer: self.observer,
            checks_addresses: self.checks_addresses,
            peppers: Arc::default(),
        })
    }
}

fn header(name: &str) -> Result<HeaderName, ConfigError> {
    HeaderName::try_from(name).map_err(|_| {
        let found = excerpt(name);
        let detail =
            format!("expected the name of a header, found `{found}`; write one like `x-api-key`");
        ConfigError::malformed("header", detail)
    })
}

impl fmt::Debug for ApiKeyValidatorBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiKeyValidatorBuilder")
            .field("scheme", &self.scheme)
            .field("header", &self.header)
            .finish_non_exhaustive()
    }
}
