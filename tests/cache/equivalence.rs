//! The results with a cache equal those without one, for random sequences of steps.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use bearergate::clock::{Clock, FakeClock, UnixTime};
use bearergate::credential::PresentedCredential;
use bearergate::key::KeySet;
use bearergate::principal::Confirmation;
use bearergate::revocation::{Denylist, Revocation};
use bearergate::validator::{SenderConstraint, TokenCache};
use bearergate::{Gate, JwtValidator, KeyStore, NowOrLater, Rejection, RejectionKind};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::json;

use crate::common::*;

const OTHER: &str = "https://other.example.com";
const CASES: u32 = 500;
const STEPS: usize = 200;

/// Each has its own `kid`, except the last, which has that of the first.
static PAIRS: LazyLock<Vec<Pair>> =
    LazyLock::new(|| ["k1", "k2", "k1"].map(Pair::new).into_iter().collect());

static TOKENS: LazyLock<Vec<String>> = LazyLock::new(tokens);

fn tokens() -> Vec<String> {
    let mut tokens = Vec::new();
    for pair in PAIRS.iter() {
        for issuer in [ISSUER, OTHER] {
            for (n, more) in variants().iter().enumerate() {
                let mut claims = claims(more);
                claims["iss"] = json!(issuer);
                claims["jti"] = json!(format!("j{n}"));
                tokens.push(pair.sign(&claims));
            }
        }
    }
    tokens
}

fn variants() -> [serde_json::Value; 8] {
    [
        json!({}),
        json!({"sub": "bob", "sid": "s2"}),
        json!({"exp": NOW + 60}),
        json!({"nbf": NOW + 50, "client_id": "desk"}),
        json!({"iat": NOW + 90, "exp": NOW + 200}),
        json!({"exp": NOW + 5_000}),
        json!({"aud": "https://elsewhere.example.com"}),
        json!({"cnf": {"jkt": "A".repeat(43)}}),
    ]
}

#[derive(Clone, Debug)]
enum Step {
    Use(usize),
    Forge(usize),
    Rotate(u8, bool),
    Be(Mood, bool),
    Revoke(u8, u64),
    Restore(u8),
    Wait(u64),
    Set(u64),
    Stop,
    Prove(bool),
    Open(bool),
    Clear,
}

fn step() -> impl Strategy<Value = Step> {
    let mood = prop_oneof![3 => Just(Mood::Fresh), 2 => Just(Mood::Stale), 1 => Just(Mood::Down)];
    prop_oneof![
        24 => (0..TOKENS.len()).prop_map(Step::Use),
        // A few tokens that are presented repeatedly.
        48 => (0..6_usize).prop_map(|n| Step::Use(n * 8 % TOKENS.len())),
        2 => (0..TOKENS.len()).prop_map(Step::Forge),
        2 => (0..5_u8, any::<bool>()).prop_map(|(set, first)| Step::Rotate(set, first)),
        2 => (mood, any::<bool>()).prop_map(|(mood, first)| Step::Be(mood, first)),
        1 => (0..12_u8, 0..200_u64).prop_map(|(what, at)| Step::Revoke(what, at)),
        4 => (0..12_u8).prop_map(Step::Restore),
        2 => (0..30_u64).prop_map(Step::Wait),
        4 => (0..150_u64).prop_map(Step::Set),
        1 => Just(Step::Stop),
        1 => any::<bool>().prop_map(Step::Prove),
        1 => any::<bool>().prop_map(Step::Open),
        1 => Just(Step::Clear),
    ]
}

/// Accepts proofs while its flag is set.
#[derive(Clone, Debug)]
struct Proof(Arc<AtomicBool>);

impl SenderConstraint for Proof {
    fn check<'a>(
        &'a self,
        _: &'a Confirmation,
        _: &'a PresentedCredential<'a>,
    ) -> NowOrLater<'a, Result<(), Rejection>> {
        NowOrLater::now(match self.0.load(Ordering::SeqCst) {
            true => Ok(()),
            false => Err(RejectionKind::ProofInvalid.into()),
        })
    }
}

/// The same service twice, with a small cache and without one.
struct World {
    clock: FakeClock,
    stores: [Arc<Store>; 2],
    list: Denylist,
    cache: TokenCache,
    proof: Arc<AtomicBool>,
    is_open: Arc<AtomicBool>,
    cached: Gate,
    plain: Gate,
}

impl World {
    fn new(hits: &Hits) -> Self {
        let (clock, list) = (clock(), Denylist::default());
        let stores = [(); 2].map(|()| Store::new(PAIRS[0].key.clone().into()));
        let cache = TokenCache::builder().entries(24).observer(hits.clone());
        let cache = cache.build().unwrap();
        let proof = Arc::new(AtomicBool::new(true));
        let is_open = Arc::new(AtomicBool::new(true));
        let flag = is_open.clone();
        let constraint = Arc::new(Proof(proof.clone()));
        let one = |issuer: &str, store: &Arc<Store>| {
            let store: Arc<dyn KeyStore> = store.clone();
            let builder = JwtValidator::builder().issuer(issuer).audience(AUDIENCE);
            let builder = builder.key_store(store).clock(clock.clone());
            builder.sender_constraint(constraint.clone())
        };
        let first = one(ISSUER, &stores[0]).max_age(Duration::from_secs(120));
        let second = one(OTHER, &stores[1]).check("open", move |_| flag.load(Ordering::SeqCst));
        let both = [first.build().unwrap(), second.build().unwrap()];
        let plain = JwtValidator::join(both).unwrap();
        Self {
            cached: gate(plain.clone().cached(&cache), list.clone(), &clock),
            plain: gate(plain, list.clone(), &clock),
            clock,
            stores,
            list,
            cache,
            proof,
            is_open,
        }
    }

    fn take(&self, step: &Step) -> Result<(), TestCaseError> {
        match *step {
            Step::Use(n) => return self.compare(&TOKENS[n]),
            Step::Forge(n) => return self.compare(&forged(&TOKENS[n])),
            Step::Rotate(set, first) => self.store(first).rotate(keys(set)),
            Step::Be(mood, first) => self.store(first).be(mood),
            Step::Revoke(what, at) => {
                let time = UnixTime::from_secs(NOW - 100 + at);
                let revoked = self.list.revoke(revocation(what).issued_before(time));
                revoked.try_now().unwrap().unwrap();
            }
            Step::Restore(what) => {
                let restored = self.list.restore(revocation(what));
                restored.try_now().unwrap().unwrap();
            }
            Step::Wait(secs) if self.clock.now().is_some() => {
                self.clock.advance(Duration::from_secs(secs));
            }
            Step::Wait(secs) | Step::Set(secs) => self.clock.set(UnixTime::from_secs(NOW + secs)),
            Step::Stop => self.clock.stop(),
            Step::Prove(is_good) => self.proof.store(is_good, Ordering::SeqCst),
            Step::Open(is_open) => self.is_open.store(is_open, Ordering::SeqCst),
            Step::Clear => self.cache.clear(),
        }
        Ok(())
    }

    fn store(&self, first: bool) -> &Arc<Store> {
        &self.stores[usize::from(!first)]
    }

    fn compare(&self, token: &str) -> Result<(), TestCaseError> {
        prop_assert_eq!(facts(&self.cached, token), facts(&self.plain, token));
        Ok(())
    }
}

/// Returns the principal's facts, or the kind of the rejection.
fn facts(gate: &Gate, token: &str) -> String {
    let parts = request(token);
    match gate.try_check_now(&parts).unwrap() {
        Ok(admitted) => {
            let principal = admitted.principal();
            let (id, claims) = (principal.token_id(), principal.claims().json());
            format!("{principal:?} {id:?} {claims} {}", principal.is_confirmed())
        }
        Err(refusal) => {
            let rejection = refusal.rejection();
            format!("{} {:?}", rejection.kind().as_str(), rejection.claim())
        }
    }
}

/// Subsets of the pairs in which no two share a `kid`. With a shared `kid` the results may differ:
/// a cached token is accepted while its key is present, and a new one would be ambiguous.
fn keys(set: u8) -> KeySet {
    let chosen: &[usize] = match set {
        0 => &[0],
        1 => &[1],
        2 => &[2],
        3 => &[0, 1],
        _ => &[1, 2],
    };
    KeySet::new(chosen.iter().map(|n| PAIRS[*n].key.clone())).unwrap()
}

fn revocation(what: u8) -> Revocation {
    let issuer = if what.is_multiple_of(2) {
        ISSUER
    } else {
        OTHER
    };
    match what / 2 {
        0 => Revocation::subject(issuer, "alice"),
        1 => Revocation::session(issuer, "s2"),
        2 => Revocation::client(issuer, "desk"),
        3 => Revocation::key(issuer, PAIRS[1].key.id()),
        4 => Revocation::jwt_id(issuer, "j0"),
        _ => Revocation::token(*FIRST),
    }
}

static FIRST: LazyLock<bearergate::principal::TokenId> = LazyLock::new(|| {
    let store = Store::new(PAIRS[0].key.clone().into());
    let validator = builder(&store).build().unwrap();
    let first = validate_at(&validator, &TOKENS[0], NOW).unwrap();
    first.token_id().unwrap()
});

#[test]
fn hundred_thousand_random_steps_have_the_same_results_with_and_without_a_cache() {
    let hits = Hits::default();
    let taken = AtomicUsize::new(0);
    let config = Config {
        cases: CASES,
        failure_persistence: None,
        ..Config::default()
    };
    let steps = proptest::collection::vec(step(), STEPS);
    let result = TestRunner::new(config).run(&steps, |steps| {
        let world = World::new(&hits);
        for step in &steps {
            world.take(step)?;
        }
        taken.fetch_add(steps.len(), Ordering::SeqCst);
        Ok(())
    });
    result.unwrap();
    assert!(taken.load(Ordering::SeqCst) >= 100_000);
    assert!(hits.count() > 5_000, "{}", hits.count());
}
