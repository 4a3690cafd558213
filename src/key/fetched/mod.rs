//! Keys that are fetched from their issuer and kept up to date.

mod builder;
mod diagnose;
mod disk_cache;
mod freshness;
mod load;
mod plan;

pub use builder::FetchedKeysBuilder;
pub(crate) use diagnose::of_keys;

use std::fmt;
use std::hash::BuildHasher;
use std::hash::Hasher;
use std::hash::RandomState;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;

use arc_swap::ArcSwapOption;

use self::load::Ask;
use self::load::Loaded;
use self::load::Loader;
use self::load::Problem;
use self::load::Tag;
use self::plan::Miss;
use self::plan::RefreshPlan;
use self::plan::Schedule;
use self::plan::Standing;
use self::plan::Terms;
use super::set::KeySet;
use super::store::KeyHint;
use super::store::KeyStatus;
use super::store::KeyStore;
use crate::clock::Clock;
use crate::clock::UnixTime;
use crate::crypto::Algorithm;
use crate::crypto::Algorithms;
use crate::diagnosis::Finding;
use crate::error::Rejection;
use crate::error::RejectionKind;
use crate::event::Event;
use crate::event::Observer;
use crate::http_client::Spawn;
use crate::limits;
use crate::now_or_later::NowOrLater;
use crate::principal::KeyId;
use crate::single_flight;
use crate::single_flight::Leader;
use crate::single_flight::Waiter;

/// The keys of one issuer, fetched when they are first needed, cheap to clone.
///
/// While usable keys are there no request waits for the source: keys are fetched anew in the
/// background before they lose their freshness, and serve for a bounded time after it while the
/// source fails. Then, and as long as none ever came, tokens are
/// [`Unavailable`](RejectionKind::Unavailable), never accepted and never refused.
///
/// A set that comes replaces the one before it whole: a key that is not in it counts no more. A
/// `kid` that is not in the set is looked up, at most twice in 30 seconds however many are
/// presented, and all who wait share one fetch. A fetch outlives the request that began it.
///
/// ```
/// use std::sync::Arc;
/// use bearergate::JwtValidator;
/// use bearergate::http_client::{HttpClient, Spawn};
/// use bearergate::key::FetchedKeys;
///
/// # fn build(client: Arc<dyn HttpClient>, spawn: Arc<dyn Spawn>)
/// #     -> Result<JwtValidator, bearergate::ConfigError> {
/// let keys = FetchedKeys::discover("https://idp.example.com").build(client, spawn)?;
/// JwtValidator::builder()
///     .issuer("https://idp.example.com")
///     .audience("https://api.example.com")
///     .key_store(Arc::new(keys))
///     .build()
/// # }
/// ```
#[derive(Clone)]
pub struct FetchedKeys(Arc<Inner>);

struct Inner {
    loader: Loader,
    spawn: Arc<dyn Spawn>,
    clock: Arc<dyn Clock>,
    observer: Option<Arc<dyn Observer>>,
    schedule: Schedule,
    snapshot: ArcSwapOption<Snapshot>,
    state: Mutex<State>,
}

/// Keys, and until when they count.
struct Snapshot {
    keys: Arc<KeySet>,
    terms: Terms,
}

#[derive(Default)]
struct State {
    plan: RefreshPlan,
    flight: Option<Waiter<Outcome>>,
    tag: Option<Tag>,
}

type Outcome = Result<(), Rejection>;

impl FetchedKeys {
    /// Starts with the address of a JWK Set.
    pub fn jwks_url(url: &str) -> FetchedKeysBuilder {
        FetchedKeysBuilder::jwks_url(url)
    }

    /// Starts with an issuer, whose discovery document says where its keys are.
    pub fn discover(issuer: &str) -> FetchedKeysBuilder {
        FetchedKeysBuilder::discover(issuer)
    }

    /// Returns the keys that count now, if there are any.
    pub fn current(&self) -> Option<Arc<KeySet>> {
        let now = self.0.clock.now()?;
        let snapshot = self.0.snapshot.load();
        let usable = snapshot.as_ref().filter(|s| s.is_usable(now))?;
        Some(Arc::clone(&usable.keys))
    }
}

impl KeyStore for FetchedKeys {
    fn find<'a>(&'a self, hint: KeyHint<'a>) -> NowOrLater<'a, Result<Arc<KeySet>, Rejection>> {
        match self.0.glance(hint) {
            Some(answer) => NowOrLater::now(answer),
            None => NowOrLater::later(self.0.search(hint)),
        }
    }

    fn status(&self, key: &KeyId) -> KeyStatus {
        let snapshot = self.0.snapshot.load();
        let (Some(now), Some(snapshot)) = (self.0.clock.now(), &*snapshot) else {
            return KeyStatus::Unknown;
        };
        if !snapshot.keys.keys().iter().any(|own| own.id() == *key) {
            return KeyStatus::Gone;
        }
        // Where all requests are answered by a cache, nobody else asks for a refresh.
        self.0.keep_up(snapshot.terms.standing(now), now);
        match snapshot.terms.standing(now) {
            Standing::Fresh | Standing::Due => KeyStatus::Fresh,
            Standing::Stale => KeyStatus::Stale,
            Standing::Over => KeyStatus::Unknown,
        }
    }

    fn diagnose(&self) -> NowOrLater<'_, Vec<Finding>> {
        NowOrLater::later(self.examined())
    }

    fn warm_up(&self) -> NowOrLater<'_, Result<(), Rejection>> {
        // A token without a `kid` asks for no certain key.
        let any = KeyHint::new(None, Algorithm::Rs256);
        self.find(any).map(|found| found.map(drop))
    }
}

/// What a token's search for its key leads to.
enum Course {
    Fetch,
    Refuse(RejectionKind),
    Use,
    Wait(Waiter<Outcome>),
}

impl State {
    fn course(&self, usable: Option<&Snapshot>, hint: KeyHint<'_>, now: UnixTime) -> Course {
        let Some(snapshot) = usable else {
            return self.cold_course(now);
        };
        // No set holds a key for a MAC, so none is worth looking for.
        if snapshot.keys.knows(hint) || Algorithms::MAC.contains(hint.algorithm()) {
            return Course::Use;
        }
        match (self.plan.miss(hint, now), &self.flight) {
            (Miss::Absent, _) => Course::Use,
            (_, Some(flight)) => Course::Wait(flight.clone()),
            (Miss::Fetch, None) => Course::Fetch,
            (Miss::Spent, None) => Course::Refuse(RejectionKind::KeyNotFound),
            (Miss::Down, None) => Course::Refuse(RejectionKind::Unavailable),
        }
    }

    fn cold_course(&self, now: UnixTime) -> Course {
        match &self.flight {
            Some(flight) => Course::Wait(flight.clone()),
            None if self.plan.may_load(now) => Course::Fetch,
            None => Course::Refuse(RejectionKind::Unavailable),
        }
    }
}

impl Inner {
    /// Answers if nothing has to be waited for; else nothing has happened.
    fn glance(self: &Arc<Self>, hint: KeyHint<'_>) -> Option<Result<Arc<KeySet>, Rejection>> {
        let Some(now) = self.clock.now() else {
            return Some(Err(RejectionKind::Unavailable.into()));
        };
        let snapshot = self.snapshot.load();
        let usable = snapshot.as_deref().filter(|s| s.is_usable(now));
        if let Some(snapshot) = usable.filter(|s| s.keys.knows(hint)) {
            return Some(Ok(self.take(snapshot, now)));
        }
        let state = self.lock();
        // Read again: a set that came meanwhile belongs to what the lock guards.
        let snapshot = self.snapshot.load();
        let usable = snapshot.as_deref().filter(|s| s.is_usable(now));
        let course = state.course(usable, hint, now);
        drop(state);
        match (course, usable) {
            (Course::Use, Some(snapshot)) => Some(Ok(self.take(snapshot, now))),
            (Course::Refuse(kind), _) => Some(Err(kind.into())),
            _ => None,
        }
    }

    /// Waits for keys that may judge the token, in as many rounds as fetches can be in its way.
    async fn search(self: &Arc<Self>, hint: KeyHint<'_>) -> Result<Arc<KeySet>, Rejection> {
        for _ in 0..ROUNDS {
            match self.step(hint)? {
                Step::Done(keys) => return Ok(keys),
                Step::Wait(flight) => flight.wait().await?,
            }
        }
        Err(RejectionKind::Unavailable.into())
    }

    fn step(self: &Arc<Self>, hint: KeyHint<'_>) -> Result<Step, Rejection> {
        let now = self.clock.now().ok_or(RejectionKind::Unavailable)?;
        let mut state = self.lock();
        let snapshot = self.snapshot.load_full();
        let usable = snapshot.as_deref().filter(|s| s.is_usable(now));
        match (state.course(usable, hint, now), usable) {
            (Course::Use, Some(snapshot)) => {
                drop(state);
                Ok(Step::Done(self.take(snapshot, now)))
            }
            (Course::Wait(flight), _) => Ok(Step::Wait(flight)),
            (Course::Refuse(kind), _) => Err(kind.into()),
            (Course::Use | Course::Fetch, _) => {
                if usable.is_some() {
                    state.plan.note_miss(now);
                }
                let (task, flight) = self.take_off(&mut state, Ask::of(hint, now));
                // Whoever spawns may run the task at once.
                drop(state);
                self.spawn.spawn(task);
                Ok(Step::Wait(flight))
            }
        }
    }

    /// Uses keys: begins to fetch them anew if that is due, and tells if they are stale.
    fn take(self: &Arc<Self>, snapshot: &Snapshot, now: UnixTime) -> Arc<KeySet> {
        self.keep_up(snapshot.terms.standing(now), now);
        Arc::clone(&snapshot.keys)
    }

    fn keep_up(self: &Arc<Self>, standing: Standing, now: UnixTime) {
        if standing == Standing::Fresh {
            return;
        }
        if standing == Standing::Stale {
            let source = self.loader.name();
            self.observe(&Event::StaleKeysUsed { source });
        }
        // Whoever holds the lock may be about to fetch; this request must not wait for it.
        let Ok(mut state) = self.state.try_lock() else {
            return;
        };
        if state.flight.is_some() || !state.plan.may_load(now) {
            return;
        }
        let (task, _) = self.take_off(&mut state, Ask::ahead(now));
        drop(state);
        self.spawn.spawn(task);
    }

    fn take_off(
        self: &Arc<Self>,
        state: &mut State,
        mut ask: Ask,
    ) -> (NowOrLater<'static, ()>, Waiter<Outcome>) {
        let (lead, follow) = single_flight::start(Err(abandoned()));
        state.flight = Some(follow.clone());
        ask.tag.clone_from(&state.tag);
        ask.is_cold = self.snapshot.load().is_none();
        let landing = Landing {
            inner: Arc::clone(self),
            lead: Some(lead),
            ask,
        };
        let task = NowOrLater::later(async move {
            let loaded = landing.inner.loader.load(&landing.ask).await;
            landing.touch_down(loaded);
        });
        (task, follow)
    }

    /// Records what a fetch came to, before anybody else can begin the next.
    fn land(&self, ask: &Ask, loaded: Result<Loaded, Problem>) -> Outcome {
        let mut state = self.lock();
        state.flight = None;
        let before = self.snapshot.load_full();
        let is_fetched = loaded.as_ref().map_or(true, |loaded| loaded.is_fetched);
        let outcome = match self.next(before.as_deref(), loaded) {
            Ok((snapshot, tag)) => {
                state.tag = tag;
                state.arrive(before.as_deref(), &snapshot, ask);
                self.snapshot.store(Some(Arc::new(snapshot)));
                Ok(())
            }
            Err(problem) => {
                state.plan.failed(self.clock.now().unwrap_or(ask.at));
                Err(problem)
            }
        };
        drop(state);
        self.report(outcome, is_fetched)
    }

    fn next(
        &self,
        before: Option<&Snapshot>,
        loaded: Result<Loaded, Problem>,
    ) -> Result<(Snapshot, Option<Tag>), Problem> {
        let loaded = loaded?;
        let keys = match (loaded.keys, before) {
            (Some(keys), _) => Arc::new(keys),
            (None, Some(before)) => Arc::clone(&before.keys),
            (None, None) => return Err(Problem::new("nothing was asked about, and not modified")),
        };
        let terms = self.schedule.terms(loaded.at, loaded.max_age, jitter());
        Ok((Snapshot { keys, terms }, loaded.tag))
    }

    fn report(&self, outcome: Result<(), Problem>, is_fetched: bool) -> Outcome {
        let source = self.loader.name();
        if is_fetched {
            self.observe(&Event::KeysFetched {
                source,
                problem: outcome.as_ref().err().map(Problem::text),
            });
        }
        outcome.map_err(|problem| {
            Rejection::new(RejectionKind::Unavailable).with_source(problem.of(source))
        })
    }

    fn observe(&self, event: &Event<'_>) {
        if let Some(observer) = &self.observer {
            observer.observe(event);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

enum Step {
    Done(Arc<KeySet>),
    Wait(Waiter<Outcome>),
}

/// Two look-ups, the fetch that ran before them, and the look at what they brought.
const ROUNDS: usize = limits::JWKS_MISSES + 2;

impl State {
    fn arrive(&mut self, before: Option<&Snapshot>, now: &Snapshot, ask: &Ask) {
        if now.terms.fetched < ask.at {
            // Kept keys say nothing about what is there today.
            return;
        }
        self.plan.succeeded(ask.at);
        if before.is_some_and(|before| !before.keys.is_same(&now.keys)) {
            self.plan.replaced();
        }
        let Some((algorithm, kid)) = &ask.wanted else {
            return;
        };
        if now.keys.knows(KeyHint::new(Some(kid), *algorithm)) {
            return;
        }
        self.plan.note_absent(*algorithm, kid, ask.at);
        if before.is_none() {
            // The first load was a look-up too.
            self.plan.note_miss(ask.at);
        }
    }
}

impl Snapshot {
    fn is_usable(&self, now: UnixTime) -> bool {
        self.terms.standing(now) != Standing::Over
    }
}

/// The duty to record what a fetch comes to, also if it is dropped on its way.
struct Landing {
    inner: Arc<Inner>,
    lead: Option<Leader<Outcome>>,
    ask: Ask,
}

impl Landing {
    fn touch_down(mut self, loaded: Result<Loaded, Problem>) {
        self.settle(loaded);
    }

    fn settle(&mut self, loaded: Result<Loaded, Problem>) {
        if let Some(lead) = self.lead.take() {
            lead.complete(self.inner.land(&self.ask, loaded));
        }
    }
}

impl Drop for Landing {
    fn drop(&mut self) {
        self.settle(Err(Problem::new(ABANDONED)));
    }
}

const ABANDONED: &str = "nobody drove the fetch to its end";

fn abandoned() -> Rejection {
    Rejection::new(RejectionKind::Unavailable).with_source(ABANDONED)
}

/// Nothing hangs on it but when a process asks.
fn jitter() -> u8 {
    let [byte, ..] = RandomState::new().build_hasher().finish().to_le_bytes();
    byte
}

impl fmt::Debug for FetchedKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FetchedKeys")
            .field("source", &self.0.loader.name())
            .finish_non_exhaustive()
    }
}
