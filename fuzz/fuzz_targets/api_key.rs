//! Any text as an API key, unchanged and with a valid checksum appended; and as changes to keys that
//! were issued.
//!
//! Property: nothing panics; a text is parsed exactly if a second parser, which splits it from its
//! end and computes the checksum bit by bit, finds the same id; it is then its only spelling. A text
//! without the prefix is looked up exactly if it has the length and the characters of a legacy key.
//! The validator accepts exactly the issued keys.
#![no_main]

use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::sync::LazyLock;
use std::task::Context;
use std::task::Poll;
use std::task::Waker;

use bearergate::api_key::{
    ApiKeyFormat, ApiKeyManager, ApiKeyScheme, LegacyFormat, NewApiKey, PepperSet,
};
use bearergate::clock::UnixTime;
use bearergate::credential::PresentedCredential;
use bearergate::secret::Secret;
use bearergate::secret_source::SecretSource;
use bearergate::stores::MemoryApiKeyStore;
use bearergate::{ApiKeyValidator, RejectionKind, TokenValidator};
use libfuzzer_sys::fuzz_target;

const PREFIX: &str = "acme_live";
const LEGACY_MIN: usize = 20;
const LEGACY_MAX: usize = 1024;
const LEGACY_KEY: &str = "c0ffee00-7a11-4d0e-9f3b-2b1d";
const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

static FORMAT: LazyLock<ApiKeyFormat> =
    LazyLock::new(|| ApiKeyFormat::new(PREFIX).expect("the prefix is allowed"));
static SERVICE: LazyLock<Service> = LazyLock::new(Service::new);

fuzz_target!(|text: &[u8]| {
    SERVICE.check_edited(text);
    let Ok(text) = str::from_utf8(text) else {
        return;
    };
    check(text);
    let signed = format!("{text}{}", checksum(text));
    check(&signed);
    SERVICE.validate(text);
    SERVICE.validate(&signed);
});

/// A validator and its keys, which differ in every run.
struct Service {
    validator: ApiKeyValidator,
    keys: Vec<String>,
}

impl Service {
    fn new() -> Self {
        let pepper = || Ok::<_, io::Error>(Secret::new(vec![7; 32]));
        let pepper = SecretSource::from_fn("fuzz", pepper);
        let peppers = PepperSet::new(1, &pepper).expect("the pepper is allowed");
        let scheme =
            ApiKeyScheme::new("fuzz", FORMAT.clone(), peppers).expect("the scheme is valid");
        let legacy = LegacyFormat::new(LEGACY_MIN).expect("the length is allowed");
        let scheme = scheme.with_legacy(legacy.with_imported_sha256());
        let store = Arc::new(MemoryApiKeyStore::new(10).expect("a store"));
        let manager = ApiKeyManager::builder(scheme.clone(), store.clone()).build();
        let manager = manager.expect("the manager is valid");
        let issue = |_| ready(manager.create(NewApiKey::new("robot").never_expires()));
        let issued = [1, 2]
            .map(issue)
            .map(|issued| issued.expect("the store is not full"));
        let mut keys: Vec<_> = issued
            .into_iter()
            .map(|issued| issued.secret.reveal())
            .collect();
        let draft = NewApiKey::new("old robot").never_expires();
        ready(manager.import(draft, LEGACY_KEY)).expect("the store is not full");
        keys.push(LEGACY_KEY.to_owned());
        let validator = ApiKeyValidator::builder(scheme, store).build();
        let validator = validator.expect("the validator is valid");
        Self { validator, keys }
    }

    fn check_edited(&self, script: &[u8]) {
        for key in &self.keys {
            let Ok(edited) = String::from_utf8(edited(key, &self.keys[0], script)) else {
                continue;
            };
            self.validate(&edited);
            let (front, _) = edited
                .split_at_checked(edited.len().saturating_sub(6))
                .unwrap_or_default();
            self.validate(&format!("{front}{}", checksum(front)));
        }
    }

    fn validate(&self, text: &str) {
        let presented = PresentedCredential::token(text).at(UnixTime::from_secs(4_000_000_000));
        match ready(self.validator.validate(&presented)) {
            Ok(_) => assert!(self.keys.iter().any(|key| key == text)),
            Err(rejection) => {
                assert!(!self.keys.iter().any(|key| key == text));
                let is_own = text.starts_with(FORMAT.prefix());
                let is_well_formed = if is_own {
                    id(text).is_some()
                } else {
                    is_legacy_key(text)
                };
                let expected = match is_well_formed {
                    true => RejectionKind::ApiKeyUnknown,
                    false => RejectionKind::ApiKeyMalformed,
                };
                assert_eq!(rejection.kind(), expected);
            }
        }
    }
}

/// A store in memory never waits.
fn ready<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("a store in memory waits"),
    }
}

/// Changes a key: three bytes say what to do, where, and with what.
fn edited(key: &str, other: &str, script: &[u8]) -> Vec<u8> {
    let mut text = key.as_bytes().to_vec();
    for step in script.chunks_exact(3).take(4) {
        let (place, what) = (usize::from(step[1]) % (text.len() + 1), step[2]);
        match step[0] % 6 {
            0 if place < text.len() => text[place] = what,
            1 if place < text.len() => text[place] ^= 0x20,
            2 => text.insert(place, what),
            3 => text.truncate(place),
            // The end of one key behind the start of another.
            4 => text
                .splice(place.., other.bytes().skip(place))
                .for_each(drop),
            _ => {
                let by = place % text.len();
                text.rotate_left(by);
            }
        }
        if text.is_empty() {
            break;
        }
    }
    text
}

fn check(text: &str) {
    let expected = id(text);
    match FORMAT.key_id(text) {
        Ok(id) => {
            assert_eq!(Some(id.as_str()), expected);
            let head = format!("{PREFIX}_{id}_");
            assert!(text.starts_with(&head) && head.starts_with(FORMAT.prefix()));
        }
        Err(rejection) => {
            assert_eq!(rejection.kind(), RejectionKind::ApiKeyMalformed);
            assert_eq!(expected, None, "only the crate rejects this");
        }
    }
}

/// The id of the key, by a second parser.
fn id(text: &str) -> Option<&str> {
    let (front, secret) = text.rsplit_once('_')?;
    let (prefix, id) = front.rsplit_once('_')?;
    let is_text = |text: &str| text.bytes().all(|byte| DIGITS.contains(&byte));
    // 128 to 512 bits in base62, and the checksum.
    let is_key = prefix == PREFIX && id.len() == 16 && (22 + 6..=86 + 6).contains(&secret.len());
    if !is_key || !is_text(id) || !is_text(secret) {
        return None;
    }
    let (signed, sum) = text.split_at(text.len() - 6);
    (checksum(signed) == sum).then_some(id)
}

fn checksum(text: &str) -> String {
    let mut rest = crc32(text.as_bytes());
    let mut digits = [0; 6].map(|_: u8| {
        let digit = DIGITS[rest as usize % 62];
        rest /= 62;
        char::from(digit)
    });
    digits.reverse();
    digits.into_iter().collect()
}

/// CRC-32/ISO-HDLC, one bit after the other.
fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32, _| (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg());
    let fold = |crc: u32, byte: &u8| (0..8).fold(crc ^ u32::from(*byte), step);
    !bytes.iter().fold(u32::MAX, fold)
}

/// Whether the text has the length and the characters of a legacy key.
fn is_legacy_key(text: &str) -> bool {
    let is_visible = text.bytes().all(|byte| (0x21..=0x7e).contains(&byte));
    (LEGACY_MIN..=LEGACY_MAX).contains(&text.len()) && is_visible
}
