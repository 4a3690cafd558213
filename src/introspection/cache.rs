//! What was found out about tokens, for a short time.

use foldhash::fast::RandomState;
use quick_cache::UnitWeighter;
use quick_cache::Weighter;
use quick_cache::sync::Cache;
use quick_cache::sync::DefaultLifecycle;

use crate::clock::UnixTime;
use crate::error::Rejection;
use crate::error::RejectionKind;
use crate::limits;
use crate::principal::KeyId;
use crate::principal::Principal;

/// Names a token inside one validator.
pub(super) type Digest = [u8; 32];

/// Verdicts by the digest of their token. Refused tokens have a space of their own, so that no
/// flood of them displaces an active one.
pub(super) struct Memory {
    active: Cache<Digest, Active, Weight, RandomState>,
    refused: Cache<Digest, Refused, UnitWeighter, RandomState>,
    span: u64,
}

/// A verdict on a token.
#[derive(Clone)]
pub(super) struct Found {
    pub(super) verdict: Result<Principal, Rejection>,
    /// The key that the answer was signed with, if it was.
    pub(super) key: Option<KeyId>,
}

/// A time from its first second to before its last.
#[derive(Clone, Copy)]
struct Span {
    from: UnixTime,
    until: UnixTime,
}

#[derive(Clone)]
struct Active {
    principal: Principal,
    key: Option<KeyId>,
    span: Span,
}

#[derive(Clone)]
struct Refused {
    rejection: Rejection,
    span: Span,
}

impl Span {
    // Before its first second the clock was set back, and nothing is known.
    fn holds(self, now: UnixTime) -> bool {
        self.from <= now && now < self.until
    }
}

/// How much is remembered, and how long.
#[derive(Clone, Copy, Debug)]
pub(super) struct Capacity {
    pub(super) entries: usize,
    /// Seconds that an active token is remembered.
    pub(super) span: u64,
}

impl Memory {
    pub(super) fn new(capacity: Capacity) -> Self {
        let refused = (capacity.entries / 10).max(1);
        let active = capacity.entries.saturating_sub(refused).max(1);
        let least = (limits::INTROSPECTION_MEMORY / active as u64).max(1);
        Self {
            active: Cache::with(
                active,
                limits::INTROSPECTION_MEMORY,
                Weight(least),
                RandomState::default(),
                DefaultLifecycle::default(),
            ),
            refused: Cache::with(
                refused,
                refused as u64,
                UnitWeighter,
                RandomState::default(),
                DefaultLifecycle::default(),
            ),
            span: capacity.span,
        }
    }

    /// Returns what is known of a token now. `counts` says whether the verdict of a signed answer
    /// may still stand.
    pub(super) fn recall(
        &self,
        digest: &Digest,
        now: UnixTime,
        counts: impl Fn(&KeyId) -> bool,
    ) -> Option<Result<Principal, Rejection>> {
        if let Some(active) = self.active.get(digest) {
            let is_signed_well = active.key.is_none_or(|key| counts(&key));
            if active.span.holds(now) && is_signed_well {
                return Some(Ok(active.principal));
            }
        }
        let refused = self.refused.get(digest)?;
        refused.span.holds(now).then_some(Err(refused.rejection))
    }

    /// Remembers a verdict that was reached at this time; what was not judged is none.
    pub(super) fn note(&self, digest: Digest, found: &Found, now: UnixTime) {
        match &found.verdict {
            Ok(principal) => {
                self.refused.remove(&digest);
                let span = self.active_span(principal, now);
                if let Some(span) = span {
                    let active = Active {
                        principal: principal.clone(),
                        key: found.key,
                        span,
                    };
                    self.active.insert(digest, active);
                }
            }
            Err(rejection) if rejection.kind() == RejectionKind::Unavailable => {}
            Err(rejection) => {
                self.active.remove(&digest);
                // What begins soon may have begun a moment later.
                if rejection.kind() != RejectionKind::TokenNotYetValid {
                    let refused = Refused {
                        rejection: rejection.clone(),
                        span: Span {
                            from: now,
                            until: now.saturating_add(limits::INTROSPECTION_REFUSED),
                        },
                    };
                    self.refused.insert(digest, refused);
                }
            }
        }
    }

    /// An entry goes when the token ends, leeway or not.
    fn active_span(&self, principal: &Principal, now: UnixTime) -> Option<Span> {
        let cap = UnixTime::from_secs(now.as_secs().saturating_add(self.span));
        let until = principal.expires_at().map_or(cap, |exp| exp.min(cap));
        (now < until).then_some(Span { from: now, until })
    }

    pub(super) fn forget(&self, digest: &Digest) {
        self.active.remove(digest);
        self.refused.remove(digest);
    }

    pub(super) fn forget_all(&self) {
        self.active.clear();
        self.refused.clear();
    }
}

/// Bytes of an entry, but never so few that there are more entries than wanted.
#[derive(Clone)]
struct Weight(u64);

impl Weighter<Digest, Active> for Weight {
    fn weight(&self, _: &Digest, active: &Active) -> u64 {
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

    fn memory(entries: usize) -> Memory {
        Memory::new(Capacity { entries, span: 60 })
    }

    fn active(end: Option<u64>) -> Found {
        let builder = Principal::builder(PrincipalKind::OpaqueToken, "idp");
        let builder = match end {
            Some(secs) => builder.expires_at(at(secs)),
            None => builder,
        };
        Found {
            verdict: Ok(builder.build()),
            key: None,
        }
    }

    fn refused(kind: RejectionKind) -> Found {
        Found {
            verdict: Err(kind.into()),
            key: None,
        }
    }

    fn known(memory: &Memory, secs: u64) -> Option<Result<(), RejectionKind>> {
        let recalled = memory.recall(&[1; 32], at(secs), |_| true)?;
        Some(recalled.map(drop).map_err(|r| r.kind()))
    }

    #[test]
    fn an_active_token_is_known_for_a_minute_or_until_its_end() {
        for (end, last) in [(None, 59), (Some(600), 59), (Some(10), 9), (Some(60), 59)] {
            let memory = memory(100);
            memory.note([1; 32], &active(end), at(0));
            assert_eq!(known(&memory, 0), Some(Ok(())));
            assert_eq!(known(&memory, last), Some(Ok(())), "{end:?}");
            assert_eq!(known(&memory, last + 1), None, "{end:?}");
        }
    }

    #[test]
    fn a_token_past_its_end_is_never_known() {
        let memory = memory(100);
        memory.note([1; 32], &active(Some(0)), at(0));
        assert_eq!(known(&memory, 0), None);
    }

    #[test]
    fn a_refused_token_is_known_for_five_seconds() {
        let memory = memory(100);
        memory.note([1; 32], &refused(RejectionKind::TokenInactive), at(0));
        assert_eq!(known(&memory, 4), Some(Err(RejectionKind::TokenInactive)));
        assert_eq!(known(&memory, 5), None);
    }

    #[test]
    fn what_was_not_judged_or_begins_soon_is_not_known() {
        for kind in [RejectionKind::Unavailable, RejectionKind::TokenNotYetValid] {
            let memory = memory(100);
            memory.note([1; 32], &refused(kind), at(0));
            assert_eq!(known(&memory, 0), None);
        }
    }

    #[test]
    fn a_newer_verdict_takes_the_place_of_the_older_one() {
        let memory = memory(100);
        memory.note([1; 32], &active(None), at(0));
        memory.note([1; 32], &refused(RejectionKind::TokenInactive), at(1));
        assert_eq!(known(&memory, 1), Some(Err(RejectionKind::TokenInactive)));
        memory.note([1; 32], &active(None), at(2));
        assert_eq!(known(&memory, 2), Some(Ok(())));
    }

    #[test]
    fn a_clock_set_back_knows_nothing() {
        let memory = memory(100);
        memory.note([1; 32], &active(None), at(10));
        assert_eq!(known(&memory, 9), None);
        assert_eq!(known(&memory, 10), Some(Ok(())));
    }

    #[test]
    fn a_flood_of_refused_tokens_displaces_no_active_one() {
        let memory = memory(100);
        memory.note([1; 32], &active(None), at(0));
        for n in 0..10_000_u32 {
            let mut digest = [2; 32];
            digest[..4].copy_from_slice(&n.to_be_bytes());
            memory.note(digest, &refused(RejectionKind::TokenInactive), at(0));
        }
        assert_eq!(known(&memory, 1), Some(Ok(())));
        assert!(memory.refused.len() <= 10, "{}", memory.refused.len());
    }

    #[test]
    fn active_tokens_are_bounded_by_number_and_by_bytes() {
        let small = memory(100);
        let large = memory(1_000_000);
        let claims = format!(r#"{{"a":"{}"}}"#, "x".repeat(60_000));
        let principal = Principal::builder(PrincipalKind::OpaqueToken, "idp");
        let principal = principal.claims(claims).unwrap().build();
        let heavy = Found {
            verdict: Ok(principal),
            key: None,
        };
        for n in 0..2_000_u32 {
            let mut digest = [2; 32];
            digest[..4].copy_from_slice(&n.to_be_bytes());
            small.note(digest, &active(None), at(0));
            large.note(digest, &heavy, at(0));
        }
        assert!(small.active.len() <= 90, "{}", small.active.len());
        let most = limits::INTROSPECTION_MEMORY / 120_000;
        assert!((large.active.len() as u64) <= most);
    }

    #[test]
    fn a_verdict_of_a_key_that_is_gone_is_not_known() {
        let memory = memory(100);
        let found = Found {
            key: Some(KeyId::new([9; 32])),
            ..active(None)
        };
        memory.note([1; 32], &found, at(0));
        assert!(memory.recall(&[1; 32], at(0), |_| true).is_some());
        assert!(memory.recall(&[1; 32], at(0), |_| false).is_none());
    }
}
