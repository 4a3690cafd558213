//! The time of a check of a rate limit by caller, at so many callers.
//!
//! ```text
//! cargo bench --bench rate_limit
//! ```
//!
//! As `rate_limit instructions COUNT` it does COUNT checks of one caller, for callgrind.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a bench panics at the first error"
)]

use std::hint::black_box;
use std::time::Duration;

use bearergate::Principal;
use bearergate::clock::{Clock, SystemClock, UnixTime};
use bearergate::limit::{Ask, Limit, Limits, Rate};
use bearergate::principal::PrincipalKind;
use criterion::Criterion;

const NOW: UnixTime = UnixTime::from_secs(1_700_000_000);

fn main() {
    let mut args = std::env::args().skip(1);
    if args.next().as_deref() == Some("instructions") {
        let count = args.next().and_then(|count| count.parse().ok());
        return check_often(count.unwrap_or(1));
    }
    let mut criterion = Criterion::default().configure_from_args();
    for callers in [1_000, 100_000, 1_000_000] {
        bench(&mut criterion, callers);
    }
    criterion.final_summary();
}

fn bench(criterion: &mut Criterion, count: usize) {
    let mut group = criterion.benchmark_group(format!("rate limit {count}"));
    let (limits, callers) = (limits(count), callers(count));
    let mut place = 0_usize;
    let mut next = || {
        // A step that meets every caller before it meets one again.
        place = (place + 611_953) % count;
        &callers[place]
    };
    group.bench_function("check", |bencher| {
        bencher.iter(|| check(&limits, next(), elapsed()));
    });
    let given = elapsed();
    group.bench_function("check at a given time", |bencher| {
        bencher.iter(|| check(&limits, next(), given));
    });
}

fn check_often(count: u32) {
    let (limits, callers) = (limits(1), callers(1));
    for _ in 0..count {
        let caller = black_box(&callers[0]);
        assert!(check(black_box(&limits), caller, Duration::from_secs(5)));
    }
}

fn check(limits: &Limits, caller: &Principal, at: Duration) -> bool {
    let ask = Ask::new(at, NOW).with_principal(caller);
    let mut charges = limits.ask(&ask).try_now().expect("ready").expect("passes");
    charges.keep();
    black_box(charges.standings().count()) == 1
}

fn elapsed() -> Duration {
    SystemClock::default().elapsed().expect("a time")
}

fn limits(callers: usize) -> Limits {
    let rate = Rate::per_second(1_000_000).expect("a rate");
    let callers = (callers * 2).next_power_of_two().max(65_536);
    let limits = Limits::builder().tables(1_024, callers);
    limits
        .limit(Limit::rate("one", rate))
        .build()
        .expect("limits")
}

fn callers(count: usize) -> Vec<Principal> {
    let caller = |number: usize| {
        let kind = PrincipalKind::AccessToken;
        let builder = Principal::builder(kind, "https://idp.example.com");
        builder
            .subject(format!("user-{number:08}-of-the-service"))
            .build()
    };
    (0..count).map(caller).collect()
}
