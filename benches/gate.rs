//! The time of a whole gate: one that enforces nothing, and one with address lists, lock-out, two
//! limits and an audit trail. The difference of the two is what they cost a request.

#![expect(clippy::expect_used, reason = "a bench panics at the first fault")]

mod common;
#[path = "common/gates.rs"]
mod gates;

use criterion::{Criterion, criterion_group, criterion_main};

fn gate_with_everything(c: &mut Criterion) {
    let sample = common::Sample::new("HS256");
    let request = gates::request(&sample);
    let mut group = c.benchmark_group("gate with everything");
    for (name, gate) in [
        ("nothing", gates::plain(&sample)),
        ("everything", gates::full(&sample)),
    ] {
        group.bench_function(name, |b| {
            b.iter(|| {
                gate.try_check_now(&request)
                    .expect("ready")
                    .expect("admitted")
            });
        });
    }
    group.finish();
}

criterion_group!(benches, gate_with_everything);
criterion_main!(benches);
