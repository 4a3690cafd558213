//! A provider, a clock, and a validator that calls the provider.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bearergate::client_auth::ClientAuth;
use bearergate::clock::FakeClock;
use bearergate::credential::PresentedCredential;
use bearergate::event::{Event, Observer};
use bearergate::http_client::{HttpClient, HttpSettings};
use bearergate::integrations::reqwest::Client;
use bearergate::integrations::tokio::TokioSpawner;
use bearergate::introspection::IntrospectionValidatorBuilder;
use bearergate::jwt::Ready;
use bearergate::testing::{FakeEndpoint, FakeIssuer, TokenBuilder};
use bearergate::{IntrospectionValidator, Principal, Rejection, RejectionKind, TokenValidator};

pub(crate) use crate::net::{AUDIENCE, START};
use crate::net::{Patient, validate, validate_now};

/// The observed events.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen(Arc<Mutex<Events>>);

#[derive(Clone, Debug, Default)]
pub(crate) struct Events {
    pub(crate) calls: Vec<Option<&'static str>>,
    pub(crate) hits: usize,
    pub(crate) openings: usize,
}

impl Observer for Seen {
    fn observe(&self, event: &Event<'_>) {
        let mut events = self.0.lock().unwrap();
        match event {
            Event::Introspected { problem, .. } => events.calls.push(*problem),
            Event::CacheHit { .. } => events.hits += 1,
            Event::CircuitOpened { .. } => events.openings += 1,
            _ => {}
        }
    }
}

pub(crate) struct Setup {
    pub(crate) clock: FakeClock,
    pub(crate) idp: FakeIssuer,
    pub(crate) seen: Seen,
    pub(crate) validator: IntrospectionValidator,
}

impl Setup {
    pub(crate) fn new() -> Self {
        Self::with(|_, builder| builder)
    }

    pub(crate) fn with(
        change: impl FnOnce(
            &FakeIssuer,
            IntrospectionValidatorBuilder<Ready>,
        ) -> IntrospectionValidatorBuilder<Ready>,
    ) -> Self {
        let secret = FakeIssuer::CLIENT_SECRET.to_owned();
        let auth = ClientAuth::secret_basic(FakeIssuer::CLIENT_ID, secret).unwrap();
        Self::with_auth(auth, change)
    }

    /// A setup whose client has the deadlines of a service.
    pub(crate) fn with_deadlines() -> Self {
        let secret = FakeIssuer::CLIENT_SECRET.to_owned();
        let auth = ClientAuth::secret_basic(FakeIssuer::CLIENT_ID, secret).unwrap();
        Self::with_client(Arc::new(Client::new().unwrap()), auth, |_, builder| builder)
    }

    /// A setup whose client keeps the deadlines of these settings.
    pub(crate) fn with_deadlines_of(settings: HttpSettings) -> Self {
        let secret = FakeIssuer::CLIENT_SECRET.to_owned();
        let auth = ClientAuth::secret_basic(FakeIssuer::CLIENT_ID, secret).unwrap();
        let client = Arc::new(Client::new().unwrap());
        Self::with_client(client, auth, |_, builder| builder.http_settings(settings))
    }

    pub(crate) fn with_auth(
        auth: ClientAuth,
        change: impl FnOnce(
            &FakeIssuer,
            IntrospectionValidatorBuilder<Ready>,
        ) -> IntrospectionValidatorBuilder<Ready>,
    ) -> Self {
        Self::with_client(Arc::new(Patient::new()), auth, change)
    }

    fn with_client(
        client: Arc<dyn HttpClient>,
        auth: ClientAuth,
        change: impl FnOnce(
            &FakeIssuer,
            IntrospectionValidatorBuilder<Ready>,
        ) -> IntrospectionValidatorBuilder<Ready>,
    ) -> Self {
        let clock = FakeClock::at(START);
        let idp = FakeIssuer::builder().clock(clock.clone()).start().unwrap();
        let seen = Seen::default();
        let endpoint = idp.endpoint(FakeEndpoint::Introspection);
        let builder = IntrospectionValidator::builder(&endpoint, auth)
            .audience(AUDIENCE)
            .issuer(idp.url())
            .env(
                &bearergate::environment::Environment::new()
                    .clock(clock.clone())
                    .observer(seen.clone())
                    .http_client(client)
                    .spawner(TokioSpawner::new()),
            );
        let validator = change(&idp, builder).build();
        Self {
            clock,
            idp,
            seen,
            validator: validator.unwrap(),
        }
    }

    pub(crate) fn claims(&self) -> TokenBuilder {
        self.idp.token(AUDIENCE)
    }

    /// Returns a new active token.
    pub(crate) fn active_token(&self) -> String {
        self.idp.opaque(&self.claims())
    }

    pub(crate) async fn principal(&self, token: &str) -> Result<Principal, Rejection> {
        let presented = PresentedCredential::bearer(token).unwrap();
        self.validator.validate(&presented).await
    }

    pub(crate) async fn validate(&self, token: &str) -> Result<(), RejectionKind> {
        validate(&self.validator, token).await
    }

    /// Validates only if the result is ready; otherwise returns `None`.
    pub(crate) fn validate_now(&self, token: &str) -> Option<Result<(), RejectionKind>> {
        validate_now(&self.validator, token)
    }

    /// The number of requests that reached the endpoint.
    pub(crate) fn calls(&self) -> usize {
        self.idp.count(FakeEndpoint::Introspection)
    }

    pub(crate) fn events(&self) -> Events {
        self.seen.0.lock().unwrap().clone()
    }

    pub(crate) fn pass(&self, secs: u64) {
        self.clock.advance(Duration::from_secs(secs));
    }
}
