//! The lower bound of every hit: SHA-256 of the token, and a hit in the same kind of map.

use crate::case::Case;
use crate::case::Check;
use crate::case::Probe;
use crate::case::Provider;
use foldhash::fast::RandomState;
use quick_cache::UnitWeighter;
use quick_cache::sync::Cache;
use quick_cache::sync::DefaultLifecycle;
use ring::digest;
use std::hint::black_box;
use std::sync::Arc;

/// Capacity in entries, as in bearergate.
const ENTRIES: usize = 10_000;

/// Creates the case; `make_check` makes a check of a closure that accepts a token.
pub fn case(good: &str, make_check: impl FnOnce(Box<dyn Fn(&str) -> bool>) -> Check) -> Case {
    let (random, lifecycle) = (RandomState::default(), DefaultLifecycle::default());
    let weight = ENTRIES as u64;
    let cache = Cache::with(ENTRIES, weight, UnitWeighter, random, lifecycle);
    cache.insert(hash(good), Arc::new(1));
    let hits = move |token: &str| {
        let found: Option<Arc<usize>> = cache.get(&hash(token));
        black_box(found).is_some()
    };
    let name = Provider::Memory.raw().expect("there is a bare hit");
    Case::new(name, Provider::Memory, make_check(Box::new(hits))).refusing(Probe::BADLY_SIGNED)
}

fn hash(token: &str) -> [u8; 32] {
    let hash = digest::digest(&digest::SHA256, token.as_bytes());
    hash.as_ref().try_into().expect("SHA-256 has 32 bytes")
}
