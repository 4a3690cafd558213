//! Tokens under keys made in process, a key store with configurable answers, and gates.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bearergate::clock::{FakeClock, UnixTime};
use bearergate::credential::PresentedCredential;
use bearergate::event::{Event, Observer};
use bearergate::jwt::{JwtValidatorBuilder, Ready};
use bearergate::key::{Key, KeyHint, KeySet, KeyStatus};
use bearergate::principal::KeyId;
use bearergate::revocation::RevocationList;
use bearergate::validator::TokenCache;
use bearergate::{
    Gate, JwtValidator, KeyStore, NowOrLater, Principal, Rejection, RejectionKind, TokenValidator,
};
use http::Request;
use http::request::Parts;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use serde_json::{Value, json};

pub(crate) const ISSUER: &str = "https://idp.example.com";
pub(crate) const AUDIENCE: &str = "https://api.example.com";
pub(crate) const NOW: u64 = 1_700_000_000;

/// A key pair that signs.
pub(crate) struct Pair {
    pair: EcdsaKeyPair,
    pub(crate) key: Key,
    kid: String,
}

impl Pair {
    pub(crate) fn new(kid: &str) -> Self {
        let (algorithm, random) = (&ECDSA_P256_SHA256_FIXED_SIGNING, SystemRandom::new());
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(algorithm, pkcs8.as_ref(), &random).unwrap();
        let (x, y) = pair.public_key().as_ref()[1..].split_at(32);
        let [x, y] = [x, y].map(|part| URL_SAFE_NO_PAD.encode(part));
        let jwk = json!({"kty": "EC", "crv": "P-256", "x": x, "y": y, "kid": kid});
        Self {
            pair,
            key: Key::from_jwk(jwk.to_string()).unwrap(),
            kid: kid.to_owned(),
        }
    }

    pub(crate) fn sign(&self, claims: &Value) -> String {
        let (message, signature) = self.sign_apart(claims);
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    /// Returns the signed message and the signature.
    pub(crate) fn sign_apart(&self, claims: &Value) -> (String, Vec<u8>) {
        let message = message(&json!({"alg": "ES256", "kid": self.kid}), claims);
        let signature = self.pair.sign(&SystemRandom::new(), message.as_bytes());
        (message, signature.unwrap().as_ref().to_vec())
    }
}

pub(crate) fn message(header: &Value, claims: &Value) -> String {
    let encode = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
    format!("{}.{}", encode(header), encode(claims))
}

/// Valid claims, with the members of `more` added or replaced.
pub(crate) fn claims(more: &Value) -> Value {
    let mut claims = json!({
        "iss": ISSUER, "aud": AUDIENCE, "sub": "alice", "jti": "j1", "client_id": "shop",
        "sid": "s1", "iat": NOW - 10, "exp": NOW + 300,
    });
    for (name, value) in more.as_object().unwrap() {
        claims[name] = value.clone();
    }
    claims
}

pub(crate) fn clock() -> FakeClock {
    FakeClock::at(UnixTime::from_secs(NOW))
}

/// The answers of a [`Store`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Mood {
    Fresh,
    Stale,
    Down,
}

/// A store with replaceable keys, which counts its calls.
#[derive(Debug)]
pub(crate) struct Store {
    state: Mutex<(Arc<KeySet>, Mood)>,
    finds: AtomicUsize,
}

impl Store {
    pub(crate) fn new(keys: KeySet) -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::new((Arc::new(keys), Mood::Fresh)),
            finds: AtomicUsize::new(0),
        })
    }

    pub(crate) fn rotate(&self, keys: KeySet) {
        self.state.lock().unwrap().0 = Arc::new(keys);
    }

    pub(crate) fn be(&self, mood: Mood) {
        self.state.lock().unwrap().1 = mood;
    }

    /// How often a token was validated in full.
    pub(crate) fn finds(&self) -> usize {
        self.finds.load(Ordering::SeqCst)
    }
}

impl KeyStore for Store {
    fn find<'a>(&'a self, _: KeyHint<'a>) -> NowOrLater<'a, Result<Arc<KeySet>, Rejection>> {
        self.finds.fetch_add(1, Ordering::SeqCst);
        let (keys, mood) = self.state.lock().unwrap().clone();
        NowOrLater::now(match mood {
            Mood::Down => Err(RejectionKind::Unavailable.into()),
            Mood::Fresh | Mood::Stale => Ok(keys),
        })
    }

    fn status(&self, key: &KeyId) -> KeyStatus {
        let (keys, mood) = self.state.lock().unwrap().clone();
        match (mood, keys.keys().iter().any(|own| own.id() == *key)) {
            (Mood::Down, _) => KeyStatus::Unknown,
            (_, false) => KeyStatus::Gone,
            (Mood::Stale, true) => KeyStatus::Stale,
            (Mood::Fresh, true) => KeyStatus::Fresh,
        }
    }
}

/// A counter of hits.
#[derive(Clone, Debug, Default)]
pub(crate) struct Hits(Arc<AtomicUsize>);

impl Hits {
    pub(crate) fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

impl Observer for Hits {
    fn observe(&self, event: &Event<'_>) {
        if matches!(event, Event::CacheHit { .. }) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }
}

pub(crate) fn cache() -> (TokenCache, Hits) {
    let hits = Hits::default();
    let cache = TokenCache::builder().observer(hits.clone()).build();
    (cache.unwrap(), hits)
}

pub(crate) fn builder(store: &Arc<Store>) -> JwtValidatorBuilder<Ready> {
    let store: Arc<dyn KeyStore> = store.clone();
    let builder = JwtValidator::builder().issuer(ISSUER).audience(AUDIENCE);
    builder.key_store(store).clock(clock())
}

/// A store with one key, its pair, a cached validator over it, and its hits.
pub(crate) fn setup() -> (Arc<Store>, Pair, JwtValidator, Hits) {
    let pair = Pair::new("k1");
    let store = Store::new(pair.key.clone().into());
    let (cache, hits) = cache();
    let validator = builder(&store).build().unwrap().cached(&cache);
    (store, pair, validator, hits)
}

pub(crate) fn validate_at(
    validator: &dyn TokenValidator,
    token: &str,
    now: u64,
) -> Result<Principal, Rejection> {
    let presented = PresentedCredential::token(token).at(UnixTime::from_secs(now));
    validator.validate(&presented).try_now().unwrap()
}

/// Returns `accept`, or the kind of the rejection.
pub(crate) fn outcome_at(validator: &dyn TokenValidator, token: &str, now: u64) -> &'static str {
    match validate_at(validator, token, now) {
        Ok(_) => "accept",
        Err(rejection) => rejection.kind().as_str(),
    }
}

pub(crate) fn outcome(validator: &dyn TokenValidator, token: &str) -> &'static str {
    outcome_at(validator, token, NOW)
}

pub(crate) fn gate(
    validator: impl TokenValidator + 'static,
    list: impl RevocationList + 'static,
    clock: &FakeClock,
) -> Gate {
    let builder = Gate::builder().validator(validator).revocations(list);
    let builder = builder.allow_any_authenticated().all_authorities_equal();
    builder.clock(clock.clone()).build().unwrap()
}

pub(crate) fn request(token: &str) -> Parts {
    let request = Request::get("/").header("authorization", format!("Bearer {token}"));
    request.body(()).unwrap().into_parts().0
}

/// Returns `accept`, or the kind of the rejection.
pub(crate) fn ask(gate: &Gate, token: &str) -> &'static str {
    let parts = request(token);
    match gate.try_check_now(&parts).unwrap() {
        Ok(_) => "accept",
        Err(refusal) => refusal.rejection().kind().as_str(),
    }
}

/// Returns a token with another signature.
pub(crate) fn forged(token: &str) -> String {
    let (message, signature) = token.rsplit_once('.').unwrap();
    let first = if signature.starts_with('A') { 'B' } else { 'A' };
    format!("{message}.{first}{}", &signature[1..])
}
