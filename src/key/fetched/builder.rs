//! Configuration of fetched keys.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use arc_swap::ArcSwapOption;

use super::discovery_document::Discovery;
use super::disk_cache::DiskCache;
use super::fetched_keys::{FetchedKeys, FetchedStore};
use super::load::{KeySource, Loader, SourceToken};
use super::plan::RefreshSchedule;
use super::source_keys::SourceForm;
use super::state::SourceState;
use crate::clock::{Clock, SystemClock};
use crate::environment::Environment;
use crate::error::ConfigError;
use crate::event::Observer;
use crate::http_client::{CheckedSettings, HttpClient, HttpSettings, Spawn};
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

    /// Returns a builder for keys in certificates, at the configured address of an object
    /// `{"key id": "certificate in PEM", ..}`.
    ///
    /// Google publishes the keys of Firebase session cookies so, and an X.509 form of its own keys.
    /// Each public key is imported under its key id. An RSA key verifies RS256 only, another key the
    /// algorithms of its type. A key is used only from the certificate's `notBefore` and until its
    /// `notAfter` (RFC 5280 section 4.1.2.5), by the [clock](FetchedKeysBuilder::clock). Members that
    /// cannot be used are skipped one by one, as in a JWK Set.
    ///
    /// The address is trusted, wherever its name resolves: the signature and the issuer of a
    /// certificate are not checked.
    ///
    /// ```
    /// use bearergate::environment::Environment;
    /// use bearergate::key::FetchedKeys;
    ///
    /// # fn build(environment: &Environment) -> Result<FetchedKeys, bearergate::ConfigError> {
    /// let url = "https://www.googleapis.com/identitytoolkit/v3/relyingparty/publicKeys";
    /// let keys = FetchedKeys::certificate_map(url).env(environment).build()?;
    /// # Ok(keys)
    /// # }
    /// ```
    pub fn certificate_map(url: &str) -> FetchedKeysBuilder {
        FetchedKeysBuilder::new(Location::Certificates(url.to_owned()))
    }

    /// Returns a builder for one key in PEM at the configured address, with this id.
    pub(crate) fn pem_url(url: &str, kid: &str) -> FetchedKeysBuilder {
        FetchedKeysBuilder::new(Location::Pem {
            url: url.to_owned(),
            kid: kid.into(),
        })
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
    /// Whether a place of a discovery document is configured that would not be read.
    has_unused_document: bool,
    trusted_hosts: Vec<Box<str>>,
    token: Option<ConfiguredToken>,
    import: KeyImporter,
    max_keys: Option<usize>,
    settings: HttpSettings,
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
    Certificates(String),
    Pem { url: String, kid: Arc<str> },
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
            has_unused_document: false,
            trusted_hosts: Vec::new(),
            token: None,
            import: KeyImporter::default(),
            max_keys: None,
            settings: HttpSettings::new(),
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
    /// The `issuer` in the document must still be the configured one. Where the address of the keys
    /// is configured, as by a preset that knows it, no document is read, and this is an error of
    /// [`build`](Self::build).
    pub fn discovery_url(mut self, url: &str) -> Self {
        match &mut self.location {
            Location::Discovery { at, .. } => *at = Some(url.to_owned()),
            _ => self.has_unused_document = true,
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

    /// Sets how many keys the set may have: by default 100, up to
    /// [`limits::JWKS_KEYS_MAX`](crate::limits::JWKS_KEYS_MAX), and in no more than 256 KiB. A set
    /// with more is refused as a whole, so every token of its issuer is
    /// [`Unavailable`](crate::RejectionKind::Unavailable).
    ///
    /// It replaces the number of the [importer](Self::import).
    pub fn max_keys(mut self, keys: usize) -> Self {
        self.max_keys = Some(keys);
        self
    }

    /// Sets the `User-Agent`, the deadlines, and the hosts without TLS; by default those of
    /// [`HttpSettings::new`].
    ///
    /// It replaces the settings of the [environment](Self::env) and of earlier calls.
    pub fn http_settings(mut self, settings: HttpSettings) -> Self {
        self.settings = settings;
        self
    }

    /// Allows URLs with the scheme `http` for these hosts at private addresses, as
    /// [`HttpSettings::allow_plain_http`] does.
    ///
    /// Anyone on the network between can then replace the keys, and so sign tokens that are
    /// accepted. By default only this machine is reached without TLS. Call it after
    /// [`env`](Self::env) and [`http_settings`](Self::http_settings).
    pub fn allow_plain_http<H: Into<String>>(mut self, hosts: impl IntoIterator<Item = H>) -> Self {
        self.settings = self.settings.allow_plain_http(hosts);
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
        environment.set_http_settings(&mut self.settings);
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
    /// A service can then start while the source is down. Anyone who can write the file can add a
    /// key, and so sign tokens that are accepted. So the file is made for this user only (mode 0600
    /// on Unix), and one that is a link, has another owner, or may be written by group or others is
    /// not used: the keys are fetched, and
    /// [`Event::KeptKeysIgnored`](crate::event::Event::KeptKeysIgnored) and
    /// [`Gate::doctor`](crate::Gate::doctor) name the file. Give it a folder that only this user can
    /// write to.
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
    /// time or a number outside its range, [`Conflict`](crate::error::ConfigErrorKind::Conflict) for a
    /// [`discovery_url`](Self::discovery_url) that would not be read,
    /// [`Empty`](crate::error::ConfigErrorKind::Empty) without an HTTP client or a spawner.
    pub fn build(self) -> Result<FetchedKeys, ConfigError> {
        check_spans(self.schedule)?;
        if self.has_unused_document {
            let detail = "expected a source that is discovered, found the address of the keys; \
                          remove `discovery_url`, or begin with `FetchedKeys::discover`";
            return Err(ConfigError::conflict("discovery_url", detail));
        }
        let client = Environment::required_client(self.http)?;
        let spawn = Environment::required_spawner(self.spawn)?;
        let settings = self.settings.check()?;
        let mut import = match &self.observer {
            Some(observer) => self.import.observer(Arc::clone(observer)),
            None => self.import,
        };
        if let Some(keys) = self.max_keys {
            import = import.max_keys(keys);
        }
        import.checked_max_keys()?;
        let form = match &self.location {
            Location::Certificates(_) => SourceForm::Certificates,
            Location::Pem { kid, .. } => SourceForm::Pem(Arc::clone(kid)),
            _ => SourceForm::Jwks,
        };
        let source = source(self.location, self.trusted_hosts, &settings)?;
        Environment::report_plain_http(self.observer.as_deref(), &settings, source.plain_hosts());
        let loader = Loader {
            source,
            form,
            client,
            settings,
            import,
            token: self.token.map(source_token).transpose()?,
            disk_cache: self.disk_cache.map(|path| DiskCache {
                path,
                schedule: self.schedule,
                observer: self.observer.clone(),
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

fn source_token(token: ConfiguredToken) -> Result<SourceToken, ConfigError> {
    let token = match token {
        ConfiguredToken::Fixed(token) => SourceToken::fixed(token.expose()),
        ConfiguredToken::File(path) => Some(SourceToken::File(path)),
    };
    let detail = "expected printable ASCII without spaces, found an empty token or other \
                  characters; give the token without a scheme and without a line end";
    token.ok_or_else(|| ConfigError::malformed("bearer", detail))
}

fn source(
    location: Location,
    trusted_hosts: Vec<Box<str>>,
    settings: &CheckedSettings,
) -> Result<KeySource, ConfigError> {
    let (issuer, at) = match location {
        Location::Jwks(url) | Location::Certificates(url) | Location::Pem { url, .. } => {
            let endpoint = settings.endpoint(&url)?;
            let name = endpoint.to_string().into();
            return Ok(KeySource::Configured { endpoint, name });
        }
        Location::Discovery { issuer, at } => (issuer, at),
    };
    let places = match at {
        Some(url) => vec![settings.endpoint(&url)?],
        None => discovery::document_addresses(&issuer, settings)?,
    };
    Ok(KeySource::Discovered(Discovery {
        issuer: issuer.into(),
        places,
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
