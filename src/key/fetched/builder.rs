//! Configuration of fetched keys.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use arc_swap::ArcSwapOption;

use super::disk_cache::DiskCache;
use super::fetched_keys::{FetchedKeys, FetchedStore};
use super::load::{Discovery, DocumentForm, KeySource, Loader, SourceToken};
use super::plan::RefreshSchedule;
use super::state::SourceState;
use crate::clock::{Clock, SystemClock};
use crate::environment::Environment;
use crate::error::ConfigError;
use crate::event::Observer;
use crate::http_client::{Endpoint, HttpClient, Spawn};
use crate::key::discovery;
use crate::key::import::KeyImporter;
use crate::limits;
use crate::secret::Secret;

impl FetchedKeys {
    /// Returns a builder for keys at the configured address of a JWK Set.
    ///
    /// The address is trusted, wherever its name resolves.
    pub fn jwks_url(url: &str) -> FetchedKeysBuilder {
        FetchedKeysBuilder::new(Location::Jwks(url.to_owned()))
    }

    /// Returns a builder for one key in PEM at the configured address, with this id.
    pub(crate) fn pem_url(url: &str, kid: &str) -> FetchedKeysBuilder {
        let mut builder = Self::jwks_url(url);
        builder.form = DocumentForm::Pem { kid: kid.into() };
        builder
    }

    /// Returns a builder for keys whose address is in the discovery document of this issuer
    /// (OpenID Connect Discovery 1.0, RFC 8414).
    ///
    /// The document is used only if its `issuer` equals this one byte for byte. The address in it
    /// must have the host of the document, a [trusted host](FetchedKeysBuilder::trust_host), or a
    /// public address.
    pub fn discover(issuer: &str) -> FetchedKeysBuilder {
        FetchedKeysBuilder::new(Location::Discovery {
            issuer: issuer.to_owned(),
            at: None,
        })
    }
}

/// A builder for [`FetchedKeys`]; see [`FetchedKeys::jwks_url`] and [`FetchedKeys::discover`].
///
/// It needs an [environment](Self::env) with an HTTP client and a spawner; the other settings have
/// defaults.
#[derive(Debug)]
#[must_use]
pub struct FetchedKeysBuilder {
    location: Location,
    form: DocumentForm,
    trusted_hosts: Vec<Box<str>>,
    token: Option<ConfiguredToken>,
    import: KeyImporter,
    observer: Option<Arc<dyn Observer>>,
    http: Option<Arc<dyn HttpClient>>,
    spawn: Option<Arc<dyn Spawn>>,
    clock: Arc<dyn Clock>,
    schedule: RefreshSchedule,
    disk_cache: Option<PathBuf>,
}

#[derive(Debug)]
enum Location {
    Jwks(String),
    Discovery { issuer: String, at: Option<String> },
}

#[derive(Debug)]
enum ConfiguredToken {
    Fixed(Secret),
    File(PathBuf),
}

impl FetchedKeysBuilder {
    fn new(location: Location) -> Self {
        Self {
            location,
            form: DocumentForm::JwkSet,
            trusted_hosts: Vec::new(),
            token: None,
            import: KeyImporter::default(),
            observer: None,
            http: None,
            spawn: None,
            clock: Arc::new(SystemClock),
            schedule: RefreshSchedule::default(),
            disk_cache: None,
        }
    }

    /// Sets the address of the discovery document, if it is not at a well-known path of the issuer.
    ///
    /// The `issuer` in the document must still be the configured one. Without
    /// [`FetchedKeys::discover`] this has no effect.
    pub fn discovery_url(mut self, url: &str) -> Self {
        if let Location::Discovery { at, .. } = &mut self.location {
            *at = Some(url.to_owned());
        }
        self
    }

    /// Trusts a host that the discovery document may name in addition to its own.
    ///
    /// Requests go to this host wherever its name resolves, internal addresses included, and carry
    /// the bearer token. A host that is not trusted is reached only at public addresses, and gets
    /// no token.
    pub fn trust_host(mut self, host: &str) -> Self {
        self.trusted_hosts.push(host.into());
        self
    }

    /// Sets a bearer token that is sent to the source with each request.
    ///
    /// Give it without a scheme. A host that only the discovery document names, and that is not a
    /// [trusted host](Self::trust_host), gets no token. This replaces
    /// [`bearer_file`](Self::bearer_file).
    pub fn bearer(mut self, token: impl Into<Secret>) -> Self {
        self.token = Some(ConfiguredToken::Fixed(token.into()));
        self
    }

    /// Sets a file with the bearer token. It is read at each fetch, so the token may be replaced
    /// while the service runs.
    pub fn bearer_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.token = Some(ConfiguredToken::File(path.into()));
        self
    }

    /// Sets the importer, and with it the [`Provider`](crate::crypto::Provider) that verifies
    /// signatures; by default it is `ring`.
    pub fn import(mut self, import: KeyImporter) -> Self {
        self.import = import;
        self
    }

    /// Sets an observer that gets an [`Event`](crate::event::Event) for each fetch, for each key
    /// that is skipped, and for each use of stale keys.
    pub fn observer(mut self, observer: impl Observer + 'static) -> Self {
        self.observer = Some(Arc::new(observer));
        self
    }

    /// Sets the clock by which keys age; by default it is [`SystemClock`].
    ///
    /// While the clock has no time, every token is
    /// [`Unavailable`](crate::RejectionKind::Unavailable).
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Takes the clock, the observer, the HTTP client and the spawner from an [`Environment`].
    ///
    /// An HTTP client and a spawner are required. Call it before a setter that differs from it.
    pub fn env(mut self, environment: &Environment) -> Self {
        environment.set_clock(&mut self.clock);
        environment.set_observer(&mut self.observer);
        environment.set_network(&mut self.http, &mut self.spawn);
        self
    }

    /// Sets how long keys are fresh if the response has no `Cache-Control: max-age`: 1 minute to 1
    /// hour, by default 10 minutes.
    ///
    /// A longer time means fewer requests, and that a withdrawn key is trusted for longer.
    pub fn fresh_for(mut self, span: Duration) -> Self {
        self.schedule.fresh = span;
        self
    }

    /// Sets how long stale keys are used while the source fails: up to 24 hours, by default 1 hour.
    ///
    /// With zero, tokens are unavailable as soon as the keys are no longer fresh.
    pub fn stale_for(mut self, span: Duration) -> Self {
        self.schedule.stale = span;
        self
    }

    /// Sets a file for the last fetched set, which is used after a restart while it is fresh or
    /// stale.
    ///
    /// A service can then start while the source is down. Protect the file: anyone who can write it
    /// can add a key, and so sign tokens that are accepted.
    pub fn keep_in(mut self, file: impl Into<PathBuf>) -> Self {
        self.disk_cache = Some(file.into());
        self
    }

    /// Builds the store. Nothing is sent before the first token or the first
    /// [`warm_up`](crate::KeyStore::warm_up).
    ///
    /// Requests are sent with the HTTP client of the [environment](Self::env), and fetches run on its
    /// spawner, independently of the requests that wait for them.
    ///
    /// # Errors
    ///
    /// [`ValueMalformed`](crate::error::ConfigErrorKind::ValueMalformed) for an address or a token
    /// that is not well-formed, [`OutOfRange`](crate::error::ConfigErrorKind::OutOfRange) for a
    /// time outside its range, [`Empty`](crate::error::ConfigErrorKind::Empty) without an HTTP client or
    /// a spawner.
    pub fn build(self) -> Result<FetchedKeys, ConfigError> {
        check_spans(self.schedule)?;
        let client = Environment::required_client(self.http)?;
        let spawn = Environment::required_spawner(self.spawn)?;
        let import = match &self.observer {
            Some(observer) => self.import.observer(Arc::clone(observer)),
            None => self.import,
        };
        let source = source(self.location, self.trusted_hosts)?;
        let token = match self.token {
            Some(ConfiguredToken::Fixed(token)) => {
                let detail = "the token is empty or has characters that no token has; \
                              give it without a scheme";
                let token = SourceToken::fixed(token.expose());
                Some(token.ok_or_else(|| ConfigError::malformed("bearer", detail))?)
            }
            Some(ConfiguredToken::File(path)) => Some(SourceToken::File(path)),
            None => None,
        };
        let loader = Loader {
            source,
            form: self.form,
            client,
            import,
            token,
            disk_cache: self.disk_cache.map(|path| DiskCache {
                path,
                schedule: self.schedule,
            }),
        };
        Ok(FetchedKeys(Arc::new(FetchedStore {
            loader,
            spawn,
            clock: self.clock,
            observer: self.observer,
            schedule: self.schedule,
            snapshot: ArcSwapOption::empty(),
            state: Mutex::new(SourceState::default()),
        })))
    }
}

fn source(location: Location, trusted_hosts: Vec<Box<str>>) -> Result<KeySource, ConfigError> {
    let (issuer, at) = match location {
        Location::Jwks(url) => {
            let endpoint = Endpoint::parse(&url)?;
            let name = endpoint.to_string().into();
            return Ok(KeySource::Configured { endpoint, name });
        }
        Location::Discovery { issuer, at } => (issuer, at),
    };
    let addresses = match at {
        Some(url) => vec![Endpoint::parse(&url)?],
        None => discovery::document_addresses(&issuer)?,
    };
    Ok(KeySource::Discovered(Discovery {
        issuer: issuer.into(),
        addresses,
        trusted_hosts,
        learnt: Mutex::new(None),
    }))
}

fn check_spans(schedule: RefreshSchedule) -> Result<(), ConfigError> {
    let fresh = limits::JWKS_FRESH_MIN..=limits::JWKS_FRESH_MAX;
    if !fresh.contains(&schedule.fresh) {
        return Err(ConfigError::out_of_range(
            "fresh_for",
            schedule.fresh,
            fresh,
        ));
    }
    if schedule.stale > limits::JWKS_STALE_MAX {
        let range = ..=limits::JWKS_STALE_MAX;
        return Err(ConfigError::out_of_range(
            "stale_for",
            schedule.stale,
            range,
        ));
    }
    Ok(())
}
