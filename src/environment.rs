//! The environment of a service: time, events, network and background work.

use std::sync::Arc;

use crate::clock::Clock;
use crate::clock::SystemClock;
use crate::event::Observer;
use crate::http_client::HttpClient;
use crate::http_client::Spawn;

/// What the validators, managers and gates of one service share: its clock, its observer, and how
/// they send requests and run background tasks.
///
/// Build it once and pass it to each builder by `env(&environment)`, before the setters that
/// differ from it for one object. It is plain data: a builder copies what it uses, and nothing is
/// looked up later. Cheap to clone.
///
/// By default time is the [`SystemClock`], and there is no observer, HTTP client or spawner.
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
#[derive(Clone, Debug)]
#[must_use]
pub struct Environment {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) observer: Option<Arc<dyn Observer>>,
    pub(crate) http: Option<Arc<dyn HttpClient>>,
    pub(crate) spawn: Option<Arc<dyn Spawn>>,
}

impl Environment {
    /// Starts with the system's clock and nothing else.
    pub fn new() -> Self {
        Self {
            clock: Arc::new(SystemClock::default()),
            observer: None,
            http: None,
            spawn: None,
        }
    }

    /// Sets the clock. Every check that depends on time reads it once per request.
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Sets the observer that [events](crate::event::Event) are reported to.
    pub fn observer(mut self, observer: impl Observer + 'static) -> Self {
        self.observer = Some(Arc::new(observer));
        self
    }

    /// Sets the client that sends requests to providers: key sets, discovery, introspection.
    pub fn http_client(mut self, client: impl HttpClient + 'static) -> Self {
        self.http = Some(Arc::new(client));
        self
    }

    /// Sets how background tasks run, such as the refresh of keys ahead of their expiry.
    pub fn spawner(mut self, spawner: impl Spawn + 'static) -> Self {
        self.spawn = Some(Arc::new(spawner));
        self
    }
}

impl Default for Environment {
    /// As [`new`](Self::new).
    fn default() -> Self {
        Self::new()
    }
}
