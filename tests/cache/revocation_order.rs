//! Calls about one revocation at the same time, with a store that answers late: memory and store
//! agree afterwards, and of two calls the one that revokes wins.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use bearergate::clock::UnixTime;
use bearergate::error::{StoreError, StoreErrorKind};
use bearergate::principal::PrincipalKind;
use bearergate::revocation::{Denylist, Revocation, RevocationStore, RevocationTarget};
use bearergate::{NowOrLater, Principal};

use crate::common::*;

/// Acts when it is first polled, and answers when it is polled for the second time; while the flag
/// is set, it adds nothing.
#[derive(Clone, Debug, Default)]
struct SlowStore(
    Arc<Mutex<BTreeMap<RevocationTarget<'static>, Revocation>>>,
    Arc<AtomicBool>,
);

impl SlowStore {
    fn act<'a, T: Send + 'a>(
        &'a self,
        act: impl FnOnce(&mut BTreeMap<RevocationTarget<'static>, Revocation>) -> T + Send + 'a,
    ) -> NowOrLater<'a, Result<T, StoreError>> {
        NowOrLater::later(async move {
            let value = act(&mut self.0.lock().unwrap());
            Once::default().await;
            Ok(value)
        })
    }

    fn has(&self, revocation: &Revocation) -> bool {
        self.0.lock().unwrap().contains_key(revocation.target())
    }
}

impl RevocationStore for SlowStore {
    fn add(&self, new: Revocation) -> NowOrLater<'_, Result<(), StoreError>> {
        if self.1.load(Ordering::SeqCst) {
            return NowOrLater::now(Err(StoreError::new(StoreErrorKind::Unavailable)));
        }
        self.act(move |kept| {
            kept.insert(new.target().clone(), new);
        })
    }

    fn all(&self) -> NowOrLater<'_, Result<Vec<Revocation>, StoreError>> {
        self.act(|kept| kept.values().cloned().collect())
    }

    fn remove(&self, target: RevocationTarget<'static>) -> NowOrLater<'_, Result<(), StoreError>> {
        self.act(move |kept| {
            kept.remove(&target);
        })
    }

    fn purge(&self, time: UnixTime) -> NowOrLater<'_, Result<usize, StoreError>> {
        self.act(move |kept| {
            let before = kept.len();
            kept.retain(|_, own| own.last_expiry().is_none_or(|end| end >= time));
            before - kept.len()
        })
    }
}

/// Is pending once.
#[derive(Default)]
struct Once(bool);

impl Future for Once {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        match std::mem::replace(&mut self.0, true) {
            true => Poll::Ready(()),
            false => Poll::Pending,
        }
    }
}

fn poll<T>(answer: &mut (impl Future<Output = T> + Unpin)) -> Option<T> {
    match Pin::new(answer).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => Some(value),
        Poll::Pending => None,
    }
}

fn finish<T>(mut answer: impl Future<Output = T> + Unpin) -> T {
    (0..50).find_map(|_| poll(&mut answer)).unwrap()
}

fn alice() -> Revocation {
    Revocation::subject(ISSUER, "alice")
}

fn is_revoked(list: &Denylist) -> bool {
    let alice = Principal::builder(PrincipalKind::Other, ISSUER).subject("alice");
    list.check(&alice.build()).is_err()
}

fn opened() -> (SlowStore, Denylist) {
    let store = SlowStore::default();
    let list = finish(Denylist::open(store.clone())).unwrap();
    (store, list.clock(clock()))
}

/// A call in progress, one step of which is one poll.
type Call<'a> = Pin<Box<dyn Future<Output = ()> + 'a>>;

fn revoking(list: &Denylist) -> Call<'_> {
    Box::pin(async { list.revoke(alice()).await.unwrap() })
}

fn restoring(list: &Denylist) -> Call<'_> {
    Box::pin(async { list.restore(alice()).await.unwrap() })
}

fn reloading(list: &Denylist) -> Call<'_> {
    Box::pin(async { list.reload().await.unwrap() })
}

fn purging(list: &Denylist) -> Call<'_> {
    let now = UnixTime::from_secs(NOW);
    Box::pin(async move { assert_eq!(list.purge(now).await.unwrap(), 0) })
}

#[test]
fn a_revocation_made_while_an_older_one_is_taken_back_stays() {
    let (store, list) = opened();
    finish(list.revoke(alice())).unwrap();
    let mut taking_back = list.restore(alice());
    assert!(poll(&mut taking_back).is_none());
    finish(list.revoke(alice())).unwrap();
    finish(taking_back).unwrap();
    assert!(store.has(&alice()) && is_revoked(&list));
    // Twin: nothing is revoked meanwhile.
    finish(list.restore(alice())).unwrap();
    assert!(!store.has(&alice()) && !is_revoked(&list));
}

/// Runs two calls in every order of their polls, the first `first` times before the second begins.
fn every_order(a: fn(&Denylist) -> Call<'_>, b: fn(&Denylist) -> Call<'_>, check: fn(bool, bool)) {
    let (store, list) = opened();
    for order in 0..1_u32 << 8 {
        for begins_revoked in [false, true] {
            finish(list.restore(alice())).unwrap();
            if begins_revoked {
                finish(list.revoke(alice())).unwrap();
            }
            let mut calls = [Some(a(&list)), Some(b(&list))];
            for step in 0..8 {
                let which = usize::from(order >> step & 1 == 1);
                if let Some(call) = &mut calls[which]
                    && poll(call).is_some()
                {
                    calls[which] = None;
                }
            }
            for call in calls.into_iter().flatten() {
                finish(call);
            }
            check(store.has(&alice()), is_revoked(&list));
        }
    }
}

#[test]
fn memory_and_store_agree_after_any_two_calls_at_once() {
    let agree = |stored, in_memory| assert_eq!(stored, in_memory);
    for a in [revoking, restoring, reloading, purging] {
        for b in [revoking, restoring, reloading, purging] {
            every_order(a, b, agree);
        }
    }
}

#[test]
fn a_revocation_survives_a_reload_and_a_purge_at_once() {
    let both = |stored, in_memory| assert!(stored && in_memory);
    every_order(revoking, reloading, both);
    every_order(revoking, purging, both);
    every_order(revoking, revoking, both);
}

#[test]
fn what_is_taken_back_while_the_store_is_read_does_not_come_back() {
    let (_, list) = opened();
    finish(list.revoke(alice())).unwrap();
    let mut reading = list.reload();
    assert!(poll(&mut reading).is_none());
    finish(list.restore(alice())).unwrap();
    finish(reading).unwrap();
    assert!(!is_revoked(&list));
}

#[test]
fn what_another_process_revokes_while_this_one_takes_it_back_is_read() {
    let (store, list) = opened();
    finish(list.revoke(alice())).unwrap();
    let mut reading = list.reload();
    let mut taking_back = list.restore(alice());
    assert!(poll(&mut taking_back).is_none());
    let there = finish(Denylist::open(store.clone())).unwrap();
    finish(there.revoke(alice())).unwrap();
    assert!(poll(&mut reading).is_none());
    finish(taking_back).unwrap();
    finish(reading).unwrap();
    assert!(store.has(&alice()) && is_revoked(&list));
}

#[test]
fn a_call_that_is_dropped_while_it_takes_back_loses_nothing() {
    let (store, list) = opened();
    finish(list.revoke(alice())).unwrap();
    let mut taking_back = list.restore(alice());
    assert!(poll(&mut taking_back).is_none());
    drop(taking_back);
    // Too much is revoked, here and, after the next reload, in the store again.
    assert!(!store.has(&alice()) && is_revoked(&list));
    finish(list.reload()).unwrap();
    assert!(store.has(&alice()) && is_revoked(&list));
    finish(list.restore(alice())).unwrap();
    assert!(!store.has(&alice()) && !is_revoked(&list));
}

#[test]
fn a_call_that_is_never_polled_changes_nothing_in_the_store() {
    let (store, list) = opened();
    finish(list.revoke(alice())).unwrap();
    drop(list.restore(alice()));
    assert!(store.has(&alice()) && is_revoked(&list));
    finish(list.reload()).unwrap();
    finish(list.restore(alice())).unwrap();
    let unpolled = list.revoke(alice());
    assert!(is_revoked(&list) && !store.has(&alice()));
    finish(list.restore(alice())).unwrap();
    assert!(!is_revoked(&list));
    // It was called first, and ends last.
    finish(unpolled).unwrap();
    assert!(store.has(&alice()) && is_revoked(&list));
}

/// Takes a revocation back that is made again meanwhile by a call that is dropped, so that only the
/// call that takes it back can write it to the store again.
fn made_again_by_a_dropped_call(add_fails: bool) -> (SlowStore, Denylist) {
    let (store, list) = opened();
    finish(list.revoke(alice())).unwrap();
    let mut taking_back = list.restore(alice());
    assert!(poll(&mut taking_back).is_none());
    drop(list.revoke(alice()));
    store.1.store(add_fails, Ordering::SeqCst);
    let kind = finish(taking_back).err().map(|error| error.kind());
    assert_eq!(kind, add_fails.then_some(StoreErrorKind::Unavailable));
    assert!(is_revoked(&list) && store.has(&alice()) != add_fails);
    store.1.store(false, Ordering::SeqCst);
    (store, list)
}

#[test]
fn a_revocation_that_the_store_did_not_take_again_is_written_by_the_next_reload() {
    let (store, list) = made_again_by_a_dropped_call(true);
    finish(list.reload()).unwrap();
    assert!(store.has(&alice()) && is_revoked(&list));
    // Once: the store lacks nothing any more.
    let there = finish(Denylist::open(store.clone())).unwrap();
    finish(there.restore(alice())).unwrap();
    finish(list.reload()).unwrap();
    assert!(!store.has(&alice()));
}

#[test]
fn a_reload_writes_nothing_to_a_store_that_has_taken_everything() {
    let (store, list) = made_again_by_a_dropped_call(false);
    let there = finish(Denylist::open(store.clone())).unwrap();
    finish(there.restore(alice())).unwrap();
    finish(list.reload()).unwrap();
    assert!(!store.has(&alice()));
}

#[test]
fn a_reload_while_another_revocation_is_taken_back_misses_nothing() {
    let (store, list) = opened();
    let bob = Revocation::subject(ISSUER, "bob");
    finish(list.revoke(bob.clone())).unwrap();
    let there = finish(Denylist::open(store.clone())).unwrap();
    finish(there.revoke(alice())).unwrap();
    let mut taking_back = list.restore(bob.clone());
    assert!(poll(&mut taking_back).is_none() && !is_revoked(&list));
    finish(list.reload()).unwrap();
    assert!(is_revoked(&list));
    finish(taking_back).unwrap();
    assert!(!store.has(&bob) && store.has(&alice()) && is_revoked(&list));
}

#[test]
fn a_revocation_that_is_written_again_has_the_times_that_it_had() {
    let now = UnixTime::from_secs(NOW);
    let end = UnixTime::from_secs(NOW + 5000);
    for made in [
        alice(),
        alice().until(end),
        alice().issued_before(now),
        alice().issued_before(now).until(end),
    ] {
        let (store, list) = opened();
        finish(list.revoke(made.clone())).unwrap();
        let mut taking_back = list.restore(alice());
        assert!(poll(&mut taking_back).is_none() && !store.has(&alice()));
        drop(list.revoke(made.clone()));
        finish(taking_back).unwrap();
        let written: Vec<_> = store.0.lock().unwrap().values().cloned().collect();
        assert_eq!(written, [made]);
    }
}

#[test]
fn a_list_that_lacks_something_of_its_store_is_not_opened() {
    let store = SlowStore::default();
    let add = |new: Revocation| store.0.lock().unwrap().insert(new.target().clone(), new);
    add(alice());
    assert!(is_revoked(&finish(Denylist::open(store.clone())).unwrap()));
    add(Revocation::subject(ISSUER, ""));
    let error = finish(Denylist::open(store.clone())).err().unwrap();
    assert_eq!(error.kind(), StoreErrorKind::Corrupt);
}
