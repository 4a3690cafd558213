//! Many API keys in memory, and their validator.

#![expect(dead_code, reason = "each bench uses a part of it")]

use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bearergate::api_key::{ApiKeyFormat, ApiKeyManager, ApiKeyScheme, NewApiKey, PepperSet};
use bearergate::clock::{FakeClock, UnixTime};
use bearergate::secret::Secret;
use bearergate::secret_source::SecretSource;
use bearergate::stores::MemoryApiKeyStore;
use bearergate::{ApiKeyValidator, ConfigError};
use ring::rand::{SecureRandom, SystemRandom};

/// When the keys are validated.
pub(crate) const NOW: UnixTime = UnixTime::from_secs(1_800_000_000);

const PREFIX: &str = "acme_live_";
const CHECKSUM: usize = 6;
const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Keys and their validator.
pub(crate) struct Keys {
    pub(crate) validator: ApiKeyValidator,
    keys: Vec<Key>,
}

/// The text of one key.
pub(crate) struct Key(String);

impl Keys {
    /// Creates so many keys.
    pub(crate) fn new(count: usize) -> Self {
        let scheme = scheme().expect("a scheme");
        let store = Arc::new(MemoryApiKeyStore::new(count).expect("a store"));
        let manager = ApiKeyManager::builder(scheme.clone(), store.clone())
            .clock(FakeClock::at(NOW))
            .build()
            .expect("a manager");
        let keys = (0..count).map(|at| create(&manager, at)).collect();
        let validator = ApiKeyValidator::builder(scheme, store).build();
        Self {
            validator: validator.expect("a validator"),
            keys,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.keys.len()
    }

    pub(crate) fn at(&self, at: usize) -> &Key {
        &self.keys[at]
    }

    pub(crate) fn any(&self, random: &mut Random) -> &Key {
        self.at(random.below(self.len()))
    }

    /// Returns the text of a key with a valid checksum.
    pub(crate) fn text(&self, id: &str, secret: &str) -> String {
        let signed = format!("{PREFIX}{id}_{secret}");
        let sum = checksum(signed.as_bytes());
        signed + &sum
    }
}

fn scheme() -> Result<ApiKeyScheme, ConfigError> {
    let pepper = || Ok::<_, io::Error>(Secret::new(vec![7; 32]));
    let peppers = PepperSet::new(1, &SecretSource::from_fn("bench", pepper))?;
    ApiKeyScheme::new("acme keys", ApiKeyFormat::new("acme_live")?, peppers)
}

fn create(manager: &ApiKeyManager, at: usize) -> Key {
    let draft = NewApiKey::new(format!("robot-{at}")).expires_in(Duration::from_secs(86_400));
    let draft = draft.scopes(["orders:read", "orders:write"]);
    let created = ready(manager.create(draft)).expect("ready").expect("a key");
    Key(created.secret.reveal())
}

/// A store in memory never waits.
fn ready<F: Future>(future: F) -> Option<F::Output> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
}

impl Key {
    pub(crate) fn text(&self) -> &str {
        &self.0
    }

    pub(crate) fn id(&self) -> &str {
        self.part(1)
    }

    pub(crate) fn secret(&self) -> &str {
        let end = self.part(0);
        end.split_at(end.len() - CHECKSUM).0
    }

    /// Returns a part between the underscores, counted from the end.
    fn part(&self, at: usize) -> &str {
        self.0.rsplit('_').nth(at).expect("a key has its parts")
    }
}

fn checksum(text: &[u8]) -> String {
    let sum = crc32fast::hash(text) as usize;
    let places = (0..6).rev().map(|place| sum / 62_usize.pow(place) % 62);
    places.map(|digit| char::from(DIGITS[digit])).collect()
}

/// Random numbers, many at a time.
pub(crate) struct Random {
    bytes: Vec<u8>,
}

impl Random {
    pub(crate) fn new() -> Self {
        Self { bytes: Vec::new() }
    }

    /// Returns a number below this one; the bias does not matter here.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        usize::from_le_bytes(self.eight()) % end
    }

    /// Returns letters and digits.
    pub(crate) fn text(&mut self, len: usize) -> String {
        (0..len)
            .map(|_| char::from(DIGITS[self.below(62)]))
            .collect()
    }

    fn eight(&mut self) -> [u8; 8] {
        if self.bytes.is_empty() {
            self.bytes = vec![0; 1 << 16];
            SystemRandom::new()
                .fill(&mut self.bytes)
                .expect("random bytes");
        }
        let rest = self.bytes.len() - 8;
        let eight = self.bytes.split_off(rest);
        eight.try_into().expect("eight bytes")
    }
}
