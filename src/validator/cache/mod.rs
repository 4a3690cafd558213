//! What judges found out a moment ago, found again by the credential.

mod builder;
mod slip;

pub use builder::TokenCacheBuilder;
pub(crate) use slip::Slip;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use foldhash::fast::RandomState;
use quick_cache::Weighter;
use quick_cache::sync::Cache;
use quick_cache::sync::DefaultLifecycle;

use crate::clock::UnixTime;
use crate::credential::PresentedCredential;
use crate::event::Event;
use crate::event::Observer;
use crate::principal::Principal;

/// Remembers whose credential was accepted, so that its signature is verified or its issuer asked
/// once, not on every request. Cheap to clone; clones and the judges that
/// [join](crate::jwt::JwtValidator::cached) it share its space.
///
/// It holds facts about credentials that were fully accepted, never a refusal and never a
/// permission. An entry is found by SHA-256 over the whole credential, its scheme and the judge
/// that accepted it, and it is not used once the credential has ended, before it begins, or when
/// the key that verified it is gone or too old to tell. Sender constraints, revocation, policy and
/// limits are asked again on every request. The verdict is the one that judging anew would give,
/// with one difference: a credential stands as long as its key is among its issuer's, also where
/// that has changed the key's `kid` or come to use it twice.
///
/// It is bounded by entries and by bytes. What is accepted may displace what was accepted before;
/// what is refused never does.
///
/// ```
/// use bearergate::JwtValidator;
/// use bearergate::key::KeySet;
/// use bearergate::validator::TokenCache;
///
/// # fn build(jwks_json: &str) -> Result<(), bearergate::ConfigError> {
/// let cache = TokenCache::builder().entries(50_000).bytes(128 << 20).build()?;
/// let validator = JwtValidator::builder()
///     .issuer("https://idp.example.com")
///     .audience("https://api.example.com")
///     .keys(KeySet::from_jwks(jwks_json)?)
///     .build()?
///     .cached(&cache);
/// # let _ = validator;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct TokenCache(Arc<Inner>);

struct Inner {
    kept: Cache<Slip, Kept, Room, RandomState>,
    judges: AtomicU64,
    observer: Option<Arc<dyn Observer>>,
}

/// What a judge found out about a credential.
#[derive(Clone)]
pub(crate) struct Kept {
    pub(crate) principal: Principal,
    /// From when on it is judged anew.
    pub(crate) until: Option<UnixTime>,
    /// The judge's own note: which of its sources vouches for the credential.
    pub(crate) source: usize,
}

impl TokenCache {
    /// Starts with 10 000 credentials and
    /// 32 MiB.
    pub fn builder() -> TokenCacheBuilder {
        TokenCacheBuilder::new()
    }

    /// Returns how many credentials are remembered, among them some that have ended.
    pub fn len(&self) -> usize {
        self.0.kept.len()
    }

    /// Returns true if nothing is remembered.
    pub fn is_empty(&self) -> bool {
        self.0.kept.is_empty()
    }

    /// Forgets everything; every credential is judged anew.
    pub fn clear(&self) {
        self.0.kept.clear();
    }

    /// Gives a judge its own part, which no other judge sees into.
    pub(crate) fn join(&self) -> Share {
        Share {
            cache: self.clone(),
            judge: self.0.judges.fetch_add(1, Ordering::Relaxed),
        }
    }

    fn from_settings(settings: &TokenCacheBuilder) -> Self {
        let room = Room::new(settings.entries, settings.bytes);
        let kept = Cache::with(
            settings.entries,
            settings.bytes as u64,
            room,
            RandomState::default(),
            DefaultLifecycle::default(),
        );
        Self(Arc::new(Inner {
            kept,
            judges: AtomicU64::new(0),
            observer: settings.observer.clone(),
        }))
    }
}

impl Default for TokenCache {
    fn default() -> Self {
        Self::from_settings(&TokenCacheBuilder::new())
    }
}

impl fmt::Debug for TokenCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenCache")
            .field("len", &self.len())
            .field("bytes", &self.0.kept.weight())
            .finish_non_exhaustive()
    }
}

/// One judge's part of a cache. A clone is the same judge.
#[derive(Clone, Debug)]
pub(crate) struct Share {
    cache: TokenCache,
    judge: u64,
}

impl Share {
    /// Makes a part for another judge.
    pub(crate) fn another(&self) -> Self {
        self.cache.join()
    }

    /// Returns what a credential is found by. The caller has checked how long it is.
    pub(crate) fn slip(&self, presented: &PresentedCredential<'_>) -> Slip {
        Slip::new(self.judge, presented.credential())
    }

    /// Returns what was kept, if it may be used at this time. Whether the key behind it still
    /// counts is for the judge to ask.
    pub(crate) fn find(&self, slip: &Slip, now: UnixTime) -> Option<Kept> {
        let kept = self.cache.0.kept.get(slip)?;
        if kept.is_over(now) {
            self.forget(slip);
            return None;
        }
        (!kept.is_ahead(now)).then_some(kept)
    }

    /// Says that what was found was used.
    pub(crate) fn used(&self, kept: &Kept) {
        if let Some(observer) = &self.cache.0.observer {
            let authority = kept.principal.authority().as_str();
            observer.observe(&Event::CacheHit { authority });
        }
    }

    /// Keeps what was found out about a credential that was fully accepted at this time.
    pub(crate) fn keep(&self, slip: Slip, kept: Kept, now: UnixTime) {
        if !kept.is_over(now) {
            self.cache.0.kept.insert(slip, kept);
        }
    }

    /// Forgets a credential.
    pub(crate) fn forget(&self, slip: &Slip) {
        self.cache.0.kept.remove(slip);
    }
}

impl Kept {
    /// At `exp` itself, without leeway: from then on the credential is judged anew.
    fn is_over(&self, now: UnixTime) -> bool {
        self.until.is_some_and(|until| now >= until)
            || self.principal.expires_at().is_some_and(|exp| now >= exp)
    }

    /// The clock was set back, or leeway let the credential begin early.
    fn is_ahead(&self, now: UnixTime) -> bool {
        let begins = [self.principal.not_before(), self.principal.issued_at()];
        begins.into_iter().flatten().any(|time| time > now)
    }
}

/// Weighs entries so that one bound holds both entries and bytes.
#[derive(Clone, Debug)]
struct Room {
    /// No entry counts for less, so no more than the bound of entries fit.
    least: u64,
}

impl Room {
    fn new(entries: usize, bytes: usize) -> Self {
        let least = bytes.div_ceil(entries.max(1));
        Self {
            least: least as u64,
        }
    }
}

impl Weighter<Slip, Kept> for Room {
    fn weight(&self, _: &Slip, kept: &Kept) -> u64 {
        let own = kept.principal.footprint() + size_of::<(Slip, Kept)>() + OVERHEAD;
        self.least.max(own as u64)
    }
}

/// What the map itself takes for an entry: 21 bytes by its documentation, and room to grow.
const OVERHEAD: usize = 64;
