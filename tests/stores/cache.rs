//! The read cache before a slow store: what it spares, and what it must not keep.

use std::future::Future;
use std::pin::Pin;
use std::pin::pin;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::task::Context;
use std::task::Poll;
use std::task::Waker;
use std::time::Duration;

use bearergate::api_key::{
    ApiKeyChange, ApiKeyId, ApiKeyQuery, ApiKeyRecord, ApiKeyStore, KeyDigest, NewApiKey,
    PepperedDigest,
};
use bearergate::clock::{FakeClock, UnixTime};
use bearergate::credential::PresentedCredential;
use bearergate::error::{ConfigErrorKind, StoreError, StoreErrorKind};
use bearergate::grant::store::{Lookup, RevocationRecord};
use bearergate::session::{NewSession, SessionManager, SessionStore};
use bearergate::stores::{
    CachedApiKeyStore, CachedSessionStore, MemoryApiKeyStore, MemoryGrantStore, ReadCache,
    SqliteStore,
};
use bearergate::{ApiKeyValidator, NowOrLater, RejectionKind, TokenValidator, limits, testing};

use crate::common::Folder;
use crate::common::NAME;
use crate::common::NOW;
use crate::common::Service;
use crate::common::ring;
use crate::common::wait;

/// The default of `ReadCache::staleness`.
const STALENESS: Duration = Duration::from_secs(5);

/// How long a cache bypasses the records of a change whose caller was cancelled.
const DOUBT: Duration = Duration::from_secs(60);

const SECOND: Duration = Duration::from_secs(1);

/// A store that counts what it is asked, and can be held between its work and its answer.
#[derive(Debug)]
struct Slow {
    store: MemoryApiKeyStore,
    asked: AtomicUsize,
    touched: AtomicUsize,
    fails: Mutex<bool>,
    held: Arc<Mutex<bool>>,
}

impl Slow {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            store: MemoryApiKeyStore::new(100_000).unwrap(),
            asked: AtomicUsize::new(0),
            touched: AtomicUsize::new(0),
            fails: Mutex::new(false),
            held: Arc::new(Mutex::new(false)),
        })
    }

    fn hold(&self, is_held: bool) {
        *self.held.lock().unwrap() = is_held;
    }

    fn fail(&self, fails: bool) {
        *self.fails.lock().unwrap() = fails;
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    fn answer<'a, T>(&self, answer: NowOrLater<'a, Result<T, StoreError>>) -> Answer<'a, T>
    where
        T: Send + 'a,
    {
        let held = self.held.clone();
        if *self.fails.lock().unwrap() {
            return NowOrLater::now(Err(StoreErrorKind::Unavailable.into()));
        }
        if !*held.lock().unwrap() {
            return answer;
        }
        let answer = answer.try_now().unwrap();
        NowOrLater::later(async move {
            std::future::poll_fn(|_| match *held.lock().unwrap() {
                true => Poll::Pending,
                false => Poll::Ready(()),
            })
            .await;
            answer
        })
    }
}

type Answer<'a, T> = NowOrLater<'a, Result<T, StoreError>>;

impl ApiKeyStore for Slow {
    fn find(&self, id: ApiKeyId) -> Answer<'_, Option<ApiKeyRecord>> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        self.answer(self.store.find(id))
    }

    fn find_by_digest(&self, digest: KeyDigest) -> Answer<'_, Option<ApiKeyRecord>> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        self.answer(self.store.find_by_digest(digest))
    }

    fn list(&self, query: ApiKeyQuery) -> Answer<'_, Vec<ApiKeyRecord>> {
        self.answer(self.store.list(query))
    }

    fn commit(&self, changes: Vec<ApiKeyChange>) -> Answer<'_, ()> {
        self.answer(self.store.commit(changes))
    }

    fn touch(&self, id: ApiKeyId, now: UnixTime) {
        self.touched.fetch_add(1, Ordering::SeqCst);
        self.store.touch(id, now);
    }
}

/// One process with a cache, and another one that changes the store beside it.
struct Scene {
    slow: Arc<Slow>,
    cached: Arc<CachedApiKeyStore>,
    clock: FakeClock,
    ours: Service,
    theirs: Service,
}

fn scene() -> Scene {
    scene_of(ReadCache::new())
}

fn scene_of(cache: ReadCache) -> Scene {
    let slow = Slow::new();
    let clock = FakeClock::at(NOW);
    let cached = CachedApiKeyStore::new(slow.clone(), cache.clock(clock.clone()));
    let cached = Arc::new(cached.unwrap());
    let grants = Arc::new(MemoryGrantStore::new(1));
    Scene {
        ours: Service::of(cached.clone(), grants.clone(), grants.clone()),
        theirs: Service::of(slow.clone(), grants.clone(), grants),
        slow,
        cached,
        clock,
    }
}

impl Scene {
    fn create(&self) -> ApiKeyId {
        let draft = NewApiKey::new("alice").never_expires();
        wait(self.ours.keys.create(draft)).unwrap().record.id()
    }

    fn find(&self, id: ApiKeyId) -> Option<ApiKeyRecord> {
        wait(self.cached.find(id)).unwrap()
    }

    fn is_good(&self, id: ApiKeyId) -> bool {
        self.find(id).is_some_and(|record| !record.is_disabled())
    }

    /// How often the store is asked while `f` runs.
    fn asks(&self, f: impl FnOnce()) -> usize {
        let before = self.slow.asked();
        f();
        self.slow.asked() - before
    }
}

fn poll<T>(future: &mut (impl Future<Output = T> + Unpin)) -> Poll<T> {
    Pin::new(future).poll(&mut Context::from_waker(Waker::noop()))
}

#[test]
fn cached_stores_conform() {
    let clock = FakeClock::at(NOW);
    let cache = || ReadCache::new().clock(clock.clone());
    let keys = Arc::new(MemoryApiKeyStore::new(10_000).unwrap());
    let keys = CachedApiKeyStore::new(keys, cache()).unwrap();
    wait(testing::api_key_store(&keys)).unwrap();
    let sessions = Arc::new(MemoryGrantStore::new(10_000));
    let sessions = CachedSessionStore::new(sessions, cache()).unwrap();
    wait(testing::session_store(&sessions)).unwrap();

    let folder = Folder::new();
    let file = || Arc::new(SqliteStore::open(folder.path("a.db")).unwrap());
    let keys = CachedApiKeyStore::new(file(), cache()).unwrap();
    wait(testing::api_key_store(&keys)).unwrap();
    let sessions = CachedSessionStore::new(file(), cache()).unwrap();
    wait(testing::session_store(&sessions)).unwrap();
}

#[test]
fn a_record_is_asked_for_once_until_it_is_stale() {
    let scene = scene();
    let id = scene.create();
    let ask = || assert!(scene.is_good(id));
    assert_eq!(scene.asks(ask), 1);
    assert_eq!(scene.asks(ask), 0);
    scene.clock.advance(STALENESS - SECOND);
    assert_eq!(scene.asks(ask), 0);
    scene.clock.advance(SECOND);
    assert_eq!(scene.asks(ask), 1);
    assert_eq!(scene.asks(ask), 0);
}

#[test]
fn a_hit_is_ready_and_allocates_nothing() {
    let scene = scene();
    let id = scene.create();
    assert!(scene.is_good(id));
    let allocations = allocation_counter::measure(|| {
        let found = scene.cached.find(id).try_now().unwrap().unwrap();
        assert!(found.is_some());
    });
    assert_eq!(allocations.count_total, 0);
}

#[test]
fn a_revocation_elsewhere_is_seen_when_the_staleness_is_over() {
    let scene = scene();
    let id = scene.create();
    assert!(scene.is_good(id));
    wait(scene.theirs.keys.revoke(id, "test")).unwrap();
    scene.clock.advance(STALENESS - SECOND);
    assert!(scene.is_good(id));
    scene.clock.advance(SECOND);
    assert!(!scene.is_good(id));
}

#[test]
fn a_revocation_here_is_seen_at_once() {
    let scene = scene();
    let id = scene.create();
    assert!(scene.is_good(id));
    wait(scene.ours.keys.revoke(id, "test")).unwrap();
    assert!(!scene.is_good(id));
}

#[test]
fn what_is_not_there_and_what_fails_is_not_remembered() {
    let scene = scene();
    let draft = NewApiKey::new("alice").never_expires();
    let id = wait(scene.theirs.keys.create(draft)).unwrap().record.id();
    let other = "0123456789ABCDEF".parse().unwrap();
    assert!(scene.find(other).is_none());
    assert_eq!(scene.asks(|| assert!(scene.find(other).is_none())), 1);
    scene.slow.fail(true);
    assert!(wait(scene.cached.find(id)).is_err());
    scene.slow.fail(false);
    assert!(scene.is_good(id));
    scene.slow.fail(true);
    assert!(scene.is_good(id));
    scene.clock.advance(STALENESS);
    assert!(
        wait(scene.cached.find(id)).is_err(),
        "no stale answer in place of none"
    );
}

#[test]
fn an_answer_from_before_a_change_is_not_remembered_after_it() {
    let scene = scene();
    let id = scene.create();
    scene.slow.hold(true);
    let mut found = scene.cached.find(id);
    assert!(poll(&mut found).is_pending());
    // The store has read the old record, and its answer is on the way.
    scene.slow.hold(false);
    wait(scene.ours.keys.revoke(id, "test")).unwrap();
    let old = wait(found).unwrap().unwrap();
    assert!(!old.is_disabled());
    assert!(!scene.is_good(id));
}

#[test]
fn nothing_is_remembered_while_a_change_is_under_way() {
    let scene = scene();
    let id = scene.create();
    let record = scene.find(id).unwrap();
    let before = scene.find(id).unwrap();
    let mut parts = record.to_parts();
    parts.version += 1;
    parts.disabled = Some(bearergate::api_key::Disabled::new(NOW, "test"));
    let change = ApiKeyChange::Replace(ApiKeyRecord::from_parts(parts).unwrap());
    scene.slow.hold(true);
    let mut commit = scene.cached.commit(vec![change]);
    assert!(poll(&mut commit).is_pending());
    scene.slow.hold(false);
    assert_eq!(scene.asks(|| drop(scene.find(id))), 1);
    assert_eq!(scene.asks(|| drop(scene.find(id))), 1);
    wait(commit).unwrap();
    assert_eq!(scene.asks(|| assert!(!scene.is_good(id))), 1);
    assert_eq!(scene.asks(|| assert!(!scene.is_good(id))), 0);
    assert!(!before.is_disabled());
}

#[test]
fn a_change_whose_caller_went_away_is_in_doubt_for_a_minute() {
    let scene = scene();
    let id = scene.create();
    assert!(scene.is_good(id));
    scene.slow.hold(true);
    let mut revoked = Box::pin(scene.ours.keys.revoke(id, "test"));
    // The manager reads, from the cache, and then commits.
    assert!(poll(&mut revoked).is_pending());
    drop(revoked);
    scene.slow.hold(false);
    let ask = || drop(scene.find(id));
    assert_eq!(scene.asks(ask), 1);
    assert_eq!(scene.asks(ask), 1);
    scene.clock.advance(DOUBT);
    assert_eq!(scene.asks(ask), 1);
    assert_eq!(scene.asks(ask), 0);
}

#[test]
fn entries_are_bounded() {
    let scene = scene_of(ReadCache::new().entries(64));
    let ids: Vec<_> = (0..1_000).map(|_| scene.create()).collect();
    for id in &ids {
        assert!(scene.is_good(*id));
    }
    let asked = scene.asks(|| assert!(ids.iter().all(|id| scene.is_good(*id))));
    assert!(asked >= 1_000 - 64, "{asked}");
    let last = *ids.last().unwrap();
    assert_eq!(scene.asks(|| assert!(scene.is_good(last))), 0);
}

#[test]
fn without_a_time_or_with_one_that_went_back_the_store_is_asked() {
    let scene = scene();
    let id = scene.create();
    let ask = || assert!(scene.is_good(id));
    ask();
    scene.clock.stop();
    assert_eq!(scene.asks(ask), 1);
    scene.clock.set(NOW);
    assert_eq!(scene.asks(ask), 0);
    scene.clock.set(UnixTime::from_secs(NOW.as_secs() - 1));
    assert_eq!(scene.asks(ask), 1);
}

#[test]
fn a_foreign_key_is_remembered_and_forgotten_too() {
    let scene = scene();
    let id = scene.create();
    let mut parts = scene.find(id).unwrap().to_parts();
    (parts.version, parts.is_legacy) = (2, true);
    let digest = *parts.digest.digest();
    let foreign = ApiKeyRecord::from_parts(parts.clone()).unwrap();
    wait(scene.cached.commit(vec![ApiKeyChange::Replace(foreign)])).unwrap();
    let find = || wait(scene.cached.find_by_digest(digest)).unwrap();
    for _ in 0..3 {
        assert!(find().is_some());
    }
    assert_eq!(scene.asks(|| assert!(find().is_some())), 0);
    scene.clock.advance(STALENESS);
    assert_eq!(scene.asks(|| assert!(find().is_some())), 1);
    assert_eq!(scene.asks(|| assert!(find().is_some())), 0);
    wait(scene.ours.keys.revoke(id, "test")).unwrap();
    assert!(find().unwrap().is_disabled());
    // A key that was digested anew is found by its old digest no more.
    let mut parts = scene.find(id).unwrap().to_parts();
    parts.version += 1;
    parts.digest = PepperedDigest::sha256([9; 32]);
    let anew = ApiKeyRecord::from_parts(parts).unwrap();
    wait(scene.cached.commit(vec![ApiKeyChange::Replace(anew)])).unwrap();
    assert!(scene.find(id).is_some());
    assert!(find().is_none());
}

#[test]
fn a_use_is_noted_once_a_minute_also_behind_the_cache() {
    let scene = scene();
    let issued = wait(
        scene
            .ours
            .keys
            .create(NewApiKey::new("alice").never_expires()),
    )
    .unwrap();
    let key = issued.key.reveal();
    let judge = ApiKeyValidator::builder(ring(), scene.cached.clone())
        .build()
        .unwrap();
    let uses = |secs| {
        let now = NOW.saturating_add(Duration::from_secs(secs));
        let presented = PresentedCredential::bearer(&key).unwrap().at(now);
        assert!(wait(judge.validate(&presented)).is_ok());
        scene.slow.touched.load(Ordering::SeqCst)
    };
    assert_eq!(
        [uses(0), uses(1), uses(2), uses(59), uses(60), uses(61)],
        [1, 1, 1, 1, 2, 2]
    );
}

#[test]
fn a_session_marked_here_ends_at_once_and_one_marked_elsewhere_when_stale() {
    let store = Arc::new(MemoryGrantStore::new(100));
    let clock = FakeClock::at(NOW);
    let cache = ReadCache::new().clock(clock.clone());
    let cached = Arc::new(CachedSessionStore::new(store.clone(), cache).unwrap());
    let manage = |store: Arc<dyn SessionStore>| {
        let builder = SessionManager::builder(store, NAME).clock(clock.clone());
        builder.build().unwrap()
    };
    let (ours, theirs) = (manage(cached.clone()), manage(store.clone()));
    let cookie = bearergate::session::SessionCookie::new("__Host-session").unwrap();
    let judge = ours.validator(&cookie);
    let begin = |subject: &str| {
        let issued = wait(ours.create(NewSession::new(subject))).unwrap();
        let id = issued.secret.reveal();
        assert!(is_good(&judge, &id, &clock).is_ok());
        (id, issued.record)
    };
    let revoked = Err(RejectionKind::TokenRevoked);

    let (id, session) = begin("alice");
    let (other, _) = begin("bob");
    wait(ours.revoke(&session)).unwrap();
    assert_eq!(is_good(&judge, &id, &clock), revoked);
    assert_eq!(is_good(&judge, &other, &clock), Ok(()));
    let (id, _) = begin("alice");
    wait(ours.revoke_subject("alice")).unwrap();
    assert_eq!(is_good(&judge, &id, &clock), revoked);

    let (id, session) = begin("alice");
    wait(theirs.revoke(&session)).unwrap();
    clock.advance(STALENESS - SECOND);
    assert_eq!(is_good(&judge, &id, &clock), Ok(()));
    clock.advance(SECOND);
    assert_eq!(is_good(&judge, &id, &clock), revoked);
}

fn is_good(judge: &impl TokenValidator, id: &str, clock: &FakeClock) -> Result<(), RejectionKind> {
    let now = bearergate::clock::Clock::now(clock).unwrap();
    let presented = PresentedCredential::bearer(id).unwrap().at(now);
    let verdict = wait(judge.validate(&presented));
    verdict.map(drop).map_err(|rejection| rejection.kind())
}

#[test]
fn an_answer_about_a_session_from_before_a_mark_is_not_remembered_after_it() {
    let folder = Folder::new();
    let path = folder.path("a.db");
    let file = Arc::new(SqliteStore::builder(&path).readers(1).open().unwrap());
    let cache = ReadCache::new().clock(FakeClock::at(NOW));
    let cached = CachedSessionStore::new(file, cache).unwrap();
    let digest = bearergate::grant::store::TokenDigest::new([7; 32]);
    let ends = NOW.saturating_add(Duration::from_secs(100));
    let grant =
        bearergate::grant::Grant::new(NAME, "alice", NOW).with_lifetime(ends, Duration::MAX);
    wait(cached.create(bearergate::session::SessionRecord::new(digest, grant))).unwrap();
    let mut found = pin!(cached.find(digest));
    // Asked before the revocation; answered, perhaps, before it is written, but read after it.
    let early = poll(&mut found);
    let record = RevocationRecord::subject(NAME, "alice", NOW);
    wait(bearergate::grant::GrantStore::revoke(&cached, record)).unwrap();
    if early.is_pending() {
        wait(found).unwrap();
    }
    assert_eq!(wait(cached.find(digest)).unwrap(), Lookup::Revoked);
}

#[test]
fn numbers_out_of_range_are_refused() {
    let store = || Arc::new(MemoryApiKeyStore::new(1).unwrap());
    let long = limits::CACHE_STALENESS_MAX + SECOND;
    for (bad, field) in [
        (ReadCache::new().staleness(Duration::ZERO), "staleness"),
        (ReadCache::new().staleness(long), "staleness"),
        (ReadCache::new().entries(0), "entries"),
        (
            ReadCache::new().entries(limits::CACHE_ENTRIES_MAX + 1),
            "entries",
        ),
    ] {
        let error = CachedApiKeyStore::new(store(), bad).unwrap_err();
        assert_eq!(
            (error.kind(), error.field()),
            (ConfigErrorKind::OutOfRange, field)
        );
    }
    let least = ReadCache::new().staleness(SECOND).entries(1);
    assert!(CachedApiKeyStore::new(store(), least).is_ok());
}
