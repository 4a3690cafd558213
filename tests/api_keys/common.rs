//! A scheme, its manager and its validator on one store.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bearergate::api_key::store::{
    ApiKeyChange, ApiKeyQuery, KeptCheck, PepperCheck, PepperProof, PepperUse,
};
use bearergate::api_key::{
    ApiKeyFormat, ApiKeyId, ApiKeyManager, ApiKeyRecord, ApiKeyScheme, ApiKeyStore, LegacyFormat,
    NewApiKey, PepperSet, PepperedDigest,
};
use bearergate::clock::{FakeClock, UnixTime};
use bearergate::credential::PresentedCredential;
use bearergate::diagnosis::Finding;
use bearergate::error::{StoreError, StoreErrorKind};
use bearergate::principal::Authority;
use bearergate::secret::Secret;
use bearergate::secret_source::SecretSource;
use bearergate::stores::MemoryApiKeyStore;
use bearergate::{
    ApiKeyValidator, NowOrLater, Principal, Rejection, RejectionKind, TokenValidator,
};

pub(crate) const NOW: u64 = 1_760_000_000;
pub(crate) const DAY: Duration = Duration::from_secs(86_400);
pub(crate) const PREFIX: &str = "acme_live";

/// The parts of one service that uses API keys.
pub(crate) struct Service {
    pub(crate) store: Arc<Store>,
    pub(crate) clock: FakeClock,
    pub(crate) scheme: ApiKeyScheme,
    pub(crate) keys: ApiKeyManager,
    pub(crate) validator: ApiKeyValidator,
}

impl Service {
    pub(crate) fn new() -> Self {
        Self::of(scheme(&[1]))
    }

    pub(crate) fn of(scheme: ApiKeyScheme) -> Self {
        let store = Arc::new(Store::new(10_000));
        let clock = FakeClock::at(at(NOW));
        Self::on(scheme, store, clock)
    }

    /// Returns the same store under another scheme.
    pub(crate) fn with_scheme(&self, scheme: ApiKeyScheme) -> Self {
        Self::on(scheme, self.store.clone(), self.clock.clone())
    }

    fn on(scheme: ApiKeyScheme, store: Arc<Store>, clock: FakeClock) -> Self {
        let keys = ApiKeyManager::builder(scheme.clone(), store.clone()).clock(clock.clone());
        let keys = keys.build().unwrap();
        let validator = ApiKeyValidator::builder(scheme.clone(), store.clone());
        let validator = validator.clock(clock.clone()).build().unwrap();
        Self {
            store,
            clock,
            scheme,
            keys,
            validator,
        }
    }

    /// Creates a key and returns its text.
    pub(crate) fn issue(&self, draft: NewApiKey) -> (String, ApiKeyId) {
        let issued = wait(self.keys.create(draft)).unwrap();
        (issued.secret.reveal(), issued.record.id())
    }

    pub(crate) fn validate(&self, key: &str) -> Result<Principal, Rejection> {
        wait(self.validator.validate(&PresentedCredential::token(key)))
    }

    pub(crate) fn kind(&self, key: &str) -> Option<RejectionKind> {
        self.validate(key).err().map(|rejection| rejection.kind())
    }

    pub(crate) fn record(&self, id: ApiKeyId) -> Option<ApiKeyRecord> {
        wait(self.keys.find(id)).unwrap()
    }
}

pub(crate) fn at(secs: u64) -> UnixTime {
    UnixTime::from_secs(secs)
}

/// A draft with only the required values.
pub(crate) fn plain() -> NewApiKey {
    NewApiKey::new("robot-7").expires_in(90 * DAY)
}

/// A scheme whose current pepper has the first of these versions.
pub(crate) fn scheme(versions: &[u32]) -> ApiKeyScheme {
    scheme_of("acme keys", versions)
}

pub(crate) fn scheme_of(authority: &str, versions: &[u32]) -> ApiKeyScheme {
    let format = ApiKeyFormat::new(PREFIX).unwrap();
    ApiKeyScheme::new(authority, format, peppers(versions)).unwrap()
}

pub(crate) fn legacy_scheme(versions: &[u32]) -> ApiKeyScheme {
    let legacy = LegacyFormat::new(20).unwrap();
    scheme(versions).with_legacy(legacy.with_imported_sha256())
}

/// A scheme whose peppers have these versions and bytes, the current one first.
pub(crate) fn scheme_with(peppers: &[(u32, u8)]) -> ApiKeyScheme {
    let format = ApiKeyFormat::new(PREFIX).unwrap();
    ApiKeyScheme::new("acme keys", format, pepper_set(peppers)).unwrap()
}

fn peppers(versions: &[u32]) -> PepperSet {
    let with_bytes = versions.iter().map(|version| (*version, *version as u8));
    pepper_set(&with_bytes.collect::<Vec<_>>())
}

fn pepper_set(peppers: &[(u32, u8)]) -> PepperSet {
    let ((version, byte), older) = peppers.split_first().unwrap();
    let set = PepperSet::new(*version, &pepper(*byte)).unwrap();
    let join = |set: PepperSet, (version, byte): &(u32, u8)| {
        set.with_older(*version, &pepper(*byte)).unwrap()
    };
    older.iter().fold(set, join)
}

fn pepper(byte: u8) -> SecretSource {
    let bytes = vec![byte; 32];
    SecretSource::from_fn("test pepper", move || {
        Ok::<_, std::io::Error>(Secret::new(bytes.clone()))
    })
}

/// Polls until the answer is ready.
pub(crate) fn wait<T>(answer: impl Future<Output = T>) -> T {
    let mut answer = pin!(answer);
    let mut context = Context::from_waker(Waker::noop());
    for _ in 0..10_000 {
        if let Poll::Ready(value) = answer.as_mut().poll(&mut context) {
            return value;
        }
    }
    unreachable!("the answer is never ready");
}

/// A store in memory with a switch for each failure that a store may have.
#[derive(Debug)]
pub(crate) struct Store {
    memory: MemoryApiKeyStore,
    /// Every answer is pending at first.
    pub(crate) has_to_wait: AtomicBool,
    /// Every read fails.
    pub(crate) fails_reads: AtomicBool,
    /// Every write fails.
    pub(crate) fails_writes: AtomicBool,
    /// So many commits fail with a conflict.
    pub(crate) conflicts: AtomicUsize,
    pub(crate) finds: AtomicUsize,
    pub(crate) touches: AtomicUsize,
    /// How often a check value was offered.
    pub(crate) checks: AtomicUsize,
}

impl Store {
    fn new(capacity: usize) -> Self {
        Self {
            memory: MemoryApiKeyStore::new(capacity).unwrap(),
            has_to_wait: AtomicBool::new(false),
            fails_reads: AtomicBool::new(false),
            fails_writes: AtomicBool::new(false),
            conflicts: AtomicUsize::new(0),
            finds: AtomicUsize::new(0),
            touches: AtomicUsize::new(0),
            checks: AtomicUsize::new(0),
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
        if self.fails_reads.load(Ordering::SeqCst) {
            return NowOrLater::now(Err(down()));
        }
        if self.has_to_wait.load(Ordering::SeqCst) {
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
    let mut is_polled = false;
    std::future::poll_fn(|_| {
        if std::mem::replace(&mut is_polled, true) {
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
        if self.fails_writes.load(Ordering::SeqCst) {
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

    fn keep_pepper_check(
        &self,
        authority: Authority,
        check: PepperCheck,
        proof: PepperProof,
    ) -> NowOrLater<'_, Result<KeptCheck, StoreError>> {
        self.checks.fetch_add(1, Ordering::SeqCst);
        self.read(move || self.memory.keep_pepper_check(authority, check, proof))
    }

    fn pepper_uses(
        &self,
        authority: Authority,
    ) -> NowOrLater<'_, Result<Option<Vec<PepperUse>>, StoreError>> {
        self.read(move || self.memory.pepper_uses(authority))
    }

    fn diagnose(&self) -> NowOrLater<'_, Vec<Finding>> {
        self.memory.diagnose()
    }
}
