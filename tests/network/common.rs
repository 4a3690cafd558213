//! A provider, a clock, and a validator whose keys are fetched from the provider.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bearergate::clock::FakeClock;
use bearergate::environment::Environment;
use bearergate::event::{Event, Observer};
use bearergate::http_client::HttpClient;
use bearergate::integrations::reqwest::Client;
use bearergate::integrations::tokio::TokioSpawner;
use bearergate::key::{FetchedKeys, FetchedKeysBuilder};
use bearergate::testing::{FakeEndpoint, FakeIssuer, TokenBuilder};
use bearergate::{JwtValidator, RejectionKind};

pub(crate) use crate::net::{AUDIENCE, START};
use crate::net::{Patient, validate, validate_now};

/// An observer that records events.
#[derive(Clone, Debug, Default)]
pub(crate) struct Recorder(Arc<Mutex<Recorded>>);

#[derive(Clone, Debug, Default)]
pub(crate) struct Recorded {
    pub(crate) fetches: Vec<Option<&'static str>>,
    pub(crate) skipped: usize,
    pub(crate) stale: usize,
    /// Paths of kept keys that were not used, with the reason.
    pub(crate) ignored: Vec<(String, &'static str)>,
    /// Hosts that may be reached without TLS.
    pub(crate) plain: Vec<String>,
}

impl Observer for Recorder {
    fn observe(&self, event: &Event<'_>) {
        let mut recorded = self.0.lock().unwrap();
        match event {
            Event::KeptKeysIgnored { path, reason } => {
                recorded.ignored.push(((*path).to_owned(), reason));
            }
            Event::KeysFetched { problem, .. } => recorded.fetches.push(*problem),
            Event::KeySkipped { .. } => recorded.skipped += 1,
            Event::PlainHttpAllowed { host } => recorded.plain.push((*host).to_owned()),
            Event::StaleKeysUsed { .. } => recorded.stale += 1,
            _ => {}
        }
    }
}

pub(crate) struct Scene {
    pub(crate) clock: FakeClock,
    pub(crate) idp: FakeIssuer,
    pub(crate) keys: FetchedKeys,
    pub(crate) recorder: Recorder,
    pub(crate) validator: JwtValidator,
}

impl Scene {
    pub(crate) fn new() -> Self {
        let clock = FakeClock::at(START);
        let idp = FakeIssuer::builder().clock(clock.clone()).start().unwrap();
        let keys = FetchedKeys::jwks_url(&idp.endpoint(FakeEndpoint::Jwks));
        Self::with_keys(clock, idp, keys)
    }

    pub(crate) fn with_keys(clock: FakeClock, idp: FakeIssuer, keys: FetchedKeysBuilder) -> Self {
        Self::build(Arc::new(Patient::new()), (clock, idp, keys))
    }

    /// A scene whose client has the deadlines of a real service.
    pub(crate) fn with_real_deadlines() -> Self {
        let clock = FakeClock::at(START);
        let idp = FakeIssuer::builder().clock(clock.clone()).start().unwrap();
        let keys = FetchedKeys::jwks_url(&idp.endpoint(FakeEndpoint::Jwks));
        Self::build(Arc::new(Client::new().unwrap()), (clock, idp, keys))
    }

    pub(crate) fn build(
        client: Arc<dyn HttpClient>,
        (clock, idp, keys): (FakeClock, FakeIssuer, FetchedKeysBuilder),
    ) -> Self {
        let recorder = Recorder::default();
        let environment = Environment::new()
            .clock(clock.clone())
            .observer(recorder.clone())
            .http_client(client)
            .spawner(TokioSpawner::new());
        let keys = keys.env(&environment).build().unwrap();
        let validator = JwtValidator::builder()
            .issuer(idp.url())
            .audience(AUDIENCE)
            .key_store(Arc::new(keys.clone()))
            .clock(clock.clone())
            .build()
            .unwrap();
        Self {
            clock,
            idp,
            keys,
            recorder,
            validator,
        }
    }

    /// A scene whose keys were fetched once.
    pub(crate) async fn warm() -> Self {
        let scene = Self::new();
        assert_eq!(scene.validate(&scene.good()).await, Ok(()));
        assert_eq!(scene.fetches(), 1);
        scene
    }

    /// A token that outlives every scenario.
    pub(crate) fn token(&self) -> TokenBuilder {
        self.idp
            .token(AUDIENCE)
            .expires_in(Duration::from_secs(30 * 86_400))
    }

    pub(crate) fn good(&self) -> String {
        self.token().sign()
    }

    pub(crate) fn with_kid(&self, kid: &str) -> String {
        self.token().header("kid", kid).sign()
    }

    pub(crate) async fn validate(&self, token: &str) -> Result<(), RejectionKind> {
        validate(&self.validator, token).await
    }

    /// Validates only if the result is ready; otherwise returns `None`.
    pub(crate) fn validate_now(&self, token: &str) -> Option<Result<(), RejectionKind>> {
        validate_now(&self.validator, token)
    }

    /// Returns the number of requests for the key set that the provider received.
    pub(crate) fn fetches(&self) -> usize {
        self.idp.count(FakeEndpoint::Jwks)
    }

    pub(crate) fn recorded(&self) -> Recorded {
        self.recorder.0.lock().unwrap().clone()
    }

    /// Waits until this many fetches have ended.
    pub(crate) async fn ended(&self, fetches: usize) {
        for _ in 0..60_000 {
            if self.recorded().fetches.len() >= fetches {
                return;
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        panic!("{fetches} fetches did not end: {:?}", self.recorded());
    }

    pub(crate) fn pass(&self, secs: u64) {
        self.clock.advance(Duration::from_secs(secs));
    }
}
