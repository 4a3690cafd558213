//! Permits of concurrent limits.

use std::future::Future;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Barrier;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll, Waker};
use std::thread;

use bearergate::RejectionKind;
use bearergate::limit::{Ask, By, Charges, Limit, Limits};

use crate::common::{SECOND, alice, ask, at, caller, only, refused, small};

fn hold(limits: &Limits, wanted: Ask<'_>) -> Option<Charges> {
    let mut charges = ask(limits, wanted).ok()?;
    charges.keep();
    Some(charges)
}

fn kinds() -> [Limit; 3] {
    [
        Limit::concurrent("crowd", 3),
        Limit::concurrent("crowd", 3).by(By::Everyone),
        Limit::concurrent("crowd", 3).by(By::Source).per_action(),
    ]
}

#[test]
fn so_many_requests_of_a_bucket_are_in_flight_at_once() {
    for limit in kinds() {
        let limits = only(limit);
        let principal = alice();
        let wanted = at(SECOND).with_principal(&principal);
        let mut held: Vec<_> = (0..3).map(|_| hold(&limits, wanted).unwrap()).collect();
        let (kind, name, wait) = refused(&limits, wanted);
        assert_eq!(
            (kind, &*name, wait),
            (RejectionKind::RateLimited, "crowd", None)
        );
        let over = ask(&limits, wanted).unwrap_err();
        assert_eq!(over.retry_after(), Some(SECOND));
        assert_eq!(over.standings().count(), 0);
        held.pop();
        held.push(hold(&limits, wanted).unwrap());
        assert!(hold(&limits, wanted).is_none());
    }
}

#[test]
fn callers_have_permits_of_their_own() {
    let limits = only(Limit::concurrent("crowd", 1));
    let (alice, bob) = (alice(), caller("idp", "bob"));
    let _held = hold(&limits, at(SECOND).with_principal(&alice)).unwrap();
    assert!(hold(&limits, at(SECOND).with_principal(&alice)).is_none());
    assert!(hold(&limits, at(SECOND).with_principal(&bob)).is_some());
}

#[test]
fn a_permit_is_returned_with_the_last_clone() {
    let limits = only(Limit::concurrent("crowd", 1));
    let principal = alice();
    let wanted = at(SECOND).with_principal(&principal);
    let first = hold(&limits, wanted).unwrap();
    let second = first.clone();
    first.refund();
    drop(first);
    assert!(hold(&limits, wanted).is_none());
    drop(second);
    assert!(hold(&limits, wanted).is_some());
}

#[test]
fn permits_are_returned_when_a_later_limit_refuses() {
    let limits = small().limit(Limit::concurrent("outer", 1));
    let limits = limits.limit(Limit::concurrent("inner", 1).class("slow"));
    let limits = limits.build().unwrap();
    let (alice, bob) = (alice(), caller("idp", "bob"));
    let slow = |caller| at(SECOND).with_principal(caller).with_class("slow");
    let everyone = hold(&limits, slow(&alice)).unwrap();
    assert!(hold(&limits, slow(&alice)).is_none());
    let other = hold(&limits, slow(&bob)).unwrap();
    drop((everyone, other));
    assert!(hold(&limits, slow(&alice)).is_some());
}

/// A handler that never ends.
async fn handler(charges: Charges) {
    std::future::pending::<()>().await;
    drop(charges);
}

#[test]
fn futures_that_are_dropped_and_handlers_that_panic_return_their_permits() {
    for limit in kinds() {
        let limits = only(limit);
        let principal = alice();
        let wanted = at(SECOND).with_principal(&principal);
        for _ in 0..100 {
            let mut running = Box::pin(handler(hold(&limits, wanted).unwrap()));
            let mut context = Context::from_waker(Waker::noop());
            assert_eq!(running.as_mut().poll(&mut context), Poll::Pending);
            drop(running);
            let charges = hold(&limits, wanted).unwrap();
            let panicked = panic::catch_unwind(AssertUnwindSafe(move || {
                let _charges = charges;
                panic::resume_unwind(Box::new("the handler failed"));
            }));
            assert!(panicked.is_err());
        }
        let held: Vec<_> = (0..3).filter_map(|_| hold(&limits, wanted)).collect();
        assert_eq!(held.len(), 3);
        assert!(hold(&limits, wanted).is_none());
    }
}

#[test]
fn eight_threads_never_hold_more_permits_than_there_are() {
    const THREADS: usize = 8;
    for limit in kinds() {
        let limits = only(limit);
        let (principal, start) = (alice(), Barrier::new(THREADS));
        let (inside, most) = (AtomicU32::new(0), AtomicU32::new(0));
        thread::scope(|scope| {
            for _ in 0..THREADS {
                scope.spawn(|| {
                    start.wait();
                    for _ in 0..300 {
                        let Some(held) = hold(&limits, at(SECOND).with_principal(&principal))
                        else {
                            continue;
                        };
                        let count = inside.fetch_add(1, Ordering::SeqCst) + 1;
                        most.fetch_max(count, Ordering::SeqCst);
                        inside.fetch_sub(1, Ordering::SeqCst);
                        drop(held);
                    }
                });
            }
        });
        assert!(most.into_inner() <= 3);
        let wanted = at(SECOND).with_principal(&principal);
        let held: Vec<_> = (0..4).filter_map(|_| hold(&limits, wanted)).collect();
        assert_eq!(held.len(), 3);
    }
}

#[test]
fn the_last_permits_are_kept_for_one_class() {
    let limit = Limit::concurrent("load", 10).by(By::Everyone);
    let limits = only(limit.kept_for(20, "critical"));
    let plain = at(SECOND);
    let critical = at(SECOND).with_class("critical");
    let mut held: Vec<_> = (0..8).map(|_| hold(&limits, plain).unwrap()).collect();
    let (kind, name, _) = refused(&limits, plain);
    assert_eq!((kind, &*name), (RejectionKind::Unavailable, "load"));
    held.extend((0..2).map(|_| hold(&limits, critical).unwrap()));
    assert_eq!(refused(&limits, critical).0, RejectionKind::RateLimited);
    held.clear();
    assert!(hold(&limits, plain).is_some());
}

#[test]
fn a_limit_that_is_replaced_still_counts_what_is_in_flight() {
    let limits = only(Limit::concurrent("crowd", 2).by(By::Everyone));
    let held = hold(&limits, at(SECOND)).unwrap();
    let next = small().limit(Limit::concurrent("crowd", 1).by(By::Everyone));
    limits.replace(&next).unwrap();
    assert!(hold(&limits, at(SECOND)).is_none());
    drop(held);
    assert!(hold(&limits, at(SECOND)).is_some());
}
