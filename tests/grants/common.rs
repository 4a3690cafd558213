//! A service with sessions and refresh tokens in one store, under a clock that only the test moves.

use std::fmt;
use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bearergate::clock::{FakeClock, UnixTime};
use bearergate::credential::Sources;
use bearergate::error::{StoreError, StoreErrorKind};
use bearergate::event::{Event, Observer};
use bearergate::grant::store::{
    Created, GrantPage, GrantQuery, Lookup, RevocationRecord, Sequence, SubjectLimit, TokenDigest,
};
use bearergate::grant::{Grant, GrantError, GrantErrorKind, GrantStore};
use bearergate::refresh::{
    NewRefreshToken, RefreshFamily, RefreshManager, RefreshManagerBuilder, RefreshTokenStore,
    RotateRequest, RotatedToken,
};
use bearergate::secret::Issued;
use bearergate::session::{
    NewSession, Session, SessionCookie, SessionManager, SessionManagerBuilder, SessionRecord,
    SessionStore,
};
use bearergate::stores::MemoryGrantStore;
use bearergate::{Gate, NowOrLater, Principal, RejectionKind};
use http::Request;

pub(crate) const START: UnixTime = UnixTime::from_secs(1_700_000_000);
pub(crate) const AUTHORITY: &str = "service";
pub(crate) const CLIENT: &str = "mobile app";

pub(crate) const fn secs(n: u64) -> Duration {
    Duration::from_secs(n)
}

/// Takes the value of a future that never waits.
pub(crate) fn now<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("the future waits"),
    }
}

/// Takes the value of a future that only waits for its own wakes.
pub(crate) fn run<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    loop {
        let mut cx = Context::from_waker(Waker::noop());
        if let Poll::Ready(value) = future.as_mut().poll(&mut cx) {
            return value;
        }
    }
}

/// A store in memory that can be made to fail or to answer later.
#[derive(Default)]
pub(crate) struct Faulty {
    pub(crate) no_reads: AtomicBool,
    pub(crate) no_writes: AtomicBool,
    pub(crate) is_slow: AtomicBool,
    pub(crate) is_losing_touches: AtomicBool,
    pub(crate) touches: AtomicUsize,
    pub(crate) purges: AtomicUsize,
    pub(crate) families: Mutex<Vec<RefreshFamily>>,
    inner: Option<MemoryGrantStore>,
}

impl Faulty {
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            inner: Some(MemoryGrantStore::new(limit)),
            ..Self::default()
        }
    }

    pub(crate) fn set(flag: &AtomicBool, to: bool) {
        flag.store(to, Ordering::SeqCst);
    }

    fn inner(&self) -> &MemoryGrantStore {
        self.inner.as_ref().unwrap()
    }

    fn answer<'a, T: Send + 'a>(
        &'a self,
        fails: &AtomicBool,
        act: impl FnOnce(&'a MemoryGrantStore) -> NowOrLater<'a, Result<T, StoreError>> + Send + 'a,
    ) -> NowOrLater<'a, Result<T, StoreError>> {
        if fails.load(Ordering::SeqCst) {
            let error = StoreError::new(StoreErrorKind::Unavailable).with_source("disk is gone");
            return NowOrLater::now(Err(error));
        }
        if self.is_slow.load(Ordering::SeqCst) {
            return NowOrLater::later(async move {
                yield_once().await;
                act(self.inner()).await
            });
        }
        act(self.inner())
    }
}

async fn yield_once() {
    let mut is_done = false;
    std::future::poll_fn(|_| match std::mem::replace(&mut is_done, true) {
        true => Poll::Ready(()),
        false => Poll::Pending,
    })
    .await;
}

impl GrantStore for Faulty {
    fn revoke(&self, record: RevocationRecord) -> NowOrLater<'_, Result<(), StoreError>> {
        self.answer(&self.no_writes, |inner| inner.revoke(record))
    }

    fn is_revoked(&self, grant: Grant) -> NowOrLater<'_, Result<bool, StoreError>> {
        self.answer(&self.no_reads, |inner| inner.is_revoked(grant))
    }

    fn purge(&self, now: UnixTime) -> NowOrLater<'_, Result<usize, StoreError>> {
        self.purges.fetch_add(1, Ordering::SeqCst);
        self.answer(&self.no_writes, move |inner| inner.purge(now))
    }
}

impl SessionStore for Faulty {
    fn create(&self, session: SessionRecord) -> NowOrLater<'_, Result<Sequence, StoreError>> {
        self.answer(&self.no_writes, |inner| {
            SessionStore::create(inner, session)
        })
    }

    fn create_within(
        &self,
        session: SessionRecord,
        limit: SubjectLimit,
    ) -> NowOrLater<'_, Result<Created, StoreError>> {
        self.answer(&self.no_writes, move |inner| {
            SessionStore::create_within(inner, session, limit)
        })
    }

    fn find(
        &self,
        digest: TokenDigest,
    ) -> NowOrLater<'_, Result<Lookup<Arc<SessionRecord>>, StoreError>> {
        self.answer(&self.no_reads, move |inner| {
            SessionStore::find(inner, digest)
        })
    }

    fn update(
        &self,
        old: TokenDigest,
        session: SessionRecord,
    ) -> NowOrLater<'_, Result<u64, StoreError>> {
        self.answer(&self.no_writes, move |inner| {
            SessionStore::update(inner, old, session)
        })
    }

    fn touch(&self, digest: TokenDigest, at: UnixTime) -> NowOrLater<'_, Result<bool, StoreError>> {
        self.touches.fetch_add(1, Ordering::SeqCst);
        if self.is_losing_touches.load(Ordering::SeqCst) {
            return NowOrLater::now(Ok(false));
        }
        self.answer(&self.no_writes, move |inner| inner.touch(digest, at))
    }

    fn list(
        &self,
        query: GrantQuery,
    ) -> NowOrLater<'_, Result<GrantPage<Arc<SessionRecord>>, StoreError>> {
        self.answer(&self.no_reads, |inner| SessionStore::list(inner, query))
    }
}

impl RefreshTokenStore for Faulty {
    fn create(&self, family: RefreshFamily) -> NowOrLater<'_, Result<Sequence, StoreError>> {
        self.answer(&self.no_writes, |inner| {
            RefreshTokenStore::create(inner, family)
        })
    }

    fn create_within(
        &self,
        family: RefreshFamily,
        limit: SubjectLimit,
    ) -> NowOrLater<'_, Result<Created, StoreError>> {
        self.answer(&self.no_writes, move |inner| {
            RefreshTokenStore::create_within(inner, family, limit)
        })
    }

    fn find(
        &self,
        id: TokenDigest,
    ) -> NowOrLater<'_, Result<Lookup<Arc<RefreshFamily>>, StoreError>> {
        self.answer(&self.no_reads, move |inner| {
            RefreshTokenStore::find(inner, id)
        })
    }

    fn update(&self, family: RefreshFamily) -> NowOrLater<'_, Result<u64, StoreError>> {
        self.families.lock().unwrap().push(family.clone());
        self.answer(&self.no_writes, |inner| {
            RefreshTokenStore::update(inner, family)
        })
    }

    fn list(
        &self,
        query: GrantQuery,
    ) -> NowOrLater<'_, Result<GrantPage<Arc<RefreshFamily>>, StoreError>> {
        self.answer(&self.no_reads, |inner| {
            RefreshTokenStore::list(inner, query)
        })
    }
}

impl fmt::Debug for Faulty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Faulty")
    }
}

/// The reported events, as text.
#[derive(Clone, Debug, Default)]
pub(crate) struct Events(Arc<Mutex<Vec<String>>>);

impl Events {
    pub(crate) fn all(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }

    pub(crate) fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

impl Observer for Events {
    fn observe(&self, event: &Event<'_>) {
        self.0.lock().unwrap().push(format!("{event:?}"));
    }
}

pub(crate) struct Service {
    pub(crate) clock: FakeClock,
    pub(crate) store: Arc<Faulty>,
    pub(crate) events: Events,
    pub(crate) sessions: SessionManager,
    pub(crate) tokens: RefreshManager,
    pub(crate) cookie: SessionCookie,
}

impl Service {
    pub(crate) fn new() -> Self {
        Self::with_reuse_window(Duration::ZERO)
    }

    pub(crate) fn with_reuse_window(reuse_window: Duration) -> Self {
        Self::with(1_000, |s| s, move |t| t.reuse_window(reuse_window))
    }

    pub(crate) fn with(
        limit: usize,
        sessions: impl FnOnce(SessionManagerBuilder) -> SessionManagerBuilder,
        tokens: impl FnOnce(RefreshManagerBuilder) -> RefreshManagerBuilder,
    ) -> Self {
        let clock = FakeClock::at(START);
        let store = Arc::new(Faulty::new(limit));
        let events = Events::default();
        let builder = SessionManager::builder(store.clone(), AUTHORITY).clock(clock.clone());
        let sessions = sessions(builder).build().unwrap();
        let builder = RefreshManager::builder(store.clone(), AUTHORITY)
            .clock(clock.clone())
            .observer(events.clone());
        let tokens = tokens(builder).build().unwrap();
        let cookie = SessionCookie::new("__Host-session").unwrap();
        Self {
            clock,
            store,
            events,
            sessions,
            tokens,
            cookie,
        }
    }

    pub(crate) fn gate(&self) -> Gate {
        let sources = Sources::builder()
            .without_bearer()
            .cookie(self.cookie.name())
            .allow_origin("https://app.example.com")
            .build()
            .unwrap();
        Gate::builder()
            .validator(self.sessions.validator(&self.cookie))
            .sources(sources)
            .allow_any_authenticated()
            .clock(self.clock.clone())
            .build()
            .unwrap()
    }

    /// Creates a session and returns the text of its id too.
    pub(crate) fn log_in(&self, new: NewSession) -> (String, Session) {
        let issued = run(self.sessions.create(new)).unwrap();
        (issued.secret.reveal(), issued.record)
    }

    /// Authenticates a reading request with this session id.
    pub(crate) fn authenticate(&self, id: &str) -> Result<Principal, RejectionKind> {
        let cookie = format!("{}={id}", self.cookie.name());
        let request = Request::get("/").header("cookie", cookie).body(()).unwrap();
        match run(self.gate().check(&request)) {
            Ok(admitted) => Ok(admitted.principal().clone()),
            Err(refusal) => Err(refusal.kind()),
        }
    }

    pub(crate) fn kind(&self, id: &str) -> Option<RejectionKind> {
        self.authenticate(id).err()
    }

    /// Reads a session again, as a request would.
    pub(crate) fn session(&self, id: &str) -> Session {
        let principal = self.authenticate(id).unwrap();
        principal.extension::<Session>().unwrap().clone()
    }

    /// Creates a family and returns its first token.
    pub(crate) fn first(&self, new: NewRefreshToken) -> String {
        run(self.tokens.create(new)).unwrap().secret.reveal()
    }

    pub(crate) fn rotate(&self, token: &str) -> Result<String, RejectionKind> {
        self.rotate_by(RotateRequest::new(token, CLIENT))
            .map(|rotated| rotated.secret.reveal())
    }

    pub(crate) fn rotate_by(
        &self,
        request: RotateRequest<'_>,
    ) -> Result<Issued<RotatedToken>, RejectionKind> {
        run(self.tokens.rotate(request)).map_err(|rejection| rejection.kind())
    }
}

pub(crate) fn alice() -> NewSession {
    NewSession::new("alice")
}

pub(crate) fn for_alice() -> NewRefreshToken {
    NewRefreshToken::new("alice", CLIENT)
}

pub(crate) fn kind_of<T>(result: Result<T, GrantError>) -> Option<GrantErrorKind> {
    result.err().map(|error| error.kind())
}
