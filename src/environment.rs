//! The environment of a service: time, events, network and background work.

use std::sync::Arc;

use crate::clock::Clock;
use crate::error::ConfigError;
use crate::event::{Event, Observer};
use crate::http_client::{CheckedSettings, HttpClient, HttpSettings, Spawn};

/// What the validators, managers and gates of one service share: its clock, its observer, and how
/// they send requests and run background tasks.
///
/// Build it once and pass it to each builder by `env(&environment)`; a setter that is called later
/// differs for one object. It is plain data: a builder copies what it uses, and nothing is looked
/// up afterwards. Cheap to clone.
///
/// What is not set stays as it is in the builder: by default the
/// [`SystemClock`](crate::clock::SystemClock), no observer, and neither an HTTP client nor a
/// spawner, which builders for the network need.
///
/// ```
/// use std::time::Duration;
///
/// use bearergate::clock::{FakeClock, UnixTime};
/// use bearergate::environment::Environment;
/// use bearergate::key::KeySet;
/// use bearergate::{Gate, JwtValidator, require_scope};
///
/// // In a test, one clock for the whole service.
/// let clock = FakeClock::at(UnixTime::from_secs(1_700_000_000));
/// let environment = Environment::new().clock(clock.clone());
///
/// # fn build(environment: &Environment, keys: KeySet) -> Result<Gate, bearergate::ConfigError> {
/// let validator = JwtValidator::builder()
///     .issuer("https://idp.example.com")
///     .audience("https://orders.example.com")
///     .keys(keys)
///     .env(environment)
///     .build()?;
/// let gate = Gate::builder()
///     .env(environment)
///     .validator(validator)
///     .authorizer(require_scope("orders:read"))
///     .build()?;
/// # Ok(gate)
/// # }
/// clock.advance(Duration::from_secs(60));
/// ```
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct Environment {
    pub(crate) clock: Option<Arc<dyn Clock>>,
    pub(crate) observer: Option<Arc<dyn Observer>>,
    pub(crate) http: Option<Arc<dyn HttpClient>>,
    pub(crate) spawn: Option<Arc<dyn Spawn>>,
    pub(crate) http_settings: Option<HttpSettings>,
}

impl Environment {
    /// Starts with nothing set. A builder keeps its own setting for whatever is missing, so an
    /// empty environment changes no builder.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the clock. Every check that depends on time reads it once per request, so it decides
    /// whether a credential is expired: set a [`FakeClock`](crate::clock::FakeClock) only in tests.
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Some(Arc::new(clock));
        self
    }

    /// Sets the observer that [events](crate::event::Event) are reported to. It is called inside
    /// the requests, so it must not block. Without one, events are not reported.
    pub fn observer(mut self, observer: impl Observer + 'static) -> Self {
        self.observer = Some(Arc::new(observer));
        self
    }

    /// Sets the client that sends requests to providers: key sets, discovery, introspection. It has
    /// to check the certificates of the servers, because keys are trusted for the server they are
    /// from. A builder that needs a client fails without one, with
    /// [`Empty`](crate::error::ConfigErrorKind::Empty).
    pub fn http_client(mut self, client: impl HttpClient + 'static) -> Self {
        self.http = Some(Arc::new(client));
        self
    }

    /// Sets the `User-Agent`, the deadlines, and the hosts without TLS of the requests to providers.
    /// Each builder checks them when it builds; by default they are those of
    /// [`HttpSettings::new`].
    pub fn http_settings(mut self, settings: HttpSettings) -> Self {
        self.http_settings = Some(settings);
        self
    }

    /// Sets how background tasks run, such as the refresh of keys ahead of their expiry. A builder
    /// that needs a spawner fails without one, with
    /// [`Empty`](crate::error::ConfigErrorKind::Empty).
    pub fn spawner(mut self, spawner: impl Spawn + 'static) -> Self {
        self.spawn = Some(Arc::new(spawner));
        self
    }
}

impl Environment {
    /// Takes over what is set in the other environment.
    pub(crate) fn take_from(&mut self, other: &Self) {
        if other.clock.is_some() {
            self.clock.clone_from(&other.clock);
        }
        other.set_observer(&mut self.observer);
        other.set_network(&mut self.http, &mut self.spawn);
        if other.http_settings.is_some() {
            self.http_settings.clone_from(&other.http_settings);
        }
    }

    /// Sets the clock of a builder, if there is one here.
    pub(crate) fn set_clock(&self, clock: &mut Arc<dyn Clock>) {
        if let Some(own) = &self.clock {
            *clock = Arc::clone(own);
        }
    }

    /// Sets the observer of a builder, if there is one here.
    pub(crate) fn set_observer(&self, observer: &mut Option<Arc<dyn Observer>>) {
        if self.observer.is_some() {
            observer.clone_from(&self.observer);
        }
    }

    /// Sets what a builder needs for requests, as far as it is here.
    pub(crate) fn set_network(
        &self,
        http: &mut Option<Arc<dyn HttpClient>>,
        spawn: &mut Option<Arc<dyn Spawn>>,
    ) {
        if self.http.is_some() {
            http.clone_from(&self.http);
        }
        if self.spawn.is_some() {
            spawn.clone_from(&self.spawn);
        }
    }

    /// Sets the settings of requests of a builder, if there are some here.
    pub(crate) fn set_http_settings(&self, settings: &mut HttpSettings) {
        if let Some(own) = &self.http_settings {
            settings.clone_from(own);
        }
    }

    /// Reports the hosts to which requests of a builder may go without TLS.
    pub(crate) fn report_plain_http<'h>(
        observer: Option<&dyn Observer>,
        settings: &CheckedSettings,
        hosts: impl IntoIterator<Item = &'h str>,
    ) {
        let Some(observer) = observer else {
            return;
        };
        for host in settings.plain_hosts_among(hosts) {
            observer.observe(&Event::PlainHttpAllowed { host });
        }
    }

    /// The client of a builder that cannot do without one.
    pub(crate) fn required_client(
        client: Option<Arc<dyn HttpClient>>,
    ) -> Result<Arc<dyn HttpClient>, ConfigError> {
        let detail = "expected an HTTP client, found none; set one with `Environment::http_client`, such as \
                      `integrations::reqwest::Client` of the feature `reqwest`";
        client.ok_or_else(|| ConfigError::missing("http_client", detail))
    }

    /// The spawner of a builder that cannot do without one.
    pub(crate) fn required_spawner(
        spawner: Option<Arc<dyn Spawn>>,
    ) -> Result<Arc<dyn Spawn>, ConfigError> {
        let detail = "expected a spawner, found none; set one with `Environment::spawner`, such as \
                      `integrations::tokio::TokioSpawner` of the feature `tokio`";
        spawner.ok_or_else(|| ConfigError::missing("spawner", detail))
    }
}
