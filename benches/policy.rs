//! A policy compared with a plain Rust tree of the same rules: 10 and 100 rules, decided by action
//! and by scope.

#![expect(clippy::expect_used, reason = "a benchmark stops at the first error")]

#[path = "common/rules.rs"]
mod rules;

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use rules::Rules;

fn decide(c: &mut Criterion) {
    for count in [10, 100] {
        for what in ["action", "scope"] {
            let rules = Rules::new(count, what);
            let request = rules.request();
            assert!(rules.policy.decide(&request).is_allowed() && rules.tree.holds(&request));
            let mut group = c.benchmark_group(format!("policy {count} by {what}"));
            group.bench_function("bearergate", |b| {
                b.iter(|| rules.policy.decide(black_box(&request)));
            });
            group.bench_function("plain rust", |b| {
                b.iter(|| rules.tree.holds(black_box(&request)));
            });
        }
    }
}

criterion_group!(benches, decide);
criterion_main!(benches);
