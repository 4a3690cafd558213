//! What judging a key costs: no allocation, whatever stands around it.
#![expect(
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::unreachable,
    clippy::unwrap_used,
    reason = "a test panics where it fails"
)]

use std::pin::pin;
use std::sync::Arc;
use std::task::Context;
use std::task::Poll;
use std::task::Waker;
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
const FOREIGN: &str = "c0ffee00-7a11-4d0e-9f3b-2b1d";

struct House {
    clock: FakeClock,
    judge: ApiKeyValidator,
    key: String,
}

/// A key of ours and a foreign one, among some more.
fn house() -> House {
    let source = |byte: u8| {
        let read = move || Ok::<_, std::io::Error>(Secret::new(vec![byte; 32]));
        SecretSource::from_fn("test pepper", read)
    };
    let peppers = PepperSet::new(2, &source(2)).unwrap();
    let peppers = peppers.with_older(1, &source(1)).unwrap();
    let format = ApiKeyFormat::new("acme_live").unwrap();
    let ring = ApiKeyScheme::new("acme keys", format, peppers).unwrap();
    let ring = ring.with_foreign(LegacyFormat::new(20).unwrap());
    let store = Arc::new(MemoryApiKeyStore::new(1_000).unwrap());
    let clock = FakeClock::at(UnixTime::from_secs(NOW));
    let keys = ApiKeyManager::new(ring.clone(), store.clone()).clock(clock.clone());
    let draft = || {
        let draft = NewApiKey::new("robot-7").expires_in(Duration::from_secs(86_400));
        draft.tenant("acme").scopes(["orders:read", "orders:write"])
    };
    for _ in 0..100 {
        ready(keys.create(draft())).unwrap();
    }
    ready(keys.import(draft(), FOREIGN)).unwrap();
    let key = ready(keys.create(draft())).unwrap().key.reveal();
    let judge = ApiKeyValidator::builder(ring, store);
    let judge = judge.clock(clock.clone()).build().unwrap();
    House { clock, judge, key }
}

fn ready<T>(answer: impl Future<Output = T>) -> T {
    match pin!(answer).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => unreachable!("a store in memory never waits"),
    }
}

#[test]
fn an_accepted_key_costs_no_allocation() {
    let house = house();
    for key in [&*house.key, FOREIGN] {
        let judge = || {
            let presented = PresentedCredential::token(key);
            let principal = house.judge.validate(&presented).try_now().unwrap().unwrap();
            assert_eq!(principal.subject(), Some("robot-7"));
            assert_eq!(principal.claims().get("tenant").unwrap(), Some("acme"));
        };
        // The first use of all, and the first one of a new minute, are noted.
        assert_eq!(measure(judge).count_total, 0);
        assert_eq!(measure(judge).count_total, 0);
        house.clock.advance(Duration::from_secs(60));
        assert_eq!(measure(judge).count_total, 0);
    }
}

#[test]
fn an_admitted_request_with_a_key_costs_no_allocation() {
    let house = house();
    let gate = Gate::builder()
        .clock(house.clock.clone())
        .validator(house.judge.clone())
        .authorizer(require_scope("orders:read").and(claim("tenant").is("acme")))
        .build()
        .unwrap();
    let bearer = format!("Bearer {}", house.key);
    for (name, value) in [("x-api-key", &*house.key), ("authorization", &bearer)] {
        let request = http::Request::get("/orders").header(name, value);
        let request = request.body(()).unwrap();
        let check = || assert!(gate.try_check_now(&request).unwrap().is_ok());
        check();
        assert_eq!(measure(check).count_total, 0, "{name}");
    }
}

#[test]
fn a_principal_of_a_key_is_the_record_itself_and_holds_nothing_of_a_request() {
    let house = house();
    let judge = || {
        let presented = PresentedCredential::token(&house.key);
        house.judge.validate(&presented).try_now().unwrap().unwrap()
    };
    let (first, second) = (judge(), judge());
    let place = |text: Option<&str>| text.map(str::as_ptr);
    assert_eq!(place(first.subject()), place(second.subject()));
    assert_eq!(
        first.claims().json().as_ptr(),
        second.claims().json().as_ptr()
    );
}

#[test]
fn a_wrong_secret_and_an_unknown_id_cost_the_same_allocations() {
    let (house, other) = (house(), house_of_others());
    let refuse = |key: &str| {
        let count = measure(|| {
            let presented = PresentedCredential::token(key);
            let judged = house.judge.validate(&presented).try_now().unwrap();
            assert!(judged.is_err());
        });
        (count.count_total, count.bytes_total)
    };
    let wrong = sealed(&house.key, &other);
    let (unknown, mismatch) = (refuse(&other), refuse(&wrong));
    assert_eq!(unknown, mismatch);
    assert_ne!(unknown, (0, 0), "the counter counts");
}

fn house_of_others() -> String {
    house().key
}

/// The id of one key with the secret of another, and a good checksum.
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
