//! What a meter counts reaches its store once, whatever fails.

use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use allocation_counter::measure;
use bearergate::NowOrLater;
use bearergate::clock::{FakeClock, UnixTime};
use bearergate::environment::Environment;
use bearergate::error::ConfigErrorKind;
use bearergate::event::{Event, Observer};
use bearergate::http_client::Spawn;
use bearergate::limit::{Meter, UsageQuery, UsageRow, UsageStore};
use bearergate::principal::{Authority, Principal, PrincipalKind};
use bearergate::{ConfigError, limits};

use crate::common::wait;
use crate::faulty::{Fault, Faulty};

pub(crate) const NOW: UnixTime = UnixTime::from_secs(1_796_083_200);

pub(crate) fn caller(authority: &str, subject: &str) -> Principal {
    let principal = Principal::builder(PrincipalKind::AccessToken, authority);
    principal.subject(subject).build()
}

pub(crate) fn total(store: &dyn UsageStore) -> u128 {
    let rows = wait(store.usage(&UsageQuery::new())).unwrap();
    rows.iter().map(|row| u128::from(row.amount)).sum()
}

fn later(secs: u64) -> UnixTime {
    NOW.saturating_add(Duration::from_secs(secs))
}

#[test]
fn sum_is_exact_when_the_store_fails_once_at_each_step() {
    for make in [Faulty::new, Faulty::waiting] {
        for fault in [Fault::Before, Fault::After] {
            for failing in 0..6 {
                let store = Arc::new(make());
                let mut plan: Vec<_> = (0..6).map(|_| None).collect();
                plan[failing] = Some(fault);
                store.plan(plan);
                let meter = Meter::builder(store.clone()).build().unwrap();
                let alice = caller("idp", "alice");
                for step in 0..6 {
                    meter.add(&alice, "requests", 10 + step, NOW);
                    let _ = wait(meter.flush());
                }
                wait(meter.flush()).unwrap();
                assert_eq!(meter.pending(), 0);
                assert_eq!(total(&*store), 75, "{fault:?} at call {failing}");
            }
        }
    }
}

#[test]
fn batch_whose_answer_was_lost_is_sent_again_unchanged_and_counts_once() {
    let store = Arc::new(Faulty::new());
    let meter = Meter::builder(store.clone()).node("n 1").build().unwrap();
    meter.add(&caller("idp", "alice"), "requests", 3, NOW);
    store.set_down(Some(Fault::After));
    for _ in 0..3 {
        wait(meter.flush()).unwrap_err();
        // What is counted meanwhile is in the next batch.
        meter.add(&caller("idp", "alice"), "requests", 1, NOW);
    }
    assert_eq!(total(&*store), 3);
    assert_eq!(meter.pending(), 2);
    store.set_down(None);
    wait(meter.flush()).unwrap();
    assert_eq!(meter.pending(), 0);
    assert_eq!(total(&*store), 6);
    let batches = store.batches.lock().unwrap();
    assert_eq!(batches.len(), 5);
    assert!(batches[..4].iter().all(|batch| *batch == batches[0]));
    assert_eq!((batches[0].number, batches[4].number), (1, 2));
    assert_eq!(batches[0].node, "n 1");
    assert_eq!(batches[0].boot, batches[4].boot);
}

#[test]
fn sum_of_many_threads_is_exact_while_flushes_fail() {
    for make in [Faulty::new, Faulty::waiting] {
        let store = Arc::new(make());
        let meter = Meter::builder(store.clone()).build().unwrap();
        let faults = [
            Some(Fault::Before),
            None,
            Some(Fault::After),
            Some(Fault::After),
            None,
        ];
        store.plan(faults.into_iter().cycle().take(500));
        thread::scope(|scope| {
            for name in 0..6 {
                let meter = &meter;
                scope.spawn(move || {
                    let who = caller("idp", &format!("user {}", name % 3));
                    for step in 0..2_000 {
                        meter.add(&who, "requests", 1, later(step));
                        if step % 50 == 0 {
                            let _ = wait(meter.flush());
                        }
                    }
                });
            }
        });
        store.plan([]);
        wait(meter.flush()).unwrap();
        assert_eq!(total(&*store), 12_000);
        let hour = NOW.as_secs() / 3_600;
        let rows = wait(store.usage(&UsageQuery::new().subject("user 1"))).unwrap();
        assert!(rows.iter().all(|row| row.hour.as_secs() / 3_600 == hour));
    }
}

#[test]
fn rows_have_the_hour_of_the_event_and_a_subject_of_each_kind() {
    let store = Arc::new(Faulty::new());
    let meter = Meter::builder(store.clone()).build().unwrap();
    meter.add(&caller("a", "alice"), "requests", 1, later(3_599));
    meter.add(&caller("b", "alice"), "requests", 2, later(3_600));
    meter.add(&caller("b", "alice"), "bytes", 3, later(3_600));
    let client = Principal::builder(PrincipalKind::AccessToken, "a").client("shop");
    meter.add(&client.build(), "requests", 4, NOW);
    let nobody = Principal::builder(PrincipalKind::AccessToken, "a").build();
    meter.add(&nobody, "requests", 5, NOW);
    meter.add_for(&Authority::from("a"), "tenant 7", ("requests", 6), NOW);
    meter.add(&nobody, "requests", 0, later(7_200));
    assert_eq!(meter.pending(), 6);
    wait(meter.flush()).unwrap();
    let mut rows = wait(store.usage(&UsageQuery::new())).unwrap();
    rows.sort();
    let row = |authority: &str, subject: &str, meter: &str, at, amount| {
        UsageRow::new((authority, subject), meter, at, amount)
    };
    let kind = PrincipalKind::AccessToken.as_str();
    let mut wanted = [
        row("a", "alice", "requests", NOW, 1),
        row("b", "alice", "requests", later(3_600), 2),
        row("b", "alice", "bytes", later(3_600), 3),
        row("a", "shop", "requests", NOW, 4),
        row("a", kind, "requests", NOW, 5),
        row("a", "tenant 7", "requests", NOW, 6),
    ];
    wanted.sort();
    assert_eq!(rows, wanted);
}

#[test]
fn more_keys_than_there_is_space_for_are_summed_up_in_overflow() {
    let store = Arc::new(Faulty::new());
    let meter = Meter::builder(store.clone()).build().unwrap();
    let keys = limits::METER_KEYS as u64 + 1_000;
    for name in 0..keys {
        meter.add(&caller("idp", &name.to_string()), "requests", 1, NOW);
    }
    assert_eq!(meter.pending(), limits::METER_KEYS + 1);
    wait(meter.flush()).unwrap();
    assert_eq!(total(&*store), u128::from(keys));
    let overflow = wait(store.usage(&UsageQuery::new().subject("overflow"))).unwrap();
    assert_eq!(overflow[0].amount, 1_000);
    // There is space again.
    meter.add(&caller("idp", "new"), "requests", 1, NOW);
    wait(meter.flush()).unwrap();
    let new = wait(store.usage(&UsageQuery::new().subject("new"))).unwrap();
    assert_eq!(new[0].amount, 1);
}

/// The codes of the events, with their numbers.
#[derive(Clone, Debug, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

impl Observer for Log {
    fn observe(&self, event: &Event<'_>) {
        self.0.lock().unwrap().push(match event {
            Event::UsageUnflushed { rows } => format!("unflushed {rows}"),
            Event::UsageSaturated { meter, count } => format!("saturated {meter} {count}"),
            other => other.code().to_owned(),
        });
    }
}

#[test]
fn sum_above_the_largest_number_stays_there_with_an_event() {
    let (store, log, clock) = (Arc::new(Faulty::new()), Log::default(), FakeClock::at(NOW));
    let environment = Environment::new()
        .clock(clock.clone())
        .observer(log.clone());
    let meter = Meter::builder(store.clone())
        .env(&environment)
        .build()
        .unwrap();
    let alice = caller("idp", "alice");
    meter.add(&alice, "bytes", u64::MAX, NOW);
    assert!(log.0.lock().unwrap().is_empty());
    for _ in 0..3 {
        meter.add(&alice, "bytes", 1, NOW);
    }
    assert_eq!(*log.0.lock().unwrap(), ["saturated bytes 1"]);
    clock.advance(Duration::from_secs(1));
    meter.add(&alice, "bytes", u64::MAX, NOW);
    assert_eq!(log.0.lock().unwrap()[1..], ["saturated bytes 3"]);
    wait(meter.flush()).unwrap();
    meter.add(&alice, "bytes", 5, NOW);
    wait(meter.flush()).unwrap();
    assert_eq!(total(&*store), u128::from(u64::MAX));
}

#[test]
fn failed_flush_is_reported_once_a_second_with_what_waits() {
    let (store, log, clock) = (Arc::new(Faulty::new()), Log::default(), FakeClock::at(NOW));
    let environment = Environment::new().clock(clock.clone());
    let meter = Meter::builder(store.clone())
        .env(&environment)
        .observer(log.clone());
    let meter = meter.build().unwrap();
    store.set_down(Some(Fault::Before));
    for name in ["alice", "bob"] {
        meter.add(&caller("idp", name), "requests", 1, NOW);
        wait(meter.flush()).unwrap_err();
        wait(meter.flush()).unwrap_err();
    }
    assert_eq!(*log.0.lock().unwrap(), ["unflushed 1"]);
    clock.advance(Duration::from_secs(1));
    wait(meter.flush()).unwrap_err();
    assert_eq!(*log.0.lock().unwrap(), ["unflushed 1", "unflushed 2"]);
}

/// Keeps tasks until the test runs them.
#[derive(Clone, Debug, Default)]
struct Later(Arc<Mutex<Vec<NowOrLater<'static, ()>>>>);

impl Spawn for Later {
    fn spawn(&self, task: NowOrLater<'static, ()>) {
        self.0.lock().unwrap().push(task);
    }
}

#[test]
fn additions_start_a_flush_in_the_background_when_it_is_time() {
    let (store, tasks) = (Arc::new(Faulty::waiting()), Later::default());
    let environment = Environment::new().spawner(tasks.clone());
    let meter = Meter::builder(store.clone()).env(&environment);
    let meter = meter.flush_every(Duration::from_secs(5)).build().unwrap();
    let alice = caller("idp", "alice");
    let add = |secs| meter.add(&alice, "requests", 1, later(secs));
    let run = || {
        let tasks = std::mem::take(&mut *tasks.0.lock().unwrap());
        let count = tasks.len();
        tasks.into_iter().for_each(wait);
        count
    };
    add(10);
    // One flush at a time, also when it is slow.
    add(30);
    assert_eq!(run(), 1);
    assert_eq!(total(&*store), 2);
    add(14);
    assert_eq!(run(), 0);
    add(15);
    assert_eq!(run(), 1);
    // A clock that went back does not stop flushes.
    add(0);
    assert_eq!(run(), 1);
    // A task that is dropped unfinished does not stop them either, and loses nothing.
    add(5);
    tasks.0.lock().unwrap().clear();
    add(10);
    assert_eq!(run(), 1);
    assert_eq!(total(&*store), 7);
}

#[test]
fn addition_to_a_known_key_allocates_nothing() {
    let store = Arc::new(Faulty::new());
    let meter = Meter::builder(store).build().unwrap();
    let alice = caller("idp", "alice");
    let add = || measure(|| meter.add(&alice, "requests", 1, NOW)).count_total;
    assert!(add() > 0);
    assert_eq!(add(), 0);
    // Both generations know it after their first batch.
    for _ in 0..2 {
        wait(meter.flush()).unwrap();
        add();
    }
    for _ in 0..4 {
        wait(meter.flush()).unwrap();
        assert_eq!(add(), 0);
    }
}

#[test]
fn settings_out_of_range_are_rejected() {
    let builder = || Meter::builder(Faulty::new());
    let error = |result: Result<Meter, ConfigError>| {
        let error = result.unwrap_err();
        (error.field(), error.kind())
    };
    let range = ConfigErrorKind::OutOfRange;
    assert_eq!(error(builder().node("").build()), ("node", range));
    assert_eq!(
        error(builder().node("n".repeat(65)).build()),
        ("node", range)
    );
    assert!(builder().node("n".repeat(64)).build().is_ok());
    for (millis, kind) in [
        (999, Some(range)),
        (1_000, None),
        (1_500, Some(ConfigErrorKind::ValueMalformed)),
        (3_600_000, None),
        (3_601_000, Some(range)),
    ] {
        let built = builder().flush_every(Duration::from_millis(millis)).build();
        assert_eq!(built.err().map(|error| error.kind()), kind, "{millis}");
    }
    let missing = builder().journal("/nowhere/at/all/usage").build();
    assert_eq!(error(missing), ("journal", ConfigErrorKind::StoreUnusable));
    assert_eq!(
        error(builder().journal("").build()),
        ("journal", ConfigErrorKind::Empty)
    );
}
