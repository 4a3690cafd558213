//! Allocations of API key validation: none for an accepted key.
#![expect(
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::unreachable,
    clippy::unwrap_used,
    reason = "a test panics where it fails"
)]

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use allocation_counter::measure;
use bearergate::api_key::{
    ApiKeyFormat, ApiKeyManager, ApiKeyScheme, LegacyFormat, NewApiKey, PepperSet,
};
use bearergate::clock::{FakeClock, UnixTime};
use bearergate::credential::PresentedCredential;
use bearergate::secret::Secret;
use bearergate::secret_source::SecretSource;
use bearergate::stores::MemoryApiKeyStore;
use bearergate::{ApiKeyValidator, Gate, TokenValidator, claim, require_scope};

const NOW: u64 = 1_760_000_000;
const LEGACY: &str = "c0ffee00-7a11-4d0e-9f3b-2b1d";

struct Setup {
    clock: FakeClock,
    validator: ApiKeyValidator,
    key: String,
}

/// A validator with a store of issued keys and one key of another format.
fn setup() -> Setup {
    let source = |byte: u8| {
        let read = move || Ok::<_, std::io::Error>(Secret::new(vec![byte; 32]));
        SecretSource::from_fn("test pepper", read)
    };
    let peppers = PepperSet::new(2, &source(2)).unwrap();
    let peppers = peppers.with_older(1, &source(1)).unwrap();
    let format = ApiKeyFormat::new("acme_live").unwrap();
    let ring = ApiKeyScheme::new("acme keys", format, peppers).unwrap();
    let ring = ring.with_legacy(LegacyFormat::new(20).unwrap());
    let store = Arc::new(MemoryApiKeyStore::new(1_000).unwrap());
    let clock = FakeClock::at(UnixTime::from_secs(NOW));
    let keys = ApiKeyManager::builder(ring.clone(), store.clone()).clock(clock.clone());
    let keys = keys.build().unwrap();
    let draft = || {
        let draft = NewApiKey::new("robot-7").expires_in(Duration::from_secs(86_400));
        draft.tenant("acme").scopes(["orders:read", "orders:write"])
    };
    for _ in 0..100 {
        let _ = ready(keys.create(draft())).unwrap();
    }
    ready(keys.import(draft(), LEGACY)).unwrap();
    let key = ready(keys.create(draft())).unwrap().secret.reveal();
    let validator = ApiKeyValidator::builder(ring, store);
    let validator = validator.clock(clock.clone()).build().unwrap();
    Setup {
        clock,
        validator,
        key,
    }
}

fn ready<T>(answer: impl Future<Output = T>) -> T {
    match pin!(answer).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => unreachable!("a store in memory never waits"),
    }
}

#[test]
fn accepted_key_does_not_allocate() {
    let setup = setup();
    for key in [&*setup.key, LEGACY] {
        let validate = || {
            let presented = PresentedCredential::token(key);
            let principal = setup
                .validator
                .validate(&presented)
                .try_now()
                .unwrap()
                .unwrap();
            assert_eq!(principal.subject(), Some("robot-7"));
            assert_eq!(principal.claims().get("tenant").unwrap(), Some("acme"));
        };
        // The first use, and the first one of a new minute, are written to the store.
        assert_eq!(measure(validate).count_total, 0);
        assert_eq!(measure(validate).count_total, 0);
        setup.clock.advance(Duration::from_secs(60));
        assert_eq!(measure(validate).count_total, 0);
    }
}

#[test]
fn admitted_request_with_a_key_does_not_allocate() {
    let setup = setup();
    let gate = Gate::builder()
        .clock(setup.clock.clone())
        .validator(setup.validator.clone())
        .authorizer(require_scope("orders:read").and(claim("tenant").is("acme")))
        .build()
        .unwrap();
    let bearer = format!("Bearer {}", setup.key);
    for (name, value) in [("x-api-key", &*setup.key), ("authorization", &bearer)] {
        let request = http::Request::get("/orders").header(name, value);
        let request = request.body(()).unwrap();
        let check = || assert!(gate.try_check_now(&request).unwrap().is_ok());
        check();
        assert_eq!(measure(check).count_total, 0, "{name}");
    }
}

#[test]
fn principals_of_a_key_share_the_record_and_hold_nothing_of_a_request() {
    let setup = setup();
    let validate = || {
        let presented = PresentedCredential::token(&setup.key);
        setup
            .validator
            .validate(&presented)
            .try_now()
            .unwrap()
            .unwrap()
    };
    let (first, second) = (validate(), validate());
    let address = |text: Option<&str>| text.map(str::as_ptr);
    assert_eq!(address(first.subject()), address(second.subject()));
    assert_eq!(
        first.claims().json().as_ptr(),
        second.claims().json().as_ptr()
    );
}

#[test]
fn wrong_secret_and_unknown_id_allocate_the_same() {
    let (setup, other) = (setup(), key_of_another_setup());
    let refuse = |key: &str| {
        let count = measure(|| {
            let presented = PresentedCredential::token(key);
            let validated = setup.validator.validate(&presented).try_now().unwrap();
            assert!(validated.is_err());
        });
        (count.count_total, count.bytes_total)
    };
    let wrong = sealed(&setup.key, &other);
    let (unknown, mismatch) = (refuse(&other), refuse(&wrong));
    assert_eq!(unknown, mismatch);
    assert_ne!(unknown, (0, 0), "the counter works");
}

fn key_of_another_setup() -> String {
    setup().key
}

/// The id of one key with the secret of another, and a valid checksum.
fn sealed(id: &str, secret: &str) -> String {
    const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let middle = "acme_live_0123456789ABCDEF_".len();
    let text = format!("{}{}", &id[..middle], &secret[middle..secret.len() - 6]);
    let sum = crc32fast::hash(text.as_bytes());
    let places = (0..6)
        .rev()
        .map(|place| sum as usize / 62_usize.pow(place) % 62);
    let places: String = places.map(|digit| char::from(DIGITS[digit])).collect();
    text + &places
}
