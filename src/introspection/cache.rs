//! The cache of introspection results.

use foldhash::fast::RandomState;
use quick_cache::sync::{Cache, DefaultLifecycle};
use quick_cache::{UnitWeighter, Weighter};

use crate::clock::UnixTime;
use crate::error::{Rejection, RejectionKind};
use crate::limits;
use crate::principal::{KeyId, Principal};

/// The digest of a token, different in each validator.
pub(super) type Digest = [u8; 32];

/// Results by the digest of their token. Rejected tokens have a separate part, so that many of them
/// cannot displace active ones.
pub(super) struct AnswerCache {
    active: Cache<Digest, ActiveEntry, ActiveWeight, RandomState>,
    rejected: Cache<Digest, RejectedEntry, UnitWeighter, RandomState>,
    active_secs: u64,
}

/// The result for a token.
#[derive(Clone)]
pub(super) struct Validated {
    pub(super) result: Result<Principal, Rejection>,
    /// The key of a signed response.
    pub(super) key: Option<KeyId>,
}

/// A period of time. Its end is not part of it.
#[derive(Clone, Copy)]
struct Period {
    from: UnixTime,
    until: UnixTime,
}

#[derive(Clone)]
struct ActiveEntry {
    principal: Principal,
    key: Option<KeyId>,
    period: Period,
}

#[derive(Clone)]
struct RejectedEntry {
    rejection: Rejection,
    key: Option<KeyId>,
    period: Period,
}

impl Period {
    // A time before the start means that the clock was set back.
    fn contains(self, now: UnixTime) -> bool {
        self.from <= now && now < self.until
    }
}

/// The size of the cache, and how long it keeps active tokens.
#[derive(Clone, Copy, Debug)]
pub(super) struct CacheLimits {
    pub(super) entries: usize,
    /// Seconds that an active token is cached.
    pub(super) active_secs: u64,
}

impl AnswerCache {
    pub(super) fn new(max: CacheLimits) -> Self {
        let rejected = (max.entries / 10).max(1);
        let active = max.entries.saturating_sub(rejected).max(1);
        let least = (limits::INTROSPECTION_MEMORY / active as u64).max(1);
        Self {
            active: Cache::with(
                active,
                limits::INTROSPECTION_MEMORY,
                ActiveWeight(least),
                RandomState::default(),
                DefaultLifecycle::default(),
            ),
            rejected: Cache::with(
                rejected,
                rejected as u64,
                UnitWeighter,
                RandomState::default(),
                DefaultLifecycle::default(),
            ),
            active_secs: max.active_secs,
        }
    }

    /// Returns the cached result for a token. `is_accepted` returns whether the key of a signed
    /// response is still accepted.
    pub(super) fn lookup(
        &self,
        digest: &Digest,
        now: UnixTime,
        is_accepted: impl Fn(&KeyId) -> bool,
    ) -> Option<Result<Principal, Rejection>> {
        let is_key_accepted = |key: Option<KeyId>| key.is_none_or(|key| is_accepted(&key));
        let active = self
            .active
            .get(digest)
            .filter(|active| active.period.contains(now));
        if let Some(active) = active.filter(|active| is_key_accepted(active.key)) {
            return Some(Ok(active.principal));
        }
        let rejected = self.rejected.get(digest)?;
        let is_current = rejected.period.contains(now) && is_key_accepted(rejected.key);
        is_current.then_some(Err(rejected.rejection))
    }

    /// Stores a result of this time, unless the token could not be validated.
    pub(super) fn store(&self, digest: Digest, validated: &Validated, now: UnixTime) {
        match &validated.result {
            Ok(principal) => {
                self.rejected.remove(&digest);
                // An entry is used at most until the token expires, without leeway.
                let cap = UnixTime::from_secs(now.as_secs().saturating_add(self.active_secs));
                let until = principal.expires_at().map_or(cap, |exp| exp.min(cap));
                if now < until {
                    let active = ActiveEntry {
                        principal: principal.clone(),
                        key: validated.key,
                        period: Period { from: now, until },
                    };
                    self.active.insert(digest, active);
                }
            }
            Err(rejection) if rejection.kind() == RejectionKind::Unavailable => {}
            Err(rejection) => {
                self.active.remove(&digest);
                // The token may be valid a moment later.
                if rejection.kind() != RejectionKind::TokenNotYetValid {
                    let rejected = RejectedEntry {
                        rejection: rejection.clone(),
                        key: validated.key,
                        period: Period {
                            from: now,
                            until: now.saturating_add(limits::INTROSPECTION_REFUSED),
                        },
                    };
                    self.rejected.insert(digest, rejected);
                }
            }
        }
    }

    pub(super) fn remove(&self, digest: &Digest) {
        self.active.remove(digest);
        self.rejected.remove(digest);
    }

    pub(super) fn clear(&self) {
        self.active.clear();
        self.rejected.clear();
    }
}

/// The weight of an entry: its bytes, and at least this, so that no more entries fit than
/// configured.
#[derive(Clone)]
struct ActiveWeight(u64);

impl Weighter<Digest, ActiveEntry> for ActiveWeight {
    fn weight(&self, _: &Digest, active: &ActiveEntry) -> u64 {
        let bytes = active.principal.claims().json().len() as u64;
        bytes.saturating_mul(2).max(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::principal::PrincipalKind;

    const NOW: u64 = 1_760_000_000;

    const fn at(secs: u64) -> UnixTime {
        UnixTime::from_secs(NOW + secs)
    }

    fn cache(entries: usize) -> AnswerCache {
        AnswerCache::new(CacheLimits {
            entries,
            active_secs: 60,
        })
    }

    fn active(end: Option<u64>) -> Validated {
        let builder = Principal::builder(PrincipalKind::OpaqueToken, "idp");
        let builder = match end {
            Some(secs) => builder.expires_at(at(secs)),
            None => builder,
        };
        Validated {
            result: Ok(builder.build()),
            key: None,
        }
    }

    fn rejected(kind: RejectionKind) -> Validated {
        Validated {
            result: Err(kind.into()),
            key: None,
        }
    }

    fn cached(cache: &AnswerCache, secs: u64) -> Option<Result<(), RejectionKind>> {
        let recalled = cache.lookup(&[1; 32], at(secs), |_| true)?;
        Some(recalled.map(drop).map_err(|r| r.kind()))
    }

    #[test]
    fn active_token_is_cached_for_a_minute_or_until_it_expires() {
        for (end, last) in [(None, 59), (Some(600), 59), (Some(10), 9), (Some(60), 59)] {
            let cache = cache(100);
            cache.store([1; 32], &active(end), at(0));
            assert_eq!(cached(&cache, 0), Some(Ok(())));
            assert_eq!(cached(&cache, last), Some(Ok(())), "{end:?}");
            assert_eq!(cached(&cache, last + 1), None, "{end:?}");
        }
    }

    #[test]
    fn expired_token_is_never_cached() {
        let cache = cache(100);
        cache.store([1; 32], &active(Some(0)), at(0));
        assert_eq!(cached(&cache, 0), None);
    }

    #[test]
    fn rejected_token_is_cached_for_five_seconds() {
        let cache = cache(100);
        cache.store([1; 32], &rejected(RejectionKind::TokenInactive), at(0));
        assert_eq!(cached(&cache, 4), Some(Err(RejectionKind::TokenInactive)));
        assert_eq!(cached(&cache, 5), None);
    }

    #[test]
    fn outage_and_future_token_are_not_cached() {
        for kind in [RejectionKind::Unavailable, RejectionKind::TokenNotYetValid] {
            let cache = cache(100);
            cache.store([1; 32], &rejected(kind), at(0));
            assert_eq!(cached(&cache, 0), None);
        }
    }

    #[test]
    fn newer_result_replaces_older_one() {
        let cache = cache(100);
        cache.store([1; 32], &active(None), at(0));
        cache.store([1; 32], &rejected(RejectionKind::TokenInactive), at(1));
        assert_eq!(cached(&cache, 1), Some(Err(RejectionKind::TokenInactive)));
        cache.store([1; 32], &active(None), at(2));
        assert_eq!(cached(&cache, 2), Some(Ok(())));
    }

    #[test]
    fn no_entry_is_used_if_the_clock_was_set_back() {
        let cache = cache(100);
        cache.store([1; 32], &active(None), at(10));
        assert_eq!(cached(&cache, 9), None);
        assert_eq!(cached(&cache, 10), Some(Ok(())));
    }

    #[test]
    fn many_rejected_tokens_displace_no_active_one() {
        let cache = cache(100);
        cache.store([1; 32], &active(None), at(0));
        for n in 0..10_000_u32 {
            let mut digest = [2; 32];
            digest[..4].copy_from_slice(&n.to_be_bytes());
            cache.store(digest, &rejected(RejectionKind::TokenInactive), at(0));
        }
        assert_eq!(cached(&cache, 1), Some(Ok(())));
        assert!(cache.rejected.len() <= 10, "{}", cache.rejected.len());
    }

    #[test]
    fn active_tokens_are_bounded_by_number_and_bytes() {
        let small = cache(100);
        let large = cache(1_000_000);
        let claims = format!(r#"{{"a":"{}"}}"#, "x".repeat(60_000));
        let principal = Principal::builder(PrincipalKind::OpaqueToken, "idp");
        let principal = principal.claims(claims).unwrap().build();
        let heavy = Validated {
            result: Ok(principal),
            key: None,
        };
        for n in 0..2_000_u32 {
            let mut digest = [2; 32];
            digest[..4].copy_from_slice(&n.to_be_bytes());
            small.store(digest, &active(None), at(0));
            large.store(digest, &heavy, at(0));
        }
        assert!(small.active.len() <= 90, "{}", small.active.len());
        let most = limits::INTROSPECTION_MEMORY / 120_000;
        assert!((large.active.len() as u64) <= most);
    }

    #[test]
    fn result_under_a_removed_key_is_not_used() {
        let cache = cache(100);
        let validated = Validated {
            key: Some(KeyId::new([9; 32])),
            ..active(None)
        };
        cache.store([1; 32], &validated, at(0));
        assert!(cache.lookup(&[1; 32], at(0), |_| true).is_some());
        assert!(cache.lookup(&[1; 32], at(0), |_| false).is_none());
    }
}
