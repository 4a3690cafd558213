//! A store of marks that has to be waited for.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};

use bearergate::clock::UnixTime;
use bearergate::error::StoreError;
use bearergate::replay::{ReplayMark, ReplayStore, ReplayTable};
use bearergate::request::RequestFacts;
use bearergate::{NowOrLater, RejectionKind};

use crate::common::*;

/// Answers when it is polled.
#[derive(Debug)]
struct Slow {
    table: ReplayTable,
    claims: Arc<AtomicUsize>,
}

impl ReplayStore for Slow {
    fn claim(
        &self,
        mark: ReplayMark,
        until: UnixTime,
        now: UnixTime,
    ) -> NowOrLater<'_, Result<bool, StoreError>> {
        NowOrLater::later(async move {
            self.claims.fetch_add(1, Ordering::Relaxed);
            self.table.claim(mark, until, now).await
        })
    }
}

fn drive<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(value) = future
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()))
        {
            return value;
        }
    }
}

// The target of a proof is asked for once in each check of a proof.
#[test]
fn a_proof_is_verified_once_where_the_store_has_to_wait() {
    let (checks, claims) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (counted, store) = (
        Arc::clone(&checks),
        Slow {
            table: ReplayTable::default(),
            claims: Arc::clone(&claims),
        },
    );
    let service = Service::with(|dpop| {
        dpop.replays(store).target_fn(move |_: &RequestFacts<'_>| {
            counted.fetch_add(1, Ordering::Relaxed);
            None
        })
    });
    let token = service.bound_token();
    let parts = request(&token, &[&service.proof(&token).sign()]);
    assert!(service.gate.try_check_now(&parts).is_none());
    assert_eq!(claims.load(Ordering::Relaxed), 0);
    checks.store(0, Ordering::Relaxed);
    assert!(drive(service.gate.check(&parts)).is_ok());
    assert_eq!(checks.load(Ordering::Relaxed), 1);
    assert_eq!(claims.load(Ordering::Relaxed), 1);
    let again = drive(service.gate.check(&parts)).unwrap_err();
    assert_eq!(again.kind(), RejectionKind::ProofReplayed);
}

/// Does not answer.
#[derive(Debug)]
struct Down;

impl ReplayStore for Down {
    fn claim(
        &self,
        _: ReplayMark,
        _: UnixTime,
        _: UnixTime,
    ) -> NowOrLater<'_, Result<bool, StoreError>> {
        NowOrLater::now(Err(bearergate::error::StoreErrorKind::Unavailable.into()))
    }
}

#[test]
fn a_store_that_is_down_is_503_and_never_a_new_proof() {
    let service = Service::with(|dpop| dpop.replays(Down));
    assert_eq!(
        service.changed(|proof| proof),
        Some(RejectionKind::Unavailable)
    );
    assert_eq!(service.changed(|proof| proof.claim("htm", "PUT")), INVALID);
}
