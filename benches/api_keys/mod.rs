//! Many API keys in memory, and their judge.

#![expect(dead_code, reason = "each bench uses a part of it")]

use std::sync::Arc;

use bearergate::ApiKeyChange;
use bearergate::ApiKeyFormat;
use bearergate::ApiKeyParts;
use bearergate::ApiKeyRecord;
use bearergate::ApiKeyRing;
use bearergate::ApiKeyStore;
use bearergate::ApiKeyValidator;
use bearergate::KeyDigest;
use bearergate::MemoryApiKeyStore;
use bearergate::PepperSet;
use bearergate::PepperVersion;
use bearergate::PepperedDigest;
use bearergate::Secret;
use bearergate::SecretSource;
use bearergate::UnixTime;
use ring::hmac;
use ring::rand::SecureRandom;
use ring::rand::SystemRandom;

/// When the keys are judged.
pub(crate) const NOW: UnixTime = UnixTime::from_secs(1_800_000_000);

const PREFIX: &str = "acme_live_";
const ID: usize = 16;
const CHECKSUM: usize = 6;
const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Keys and what judges them.
pub(crate) struct Keys {
    pub(crate) validator: ApiKeyValidator,
    keys: Vec<Key>,
}

/// One key as it was shown.
pub(crate) struct Key(String);

impl Keys {
    /// Makes so many keys.
    pub(crate) fn new(count: usize) -> Self {
        let pepper = || Ok::<_, std::io::Error>(Secret::new(vec![7; 32]));
        let peppers = PepperSet::new(1, &SecretSource::from_fn("bench", pepper)).expect("a pepper");
        let format = ApiKeyFormat::new("acme_live").expect("a prefix");
        let ring = ApiKeyRing::new("acme keys", format, peppers).expect("a ring");
        let store = Arc::new(MemoryApiKeyStore::new(count).expect("a store"));
        let mut random = Random::new();
        let mac = hmac::sign(
            &hmac::Key::new(hmac::HMAC_SHA256, &[7; 32]),
            b"bearergate api key",
        );
        let mac = hmac::Key::new(hmac::HMAC_SHA256, mac.as_ref());
        let keys = (0..count)
            .map(|n| {
                let id = random.text(16);
                let signed = format!("{PREFIX}{id}_{}", random.text(43));
                let digest = hmac::sign(&mac, signed.as_bytes())
                    .as_ref()
                    .try_into()
                    .unwrap();
                let digest = PepperedDigest::new(
                    KeyDigest::from_bytes(digest),
                    PepperVersion::from_number(1),
                );
                let owner = ("acme keys".into(), format!("robot-{n}"));
                let mut parts = ApiKeyParts::new(
                    id.parse().unwrap(),
                    digest,
                    owner,
                    UnixTime::from_secs(1_700_000_000),
                );
                parts.scopes = vec!["orders:read".into(), "orders:write".into()];
                parts.expires_at = Some(UnixTime::from_secs(1_900_000_000));
                let record = ApiKeyRecord::from_parts(parts).unwrap();
                store
                    .commit(vec![ApiKeyChange::Insert(record)])
                    .try_now()
                    .unwrap()
                    .unwrap();
                Key(format!("{signed}{}", checksum(signed.as_bytes())))
            })
            .collect();
        let validator = ApiKeyValidator::builder(ring, store).build();
        Self {
            validator: validator.expect("a judge"),
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

    /// Puts a key together, with a good checksum.
    pub(crate) fn text(&self, id: &str, secret: &str) -> String {
        let signed = format!("{PREFIX}{id}_{secret}");
        let sum = checksum(signed.as_bytes());
        signed + &sum
    }
}

impl Key {
    pub(crate) fn text(&self) -> &str {
        &self.0
    }

    pub(crate) fn id(&self) -> &str {
        &self.0[PREFIX.len()..][..ID]
    }

    pub(crate) fn secret(&self) -> &str {
        &self.0[PREFIX.len() + ID + 1..self.0.len() - CHECKSUM]
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

    /// A number below this one; the bias does not matter here.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        usize::from_le_bytes(self.eight()) % end
    }

    /// Letters and digits.
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
