//! A provider, a clock, and a validator that asks the provider.

use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use bearergate::client_auth::ClientAuth;
use bearergate::clock::FakeClock;
use bearergate::credential::PresentedCredential;
use bearergate::event::{Event, Observer};
use bearergate::http_client::HttpClient;
use bearergate::integrations::reqwest::Client;
use bearergate::integrations::tokio::TokioSpawner;
use bearergate::introspection::IntrospectionValidatorBuilder;
use bearergate::jwt::Ready;
use bearergate::testing::{FakeEndpoint, FakeIssuer, TokenBuilder};
use bearergate::{IntrospectionValidator, Principal, Rejection, RejectionKind, TokenValidator};

pub(crate) use crate::net::AUDIENCE;
use crate::net::Patient;
pub(crate) use crate::net::START;
use crate::net::validate;
use crate::net::validate_now;

/// What was told.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen(Arc<Mutex<Told>>);

#[derive(Clone, Debug, Default)]
pub(crate) struct Told {
    pub(crate) calls: Vec<Option<&'static str>>,
    pub(crate) hits: usize,
    pub(crate) openings: usize,
}

impl Observer for Seen {
    fn observe(&self, event: &Event<'_>) {
        let mut told = self.0.lock().unwrap();
        match event {
            Event::Introspected { problem, .. } => told.calls.push(*problem),
            Event::CacheHit { .. } => told.hits += 1,
            Event::CircuitOpened { .. } => told.openings += 1,
            _ => {}
        }
    }
}

pub(crate) struct Scene {
    pub(crate) clock: FakeClock,
    pub(crate) idp: FakeIssuer,
    pub(crate) seen: Seen,
    pub(crate) validator: IntrospectionValidator,
}

impl Scene {
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
        Self::of(auth, change)
    }

    /// One whose client gives up as a service's does.
    pub(crate) fn hasty() -> Self {
        let secret = FakeIssuer::CLIENT_SECRET.to_owned();
        let auth = ClientAuth::secret_basic(FakeIssuer::CLIENT_ID, secret).unwrap();
        Self::over(Arc::new(Client::new().unwrap()), auth, |_, builder| builder)
    }

    pub(crate) fn of(
        auth: ClientAuth,
        change: impl FnOnce(
            &FakeIssuer,
            IntrospectionValidatorBuilder<Ready>,
        ) -> IntrospectionValidatorBuilder<Ready>,
    ) -> Self {
        Self::over(Arc::new(Patient::new()), auth, change)
    }

    fn over(
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
            .clock(clock.clone())
            .observer(seen.clone());
        let validator = change(&idp, builder).build(client, Arc::new(TokioSpawner::new()));
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

    /// A new token that is active.
    pub(crate) fn good(&self) -> String {
        self.idp.opaque(&self.claims())
    }

    pub(crate) async fn principal(&self, token: &str) -> Result<Principal, Rejection> {
        let presented = PresentedCredential::bearer(token).unwrap();
        self.validator.validate(&presented).await
    }

    pub(crate) async fn judge(&self, token: &str) -> Result<(), RejectionKind> {
        validate(&self.validator, token).await
    }

    /// Judges only if nothing has to be waited for.
    pub(crate) fn judge_now(&self, token: &str) -> Option<Result<(), RejectionKind>> {
        validate_now(&self.validator, token)
    }

    /// Requests that reached the endpoint.
    pub(crate) fn calls(&self) -> usize {
        self.idp.count(FakeEndpoint::Introspection)
    }

    pub(crate) fn told(&self) -> Told {
        self.seen.0.lock().unwrap().clone()
    }

    pub(crate) fn pass(&self, secs: u64) {
        self.clock.advance(Duration::from_secs(secs));
    }
}
