//! The time of one accepted token, by algorithm and provider.
//!
//! `benches/peers` compares it with other crates and with raw signature checks.

#![expect(clippy::expect_used, reason = "a bench panics at the first fault")]

mod common;

use bearergate::TokenValidator;
use bearergate::credential::PresentedCredential;
use bearergate::crypto::Provider;
use criterion::{Criterion, criterion_group, criterion_main};

const PROVIDERS: &[fn() -> Provider] = &[
    Provider::ring,
    #[cfg(feature = "aws-lc-rs")]
    Provider::aws_lc_rs,
];

const ALGORITHMS: [&str; 6] = ["HS256", "RS256", "PS256", "ES256", "ES384", "EdDSA"];

fn validate(c: &mut Criterion) {
    for algorithm in ALGORITHMS {
        let mut group = c.benchmark_group(algorithm);
        let sample = common::Sample::new(algorithm);
        for provider in PROVIDERS {
            let validator = sample.validator(provider());
            group.bench_function(provider().name(), |b| {
                b.iter(|| {
                    let presented = PresentedCredential::bearer(&sample.token).expect("a token");
                    let presented = presented.at(common::NOW);
                    let result = validator.validate(&presented).try_now();
                    result.expect("ready").expect("accepted")
                });
            });
        }
        group.finish();
    }
}

criterion_group!(benches, validate);
criterion_main!(benches);
