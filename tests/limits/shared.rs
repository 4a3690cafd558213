//! Limits whose state is in a store: rates that nodes share, and quotas.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bearergate::clock::UnixTime;
use bearergate::error::{StoreError, StoreErrorKind};
use bearergate::limit::{
    Ask, By, Charges, Exceeded, Limit, Limits, Outage, Quota, Rate, RateKey, RateStore, Taken,
};
use bearergate::secret::Secret;
use bearergate::secret_source::SecretSource;
use bearergate::stores::MemoryUsageStore;
use bearergate::{NowOrLater, RejectionKind};

use crate::common::{SECOND, alice, caller, rate, small};

/// Buckets that never refill, in a store that has to be waited for.
#[derive(Debug, Default)]
struct Store {
    taken: Mutex<HashMap<RateKey, u32>>,
    calls: AtomicU32,
    is_down: AtomicBool,
}

impl RateStore for Store {
    fn take<'a>(
        &'a self,
        key: &'a RateKey,
        rate: Rate,
        want: u32,
        least: u32,
    ) -> NowOrLater<'a, Result<Taken, StoreError>> {
        NowOrLater::later(async move {
            self.calls.fetch_add(1, Ordering::Relaxed);
            if self.is_down.load(Ordering::Relaxed) {
                return Err(StoreError::new(StoreErrorKind::Unavailable));
            }
            let mut all = self.taken.lock().unwrap();
            let taken = all.entry(*key).or_default();
            let left = rate.burst_cells() - *taken;
            if left < least {
                return Ok(Taken::new(0, SECOND * 5, left));
            }
            let cells = want.min(left);
            *taken += cells;
            Ok(Taken::new(cells, Duration::ZERO, left - cells))
        })
    }
}

fn at(secs: u64) -> Ask<'static> {
    Ask::new(
        SECOND * secs as u32,
        UnixTime::from_secs(1_760_000_000 + secs),
    )
}

pub(crate) fn run<T>(future: impl Future<Output = T>) -> T {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    runtime.enable_all().build().unwrap().block_on(future)
}

fn ask(limits: &Limits, wanted: Ask<'_>) -> Result<Charges, Exceeded> {
    run(async { limits.ask(&wanted).await })
}

fn pass(limits: &Limits, wanted: Ask<'_>) -> Result<(), RejectionKind> {
    let charges = ask(limits, wanted);
    charges
        .map(|mut charges| charges.keep())
        .map_err(|over| over.kind())
}

fn passes(limits: &Limits, wanted: Ask<'_>) -> u32 {
    (0..).take_while(|_| pass(limits, wanted).is_ok()).count() as u32
}

fn node(store: &Arc<Store>, limit: Limit) -> Limits {
    let limit = limit.shared_by(Arc::clone(store) as Arc<dyn RateStore>, 2);
    small().limit(limit).build().unwrap()
}

#[test]
fn nodes_that_share_a_limit_have_one_bucket_together() {
    let store = Arc::new(Store::default());
    let limit = || Limit::rate("one", rate("100/h"));
    let [first, second] = [node(&store, limit()), node(&store, limit())];
    let (alice, bob) = (alice(), caller("idp", "bob"));
    let of = |principal| at(1).with_principal(principal);
    let mut passed = 0;
    for _ in 0..100 {
        passed += u32::from(pass(&first, of(&alice)).is_ok());
        passed += u32::from(pass(&second, of(&alice)).is_ok());
    }
    assert!((80..=100).contains(&passed), "{passed}");
    assert_eq!(pass(&first, of(&alice)), Err(RejectionKind::RateLimited));
    assert_eq!(pass(&first, of(&bob)), Ok(()));
    let over = ask(&first, of(&alice)).unwrap_err();
    assert!(over.wait().unwrap() <= SECOND * 5);
    assert_eq!(over.standing().unwrap().limit(), "one");
    assert_eq!(store.taken.lock().unwrap().len(), 2);
}

#[test]
fn a_node_counts_its_share_while_the_store_is_down() {
    let store = Arc::new(Store::default());
    store.is_down.store(true, Ordering::Relaxed);
    let limits = node(&store, Limit::rate("one", rate("100/h")));
    let principal = alice();
    assert_eq!(passes(&limits, at(1).with_principal(&principal)), 50);
}

#[test]
fn a_limit_may_refuse_while_the_store_is_down() {
    let store = Arc::new(Store::default());
    store.is_down.store(true, Ordering::Relaxed);
    let limit = Limit::rate("one", rate("100/h")).on_outage(Outage::Refuse);
    let limits = node(&store, limit);
    let principal = alice();
    let wanted = at(1).with_principal(&principal);
    assert_eq!(pass(&limits, wanted), Err(RejectionKind::Unavailable));
    let over = ask(&limits, wanted).unwrap_err();
    assert_eq!(over.retry_after(), Some(SECOND));
    store.is_down.store(false, Ordering::Relaxed);
    assert_eq!(pass(&limits, at(10).with_principal(&principal)), Ok(()));
}

#[test]
fn a_remembered_refusal_is_kept_unless_the_limit_was_changed() {
    let store = Arc::new(Store::default());
    let shared = |text| {
        let limit = Limit::rate("one", rate(text));
        small().limit(limit.shared_by(Arc::clone(&store) as Arc<dyn RateStore>, 2))
    };
    let limits = shared("100/h").build().unwrap();
    let principal = alice();
    let wanted = at(1).with_principal(&principal);
    assert_eq!(passes(&limits, wanted), 100);
    let calls = store.calls.load(Ordering::Relaxed);
    limits.replace(&shared("100/h")).unwrap();
    assert_eq!(passes(&limits, wanted), 0);
    assert_eq!(store.calls.load(Ordering::Relaxed), calls);
    limits.replace(&shared("200/h")).unwrap();
    assert_eq!(passes(&limits, wanted), 100);
}

fn quotas(limits: impl IntoIterator<Item = Limit>) -> Limits {
    let builder = small().usage(MemoryUsageStore::new(1_000).unwrap());
    let builder = limits
        .into_iter()
        .fold(builder, |all, limit| all.limit(limit));
    builder.build().unwrap()
}

#[test]
fn the_nth_request_of_a_quota_passes_and_the_next_waits_for_the_window() {
    let limits = quotas([Limit::quota("daily", Quota::per_day(3))]);
    let principal = alice();
    let wanted = at(0).with_principal(&principal).with_cost(2);
    assert_eq!(passes(&limits, wanted), 3);
    let over = ask(&limits, wanted).unwrap_err();
    assert_eq!(
        (over.kind(), over.limit()),
        (RejectionKind::QuotaExhausted, "daily")
    );
    // 2025-10-09T08:53:20Z: the day has 15:06:40 left.
    let rest = SECOND * (15 * 3_600 + 6 * 60 + 40);
    assert_eq!(over.wait(), Some(rest));
    let retry = over.retry_after().unwrap();
    assert!((rest..=rest + SECOND * 30).contains(&retry), "{retry:?}");
    assert_eq!(
        pass(&limits, at(rest.as_secs()).with_principal(&principal)),
        Ok(())
    );
}

#[test]
fn only_requests_that_pass_everywhere_take_from_a_quota_and_refunds_give_back() {
    let limits = quotas([
        Limit::quota("daily", Quota::per_day(3)),
        Limit::rate("writes", rate("1/h")).class("writes"),
    ]);
    let principal = alice();
    let wanted = at(0).with_principal(&principal);
    let writes = wanted.with_class("writes");
    assert_eq!(pass(&limits, writes), Ok(()));
    for _ in 0..5 {
        assert_eq!(pass(&limits, writes), Err(RejectionKind::RateLimited));
        drop(ask(&limits, wanted).unwrap());
        let mut charges = ask(&limits, wanted).unwrap();
        charges.keep();
        charges.refund();
    }
    assert_eq!(passes(&limits, wanted), 2);
}

#[test]
fn two_limits_of_one_quota_take_once() {
    let quota = || Quota::per_day(4).named("calls");
    let limits = quotas([
        Limit::quota("first", quota()),
        Limit::quota("second", quota()),
    ]);
    let principal = alice();
    assert_eq!(passes(&limits, at(0).with_principal(&principal)), 4);
}

#[test]
fn a_shadow_quota_refuses_nothing() {
    let limits = quotas([
        Limit::quota("daily", Quota::per_day(1)).shadow(),
        Limit::rate("real", rate("5/h")).by(By::Everyone),
    ]);
    let principal = alice();
    assert_eq!(passes(&limits, at(0).with_principal(&principal)), 5);
    run(async { limits.flush(UnixTime::from_secs(1_760_000_000)).await }).unwrap();
}

#[test]
fn keys_in_a_store_are_made_under_the_secret_of_the_nodes() {
    let key_of = |secret: Option<u8>| {
        let store = Arc::new(Store::default());
        let limit = Limit::rate("one", rate("10/m")).shared_by(Arc::clone(&store) as _, 2);
        let mut builder = small().limit(limit);
        if let Some(byte) = secret {
            let read = move || Ok::<_, std::io::Error>(Secret::new(vec![byte; 32]));
            builder = builder.shared_key(SecretSource::from_fn("test", read));
        }
        let (limits, principal) = (builder.build().unwrap(), alice());
        run(limits.ask(&at(1).with_principal(&principal)))
            .unwrap()
            .keep();
        let taken = store.taken.lock().unwrap();
        *taken.keys().next().unwrap()
    };
    assert_eq!(
        key_of(Some(1)),
        key_of(Some(1)),
        "every node makes the same"
    );
    assert_ne!(key_of(Some(1)), key_of(Some(2)));
    assert_ne!(key_of(Some(1)), key_of(None));
}

#[test]
fn a_secret_that_is_too_short_is_refused() {
    for (bytes, expected) in [(31, Some("shared_key")), (32, None)] {
        let store = Arc::new(Store::default());
        let limit = Limit::rate("one", rate("10/m")).shared_by(store, 2);
        let read = move || Ok::<_, std::io::Error>(Secret::new(vec![7; bytes]));
        let builder = small().limit(limit);
        let built = builder
            .shared_key(SecretSource::from_fn("test", read))
            .build();
        assert_eq!(built.err().map(|error| error.field()), expected);
    }
}
