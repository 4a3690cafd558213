//! The time of a hit of the token cache, compared with its parts (a hash of the token and a hit in a
//! map of the same kind) and with a full validation of the same RS256 token.
//!
//! All three alternate over the same tokens, and medians are compared.
//!
//! ```text
//! cargo bench --bench token_cache [-- NUMBER_OF_TOKENS...]
//! ```

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a bench panics at the first fault"
)]

mod common;
#[path = "common/sizes.rs"]
mod sizes;

use std::hint::black_box;
use std::io;
use std::io::Write;
use std::sync::Arc;
use std::time::Instant;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use bearergate::credential::PresentedCredential;
use bearergate::crypto::Provider;
use bearergate::validator::TokenCache;
use bearergate::{JwtValidator, TokenValidator};
use foldhash::fast::RandomState;
use quick_cache::UnitWeighter;
use quick_cache::sync::{Cache, DefaultLifecycle};
use ring::rand::SystemRandom;
use ring::signature::RsaKeyPair;
use ring::{digest, signature};

const SIZES: [usize; 2] = [1, 1_000];
const ROUNDS: usize = 201;
const BATCH: usize = 1_000;
const FULL_BATCH: usize = 20;

fn main() -> io::Result<()> {
    let (counts, rounds) = sizes::asked(&SIZES, ROUNDS);
    for count in counts {
        let world = World::new(count);
        let mut times = [vec![], vec![], vec![]];
        for _ in 0..rounds {
            times[0].push(time(BATCH, |n| world.parts(n)));
            times[1].push(time(BATCH, |n| world.validate(&world.cached, n)));
            times[2].push(time(FULL_BATCH, |n| world.validate(&world.plain, n)));
        }
        let [parts, hit, full] = times.map(sizes::median);
        writeln!(
            io::stdout(),
            "{count:>6} tokens  hash and bare hit {parts:>6.0} ns  bearergate {hit:>6.0} ns, \
             {:.2} times  RS256 in full {full:>6.0} ns, {:.1} times",
            hit / parts,
            full / hit,
        )?;
    }
    Ok(())
}

struct World {
    tokens: Vec<String>,
    bare: Cache<[u8; 32], Arc<usize>, UnitWeighter, RandomState>,
    plain: JwtValidator,
    cached: JwtValidator,
}

impl World {
    fn new(count: usize) -> Self {
        let sample = common::Sample::new("RS256");
        let plain = sample.validator(Provider::ring());
        let cache = TokenCache::default();
        let (random, lifecycle) = (RandomState::default(), DefaultLifecycle::default());
        let world = Self {
            tokens: tokens(&sample.token, count),
            bare: Cache::with(10_000, 10_000, UnitWeighter, random, lifecycle),
            cached: plain.clone().cached(&cache),
            plain,
        };
        for n in 0..count {
            let key = hash(&world.tokens[n]);
            world.bare.insert(key, Arc::new(n));
            world.validate(&world.cached, n);
        }
        assert_eq!(cache.len(), count, "every token is cached");
        world
    }

    fn token(&self, n: usize) -> &str {
        &self.tokens[n % self.tokens.len()]
    }

    fn parts(&self, n: usize) {
        let found = self.bare.get(&hash(self.token(n)));
        black_box(found.expect("is there"));
    }

    fn validate(&self, validator: &JwtValidator, n: usize) {
        let presented = PresentedCredential::bearer(self.token(n)).expect("a token");
        let presented = presented.at(common::NOW);
        let result = validator.validate(&presented).try_now();
        black_box(result.expect("ready").expect("accepted"));
    }
}

/// Makes tokens like this one that differ in their `jti`.
fn tokens(token: &str, count: usize) -> Vec<String> {
    let (header, rest) = token.split_once('.').expect("a token");
    let (payload, _) = rest.split_once('.').expect("a token");
    let payload = URL_SAFE_NO_PAD.decode(payload).expect("a payload");
    let payload = String::from_utf8(payload).expect("a payload");
    let pem: String = RSA.lines().filter(|line| !line.contains('-')).collect();
    let key = RsaKeyPair::from_pkcs8(&STANDARD.decode(pem).expect("a PEM body"));
    let key = key.expect("the test key");
    let make = |n: usize| {
        let payload = payload.replace("3b241101", &format!("{n:08}"));
        let message = format!("{header}.{}", URL_SAFE_NO_PAD.encode(payload));
        let mut signature = vec![0; key.public().modulus_len()];
        let (padding, random) = (&signature::RSA_PKCS1_SHA256, SystemRandom::new());
        key.sign(padding, &random, message.as_bytes(), &mut signature)
            .expect("a signature");
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
    };
    (0..count).map(make).collect()
}

const RSA: &str = include_str!("../tests/keys/rsa-2048.private.pem");

fn hash(token: &str) -> [u8; 32] {
    let hash = digest::digest(&digest::SHA256, token.as_bytes());
    hash.as_ref().try_into().expect("32 bytes")
}

/// Nanoseconds of one call.
fn time(batch: usize, mut work: impl FnMut(usize)) -> f64 {
    let start = Instant::now();
    (0..batch).for_each(&mut work);
    start.elapsed().as_nanos() as f64 / batch as f64
}
