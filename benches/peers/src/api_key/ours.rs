//! The case of bearergate, which also creates the keys of all cases.

use super::fixture::Fixture;
use crate::case::Case;
use crate::case::Probe;
use crate::case::Provider;
use crate::error::Result;
use bearergate::api_key::{ApiKeyFormat, ApiKeyManager, ApiKeyScheme, NewApiKey, PepperSet};
use bearergate::clock::{FakeClock, UnixTime};
use bearergate::credential::PresentedCredential;
use bearergate::secret::Secret;
use bearergate::secret_source::SecretSource;
use bearergate::stores::MemoryApiKeyStore;
use bearergate::{ApiKeyValidator, TokenValidator};
use std::hint::black_box;
use std::io;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::Context;
use std::task::Poll;
use std::task::Waker;
use std::time::Duration;

/// The time at which the keys are created.
const CREATED: UnixTime = UnixTime::from_secs(1_800_000_000);

/// The time of the requests: as in a gate, it is read once for the whole request.
const NOW: UnixTime = UnixTime::from_secs(1_800_000_060);

const LIFETIME: Duration = Duration::from_secs(86_400);

/// Creates the keys, which the fixture shuffles, and their validator.
pub fn fixture(count: usize) -> Result<(Fixture, ApiKeyValidator)> {
    let pepper = || Ok::<_, io::Error>(Secret::new(vec![7; 32]));
    let peppers = PepperSet::new(1, &SecretSource::from_fn("bench", pepper))?;
    let scheme = ApiKeyScheme::new("acme keys", ApiKeyFormat::new("acme_live")?, peppers)?;
    let store = Arc::new(MemoryApiKeyStore::new(count + 1)?);
    let manager = ApiKeyManager::builder(scheme.clone(), store.clone())
        .clock(FakeClock::at(CREATED))
        .build()?;
    let keys = (0..count)
        .map(|at| create(&manager, at, LIFETIME))
        .collect::<Result<_>>()?;
    let expired = create(&manager, count, Duration::from_secs(30))?;
    let validator = ApiKeyValidator::builder(scheme, store).build()?;
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

/// Creates the case.
pub fn case(fixture: &Rc<Fixture>, validator: ApiKeyValidator) -> Case {
    let check = fixture.check(move |key| {
        let presented = PresentedCredential::token(key).at(NOW);
        match validator.validate(&presented).try_now() {
            Ok(Ok(principal)) => black_box(principal.expires_at()).is_some(),
            Ok(Err(_)) | Err(_) => false,
        }
    });
    let refused = &[Probe::BadSignature, Probe::BadPayload, Probe::Expired];
    Case::new(Provider::ApiKey.ours(), Provider::ApiKey, check).refusing(refused)
}
