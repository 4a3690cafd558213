//! Requests in parallel with revocations, rotations and each other, in many orders of their steps.
//!
//! `RUSTFLAGS="--cfg bearergate_shuttle" cargo test --lib interleavings` runs them: the locks of
//! the cache and of the denylist then belong to shuttle, which chooses whose step is next.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::LazyLock;
use std::task::{Context, Poll, Waker};

use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use serde_json::json;
use shuttle::sync::{Arc, Mutex};
use shuttle::thread;

use super::denylist::Denylist;
use super::entry::Revocation;
use super::store::RevocationStore;
use crate::clock::UnixTime;
use crate::credential::{PresentedCredential, base64url};
use crate::error::{Rejection, RejectionKind, StoreError};
use crate::jwt::JwtValidator;
use crate::key::{Key, KeyHint, KeySet, KeyStatus, KeyStore};
use crate::now_or_later::NowOrLater;
use crate::principal::{KeyId, Principal, PrincipalKind};
use crate::revocation_list::RevocationTarget;
use crate::validator::{TokenCache, TokenValidator};

const ISSUER: &str = "https://idp.example.com";
const NOW: UnixTime = UnixTime::from_secs(1_700_000_000);
const ROUNDS: usize = 1_000;

/// A key with two tokens signed by it, and a key without tokens.
struct Sample {
    key: Key,
    next: Key,
    tokens: [String; 2],
}

static SAMPLE: LazyLock<Sample> = LazyLock::new(|| {
    let (pair, key) = pair();
    Sample {
        key,
        next: self::pair().1,
        tokens: ["alice", "bob"].map(|subject| token(&pair, subject)),
    }
});

fn pair() -> (EcdsaKeyPair, Key) {
    let (algorithm, random) = (&ECDSA_P256_SHA256_FIXED_SIGNING, SystemRandom::new());
    let pkcs8 = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
    let pair = EcdsaKeyPair::from_pkcs8(algorithm, pkcs8.as_ref(), &random).unwrap();
    let (x, y) = pair.public_key().as_ref()[1..].split_at(32);
    let [x, y] = [x, y].map(base64url::encode);
    let jwk = json!({"kty": "EC", "crv": "P-256", "x": x, "y": y});
    (pair, Key::from_jwk(jwk.to_string()).unwrap())
}

fn token(pair: &EcdsaKeyPair, subject: &str) -> String {
    let secs = NOW.as_secs();
    let claims = json!({"iss": ISSUER, "aud": "api", "sub": subject, "exp": secs + 300});
    let [header, claims] =
        [json!({"alg": "ES256"}), claims].map(|part| base64url::encode(part.to_string()));
    let message = format!("{header}.{claims}");
    let signature = pair.sign(&SystemRandom::new(), message.as_bytes()).unwrap();
    format!("{message}.{}", base64url::encode(signature))
}

#[derive(Debug)]
struct Store(Mutex<KeySet>);

impl KeyStore for Store {
    fn find<'a>(
        &'a self,
        _: KeyHint<'a>,
    ) -> NowOrLater<'a, Result<std::sync::Arc<KeySet>, Rejection>> {
        NowOrLater::now(Ok(std::sync::Arc::new(self.0.lock().unwrap().clone())))
    }

    fn status(&self, key: &KeyId) -> KeyStatus {
        match self
            .0
            .lock()
            .unwrap()
            .keys()
            .iter()
            .any(|own| own.id() == *key)
        {
            true => KeyStatus::Fresh,
            false => KeyStatus::Gone,
        }
    }
}

#[derive(Clone)]
struct Service {
    store: std::sync::Arc<Store>,
    validator: JwtValidator,
    list: Denylist,
}

impl Service {
    fn new() -> Self {
        let store = std::sync::Arc::new(Store(Mutex::new(SAMPLE.key.clone().into())));
        let keys: std::sync::Arc<dyn KeyStore> = store.clone();
        let builder = JwtValidator::builder().issuer(ISSUER).audience("api");
        let validator = builder.key_store(keys).build().unwrap();
        Self {
            store,
            validator: validator.cached(&TokenCache::default()),
            list: Denylist::default(),
        }
    }

    /// As a gate does: the validator, then the list.
    fn ask(&self, token: &str) -> Result<String, RejectionKind> {
        let presented = PresentedCredential::token(token).at(NOW);
        let validated = self.validator.validate(&presented).try_now().unwrap();
        let validated = validated.and_then(|principal| {
            self.list.check(&principal)?;
            Ok(principal.subject().unwrap_or_default().to_owned())
        });
        validated.map_err(|rejection| rejection.kind())
    }
}

fn every_order(test: impl Fn(Service) + Send + Sync + 'static) {
    LazyLock::force(&SAMPLE);
    shuttle::check_random(move || test(Service::new()), ROUNDS);
}

// Defect C05 (cached after revocation or removal of the key): docs/defects.md
#[test]
fn after_a_rotation_no_token_of_the_old_key_is_accepted() {
    every_order(|service| {
        let token = &*SAMPLE.tokens[0];
        let other = service.clone();
        let user = thread::spawn(move || (0..2).for_each(|_| drop(other.ask(token))));
        let _ = service.ask(token);
        *service.store.0.lock().unwrap() = SAMPLE.next.clone().into();
        assert_eq!(service.ask(token), Err(RejectionKind::SignatureInvalid));
        user.join().unwrap();
        assert_eq!(service.ask(token), Err(RejectionKind::SignatureInvalid));
    });
}

// Defect C05 (cached after revocation or removal of the key): docs/defects.md
#[test]
fn after_a_revocation_no_thread_accepts_the_token() {
    every_order(|service| {
        let token = &*SAMPLE.tokens[0];
        let is_revoked = Arc::new(Mutex::new(false));
        let (other, shared) = (service.clone(), is_revoked.clone());
        let user = thread::spawn(move || {
            for _ in 0..2 {
                let was_revoked = *shared.lock().unwrap();
                let answer = other.ask(token);
                assert!(!was_revoked || answer == Err(RejectionKind::TokenRevoked));
            }
        });
        let revocation = Revocation::subject(ISSUER, "alice");
        service.list.revoke(revocation).try_now().unwrap().unwrap();
        *is_revoked.lock().unwrap() = true;
        assert_eq!(service.ask(token), Err(RejectionKind::TokenRevoked));
        user.join().unwrap();
    });
}

// Defect C08 (shared state mixes up requests): docs/defects.md
#[test]
fn no_request_gets_the_principal_of_another() {
    every_order(|service| {
        let users = [(0, "alice"), (1, "bob")].map(|(n, name)| {
            let service = service.clone();
            thread::spawn(move || {
                for _ in 0..3 {
                    assert_eq!(service.ask(&SAMPLE.tokens[n]), Ok(name.to_owned()));
                }
            })
        });
        users.into_iter().for_each(|user| user.join().unwrap());
    });
}

/// A store that answers at once, whose steps are shuttle's to order.
#[derive(Clone, Debug, Default)]
struct SharedStore(Arc<Mutex<BTreeMap<RevocationTarget<'static>, Revocation>>>);

impl RevocationStore for SharedStore {
    fn add(&self, new: Revocation) -> NowOrLater<'_, Result<(), StoreError>> {
        self.0.lock().unwrap().insert(new.target().clone(), new);
        NowOrLater::now(Ok(()))
    }

    fn all(&self) -> NowOrLater<'_, Result<Vec<Revocation>, StoreError>> {
        NowOrLater::now(Ok(self.0.lock().unwrap().values().cloned().collect()))
    }

    fn remove(&self, target: RevocationTarget<'static>) -> NowOrLater<'_, Result<(), StoreError>> {
        self.0.lock().unwrap().remove(&target);
        NowOrLater::now(Ok(()))
    }

    fn purge(&self, _: UnixTime) -> NowOrLater<'_, Result<usize, StoreError>> {
        NowOrLater::now(Ok(0))
    }
}

fn finish<T>(answer: NowOrLater<'_, T>) -> T {
    let mut answer = std::pin::pin!(answer);
    let mut cx = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(value) = answer.as_mut().poll(&mut cx) {
            return value;
        }
    }
}

fn alice() -> Revocation {
    Revocation::subject(ISSUER, "alice")
}

/// Runs these calls in parallel, on a list that has a revocation or not, and compares memory with
/// the store.
fn memory_and_store_after(calls: &'static [fn(&Denylist)], check: fn(bool, bool)) {
    shuttle::check_random(
        move || {
            for begins_revoked in [false, true] {
                let store = SharedStore::default();
                let list = finish(Denylist::open(store.clone())).unwrap();
                if begins_revoked {
                    finish(list.revoke(alice())).unwrap();
                }
                let running = calls.iter().map(|call| {
                    let list = list.clone();
                    thread::spawn(move || call(&list))
                });
                let running: Vec<_> = running.collect();
                running.into_iter().for_each(|call| call.join().unwrap());
                let stored = store.0.lock().unwrap().contains_key(alice().target());
                let robot = Principal::builder(PrincipalKind::Other, ISSUER).subject("alice");
                check(stored, list.check(&robot.build()).is_err());
            }
        },
        ROUNDS,
    );
}

fn revoke(list: &Denylist) {
    finish(list.revoke(alice())).unwrap();
}

fn restore(list: &Denylist) {
    finish(list.restore(alice())).unwrap();
}

fn reload(list: &Denylist) {
    finish(list.reload()).unwrap();
}

fn purge(list: &Denylist) {
    assert_eq!(finish(list.purge(NOW)).unwrap(), 0);
}

#[test]
fn memory_and_store_agree_after_calls_in_parallel() {
    let agree = |stored, in_memory| assert_eq!(stored, in_memory);
    memory_and_store_after(&[revoke, restore], agree);
    memory_and_store_after(&[restore, restore], agree);
    memory_and_store_after(&[restore, reload], agree);
    memory_and_store_after(&[revoke, restore, reload], agree);
    memory_and_store_after(&[revoke, restore, revoke, purge], agree);
}

#[test]
fn no_reload_or_purge_loses_a_revocation() {
    let both = |stored, in_memory| assert!(stored && in_memory);
    memory_and_store_after(&[revoke, reload], both);
    memory_and_store_after(&[revoke, reload, purge, revoke], both);
}
