//! Shared rates while their store fails, lies, restarts or is replaced.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use super::test_nodes::{Nodes, arrivals, key};
use super::test_store::{DEADLINE, Fault, TestStore};
use super::{NowOrLater, Rate, SharedAnswer, SharedRate, Taken};
use crate::error::ConfigErrorKind;
use crate::event::{Event, Observer};
use crate::metrics::Counted;

const fn millis(count: u64) -> Duration {
    Duration::from_millis(count)
}

fn per_second(quota: u32) -> Rate {
    Rate::per_second(quota).unwrap()
}

fn shared(store: &TestStore, rate: Rate) -> SharedRate {
    SharedRate::new("orders".into(), Arc::new(store.clone()), rate, 1).unwrap()
}

fn poll(answer: &mut NowOrLater<'_, SharedAnswer>) -> Option<SharedAnswer> {
    match Pin::new(answer).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(answer) => Some(answer),
        Poll::Pending => None,
    }
}

fn now(rate: &SharedRate, cost: u32, at: Duration) -> SharedAnswer {
    rate.take(key(1), cost, at).try_now().unwrap()
}

fn is_over(answer: SharedAnswer) -> bool {
    matches!(answer, SharedAnswer::Over { .. })
}

fn is_pass(answer: SharedAnswer) -> bool {
    matches!(answer, SharedAnswer::Pass { .. })
}

fn is_down(answer: SharedAnswer) -> bool {
    answer == SharedAnswer::Down
}

fn calls(rate: &SharedRate) -> Vec<(String, u64)> {
    let mut calls = Vec::new();
    rate.samples(&mut |sample| calls.push((sample.labels[0].1.to_owned(), sample.value)));
    calls
}

#[derive(Debug, Default)]
struct Events(Mutex<Vec<String>>);

impl Observer for Events {
    fn observe(&self, event: &Event<'_>) {
        self.0.lock().unwrap().push(format!("{event:?}"));
    }
}

#[test]
fn a_flood_of_refusals_asks_the_store_once_in_each_wait() {
    let store = TestStore::new(Duration::ZERO);
    let rate = shared(&store, Rate::per_minute(6).unwrap());
    let mut refused = 0;
    for millis in 0..9_000 {
        refused += u32::from(is_over(now(&rate, 1, Duration::from_millis(millis))));
    }
    assert_eq!(refused, 8_994);
    assert_eq!(store.count(), 7);
    store.advance(Duration::from_secs(10));
    assert!(is_pass(now(&rate, 1, millis(10_006))));
}

#[test]
fn a_refused_wait_is_what_is_missing_and_shrinks() {
    let store = TestStore::new(Duration::ZERO);
    let rate = shared(&store, Rate::per_minute(6).unwrap());
    for _ in 0..6 {
        assert!(is_pass(now(&rate, 1, millis(0))));
    }
    for (at, expected) in [(0, 10_000), (1, 9_999), (9_999, 1)] {
        let SharedAnswer::Over { wait, left: 0 } = now(&rate, 1, millis(at)) else {
            panic!("passed at {at}");
        };
        assert_eq!(wait, millis(expected));
    }
}

#[test]
fn a_refusal_of_a_large_cost_does_not_hold_for_small_ones() {
    let store = TestStore::new(Duration::ZERO);
    let rate = shared(&store, per_second(10));
    assert!(is_pass(now(&rate, 4, millis(0))));
    assert!(is_over(now(&rate, 7, millis(0))));
    let calls = store.count();
    let SharedAnswer::Over { wait, .. } = now(&rate, 9, millis(0)) else {
        panic!("more than the bucket has passed");
    };
    assert_eq!((wait, store.count()), (millis(300), calls));
    assert!(is_pass(now(&rate, 2, millis(0))));
    let more_than_burst = now(&rate, 11, millis(0));
    assert!(matches!(more_than_burst, SharedAnswer::Over { wait, .. } if wait == millis(1_000)));
}

#[test]
fn requests_of_one_key_share_a_call() {
    let store = TestStore::new(millis(4));
    let rate = shared(&store, per_second(1_000));
    let mut answers: Vec<_> = (0..20).map(|_| rate.take(key(1), 1, millis(0))).collect();
    let mut other = rate.take(key(2), 1, millis(0));
    assert!(answers.iter_mut().all(|answer| poll(answer).is_none()));
    assert!(poll(&mut other).is_none());
    assert_eq!(store.count(), 2);
    store.advance(millis(4));
    let mut rounds = 0;
    while !answers.is_empty() {
        answers.retain_mut(|answer| !poll(answer).is_some_and(is_pass));
        store.advance(millis(4));
        rounds += 1;
    }
    assert!(poll(&mut other).is_some_and(is_pass));
    assert!(
        rounds <= 4 && store.count() <= 4,
        "{rounds} {}",
        store.count()
    );
}

#[test]
fn a_dropped_request_neither_stops_the_others_nor_spends_their_cells() {
    let store = TestStore::new(millis(4));
    let rate = shared(&store, per_second(1_000));
    let mut first = rate.take(key(1), 1, millis(0));
    let mut second = rate.take(key(1), 1, millis(0));
    assert!(poll(&mut first).is_none() && poll(&mut second).is_none());
    drop(first);
    assert!(poll(&mut second).is_none());
    store.advance(millis(4));
    assert!(poll(&mut second).is_some_and(is_pass));
    assert_eq!(calls(&rate)[0], ("ok".to_owned(), 1));
    assert_eq!(calls(&rate)[2], ("abandoned".to_owned(), 1));
    let unpolled = rate.take(key(3), 1, millis(4));
    drop(unpolled);
    assert_eq!(store.count(), 2);
}

#[test]
fn dropped_requests_do_not_take_leases_again_and_again() {
    let store = TestStore::new(millis(4));
    let rate = shared(&store, per_second(1_000));
    for _ in 0..200 {
        let mut dropped = rate.take(key(1), 1, millis(0));
        assert!(poll(&mut dropped).is_none());
    }
    store.advance(millis(4));
    let mut last = rate.take(key(1), 1, millis(4));
    assert!(poll(&mut last).is_none());
    store.advance(millis(4));
    let Some(SharedAnswer::Pass { left }) = poll(&mut last) else {
        panic!("refused");
    };
    assert!(left >= 1_000 - 201 - 20, "{left}");
}

#[test]
fn an_outage_is_reported_within_the_deadline_and_ends_two_seconds_after_it() {
    let rate = per_second(200);
    for fault in [Fault::Hangs, Fault::Refuses, Fault::LosesAnswer] {
        let mut nodes = Nodes::new(rate, 4, millis(2));
        let before = nodes.run(&arrivals(1, 150, Duration::from_secs(1), 4));
        assert_eq!(before.down, 0);
        nodes.store.set_fault(fault);
        let during = nodes.run(&arrivals(2, 400, Duration::from_secs(5), 4));
        let answered = during.cells() + during.over + during.down;
        assert_eq!(answered, 2_000, "{fault:?}");
        assert!(
            during.longest <= DEADLINE + millis(2),
            "{:?}",
            during.longest
        );
        assert!(during.down >= 1_900, "{fault:?} {}", during.down);
        nodes.store.set_fault(Fault::None);
        nodes.store.restart();
        let after = nodes.run(&arrivals(3, 100, Duration::from_secs(2), 4));
        assert!(after.longest <= DEADLINE + millis(2));
        let after = nodes.run(&arrivals(4, 100, Duration::from_secs(2), 4));
        assert_eq!((after.down, after.over), (0, 0), "{fault:?}");
    }
}

#[test]
fn an_outage_costs_few_calls() {
    let mut nodes = Nodes::new(per_second(200), 1, millis(2));
    nodes.store.set_fault(Fault::Refuses);
    let report = nodes.run(&arrivals(2, 1_000, Duration::from_secs(10), 1));
    assert_eq!(report.down, 10_000);
    assert!(nodes.store.count() <= 30, "{}", nodes.store.count());
}

#[test]
fn an_outage_of_some_calls_loses_only_those() {
    let rate = per_second(200);
    let mut nodes = Nodes::new(rate, 4, millis(2));
    let mut down = 0;
    for round in 0..40 {
        let fault = if round % 8 == 0 {
            Fault::LosesAnswer
        } else {
            Fault::None
        };
        nodes.store.set_fault(fault);
        let report = nodes.run(&arrivals(round, 190, millis(250), 4));
        down += report.down;
    }
    assert!((1..200).contains(&down), "{down}");
}

#[test]
fn a_lost_answer_costs_its_cells_and_leaves_a_bucket_that_fills_again() {
    let store = TestStore::new(millis(4));
    for fault in [Fault::None, Fault::LosesAnswer] {
        let rate = shared(&store, Rate::per_minute(6).unwrap());
        store.set_fault(fault);
        let mut answer = rate.take(key(1), 6, millis(0));
        assert!(poll(&mut answer).is_none());
        store.advance(DEADLINE);
        let expected = if fault == Fault::None {
            is_pass
        } else {
            is_down
        };
        assert!(poll(&mut answer).is_some_and(expected), "{fault:?}");
        store.set_fault(Fault::None);
        let mut again = rate.take(key(1), 6, millis(50));
        assert!(poll(&mut again).is_none());
        store.advance(millis(4));
        assert!(poll(&mut again).is_some_and(is_over));
        store.advance(Duration::from_secs(60));
        let filled = shared(&store, Rate::per_minute(6).unwrap());
        let mut filled = filled.take(key(1), 6, Duration::from_secs(60));
        assert!(poll(&mut filled).is_none());
        store.advance(millis(4));
        assert!(poll(&mut filled).is_some_and(is_pass));
        store.restart();
    }
}

#[test]
fn an_overdue_call_holds_up_nobody_else() {
    let store = TestStore::new(Duration::from_secs(9));
    let rate = shared(&store, per_second(200));
    let mut first = rate.take(key(1), 1, millis(0));
    assert!(poll(&mut first).is_none());
    let mut early = rate.take(key(1), 1, millis(49));
    assert!(poll(&mut early).is_none());
    let mut late = rate.take(key(1), 1, millis(50));
    assert_eq!(poll(&mut late), Some(SharedAnswer::Down));
    assert_eq!(calls(&rate)[1], ("failed".to_owned(), 1));
}

#[test]
fn a_store_that_lies_lets_nothing_more_pass() {
    let lies = [
        Taken::new(u32::MAX, Duration::MAX, u32::MAX),
        Taken::new(0, Duration::ZERO, u32::MAX),
        Taken::new(0, Duration::MAX, 0),
        Taken::new(1, Duration::ZERO, 0),
    ];
    for lie in lies {
        for delay in [Duration::ZERO, millis(2)] {
            let mut nodes = Nodes::new(per_second(100), 2, delay);
            nodes.store.set_fault(Fault::Lies(lie));
            let requests = arrivals(1, 300, Duration::from_secs(1), 2);
            let report = nodes.run(&requests);
            assert_eq!(report.cells() + report.over, 300, "{lie:?}");
            if lie.cells == 0 {
                assert_eq!(report.cells(), 0);
            }
        }
    }
    let store = TestStore::new(Duration::ZERO);
    let rate = shared(&store, per_second(100));
    store.set_fault(Fault::Lies(lies[0]));
    let calls = (0..41).filter(|_| {
        let before = store.count();
        assert!(is_pass(now(&rate, 1, millis(0))));
        store.count() > before
    });
    assert!(calls.count() >= 3, "a lease was larger than it was wanted");
    store.set_fault(Fault::Lies(lies[2]));
    let answer = rate.take(key(2), 1, millis(0)).try_now().unwrap();
    assert!(matches!(answer, SharedAnswer::Over { wait, .. } if wait == millis(1_000)));
}

#[test]
fn cells_that_are_given_back_are_used_before_the_store_is_asked() {
    let store = TestStore::new(Duration::ZERO);
    let rate = shared(&store, Rate::per_minute(6).unwrap());
    for second in 0..9 {
        let at = Duration::from_secs(second);
        assert!(is_pass(now(&rate, 1, at)));
        rate.give_back(key(1), 1, at);
    }
    assert_eq!(store.count(), 1);
    for _ in 0..6 {
        assert!(is_pass(now(&rate, 1, Duration::from_secs(9))));
    }
    assert!(is_over(now(&rate, 1, Duration::from_secs(9))));
    for _ in 0..30 {
        rate.give_back(key(1), 6, Duration::from_secs(9));
    }
    assert!(is_pass(now(&rate, 1, Duration::from_secs(9))));
    assert!(is_over(now(&rate, 1, Duration::from_secs(9))));
}

#[test]
fn unspent_cells_are_let_go_after_200_ms() {
    let store = TestStore::new(Duration::ZERO);
    let rate = shared(&store, per_second(400));
    for _ in 0..5 {
        assert!(is_pass(now(&rate, 1, millis(0))));
    }
    let calls = store.count();
    let leased = rate.take(key(1), 1, millis(199)).try_now().unwrap();
    assert!(is_pass(leased) && store.count() == calls);
    assert!(is_pass(now(&rate, 1, millis(200))));
    assert_eq!(store.count(), calls + 1);
}

#[test]
fn a_raised_rate_holds_at_once_and_keeps_what_is_known_of_the_store() {
    let store = TestStore::new(Duration::ZERO);
    let rate = shared(&store, Rate::per_minute(6).unwrap());
    while is_pass(now(&rate, 1, millis(0))) {}
    store.advance(millis(1_000));
    assert!(is_over(now(&rate, 1, millis(1_000))));
    let same = rate.with_rate(Rate::per_minute(6).unwrap(), 1).unwrap();
    let calls_before = store.count();
    assert!(is_over(now(&same, 1, millis(1_000))));
    assert_eq!(store.count(), calls_before);
    let raised = rate.with_rate(Rate::per_minute(600).unwrap(), 1).unwrap();
    assert!(is_pass(now(&raised, 1, millis(1_000))));
    assert_eq!(calls(&raised)[0].1, store.count());
    assert_eq!(
        raised.with_rate(per_second(1), 0).unwrap_err().field(),
        "nodes"
    );
}

#[test]
fn the_store_is_reported_down_once_a_second_and_up_once() {
    let (store, events) = (TestStore::new(Duration::ZERO), Arc::new(Events::default()));
    let rate = shared(&store, per_second(100));
    let rate = rate.observed_by(Some(Arc::clone(&events) as Arc<dyn Observer>));
    assert!(is_pass(now(&rate, 1, millis(0))));
    store.set_fault(Fault::Refuses);
    for at in 300..1_400 {
        let answer = rate.take(key(2), 1, millis(at)).try_now();
        assert_eq!(answer.ok(), Some(SharedAnswer::Down));
    }
    store.set_fault(Fault::None);
    for at in 2_400..2_500 {
        assert!(is_pass(rate.take(key(3), 1, millis(at)).try_now().unwrap()));
    }
    let down = |count| format!("RateStoreDown {{ limit: \"orders\", count: {count} }}");
    let up = "RateStoreUp { limit: \"orders\" }".to_owned();
    assert_eq!(*events.0.lock().unwrap(), [down(1), down(19), up]);
}

#[test]
fn many_keys_take_no_more_memory_and_let_nothing_more_pass() {
    let store = TestStore::new(Duration::ZERO);
    let rate = shared(&store, Rate::per_minute(4).unwrap());
    let of = |number: u64| {
        let mut random = super::test_nodes::Random::new(number);
        crate::limit::RateKey::from_bytes(
            [0; 16].map(|_: u8| u8::try_from(random.below(256)).unwrap()),
        )
    };
    for round in 0..6 {
        let mut passed = 0;
        for number in 0..30_000 {
            let answer = rate.take(of(number), 1, millis(round)).try_now().unwrap();
            passed += u32::from(is_pass(answer));
        }
        assert_eq!(passed, if round < 4 { 30_000 } else { 0 });
    }
}

#[test]
fn the_local_share_is_the_rate_divided_by_the_nodes() {
    let store = TestStore::new(Duration::ZERO);
    let day = Duration::from_secs(86_400);
    let rates = [
        (
            Rate::per_minute(10).unwrap(),
            3,
            10,
            Duration::from_secs(180),
            3,
        ),
        (
            Rate::per_minute(1).unwrap(),
            4,
            1,
            Duration::from_secs(240),
            1,
        ),
        (Rate::new(9, day * 200).unwrap(), 4, 2, day * 200, 2),
        (Rate::new(1, day * 200).unwrap(), 4, 1, day * 200, 1),
    ];
    for (rate, nodes, quota, period, burst) in rates {
        let shared = SharedRate::new("a".into(), Arc::new(store.clone()), rate, nodes).unwrap();
        let share = shared.local_share();
        assert_eq!((share.quota(), share.period()), (quota, period));
        assert_eq!(share.burst_cells(), burst);
    }
}

#[test]
fn threads_never_let_more_pass_than_the_store_gave() {
    let store = TestStore::new(Duration::ZERO);
    let rate = Arc::new(shared(
        &store,
        Rate::new(1_000, Duration::from_secs(86_400)).unwrap(),
    ));
    let threads: Vec<_> = (0..8)
        .map(|_| {
            let rate = Arc::clone(&rate);
            std::thread::spawn(move || {
                let answers = (0..400).map(|_| now(&rate, 1, millis(0)));
                answers.filter(|answer| is_pass(*answer)).count()
            })
        })
        .collect();
    let passed: usize = threads
        .into_iter()
        .map(|thread| thread.join().unwrap())
        .sum();
    assert!((980..=1_000).contains(&passed), "{passed}");
}

#[test]
fn a_shared_rate_is_made_while_its_store_is_away() {
    let store = TestStore::new(Duration::ZERO);
    store.set_fault(Fault::Refuses);
    let rate = shared(&store, per_second(10));
    assert_eq!(store.count(), 0);
    assert_eq!(now(&rate, 1, millis(0)), SharedAnswer::Down);
    store.set_fault(Fault::None);
    assert!(is_pass(now(&rate, 1, millis(0))));
}

#[test]
fn no_nodes_and_too_many_nodes_are_refused() {
    let new = |nodes| {
        let store = Arc::new(TestStore::new(Duration::ZERO));
        SharedRate::new("orders".into(), store, per_second(1), nodes)
    };
    assert!(new(1).is_ok() && new(10_000).is_ok());
    for nodes in [0, 10_001] {
        let error = new(nodes).unwrap_err();
        let found = (error.kind(), error.field());
        assert_eq!(found, (ConfigErrorKind::OutOfRange, "nodes"));
    }
}

#[test]
fn what_is_ready_allocates_nothing() {
    let store = TestStore::new(Duration::ZERO);
    let rate = shared(&store, per_second(100));
    for _ in 0..30 {
        assert!(is_pass(now(&rate, 1, millis(0))));
    }
    let leased = allocation_counter::measure(|| assert!(is_pass(now(&rate, 1, millis(0)))));
    while is_pass(now(&rate, 1, millis(0))) {}
    let refused = allocation_counter::measure(|| assert!(is_over(now(&rate, 1, millis(0)))));
    let asked = allocation_counter::measure(|| assert!(is_over(now(&rate, 1, millis(400)))));
    assert_eq!(
        [leased, refused, asked].map(|info| info.count_total),
        [0; 3]
    );
}
