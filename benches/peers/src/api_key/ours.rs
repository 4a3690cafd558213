//! The case of bearergate, and the keys for all cases, which it makes.

use super::fixture::Fixture;
use crate::case::Case;
use crate::case::Probe;
use crate::case::Provider;
use crate::error::Result;
use bearergate::{ApiKeyValidator, TokenValidator};
use bearergate::api_key::{ApiKeyFormat, ApiKeyManager, ApiKeyScheme, NewApiKey, PepperSet};
use bearergate::clock::{FakeClock, UnixTime};
use bearergate::credential::PresentedCredential;
use bearergate::secret::Secret;
use bearergate::secret_source::SecretSource;
use bearergate::stores::MemoryApiKeyStore;
use std::hint::black_box;
use std::io;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::Context;
use std::task::Poll;
use std::task::Waker;
use std::time::Duration;

/// When the keys are made.
const MADE: UnixTime = UnixTime::from_secs(1_800_000_000);

/// When they are judged: as in a gate, the time is told once for the whole request.
const NOW: UnixTime = UnixTime::from_secs(1_800_000_060);

const LIFETIME: Duration = Duration::from_secs(86_400);

/// Makes the keys in an order that the fixture shuffles, and their judge.
pub fn fixture(count: usize) -> Result<(Fixture, ApiKeyValidator)> {
    let pepper = || Ok::<_, io::Error>(Secret::new(vec![7; 32]));
    let peppers = PepperSet::new(1, &SecretSource::from_fn("bench", pepper))?;
    let ring = ApiKeyScheme::new("acme keys", ApiKeyFormat::new("acme_live")?, peppers)?;
    let store = Arc::new(MemoryApiKeyStore::new(count + 1)?);
    let manager = ApiKeyManager::builder(ring.clone(), store.clone())
        .clock(FakeClock::at(MADE))
        .build()?;
    let keys = (0..count)
        .map(|at| create(&manager, at, LIFETIME))
        .collect::<Result<_>>()?;
    let expired = create(&manager, count, Duration::from_secs(30))?;
    let validator = ApiKeyValidator::builder(ring, store).build()?;
    Ok((Fixture::new(keys, expired)?, validator))
}

fn create(manager: &ApiKeyManager, at: usize, lifetime: Duration) -> Result<String> {
    let draft = NewApiKey::new(format!("robot-{at}")).expires_in(lifetime);
    let created = manager.create(draft.scopes(["orders:read", "orders:write"]));
    match pin!(created).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(created) => Ok(created?.secret.reveal()),
        Poll::Pending => Err("a store in memory waits".into()),
    }
}

/// Makes the case.
pub fn case(fixture: &Rc<Fixture>, validator: ApiKeyValidator) -> Case {
    let judge = fixture.judge(move |key| {
        let presented = PresentedCredential::token(key).at(NOW);
        match validator.validate(&presented).try_now() {
            Ok(Ok(principal)) => black_box(principal.expires_at()).is_some(),
            Ok(Err(_)) | Err(_) => false,
        }
    });
    let refused = &[Probe::BadSignature, Probe::BadPayload, Probe::Expired];
    Case::new(Provider::ApiKey.ours(), Provider::ApiKey, judge).refusing(refused)
}
