//! The time of proofs of possession and of signed requests, beside the bare signature check of the same
//! provider: `dpop ES256`, `dpop EdDSA`, `message signature`; and of a claim in a table of N marks:
//! `replay claim N`.
//!
//! A proof is accepted again and again, because the check is built with `allow_replay`; what the claim
//! adds is measured by itself.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a bench panics at the first fault"
)]

#[path = "common/proofs.rs"]
mod proofs;

use std::hint::black_box;

use bearergate::clock::UnixTime;
use bearergate::replay::{ReplayMark, ReplayStore, ReplayTable};
use criterion::{Criterion, criterion_group, criterion_main};
use proofs::{Freshness, NOW, Proof, SignedRequest};

fn dpop(c: &mut Criterion) {
    for algorithm in ["ES256", "EdDSA"] {
        let mut group = c.benchmark_group(format!("dpop {algorithm}"));
        let proof = Proof::new(algorithm);
        group.bench_function("raw", |b| b.iter(|| proof.verify_raw()));
        for (name, freshness) in [("iat", Freshness::IssuedAt), ("nonce", Freshness::Nonce)] {
            let check = proof.check(freshness);
            group.bench_function(name, |b| b.iter(|| assert!(check.accepts(&proof.request))));
        }
        let check = proof.check(Freshness::IssuedAt);
        for (name, bad) in [
            ("another key", proof.of_another_key()),
            ("another path", proof.of_another_path()),
        ] {
            group.bench_function(name, |b| b.iter(|| assert!(!check.accepts(&bad))));
        }
        group.finish();
    }
}

fn replay(c: &mut Criterion) {
    let mark = |number: u32| {
        let owner = (number % 1_000).to_be_bytes();
        ReplayMark::new("bench", &owner, &number.to_be_bytes())
    };
    c.bench_function("replay mark", |b| b.iter(|| mark(black_box(7))));
    for entries in [10_000_u32, 100_000, 1_000_000] {
        let table = ReplayTable::new(2 * entries as usize).expect("a size");
        // Each mark ends before it is claimed again.
        let marks: Vec<_> = (0..2 * entries).map(mark).collect();
        let mut number = 0_u32;
        let mut claim = || {
            number = number.wrapping_add(1);
            let mark = marks[number as usize % marks.len()];
            // Each lives as long as it takes to claim as many as the table should have.
            let now = NOW.as_secs() + u64::from(number / (entries / 90));
            let (until, now) = (UnixTime::from_secs(now + 60), UnixTime::from_secs(now));
            let claimed = table.claim(mark, until, now).try_now();
            assert!(matches!(black_box(claimed), Ok(Ok(true))));
        };
        for _ in 0..2 * entries {
            claim();
        }
        c.bench_function(&format!("replay claim {entries}"), |b| b.iter(&mut claim));
    }
}

fn message(c: &mut Criterion) {
    let mut group = c.benchmark_group("message signature");
    let request = SignedRequest::new();
    group.bench_function("raw", |b| b.iter(|| request.verify_raw()));
    group.bench_function("verify", |b| b.iter(|| assert!(request.is_accepted())));
    group.finish();
}

criterion_group!(benches, dpop, replay, message);
criterion_main!(benches);
