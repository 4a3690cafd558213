//! A provider, a clock, and a validator whose keys are fetched from the provider.

use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use bearergate::clock::FakeClock;
use bearergate::event::{Event, Observer};
use bearergate::http_client::HttpClient;
use bearergate::integrations::reqwest::Client;
use bearergate::integrations::tokio::TokioSpawner;
use bearergate::key::{FetchedKeys, FetchedKeysBuilder};
use bearergate::testing::{FakeEndpoint, FakeIssuer, TokenBuilder};
use bearergate::{JwtValidator, RejectionKind};

pub(crate) use crate::net::AUDIENCE;
use crate::net::Patient;
pub(crate) use crate::net::START;
use crate::net::judge;
use crate::net::judge_now;

/// What was told: fetches with their problem, skipped keys, uses of stale ones.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen(Arc<Mutex<Told>>);

#[derive(Clone, Debug, Default)]
pub(crate) struct Told {
    pub(crate) fetches: Vec<Option<&'static str>>,
    pub(crate) skipped: usize,
    pub(crate) stale: usize,
}

impl Observer for Seen {
    fn observe(&self, event: &Event<'_>) {
        let mut told = self.0.lock().unwrap();
        match event {
            Event::KeysFetched { problem, .. } => told.fetches.push(*problem),
            Event::KeySkipped { .. } => told.skipped += 1,
            Event::StaleKeysUsed { .. } => told.stale += 1,
            _ => {}
        }
    }
}

pub(crate) struct Scene {
    pub(crate) clock: FakeClock,
    pub(crate) idp: FakeIssuer,
    pub(crate) keys: FetchedKeys,
    pub(crate) seen: Seen,
    pub(crate) validator: JwtValidator,
}

impl Scene {
    pub(crate) fn new() -> Self {
        let clock = FakeClock::at(START);
        let idp = FakeIssuer::builder().clock(clock.clone()).start().unwrap();
        let keys = FetchedKeys::jwks_url(&idp.endpoint(FakeEndpoint::Jwks));
        Self::of(clock, idp, keys)
    }

    pub(crate) fn of(clock: FakeClock, idp: FakeIssuer, keys: FetchedKeysBuilder) -> Self {
        Self::over(Arc::new(Patient::new()), (clock, idp, keys))
    }

    /// One whose client gives up as a service's does.
    pub(crate) fn hasty() -> Self {
        let clock = FakeClock::at(START);
        let idp = FakeIssuer::builder().clock(clock.clone()).start().unwrap();
        let keys = FetchedKeys::jwks_url(&idp.endpoint(FakeEndpoint::Jwks));
        Self::over(Arc::new(Client::new().unwrap()), (clock, idp, keys))
    }

    fn over(
        client: Arc<dyn HttpClient>,
        (clock, idp, keys): (FakeClock, FakeIssuer, FetchedKeysBuilder),
    ) -> Self {
        let seen = Seen::default();
        let keys = keys.clock(clock.clone()).observer(seen.clone());
        let keys = keys.build(client, Arc::new(TokioSpawner::new())).unwrap();
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
            seen,
            validator,
        }
    }

    /// One whose keys were fetched once.
    pub(crate) async fn warm() -> Self {
        let scene = Self::new();
        assert_eq!(scene.judge(&scene.good()).await, Ok(()));
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

    pub(crate) async fn judge(&self, token: &str) -> Result<(), RejectionKind> {
        judge(&self.validator, token).await
    }

    /// Judges only if nothing has to be waited for.
    pub(crate) fn judge_now(&self, token: &str) -> Option<Result<(), RejectionKind>> {
        judge_now(&self.validator, token)
    }

    /// Requests for the key set that reached the provider.
    pub(crate) fn fetches(&self) -> usize {
        self.idp.count(FakeEndpoint::Jwks)
    }

    pub(crate) fn told(&self) -> Told {
        self.seen.0.lock().unwrap().clone()
    }

    /// Waits until this many fetches have come to an end.
    pub(crate) async fn ended(&self, fetches: usize) {
        for _ in 0..60_000 {
            if self.told().fetches.len() >= fetches {
                return;
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        panic!("{fetches} fetches did not end: {:?}", self.told());
    }

    pub(crate) fn pass(&self, secs: u64) {
        self.clock.advance(Duration::from_secs(secs));
    }
}
