//! The cache in front of a slow store: which calls it saves, and what it must not keep.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bearergate::api_key::store::{ApiKeyChange, ApiKeyQuery};
use bearergate::api_key::{ApiKeyId, ApiKeyRecord, ApiKeyStore, NewApiKey, PepperedDigest};
use bearergate::clock::{FakeClock, UnixTime};
use bearergate::credential::PresentedCredential;
use bearergate::environment::Environment;
use bearergate::error::{ConfigErrorKind, StoreError, StoreErrorKind};
use bearergate::grant::store::{
    Created, Lookup, RevocationRecord, Sequence, SessionHandle, SubjectLimit, TokenDigest,
};
use bearergate::grant::{Grant, GrantStore};
use bearergate::http_client::Spawn;
use bearergate::session::{NewSession, SessionManager, SessionRecord, SessionStore};
use bearergate::stores::{Cached, CachedBuilder, MemoryApiKeyStore, MemoryGrantStore, SqliteStore};
use bearergate::{ApiKeyValidator, NowOrLater, RejectionKind, TokenValidator, limits, testing};

use crate::common::{Folder, NAME, NOW, Service, scheme, wait};

/// The default of `CachedBuilder::staleness`.
const STALENESS: Duration = Duration::from_secs(5);

/// How long a cache bypasses what a lost change names.
const DOUBT: Duration = Duration::from_secs(60);

const SECOND: Duration = Duration::from_secs(1);

/// A store that counts its calls, and can be held between its work and its answer.
#[derive(Debug)]
struct SlowStore {
    store: MemoryApiKeyStore,
    reads: AtomicUsize,
    touches: AtomicUsize,
    fails: Mutex<bool>,
    held: Arc<Mutex<bool>>,
}

impl SlowStore {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            store: MemoryApiKeyStore::new(100_000).unwrap(),
            reads: AtomicUsize::new(0),
            touches: AtomicUsize::new(0),
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

    fn reads(&self) -> usize {
        self.reads.load(Ordering::SeqCst)
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

impl ApiKeyStore for SlowStore {
    fn find(&self, id: ApiKeyId) -> Answer<'_, Option<ApiKeyRecord>> {
        self.reads.fetch_add(1, Ordering::SeqCst);
        self.answer(self.store.find(id))
    }

    fn find_by_digest(&self, digest: PepperedDigest) -> Answer<'_, Option<ApiKeyRecord>> {
        self.reads.fetch_add(1, Ordering::SeqCst);
        self.answer(self.store.find_by_digest(digest))
    }

    fn list(&self, query: ApiKeyQuery) -> Answer<'_, Vec<ApiKeyRecord>> {
        self.answer(self.store.list(query))
    }

    fn commit(&self, changes: Vec<ApiKeyChange>) -> Answer<'_, ()> {
        self.answer(self.store.commit(changes))
    }

    fn touch(&self, id: ApiKeyId, now: UnixTime) {
        self.touches.fetch_add(1, Ordering::SeqCst);
        self.store.touch(id, now);
    }
}

/// A process with a cache, and another process that changes the same store without it.
struct Scene {
    slow: Arc<SlowStore>,
    cached: Arc<Cached<SlowStore>>,
    clock: FakeClock,
    here: Service,
    elsewhere: Service,
}

fn scene() -> Scene {
    scene_with(|builder| builder)
}

fn scene_with(configure: fn(CachedBuilder<SlowStore>) -> CachedBuilder<SlowStore>) -> Scene {
    let slow = SlowStore::new();
    let clock = FakeClock::at(NOW);
    let builder = configure(Cached::builder(slow.clone()));
    let cached = Arc::new(builder.clock(clock.clone()).build().unwrap());
    let grants = Arc::new(MemoryGrantStore::new(1));
    Scene {
        here: Service::of(cached.clone(), grants.clone(), grants.clone()),
        elsewhere: Service::of(slow.clone(), grants.clone(), grants),
        slow,
        cached,
        clock,
    }
}

impl Scene {
    fn create(&self) -> ApiKeyId {
        let draft = NewApiKey::new("alice").never_expires();
        wait(self.here.keys.create(draft)).unwrap().record.id()
    }

    fn find(&self, id: ApiKeyId) -> Option<ApiKeyRecord> {
        wait(self.cached.find(id)).unwrap()
    }

    fn is_valid(&self, id: ApiKeyId) -> bool {
        self.find(id).is_some_and(|record| !record.is_disabled())
    }

    /// Returns how often the store is read while `f` runs.
    fn reads(&self, f: impl FnOnce()) -> usize {
        let before = self.slow.reads();
        f();
        self.slow.reads() - before
    }
}

fn poll<T>(future: &mut (impl Future<Output = T> + Unpin)) -> Poll<T> {
    Pin::new(future).poll(&mut Context::from_waker(Waker::noop()))
}

#[test]
fn cached_stores_keep_the_contract() {
    let clock = FakeClock::at(NOW);
    let keys = Arc::new(MemoryApiKeyStore::new(10_000).unwrap());
    let keys = Cached::builder(keys).clock(clock.clone()).build().unwrap();
    wait(testing::api_key_store(&keys)).unwrap();
    let sessions = Arc::new(MemoryGrantStore::new(10_000));
    let sessions = Cached::builder(sessions).clock(clock.clone()).build();
    wait(testing::session_store(&sessions.unwrap())).unwrap();

    let folder = Folder::new();
    let file = Arc::new(SqliteStore::open(folder.path("a.db")).unwrap());
    let file = Cached::builder(file).clock(clock).build().unwrap();
    wait(testing::api_key_store(&file)).unwrap();
    wait(testing::session_store(&file)).unwrap();
}

#[test]
fn record_is_read_once_until_it_is_stale() {
    let scene = scene();
    let id = scene.create();
    let read = || assert!(scene.is_valid(id));
    assert_eq!(scene.reads(read), 1);
    assert_eq!(scene.reads(read), 0);
    scene.clock.advance(STALENESS - SECOND);
    assert_eq!(scene.reads(read), 0);
    scene.clock.advance(SECOND);
    assert_eq!(scene.reads(read), 1);
    assert_eq!(scene.reads(read), 0);
}

#[test]
fn hit_is_ready_and_allocates_nothing() {
    let scene = scene();
    let id = scene.create();
    assert!(scene.is_valid(id));
    let allocations = allocation_counter::measure(|| {
        let found = scene.cached.find(id).try_now().unwrap().unwrap();
        assert!(found.is_some());
    });
    assert_eq!(allocations.count_total, 0);
}

#[test]
fn revocation_by_another_process_is_seen_after_the_staleness() {
    let scene = scene();
    let id = scene.create();
    assert!(scene.is_valid(id));
    wait(scene.elsewhere.keys.revoke(id, "test")).unwrap();
    scene.clock.advance(STALENESS - SECOND);
    assert!(scene.is_valid(id));
    scene.clock.advance(SECOND);
    assert!(!scene.is_valid(id));
}

#[test]
fn revocation_by_this_process_is_seen_at_once() {
    let scene = scene();
    let id = scene.create();
    assert!(scene.is_valid(id));
    wait(scene.here.keys.revoke(id, "test")).unwrap();
    assert!(!scene.is_valid(id));
}

#[test]
fn missing_records_and_errors_are_not_cached() {
    let scene = scene();
    let draft = NewApiKey::new("alice").never_expires();
    let id = wait(scene.elsewhere.keys.create(draft))
        .unwrap()
        .record
        .id();
    let other = "0123456789ABCDEF".parse().unwrap();
    assert!(scene.find(other).is_none());
    assert_eq!(scene.reads(|| assert!(scene.find(other).is_none())), 1);
    scene.slow.fail(true);
    assert!(wait(scene.cached.find(id)).is_err());
    scene.slow.fail(false);
    assert!(scene.is_valid(id));
    scene.slow.fail(true);
    assert!(scene.is_valid(id));
    scene.clock.advance(STALENESS);
    assert!(
        wait(scene.cached.find(id)).is_err(),
        "a stale answer does not replace an error"
    );
}

#[test]
fn answer_from_before_a_change_is_not_cached() {
    let scene = scene();
    let id = scene.create();
    scene.slow.hold(true);
    let mut found = scene.cached.find(id);
    assert!(poll(&mut found).is_pending());
    // The store has read the old record, but not answered yet.
    scene.slow.hold(false);
    wait(scene.here.keys.revoke(id, "test")).unwrap();
    let old = wait(found).unwrap().unwrap();
    assert!(!old.is_disabled());
    assert!(!scene.is_valid(id));
}

#[test]
fn nothing_is_cached_during_a_change() {
    let scene = scene();
    let id = scene.create();
    let record = scene.find(id).unwrap();
    let before = scene.find(id).unwrap();
    let mut row = record.to_row();
    row.version += 1;
    row.disabled = Some(bearergate::api_key::store::Disabled::new(NOW, "test"));
    let change = ApiKeyChange::Replace(ApiKeyRecord::from_row(row).unwrap());
    scene.slow.hold(true);
    let mut commit = scene.cached.commit(vec![change]);
    assert!(poll(&mut commit).is_pending());
    scene.slow.hold(false);
    assert_eq!(scene.reads(|| drop(scene.find(id))), 1);
    assert_eq!(scene.reads(|| drop(scene.find(id))), 1);
    wait(commit).unwrap();
    assert_eq!(scene.reads(|| assert!(!scene.is_valid(id))), 1);
    assert_eq!(scene.reads(|| assert!(!scene.is_valid(id))), 0);
    assert!(!before.is_disabled());
}

/// Revokes a key while the store is held, and stops waiting for it.
fn abandon_revocation(scene: &Scene, id: ApiKeyId) {
    assert!(scene.is_valid(id));
    scene.slow.hold(true);
    let mut revoked = Box::pin(scene.here.keys.revoke(id, "test"));
    // The manager reads, from the cache, and then commits.
    assert!(poll(&mut revoked).is_pending());
    drop(revoked);
    scene.slow.hold(false);
}

#[test]
fn a_cancelled_change_runs_to_its_end_with_the_next_call_and_costs_others_nothing() {
    let scene = scene();
    let [id, other] = [(); 2].map(|()| scene.create());
    assert!(scene.is_valid(id) && scene.is_valid(other));
    scene.slow.hold(true);
    let mut revoked = Box::pin(scene.here.keys.revoke(id, "test"));
    assert!(poll(&mut revoked).is_pending());
    drop(revoked);
    // The store has not answered: what the change names is read each time, the rest is cached.
    assert_eq!(scene.reads(|| assert!(scene.is_valid(other))), 0);
    let mut asked = scene.cached.find(id);
    assert!(poll(&mut asked).is_pending());
    scene.slow.hold(false);
    assert!(wait(asked).unwrap().is_some());
    // The next call drives the change to its end; the answer from before it was not cached.
    assert_eq!(scene.reads(|| assert!(!scene.is_valid(id))), 1);
    assert_eq!(scene.reads(|| assert!(!scene.is_valid(id))), 0);
    assert_eq!(scene.reads(|| assert!(scene.is_valid(other))), 0);
}

/// Keeps the tasks that it is given.
#[derive(Clone, Debug, Default)]
struct KeptTasks(Arc<Mutex<Vec<NowOrLater<'static, ()>>>>);

impl Spawn for KeptTasks {
    fn spawn(&self, task: NowOrLater<'static, ()>) {
        self.0.lock().unwrap().push(task);
    }
}

/// A process whose cache has a spawner.
fn scene_with_spawner() -> (Scene, KeptTasks) {
    let tasks = KeptTasks::default();
    let mut scene = scene();
    let environment = Environment::new()
        .clock(scene.clock.clone())
        .spawner(tasks.clone());
    let cached = Cached::builder(scene.slow.clone()).env(&environment);
    scene.cached = Arc::new(cached.build().unwrap());
    let grants = Arc::new(MemoryGrantStore::new(1));
    scene.here = Service::of(scene.cached.clone(), grants.clone(), grants);
    (scene, tasks)
}

#[test]
fn a_spawner_completes_a_change_whose_caller_stopped_waiting() {
    let (scene, tasks) = scene_with_spawner();
    let id = scene.create();
    assert!(scene.is_valid(id));
    wait(scene.here.keys.expire(id, NOW.saturating_add(DOUBT))).unwrap();
    assert!(
        tasks.0.lock().unwrap().is_empty(),
        "a waiting caller does it"
    );
    abandon_revocation(&scene, id);
    let read = || drop(scene.find(id));
    assert_eq!([scene.reads(read), scene.reads(read)], [1, 1]);
    let task = tasks.0.lock().unwrap().pop().unwrap();
    wait(task);
    assert_eq!([scene.reads(read), scene.reads(read)], [1, 0]);
    assert!(!scene.is_valid(id));
}

#[test]
fn nothing_is_cached_for_a_minute_of_what_a_lost_change_names() {
    let (scene, tasks) = scene_with_spawner();
    let [id, other] = [(); 2].map(|()| scene.create());
    abandon_revocation(&scene, id);
    drop(tasks.0.lock().unwrap().pop().unwrap());
    let read = || drop(scene.find(id));
    let read_other = || drop(scene.find(other));
    assert_eq!([scene.reads(read), scene.reads(read)], [1, 1]);
    assert_eq!([scene.reads(read_other), scene.reads(read_other)], [1, 0]);
    scene.clock.advance(DOUBT);
    assert_eq!([scene.reads(read), scene.reads(read)], [1, 0]);
}

/// Counts the reads of sessions, and can hold its changes back.
#[derive(Debug)]
struct SlowSessions {
    store: MemoryGrantStore,
    reads: AtomicUsize,
    is_held: Mutex<bool>,
}

impl SlowSessions {
    async fn wait(&self) {
        std::future::poll_fn(|_| match *self.is_held.lock().unwrap() {
            true => Poll::Pending,
            false => Poll::Ready(()),
        })
        .await;
    }
}

impl GrantStore for SlowSessions {
    fn revoke(&self, record: RevocationRecord) -> Answer<'_, ()> {
        NowOrLater::later(async move {
            self.wait().await;
            self.store.revoke(record).await
        })
    }

    fn is_revoked(&self, grant: Grant) -> Answer<'_, bool> {
        self.store.is_revoked(grant)
    }

    fn purge(&self, now: UnixTime) -> Answer<'_, usize> {
        self.store.purge(now)
    }
}

impl SessionStore for SlowSessions {
    fn create(&self, session: SessionRecord) -> Answer<'_, Sequence> {
        SessionStore::create(&self.store, session)
    }

    fn create_within(&self, session: SessionRecord, limit: SubjectLimit) -> Answer<'_, Created> {
        NowOrLater::later(async move {
            self.wait().await;
            SessionStore::create_within(&self.store, session, limit).await
        })
    }

    fn find(&self, digest: TokenDigest) -> Answer<'_, Lookup<Arc<SessionRecord>>> {
        self.reads.fetch_add(1, Ordering::SeqCst);
        SessionStore::find(&self.store, digest)
    }

    fn update(&self, old: TokenDigest, session: SessionRecord) -> Answer<'_, u64> {
        NowOrLater::later(async move {
            self.wait().await;
            SessionStore::update(&self.store, old, session).await
        })
    }

    fn touch(&self, digest: TokenDigest, at: UnixTime) -> Answer<'_, bool> {
        self.store.touch(digest, at)
    }
}

/// Sessions behind a cache: those of a subject, and a bystander.
struct Sessions {
    slow: Arc<SlowSessions>,
    cached: Arc<Cached<SlowSessions>>,
}

impl Sessions {
    fn new() -> Self {
        let slow = Arc::new(SlowSessions {
            store: MemoryGrantStore::new(100),
            reads: AtomicUsize::new(0),
            is_held: Mutex::new(false),
        });
        let cached = Cached::builder(slow.clone()).clock(FakeClock::at(NOW));
        let cached = Arc::new(cached.build().unwrap());
        Self { slow, cached }
    }

    fn add(&self, number: u8, subject: &str) {
        wait(self.cached.create(Self::record(number, subject))).unwrap();
        assert_eq!(self.reads(number), 1);
        assert_eq!(self.reads(number), 0);
    }

    fn record(number: u8, subject: &str) -> SessionRecord {
        let ends = NOW.saturating_add(Duration::from_secs(1_000));
        let grant = Grant::new(NAME, subject, NOW)
            .with_session(Some(SessionHandle::new([number; 16])))
            .with_lifetime(ends, Duration::MAX);
        SessionRecord::new(TokenDigest::new([number; 32]), grant)
    }

    fn find(&self, number: u8) -> Lookup<Arc<SessionRecord>> {
        wait(SessionStore::find(
            &*self.cached,
            TokenDigest::new([number; 32]),
        ))
        .unwrap()
    }

    /// Returns how often the store is read for a session.
    fn reads(&self, number: u8) -> usize {
        let before = self.slow.reads.load(Ordering::SeqCst);
        drop(self.find(number));
        self.slow.reads.load(Ordering::SeqCst) - before
    }

    fn hold(&self, is_held: bool) {
        *self.slow.is_held.lock().unwrap() = is_held;
    }
}

#[test]
fn an_unpolled_change_has_no_effect_and_a_cancelled_one_only_on_what_it_names() {
    let sessions = Sessions::new();
    (1..=4).for_each(|number| sessions.add(number, "alice"));
    sessions.add(5, "bob");
    let cached = &*sessions.cached;
    let subject = || RevocationRecord::subject(NAME, "alice", NOW);
    let session = || RevocationRecord::session(NAME, SessionHandle::new([1; 16]), NOW);
    let moved = || {
        let mut moved = Sessions::record(2, "alice");
        moved.digest = TokenDigest::new([9; 32]);
        cached
            .update(TokenDigest::new([2; 32]), moved)
            .map(|moved| moved.map(drop))
    };
    drop((cached.revoke(subject()), cached.revoke(session()), moved()));
    for number in 1..=5 {
        assert_eq!(sessions.reads(number), 0, "{number}");
    }
    // Each in turn: one session by its handle, one by its digest, all of a subject.
    let steps: [(Answer<'_, ()>, &[u8]); 3] = [
        (cached.revoke(session()), &[1]),
        (moved(), &[2]),
        (cached.revoke(subject()), &[3, 4]),
    ];
    for (mut change, named) in steps {
        sessions.hold(true);
        assert!(poll(&mut change).is_pending());
        drop(change);
        for number in named {
            let reads = [sessions.reads(*number), sessions.reads(*number)];
            assert_eq!(reads, [1, 1], "{number}");
            assert!(matches!(sessions.find(*number), Lookup::Live(_)));
        }
        assert_eq!(sessions.reads(5), 0);
        sessions.hold(false);
        // Any call completes it, also one about another session.
        assert_eq!(sessions.reads(5), 0);
        for number in named {
            assert!(
                !matches!(sessions.find(*number), Lookup::Live(_)),
                "{number}"
            );
        }
    }
}

#[test]
fn a_session_that_ends_for_a_new_one_is_not_cached_any_more() {
    for is_cancelled in [false, true] {
        let sessions = Sessions::new();
        (1..=2).for_each(|number| sessions.add(number, "alice"));
        sessions.add(3, "bob");
        sessions.hold(is_cancelled);
        let limit = SubjectLimit::ending_oldest(2);
        let new = Sessions::record(4, "alice");
        let mut created = sessions.cached.create_within(new, limit);
        assert_eq!(poll(&mut created).is_pending(), is_cancelled);
        drop(created);
        sessions.hold(false);
        assert_eq!(sessions.reads(3), 0);
        assert_eq!(sessions.find(1), Lookup::Unknown);
        assert!(matches!(sessions.find(2), Lookup::Live(_)));
        assert!(matches!(sessions.find(4), Lookup::Live(_)));
    }
}

#[test]
fn entries_are_bounded() {
    let scene = scene_with(|builder| builder.entries(64));
    let ids: Vec<_> = (0..1_000).map(|_| scene.create()).collect();
    for id in &ids {
        assert!(scene.is_valid(*id));
    }
    let reads = scene.reads(|| assert!(ids.iter().all(|id| scene.is_valid(*id))));
    assert!(reads >= 1_000 - 64, "{reads}");
    let last = *ids.last().unwrap();
    assert_eq!(scene.reads(|| assert!(scene.is_valid(last))), 0);
}

#[test]
fn store_is_read_if_the_clock_has_no_time_or_went_back() {
    let scene = scene();
    let id = scene.create();
    let read = || assert!(scene.is_valid(id));
    read();
    scene.clock.stop();
    assert_eq!(scene.reads(read), 1);
    scene.clock.set(NOW);
    assert_eq!(scene.reads(read), 0);
    scene.clock.set(UnixTime::from_secs(NOW.as_secs() - 1));
    assert_eq!(scene.reads(read), 1);
}

#[test]
fn legacy_keys_are_cached_and_removed_too() {
    let scene = scene();
    let id = scene.create();
    let mut row = scene.find(id).unwrap().to_row();
    (row.version, row.is_legacy) = (2, true);
    let digest = row.digest;
    let legacy = ApiKeyRecord::from_row(row.clone()).unwrap();
    wait(scene.cached.commit(vec![ApiKeyChange::Replace(legacy)])).unwrap();
    let find = || wait(scene.cached.find_by_digest(digest)).unwrap();
    for _ in 0..3 {
        assert!(find().is_some());
    }
    assert_eq!(scene.reads(|| assert!(find().is_some())), 0);
    scene.clock.advance(STALENESS);
    assert_eq!(scene.reads(|| assert!(find().is_some())), 1);
    assert_eq!(scene.reads(|| assert!(find().is_some())), 0);
    wait(scene.here.keys.revoke(id, "test")).unwrap();
    assert!(find().unwrap().is_disabled());
    // A key with a new digest is not found by its old one.
    let mut row = scene.find(id).unwrap().to_row();
    row.version += 1;
    row.digest = PepperedDigest::sha256([9; 32]);
    let changed = ApiKeyRecord::from_row(row).unwrap();
    wait(scene.cached.commit(vec![ApiKeyChange::Replace(changed)])).unwrap();
    assert!(scene.find(id).is_some());
    assert!(find().is_none());
}

#[test]
fn last_use_is_noted_once_a_minute_behind_the_cache() {
    let scene = scene();
    let issued = wait(
        scene
            .here
            .keys
            .create(NewApiKey::new("alice").never_expires()),
    )
    .unwrap();
    let key = issued.secret.reveal();
    let validator = ApiKeyValidator::builder(scheme(), scene.cached.clone())
        .build()
        .unwrap();
    let uses = |secs| {
        let now = NOW.saturating_add(Duration::from_secs(secs));
        let presented = PresentedCredential::bearer(&key).unwrap().at(now);
        assert!(wait(validator.validate(&presented)).is_ok());
        scene.slow.touches.load(Ordering::SeqCst)
    };
    assert_eq!(
        [uses(0), uses(1), uses(2), uses(59), uses(60), uses(61)],
        [1, 1, 1, 1, 2, 2]
    );
}

#[test]
fn session_revoked_here_ends_at_once_and_elsewhere_when_stale() {
    let store = Arc::new(MemoryGrantStore::new(100));
    let clock = FakeClock::at(NOW);
    let cached = Cached::builder(store.clone()).clock(clock.clone()).build();
    let cached = Arc::new(cached.unwrap());
    let manage = |store: Arc<dyn SessionStore>| {
        let builder = SessionManager::builder(store, NAME).clock(clock.clone());
        builder.build().unwrap()
    };
    let (here, elsewhere) = (manage(cached.clone()), manage(store.clone()));
    let cookie = bearergate::session::SessionCookie::new("__Host-session").unwrap();
    let validator = here.validator(&cookie);
    let create = |subject: &str| {
        let issued = wait(here.create(NewSession::new(subject))).unwrap();
        let id = issued.secret.reveal();
        assert!(result(&validator, &id, &clock).is_ok());
        (id, issued.record)
    };
    let revoked = Err(RejectionKind::TokenRevoked);

    let (id, session) = create("alice");
    let (other, _) = create("bob");
    wait(here.revoke(&session)).unwrap();
    assert_eq!(result(&validator, &id, &clock), revoked);
    assert_eq!(result(&validator, &other, &clock), Ok(()));
    let (id, _) = create("alice");
    wait(here.revoke_subject("alice")).unwrap();
    assert_eq!(result(&validator, &id, &clock), revoked);

    let (id, session) = create("alice");
    wait(elsewhere.revoke(&session)).unwrap();
    clock.advance(STALENESS - SECOND);
    assert_eq!(result(&validator, &id, &clock), Ok(()));
    clock.advance(SECOND);
    assert_eq!(result(&validator, &id, &clock), revoked);
}

fn result(
    validator: &impl TokenValidator,
    id: &str,
    clock: &FakeClock,
) -> Result<(), RejectionKind> {
    let now = bearergate::clock::Clock::now(clock).unwrap();
    let presented = PresentedCredential::bearer(id).unwrap().at(now);
    let result = wait(validator.validate(&presented));
    result.map(drop).map_err(|rejection| rejection.kind())
}

#[test]
fn answer_about_a_session_from_before_a_revocation_is_not_cached() {
    let folder = Folder::new();
    let path = folder.path("a.db");
    let file = Arc::new(SqliteStore::builder(&path).readers(1).open().unwrap());
    let cached = Cached::builder(file).clock(FakeClock::at(NOW));
    let cached = cached.build().unwrap();
    let digest = bearergate::grant::store::TokenDigest::new([7; 32]);
    let ends = NOW.saturating_add(Duration::from_secs(100));
    let grant =
        bearergate::grant::Grant::new(NAME, "alice", NOW).with_lifetime(ends, Duration::MAX);
    wait(cached.create(bearergate::session::SessionRecord::new(digest, grant))).unwrap();
    let mut found = pin!(SessionStore::find(&cached, digest));
    // Asked before the revocation; perhaps answered before it is written, but read after it.
    let early = poll(&mut found);
    let record = RevocationRecord::subject(NAME, "alice", NOW);
    wait(bearergate::grant::GrantStore::revoke(&cached, record)).unwrap();
    if early.is_pending() {
        wait(found).unwrap();
    }
    assert_eq!(
        wait(SessionStore::find(&cached, digest)).unwrap(),
        Lookup::Revoked
    );
}

#[test]
fn numbers_out_of_range_are_rejected() {
    let builder = || Cached::builder(Arc::new(MemoryApiKeyStore::new(1).unwrap()));
    let long = limits::CACHE_STALENESS_MAX + SECOND;
    for (invalid, field) in [
        (builder().staleness(Duration::ZERO), "staleness"),
        (builder().staleness(long), "staleness"),
        (builder().entries(0), "entries"),
        (builder().entries(limits::CACHE_ENTRIES_MAX + 1), "entries"),
    ] {
        let error = invalid.build().unwrap_err();
        assert_eq!(
            (error.kind(), error.field()),
            (ConfigErrorKind::OutOfRange, field)
        );
    }
    assert!(builder().staleness(SECOND).entries(1).build().is_ok());
}
