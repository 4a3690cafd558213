//! A quota gives its units once, and no more.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Waker};
use std::thread;
use std::time::Duration;

use bearergate::clock::UnixTime;
use bearergate::error::ConfigErrorKind;
use bearergate::limit::{
    Credit, Quota, QuotaAnswer, QuotaCounter, QuotaKey, QuotaTaken, SpendId, UsageStore,
};
use bearergate::limits;
use bearergate::stores::MemoryUsageStore;

use crate::common::wait;
use crate::faulty::{Fault, Faulty};
use crate::metering::NOW;

const DAY: u64 = 86_400;

fn counter(quota: Quota, store: Arc<dyn UsageStore>) -> QuotaCounter {
    QuotaCounter::new("monthly".into(), quota, store).unwrap()
}

fn later(secs: u64) -> UnixTime {
    NOW.saturating_add(Duration::from_secs(secs))
}

fn spend(counter: &QuotaCounter, units: u64, at: UnixTime) -> QuotaAnswer {
    wait(counter.spend_units(("idp", "alice"), units, at))
}

fn take(counter: &QuotaCounter, units: u64, at: UnixTime) -> Option<QuotaTaken> {
    match spend(counter, units, at) {
        QuotaAnswer::Taken(taken) => Some(taken),
        _ => None,
    }
}

/// How many single units can be taken.
fn drain(counter: &QuotaCounter, at: UnixTime) -> usize {
    (0..10_000)
        .take_while(|_| take(counter, 1, at).is_some())
        .count()
}

fn renewal(counter: &QuotaCounter, at: UnixTime) -> Option<u64> {
    match spend(counter, 1, at) {
        QuotaAnswer::Exhausted { renews_in } => renews_in.map(|time| time.as_secs()),
        other => panic!("expected an exhausted quota, found {other:?}"),
    }
}

fn memory() -> Arc<MemoryUsageStore> {
    Arc::new(MemoryUsageStore::new(10_000).unwrap())
}

#[test]
fn quota_gives_its_units_and_names_the_time_of_its_renewal() {
    // NOW is the first second of 2026-12-01.
    for (quota, window) in [
        (Quota::per_day(5), DAY),
        (Quota::per_month(5), 31 * DAY),
        (Quota::every(5, Duration::from_secs(100), NOW), 100),
    ] {
        let counter = counter(quota, memory());
        assert_eq!(drain(&counter, NOW), 5);
        assert_eq!(renewal(&counter, NOW), Some(window));
        assert_eq!(renewal(&counter, later(window - 1)), Some(1));
        assert_eq!(drain(&counter, later(window)), 5);
    }
}

#[test]
fn month_ends_with_its_last_day_in_the_zone_of_the_quota() {
    let west = Quota::per_month(1).zone("-05:00").unwrap();
    let counter = counter(west, memory());
    // Five hours more of November there.
    assert_eq!(drain(&counter, NOW), 1);
    assert_eq!(renewal(&counter, NOW), Some(5 * 3_600));
    assert_eq!(drain(&counter, later(5 * 3_600)), 1);
    assert_eq!(renewal(&counter, later(5 * 3_600)), Some(31 * DAY));
}

#[test]
fn clock_that_goes_back_gives_no_units_again_and_refuses_for_one_window_at_most() {
    for quota in [Quota::per_day(3), Quota::per_day(300).leased(3)] {
        let counter = counter(quota, memory());
        let all = drain(&counter, later(DAY));
        assert_eq!(drain(&counter, NOW), all);
        for secs in [DAY, DAY + 1, 0, 2 * DAY - 1] {
            assert_eq!(drain(&counter, later(secs)), 0, "{secs}");
        }
        // A year ahead and back.
        assert_eq!(drain(&counter, later(365 * DAY)), all);
        assert_eq!(drain(&counter, later(DAY)), 0);
        assert_eq!(drain(&counter, later(2 * DAY)), all);
    }
}

#[test]
fn fifty_at_once_for_ten_units_get_ten() {
    for quota in [Quota::per_day(10), Quota::per_day(1_000).leased(10)] {
        let is_leased = quota != Quota::per_day(10);
        let counter = counter(quota, memory());
        if is_leased {
            take(&counter, 990, NOW).unwrap();
        }
        let taken: usize = thread::scope(|scope| {
            let spend = || usize::from(take(&counter, 1, NOW).is_some());
            let threads: Vec<_> = (0..50).map(|_| scope.spawn(spend)).collect();
            threads
                .into_iter()
                .map(|thread| thread.join().unwrap())
                .sum()
        });
        assert_eq!(taken, 10, "leased: {is_leased}");
    }
}

#[test]
fn holders_names_and_authorities_have_counters_of_their_own() {
    let store = memory();
    let one = counter(Quota::per_day(2), store.clone());
    let two = counter(Quota::per_day(2).named("other"), store);
    assert_eq!((one.name(), two.name()), ("monthly", "other"));
    for (counter, authority, id) in [
        (&one, "idp", "alice"),
        (&one, "idp", "Alice"),
        (&one, "id", "palice"),
        (&two, "idp", "alice"),
    ] {
        let taken = |_: &i32| {
            matches!(
                wait(counter.spend(authority, id, NOW)),
                QuotaAnswer::Taken(_)
            )
        };
        assert_eq!((0..9).take_while(taken).count(), 2, "{authority} {id}");
    }
}

#[test]
fn counters_of_one_name_share_the_units() {
    let store = memory();
    let of = |limit: &str| {
        let quota = Quota::per_day(10).named("shared");
        QuotaCounter::new(limit.into(), quota, store.clone()).unwrap()
    };
    let (one, two) = (of("one"), of("two"));
    assert_eq!(one.name(), two.name());
    assert_eq!(one.quota(), two.quota());
    take(&one, 7, NOW).unwrap();
    assert_eq!(drain(&two, NOW), 3);
}

/// There is no key of the client by which a request would count as one before.
#[test]
fn requests_that_are_alike_in_everything_are_each_charged() {
    let store = Arc::new(Faulty::new());
    let counter = counter(Quota::per_day(3), store.clone());
    assert_eq!(drain(&counter, NOW), 3);
    let spends = store.spends.lock().unwrap();
    let [first, second] = [&spends[0], &spends[1]];
    assert_eq!(
        (&first.key, first.window, first.at),
        (&second.key, second.window, second.at)
    );
    assert_ne!(first.id, second.id);
}

#[test]
fn units_are_given_back_once() {
    for store in [Faulty::new(), Faulty::waiting()] {
        let store = Arc::new(store);
        let counter = counter(Quota::per_day(10), store.clone());
        let taken = take(&counter, 7, NOW).unwrap();
        assert_eq!(taken.units(), 7);
        assert!(take(&counter, 4, NOW).is_none());
        // The first answer is lost, so it is sent a second time.
        store.set_down(Some(Fault::After));
        taken.give_back();
        assert_eq!(counter.pending(), 1);
        store.set_down(None);
        wait(counter.flush(NOW)).unwrap();
        assert_eq!(counter.pending(), 0);
        assert_eq!(drain(&counter, NOW), 10);
    }
}

#[test]
fn units_that_wait_to_be_given_back_are_sent_with_the_next_call() {
    let store = Arc::new(Faulty::waiting());
    let counter = counter(Quota::per_day(10), store);
    take(&counter, 9, NOW).unwrap().give_back();
    assert_eq!(counter.pending(), 1);
    assert!(take(&counter, 1, NOW).is_some());
    assert_eq!(counter.pending(), 0);
    assert_eq!(drain(&counter, NOW), 9);
}

#[test]
fn spend_whose_answer_was_lost_takes_once() {
    for make in [Faulty::new, Faulty::waiting] {
        for fault in [Fault::Before, Fault::After] {
            let store = Arc::new(make());
            let counter = counter(Quota::per_day(10), store.clone());
            store.plan([Some(fault)]);
            assert!(take(&counter, 1, NOW).is_some());
            assert_eq!(drain(&counter, NOW), 9, "{fault:?}");
            let spends = store.spends.lock().unwrap();
            assert!(spends.len() < 2 || spends[0].id == spends[1].id || fault == Fault::Before);
        }
    }
}

#[test]
fn answer_that_is_dropped_gives_back_what_it_may_have_taken() {
    for quota in [Quota::per_day(1_000), Quota::per_day(1_000).leased(10)] {
        let store = Arc::new(Faulty::waiting());
        let counter = counter(quota, store.clone());
        take(&counter, 1, NOW).unwrap();
        let before = (store.calls.load(Ordering::SeqCst), counter.pending());
        // Nothing began: nothing to give back, and the lease stays.
        drop(counter.spend_units(("idp", "alice"), 500, NOW));
        assert_eq!(
            (store.calls.load(Ordering::SeqCst), counter.pending()),
            before
        );
        // The store has taken the units, and the request ends while it waits for the answer.
        store.plan([Some(Fault::Hangs)]);
        let mut asked = counter.spend_units(("idp", "alice"), 500, NOW);
        let mut context = Context::from_waker(Waker::noop());
        assert!(Pin::new(&mut asked).poll(&mut context).is_pending());
        drop(asked);
        assert_eq!(counter.pending(), 1);
        assert_eq!(store.spends.lock().unwrap().len(), 2);
        wait(counter.close(NOW)).unwrap();
        assert_eq!(drain(&counter, NOW), 999);
    }
}

#[test]
fn lease_asks_the_store_once_for_many_requests_and_gives_no_unit_twice() {
    let store = Arc::new(Faulty::new());
    let quota = || Quota::per_day(1_000).leased(10);
    let nodes: Vec<_> = (0..3).map(|_| counter(quota(), store.clone())).collect();
    let mut taken = 0;
    for round in 0.. {
        let got = nodes.iter().filter(|node| take(node, 1, NOW).is_some());
        let got = got.count();
        taken += got;
        if got == 0 {
            break;
        }
        assert!(round < 1_000);
    }
    // What other nodes have is the most that is refused early.
    assert!((970..=1_000).contains(&taken), "{taken}");
    assert!(store.spends.lock().unwrap().len() <= 130);
    for node in &nodes {
        wait(node.close(NOW)).unwrap();
    }
    let rest: usize = nodes.iter().map(|node| drain(node, NOW)).sum();
    assert_eq!(taken + rest, 1_000);
}

#[test]
fn what_is_left_of_a_lease_goes_back_when_its_time_is_over() {
    let store = Arc::new(Faulty::new());
    let [one, two] = [0; 2].map(|_| counter(Quota::per_day(1_000).leased(10), store.clone()));
    take(&one, 1, NOW).unwrap();
    take(&two, 990, NOW).unwrap();
    assert!(take(&two, 1, NOW).is_none());
    let life = limits::QUOTA_LEASE_LIFE.as_secs();
    wait(one.flush(later(life - 1))).unwrap();
    assert!(take(&two, 1, later(life - 1)).is_none());
    wait(one.flush(later(life))).unwrap();
    assert_eq!(drain(&two, later(life)), 9);
}

#[test]
fn lease_of_a_node_that_died_comes_back_after_twice_its_life_for_what_renews() {
    let life = limits::QUOTA_LEASE_LIFE.as_secs();
    let store = Arc::new(Faulty::new());
    let [dead, live] = [0; 2].map(|_| counter(Quota::per_day(1_000).leased(10), store.clone()));
    take(&dead, 4, NOW).unwrap();
    drop(dead);
    take(&live, 990, NOW).unwrap();
    assert!(take(&live, 1, later(2 * life - 1)).is_none());
    assert_eq!(drain(&live, later(2 * life)), 10);

    let store = Arc::new(Faulty::new());
    add_credits(&*store, 1, 20);
    let [dead, live] = [0; 2].map(|_| counter(Quota::credits().leased(10), store.clone()));
    take(&dead, 4, NOW).unwrap();
    drop(dead);
    assert_eq!(drain(&live, later(400 * DAY)), 10);
}

#[test]
fn units_of_a_lease_are_given_back_to_it() {
    let counter = counter(Quota::per_day(100).leased(1), memory());
    let taken: Vec<_> = (0..100).map(|_| take(&counter, 1, NOW).unwrap()).collect();
    assert!(take(&counter, 1, NOW).is_none());
    taken.into_iter().for_each(QuotaTaken::give_back);
    assert_eq!(drain(&counter, NOW), 100);
}

#[test]
fn rest_of_a_lease_that_is_too_small_for_a_request_is_free_for_the_next_one() {
    let counter = counter(Quota::per_day(1_000).leased(5), memory());
    take(&counter, 992, NOW).unwrap();
    // Of eight units five are taken ahead for three, and then two more and three.
    assert!(take(&counter, 3, NOW).is_some());
    assert!(take(&counter, 4, NOW).is_none());
    assert!(take(&counter, 4, NOW).is_some());
    assert_eq!(drain(&counter, NOW), 1);
}

#[test]
fn while_the_store_is_down_one_lease_is_counted_here_and_charged_later() {
    for (quota, here) in [
        (Quota::per_day(300), 3),
        (Quota::per_day(3), 1),
        (Quota::per_day(10_000_000), 1_000),
        (Quota::per_day(300).leased(2), 2),
        (Quota::credits(), 0),
    ] {
        for fault in [Fault::Before, Fault::After] {
            let store = Arc::new(Faulty::waiting());
            let counter = counter(quota.clone(), store.clone());
            store.set_down(Some(fault));
            assert_eq!(drain(&counter, NOW), here, "{quota:?}");
            assert!(matches!(spend(&counter, 1, NOW), QuotaAnswer::Down));
            // Not more after a flush that failed, or in the next second.
            wait(counter.flush(NOW)).unwrap_err();
            assert_eq!(drain(&counter, later(1)), 0);
            store.set_down(None);
            wait(counter.flush(later(1))).unwrap();
            assert_eq!(counter.pending(), 0);
            if quota == Quota::per_day(300) {
                assert_eq!(drain(&counter, later(2)), 297, "{fault:?}");
            }
        }
    }
}

#[test]
fn store_that_is_down_is_asked_once_a_second() {
    let store = Arc::new(Faulty::new());
    let counter = counter(Quota::per_day(10_000), store.clone());
    store.set_down(Some(Fault::Before));
    let calls = || store.calls.load(Ordering::SeqCst);
    for secs in 0..3 {
        let before = calls();
        for _ in 0..10 {
            take(&counter, 1, later(secs)).unwrap();
        }
        assert_eq!(calls() - before, 2, "the call and its repetition");
    }
}

#[test]
fn counter_that_refuses_on_outage_counts_nothing_here() {
    let store = Arc::new(Faulty::new());
    let counter = counter(Quota::per_day(300), store.clone()).refuse_on_outage();
    store.set_down(Some(Fault::Before));
    assert!(matches!(spend(&counter, 1, NOW), QuotaAnswer::Down));
    store.set_down(None);
    assert_eq!(drain(&counter, later(1)), 300);
}

#[test]
fn units_that_were_counted_here_are_given_back() {
    let store = Arc::new(Faulty::new());
    let counter = counter(Quota::per_day(300), store.clone());
    store.set_down(Some(Fault::Before));
    let taken = take(&counter, 3, NOW).unwrap();
    assert!(take(&counter, 1, NOW).is_none());
    taken.give_back();
    take(&counter, 2, NOW).unwrap();
    store.set_down(None);
    wait(counter.flush(NOW)).unwrap();
    assert_eq!(drain(&counter, later(1)), 298);
}

fn add_credits(store: &dyn UsageStore, payment: u128, units: u64) -> u64 {
    let key = QuotaKey::new("monthly", "idp", "alice");
    wait(store.credit(&Credit::new(SpendId::new(payment), key, units))).unwrap()
}

#[test]
fn credits_are_spent_and_do_not_renew() {
    let store = memory();
    let counter = counter(Quota::credits(), store.clone());
    assert_eq!(renewal(&counter, NOW), None);
    assert_eq!(add_credits(&*store, 1, 5), 5);
    assert_eq!(add_credits(&*store, 1, 5), 5);
    assert_eq!(drain(&counter, NOW), 5);
    assert_eq!(renewal(&counter, later(400 * DAY)), None);
    assert_eq!(add_credits(&*store, 2, 1), 1);
    assert_eq!(drain(&counter, later(400 * DAY)), 1);
}

#[test]
fn amounts_up_to_the_largest_number_are_counted_without_wrapping() {
    let counter = counter(Quota::per_month(u64::MAX), memory());
    assert!(take(&counter, u64::MAX - 1, NOW).is_some());
    assert!(take(&counter, u64::MAX, NOW).is_none());
    assert!(take(&counter, 2, NOW).is_none());
    assert!(take(&counter, 1, NOW).is_some());
    assert!(take(&counter, 1, NOW).is_none());
    assert!(take(&counter, 0, NOW).is_some());
}

#[test]
fn quotas_out_of_range_are_rejected() {
    let range = ConfigErrorKind::OutOfRange;
    let malformed = ConfigErrorKind::ValueMalformed;
    let conflict = ConfigErrorKind::Conflict;
    let every = |span| Quota::every(10, span, NOW);
    let second = Duration::from_secs(1);
    for (quota, error) in [
        (Quota::per_day(0), Some(("quota", range))),
        (Quota::per_day(1), None),
        (every(Duration::ZERO), Some(("span", range))),
        (every(second), None),
        (every(second / 2 + second), Some(("span", malformed))),
        (every(limits::QUOTA_SPAN_MAX), None),
        (
            every(limits::QUOTA_SPAN_MAX + second),
            Some(("span", range)),
        ),
        (Quota::per_day(99).leased(1), Some(("leased", conflict))),
        (Quota::per_day(100).leased(1), None),
        (Quota::per_day(100).leased(2), Some(("leased", range))),
        (Quota::per_day(100).leased(0), Some(("leased", range))),
        (Quota::per_day(u64::MAX).leased(1_000), None),
        (
            Quota::per_day(u64::MAX).leased(1_001),
            Some(("leased", range)),
        ),
        (Quota::credits().leased(1_000), None),
        (Quota::credits().leased(1_001), Some(("leased", range))),
        (Quota::per_day(1).named(""), Some(("name", range))),
        (Quota::per_day(1).named("n".repeat(64)), None),
        (
            Quota::per_day(1).named("n".repeat(65)),
            Some(("name", range)),
        ),
    ] {
        let made = QuotaCounter::new("q".into(), quota.clone(), memory());
        let found = made.err().map(|error| (error.field(), error.kind()));
        assert_eq!(found, error, "{quota:?}");
    }
}

#[test]
fn zones_are_offsets_from_utc_and_nothing_else() {
    for zone in ["Z", "+00:00", "-00:00", "+05:30", "+14:00", "-14:00"] {
        assert!(Quota::per_day(1).zone(zone).is_ok(), "{zone}");
    }
    for zone in [
        "",
        "z",
        "UTC",
        "Europe/Berlin",
        "01:00",
        "+1:00",
        "+0100",
        "+01:0",
        "+01:60",
        "+14:01",
        "-99:00",
        "+01:00 ",
        " +01:00",
        "\u{2212}01:00",
        "+0\u{661}:00",
        "+-1:00",
    ] {
        let error = Quota::per_month(1).zone(zone).unwrap_err();
        assert_eq!(
            (error.field(), error.kind()),
            ("zone", ConfigErrorKind::ValueMalformed)
        );
        assert!(error.to_string().contains("+01:00"), "{error}");
    }
    for quota in [
        Quota::credits(),
        Quota::every(1, Duration::from_secs(60), NOW),
    ] {
        let error = quota.zone("Z").unwrap_err();
        assert_eq!(
            (error.field(), error.kind()),
            ("zone", ConfigErrorKind::Conflict)
        );
    }
}
