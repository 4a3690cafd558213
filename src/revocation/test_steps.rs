//! How long a request waits beside a reload and a purge of a long denylist.
//!
//! The test asserts what it can without a clock: how many revocations are walked over under one
//! lock. It prints the times; `cargo test --release --lib revocation::test_steps -- --nocapture`
//! shows those of a million revocations.
#![cfg(not(bearergate_shuttle))]

use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use super::denylist::Denylist;
use super::entry::Revocation;
use super::pause::PAUSE_AFTER;
use super::store::RevocationStore;
use crate::clock::UnixTime;
use crate::error::StoreError;
use crate::limits;
use crate::now_or_later::NowOrLater;
use crate::principal::{Principal, PrincipalKind};
use crate::revocation_list::{RevocationList, RevocationTarget};

const ISSUER: &str = "https://idp.example.com";
const NOW: UnixTime = UnixTime::from_secs(1_700_000_000);

#[derive(Clone, Debug, Default)]
struct Store(Arc<Mutex<Vec<Revocation>>>);

impl RevocationStore for Store {
    fn add(&self, new: Revocation) -> NowOrLater<'_, Result<(), StoreError>> {
        self.0.lock().unwrap().push(new);
        NowOrLater::now(Ok(()))
    }

    fn all(&self) -> NowOrLater<'_, Result<Vec<Revocation>, StoreError>> {
        NowOrLater::now(Ok(self.0.lock().unwrap().clone()))
    }

    fn remove(&self, _: RevocationTarget<'static>) -> NowOrLater<'_, Result<(), StoreError>> {
        NowOrLater::now(Ok(()))
    }

    fn purge(&self, _: UnixTime) -> NowOrLater<'_, Result<usize, StoreError>> {
        NowOrLater::now(Ok(0))
    }
}

/// Polls to the end, and returns how often the answer was not ready.
fn finish<T>(answer: NowOrLater<'_, T>) -> (T, usize) {
    let mut answer = pin!(answer);
    let mut pauses = 0;
    loop {
        match answer
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()))
        {
            Poll::Ready(value) => return (value, pauses),
            Poll::Pending => pauses += 1,
        }
    }
}

fn robot(id: usize) -> Principal {
    let robot = Principal::builder(PrincipalKind::Other, ISSUER).subject(id.to_string());
    let robot = robot.claims(format!(r#"{{"jti":"{id}","azp":"app","sid":"s"}}"#));
    robot.unwrap().build()
}

/// Returns the longest time that one of many checks took while this ran.
fn longest_wait(list: &Denylist, run: impl FnOnce()) -> Duration {
    let (robot, has_ended) = (robot(usize::MAX), AtomicBool::new(false));
    std::thread::scope(|scope| {
        let requests = scope.spawn(|| {
            let mut longest = Duration::ZERO;
            while !has_ended.load(Ordering::SeqCst) {
                let begun = Instant::now();
                assert!(list.check_revocation(&robot).try_now().unwrap().is_ok());
                longest = longest.max(begun.elapsed());
            }
            longest
        });
        run();
        has_ended.store(true, Ordering::SeqCst);
        requests.join().unwrap()
    })
}

#[test]
#[expect(clippy::print_stdout, reason = "the times depend on the machine")]
fn a_request_waits_for_one_step_of_a_reload_or_a_purge() {
    let many = match cfg!(debug_assertions) {
        true => 50_000,
        false => 1_000_000,
    };
    let store = Store::default();
    let list = finish(Denylist::open(store.clone())).0.unwrap();
    let list = list.clock(crate::clock::FakeClock::at(NOW));
    let kept = Revocation::subject(ISSUER, "kept");
    finish(list.revoke(kept)).0.unwrap();
    let of = |n: usize, until| Revocation::jwt_id(ISSUER, n.to_string()).until(until);
    let end = UnixTime::from_secs(NOW.as_secs() + 60);
    store
        .0
        .lock()
        .unwrap()
        .extend((0..many).map(|n| of(n, end)));

    let step = || list.inner.table.longest_step.swap(0, Ordering::SeqCst);
    let begun = Instant::now();
    let reload = longest_wait(&list, || {
        let (answer, pauses) = finish(list.reload());
        answer.unwrap();
        assert!(pauses >= many / PAUSE_AFTER, "{pauses}");
    });
    let took = begun.elapsed();
    assert_eq!(list.len(), many + 1);
    assert!(list.check(&robot(many - 1)).is_err());
    let again = longest_wait(&list, || finish(list.reload()).0.unwrap());
    // The same load of the machine, without the list.
    let alone = longest_wait(&list, || {
        (0..many).for_each(|n| assert!(robot(n).subject().is_some()));
    });
    assert_eq!(step(), 0, "a reload walks over nothing");

    let later = UnixTime::from_secs(end.as_secs() + 601);
    let begun = Instant::now();
    let purge = longest_wait(&list, || {
        let (removed, pauses) = finish(list.purge(later));
        assert_eq!(removed.unwrap(), many);
        assert!(pauses >= many / PAUSE_AFTER / 2, "{pauses}");
    });
    println!(
        "{many} revocations: longest check {alone:?} alone, {reload:?} beside a reload of {took:?}, \
         {again:?} beside a second one, {purge:?} beside a purge of {:?}",
        begun.elapsed()
    );
    assert_eq!(list.len(), 1);
    let step = step();
    assert!((1..=limits::REVOCATIONS_STEP).contains(&step), "{step}");
}

#[test]
fn a_list_of_the_default_length_is_walked_in_steps_too() {
    let many = limits::REVOCATIONS / 4 * 3;
    let list = Denylist::default().clock(crate::clock::FakeClock::at(NOW));
    for n in 0..many {
        let revocation = Revocation::jwt_id(ISSUER, n.to_string()).until(NOW);
        finish(list.revoke(revocation)).0.unwrap();
    }
    let later = UnixTime::from_secs(NOW.as_secs() + 601);
    assert_eq!(finish(list.purge(later)).0.unwrap(), many);
    let step = list.inner.table.longest_step.load(Ordering::SeqCst);
    assert!((1..=limits::REVOCATIONS_STEP).contains(&step), "{step}");
}
