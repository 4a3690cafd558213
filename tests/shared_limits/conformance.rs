//! The suite for stores of shared rates: a store that keeps the contract, and stores with one fault
//! each.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bearergate::testing::{self, Breach};

use crate::test_store::{Fault, TestStore};
use crate::{NowOrLater, Rate, RateKey, RateStore, StoreError, StoreErrorKind, Taken};

fn check(store: &dyn RateStore, clock: &TestStore) -> Result<(), Breach> {
    let own = clock.clone();
    let pass = move |span| {
        own.advance(span);
        NowOrLater::now(())
    };
    let mut suite = pin!(testing::rate_store(store, *b"suite of a test", &pass));
    let mut cx = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(result) = suite.as_mut().poll(&mut cx) {
            return result;
        }
        clock.advance(clock.next_due().unwrap());
    }
}

fn broken_rule(fault: StoreFault) -> &'static str {
    let store = TestStore::new(Duration::ZERO);
    let clock = store.clone();
    let breach = check(&Faulty { store, fault }, &clock).unwrap_err();
    breach.rule()
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum StoreFault {
    None,
    AddsPart,
    GivesMore,
    HasOneBucket,
    ForgetsLeast,
    ForgetsRefill,
    ReadsRateOnce,
    WaitsForOne,
}

/// A store with one fault.
#[derive(Debug)]
struct Faulty {
    store: TestStore,
    fault: StoreFault,
}

impl RateStore for Faulty {
    fn take<'a>(
        &'a self,
        key: &'a RateKey,
        rate: Rate,
        want: u32,
        least: u32,
    ) -> NowOrLater<'a, Result<Taken, StoreError>> {
        let one = RateKey::from_bytes([0; 16]);
        let (mut used, mut given) = (*key, rate);
        match self.fault {
            StoreFault::HasOneBucket => used = one,
            StoreFault::ForgetsRefill if rate.quota() == 10 => {
                given = Rate::new(1, Duration::from_secs(3_600)).unwrap();
                given = given.burst(rate.burst_cells()).unwrap();
            }
            StoreFault::ReadsRateOnce => {
                given = Rate::new(1, Duration::from_secs(3_600)).unwrap();
                given = given.burst(rate.burst_cells()).unwrap();
            }
            _ => {}
        }
        let least_used = match self.fault {
            StoreFault::ForgetsLeast => 1,
            _ => least,
        };
        let answer = self.store.take(&used, given, want, least_used).try_now();
        let mut taken = answer.unwrap();
        if let Ok(taken) = &mut taken {
            match self.fault {
                StoreFault::AddsPart => taken.left += 1,
                StoreFault::GivesMore if taken.cells == 0 => taken.cells = least,
                StoreFault::WaitsForOne => taken.wait /= least.max(2),
                _ => {}
            }
        }
        NowOrLater::now(taken)
    }
}

#[test]
fn a_store_that_keeps_the_contract_passes() {
    for delay in [Duration::ZERO, Duration::from_millis(3)] {
        let store = TestStore::new(delay);
        check(&store, &store).unwrap();
        assert!(store.count() >= 40);
    }
    let store = TestStore::new(Duration::ZERO);
    let clock = store.clone();
    let fault = StoreFault::None;
    check(&Faulty { store, fault }, &clock).unwrap();
}

#[test]
fn each_fault_of_a_store_is_found() {
    let found = [
        (
            StoreFault::AddsPart,
            "what is left is what was there without what was taken",
        ),
        (
            StoreFault::ForgetsLeast,
            "nothing is taken if fewer than `least` are there",
        ),
        (
            StoreFault::ForgetsRefill,
            "cells are back after a step each",
        ),
        (
            StoreFault::GivesMore,
            "nothing is taken if fewer than `least` are there",
        ),
        (StoreFault::HasOneBucket, "a refused call takes nothing"),
        (
            StoreFault::ReadsRateOnce,
            "cells are back after a step each",
        ),
        (
            StoreFault::WaitsForOne,
            "the wait is the time until `least` cells are there",
        ),
    ];
    for (fault, rule) in found {
        assert_eq!(broken_rule(fault), rule, "{fault:?}");
    }
}

#[test]
fn a_store_that_does_not_answer_is_found() {
    for fault in [Fault::Refuses, Fault::Hangs, Fault::LosesAnswer] {
        let store = TestStore::new(Duration::from_millis(3));
        store.set_fault(fault);
        let breach = check(&store, &store).unwrap_err();
        assert_eq!(breach.rule(), "a call of a store that works is answered");
    }
    let lie = Taken::new(1, Duration::ZERO, 0);
    let store = TestStore::new(Duration::ZERO);
    store.set_fault(Fault::Lies(lie));
    assert!(check(&store, &store).is_err());
    store.set_fault(Fault::None);
    store.restart();
    check(&store, &store).unwrap();
    let _ = StoreErrorKind::Unavailable;
}
