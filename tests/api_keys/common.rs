//! A ring, its manager and its judge on one store.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::task::Context;
use std::task::Poll;
use std::task::Waker;
use std::time::Duration;

use bearergate::api_key::store::{ApiKeyChange, ApiKeyQuery};
use bearergate::api_key::{ApiKeyFormat, ApiKeyId, ApiKeyManager, ApiKeyRecord, ApiKeyScheme, ApiKeyStore, LegacyFormat, NewApiKey, PepperSet, PepperedDigest};
use bearergate::clock::{FakeClock, UnixTime};
use bearergate::credential::PresentedCredential;
use bearergate::error::{StoreError, StoreErrorKind};
use bearergate::secret::Secret;
use bearergate::secret_source::SecretSource;
use bearergate::stores::MemoryApiKeyStore;
use bearergate::{
    ApiKeyValidator, NowOrLater, Principal, Rejection, RejectionKind, TokenValidator,
};

pub(crate) const NOW: u64 = 1_760_000_000;
pub(crate) const DAY: Duration = Duration::from_secs(86_400);
pub(crate) const PREFIX: &str = "acme_live";

/// The parts of one service.
pub(crate) struct House {
    pub(crate) store: Arc<Store>,
    pub(crate) clock: FakeClock,
    pub(crate) ring: ApiKeyScheme,
    pub(crate) keys: ApiKeyManager,
    pub(crate) judge: ApiKeyValidator,
}

impl House {
    pub(crate) fn new() -> Self {
        Self::of(ring(&[1]))
    }

    pub(crate) fn of(ring: ApiKeyScheme) -> Self {
        let store = Arc::new(Store::new(10_000));
        let clock = FakeClock::at(at(NOW));
        Self::on(ring, store, clock)
    }

    /// The same store under another ring.
    pub(crate) fn with_ring(&self, ring: ApiKeyScheme) -> Self {
        Self::on(ring, self.store.clone(), self.clock.clone())
    }

    fn on(ring: ApiKeyScheme, store: Arc<Store>, clock: FakeClock) -> Self {
        let keys = ApiKeyManager::builder(ring.clone(), store.clone()).clock(clock.clone());
        let keys = keys.build().unwrap();
        let judge = ApiKeyValidator::builder(ring.clone(), store.clone());
        let judge = judge.clock(clock.clone()).build().unwrap();
        Self {
            store,
            clock,
            ring,
            keys,
            judge,
        }
    }

    /// Makes a key and gives it out in full.
    pub(crate) fn issue(&self, draft: NewApiKey) -> (String, ApiKeyId) {
        let issued = wait(self.keys.create(draft)).unwrap();
        (issued.secret.reveal(), issued.record.id())
    }

    pub(crate) fn judge(&self, key: &str) -> Result<Principal, Rejection> {
        wait(self.judge.validate(&PresentedCredential::token(key)))
    }

    pub(crate) fn kind(&self, key: &str) -> Option<RejectionKind> {
        self.judge(key).err().map(|rejection| rejection.kind())
    }

    pub(crate) fn record(&self, id: ApiKeyId) -> Option<ApiKeyRecord> {
        wait(self.keys.find(id)).unwrap()
    }
}

pub(crate) fn at(secs: u64) -> UnixTime {
    UnixTime::from_secs(secs)
}

/// A draft of which nothing but the end is said.
pub(crate) fn plain() -> NewApiKey {
    NewApiKey::new("robot-7").expires_in(90 * DAY)
}

/// A ring whose current pepper is the first one of these versions.
pub(crate) fn ring(versions: &[u32]) -> ApiKeyScheme {
    ring_of("acme keys", versions)
}

pub(crate) fn ring_of(authority: &str, versions: &[u32]) -> ApiKeyScheme {
    let format = ApiKeyFormat::new(PREFIX).unwrap();
    ApiKeyScheme::new(authority, format, peppers(versions)).unwrap()
}

pub(crate) fn foreign_ring(versions: &[u32]) -> ApiKeyScheme {
    let foreign = LegacyFormat::new(20).unwrap();
    ring(versions).with_legacy(foreign.with_imported_sha256())
}

fn peppers(versions: &[u32]) -> PepperSet {
    let (current, older) = versions.split_first().unwrap();
    let set = PepperSet::new(*current, &pepper(*current)).unwrap();
    let join = |set: PepperSet, version: &u32| set.with_older(*version, &pepper(*version)).unwrap();
    older.iter().fold(set, join)
}

fn pepper(version: u32) -> SecretSource {
    let bytes = vec![version as u8; 32];
    SecretSource::from_fn("test pepper", move || {
        Ok::<_, std::io::Error>(Secret::new(bytes.clone()))
    })
}

/// Polls until the answer is there.
pub(crate) fn wait<T>(answer: impl Future<Output = T>) -> T {
    let mut answer = pin!(answer);
    let mut context = Context::from_waker(Waker::noop());
    for _ in 0..10_000 {
        if let Poll::Ready(value) = answer.as_mut().poll(&mut context) {
            return value;
        }
    }
    unreachable!("the answer never came");
}

/// The store in memory with a switch for each trouble that a store may have.
#[derive(Debug)]
pub(crate) struct Store {
    memory: MemoryApiKeyStore,
    /// Every answer has to be waited for.
    pub(crate) is_slow: AtomicBool,
    /// Nothing can be read.
    pub(crate) is_deaf: AtomicBool,
    /// Nothing can be written.
    pub(crate) is_stuck: AtomicBool,
    /// So many commits meet somebody else's.
    pub(crate) conflicts: AtomicUsize,
    pub(crate) finds: AtomicUsize,
    pub(crate) touches: AtomicUsize,
}

impl Store {
    fn new(capacity: usize) -> Self {
        Self {
            memory: MemoryApiKeyStore::new(capacity).unwrap(),
            is_slow: AtomicBool::new(false),
            is_deaf: AtomicBool::new(false),
            is_stuck: AtomicBool::new(false),
            conflicts: AtomicUsize::new(0),
            finds: AtomicUsize::new(0),
            touches: AtomicUsize::new(0),
        }
    }

    pub(crate) fn finds(&self) -> usize {
        self.finds.load(Ordering::SeqCst)
    }

    pub(crate) fn set(&self, switch: &AtomicBool, on: bool) {
        switch.store(on, Ordering::SeqCst);
    }

    fn read<'a, T: Send + 'a>(
        &'a self,
        answer: impl FnOnce() -> NowOrLater<'a, Result<T, StoreError>> + Send + 'a,
    ) -> NowOrLater<'a, Result<T, StoreError>> {
        if self.is_deaf.load(Ordering::SeqCst) {
            return NowOrLater::now(Err(down()));
        }
        if self.is_slow.load(Ordering::SeqCst) {
            return NowOrLater::later(async move {
                pause().await;
                answer().await
            });
        }
        answer()
    }
}

fn down() -> StoreError {
    StoreError::new(StoreErrorKind::Unavailable).with_source("the disk is gone")
}

/// Is pending once.
async fn pause() {
    let mut is_over = false;
    std::future::poll_fn(|_| {
        if std::mem::replace(&mut is_over, true) {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    })
    .await;
}

impl ApiKeyStore for Store {
    fn find(&self, id: ApiKeyId) -> NowOrLater<'_, Result<Option<ApiKeyRecord>, StoreError>> {
        self.finds.fetch_add(1, Ordering::SeqCst);
        self.read(move || self.memory.find(id))
    }

    fn probe(&self, id: ApiKeyId) -> NowOrLater<'_, Result<Option<ApiKeyRecord>, StoreError>> {
        self.finds.fetch_add(1, Ordering::SeqCst);
        self.read(move || self.memory.probe(id))
    }

    fn find_by_digest(
        &self,
        digest: PepperedDigest,
    ) -> NowOrLater<'_, Result<Option<ApiKeyRecord>, StoreError>> {
        self.finds.fetch_add(1, Ordering::SeqCst);
        self.read(move || self.memory.find_by_digest(digest))
    }

    fn list(&self, query: ApiKeyQuery) -> NowOrLater<'_, Result<Vec<ApiKeyRecord>, StoreError>> {
        self.read(move || self.memory.list(query))
    }

    fn commit(&self, changes: Vec<ApiKeyChange>) -> NowOrLater<'_, Result<(), StoreError>> {
        if self.is_stuck.load(Ordering::SeqCst) {
            return NowOrLater::now(Err(down()));
        }
        let less = |n: usize| n.checked_sub(1);
        let met = self
            .conflicts
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, less);
        if met.is_ok() {
            return NowOrLater::now(Err(StoreErrorKind::Conflict.into()));
        }
        self.read(move || self.memory.commit(changes))
    }

    fn touch(&self, id: ApiKeyId, now: UnixTime) {
        self.touches.fetch_add(1, Ordering::SeqCst);
        self.memory.touch(id, now);
    }
}
