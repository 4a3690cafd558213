//! The token cache, and the part of it that one validator uses.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use foldhash::fast::RandomState;
use quick_cache::Weighter;
use quick_cache::sync::{Cache, DefaultLifecycle};

use super::cache_key::CacheKey;
use crate::clock::UnixTime;
use crate::credential::PresentedCredential;
use crate::event::{Event, Observer};
use crate::limits;
use crate::principal::Principal;

/// A cache of accepted tokens, so that a signature is verified once and not on every request.
///
/// Give it to a validator with [`JwtValidator::cached`](crate::jwt::JwtValidator::cached). It is
/// cheap to clone; clones, and the validators that use it, share its capacity.
///
/// It holds the principals of credentials that were fully accepted, never a rejection and never a
/// permission. Its key is SHA-256 over the whole credential, its scheme and the validator that
/// accepted it. An entry is not used once the credential has expired, before it is valid, or when
/// the key that verified it is gone or its status is unknown. Sender constraints, revocation,
/// policy and limits are checked again on every request. So the result is the one that a new
/// validation would give, with one difference: a token is accepted as long as its key is among
/// the keys of its issuer, even if the issuer has changed the key's `kid` or now has two keys with
/// that `kid`.
///
/// It is bounded by entries and by bytes. Accepted credentials may displace others that were
/// accepted before; rejected credentials displace nothing.
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
pub struct TokenCache {
    inner: Arc<Inner>,
    /// Whether tokens are kept whose signature is as cheap as a lookup.
    keeps_mac_tokens: bool,
}

struct Inner {
    entries: Cache<CacheKey, CachedPrincipal, EntryWeight, RandomState>,
    validators: AtomicU64,
    observer: Option<Arc<dyn Observer>>,
}

/// The result of a validation that accepted its credential.
#[derive(Clone)]
pub(crate) struct CachedPrincipal {
    pub(crate) principal: Principal,
    /// From this time on the credential is validated again.
    pub(crate) until: Option<UnixTime>,
    /// The index of the issuer that the credential is from, for the validator.
    pub(crate) source: usize,
}

impl TokenCache {
    pub(super) fn new(entries: usize, bytes: usize, observer: Option<Arc<dyn Observer>>) -> Self {
        let cache = Cache::with(
            entries,
            bytes as u64,
            EntryWeight::new(entries, bytes),
            RandomState::default(),
            DefaultLifecycle::default(),
        );
        let inner = Inner {
            entries: cache,
            validators: AtomicU64::new(0),
            observer,
        };
        Self {
            inner: Arc::new(inner),
            keeps_mac_tokens: false,
        }
    }

    pub(super) fn keeping_mac_tokens(mut self) -> Self {
        self.keeps_mac_tokens = true;
        self
    }

    /// Returns the number of entries, including those whose credential has expired and that no
    /// lookup has removed yet.
    pub fn len(&self) -> usize {
        self.inner.entries.len()
    }

    /// Returns true if the cache has no entry.
    pub fn is_empty(&self) -> bool {
        self.inner.entries.is_empty()
    }

    /// Removes every entry, of all validators that use the cache. Each credential is validated in
    /// full when it is next presented.
    pub fn clear(&self) {
        self.inner.entries.clear();
    }

    /// Returns a new part of the cache, whose entries no other validator sees.
    pub(crate) fn join(&self) -> ValidatorCache {
        ValidatorCache {
            cache: self.clone(),
            validator: self.inner.validators.fetch_add(1, Ordering::Relaxed),
        }
    }
}

impl Default for TokenCache {
    fn default() -> Self {
        Self::new(limits::TOKEN_CACHE_ENTRIES, limits::TOKEN_CACHE_BYTES, None)
    }
}

impl fmt::Debug for TokenCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenCache")
            .field("len", &self.len())
            .field("bytes", &self.inner.entries.weight())
            .finish_non_exhaustive()
    }
}

/// The part of a cache that one validator uses. A clone is the same part.
#[derive(Clone, Debug)]
pub(crate) struct ValidatorCache {
    cache: TokenCache,
    validator: u64,
}

impl ValidatorCache {
    /// Returns a new part of the same cache, for another validator.
    pub(crate) fn another(&self) -> Self {
        self.cache.join()
    }

    /// Returns whether tokens are kept whose signature is as cheap as a lookup.
    pub(crate) const fn keeps_mac_tokens(&self) -> bool {
        self.cache.keeps_mac_tokens
    }

    /// Returns the key of a credential. The caller has checked its length.
    pub(crate) fn key(&self, presented: &PresentedCredential<'_>) -> CacheKey {
        CacheKey::new(self.validator, presented.credential())
    }

    /// Returns the entry of a credential if its times allow its use now. The caller has to check
    /// that the key behind it is still accepted.
    pub(crate) fn lookup(&self, key: &CacheKey, now: UnixTime) -> Option<CachedPrincipal> {
        let cached = self.cache.inner.entries.get(key)?;
        if cached.is_past(now) {
            self.remove(key);
            return None;
        }
        (!cached.is_early(now)).then_some(cached)
    }

    /// Reports to the observer that an entry was used.
    pub(crate) fn report_hit(&self, cached: &CachedPrincipal) {
        if let Some(observer) = &self.cache.inner.observer {
            let authority = cached.principal.authority().as_str();
            observer.observe(&Event::CacheHit { authority });
        }
    }

    /// Stores the principal of a credential that was fully accepted at this time.
    pub(crate) fn store(&self, key: CacheKey, cached: CachedPrincipal, now: UnixTime) {
        if !cached.is_past(now) {
            self.cache.inner.entries.insert(key, cached);
        }
    }

    /// Removes the entry of a credential.
    pub(crate) fn remove(&self, key: &CacheKey) {
        self.cache.inner.entries.remove(key);
    }
}

impl CachedPrincipal {
    /// True from `exp` itself, without leeway: from then on the credential is validated again.
    fn is_past(&self, now: UnixTime) -> bool {
        self.until.is_some_and(|until| now >= until)
            || self.principal.expires_at().is_some_and(|exp| now >= exp)
    }

    /// True if the clock was set back, or if leeway let the credential be accepted early.
    fn is_early(&self, now: UnixTime) -> bool {
        let starts = [self.principal.not_before(), self.principal.issued_by()];
        starts.into_iter().flatten().any(|time| time > now)
    }
}

/// The weight of entries, by which one bound limits both entries and bytes.
#[derive(Clone, Debug)]
struct EntryWeight {
    /// No entry weighs less, so that no more entries fit than configured.
    least: u64,
}

impl EntryWeight {
    fn new(entries: usize, bytes: usize) -> Self {
        let least = bytes.div_ceil(entries.max(1));
        Self {
            least: least as u64,
        }
    }
}

impl Weighter<CacheKey, CachedPrincipal> for EntryWeight {
    fn weight(&self, _: &CacheKey, cached: &CachedPrincipal) -> u64 {
        let own =
            cached.principal.footprint() + size_of::<(CacheKey, CachedPrincipal)>() + OVERHEAD;
        self.least.max(own as u64)
    }
}

/// Bytes that the map uses for an entry: 21 by its documentation, plus free slots for growth.
const OVERHEAD: usize = 64;
