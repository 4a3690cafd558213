//! The suite for stores of marks: the table of the crate keeps the contract, and stores with one fault
//! each do not.
#![cfg(feature = "testing")]
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

use bearergate::NowOrLater;
use bearergate::clock::UnixTime;
use bearergate::error::{StoreError, StoreErrorKind};
use bearergate::replay::{ReplayMark, ReplayStore, ReplayTable};
use bearergate::testing::{Breach, replay_store};

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Fault {
    None,
    /// It looks first and writes afterwards.
    FindsThenSaves,
    Evicts,
    EndsEarly,
    MixesOwners,
    ForgetsTheFirstEnd,
    /// Its first claim is false.
    RefusesNew,
    Fails,
}

/// A store with one fault.
#[derive(Debug)]
struct Store {
    fault: Fault,
    marks: Mutex<HashMap<[u8; 32], UnixTime>>,
    calls: AtomicU32,
}

impl Store {
    fn new(fault: Fault) -> Self {
        Self {
            fault,
            marks: Mutex::default(),
            calls: AtomicU32::new(0),
        }
    }

    fn is_kept(&self, mark: &[u8; 32], until: UnixTime, now: UnixTime) -> bool {
        let end = self.marks.lock().unwrap().get(mark).copied();
        end.is_some_and(|end| match self.fault {
            Fault::EndsEarly => end > now.saturating_add(std::time::Duration::from_secs(5)),
            Fault::ForgetsTheFirstEnd => end > now && end == until,
            _ => end > now,
        })
    }

    fn keep(&self, mark: [u8; 32], until: UnixTime) {
        let mut marks = self.marks.lock().unwrap();
        if self.fault == Fault::Evicts && marks.len() >= 100 {
            marks.clear();
        }
        marks.insert(mark, until);
    }
}

impl ReplayStore for Store {
    fn claim(
        &self,
        mark: ReplayMark,
        until: UnixTime,
        now: UnixTime,
    ) -> NowOrLater<'_, Result<bool, StoreError>> {
        let mark = match self.fault {
            Fault::MixesOwners => [u8::from(mark.group().is_multiple_of(2)); 32],
            _ => *mark.as_bytes(),
        };
        let is_kept = self.is_kept(&mark, until, now);
        match self.fault {
            Fault::Fails => NowOrLater::now(Err(StoreErrorKind::Unavailable.into())),
            Fault::RefusesNew if self.calls.fetch_add(1, Ordering::Relaxed) == 0 => {
                NowOrLater::now(Ok(false))
            }
            Fault::FindsThenSaves => NowOrLater::later(async move {
                self.keep(mark, until);
                Ok(!is_kept)
            }),
            _ => NowOrLater::now({
                if !is_kept {
                    self.keep(mark, until);
                }
                Ok(!is_kept)
            }),
        }
    }
}

fn check(store: &dyn ReplayStore) -> Result<(), Breach> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime.block_on(replay_store(store, *b"a run of a test!"))
}

#[test]
fn the_table_of_the_crate_keeps_the_contract() {
    check(&ReplayTable::new(1_024).unwrap()).unwrap();
    check(&Store::new(Fault::None)).unwrap();
}

#[test]
fn each_fault_is_found() {
    for (fault, rule) in [
        (
            Fault::FindsThenSaves,
            "of many claims of one mark at once exactly one is true",
        ),
        (Fault::Evicts, "no mark is evicted before it ends"),
        (Fault::EndsEarly, "a mark is kept until it ends"),
        (Fault::MixesOwners, "another owner or id is another mark"),
        (
            Fault::ForgetsTheFirstEnd,
            "a claim that ends later is one of the same mark",
        ),
        (Fault::RefusesNew, "the first claim of a mark is true"),
        (Fault::Fails, "a claim of a store that works is answered"),
    ] {
        let breach = check(&Store::new(fault)).unwrap_err();
        assert_eq!(breach.rule(), rule, "{fault:?}");
    }
}
