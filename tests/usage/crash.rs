//! Processes that are killed, and several of them on one file.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use bearergate::error::StoreError;
use bearergate::limit::{
    Credit, Meter, Quota, QuotaAnswer, QuotaCounter, QuotaKey, QuotaWindow, Spend, SpendId,
    UsageBatch, UsageRow, UsageStore,
};
use bearergate::stores::SqliteStore;

use crate::child::{Process, instruction, report, role};
use crate::common::{Folder, wait};
use crate::metering::{NOW, caller, total};

/// No step of a change.
const NOWHERE: usize = usize::MAX;

/// The step was reached.
const PASSED: usize = NOWHERE - 1;

fn open(path: &Path) -> Arc<SqliteStore> {
    Arc::new(SqliteStore::open(path).unwrap())
}

fn meter(store: Arc<SqliteStore>, path: &Path, has_journal: bool) -> Meter {
    let builder = Meter::builder(store);
    let builder = match has_journal {
        true => builder.journal(path.with_extension("journal")),
        false => builder,
    };
    builder.build().unwrap()
}

/// Kills a process before one step of the second flush, or after it; returns what was reported.
fn kill_before(step: usize, has_journal: bool, folder: &Folder) -> String {
    let path = folder.path("a.db");
    let role = if has_journal {
        "with a journal"
    } else {
        "without"
    };
    let mut process = Process::start("crash::metering_process", role, &path);
    process.send(&step.to_string());
    let reported = process.receive();
    assert_eq!(process.receive(), "counted");
    process.kill();
    reported
}

#[test]
fn killed_process_loses_at_most_what_was_counted_since_the_last_flush_began() {
    for step in 0.. {
        let folder = Folder::new();
        let reported = kill_before(step, false, &folder);
        let store = open(&folder.path("a.db"));
        // The first flush had 5, the second has 7 in two rows, and 2 came after it.
        let kept = total(&*store);
        match reported.as_str() {
            "paused" => assert_eq!(kept, 5, "before step {step}"),
            _ => assert_eq!(kept, 12),
        }
        if reported == "done" {
            assert!(step >= 4, "interrupted {step} times only");
            break;
        }
    }
}

#[test]
fn killed_process_with_a_journal_loses_nothing_and_counts_nothing_twice() {
    for step in 0.. {
        let folder = Folder::new();
        let reported = kill_before(step, true, &folder);
        let path = folder.path("a.db");
        for _ in 0..2 {
            let store = open(&path);
            let meter = meter(store.clone(), &path, true);
            wait(meter.flush()).unwrap();
            assert_eq!(total(&*store), 14, "killed before step {step}");
        }
        if reported == "done" {
            break;
        }
    }
}

#[test]
fn metering_process() {
    let Some((role, path)) = role() else { return };
    let breakpoint = Arc::new(AtomicUsize::new(NOWHERE));
    let hook = {
        let breakpoint = breakpoint.clone();
        move |step| {
            if step == breakpoint.load(Ordering::SeqCst) {
                breakpoint.store(PASSED, Ordering::SeqCst);
                report("paused");
                loop {
                    thread::park();
                }
            }
            Ok(())
        }
    };
    let store = Arc::new(
        SqliteStore::builder(&path)
            .before_each_write(hook)
            .open()
            .unwrap(),
    );
    let meter = meter(store, &path, role == "with a journal");
    let step = instruction().unwrap().parse().unwrap();
    let [alice, bob] = ["alice", "bob"].map(|name| caller("idp", name));
    meter.add(&alice, "requests", 5, NOW);
    wait(meter.flush()).unwrap();
    meter.add(&alice, "requests", 3, NOW);
    meter.add(&bob, "requests", 4, NOW);
    breakpoint.store(step, Ordering::SeqCst);
    let flushed = meter.clone();
    let flush = thread::spawn(move || {
        wait(flushed.flush()).unwrap();
        report("done");
    });
    // In the next batch: this one is frozen when its first step begins.
    while breakpoint.load(Ordering::SeqCst) != PASSED && !flush.is_finished() {
        thread::yield_now();
    }
    meter.add(&alice, "requests", 2, NOW);
    report("counted");
    // Waits to be killed.
    instruction();
}

#[test]
fn two_processes_take_the_units_of_one_file_once() {
    for role in ["exact", "leased"] {
        let folder = Folder::new();
        let path = folder.path("a.db");
        drop(open(&path));
        let mut processes: Vec<_> = (0..2)
            .map(|_| Process::start("crash::spending_process", role, &path))
            .collect();
        processes.iter_mut().for_each(|process| process.send("go"));
        let taken = processes
            .iter_mut()
            .map(|process| process.receive().parse::<usize>().unwrap());
        let taken: usize = taken.sum();
        match role {
            "exact" => assert_eq!(taken, AMOUNT),
            // What the other process had taken ahead when one of them gave up.
            _ => assert!((AMOUNT - LEASE..=AMOUNT).contains(&taken), "{taken}"),
        }
    }
}

const AMOUNT: usize = 400;
const LEASE: usize = 4;

fn counter(role: &str, store: Arc<SqliteStore>) -> QuotaCounter {
    let quota = match role {
        "exact" => Quota::per_day(AMOUNT as u64),
        "leased" => Quota::per_day(AMOUNT as u64).leased(LEASE as u32),
        _ => Quota::credits(),
    };
    QuotaCounter::new("q".into(), quota, store).unwrap()
}

#[test]
fn spending_process() {
    let Some((role, path)) = role() else { return };
    let counter = counter(&role, open(&path));
    instruction().unwrap();
    let take = || {
        matches!(
            wait(counter.spend("idp", "alice", NOW)),
            QuotaAnswer::Taken(_)
        )
    };
    let spend = || (0..AMOUNT).take_while(|_| take()).count();
    let taken: usize = thread::scope(|scope| {
        let threads: Vec<_> = (0..3).map(|_| scope.spawn(spend)).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .sum()
    });
    report(&taken.to_string());
    instruction();
}

#[test]
fn credits_that_were_spent_before_a_process_was_killed_stay_spent() {
    let folder = Folder::new();
    let path = folder.path("a.db");
    let store = open(&path);
    let credit = |units| Credit::new(SpendId::new(1), QuotaKey::new("q", "idp", "alice"), units);
    assert_eq!(wait(store.credit(&credit(100))).unwrap(), 100);
    let mut process = Process::start("crash::paying_process", "credits", &path);
    let mut spent = 0;
    for _ in 0..20 {
        spent = process.receive().parse().unwrap();
    }
    process.kill();
    let balance = wait(store.credit(&credit(0))).unwrap();
    // More may have been spent, but nothing that was reported is there again.
    assert!(balance <= 100 - spent, "{balance} left, {spent} reported");
}

#[test]
fn paying_process() {
    let Some((role, path)) = role() else { return };
    let counter = counter(&role, open(&path));
    for spent in 1..=100 {
        let answer = wait(counter.spend("idp", "alice", NOW));
        assert!(matches!(answer, QuotaAnswer::Taken(_)));
        report(&spent.to_string());
    }
    instruction();
}

/// Every change of usage and quotas.
const CHANGES: [&str; 6] = [
    "add a batch",
    "spend of a window",
    "spend of credits",
    "free a lease",
    "give back",
    "add credits",
];

fn make(store: &SqliteStore, change: &str) -> Result<(), StoreError> {
    let key = QuotaKey::new("q", "idp", "alice");
    let window = QuotaWindow::new(NOW, NOW.saturating_add(Duration::from_secs(86_400)), 100);
    let late = NOW.saturating_add(Duration::from_secs(1_000));
    let id = |number| SpendId::new(number);
    match change {
        "prepare" => {
            let spend = |number| Spend::new(id(number), key.clone(), Some(window), 5, NOW);
            wait(store.spend(&spend(1).lapses_at(late)))?;
            wait(store.spend(&spend(2)))?;
            wait(store.credit(&Credit::new(id(1), key, 50)))?;
        }
        "add a batch" => {
            let row = |name| UsageRow::new(("idp", name), "m", NOW, 1);
            wait(store.add(&UsageBatch::new("n", 1, 1, vec![row("a"), row("b")])))?;
        }
        "spend of a window" => {
            wait(store.spend(&Spend::new(id(3), key, Some(window), 5, NOW)))?;
        }
        "spend of credits" => {
            wait(store.spend(&Spend::new(id(3), key, None, 5, NOW)))?;
        }
        "free a lease" => {
            wait(store.spend(&Spend::new(id(3), key, Some(window), 1_000, late)))?;
        }
        "give back" => wait(store.give_back(id(2), 5))?,
        _ => {
            wait(store.credit(&Credit::new(id(2), key, 50)))?;
        }
    }
    Ok(())
}

#[test]
fn error_before_any_step_of_a_change_leaves_the_old_state() {
    for change in CHANGES {
        let mut steps = 0;
        while !fail_before(change, steps) {
            steps += 1;
        }
        assert!(steps >= 2, "'{change}' was interrupted {steps} times only");
    }
}

/// Lets one step of a change fail; returns true if there is no such step.
fn fail_before(change: &str, step: usize) -> bool {
    let folder = Folder::new();
    let path = folder.path("a.db");
    let breakpoint = Arc::new(AtomicUsize::new(NOWHERE));
    let hook = {
        let breakpoint = breakpoint.clone();
        move |step| match step == breakpoint.load(Ordering::SeqCst) {
            true => Err("the disk is gone".into()),
            false => Ok(()),
        }
    };
    let store = SqliteStore::builder(&path)
        .before_each_write(hook)
        .open()
        .unwrap();
    make(&store, "prepare").unwrap();
    let before = dump(&path);
    breakpoint.store(step, Ordering::SeqCst);
    let result = make(&store, change);
    breakpoint.store(NOWHERE, Ordering::SeqCst);
    if result.is_ok() {
        assert_ne!(dump(&path), before, "'{change}'");
        return true;
    }
    assert_eq!(dump(&path), before, "'{change}', failed at step {step}");
    make(&store, change).unwrap();
    false
}

/// Returns the content of the tables of usage and quotas.
fn dump(path: &Path) -> String {
    let conn = rusqlite::Connection::open(path).unwrap();
    let mut all = String::new();
    for table in ["usage", "usage_sender", "quota", "spend", "credit"] {
        let mut rows = conn.prepare(&format!("SELECT * FROM {table}")).unwrap();
        let columns = rows.column_count();
        let text = |row: &rusqlite::Row<'_>| {
            let values = (0..columns).map(|at| format!("{:?}", row.get_ref_unwrap(at)));
            Ok(values.collect::<Vec<_>>().join("|"))
        };
        let rows = rows.query_map([], text).unwrap();
        all.extend(rows.map(|row| format!("{table}: {}\n", row.unwrap())));
    }
    all
}
