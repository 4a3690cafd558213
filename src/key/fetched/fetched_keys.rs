//! The store of fetched keys: lookup, refresh and waiting.

use std::fmt;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::{ArcSwapOption, Guard};

use super::fetch_problem::FetchProblem;
use super::load::{ETag, FetchRequest, FetchedSet, Loader};
use super::plan::{Freshness, RefreshSchedule};
use super::state::{FetchOutcome, LookupPlan, Snapshot, SourceState};
use crate::clock::{Clock, UnixTime};
use crate::crypto::Algorithm;
use crate::diagnosis::Finding;
use crate::error::{Rejection, RejectionKind};
use crate::event::{Event, Observer};
use crate::http_client::Spawn;
use crate::key::hint::KeyHint;
use crate::key::set::KeySet;
use crate::key::store::{KeyStatus, KeyStore};
use crate::now_or_later::NowOrLater;
use crate::principal::KeyId;
use crate::single_flight::{Leader, Waiter};
use crate::{limits, single_flight};

/// The keys of one issuer, fetched when they are first needed; cheap to clone.
///
/// - While usable keys are present, no request waits for the source. Keys are refreshed in the
///   background before they become stale, and stale keys are used for a bounded time while the
///   source fails.
/// - Before the first keys, and after that time, a token is
///   [`Unavailable`](RejectionKind::Unavailable): it is neither accepted nor called invalid.
/// - A fetched set replaces the previous one completely: a key that is not in it is no longer
///   trusted.
/// - A `kid` that is not in the set is looked up at the source, at most twice in 30 seconds for all
///   tokens together. Requests that wait for the same fetch share it.
/// - A fetch goes on when the request that started it is dropped.
///
/// The address comes from the configuration or from the issuer's discovery document, never from a
/// token.
///
/// ```
/// use std::sync::Arc;
/// use bearergate::JwtValidator;
/// use bearergate::environment::Environment;
/// use bearergate::key::FetchedKeys;
///
/// # fn build(environment: &Environment)
/// #     -> Result<JwtValidator, bearergate::ConfigError> {
/// let keys = FetchedKeys::discover("https://idp.example.com").env(environment).build()?;
/// JwtValidator::builder()
///     .issuer("https://idp.example.com")
///     .audience("https://api.example.com")
///     .key_store(Arc::new(keys))
///     .build()
/// # }
/// ```
#[derive(Clone)]
pub struct FetchedKeys(pub(super) Arc<FetchedStore>);

/// What clones of the store share.
pub(super) struct FetchedStore {
    pub(super) loader: Loader,
    pub(super) spawn: Arc<dyn Spawn>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) observer: Option<Arc<dyn Observer>>,
    pub(super) schedule: RefreshSchedule,
    pub(super) snapshot: ArcSwapOption<Snapshot>,
    pub(super) state: Mutex<SourceState>,
}

impl FetchedKeys {
    /// Returns the keys that may be used now, fresh or stale, or `None` if there are none. It never
    /// starts a fetch.
    pub fn current(&self) -> Option<Arc<KeySet>> {
        let now = self.0.clock.now()?;
        let snapshot = self.0.load_at(now);
        let usable = snapshot.as_ref().filter(|s| s.is_usable(now))?;
        Some(Arc::clone(&usable.keys))
    }
}

impl KeyStore for FetchedKeys {
    fn find<'a>(&'a self, hint: KeyHint<'a>) -> NowOrLater<'a, Result<Arc<KeySet>, Rejection>> {
        match self.0.try_ready(hint) {
            Some(answer) => NowOrLater::now(answer),
            None => NowOrLater::later(self.0.wait(hint)),
        }
    }

    fn status(&self, key: &KeyId) -> KeyStatus {
        let Some(now) = self.0.clock.now() else {
            return KeyStatus::Unknown;
        };
        let snapshot = self.0.load_at(now);
        let Some(snapshot) = &*snapshot else {
            return KeyStatus::Unknown;
        };
        if !snapshot.keys.has(key) {
            return KeyStatus::Gone;
        }
        // If a cache answers all requests, only this call can start the refresh.
        let freshness = snapshot.terms.freshness(now);
        self.0.refresh_if_due(freshness, now);
        match freshness {
            Freshness::Fresh | Freshness::Due => KeyStatus::Fresh,
            Freshness::Stale => KeyStatus::Stale,
            Freshness::Expired => KeyStatus::Unknown,
        }
    }

    fn diagnose(&self) -> NowOrLater<'_, Vec<Finding>> {
        NowOrLater::later(self.0.loader.diagnose(&*self.0.clock))
    }

    fn warm_up(&self) -> NowOrLater<'_, Result<(), Rejection>> {
        // A token without a `kid` asks for no particular key.
        let any = KeyHint::new(None, Algorithm::Rs256);
        self.find(any).map(|found| found.map(drop))
    }
}

impl FetchedStore {
    /// Returns the snapshot, with the keys that may be used at this time.
    fn load_at(&self, now: UnixTime) -> Guard<Option<Arc<Snapshot>>> {
        let snapshot = self.snapshot.load();
        let moved = snapshot.as_deref().and_then(|s| s.moved_to(now));
        match moved.map(Arc::new) {
            None => snapshot,
            Some(moved) => {
                // A set that was fetched meanwhile stays.
                self.snapshot
                    .compare_and_swap(&snapshot, Some(Arc::clone(&moved)));
                Guard::from_inner(Some(moved))
            }
        }
    }

    /// Returns the result if it needs no waiting; otherwise this has no effect.
    fn try_ready(self: &Arc<Self>, hint: KeyHint<'_>) -> Option<Result<Arc<KeySet>, Rejection>> {
        let Some(now) = self.clock.now() else {
            return Some(Err(RejectionKind::Unavailable.into()));
        };
        let snapshot = self.load_at(now);
        let usable = snapshot.as_deref().filter(|s| s.is_usable(now));
        if let Some(snapshot) = usable.filter(|s| s.keys.knows(hint)) {
            return Some(Ok(self.use_keys(snapshot, now)));
        }
        let state = self.lock();
        // Read again under the lock: a new set may have been stored since.
        let snapshot = self.load_at(now);
        let usable = snapshot.as_deref().filter(|s| s.is_usable(now));
        let plan = state.plan_lookup(usable, hint, now);
        drop(state);
        match (plan, usable) {
            (LookupPlan::Use, Some(snapshot)) => Some(Ok(self.use_keys(snapshot, now))),
            (LookupPlan::Refuse(kind), _) => Some(Err(kind.into())),
            _ => None,
        }
    }

    /// Waits for the keys for a token, in as many rounds as there can be fetches to wait for.
    async fn wait(self: &Arc<Self>, hint: KeyHint<'_>) -> Result<Arc<KeySet>, Rejection> {
        for _ in 0..ROUNDS {
            match self.step(hint)? {
                LookupStep::Done(keys) => return Ok(keys),
                LookupStep::Wait(fetch) => fetch.wait().await?,
            }
        }
        Err(RejectionKind::Unavailable.into())
    }

    fn step(self: &Arc<Self>, hint: KeyHint<'_>) -> Result<LookupStep, Rejection> {
        let now = self.clock.now().ok_or(RejectionKind::Unavailable)?;
        let mut state = self.lock();
        let snapshot = self.load_at(now);
        let usable = snapshot.as_deref().filter(|s| s.is_usable(now));
        match (state.plan_lookup(usable, hint, now), usable) {
            (LookupPlan::Use, Some(snapshot)) => {
                drop(state);
                Ok(LookupStep::Done(self.use_keys(snapshot, now)))
            }
            (LookupPlan::Wait(fetch), _) => Ok(LookupStep::Wait(fetch)),
            (LookupPlan::Refuse(kind), _) => Err(kind.into()),
            (LookupPlan::Use | LookupPlan::Fetch, _) => {
                if usable.is_some() {
                    state.plan.record_lookup(now);
                }
                let (task, fetch) =
                    self.start_fetch(&mut state, FetchRequest::for_token(hint, now));
                // `spawn` may run the task at once, which takes the lock.
                drop(state);
                self.spawn.spawn(task);
                Ok(LookupStep::Wait(fetch))
            }
        }
    }

    /// Returns the keys of a snapshot, and starts a refresh if one is due.
    fn use_keys(self: &Arc<Self>, snapshot: &Snapshot, now: UnixTime) -> Arc<KeySet> {
        self.refresh_if_due(snapshot.terms.freshness(now), now);
        Arc::clone(&snapshot.keys)
    }

    /// Starts a refresh unless the keys are fresh, and reports the use of stale keys.
    fn refresh_if_due(self: &Arc<Self>, freshness: Freshness, now: UnixTime) {
        if freshness == Freshness::Fresh {
            return;
        }
        if freshness == Freshness::Stale {
            let source = self.loader.name();
            self.observe(&Event::StaleKeysUsed { source });
        }
        // The holder of the lock may be starting a fetch; this request must not wait for it.
        let Ok(mut state) = self.state.try_lock() else {
            return;
        };
        if state.fetch.is_some() || !state.plan.may_load(now) {
            return;
        }
        let (task, _) = self.start_fetch(&mut state, FetchRequest::for_refresh(now));
        drop(state);
        self.spawn.spawn(task);
    }

    /// Registers a fetch, and returns the task that runs it and the right to wait for it.
    fn start_fetch(
        self: &Arc<Self>,
        state: &mut SourceState,
        mut request: FetchRequest,
    ) -> (NowOrLater<'static, ()>, Waiter<FetchOutcome>) {
        let abandoned = Rejection::new(RejectionKind::Unavailable).with_source(ABANDONED);
        let (leader, waiter) = single_flight::start(Err(abandoned));
        state.fetch = Some(waiter.clone());
        request.etag.clone_from(&state.etag);
        request.is_first = self.snapshot.load().is_none();
        let guard = FetchGuard {
            store: Arc::clone(self),
            leader: Some(leader),
            request,
        };
        let task = NowOrLater::later(async move {
            let fetched = guard.store.loader.load(&guard.request).await;
            guard.complete(fetched);
        });
        (task, waiter)
    }

    /// Records the result of a fetch, before the next one can start, and reports it.
    fn record(
        &self,
        request: &FetchRequest,
        fetched: Result<FetchedSet, FetchProblem>,
    ) -> FetchOutcome {
        let mut state = self.lock();
        state.fetch = None;
        let before = self.snapshot.load_full();
        let is_from_source = fetched.as_ref().map_or(true, |set| set.is_from_source);
        let outcome = match self.next_snapshot(before.as_deref(), fetched) {
            Ok((snapshot, etag)) => {
                state.etag = etag;
                state.record_keys(before.as_deref(), &snapshot, request);
                self.snapshot.store(Some(Arc::new(snapshot)));
                Ok(())
            }
            Err(problem) => {
                state.plan.failed(self.clock.now().unwrap_or(request.at));
                Err(problem)
            }
        };
        drop(state);
        let source = self.loader.name();
        if is_from_source {
            self.observe(&Event::KeysFetched {
                source,
                problem: outcome.as_ref().err().map(FetchProblem::text),
            });
        }
        outcome.map_err(|problem| {
            Rejection::new(RejectionKind::Unavailable).with_source(problem.at_source(source))
        })
    }

    fn next_snapshot(
        &self,
        before: Option<&Snapshot>,
        fetched: Result<FetchedSet, FetchProblem>,
    ) -> Result<(Snapshot, Option<ETag>), FetchProblem> {
        let fetched = fetched?;
        let keys = match (fetched.keys, before) {
            (Some(keys), _) => keys,
            (None, Some(before)) => before.source(),
            (None, None) => {
                return Err(FetchProblem::new(
                    "the source confirmed a set that is not known here",
                    "let the provider answer 304 only to a conditional request",
                ));
            }
        };
        // Only the time of the next refresh depends on the jitter, so it need not be secret.
        let [jitter, ..] = RandomState::new().build_hasher().finish().to_le_bytes();
        let terms = self.schedule.terms(fetched.at, fetched.max_age, jitter);
        let now = self.clock.now().unwrap_or(fetched.at);
        let snapshot = Snapshot::new(keys, terms, now);
        if snapshot.keys.keys().is_empty() {
            return Err(FetchProblem::new(NOT_VALID_NOW, REPLACE_CERTIFICATES));
        }
        Ok((snapshot, fetched.etag))
    }

    fn observe(&self, event: &Event<'_>) {
        if let Some(observer) = &self.observer {
            observer.observe(event);
        }
    }

    fn lock(&self) -> MutexGuard<'_, SourceState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The next step of a request that may wait.
enum LookupStep {
    Done(Arc<KeySet>),
    Wait(Waiter<FetchOutcome>),
}

/// Two look-ups of key ids, the fetch before them, and the use of the result.
const ROUNDS: usize = limits::JWKS_MISSES + 2;

/// Records the result of a fetch exactly once, also if its task is dropped.
struct FetchGuard {
    store: Arc<FetchedStore>,
    leader: Option<Leader<FetchOutcome>>,
    request: FetchRequest,
}

impl FetchGuard {
    fn complete(mut self, fetched: Result<FetchedSet, FetchProblem>) {
        self.settle(fetched);
    }

    fn settle(&mut self, fetched: Result<FetchedSet, FetchProblem>) {
        if let Some(leader) = self.leader.take() {
            leader.complete(self.store.record(&self.request, fetched));
        }
    }
}

impl Drop for FetchGuard {
    fn drop(&mut self) {
        let remedy = "check that the spawner drives its tasks to their end";
        self.settle(Err(FetchProblem::new(ABANDONED, remedy)));
    }
}

pub(super) const NOT_VALID_NOW: &str = "no certificate of the source is valid now";
pub(super) const REPLACE_CERTIFICATES: &str =
    "check the clock of this host, and have the certificates replaced at the provider";
const ABANDONED: &str = "the task of the fetch was dropped before it ended";

impl fmt::Debug for FetchedKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FetchedKeys")
            .field("source", &self.0.loader.name())
            .finish_non_exhaustive()
    }
}
